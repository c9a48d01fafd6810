"""Frames that no page of ours sends bring an error, and the socket lives on."""

import json
import uuid

import pytest

from chat.consumers.base import FRAMES_PER_SECOND, MAX_FRAME_CHARS
from tests.chat.factories import ANA, start
from tests.chat.sockets import customer_socket, do

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]

ID = str(uuid.uuid4())


def message(**changes):
    return {"type": "message.send", "text": "Hola", "client_id": ID} | changes


MALFORMED = {
    "no JSON": "hola",
    "cut": '{"type":"message.send"',
    "an array": '["message.send"]',
    "a text": '"message.send"',
    "null": "null",
    "NaN": '{"type":"marks.move","delivered":NaN,"read":0}',
    "infinity": '{"type":"marks.move","delivered":Infinity,"read":0}',
    "a lone surrogate": json.dumps(message(text="\ud800")),
    "a lone surrogate as a key": '{"type":"message.send","\\udfff":1}',
    "NUL": json.dumps(message(text="a\0b")),
    "deep": '{"type":"x","a":' + "[" * 50 + "]" * 50 + "}",
    "bottomless": "[" * (MAX_FRAME_CHARS - 1),
    "big": json.dumps(message(text="x" * MAX_FRAME_CHARS)),
    "a number of ten thousand digits": '{"type":"chat.follow","after":%s}' % ("9" * 10_000),
}
UNKNOWN = {
    "no type": {},
    "nobody's": {"type": "message.delete"},
    "an agent's": {"type": "note.send", "text": "Nota", "client_id": ID},
    "the layer's handler": {"type": "news", "frame": {"type": "message.created"}},
    "a handler of the server": {"type": "websocket.disconnect", "code": 1000},
    "a method": {"type": "close"},
    "a Python name": {"type": "__class__"},
    "an event": {"type": "message.created"},
    "a list": {"type": ["message.send"]},
    "an object": {"type": {"message.send": 1}},
    "a number": {"type": 1},
    "nothing": {"type": None},
}
INVALID = {
    "no text": message(text=""),
    "an invisible text": message(text="\u200b \u202e"),
    "a long text": message(text="x" * 4_001),
    "no id": {"type": "message.send", "text": "Hola"},
    "an id that is none": message(client_id="1"),
    "an id that is a list": message(client_id=[ID]),
    "marks below zero": {"type": "marks.move", "delivered": -1, "read": 0},
    "marks beyond the table": {"type": "marks.move", "delivered": 2**31, "read": 0},
    "marks that are words": {"type": "marks.move", "delivered": "muchos", "read": 0},
    "marks beyond numbers": {"type": "marks.move", "delivered": 1e308, "read": 0},
    "follow from nowhere": {"type": "chat.follow"},
    "follow from below zero": {"type": "chat.follow", "after": -1},
    "follow from beyond the table": {"type": "chat.follow", "after": 2**31},
}


async def answer_to(text):
    """The error frame, and proof that the socket still works."""
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.raw(text)
        error = await socket.next("error", "message.stored")
        await socket.send(**message(text="Sigo aquí", client_id=str(uuid.uuid4())))
        assert (await socket.next("message.stored"))["number"] == 2
    assert await do(session.messages.count) == 2
    return error


@pytest.mark.parametrize("kind", MALFORMED)
async def test_a_malformed_frame_is_answered_with_an_error(kind):
    assert await answer_to(MALFORMED[kind]) == {
        "type": "error",
        "code": "frame.malformed",
        "text": "El mensaje no se pudo leer. Recargue la página e intente de nuevo.",
        "client_id": None,
    }


@pytest.mark.parametrize("kind", UNKNOWN)
async def test_an_unknown_command_picks_no_handler(kind):
    error = await answer_to(json.dumps(UNKNOWN[kind]))

    assert error["code"] == "command.unknown"
    assert error["text"] == "El mensaje no se pudo entender. Recargue la página."


@pytest.mark.parametrize("kind", INVALID)
async def test_a_command_with_a_wrong_field_says_what_is_wrong(kind):
    error = await answer_to(json.dumps(INVALID[kind]))

    assert error["code"] == "command.invalid"
    assert error["text"]


async def test_a_refused_line_is_named_by_its_id():
    error = await answer_to(json.dumps(message(text="")))

    assert (error["client_id"], error["text"]) == (ID, "Escriba su mensaje.")


async def test_a_binary_frame_is_read_as_the_text_it_is():
    await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.communicator.send_to(bytes_data=b"\xff\xfe\x00")
        assert (await socket.next("error"))["code"] == "frame.malformed"

        await socket.communicator.send_to(bytes_data=json.dumps(message(text="ñandú")).encode())
        assert (await socket.next("message.stored"))["client_id"] == ID


async def test_a_flood_is_closed_with_4429_and_read_no_further():
    await do(start, ANA)
    async with customer_socket(ANA) as socket:
        # Enough for one second to overflow, wherever the seconds begin.
        for _each in range(20 * FRAMES_PER_SECOND):
            await socket.send(type="typing.set", is_typing=True)

        assert await socket.close_code() == 4429
        assert await socket.communicator.receive_nothing()
