"""Choosing a day and an hour, and holding it."""

import re
import uuid
from urllib.parse import quote

import pytest
from django.test import Client

from scheduling.models import Appointment, Shift, SpecialDay
from tests.chat.booking.pages import DATA, TEN, hold, hours_of, marked_in, page_of, the_appointment, url_of
from tests.chat.conftest import browser_of
from tests.chat.factories import BETO, FIRST_WORDS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]


def test_the_first_free_day_is_chosen_with_its_hours(browser):
    page = browser.get("/citas/")

    assert "Hora del martes 24 de noviembre" in page_of(page)
    assert hours_of(page)[:2] == ["09:00", "09:30"]
    assert hours_of(page)[-1] == "17:30"
    assert "14:00" not in hours_of(page)


def test_days_without_room_cannot_be_chosen(browser):
    SpecialDay.objects.create(date="2026-11-25", name="Inventario", kind="closed")

    page = page_of(browser.get("/citas/"))

    assert re.search(r'value="2026-11-25" disabled', page)
    assert not re.search(r'value="2026-11-26" disabled', page)
    assert "Hora del martes 24" in page_of(browser.get("/citas/?dia=2026-11-25"))


def test_another_zone_shows_both_times(browser):
    page = page_of(browser.get("/citas/?zona=America/Tijuana"))

    assert "07:00 en Tijuana" in page
    assert "en Monterrey" not in page_of(browser.get("/citas/?zona=America/Monterrey"))


def test_without_shifts_nobody_can_be_booked(browser):
    Shift.objects.all().delete()

    assert "Por ahora no hay horas para agendar" in page_of(browser.get("/citas/"))


def test_the_chosen_hour_is_held_with_the_time_in_sight(browser):
    page = page_of(hold(browser))

    assert "La hora es suya hasta las 08:05" in page
    assert "l martes 24 de noviembre a las 10:00" in page
    assert "10:00" not in hours_of(browser_of(BETO).get("/citas/"))


def test_what_other_pages_know_is_filled_in(browser):
    page = page_of(hold(browser, text="No puedo timbrar", name="Ana López", email="ana@despacho-lopez.mx"))

    assert ">\nNo puedo timbrar</textarea>" in page
    assert 'value="ana@despacho-lopez.mx"' in page


def test_a_taken_hour_offers_the_nearest_and_keeps_what_is_known(browser):
    hold(browser_of(BETO))

    page = page_of(hold(browser, text="No puedo timbrar"))

    assert "Esa hora ya no está disponible" in page
    assert "el martes 24 de noviembre a las 09:30" in page
    assert 'name="about" value="No puedo timbrar"' in page


CRAFTED = [
    "2026-99-99T10:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-11-24T10:00:00",
    "mañana\0",
    "",
]


@pytest.mark.parametrize("hour", CRAFTED)
def test_a_crafted_hour_holds_nothing_and_keeps_what_is_known(browser, hour):
    response = browser.post("/citas/apartar/", {"hora": hour, "text": "No puedo timbrar"})

    assert response.status_code == 200
    assert 'name="about" value="No puedo timbrar"' in page_of(response)
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("day", ["2026-99-99", "0001-01-01", "9999-12-31", "\0", "x" * 5000])
def test_a_crafted_day_shows_the_first_free_one(browser, day):
    assert "Hora del martes 24 de noviembre" in page_of(browser.get("/citas/", {"dia": day}))


@pytest.mark.parametrize("folio", ["S-\0", "\0", "S-" + "9" * 5000])
def test_a_crafted_folio_is_nobodys(browser, folio):
    assert browser.get("/citas/", {"de": folio}).status_code == 200
    assert browser.get(f"/citas/{quote(folio)}/").status_code == 404
    assert browser.post(f"/citas/{quote(folio)}/entrar/").status_code == 404


def test_another_hour_is_chosen_with_everything_typed_kept(browser):
    page = page_of(hold(browser, zona="America/Tijuana"))
    form = re.search(r'action="/citas/datos/".*?</form>', page, re.DOTALL)[0]
    buttons = re.findall(r"<button ([^>]*)>", form)
    hidden = dict(re.findall(r'<input type="hidden" name="(zona|servicio|dia)" value="([^"]*)"', form))

    # The Enter key presses the first one.
    assert "formaction" not in buttons[0]
    assert 'formaction="/citas/" formnovalidate' in buttons[1]
    others = page_of(browser.post("/citas/", DATA | hidden))

    assert hidden == {"zona": "America/Tijuana", "servicio": "chat", "dia": "2026-11-24"}
    for name, typed in DATA.items():
        assert f'name="{name}" value="{typed}"' in others
    assert 'value="America/Tijuana" selected' in others
    assert 'name="zona" value="America/Tijuana"' in others


def test_the_held_hour_is_among_those_to_choose_from_and_marked(browser):
    hold(browser)

    assert marked_in(page_of(browser.get("/citas/"))) == [("10:00", True, "apartada para usted")]
    assert "10:00" not in hours_of(browser_of(BETO).get("/citas/"))
    assert hold(browser).status_code == 200


def test_times_are_the_customers_own(browser, clock):
    page = page_of(hold(browser, zona="America/Tijuana"))
    assert "La hora es suya hasta las 06:05 (hora de Tijuana)" in page

    browser.post("/citas/datos/", DATA | {"client_id": uuid.uuid4(), "zona": "America/Tijuana"})
    own = url_of(the_appointment())
    assert "La sala de espera abre a las 07:50 (hora de Tijuana)" in page_of(browser.get(own))
    clock.move_to(TEN)
    assert "Tiene hasta las 08:10 (hora de Tijuana) para entrar" in page_of(browser.get(own))


def test_booking_again_keeps_the_zone(browser):
    hold(browser)
    browser.post("/citas/datos/", DATA | {"client_id": uuid.uuid4(), "zona": "America/Tijuana"})

    again = page_of(browser.get(f"/citas/?de={the_appointment().folio}"))

    assert 'value="America/Tijuana" selected' in again
    assert 'name="zona" value="America/Tijuana"' in again
    other = page_of(browser.get(f"/citas/?de={the_appointment().folio}&zona=America/Cancun"))
    assert 'value="America/Cancun" selected' in other


def test_a_browser_that_refuses_cookies_is_told_so(browser):
    page = page_of(Client().post("/citas/datos/", DATA | {"client_id": uuid.uuid4()}))

    assert "Su navegador no aceptó la cookie del chat" in page
    assert "Terminó el tiempo" not in page
    assert f'name="about" value="{FIRST_WORDS}"' in page
