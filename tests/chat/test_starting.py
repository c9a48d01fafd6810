"""Starting a chat keeps the first message, once."""

import uuid

import pytest

from chat.models import ChatSession, Message, Visitor
from chat.services import SupportClosed, TooManyChats
from tests.chat.factories import (
    ANA,
    BETO,
    FIRST_WORDS,
    NOW,
    at,
    end,
    fresh,
    later,
    start,
    texts_of,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def test_the_text_typed_first_is_the_first_message_of_the_chat():
    session = start(ANA)

    [line] = session.messages.all()
    assert (line.number, line.author, line.text) == (1, Message.Author.CUSTOMER, FIRST_WORDS)
    assert line.created_at == NOW
    assert session.last_number == 1


def test_a_new_chat_waits_in_the_queue_with_what_the_customer_gave():
    session = start(ANA, page_url="https://papeleria-lopez.mx/precios")

    row = fresh(session)
    assert row.is_waiting
    assert (row.name, row.email, row.page_url) == (
        "Ana López",
        "ana@papeleria-lopez.mx",
        "https://papeleria-lopez.mx/precios",
    )
    assert row.queued_at == row.created_at == NOW
    assert row.folio.startswith("C-")


def test_the_visitors_key_is_stored_hashed():
    start(ANA)

    [visitor] = Visitor.objects.all()
    assert ANA.key not in visitor.key_hash
    assert visitor.key_hash == ANA.key_hash


def test_the_same_start_sent_again_is_the_same_chat():
    client_id = uuid.uuid4()

    first = start(ANA, client_id=client_id)
    again = start(ANA, client_id=client_id, now=later(seconds=5))

    assert again.pk == first.pk
    assert Message.objects.count() == 1


def test_the_same_start_sent_again_after_the_end_still_is_the_same_chat():
    client_id = uuid.uuid4()
    first = start(ANA, client_id=client_id)
    end(first)

    assert start(ANA, client_id=client_id).pk == first.pk


def test_a_form_sent_again_with_other_words_loses_none_of_them():
    """A browser's back button brings the old form, id included."""
    client_id = uuid.uuid4()
    start(ANA, client_id=client_id)

    with pytest.raises(TooManyChats):
        start(ANA, client_id=client_id, text="Otra cosa: no abre el programa")


def test_a_form_sent_again_with_other_words_after_the_end_starts_another_chat():
    client_id = uuid.uuid4()
    first = start(ANA, client_id=client_id)
    end(first)

    second = start(ANA, client_id=client_id, text="Otra cosa: no abre el programa")

    assert second.pk != first.pk
    assert texts_of(second) == ["Otra cosa: no abre el programa"]


def test_a_browser_has_one_open_chat():
    start(ANA)

    with pytest.raises(TooManyChats) as refused:
        start(ANA)

    assert refused.value.code == "chat.too-many"
    assert str(refused.value.text) == (
        "Ya tiene un chat abierto; lo que escribió está en el cuadro de mensaje."
    )


def test_another_browser_may_start_meanwhile():
    assert start(ANA).pk != start(BETO).pk


def test_starting_again_puts_the_ended_chat_away():
    first = start(ANA)
    end(first)

    second = start(ANA, now=later(minutes=1))

    assert fresh(first).put_away_at == later(minutes=1)
    assert fresh(second).put_away_at is None


@pytest.mark.parametrize("closed_at", ["08:59:59", "14:00:00", "14:59:59", "18:00:00"])
def test_out_of_hours_no_chat_starts_and_nothing_is_stored(manual_hours, closed_at):
    with pytest.raises(SupportClosed) as refused:
        start(ANA, now=at(closed_at))

    assert str(refused.value.text) == (
        "En este momento el chat está fuera de línea. Lo que escribió sigue aquí: déjelo como mensaje."
    )
    assert not ChatSession.objects.exists()
    assert not Visitor.objects.exists()


@pytest.mark.parametrize("open_at", ["09:00:00", "13:59:59", "15:00:00", "17:59:59"])
def test_a_chat_starts_in_the_first_and_the_last_second_of_the_hours(manual_hours, open_at):
    assert start(ANA, now=at(open_at)).is_waiting


def test_out_of_hours_a_start_that_was_already_stored_is_returned(manual_hours):
    client_id = uuid.uuid4()
    first = start(ANA, client_id=client_id, now=at("13:59:59"))

    assert start(ANA, client_id=client_id, now=at("14:00:01")).pk == first.pk


@pytest.mark.django_db(transaction=True)
def test_two_starts_of_one_browser_at_once_make_one_chat():
    results = at_once([lambda: start(ANA), lambda: start(ANA)])

    [session] = ChatSession.objects.all()
    assert session.pk in {result.pk for result in results if isinstance(result, ChatSession)}
    assert [type(result) for result in results if isinstance(result, Exception)] == [TooManyChats]


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twice_at_once_makes_one_chat_and_both_see_it():
    client_id = uuid.uuid4()

    results = at_once([lambda: start(ANA, client_id=client_id)] * 2)

    [session] = ChatSession.objects.all()
    assert [result.pk for result in results] == [session.pk, session.pk]
    assert session.messages.count() == 1
