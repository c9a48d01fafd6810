"""How many sockets a visitor and an address may hold at the same time."""

import asyncio
import uuid

import pytest
from channels.layers import get_channel_layer
from django.db import OperationalError

from chat import access, services
from chat.consumers.base import open_sockets
from chat.events import customer_group
from tests.chat.factories import ANA, start
from tests.chat.sockets import (
    Socket,
    agent_socket,
    customer_socket,
    do,
    members,
    refused_socket,
    staff_cookie,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


@pytest.mark.parametrize("limit", ["CHAT_MAX_SOCKETS_PER_VISITOR", "CHAT_MAX_SOCKETS_PER_ADDRESS"])
async def test_one_socket_too_many_is_closed_with_4429_and_a_closed_one_makes_room(settings, limit):
    setattr(settings, limit, 2)
    await do(start, ANA)

    async with customer_socket(ANA):
        async with customer_socket(ANA), refused_socket("/ws/chat/", f"fs_visitante={ANA.cookie}") as third:
            assert await third.close_code() == 4429
        async with customer_socket(ANA) as again:
            await again.ready()


async def test_a_socket_that_ended_is_not_counted_any_more():
    await do(start, ANA)

    async with customer_socket(ANA) as socket:
        await socket.ready()
        assert open_sockets

    assert not open_sockets


async def test_consoles_count_for_their_address_and_strangers_sockets_as_well(settings, laura):
    settings.CHAT_MAX_SOCKETS_PER_ADDRESS = 1

    async with agent_socket(laura) as socket:
        await socket.ready()
        async with refused_socket("/ws/agente/") as second:
            assert await second.close_code() == 4429


async def test_sockets_of_consoles_are_limited_a_minute(settings, laura):
    settings.LIMITS = settings.LIMITS | {"sockets_per_address": "1/3600"}

    async with refused_socket("/ws/agente/") as first, refused_socket("/ws/agente/") as second:
        assert await first.close_code() == 4403
        assert await second.close_code() == 4429


async def test_a_socket_that_the_server_cancels_is_not_counted_any_more():
    await do(start, ANA)
    socket = await Socket("/ws/chat/", f"fs_visitante={ANA.cookie}").open()
    await socket.ready()
    assert open_sockets

    # As daphne does with what does not end in time after its browser has left.
    socket.communicator.future.cancel()
    await asyncio.wait([socket.communicator.future])

    assert not open_sockets


# --- Handlers that fail ----------------------------------------------------------------------------------


def failing(*_args, **_kwargs):
    raise OperationalError("The database is away.")


async def test_sockets_that_fail_while_they_open_are_not_counted_for_good(settings, laura, monkeypatch):
    settings.CHAT_MAX_SOCKETS_PER_ADDRESS = 2
    with monkeypatch.context() as patch:
        patch.setattr(access, "agents_of_sessions", failing)
        for _attempt in range(3):
            async with refused_socket("/ws/agente/", await do(staff_cookie, laura)) as socket:
                assert await socket.close_code() == 1011

    async with agent_socket(laura) as socket:
        await socket.ready()


async def test_a_command_that_fails_ends_its_socket_and_leaves_its_groups(laura, monkeypatch):
    session = await do(start, ANA)
    async with customer_socket(ANA) as socket:
        with monkeypatch.context() as patch:
            patch.setattr(services, "store_together", failing)
            await socket.send(type="message.send", text="Hola", client_id=str(uuid.uuid4()))
            assert await socket.close_code() == 1011

    assert not open_sockets
    assert await members(customer_group(session.pk)) == set()


async def test_a_layer_that_is_away_keeps_no_socket_counted(monkeypatch):
    await do(start, ANA)
    async with customer_socket(ANA) as socket:
        await socket.ready()
        monkeypatch.setattr(get_channel_layer(), "group_discard", failing)

    assert not open_sockets
