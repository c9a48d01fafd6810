"""When nobody takes a chat: an offer after three minutes, and what the customer makes of it."""

import io
import uuid

import pytest

from chat import services
from chat.files import CheckedFile
from chat.models import ChatSession
from chat.services import NotWaiting, keep_waiting, leave_as_message
from chat.services.due import offer_message
from offline_messages.models import OfflineMessage
from tests.chat.conftest import browser_of
from tests.chat.factories import (
    ANA,
    NOW,
    accept,
    attended,
    fresh,
    later,
    left_of,
    line_of,
    rules_of,
    say_as_customer,
    start,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db

LEFT = ChatSession.EndReason.LEFT_MESSAGE


@pytest.fixture
def waiting():
    return start(ANA)


def offers(session):
    return rules_of(session).count("queue.offer")


def test_a_moment_before_three_minutes_nothing_is_offered(waiting):
    offer_message(later(minutes=2, seconds=59.999))

    assert offers(waiting) == 0
    assert fresh(waiting).offered_at is None


def test_at_three_minutes_leaving_a_message_is_offered_once(waiting):
    offer_message(later(minutes=3))
    offer_message(later(minutes=4))

    assert fresh(waiting).offered_at == later(minutes=3)
    assert offers(waiting) == 1
    assert line_of(waiting, "queue.offer") == (
        "Aún no hay un agente libre. Puede seguir esperando su turno o dejar lo que escribió como mensaje."
    )


def test_who_keeps_waiting_keeps_the_place_and_is_asked_again_three_minutes_later(waiting):
    offer_message(later(minutes=3))

    row = keep_waiting(session=waiting, now=later(minutes=4))

    assert row.queued_at == NOW
    assert row.offered_at is None
    offer_message(later(minutes=6, seconds=59))
    assert offers(waiting) == 1
    offer_message(later(minutes=7))
    assert offers(waiting) == 2


def test_leaving_it_as_a_message_ends_the_chat_with_a_folio_and_all_words(waiting):
    say_as_customer(waiting, "También la serie B")

    leave_as_message(session=waiting, reason=LEFT, now=later(minutes=4))

    row = fresh(waiting)
    left = left_of(waiting)
    assert row.end_reason == LEFT
    assert left.text == "Al timbrar sale el error CFDI40138 con la serie A\nTambién la serie B"
    assert left.origin == OfflineMessage.Origin.WAITING
    assert line_of(waiting, "ended.left_message") == (
        f"Su chat quedó como mensaje con el folio {left.folio}. Le responderemos por correo a {ANA.email}."
    )


def test_files_are_named_in_the_message(waiting):
    checked = CheckedFile(
        name="error.png", content_type="image/png", size=3, sha256="0" * 64, content=io.BytesIO(b"PNG")
    )
    services.post_file(
        session=waiting, author=services.Author(), checked=checked, client_id=uuid.uuid4(), now=NOW
    )

    leave_as_message(session=waiting, reason=LEFT, now=later(minutes=4))

    assert left_of(waiting).text.splitlines()[-1] == "[Archivo: error.png]"


def test_a_chat_that_an_agent_took_meanwhile_is_not_left(waiting, laura):
    accept(waiting, laura)

    with pytest.raises(NotWaiting) as refused:
        leave_as_message(session=waiting, reason=LEFT, now=NOW)
    with pytest.raises(NotWaiting):
        keep_waiting(session=waiting, now=NOW)

    assert str(refused.value.text) == "Este chat ya no está en espera."
    assert not OfflineMessage.objects.exists()


def test_the_offer_goes_when_an_agent_comes(waiting, laura):
    offer_message(later(minutes=3))

    assert accept(waiting, laura).offered_at is None


def test_a_chat_in_progress_gets_no_offer(laura):
    session = attended(laura)

    offer_message(later(minutes=30))

    assert offers(session) == 0


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_offer_once(waiting):
    at_once([lambda: offer_message(later(minutes=3))] * 3)

    assert offers(waiting) == 1


@pytest.mark.django_db(transaction=True)
def test_an_agent_and_the_leaving_customer_at_once_agree_on_one_outcome(waiting, laura):
    results = at_once(
        [
            lambda: accept(waiting, laura),
            lambda: leave_as_message(session=waiting, reason=LEFT, now=NOW),
        ]
    )

    row = fresh(waiting)
    assert len([result for result in results if isinstance(result, Exception)]) == 1
    assert OfflineMessage.objects.count() == (1 if row.is_ended else 0)
    assert ("agent.welcome" in rules_of(row)) == row.is_active


def test_whoever_reads_without_scripts_is_led_to_the_choice(waiting, clock):
    clock.move_to(later(minutes=3))
    address = f"/chat/conversacion/?estado=waiting-{waiting.pk}"
    assert "Elegir qué hacer" not in browser_of(ANA).get(address).content.decode()

    offer_message(later(minutes=3))

    assert "Elegir qué hacer" in browser_of(ANA).get(address).content.decode()
