"""Booking by page and form: day, hour, data, and one's own appointment."""

import re
import uuid
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from post_office.models import Email

from chat.models import ChatSession
from chat.services import set_available
from chat.services.appointments import start_due_appointments
from chat.services.due import offer_message
from scheduling import links
from scheduling.models import Appointment, Shift, SpecialDay
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, BETO, FIRST_WORDS, ProgramFactory, at, end, start
from tests.scheduling import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]

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


@pytest.fixture(autouse=True)
def _bookable(laura, clock):
    """Laura can be booked on weekdays; it is eight o'clock on Tuesday."""
    ProgramFactory.create()
    cast.make_service()
    for weekday in range(5):
        Shift.objects.create(agent=laura, weekday=weekday, opens_at="09:00", closes_at="18:00")
    clock.move_to(at("08:00"))


@pytest.fixture
def browser():
    """Ana's."""
    return browser_of(ANA)


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


# --- Day and hour ----------------------------------------------------------------------------------------


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


# --- Hold and data ---------------------------------------------------------------------------------------


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


# --- One's own appointment -------------------------------------------------------------------------------


@pytest.fixture
def booked(browser):
    book(browser)
    return the_appointment()


def url_of(booked, rest=""):
    return f"/citas/{booked.folio}/{rest}"


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


# --- Two browsers of one customer ------------------------------------------------------------------------


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


# --- Where it is offered ---------------------------------------------------------------------------------


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
