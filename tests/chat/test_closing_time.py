"""At closing time the chats still waiting become messages; those in progress may finish."""

import uuid

import pytest
from post_office.models import Email

from chat.models import ChatSession
from chat.services import due_acts, give_sign_of_life
from chat.services.due import turn_waiting_into_messages
from offline_messages.models import OfflineMessage
from offline_messages.services import leave_message
from tests.chat.factories import (
    ANA,
    BETO,
    AgentFactory,
    at,
    attended,
    fresh,
    left_of,
    line_of,
    note,
    rules_of,
    say_as_agent,
    say_as_customer,
    start,
)
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]


@pytest.fixture
def waiting():
    """Ana waits since a quarter to two and has written twice."""
    session = start(ANA, now=at("13:45:00"))
    say_as_customer(session, "También la serie B", now=at("13:46:00"))
    return session


def test_one_second_before_two_a_waiting_chat_goes_on_waiting(waiting):
    turn_waiting_into_messages(at("13:59:59.999"))

    assert fresh(waiting).is_waiting


def test_at_two_a_waiting_chat_becomes_a_message(waiting):
    turn_waiting_into_messages(at("14:00:00"))

    row = fresh(waiting)
    assert (row.state, row.end_reason) == (ChatSession.State.ENDED, ChatSession.EndReason.CLOSING)
    left = left_of(waiting)
    assert (left.name, left.email) == (ANA.name, ANA.email)
    assert left.origin == OfflineMessage.Origin.CLOSING
    assert left.state == OfflineMessage.State.NEW
    assert left.created_at == at("14:00:00")


def test_the_message_holds_all_that_the_customer_wrote_and_nothing_else(laura):
    session = start(ANA, text="Ayuda", now=at("13:45:00"))
    say_as_customer(session, "Sale al timbrar:\nCFDI40138", now=at("13:46:00"))

    turn_waiting_into_messages(at("14:00:00"))

    assert left_of(session).text == "Ayuda\nSale al timbrar:\nCFDI40138"


def test_the_customer_is_told_the_rule_the_next_opening_and_the_folio(waiting):
    turn_waiting_into_messages(at("14:00:00"))

    folio = left_of(waiting).folio
    assert line_of(waiting, "ended.closing") == (
        "Terminó el horario de atención y ningún agente pudo tomar su chat. "
        "Volvemos el martes 24 de noviembre a las 15:00. "
        f"Su chat quedó como mensaje con el folio {folio}. Le responderemos por correo a {ANA.email}."
    )


def test_at_six_the_next_opening_is_tomorrow(laura):
    session = start(ANA, now=at("17:50:00"))

    turn_waiting_into_messages(at("18:00:00"))

    assert "Volvemos el miércoles 25 de noviembre a las 09:00." in line_of(session, "ended.closing")


def test_before_a_long_weekend_the_next_opening_is_the_day_after_the_holiday(laura):
    """15 November 2026 is a Sunday, and Monday the 16th the day of the Revolution."""
    session = start(ANA, now=at("17:50:00", "2026-11-13"))

    turn_waiting_into_messages(at("18:00:00", "2026-11-13"))

    assert "Volvemos el martes 17 de noviembre a las 09:00." in line_of(session, "ended.closing")


def test_on_a_holiday_the_middle_of_the_morning_is_closing_time_as_well(laura):
    session = start(ANA, now=at("17:59:59", "2026-11-13"))

    turn_waiting_into_messages(at("10:00:00", "2026-11-16"))

    assert fresh(session).end_reason == ChatSession.EndReason.CLOSING


def test_a_copy_is_mailed_once_with_the_folio(waiting):
    turn_waiting_into_messages(at("14:00:00"))
    turn_waiting_into_messages(at("14:00:01"))

    [mail] = Email.objects.all()
    assert mail.to == [ANA.email]
    assert left_of(waiting).folio in mail.subject
    assert "También la serie B" in mail.message


def test_a_chat_in_progress_goes_on_after_closing_time(laura):
    session = attended(laura, now=at("13:58:00"))
    give_sign_of_life(agent=laura, now=at("13:59:50"))
    for act in due_acts():
        act(at("14:00:00"))

    give_sign_of_life(agent=laura, now=at("14:04:00"))
    say_as_agent(session, laura, "Ya casi terminamos", now=at("14:04:00"))
    for act in due_acts():
        act(at("14:04:30"))

    assert fresh(session).is_active
    assert not OfflineMessage.objects.exists()


def test_a_chat_given_back_after_closing_time_becomes_a_message_with_all_words_and_no_note(laura):
    session = attended(laura, now=at("13:58:00"))
    note(session, laura, "Cliente molesto", now=at("13:59:00"))
    give_sign_of_life(agent=laura, now=at("13:59:00"))

    for act in due_acts():
        act(at("14:01:00"))

    row = fresh(session)
    assert row.end_reason == ChatSession.EndReason.CLOSING
    assert rules_of(session)[-2:] == ["agent.vanished", "ended.closing"]
    assert "molesto" not in left_of(session).text


def test_at_closing_time_nobody_is_assigned_a_chat_that_is_being_closed(waiting, settings):
    settings.CHAT_AUTO_ASSIGN = True
    AgentFactory.create(last_seen_at=at("13:59:59"))

    for act in due_acts():
        act(at("14:00:00"))

    assert fresh(waiting).end_reason == ChatSession.EndReason.CLOSING


def test_during_the_hours_waiting_chats_are_assigned_when_the_setting_says_so(waiting, settings):
    settings.CHAT_AUTO_ASSIGN = True
    agent = AgentFactory.create(last_seen_at=at("13:59:58"))

    for act in due_acts():
        act(at("13:59:59"))

    assert fresh(waiting).agent == agent


def test_without_the_setting_agents_choose_their_chats(waiting):
    AgentFactory.create(last_seen_at=at("13:59:58"))

    for act in due_acts():
        act(at("13:59:59"))

    assert fresh(waiting).is_waiting


def test_when_always_open_nothing_closes(waiting, settings):
    settings.HOURS = "open"

    turn_waiting_into_messages(at("23:59:59"))

    assert fresh(waiting).is_waiting


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_make_one_message_and_one_mail_of_each_chat(waiting):
    of_beto = start(BETO, now=at("13:50:00"))

    results = at_once([lambda: turn_waiting_into_messages(at("14:00:00"))] * 3)

    assert results == [None, None, None]
    assert OfflineMessage.objects.count() == 2
    assert Email.objects.count() == 2
    for session in (waiting, of_beto):
        assert rules_of(session).count("ended.closing") == 1


def test_one_chat_that_cannot_be_closed_keeps_no_other_waiting(waiting, monkeypatch, caplog):
    of_beto = start(BETO, now=at("13:50:00"))
    # Whatever it is: here, a message that the database refuses.
    ChatSession.objects.filter(pk=waiting.pk).update(email="no es un correo")

    turn_waiting_into_messages(at("14:00:00"))

    assert fresh(of_beto).is_ended
    assert fresh(waiting).is_waiting
    assert f"of row {waiting.pk} failed" in caplog.text


def test_a_stranger_who_takes_a_messages_id_first_changes_nothing(waiting):
    for number in range(waiting.pk, waiting.pk + 3):
        leave_message(
            name="Beto Ruiz",
            email=BETO.email,
            text="Otra cosa",
            client_id=uuid.uuid5(uuid.NAMESPACE_OID, f"chat/{number}"),
            now=at("13:50:00"),
        )

    turn_waiting_into_messages(at("14:00:00"))

    assert left_of(waiting).email == ANA.email
