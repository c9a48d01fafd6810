"""Ending a chat, and what its customer may do afterwards: rate it, have it mailed, put it away."""

import pytest
from post_office.models import Email

from chat.access import chat_of
from chat.models import ChatSession
from chat.services import NotEnded, NotYourChat, end_chat, put_away, rate, send_transcript
from tests.chat.factories import (
    ANA,
    BETO,
    NOW,
    attended,
    conversing,
    end,
    fresh,
    later,
    line_of,
    note,
    rules_of,
    say_as_agent,
    say_as_customer,
    start,
)

pytestmark = pytest.mark.django_db

Reason = ChatSession.EndReason


def test_the_customer_ends_the_chat(laura):
    session = end_chat(session=conversing(laura), reason=Reason.CUSTOMER, now=later(minutes=1))

    row = fresh(session)
    assert (row.state, row.end_reason) == (ChatSession.State.ENDED, Reason.CUSTOMER)
    assert row.ended_at == later(minutes=1)
    assert line_of(session, "ended.customer") == (
        "Ana López finalizó el chat. Gracias por comunicarse con Facturando."
    )


def test_the_customer_may_end_a_chat_that_waits():
    assert end(start(ANA)).is_ended


def test_the_agent_ends_the_chat(laura):
    session = conversing(laura)

    end_chat(session=session, reason=Reason.AGENT, now=NOW, agent=laura)

    assert fresh(session).end_reason == Reason.AGENT
    assert line_of(session, "ended.agent") == (
        "Laura Méndez finalizó el chat. Gracias por comunicarse con Facturando."
    )


def test_another_agent_does_not_end_it(laura, diego):
    session = conversing(laura)

    with pytest.raises(NotYourChat):
        end_chat(session=session, reason=Reason.AGENT, now=NOW, agent=diego)

    assert fresh(session).is_active


def test_ending_twice_keeps_the_first_reason_and_says_it_once(laura):
    session = conversing(laura)
    end(session)

    end_chat(session=session, reason=Reason.AGENT, now=later(minutes=1), agent=laura)

    assert fresh(session).end_reason == Reason.CUSTOMER
    assert [rule for rule in rules_of(session) if rule.startswith("ended.")] == ["ended.customer"]


def test_an_ended_chat_still_says_who_attended(laura):
    assert fresh(end(conversing(laura))).agent == laura


def test_an_open_chat_is_neither_mailed_nor_put_away(laura):
    session = conversing(laura)

    with pytest.raises(NotEnded) as refused:
        send_transcript(session=session)
    with pytest.raises(NotEnded):
        put_away(session=session, now=NOW)

    assert str(refused.value.text) == "El chat sigue abierto: primero finalícelo."
    assert not Email.objects.exists()


def test_an_open_chat_is_not_rated(laura):
    with pytest.raises(NotEnded):
        rate(session=conversing(laura), rating="good", comment="")


def test_the_last_rating_counts(laura):
    session = end(conversing(laura))

    rate(session=session, rating="bad", comment="Tardó")
    rate(session=session, rating="good", comment="Se resolvió")

    row = fresh(session)
    assert (row.rating, row.rating_comment) == ("good", "Se resolvió")


def test_the_mailed_conversation_is_what_the_customer_saw(laura):
    session = conversing(laura)
    say_as_agent(session, laura, "Actualice a la 5.3 <b>ya</b>", now=later(minutes=1))
    note(session, laura, "Cliente molesto")
    say_as_customer(session, "Listo & gracias", now=later(minutes=2))
    end(session)

    send_transcript(session=fresh(session))

    [mail] = Email.objects.all()
    assert mail.to == [ANA.email]
    assert mail.subject == f"Su conversación con Facturando, folio {session.folio}"
    assert "RFC: EKU9003173C9" in mail.message
    assert "[24/11/2026 10:01] Laura Méndez: Actualice a la 5.3 <b>ya</b>" in mail.message
    assert "[24/11/2026 10:02] Ana López: Listo & gracias" in mail.message
    assert "Sistema: Ana López finalizó el chat." in mail.message
    assert "molesto" not in mail.message + mail.html_message


def test_what_looks_like_a_template_is_mailed_as_it_was_typed():
    session = end(start(ANA, text="{{ session.visitor.key_hash }} {% now 'Y' %}"))

    send_transcript(session=fresh(session))

    assert "{{ session.visitor.key_hash }} {% now 'Y' %}" in Email.objects.get().message


def test_an_ended_chat_is_shown_until_it_is_put_away(laura):
    session = end(attended(laura))
    assert chat_of(ANA.key, NOW) == session

    put_away(session=session, now=later(minutes=1))

    assert chat_of(ANA.key, later(minutes=1)) is None


def test_an_ended_chat_is_shown_for_an_hour_and_then_the_next_one_may_begin(laura):
    session = end(attended(laura))

    assert chat_of(ANA.key, later(seconds=3599)) == session
    assert chat_of(ANA.key, later(seconds=3600)) is None


def test_a_chat_that_goes_on_is_shown_however_long_it_lasts():
    session = start(ANA)

    assert chat_of(ANA.key, later(days=60)) == session


def test_putting_away_twice_keeps_the_first_instant():
    session = end(start(ANA))

    put_away(session=session, now=later(minutes=1))
    put_away(session=session, now=later(minutes=2))

    assert fresh(session).put_away_at == later(minutes=1)


def test_putting_away_leaves_the_strangers_chat_alone():
    of_beto = end(start(BETO))

    put_away(session=end(start(ANA)), now=NOW)

    assert chat_of(BETO.key, NOW) == of_beto
