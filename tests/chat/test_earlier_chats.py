"""Which earlier chats an agent sees beside a conversation."""

import pytest
from django.db import connection

from chat.models import ChatSession
from tests.chat.factories import ANA, BETO, end, fresh, start

pytestmark = pytest.mark.django_db


def identified(customer, rfc):
    """An ended chat of somebody who consulted for that RFC."""
    session = start(customer)
    ChatSession.objects.filter(pk=session.pk).update(rfc=rfc)
    return end(fresh(session))


def related(session):
    return set(ChatSession.objects.related_to(fresh(session)))


def test_chats_of_one_address_belong_together_whatever_its_case():
    first = identified(ANA, "")
    ChatSession.objects.filter(pk=first.pk).update(email=ANA.email.upper())

    assert related(identified(ANA, "")) == {first}


def test_chats_of_one_rfc_belong_together():
    first = identified(ANA, "EKU9003173C9")

    assert related(identified(BETO, "EKU9003173C9")) == {first}


def test_a_later_chat_is_not_an_earlier_one():
    first = identified(ANA, "EKU9003173C9")
    identified(ANA, "EKU9003173C9")

    assert related(first) == set()


@pytest.mark.parametrize("generic", ["XAXX010101000", "XEXX010101000"])
def test_the_generic_rfcs_are_many_people(generic):
    identified(ANA, generic)

    assert related(identified(BETO, generic)) == set()


def test_the_address_is_found_by_its_index():
    session = identified(ANA, "")

    plan = ChatSession.objects.related_to(fresh(session)).explain()

    assert "chat_email_folded" in plan or connection.vendor != "sqlite"
