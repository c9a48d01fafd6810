"""The channel layers call whoever opened a channel, in order, and keep nothing of one that was closed."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from facturando_support.layers import LocalLayer, SharedLayer

# Fits the queue of one channel, which nobody reads here.
MANY = 90


@asynccontextmanager
async def layer_of(where, redis_url):
    """In memory, or through Redis."""
    layer = LocalLayer() if where == "local" else SharedLayer(hosts=[redis_url])
    yield layer
    await layer.flush()


@pytest.fixture(params=["local", "shared"])
def where(request):
    return request.param


async def hears(heard, count):
    async with asyncio.timeout(10):
        while len(heard) < count:
            await asyncio.sleep(0.01)


async def test_news_call_each_who_is_in_the_group_in_order(where, redis_url):
    async with layer_of(where, redis_url) as layer:
        laura, diego = [], []
        for heard in (laura, diego):
            await layer.group_add("agents", layer.open_channel(heard.append))
        await layer.group_add("chat", layer.open_channel(diego.append))

        news = [("agents", {"type": "news", "frame": {"number": n}}) for n in range(MANY)]
        await layer.group_send_many([*news, ("chat", {"type": "news", "frame": {"number": MANY}})])
        await hears(laura, MANY)
        await hears(diego, MANY + 1)

    assert [message["frame"]["number"] for message in laura] == list(range(MANY))
    assert [message["frame"]["number"] for message in diego] == list(range(MANY + 1))


async def test_a_channel_that_was_closed_hears_no_more_and_leaves_nothing_behind(where, redis_url):
    async with layer_of(where, redis_url) as layer:
        gone, here = [], []
        channel = layer.open_channel(gone.append)
        # As a socket that the server cancels: nobody takes it out of its groups.
        await layer.group_add("agents", channel)
        await layer.group_add("agents", layer.open_channel(here.append))
        layer.close_channel(channel)

        await layer.group_send("agents", {"type": "news", "frame": {}})
        await hears(here, 1)

        assert gone == []
        assert channel not in layer.channels


async def test_news_from_a_thread_of_its_own_call_in_the_loop_of_the_channel():
    layer, heard = LocalLayer(), []
    channel = layer.open_channel(lambda message: heard.append((message, asyncio.get_running_loop())))
    await layer.group_add("agents", channel)

    news = {"type": "news", "frame": {}}
    await asyncio.to_thread(lambda: asyncio.run(layer.group_send("agents", news)))
    await hears(heard, 1)

    assert heard == [(news, asyncio.get_running_loop())]
