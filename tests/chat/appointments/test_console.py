"""What agents see of booked hours."""

import pytest
from django.test import Client

from tests.chat.appointments.hour import come
from tests.chat.conftest import browser_of
from tests.chat.factories import (
    ANA,
    at,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]


def console_of(agent):
    browser = Client()
    browser.force_login(agent)
    return browser


@pytest.mark.parametrize(
    ("now", "words"),
    [("09:45", "faltan"), ("10:00", "tolerancia"), ("10:09", "tolerancia")],
)
def test_the_console_shows_what_comes_with_its_data(booked, laura, clock, now, words):
    clock.move_to(at(now))

    lists = console_of(laura).get("/agente/lista/").content.decode()

    assert f"10:00 {booked.name}" in lists
    assert words in lists
    assert booked.rfc in lists
    assert booked.about in lists


def test_the_console_tells_that_the_customer_is_there(booked, laura, clock):
    come(booked, at("09:55"))
    clock.move_to(at("09:56"))

    assert "el cliente ya está en la sala" in console_of(laura).get("/agente/lista/").content.decode()


def test_the_day_is_shown_by_hour_and_agent(booked, laura):
    page = console_of(laura).get("/agente/agenda/?dia=2026-11-24").content.decode()

    assert "martes 24 de noviembre de 2026" in page
    assert "10:00" in page
    assert booked.folio in page
    assert (
        "Nadie ha agendado ese día"
        in console_of(laura).get("/agente/agenda/?dia=2026-11-25").content.decode()
    )


def test_a_day_that_is_no_date_is_today(laura, clock):
    clock.move_to(at("09:00"))

    assert "24 de noviembre" in console_of(laura).get("/agente/agenda/?dia=x").content.decode()


def test_customers_do_not_see_the_day(booked):
    assert browser_of(ANA).get("/agente/agenda/").status_code == 302
