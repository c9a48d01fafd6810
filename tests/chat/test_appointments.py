"""The booked hour as a chat: it begins by itself, and the agent's fault is never the customer's."""

from datetime import timedelta

import pytest
from django.test import Client
from post_office.models import Email

from chat.models import SUPERVISORS_GROUP, Agent, ChatSession, Message
from chat.services import (
    AgentIsFull,
    SeatIsKept,
    assign_waiting,
    due_acts,
    give_sign_of_life,
    leave_as_message,
    set_available,
)
from chat.services.appointments import open_chat, seat, start_due_appointments
from facturando_support.clock import run_round
from scheduling import services as scheduling
from scheduling.models import Appointment, Shift
from tests.chat.conftest import browser_of
from tests.chat.factories import (
    ANA,
    BETO,
    AgentFactory,
    Customer,
    ProgramFactory,
    accept,
    at,
    fresh,
    identify,
    line_of,
    rules_of,
    start,
    texts_of,
)
from tests.scheduling import cast
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]

TEN = at("10:00")
CARLA = Customer("Carla Solís", "carla@solis-contadores.mx", "carla-browser")
LAST = TEN + timedelta(minutes=10)


def on_shift(agent, capacity=1):
    """An agent who can be booked, is available, and has room for so many chats."""
    Shift.objects.create(agent=agent, weekday=1, opens_at="09:00", closes_at="14:00")
    Agent.objects.filter(pk=agent.pk).update(capacity=capacity)
    agent.refresh_from_db()
    return agent


@pytest.fixture
def laura(laura):
    return on_shift(laura)


@pytest.fixture
def booked(laura):
    """Ana's appointment with Laura at ten."""
    ProgramFactory.create()
    cast.make_service()
    return cast.book(TEN, now=at("08:00"))


@pytest.fixture
def elena(db):
    """A supervisor with an address, who takes no chats."""
    return AgentFactory.create(
        username="elena", group=SUPERVISORS_GROUP, email="elena@facturando.mx", is_available=False
    )


def come(booked, now):
    """Ana's browser enters the waiting room."""
    scheduling.arrive(appointment=booked, key_hash=ANA.key_hash, now=now)


def the_chat():
    return ChatSession.objects.get()


def state_of(booked):
    return Appointment.objects.get(pk=booked.pk).state


def clock_at(now, *agents):
    """One round of the clock, with the consoles of these agents alive."""
    for agent in agents:
        give_sign_of_life(agent=agent, now=now)
    run_round(now)


def test_at_the_hour_the_chat_begins_with_the_booked_agent_and_everything_filled_in(booked, laura):
    come(booked, at("09:52"))
    clock_at(TEN - timedelta(milliseconds=1), laura)
    assert not ChatSession.objects.exists()

    clock_at(TEN, laura)

    chat = the_chat()
    assert (chat.state, chat.agent, chat.visitor.key_hash) == ("active", laura, ANA.key_hash)
    assert (chat.name, chat.email, chat.rfc) == (booked.name, booked.email, booked.rfc)
    assert (chat.program.name, chat.program_version) == (booked.program, booked.program_version)
    assert not chat.is_identification_due
    said = chat.messages.get(author=Message.Author.CUSTOMER)
    assert said.text == booked.about
    assert "agent.welcome" in rules_of(chat)
    assert state_of(booked) == "attended"


def test_whoever_comes_at_the_last_instant_of_the_tolerance_is_attended(booked, laura):
    come(booked, LAST)

    clock_at(LAST, laura)

    assert the_chat().agent == laura


def test_whoever_does_not_come_is_missed_and_the_agent_is_free_at_once(booked, laura):
    waiting = start(BETO, now=at("09:55"))
    with pytest.raises(AgentIsFull):
        accept(waiting, laura, LAST)

    clock_at(LAST + timedelta(milliseconds=1), laura)

    assert state_of(booked) == "missed"
    assert accept(waiting, laura, LAST + timedelta(milliseconds=1)).agent == laura


def test_the_kept_seat_is_taken_neither_from_the_queue_nor_by_assignment(booked, laura):
    waiting = start(BETO, now=at("09:55"))
    give_sign_of_life(agent=laura, now=TEN)

    assert assign_waiting(now=TEN) == 0
    with pytest.raises(AgentIsFull):
        accept(waiting, laura, TEN)

    assert accept(waiting, laura, TEN - timedelta(seconds=1)).agent == laura


def test_an_agent_with_more_seats_keeps_one_and_takes_others(booked, laura):
    Agent.objects.filter(pk=laura.pk).update(capacity=2)
    come(booked, TEN)

    accept(start(BETO, now=at("09:55")), Agent.objects.get(pk=laura.pk), TEN)
    clock_at(TEN, laura)

    assert ChatSession.objects.get(appointment=booked).agent == laura


@pytest.mark.parametrize("fault", ["away", "busy", "disabled", "vanished"])
def test_when_the_agent_cannot_another_one_takes_it(booked, laura, fault):
    diego = AgentFactory.create(username="diego")
    come(booked, at("09:55"))
    if fault == "away":
        set_available(agent=laura, is_available=False, now=TEN)
    if fault == "busy":
        accept(start(BETO, now=at("09:50")), laura, at("09:51"))
    if fault == "disabled":
        Agent.objects.filter(pk=laura.pk).update(is_active=False)
    give_sign_of_life(agent=laura, now=at("09:58") if fault == "vanished" else TEN)
    give_sign_of_life(agent=diego, now=TEN)

    start_due_appointments(TEN)

    assert ChatSession.objects.get(appointment=booked).agent == diego
    assert state_of(booked) == "attended"


def test_when_nobody_can_it_waits_at_the_head_and_the_tolerance_does_not_run(booked, laura, elena):
    before = start(BETO, now=at("09:30"))
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, at("09:55"))

    for minute in (0, 5, 11):
        clock_at(TEN + timedelta(minutes=minute), laura)

    chat = ChatSession.objects.get(appointment=booked)
    assert list(ChatSession.objects.waiting()) == [chat, fresh(before)]
    assert rules_of(chat).count("appointment.no-agent") == 1
    assert "No es por usted y su cita se conserva" in line_of(chat, "appointment.no-agent")
    assert state_of(booked) == "booked"
    told = Email.objects.get(to=elena.email)
    assert told.subject == f"Cita {booked.folio} sin su agente"
    assert f"Su chat {chat.folio} está en el primer lugar de la cola" in told.message

    accept(chat, laura, at("10:12"))
    assert state_of(booked) == "attended"


def test_two_clocks_begin_one_chat(booked, laura):
    come(booked, at("09:55"))
    give_sign_of_life(agent=laura, now=TEN)

    start_due_appointments(TEN)
    start_due_appointments(TEN)

    assert rules_of(the_chat()).count("agent.welcome") == 1


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_begin_one_chat(booked, laura):
    come(booked, at("09:55"))
    give_sign_of_life(agent=laura, now=TEN)

    results = at_once([lambda: start_due_appointments(TEN)] * 3)

    assert [result for result in results if isinstance(result, Exception)] == []
    assert rules_of(the_chat()).count("agent.welcome") == 1


def test_whoever_waits_in_the_queue_already_keeps_that_chat(booked, laura):
    chat = start(ANA, now=at("09:50"))
    come(booked, at("09:55"))

    clock_at(TEN, laura)

    assert fresh(chat).agent == laura
    assert fresh(chat).appointment == booked


def test_whoever_is_attended_already_is_not_given_a_second_chat(booked, laura):
    diego = AgentFactory.create(username="diego")
    chat = accept(start(ANA, now=at("09:50")), diego, at("09:51"))
    identify(chat, at("09:52"))
    come(booked, at("09:55"))

    clock_at(TEN, laura, diego)

    assert fresh(chat).agent == diego
    assert ChatSession.objects.count() == 1
    assert state_of(booked) == "attended"


def test_a_chat_that_nobody_took_until_closing_time_is_no_missed_appointment(booked, laura):
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, TEN)
    clock_at(TEN, laura)

    for act in due_acts():
        act(at("14:00"))

    assert the_chat().end_reason == "closing"
    assert state_of(booked) == "cancelled"
    assert booked.events.last().actor == "clock"


def test_a_customer_who_leaves_the_queue_cancels_the_appointment(booked, laura):
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, TEN)
    clock_at(TEN, laura)

    leave_as_message(session=the_chat(), reason=ChatSession.EndReason.LEFT_MESSAGE, now=at("10:05"))

    assert (state_of(booked), booked.events.last().actor) == ("cancelled", "customer")


def test_a_program_that_is_no_longer_kept_is_asked_again(booked, laura):
    Appointment.objects.update(program="CFDI 2004")
    come(booked, TEN)

    clock_at(TEN, laura)

    assert the_chat().is_identification_due


def test_the_customers_page_shows_the_chat(booked, laura, clock):
    come(booked, TEN)
    clock_at(TEN, laura)
    clock.move_to(TEN)

    page = browser_of(ANA).get("/chat/").content.decode()

    assert f"Le atiende {laura.shown_name}" in page
    assert booked.about in page


@pytest.mark.parametrize("fault", ["away", "vanished"])
def test_of_another_agent_the_customer_and_the_supervisors_are_told(booked, laura, elena, fault):
    diego = AgentFactory.create(username="diego", first_name="Diego", last_name="Paredes")
    come(booked, at("09:55"))
    if fault == "away":
        set_available(agent=laura, is_available=False, now=TEN)
    else:
        give_sign_of_life(agent=laura, now=at("09:58"))

    clock_at(TEN, diego)

    chat = the_chat()
    assert line_of(chat, "appointment.other-agent") == (
        "Laura Méndez no está disponible en este momento; le atiende Diego Paredes."
    )
    told = Email.objects.get(to=elena.email)
    assert told.subject == f"Cita {booked.folio} sin su agente"
    assert f"Diego Paredes atiende el chat {chat.folio} en su lugar" in told.message


def test_the_booked_agent_is_nothing_to_tell_of(booked, laura, elena):
    come(booked, at("09:55"))

    clock_at(TEN, laura)

    assert "appointment.other-agent" not in rules_of(the_chat())
    assert not Email.objects.filter(to=elena.email).exists()


def test_a_clock_that_stopped_half_way_tells_the_rest(booked, laura):
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, at("09:55"))
    open_chat(booked, TEN)

    for minute in (1, 2):
        clock_at(TEN + timedelta(minutes=minute), laura)

    assert rules_of(the_chat()).count("appointment.no-agent") == 1


def test_an_agent_who_takes_it_first_leaves_nothing_to_tell(booked, laura):
    come(booked, at("09:55"))
    open_chat(booked, TEN)
    waiting = the_chat()
    accept(waiting, laura, TEN)

    seat(waiting, TEN)

    assert "appointment.no-agent" not in rules_of(the_chat())


def test_by_automatic_assignment_a_kept_seat_is_free_for_its_own_customer(booked, laura, settings):
    settings.CHAT_AUTO_ASSIGN = True
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, at("09:55"))
    before = start(BETO, now=at("09:30"))
    clock_at(TEN, laura)
    set_available(agent=laura, is_available=True, now=at("10:05"))

    clock_at(at("10:05"), laura)

    assert ChatSession.objects.get(appointment=booked).agent == laura
    assert fresh(before).is_waiting


def test_an_agent_reads_why_a_free_seat_takes_nobody_else(booked, laura):
    waiting = start(BETO, now=at("09:55"))

    with pytest.raises(SeatIsKept) as still_to_come:
        accept(waiting, laura, TEN)
    come(booked, at("10:04"))
    with pytest.raises(SeatIsKept) as there:
        accept(waiting, laura, at("10:04"))

    assert still_to_come.value.text == f"Su lugar está reservado hasta las 10:10 para la cita {booked.folio}."
    assert there.value.text == (
        f"Su lugar está reservado para la cita {booked.folio}, cuyo cliente ya espera: atiéndalo primero."
    )


def test_of_two_kept_seats_the_earlier_appointment_has_the_first(booked, laura):
    later_one = cast.book(at("10:30"), who=cast.BETO, now=at("08:00"))
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, TEN)
    clock_at(TEN, laura)
    scheduling.arrive(appointment=later_one, key_hash=BETO.key_hash, now=at("10:30"))
    clock_at(at("10:30"), laura)
    first, second = (ChatSession.objects.get(appointment=row) for row in (booked, later_one))

    with pytest.raises(SeatIsKept):
        accept(second, laura, at("10:31"))

    assert accept(first, laura, at("10:31")).agent == laura


def test_two_kept_seats_are_two(booked, laura):
    cast.book(at("10:30"), who=cast.BETO, now=at("08:00"))
    Agent.objects.filter(pk=laura.pk).update(capacity=2)
    come(booked, TEN)
    waiting = start(CARLA, now=at("10:20"))

    with pytest.raises(SeatIsKept):
        accept(waiting, Agent.objects.get(pk=laura.pk), at("10:30"))


def test_two_appointments_of_one_browser_wait_one_after_the_other(booked, laura):
    second = cast.book(at("10:30"), who=cast.BETO, now=at("08:00"))
    set_available(agent=laura, is_available=False, now=TEN)
    come(booked, TEN)
    clock_at(TEN, laura)
    scheduling.arrive(appointment=second, key_hash=ANA.key_hash, now=at("10:25"))

    for second_of_time in range(3):
        clock_at(at("10:30") + timedelta(seconds=second_of_time), laura)

    chat = the_chat()
    assert chat.appointment == booked
    assert [rules_of(chat).count(f"appointment.{rule}") for rule in ("started", "no-agent")] == [1, 1]

    accept(chat, laura, at("10:31"))
    clock_at(at("10:32"), laura)

    assert [state_of(row) for row in (booked, second)] == ["attended", "attended"]
    assert rules_of(chat).count("appointment.started") == 2
    assert second.about in texts_of(chat)


def test_a_booked_hour_that_joins_a_chat_brings_its_question_and_identification(booked, laura):
    diego = AgentFactory.create(username="diego")
    chat = accept(start(ANA, now=at("09:50")), diego, at("09:51"))
    come(booked, at("09:55"))

    clock_at(TEN, laura, diego)

    joined = fresh(chat)
    assert (joined.rfc, joined.program.name, joined.appointment) == (booked.rfc, booked.program, booked)
    assert booked.about in texts_of(chat)
    assert not joined.is_identification_due


@pytest.mark.parametrize("is_attended", [True, False])
def test_whoever_is_in_a_chat_at_the_hour_is_there(booked, laura, is_attended):
    diego = AgentFactory.create(username="diego")
    chat = start(ANA, now=at("09:50"))
    scheduling.admit(booked, ANA.key_hash)
    if is_attended:
        accept(chat, diego, at("09:51"))
    else:
        set_available(agent=laura, is_available=False, now=TEN)
        set_available(agent=diego, is_available=False, now=TEN)

    for minute in (0, 5, 11):
        clock_at(TEN + timedelta(minutes=minute), laura, diego)

    assert state_of(booked) == ("attended" if is_attended else "booked")
    assert fresh(chat).appointment == booked
    assert ChatSession.objects.count() == 1


def test_a_strangers_chat_is_nobodys_arrival(booked, laura):
    start(BETO, now=at("09:50"))
    scheduling.admit(booked, ANA.key_hash)

    clock_at(LAST + timedelta(milliseconds=1), laura)

    assert state_of(booked) == "missed"


def test_closing_time_survives_an_appointment_that_was_missed_meanwhile(booked, laura):
    """However the rows came to be: the chat of a missed appointment still waits."""
    chat = start(ANA, now=at("09:50"))
    ChatSession.objects.filter(pk=chat.pk).update(appointment=booked)
    Appointment.objects.filter(pk=booked.pk).update(state="missed")
    before = start(BETO, now=at("09:51"))

    for act in due_acts():
        act(at("14:00"))

    assert fresh(chat).is_ended
    assert fresh(before).is_ended


# --- What agents see -------------------------------------------------------------------------------------


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
