"""The agent offers three hours inside a chat, and the customer books one of them there."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from chat import events
from chat.models import ChatSession, Message
from chat.services import (
    ChatEnded,
    NothingToOffer,
    NotIdentified,
    NotYourChat,
    OfferGone,
    book_offered,
    decline_offered,
    offer_hours,
)
from core.limits import LimitExceeded
from scheduling.models import Appointment, Shift
from scheduling.services import SlotTaken, TooManyAppointments
from tests.chat.conftest import browser_of
from tests.chat.factories import (
    ANA,
    BETO,
    FIRST_WORDS,
    NOW,
    AgentFactory,
    at,
    attended,
    conversing,
    end,
    fresh,
    later,
    line_of,
    rules_of,
    say_as_customer,
)
from tests.chat.pages import Page
from tests.scheduling import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]
HOURS = ["2026-11-24T17:00:00.000Z", "2026-11-24T17:30:00.000Z", "2026-11-24T18:00:00.000Z"]


@pytest.fixture(autouse=True)
def service():
    """Hours of half an hour, at least one hour ahead."""
    return cast.make_service()


@pytest.fixture
def laura(laura):
    Shift.objects.create(agent=laura, weekday=1, opens_at="09:00", closes_at="14:00")
    return laura


@pytest.fixture
def chat(laura):
    return conversing(laura)


@pytest.fixture
def offered(chat, laura):
    return offer_hours(session=chat, agent=laura, now=NOW)


def choose(session, clock="11:30", client_id=None, now=NOW):
    client_id = client_id or uuid.uuid4()
    return book_offered(session=session, starts_at=at(clock), client_id=client_id, now=now)


def take(*clocks):
    """Other customers book these hours."""
    for number, clock in enumerate(clocks):
        cast.book(
            at(clock),
            who=cast.Details(
                **{**cast.BETO.__dict__, "email": f"b{number}@ferre.mx", "rfc": "XAXX010101000"}
            ),
            now=at("08:00"),
        )


def test_the_next_three_hours_are_offered_and_it_is_the_customers_turn(offered, laura):
    assert fresh(offered).offered_hours == HOURS
    assert line_of(offered, "appointment.offered") == (
        f"{laura.shown_name} le ofrece una cita. Elija la hora: martes 24 de noviembre, 11:00; "
        "martes 24 de noviembre, 11:30; martes 24 de noviembre, 12:00."
    )
    assert fresh(offered).customer_turn_since == NOW


def test_both_sides_are_told_of_the_offer(chat, laura, ear, django_capture_on_commit_callbacks):
    heard = ear(events.customer_group(chat.pk))
    with django_capture_on_commit_callbacks(execute=True):
        offer_hours(session=chat, agent=laura, now=NOW)
    assert [frame["offered_hours"] for frame in heard.frames("session.changed")] == [HOURS]


def test_the_chosen_hour_is_booked_with_what_the_chat_knows(offered):
    booked = choose(offered)

    assert (booked.state, booked.starts_at) == ("booked", at("11:30"))
    known = fresh(offered)
    assert (booked.name, booked.email, booked.rfc) == (known.name, known.email, known.rfc)
    assert (booked.legal_name, booked.program) == (known.legal_name, known.program.name)
    assert booked.program_version == known.program_version
    assert booked.about == f"Continuación del chat {known.folio}: {FIRST_WORDS}"
    assert known.offered_hours == []
    assert known.customer_turn_since is None
    assert line_of(offered, "appointment.booked") == (
        f"Cita {booked.folio} agendada: el martes 24 de noviembre a las 11:30 (hora de la Ciudad de México). "
        f"Enviamos la confirmación a {ANA.email}."
    )
    assert cast.mails() == [f"Su cita {booked.folio}: el martes 24 de noviembre a las 11:30"]


def test_the_browser_of_the_chat_opens_the_appointment(offered):
    booked = choose(offered)
    assert browser_of(ANA).get(f"/citas/{booked.folio}/").status_code == 200
    assert browser_of(BETO).get(f"/citas/{booked.folio}/").status_code == 404


def test_the_same_choice_twice_books_once(offered):
    client_id = uuid.uuid4()
    assert choose(offered, client_id=client_id) == choose(offered, client_id=client_id)
    assert Appointment.objects.count() == len(cast.mails()) == 1
    assert rules_of(offered).count("appointment.booked") == 1


def test_an_hour_that_was_taken_meanwhile_brings_the_nearest_others(offered):
    take("11:30")
    with pytest.raises(SlotTaken):
        choose(offered)
    assert fresh(offered).offered_hours == [HOURS[0], HOURS[2], "2026-11-24T18:30:00.000Z"]
    assert not Appointment.objects.filter(email=ANA.email).exists()


def test_an_hour_that_is_not_offered_is_not_booked(offered):
    with pytest.raises(OfferGone):
        choose(offered, "12:30")
    assert not Appointment.objects.exists()


def test_the_limit_of_live_appointments_holds(offered, laura):
    choose(offered)
    for clock in ("11:00", "12:00"):
        offer_hours(session=offered, agent=laura, now=NOW)
        if clock == "11:00":
            choose(offered, clock)
    with pytest.raises(TooManyAppointments):
        choose(offered, "12:00")
    assert fresh(offered).offered_hours == [
        "2026-11-24T18:00:00.000Z",
        "2026-11-24T18:30:00.000Z",
        "2026-11-24T19:00:00.000Z",
    ]


def test_whoever_wants_none_says_so_once(offered):
    for _again in range(2):
        decline_offered(session=offered, now=NOW)
    assert fresh(offered).offered_hours == []
    assert line_of(offered, "appointment.declined") == "Ana López no eligió ninguna de las horas."


def test_an_offer_ends_with_its_chat(offered):
    end(offered)
    assert fresh(offered).offered_hours == []
    with pytest.raises(OfferGone):
        choose(offered)


def test_a_silent_customer_cannot_book_in_a_chat_that_is_over(offered):
    with pytest.raises(ChatEnded):
        choose(offered, now=later(minutes=10))
    assert not Appointment.objects.exists()


def test_only_the_agent_of_an_identified_customer_offers(laura, diego, chat):
    with pytest.raises(NotYourChat):
        offer_hours(session=chat, agent=diego, now=NOW)
    with pytest.raises(NotIdentified):
        offer_hours(session=attended(diego, BETO), agent=diego, now=NOW)


def test_without_free_hours_there_is_nothing_to_offer(chat, laura):
    Shift.objects.all().delete()
    with pytest.raises(NothingToOffer):
        offer_hours(session=chat, agent=laura, now=NOW)
    assert "appointment.offered" not in rules_of(chat)


# --- By page ---------------------------------------------------------------------------------------------


@pytest.fixture
def browser(clock):
    """Ana's, at ten."""
    return browser_of(ANA)


@pytest.mark.usefixtures("offered")
def test_the_customer_chooses_on_the_chats_page(browser):
    page = browser.get("/chat/").content.decode()
    assert "Martes 24 de noviembre, 11:00" in page
    forms = [part for part in page.split("<form") if 'action="/chat/cita/"' in part]
    assert len(forms) == 3
    sent = Page(browser.get("/chat/")).forms["/chat/cita/"]

    response = browser.post("/chat/cita/", sent)

    assert response["Location"] == "/chat/"
    booked = Appointment.objects.get()
    assert f"Cita {booked.folio} agendada" in browser.get("/chat/").content.decode()
    assert "/chat/cita/" not in browser.get("/chat/").content.decode()


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize("hour", ["", "mañana", "2026-99-99T10:00:00.000Z", "2026-11-24T18:30:00.000Z"])
def test_a_made_up_hour_is_answered_in_words(browser, hour):
    response = browser.post("/chat/cita/", {"hora": hour, "cita": uuid.uuid4()})
    assert response.status_code == 422
    assert "Esa hora ya no se ofrece." in response.content.decode()


def test_what_was_typed_survives_the_choice(browser, offered):
    sent = Page(browser.get("/chat/")).forms["/chat/cita/"] | {
        "draft": "Gracias, ahí nos vemos",
        "draft_client_id": str(uuid.uuid4()),
    }
    browser.post("/chat/cita/", sent)
    assert offered.messages.filter(author=Message.Author.CUSTOMER, text="Gracias, ahí nos vemos").exists()


def test_other_hours_are_asked_for_with_everything_that_is_known(browser, offered):
    say_as_customer(offered, "Y con la serie B también")
    page = browser.get("/chat/").content.decode()
    assert "Ver otras horas" in page
    assert f"{FIRST_WORDS}\nY con la serie B también" in page
    assert 'name="rfc" value="EKU9003173C9"' in page


def test_declining_by_page(browser, offered):
    browser.post("/chat/sin-cita/")
    assert fresh(offered).offered_hours == []


def test_whoever_reads_without_scripts_is_led_to_the_offer(browser, chat, laura):
    shown = f"conversation-{chat.pk}"
    assert "continuar" not in browser.get(f"/chat/conversacion/?estado={shown}").content.decode()
    offer_hours(session=chat, agent=laura, now=NOW)
    page = browser.get(f"/chat/conversacion/?estado={shown}").content.decode()
    assert "Su agente le ofrece una cita: elegir la hora" in page


def test_bookings_from_a_chat_count_like_others(browser, offered, settings):
    settings.LIMITS = settings.LIMITS | {"bookings_per_address": "0/3600"}
    response = browser.post("/chat/cita/", Page(browser.get("/chat/")).forms["/chat/cita/"])
    assert response.status_code == 422
    assert LimitExceeded.code == "limit.exceeded"
    assert "demasiadas solicitudes" in response.content.decode()
    assert not Appointment.objects.exists()


def test_the_agent_offers_from_the_console(clock, chat, laura):
    agent = Client()
    agent.force_login(laura)
    address = reverse("chat:offer-hours", args=[chat.folio])
    assert agent.post(address).json() == {"session": chat.pk, "folio": chat.folio}
    Shift.objects.all().delete()
    refused = agent.post(address)
    assert refused.status_code == 409
    assert refused.json()["text"] == "No hay horas libres para agendar en los días que se ofrecen."


def test_another_agent_does_not_find_the_chat(clock, chat):
    stranger = Client()
    stranger.force_login(AgentFactory.create(username="extraño"))
    assert stranger.post(reverse("chat:offer-hours", args=[chat.folio])).status_code == 404
    assert ChatSession.objects.get(pk=chat.pk).offered_hours == []


def test_an_hour_that_passed_is_not_booked(offered):
    with pytest.raises(SlotTaken):
        choose(offered, "11:00", now=at("10:00:00") + timedelta(seconds=1))
