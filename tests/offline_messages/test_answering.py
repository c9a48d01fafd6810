"""An answer is stored, mailed once, and given by one agent."""

import pytest
from django.db import transaction
from post_office.models import Email

from offline_messages.models import OfflineMessage, OfflineReply
from offline_messages.services import OfflineMessageAnswered, answer, mark_read, mark_unread
from tests.offline_messages.cast import MORNING, ROSA, TEXT, leave
from tests.threads import at_once

pytestmark = pytest.mark.django_db

State = OfflineMessage.State
ANSWER = "Renueve su certificado en el menú Configuración.\n\nSi sigue igual, avísenos."


@pytest.fixture
def message():
    left = leave()
    Email.objects.all().delete()
    return left


def state_of(message):
    return OfflineMessage.objects.get(pk=message.pk).state


def send(message, author, text=ANSWER):
    return answer(message=message, author=author, text=text, now=MORNING)


def test_an_answer_is_stored_with_its_author(message, luis):
    reply = send(message, luis)

    assert (reply.message, reply.author, reply.text, reply.created_at) == (message, luis, ANSWER, MORNING)
    assert message.state == state_of(message) == State.ANSWERED


def test_the_customer_gets_the_answer_with_the_folio_and_the_own_words(message, luis):
    send(message, luis)

    mail = Email.objects.get()
    assert mail.to == [ROSA["email"]]
    assert mail.subject == f"Respuesta a su mensaje {message.folio}"
    assert "Buen día, Rosa Medina:" in mail.message
    assert ANSWER in mail.message
    assert "\nLuis Campos\n" in mail.message
    assert (
        f"Usted escribió el martes 24 de noviembre a las 20:15 (folio {message.folio}):\n\n> {TEXT}"
        in mail.message
    )
    assert "Renueve su certificado" in mail.html_message


def test_the_answer_runs_nothing_of_what_was_typed(message, luis):
    text = "Escriba {{ rfc }} y {% load x %} <así>\r\nBcc: bruno@gil-asociados.mx"

    send(message, luis, text)

    mail = Email.objects.get()
    assert text in mail.message
    assert "&lt;así&gt;" in mail.html_message
    assert (mail.to, mail.cc, mail.bcc) == ([ROSA["email"]], [], [])


def test_answer_and_mail_stand_or_fall_together(message, luis):
    with transaction.atomic():
        send(message, luis)
        transaction.set_rollback(True)

    assert state_of(message) == State.NEW
    assert not Email.objects.exists()


def test_only_one_agent_answers(message, luis, carmen):
    seen_by_carmen = OfflineMessage.objects.get(pk=message.pk)
    send(message, luis)

    with pytest.raises(OfflineMessageAnswered) as refused:
        send(seen_by_carmen, carmen, "Reinicie el equipo.")

    assert refused.value.code == "offline_message.answered"
    assert str(refused.value.text) == (
        "Este mensaje ya fue contestado y su respuesta no se envió. Lea la que recibió el cliente; "
        "si hace falta otra, marque el mensaje como por contestar."
    )
    assert OfflineReply.objects.count() == Email.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_agents_who_answer_at_once_one_is_told(message, luis, carmen):
    outcomes = at_once([lambda: outcome_of(message.pk, luis), lambda: outcome_of(message.pk, carmen)])

    assert sorted(outcomes) == ["offline_message.answered", "sent"]
    assert OfflineReply.objects.count() == Email.objects.count() == 1


def outcome_of(pk, author) -> str:
    try:
        send(OfflineMessage.objects.get(pk=pk), author, f"Le contesta {author}.")
    except OfflineMessageAnswered as refused:
        return refused.code
    return "sent"


def test_the_same_answer_sent_twice_is_mailed_once(message, luis):
    assert send(message, luis) == send(message, luis)
    assert Email.objects.count() == 1


def test_the_same_words_of_another_agent_are_another_answer(message, luis, carmen):
    send(message, luis)

    with pytest.raises(OfflineMessageAnswered):
        send(message, carmen)


def test_a_message_put_back_can_be_answered_again(message, luis, carmen):
    send(message, luis)
    mark_unread(message)

    send(message, carmen, "Ya quedó corregido.")

    assert [reply.author for reply in message.replies.all()] == [luis, carmen]
    assert Email.objects.count() == 2


def test_opening_a_new_message_marks_it_read(message):
    mark_read(message)

    assert message.state == state_of(message) == State.READ


def test_opening_an_answered_message_leaves_it_answered(message, luis):
    send(message, luis)

    mark_read(message)

    assert message.state == state_of(message) == State.ANSWERED


def test_a_message_can_be_left_for_later(message):
    mark_read(message)

    mark_unread(message)

    assert message.state == state_of(message) == State.NEW
