"""How many sockets a visitor and an address may hold at the same time."""

import pytest

from chat.consumers.base import open_sockets
from tests.chat.factories import ANA, start
from tests.chat.sockets import agent_socket, customer_socket, do, refused_socket

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
