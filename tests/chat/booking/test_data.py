"""Giving the data, which books the hour that is held."""

import re
import uuid

import pytest
from post_office.models import Email

from scheduling.models import Appointment
from tests.chat.booking.pages import DATA, book, hold, page_of, the_appointment
from tests.chat.conftest import browser_of
from tests.chat.factories import BETO, FIRST_WORDS, at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]


def test_booking_leads_to_the_own_page_and_a_mail(browser):
    response = book(browser)

    booked = the_appointment()
    assert response["Location"] == f"/citas/{booked.folio}/"
    assert (booked.state, booked.rfc, booked.program) == ("booked", "EKU9003173C9", "CFDI Escritorio")
    page = page_of(browser.get(response["Location"]))
    assert "l martes 24 de noviembre a las 10:00" in page
    assert "Laura" in page
    assert booked.folio in Email.objects.get().subject


def test_the_same_form_twice_books_once(browser):
    client_id = uuid.uuid4()
    first = book(browser, client_id=client_id)
    second = browser.post("/citas/datos/", DATA | {"client_id": client_id})

    assert second["Location"] == first["Location"]
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "Escriba su nombre."),
        ("email", "ana@example.com", "correo"),
        ("rfc", "ABC-999999-AB1", "La fecha del RFC no existe"),
        ("program", "Facturando", "Facturando es la empresa, no el programa."),
        ("program_version", "", "Escriba la versión"),
        ("about", "Ayuda", "escriba por favor el mensaje exacto"),
    ],
)
def test_what_is_wrong_is_said_and_everything_typed_stays(browser, field, typed, words):
    response = book(browser, **{field: typed})

    assert response.status_code == 422
    assert words in page_of(response)
    assert "Papelería López" in page_of(response)
    assert the_appointment().state == "held"


def test_a_vague_text_that_is_insisted_upon_is_taken(browser):
    page = page_of(book(browser, about="Ayuda"))
    coached = re.search(r'name="coached" value="([^"]*)"', page)[1]

    response = browser.post(
        "/citas/datos/", DATA | {"client_id": uuid.uuid4(), "about": "Ayuda", "coached": coached}
    )

    assert response.status_code == 302
    assert the_appointment().about == "Ayuda"


def test_a_hold_that_expired_is_taken_anew_while_the_hour_is_free(browser, clock):
    hold(browser)
    clock.move_to(at("08:20"))

    assert browser.post("/citas/datos/", DATA | {"client_id": uuid.uuid4()}).status_code == 302


def test_a_hold_that_expired_and_was_taken_offers_others_with_the_data_kept(browser, clock):
    hold(browser)
    clock.move_to(at("08:20"))
    hold(browser_of(BETO))

    page = page_of(browser.post("/citas/datos/", DATA | {"client_id": uuid.uuid4()}))

    assert "Elija" in page
    assert f'name="about" value="{FIRST_WORDS}"' in page


def test_a_third_appointment_is_refused_in_clear_words(browser):
    for hour in ("10:00", "11:00"):
        book(browser, at(hour))

    response = book(browser, at("12:00"))

    assert "Ya tiene 2 citas agendadas con este correo o este RFC." in page_of(response)


def test_bookings_are_limited_by_address(browser, settings):
    settings.LIMITS = settings.LIMITS | {"bookings_per_address": "1/3600"}
    book(browser)

    response = book(browser_of(BETO), at("11:00"), email="beto@ferreteria-ruiz.mx", rfc="XIA190128J61")

    assert "Ha enviado demasiadas solicitudes" in page_of(response)
