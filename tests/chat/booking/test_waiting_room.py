"""The waiting room before the hour, in one browser and in two."""

import re

import pytest
from django.test import Client

from chat.models import ChatSession
from chat.services import set_available
from chat.services.appointments import start_due_appointments
from scheduling import links
from tests.chat.booking.pages import TEN, book, page_of, the_appointment, url_of
from tests.chat.factories import ANA, at, end

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]


def test_before_its_time_the_waiting_room_is_closed(booked, browser, clock):
    clock.move_to(at("09:49:59"))

    assert "Entrar a la sala de espera" not in page_of(browser.get(url_of(booked)))
    assert "Todavía es temprano" in page_of(browser.post(url_of(booked, "entrar/")))


def refreshes(page):
    """After how many seconds the page is read again: by browsers without scripts, and by all."""
    without = re.search(r'<noscript><meta http-equiv="refresh" content="(\d+);url=([^"]+)"></noscript>', page)
    everywhere = re.search(r'(?<!<noscript>)<meta http-equiv="refresh" content="(\d+);url=([^"]+)">', page)
    return without and int(without[1]), everywhere and int(everywhere[1])


def counted_to(page):
    """The instant to which the page counts down, and its words."""
    found = re.search(r'data-until="([^"]+)" data-words="([^"]+)"', page)
    return found and found.groups()


@pytest.mark.parametrize(
    ("now", "until", "words", "seconds", "told"),
    [
        ("09:45", "15:50:00.000", "Faltan {time} para entrar", 301, "La sala de espera abre a las 09:50"),
        ("09:49:59", "15:50:00.000", "Faltan {time} para entrar", 2, "La sala de espera abre a las 09:50"),
        ("09:50", "16:00:00.000", "Faltan {time}", 60, "Su cita empieza a las 10:00"),
        ("09:59:30", "16:00:00.000", "Faltan {time}", 31, "Tiene hasta las 10:10."),
        ("10:00", "16:10:00.000", "Quedan {time} de tolerancia", 60, "Tiene hasta las 10:10 para entrar"),
        ("10:10", "16:10:00.000", "Quedan {time} de tolerancia", 5, "Tiene hasta las 10:10 para entrar"),
    ],
)
def test_the_page_counts_down_to_each_step_and_looks_again_by_itself(
    booked, browser, clock, now, until, words, seconds, told
):
    clock.move_to(at(now))

    page = page_of(browser.get(url_of(booked)))

    assert told in page
    assert counted_to(page) == (f"2026-11-24T{until}Z", words)
    assert refreshes(page) == (seconds, None)
    assert ("Entrar a la sala de espera" in page) == (now >= "09:50")


def test_days_before_nothing_looks_again(browser):
    book(browser, at("10:00", "2026-11-26"))

    page = page_of(browser.get(url_of(the_appointment())))

    assert refreshes(page) == (None, None)
    assert "La sala de espera abre a las 09:50" in page


def test_the_countdown_leads_to_the_page_even_from_the_answer_to_a_form(booked, browser, clock):
    clock.move_to(at("09:49:59"))

    page = page_of(browser.post(url_of(booked, "entrar/")))

    assert f'data-next="{url_of(booked)}"' in page
    assert f";url={url_of(booked)}" in page


def test_the_question_whether_to_cancel_stays_until_it_is_answered(booked, browser, clock):
    clock.move_to(at("09:49:59"))

    page = page_of(browser.get(url_of(booked, "cancelar/")))

    assert refreshes(page) == (None, None)
    assert counted_to(page) is None


def test_from_ten_minutes_before_the_customer_may_wait(booked, browser, clock):
    clock.move_to(at("09:50"))

    browser.post(url_of(booked, "entrar/"))

    page = page_of(browser.get(url_of(booked)))
    assert "Ya está en la sala de espera" in page
    assert "El chat empezará por sí solo a las 10:00" in page
    assert counted_to(page) == ("2026-11-24T16:00:00.000Z", "Faltan {time}")
    assert "Cancelar la cita" not in page
    assert the_appointment().arrived_key_hash == ANA.key_hash


def test_at_the_hour_whoever_waits_sees_the_chat_come(booked, browser, clock):
    clock.move_to(TEN)
    browser.post(url_of(booked, "entrar/"))

    page = page_of(browser.get(url_of(booked)))

    assert "el chat se abrirá aquí mismo en unos segundos" in page
    assert refreshes(page) == (None, 5)


def test_once_the_chat_began_the_waiting_room_leads_to_it(booked, browser, clock, laura):
    clock.move_to(TEN)
    browser.post(url_of(booked, "entrar/"))
    start_due_appointments(TEN)

    assert the_appointment().state == "attended"
    assert browser.get(url_of(booked))["Location"] == "/chat/"


def test_whoever_waits_at_the_head_of_the_queue_is_led_there(booked, browser, clock, laura):
    clock.move_to(TEN)
    set_available(agent=laura, is_available=False, now=TEN)
    browser.post(url_of(booked, "entrar/"))
    start_due_appointments(TEN)

    assert the_appointment().state == "booked"
    assert browser.get(url_of(booked))["Location"] == "/chat/"
    assert "Su agente no está disponible en este momento" in page_of(browser.get("/chat/"))


def test_when_the_chat_is_put_away_the_appointment_tells_that_it_took_place(booked, browser, clock):
    clock.move_to(TEN)
    browser.post(url_of(booked, "entrar/"))
    start_due_appointments(TEN)
    end(ChatSession.objects.get())
    browser.post("/chat/otro/")

    assert "Esta cita ya se atendió." in page_of(browser.get(url_of(booked)))


@pytest.fixture
def phone(booked):
    """Another browser of Ana's, which opened the mailed link."""
    phone = Client()
    phone.get(links.link_to(booked).removeprefix("http://127.0.0.1:8000"))
    return phone


def test_the_other_browser_says_where_the_customer_waits(booked, browser, phone, clock):
    clock.move_to(at("09:55"))
    browser.post(url_of(booked, "entrar/"))

    page = page_of(phone.get(url_of(booked)))

    assert "Está en la sala de espera desde otro navegador" in page
    assert "Ya está en la sala de espera" not in page
    assert "Continuar aquí" in page


def test_the_customer_goes_on_in_the_other_browser_and_the_chat_opens_there(
    booked, browser, phone, clock, laura
):
    clock.move_to(at("09:55"))
    browser.post(url_of(booked, "entrar/"))

    phone.post(url_of(booked, "entrar/"))

    assert "Ya está en la sala de espera" in page_of(phone.get(url_of(booked)))
    assert "Está en la sala de espera desde otro navegador" in page_of(browser.get(url_of(booked)))
    clock.move_to(TEN)
    start_due_appointments(TEN)
    assert phone.get(url_of(booked))["Location"] == "/chat/"
    page = page_of(browser.get(url_of(booked)))
    assert "Su chat ya empezó en otro navegador" in page
    assert "Continuar aquí" not in page
