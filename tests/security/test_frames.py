"""What comes over a socket: others' chats by every command, poison, and floods.

Commands come out of the product's own tables, so that a new one is tried as well.
"""

import json
import uuid

import pytest
from channels.testing import WebsocketCommunicator

from chat import commands
from chat.consumers import AgentConsumer, CustomerConsumer
from chat.consumers.base import MAX_FRAME_CHARS
from chat.models import ChatSession
from core.strict_json import BadFrame, loads_strict
from facturando_support.asgi import application
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, BETO, conversing, end, note, start
from tests.chat.sockets import agent_socket, customer_socket, do, refused_socket, staff_cookie

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]

SECRET = "zafiro"
COMMANDS = sorted({*commands.CUSTOMER_COMMANDS, *commands.AGENT_COMMANDS, "chat.follow", "heartbeat"})
FIELDS = {
    "text": "intruso",
    "delivered": 99,
    "read": 99,
    "is_typing": True,
    "after": 0,
    "received": 0,
    "agent": 1,
    "visitor": 1,
    "number": 1,
}


def of_ana(laura, has_ended):
    session = conversing(laura)
    note(session, laura, SECRET)
    return end(session) if has_ended else session


def rows_of(session):
    return ChatSession.objects.values().get(pk=session.pk), list(session.messages.order_by("pk").values())


async def try_all(socket, session, ids):
    """Every command about the chat, named in every way; the socket lives on."""
    for name in COMMANDS:
        for named in ids:
            frame = FIELDS | {"type": name, "session": named, "client_id": str(uuid.uuid4())}
            await socket.send(**frame)
        await socket.acknowledge()
    await socket.ready()


def ways_to_name(session):
    pk = session.pk
    return [pk, str(pk), session.folio, float(pk), [pk], {"pk": pk}, True, None]


@pytest.mark.parametrize("has_ended", [False, True], ids=["while it goes on", "after the end"])
async def test_a_customer_names_anothers_chat_in_every_command(laura, has_ended):
    """The socket is about the browser's own chat, whatever a frame says."""
    session = await do(of_ana, laura, has_ended)
    before = await do(rows_of, session)
    await do(start, BETO)
    async with customer_socket(BETO) as socket:
        await try_all(socket, session, [session.pk])
        # All that came until now, the other chat's not among it.
        await socket.send(type="test.ready")
        frames = []
        while not frames or frames[-1].get("code") != "command.unknown":
            frames.append(await socket.next())

    assert SECRET not in json.dumps(frames)
    assert {frame.get("session") for frame in frames} <= {None, *await do(_chats_of, BETO)}
    assert await do(rows_of, session) == before


def _chats_of(customer):
    return list(ChatSession.objects.filter(visitor__key_hash=customer.key_hash).values_list("pk", flat=True))


async def test_another_agent_names_a_running_chat_in_every_command_and_in_every_way(laura, diego):
    session = await do(of_ana, laura, False)
    before = await do(rows_of, session)
    for name in COMMANDS:
        async with agent_socket(diego) as socket:
            for named in ways_to_name(session) if name != "heartbeat" else ():
                await socket.send(**FIELDS, type=name, session=named, client_id=str(uuid.uuid4()))
                answer = await socket.next("error", "message.created", "message.stored", "marks.moved")
                assert answer["type"] == "error", (name, named)
                assert answer["code"] in {"chat.not-yours", "frame.malformed"}, (name, answer)

    assert await do(rows_of, session) == before


async def test_an_agent_writes_into_an_ended_chat_of_another(laura, diego):
    session = await do(of_ana, laura, True)
    before = await do(rows_of, session)
    async with agent_socket(diego) as socket:
        for name in commands.AGENT_COMMANDS:
            await socket.send(**FIELDS, type=name, session=session.pk, client_id=str(uuid.uuid4()))
        await socket.send(type="test.last", session=session.pk)
        codes = set()
        while "command.unknown" not in codes:
            codes.add((await socket.next("error", "message.stored")).get("code"))
        assert codes <= {"chat.not-yours", "chat.ended", "command.unknown"}

    assert await do(rows_of, session) == before


async def test_a_customers_cookie_opens_no_socket_of_staff_and_the_other_way_round(laura):
    await do(of_ana, laura, False)
    async with refused_socket("/ws/agente/", f"fs_visitante={ANA.cookie}") as socket:
        assert await socket.close_code() == 4403
    async with refused_socket("/ws/chat/", await do(staff_cookie, laura)) as socket:
        assert await socket.close_code() == 4404


# --- Poison ---------------------------------------------------------------------------------------------

POISON = [
    '{"type":"message.send","text":"\\ud800","client_id":"%s"}',
    '{"type":"message.send","text":"a\\u0000b","client_id":"%s"}',
    '{"type":"chat.follow","after":NaN}',
    '{"type":"chat.follow","after":-Infinity}',
    '{"type":"chat.follow","after":1e309}',
    '{"type":"chat.follow","after":1E400,"type":"chat.follow"}',
    '{"type":"chat.follow","after":%s}' % ("1" * 5_000),
    '{"type":"chat.follow","type":"note.send","after":0}',
    '{"a":' * 3_000 + "1" + "}" * 3_000,
    "[" * (MAX_FRAME_CHARS - 1),
    '{"type":"x","a":"' + "\\u0000" * 2_000 + '"}',
    '{"__proto__":{"type":"note.send"},"constructor":{"prototype":1}}',
    '{"type":"message.send\\u0000"}',
    '{"type":"\\u006eote.send"}',
    '{"type":"websocket.receive","text":"{}"}',
    '{"type":"websocket_disconnect"}',
    '{"type":"news","frame":{"type":"message.created"}}',
    '{"type":"dispatch"}',
    '{"type":"__init__"}',
    '{"type":"on_event"}',
    '{"type":"admit"}',
    "\ufeff{}",
    "{}\n{}",
    "// hola\n{}",
    "'hola'",
]


@pytest.mark.parametrize("number", range(len(POISON)))
async def test_a_poison_frame_is_answered_on_both_sockets_and_by_plain_http(laura, number):
    session = await do(of_ana, laura, False)
    before = await do(rows_of, session)
    frame = POISON[number].replace("%s", str(uuid.uuid4()))
    for opened in (customer_socket(ANA), agent_socket(laura)):
        async with opened as socket:
            await socket.raw(frame)
            assert (await socket.next("error"))["code"].partition(".")[0] in {"frame", "command", "chat"}
            await socket.ready()
    answer = await do(_post, frame)
    assert answer.status_code == 200
    assert [reply["type"] for reply in answer.json()["frames"]] == ["error"]
    assert await do(rows_of, session) == before


def _post(frame):
    body = frame.encode("utf-8", "replace")
    return browser_of(ANA).post("/chat/ordenes/", body, content_type="application/json")


@pytest.mark.parametrize("consumer", [CustomerConsumer, AgentConsumer])
def test_a_frame_that_names_a_method_of_the_server_calls_none(consumer):
    """Every name that the consumers have, as a command: the tables know none of them."""
    for name in dir(consumer):
        for spelled in (name, name.replace("_", ".")):
            assert spelled not in COMMANDS, spelled


@pytest.mark.parametrize("raw", [b'{"a":"\xed\xa0\x80"}', b"\x00{}", b"\xff\xfe{}", b'{"a":"\xc0\xae"}'])
def test_bytes_that_are_no_text_are_no_frame(raw):
    with pytest.raises(BadFrame):
        loads_strict(raw, max_chars=100)


async def test_a_path_that_no_socket_has_is_turned_away(laura):
    cookie = await do(staff_cookie, laura)
    for path in ("/ws/", "/ws/chat", "/ws/agente/../chat/", "/ws/agente/%00", "/admin/", "//ws/chat/"):
        headers = [(b"origin", b"http://127.0.0.1:8000"), (b"cookie", cookie.encode())]
        socket = WebsocketCommunicator(application, path, headers)
        is_accepted, _code = await socket.connect()
        assert not is_accepted, path


async def test_a_cookie_that_is_garbage_opens_no_socket_and_breaks_none():
    for cookie in (
        "fs_visitante=\xff\xfe",
        "fs_visitante=" + "x" * 8_000,
        "=;=;=",
        "sessionid='",
        "fs_visitante",
    ):
        async with refused_socket(
            "/ws/chat/", cookie.encode("latin-1", "replace").decode("latin-1")
        ) as socket:
            assert await socket.close_code() == 4404
