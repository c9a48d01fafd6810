"""Where booking is offered."""

import re

import pytest
from django.test import Client

from chat.services.due import offer_message
from tests.chat.booking.pages import DATA, TEN, hold, page_of
from tests.chat.factories import ANA, at, start

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]


TYPED = {"name": "Ana López", "email": "ana@despacho-lopez.mx", "text": "No puedo timbrar la serie A"}


@pytest.mark.parametrize("url", ["/chat/", "/mensaje/"])
def test_out_of_hours_booking_takes_over_what_was_typed_for_a_message(browser, clock, url):
    clock.move_to(at("20:00"))
    form = page_of(browser.get(url))
    fields = dict.fromkeys(re.findall(r'<(?:input|textarea)[^>]* name="(\w+)"', form), "")
    assert 'formaction="/citas/"' in form

    hours = page_of(browser.post("/citas/", fields | TYPED))
    kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', hours))
    page = page_of(hold(browser, at("10:00", "2026-11-25"), **kept))

    assert set(TYPED) <= set(fields)
    assert f'name="name" value="{TYPED["name"]}"' in page
    assert f'name="email" value="{TYPED["email"]}"' in page
    assert f">\n{TYPED['text']}</textarea>" in page


def test_the_hours_are_shown_to_a_form_that_cannot_prove_to_be_ours_and_to_no_other(clock):
    """Framed by another site, the chat's form posts into a tab that has no cookie yet."""
    stranger = Client(enforce_csrf_checks=True)

    page = page_of(stranger.post("/citas/", TYPED))
    assert f'name="about" value="{TYPED["text"]}"' in page

    fresh = Client(enforce_csrf_checks=True)
    assert fresh.post("/citas/apartar/", {"hora": TEN.isoformat()}).status_code == 403
    assert fresh.post("/citas/datos/", DATA).status_code == 403


def test_while_support_is_open_booking_is_a_link_in_the_chat_and_in_the_guide(browser, clock):
    clock.move_to(at("09:30"))

    assert re.search(r'href="/citas/" target="_blank"[^>]*>Agendar soporte<', page_of(browser.get("/chat/")))
    guide = page_of(browser.get("/ayuda/"))
    assert 'href="/citas/">Agendar soporte<' in guide.partition('id="tolerancia"')[2]


def test_whoever_waits_too_long_is_offered_one_with_what_was_typed(browser, clock):
    clock.move_to(at("09:30"))
    session = start(ANA, now=at("09:30"))
    clock.move_to(at("09:33"))
    offer_message(at("09:33"))

    page = page_of(browser.get("/chat/"))
    assert "Agendar una cita" in page
    assert f'name="about" value="{session.messages.get(number=1).text}"' in page
