"""What a browser does on the pages of booking, and reads there."""

import re
import uuid

from scheduling.models import Appointment
from tests.chat.factories import FIRST_WORDS, at

TEN = at("10:00")

DATA = {
    "name": "Ana López",
    "email": "ana@despacho-lopez.mx",
    "rfc": "eku-9003173c9",
    "legal_name": "Papelería López",
    "program": "cfdi escritorio",
    "program_version": "5.2",
    "about": FIRST_WORDS,
}


def page_of(response):
    return response.content.decode()


def hours_of(response):
    return re.findall(r'name="hora" value="[^"]+"[^>]*>(\d\d:\d\d)', page_of(response))


def marked_in(page):
    """The hours that are marked: whether they can be chosen, and the words."""
    found = re.findall(r'(?s)<button class="booking__hour"([^>]*)>(\d\d:\d\d)<small>([^<]*)', page)
    return [(hour, "disabled" not in attributes, words) for attributes, hour, words in found]


def hold(browser, starts_at=TEN, **typed):
    return browser.post("/citas/apartar/", {"hora": starts_at.isoformat(), **typed})


def book(browser, starts_at=TEN, **changes):
    hold(browser, starts_at)
    return browser.post("/citas/datos/", DATA | {"client_id": uuid.uuid4()} | changes)


def the_appointment():
    return Appointment.objects.get()


def url_of(booked, rest=""):
    return f"/citas/{booked.folio}/{rest}"
