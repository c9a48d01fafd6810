"""Lines of a chat are stored once, numbered without holes, and refused for a reason."""

import uuid
from functools import partial

import pytest

from chat import services
from chat.models import Message
from chat.services import ChatEnded, DraftConflict, IdentificationPending, NotYourChat
from tests.chat.factories import (
    ANA,
    BETO,
    NOW,
    accept,
    attended,
    conversing,
    end,
    fresh,
    later,
    note,
    say_as_agent,
    say_as_customer,
    start,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def numbers(session):
    return list(session.messages.for_customer().values_list("number", flat=True))


def test_a_line_sent_again_returns_the_first_row():
    session = start(ANA)
    client_id = uuid.uuid4()

    first = say_as_customer(session, "Hola de nuevo", client_id=client_id)
    again = say_as_customer(session, "Hola de nuevo", client_id=client_id, now=later(seconds=30))

    assert again.pk == first.pk
    assert again.created_at == NOW
    assert numbers(session) == [1, 2]


def test_the_same_id_with_another_text_is_refused():
    session = start(ANA)
    client_id = uuid.uuid4()
    say_as_customer(session, "Hola de nuevo", client_id=client_id)

    with pytest.raises(DraftConflict) as refused:
        say_as_customer(session, "Otra cosa", client_id=client_id)

    assert refused.value.code == "message.conflict"
    assert str(refused.value.text) == (
        "Este mensaje ya se había enviado con otro contenido. Envíelo de nuevo."
    )
    assert numbers(session) == [1, 2]


def test_the_other_sides_id_is_refused(laura):
    """Both sides see each other's ids: neither may pass for the other."""
    session = conversing(laura)
    said = say_as_agent(session, laura, "Reinicie el programa")

    with pytest.raises(DraftConflict):
        say_as_customer(session, "Reinicie el programa", client_id=said.client_id)


def test_the_same_id_in_another_chat_is_another_line(laura):
    client_id = uuid.uuid4()

    of_ana = say_as_customer(start(ANA), "Hola", client_id=client_id)
    of_beto = say_as_customer(start(BETO), "Hola", client_id=client_id)

    assert of_ana.pk != of_beto.pk


def test_a_chat_that_ended_refuses_messages(laura):
    session = end(conversing(laura))

    with pytest.raises(ChatEnded) as refused:
        say_as_customer(session)

    assert refused.value.code == "chat.ended"
    assert str(refused.value.text) == (
        "Este chat ya finalizó. Lo que escribió sigue aquí: puede iniciar otro chat o dejarlo como mensaje."
    )
    with pytest.raises(ChatEnded):
        say_as_agent(session, laura)


def test_a_line_stored_before_the_end_may_be_sent_again_after_it(laura):
    session = conversing(laura)
    client_id = uuid.uuid4()
    first = say_as_customer(session, "Gracias", client_id=client_id)
    end(session)

    assert say_as_customer(session, "Gracias", client_id=client_id).pk == first.pk


def test_an_agent_writes_only_in_chats_of_their_own(laura, diego):
    session = conversing(laura)

    with pytest.raises(NotYourChat) as refused:
        say_as_agent(session, diego)

    assert str(refused.value.text) == "Este chat no está asignado a usted."


def test_an_agent_does_not_write_in_a_chat_that_waits(laura):
    with pytest.raises(NotYourChat):
        say_as_agent(start(ANA), laura)


def test_while_waiting_the_customer_goes_on_writing():
    session = start(ANA)

    say_as_customer(session, "También la serie B")

    assert numbers(session) == [1, 2]


def test_until_identified_the_customer_is_asked_to_identify_and_keeps_the_text(laura):
    session = attended(laura)

    with pytest.raises(IdentificationPending) as refused:
        say_as_customer(session)

    assert refused.value.code == "chat.identification-pending"
    assert str(refused.value.text) == (
        "Primero identifíquese, por favor. Su mensaje se conserva y podrá enviarlo después."
    )
    assert not session.messages.filter(text="Es la versión 5.2").exists()


def test_what_was_sent_while_waiting_may_be_sent_again_while_identification_is_due(laura):
    session = start(ANA)
    client_id = uuid.uuid4()
    first = say_as_customer(session, "También la serie B", client_id=client_id)
    accept(session, laura)

    assert say_as_customer(session, "También la serie B", client_id=client_id).pk == first.pk


def test_the_agent_writes_while_identification_is_due(laura):
    session = attended(laura)

    assert say_as_agent(session, laura, "¿Me da su RFC?").author == Message.Author.AGENT


def test_notes_leave_no_hole_in_the_customers_numbers_and_never_reach_them(laura):
    session = conversing(laura)
    before = fresh(session).last_number
    say_as_agent(session, laura, "Uno")
    secret = note(session, laura, "Ya llamó ayer")
    say_as_customer(session, "Dos")

    seen = list(session.messages.for_customer())
    assert [line.number for line in seen] == list(range(1, before + 3))
    assert secret not in seen
    assert [line.text for line in seen[-2:]] == ["Uno", "Dos"]


def test_staff_read_notes_in_their_place_without_holes(laura):
    session = conversing(laura)
    say_as_agent(session, laura, "Uno")
    note(session, laura, "Ya llamó ayer")
    say_as_customer(session, "Dos")

    lines = list(session.messages.for_staff())
    assert [line.staff_number for line in lines] == list(range(1, len(lines) + 1))
    assert [line.text for line in lines[-3:]] == ["Uno", "Ya llamó ayer", "Dos"]


def test_a_note_may_follow_the_end(laura):
    session = end(conversing(laura))

    assert note(session, laura, "Volverá mañana").is_note
    assert fresh(session).is_ended


def test_only_the_chats_agent_writes_notes(laura, diego):
    with pytest.raises(NotYourChat):
        note(conversing(laura), diego)


def test_a_note_sent_again_returns_the_first_row(laura):
    session = conversing(laura)
    first = note(session, laura)

    again = services.post_note(
        session=session,
        agent=laura,
        draft=services.Draft(text=first.text, client_id=first.client_id),
        now=later(seconds=3),
    )

    assert again.pk == first.pk


def test_a_note_never_passes_for_the_message_it_was_not(laura):
    """Acknowledging one for the other, the agent would believe that the customer has read it."""
    session = conversing(laura)
    secret = note(session, laura, "Reinicie el programa")

    with pytest.raises(DraftConflict):
        say_as_agent(session, laura, "Reinicie el programa", client_id=secret.client_id)


def test_a_message_never_passes_for_a_note(laura):
    session = conversing(laura)
    said = say_as_agent(session, laura, "Reinicie el programa")

    with pytest.raises(DraftConflict):
        services.post_note(
            session=session,
            agent=laura,
            draft=services.Draft(text=said.text, client_id=said.client_id),
            now=NOW,
        )


@pytest.mark.django_db(transaction=True)
def test_eight_threads_number_their_lines_without_holes(laura):
    session = conversing(laura)
    before = fresh(session).last_number

    def talk(thread):
        for turn in range(4):
            if thread % 2:
                say_as_agent(session, laura, f"{thread}.{turn}")
            else:
                say_as_customer(session, f"{thread}.{turn}")
        note(session, laura, f"{thread}")

    results = at_once([partial(talk, thread) for thread in range(8)])

    assert [result for result in results if isinstance(result, Exception)] == []
    row = fresh(session)
    assert numbers(row) == list(range(1, before + 33))
    assert row.last_number == before + 32
    staff = list(row.messages.for_staff().values_list("staff_number", flat=True))
    assert staff == list(range(1, before + 41))
    assert row.last_staff_number == before + 40


@pytest.mark.django_db(transaction=True)
def test_one_line_sent_by_eight_threads_is_stored_once(laura):
    session = conversing(laura)
    client_id = uuid.uuid4()

    results = at_once([lambda: say_as_customer(session, "¿Sigue ahí?", client_id=client_id)] * 8)

    assert len({result.pk for result in results}) == 1
    assert session.messages.filter(text="¿Sigue ahí?").count() == 1
