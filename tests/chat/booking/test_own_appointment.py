"""One's own appointment: reading, changing and cancelling it."""

from datetime import timedelta

import pytest
from django.test import Client

from scheduling import links
from scheduling.models import Appointment, SpecialDay
from tests.chat.booking.pages import TEN, hold, hours_of, marked_in, page_of, the_appointment, url_of
from tests.chat.conftest import browser_of
from tests.chat.factories import BETO, at
from tests.scheduling import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]


@pytest.mark.parametrize("rest", ["", "cita.ics", "cambiar/", "cancelar/"])
def test_strangers_find_nothing(booked, rest):
    assert browser_of(BETO).get(url_of(booked, rest)).status_code == 404
    assert Client().get(url_of(booked, rest)).status_code == 404


def test_the_mailed_link_opens_it_elsewhere_and_leaves_no_secret_in_the_address(booked):
    phone = Client()

    response = phone.get(links.link_to(booked).removeprefix("http://127.0.0.1:8000"))

    assert response["Location"] == url_of(booked)
    assert booked.folio in page_of(phone.get(url_of(booked)))


def test_a_changed_link_opens_nothing(booked):
    assert Client().get(url_of(booked) + "?llave=" + links.token_of(booked)[:-1]).status_code == 404


def test_an_expired_link_leads_to_another_appointment(booked, clock):
    link = links.link_to(booked).removeprefix("http://127.0.0.1:8000")
    clock.move_to(booked.ends_at + links.GOOD_AFTER_END + timedelta(seconds=1))

    page = page_of(Client().get(link))

    assert "El enlace a una cita vale hasta" in page
    assert "una conversación" not in page
    assert 'href="/citas/"' in page


def test_the_entry_for_the_calendar_is_downloaded(booked, browser):
    response = browser.get(url_of(booked, "cita.ics"))

    assert response.content.startswith(b"BEGIN:VCALENDAR")
    assert b"DTSTART:20261124T160000Z" in response.content


def test_the_hour_is_changed_three_times_and_no_more(booked, browser):
    for hour in ("11:00", "12:00", "13:00"):
        response = browser.post(url_of(booked, "cambiar/"), {"hora": at(hour).isoformat()})
        assert response["Location"] == url_of(booked)
    assert "Puede cambiar la hora 0 veces más." in page_of(browser.get(url_of(booked)))

    response = browser.post(url_of(booked, "cambiar/"), {"hora": at("15:00").isoformat()})

    assert "ya se cambió 3 veces" in page_of(response)
    assert the_appointment().starts_at == at("13:00")


def test_the_own_hour_is_marked_and_not_offered_again(booked, browser):
    page = page_of(browser.get(url_of(booked, "cambiar/")))

    assert marked_in(page) == [("10:00", False, "su hora actual")]
    assert (
        "Su hora actual: el martes 24 de noviembre a las 10:00 (hora de la Ciudad de México). Es suya" in page
    )
    assert "Su hora actual" not in page_of(browser.get("/citas/"))


def test_hours_that_overlap_the_own_one_are_offered_and_taken(booked, browser):
    cast.make_service(slot_minutes=45)

    assert "09:45" not in hours_of(browser.get("/citas/"))
    assert "09:45" in hours_of(browser.get(url_of(booked, "cambiar/")))
    browser.post(url_of(booked, "cambiar/"), {"hora": at("09:45").isoformat()})

    assert the_appointment().starts_at == at("09:45")


def test_changing_to_a_taken_hour_keeps_the_old_one_and_offers_others(booked, browser):
    hold(browser_of(BETO), at("11:00"))

    page = page_of(browser.post(url_of(booked, "cambiar/"), {"hora": at("11:00").isoformat()}))

    assert "Esa hora ya no está disponible" in page
    booked.refresh_from_db()
    assert booked.starts_at == TEN


def test_an_hour_that_our_own_change_hit_is_to_be_changed_and_names_no_agent(booked, browser, clock):
    Appointment.objects.update(moves=3)
    SpecialDay.objects.create(date="2026-11-24", name="Inventario", kind="closed")
    clock.move_to(at("09:55"))

    page = page_of(browser.get(url_of(booked)))

    assert "Nuestro horario cambió y no podremos atender su cita a la hora agendada" in page
    assert f'class="button" href="{url_of(booked, "cambiar/")}">Cambiar la hora' in page
    for words in ("Le atenderá", "Entrar a la sala de espera", "Puede cambiar la hora", "tolerancia"):
        assert words not in page
    assert "¿Cancelar esta cita?" in page_of(browser.get(url_of(booked, "cancelar/")))
    browser.post(url_of(booked, "cambiar/"), {"hora": at("11:00", "2026-11-25").isoformat()})
    page = page_of(browser.get(url_of(booked)))
    assert "l miércoles 25 de noviembre a las 11:00" in page
    assert "Nuestro horario cambió" not in page


def test_one_that_our_own_change_hit_is_never_called_missed(booked, browser, clock):
    SpecialDay.objects.create(date="2026-11-24", name="Inventario", kind="closed")
    clock.move_to(TEN + timedelta(minutes=10, milliseconds=1))

    page = page_of(browser.get(url_of(booked)))

    assert "Esta cita se canceló." in page
    assert "el agente fue liberado" not in page
    assert "Agendar de nuevo" in page


def test_cancelling_asks_once_and_frees_the_hour(booked, browser):
    assert "¿Cancelar esta cita?" in page_of(browser.get(url_of(booked, "cancelar/")))
    assert the_appointment().state == "booked"

    browser.post(url_of(booked, "cancelar/"))

    assert "Esta cita se canceló." in page_of(browser.get(url_of(booked)))
    assert "10:00" in hours_of(browser_of(BETO).get("/citas/"))


def test_after_the_tolerance_the_rule_is_told_and_booking_again_keeps_the_data(booked, browser, clock):
    clock.move_to(TEN + timedelta(minutes=10, milliseconds=1))

    page = page_of(browser.get(url_of(booked)))
    assert "el agente fue liberado para atender a otro cliente" in page
    assert "Deberá volver a agendar el soporte" in page
    again = page_of(browser.get(f"/citas/?de={booked.folio}"))
    assert 'name="legal_name" value="Papelería López"' in again


def test_the_link_to_book_again_keeps_the_data_in_another_browser(booked):
    phone = Client()

    response = phone.get(links.rebook_link_to(booked).removeprefix("http://127.0.0.1:8000"), follow=True)

    assert 'name="legal_name" value="Papelería López"' in page_of(response)


def test_others_data_are_not_offered(booked):
    assert "Papelería López" not in page_of(browser_of(BETO).get(f"/citas/?de={booked.folio}"))
