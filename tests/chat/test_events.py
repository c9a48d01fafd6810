"""What browsers are told: exact frames, to whom, and only what is committed."""

import dataclasses
import uuid
from typing import Any

import pytest
from django.db import transaction

from chat import events, services
from chat.events import AGENTS_GROUP, QUEUE_GROUP, agent_group, customer_group, staff_group
from chat.models import Attachment
from chat.scanning import Finding
from chat.services.scans import settle
from tests.chat.factories import (
    ANA,
    BETO,
    FIRST_WORDS,
    NOW,
    accept,
    attended,
    conversing,
    end,
    note,
    say_as_agent,
    say_as_customer,
    start,
)
from tests.chat.test_sending_files import PNG, checked

FRAMES: dict[Any, dict[str, Any]] = {
    events.MessageCreated: {
        "session": 7,
        "number": 3,
        "staff_number": 4,
        "client_id": "5f0f8a3c-1d5c-4c57-9c39-0a3b6f0d7a11",
        "author": "agent",
        "author_name": "Laura Méndez",
        "text": "Hola",
        "rule": "",
        "created_at": "2026-11-24T16:00:00.000Z",
        "attachment": None,
    },
    events.AttachmentScanned: {
        "session": 7,
        "attachment": {
            "id": "5f0f8a3c1d5c4c579c390a3b6f0d7a11",
            "name": "captura.png",
            "content_type": "image/png",
            "size": 2048,
            "scan": "clean",
        },
    },
    events.MarksMoved: {"session": 7, "side": "agent", "delivered": 3, "read": 2},
    events.TypingChanged: {"session": 7, "side": "agent", "is_typing": True},
    events.SessionChanged: {
        "session": 7,
        "folio": "C-7K3Q9X",
        "state": "active",
        "agent": 2,
        "is_identified": False,
        "is_offered": False,
        "offered_hours": [],
        "ends_at": None,
    },
    events.ListsChanged: {"waiting": 2, "digest": 123_456},
    events.QueueChanged: {"waiting": [7, 9]},
    events.QueueMoved: {"place": 2},
    events.OfflineMessagesChanged: {"waiting": 3},
    events.AgendaChanged: {"newest": 5},
    events.AccessChanged: {"agent": 2},
}
TYPES = {
    events.MessageCreated: "message.created",
    events.AttachmentScanned: "attachment.scanned",
    events.MarksMoved: "marks.moved",
    events.TypingChanged: "typing.changed",
    events.SessionChanged: "session.changed",
    events.ListsChanged: "lists.changed",
    events.QueueChanged: "queue.changed",
    events.QueueMoved: "queue.moved",
    events.OfflineMessagesChanged: "offline-messages.changed",
    events.AgendaChanged: "agenda.changed",
    events.AccessChanged: "access.changed",
}


def test_every_event_has_its_frame_here():
    assert set(FRAMES) == set(events.Event.__subclasses__())


@pytest.mark.parametrize("event", FRAMES, ids=lambda event: event.type)
def test_a_frame_is_its_type_and_its_fields(event):
    assert event(**FRAMES[event]).frame() == {"type": TYPES[event], **FRAMES[event]}


@pytest.mark.parametrize("event", FRAMES, ids=lambda event: event.type)
def test_an_event_refuses_fields_that_it_does_not_know_and_misses_those_it_has(event):
    fields = FRAMES[event]
    with pytest.raises(TypeError, match="unexpected keyword"):
        event(**fields, note="secret")
    with pytest.raises(TypeError, match="missing"):
        event(**dict(list(fields.items())[1:]))


@pytest.mark.parametrize("event", FRAMES, ids=lambda event: event.type)
def test_an_event_does_not_change_once_it_is_made(event):
    with pytest.raises(dataclasses.FrozenInstanceError):
        event(**FRAMES[event]).session = 8


def test_instants_are_in_utc_to_the_millisecond():
    assert events.instant(NOW) == "2026-11-24T16:00:00.000Z"


# --- Lines ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_line_is_told_to_both_sides_and_only_staff_learn_its_staff_number(
    ear, laura, django_capture_on_commit_callbacks
):
    session = conversing(laura)
    note(session, laura)
    of_customer, of_staff = ear(customer_group(session.pk)), ear(staff_group(session.pk))

    with django_capture_on_commit_callbacks(execute=True):
        line = say_as_agent(session, laura, "Reinicie")

    [to_customer] = of_customer.frames("message.created")
    [to_staff] = of_staff.frames("message.created")
    assert to_staff == {
        "type": "message.created",
        "session": session.pk,
        "number": line.number,
        "staff_number": line.staff_number,
        "client_id": str(line.client_id),
        "author": "agent",
        "author_name": "Laura Méndez",
        "text": "Reinicie",
        "rule": "",
        "created_at": "2026-11-24T16:00:00.000Z",
        "attachment": None,
    }
    assert to_customer == to_staff | {"staff_number": None}
    # The note before it counts for staff alone.
    assert to_staff["staff_number"] == to_staff["number"] + 1


@pytest.mark.django_db
def test_a_note_is_told_to_staff_alone(ear, laura, django_capture_on_commit_callbacks):
    session = conversing(laura)
    of_customer, of_staff = ear(customer_group(session.pk)), ear(staff_group(session.pk))

    with django_capture_on_commit_callbacks(execute=True):
        note(session, laura, "Cliente molesto")

    [frame] = of_staff.frames()
    assert (frame["number"], frame["text"]) == (None, "Cliente molesto")
    assert of_customer.frames() == []


@pytest.mark.django_db
def test_a_file_is_told_by_its_name_type_and_size(ear, django_capture_on_commit_callbacks):
    session = start(ANA)
    of_staff = ear(staff_group(session.pk))

    with django_capture_on_commit_callbacks(execute=True):
        line = services.post_file(
            session=session,
            author=services.Author(),
            checked=checked("pantalla.png", PNG),
            client_id=uuid.uuid4(),
            now=NOW,
        )

    [frame] = of_staff.frames("message.created")
    assert frame["attachment"] == {
        "id": line.attachment.public_id.hex,
        "name": "pantalla.png",
        "content_type": "image/png",
        "size": len(PNG),
        "scan": "off",
    }


@pytest.mark.django_db
def test_a_verdict_on_a_file_is_told_to_both_sides_before_the_line_that_says_so(
    ear, django_capture_on_commit_callbacks
):
    session = start(ANA)
    waiting = dataclasses.replace(checked("pantalla.png", PNG), finding=Finding(Attachment.Scan.WAITING))
    line = services.post_file(
        session=session, author=services.Author(), checked=waiting, client_id=uuid.uuid4(), now=NOW
    )
    sides = ear(customer_group(session.pk)), ear(staff_group(session.pk))

    with django_capture_on_commit_callbacks(execute=True):
        settle(attachment=line.attachment, finding=Finding(Attachment.Scan.CLEAN), now=NOW)

    for side in sides:
        verdict, said = side.frames()
        assert verdict == {
            "type": "attachment.scanned",
            "session": session.pk,
            "attachment": {
                "id": line.attachment.public_id.hex,
                "name": "pantalla.png",
                "content_type": "image/png",
                "size": len(PNG),
                "scan": "clean",
            },
        }
        assert said["rule"] == "file.clean"


@pytest.mark.django_db
def test_nothing_of_one_chat_is_told_in_another(ear, django_capture_on_commit_callbacks):
    of_beto = start(BETO)
    elsewhere = [ear(customer_group(of_beto.pk)), ear(staff_group(of_beto.pk))]

    with django_capture_on_commit_callbacks(execute=True):
        say_as_customer(start(ANA))

    assert [ear.frames() for ear in elsewhere] == [[], []]


# --- The state and the queue ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_chat_that_moved_is_told_to_its_customer_and_once_to_every_console(
    ear, laura, django_capture_on_commit_callbacks
):
    session = start(ANA)
    told = ear(customer_group(session.pk)), ear(AGENTS_GROUP)
    # Of these every console is one of all: it would hear it again.
    others = ear(staff_group(session.pk)), ear(agent_group(laura.pk))

    with django_capture_on_commit_callbacks(execute=True):
        accept(session, laura)

    moved = {
        "type": "session.changed",
        "session": session.pk,
        "folio": session.folio,
        "state": "active",
        "agent": laura.pk,
        "is_identified": False,
        "is_offered": False,
        "offered_hours": [],
        "ends_at": None,
    }
    assert [ear.frames("session.changed") for ear in told] == [[moved]] * 2
    assert [ear.frames("session.changed") for ear in others] == [[]] * 2


@pytest.mark.django_db
def test_the_queue_is_told_head_first_and_to_waiting_customers_alone(
    ear, laura, django_capture_on_commit_callbacks
):
    of_queue, of_console = ear(QUEUE_GROUP), ear(AGENTS_GROUP)

    with django_capture_on_commit_callbacks(execute=True):
        of_ana, of_beto = start(ANA), start(BETO)

    assert of_queue.frames("queue.changed")[-1] == {
        "type": "queue.changed",
        "waiting": [of_ana.pk, of_beto.pk],
    }
    assert [(frame["type"], frame["session"]) for frame in of_console.frames()] == [
        ("session.changed", of_ana.pk),
        ("session.changed", of_beto.pk),
    ]


@pytest.mark.django_db
def test_consoles_are_told_their_lists_in_few_bytes(laura, diego):
    of_ana = start(ANA)
    accept(start(BETO), laura)

    assert events.lists_changed(diego).waiting == 1
    assert events.lists_changed(diego).digest == events.digest_of_lists([of_ana.pk], [])
    assert events.lists_changed(laura).digest != events.lists_changed(diego).digest


def test_other_lists_have_another_digest():
    lists = [([], []), ([7], []), ([], [7]), ([9, 7], []), ([7, 9], []), ([7], [9]), ([], [7, 9])]
    digests = {events.digest_of_lists(waiting, own) for waiting, own in lists}

    assert len(digests) == len(lists)
    assert events.digest_of_lists([7], [4, 9]) == events.digest_of_lists([7], [9, 4])


def test_the_digest_is_the_one_that_consoles_count():
    # (7 · 1,000,003 + 9) mod 2,147,483,647, and so on, over 7, 9, 0, 3, 5.
    assert events.digest_of_lists([7, 9], [5, 3]) == 1_353_671_032


@pytest.mark.django_db
@pytest.mark.parametrize("leaves_by", ["its end", "an agent"])
def test_the_queue_is_told_when_somebody_leaves_it(ear, diego, django_capture_on_commit_callbacks, leaves_by):
    of_ana, of_beto = start(ANA), start(BETO)
    of_queue = ear(QUEUE_GROUP)

    with django_capture_on_commit_callbacks(execute=True):
        end(of_ana) if leaves_by == "its end" else accept(of_ana, diego)

    assert of_queue.frames("queue.changed")[-1]["waiting"] == [of_beto.pk]


@pytest.mark.django_db
def test_an_agents_changed_rights_are_told_to_that_agent_alone(
    ear, laura, diego, django_capture_on_commit_callbacks
):
    of_laura, of_diego = ear(agent_group(laura.pk)), ear(agent_group(diego.pk))

    with django_capture_on_commit_callbacks(execute=True):
        services.set_available(agent=laura, is_available=False, now=NOW)

    assert of_laura.frames() == [{"type": "access.changed", "agent": laura.pk}]
    assert of_diego.frames() == []


# --- Only what is committed -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_nothing_is_told_before_the_commit(ear):
    session = start(ANA)
    of_staff = ear(staff_group(session.pk))

    with transaction.atomic():
        say_as_customer(session)
        assert of_staff.frames() == []

    assert [frame["type"] for frame in of_staff.frames()] == ["message.created"]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_never_told(ear):
    session = start(ANA)
    of_staff = ear(staff_group(session.pk))

    def fail():
        with transaction.atomic():
            say_as_customer(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert of_staff.frames() == []
    assert session.messages.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_refused_line_is_never_told(ear, laura):
    session = attended(laura)
    of_staff = ear(staff_group(session.pk))

    with pytest.raises(services.IdentificationPending):
        say_as_customer(session)

    assert of_staff.frames() == []


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_stays_when_the_layer_is_down(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "tests.chat.layers.BrokenLayer"}}

    session = start(ANA)

    assert session.messages.get().text == FIRST_WORDS


@pytest.mark.django_db(transaction=True)
def test_a_layer_that_hangs_keeps_no_sender_waiting(settings, monkeypatch):
    monkeypatch.setattr(events, "NEWS_SECONDS", 0.01)
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "tests.chat.layers.HangingLayer"}}

    session = start(ANA)

    assert session.messages.get().text == FIRST_WORDS
