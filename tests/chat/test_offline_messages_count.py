"""The consoles' count of offline messages follows what is left and answered, wherever that happens."""

import uuid

import pytest
from django.core.cache import cache

from chat import events
from chat.services.due import tell_offline_messages
from offline_messages.services import answer, leave_message
from tests.chat.factories import ANA, NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _forget():
    cache.clear()


def leave():
    return leave_message(
        name=ANA.name, email=ANA.email, text="No puedo timbrar", client_id=uuid.uuid4(), now=NOW
    )


def test_consoles_are_told_of_a_message_and_of_its_answer_once_each(ear, laura):
    agents = ear(events.AGENTS_GROUP)
    tell_offline_messages(NOW)
    left = leave()
    for _round in range(3):
        tell_offline_messages(NOW)
    answer(message=left, author=laura, text="Reinstale el certificado", now=NOW)
    for _round in range(3):
        tell_offline_messages(NOW)

    told = [frame["waiting"] for frame in agents.frames("offline-messages.changed")]
    assert told == [0, 1, 0]
