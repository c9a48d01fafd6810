"""PostgreSQL and Redis that die, stand still, forget, and have no room."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.faults.arena import Arena
from tests.faults.nemesis import family, full_redis, last, no_connections_left, redis_of, stopped
from tests.faults.scenarios.table import fault
from tests.servers import Engine


def _redis(arena: Arena) -> Engine:
    assert arena.layout.redis is not None
    return arena.layout.redis


def _postgres(arena: Arena) -> Engine:
    assert arena.layout.postgres is not None
    return arena.layout.postgres


async def _while(arena: Arena, trouble: Callable[[], AbstractContextManager[None]], seconds: float) -> None:
    """Let trouble last for a while, and see everybody recover from it."""

    def strike() -> None:
        with trouble():
            last(seconds)

    await arena.acknowledged(10)
    await arena.struck(strike)
    await arena.recovered()


@fault(layout="larger")
async def redis_killed(arena: Arena) -> None:
    """`kill -9` of Redis, two seconds without it, and an empty one in its place."""
    await arena.gather()
    await arena.begin()
    redis = _redis(arena)

    def kill() -> None:
        redis.kill9()
        last(2)
        redis.start()

    for _ in range(1 if arena.is_quick else 5):
        await arena.acknowledged(20)
        await arena.struck(kill)
        await arena.recovered()


@fault(layout="larger")
async def redis_flushed(arena: Arena) -> None:
    """Everything in Redis is deleted, twenty times."""
    await arena.gather()
    await arena.begin()
    with redis_of(_redis(arena)) as client:
        for _ in range(3 if arena.is_quick else 20):
            await arena.acknowledged(10)
            await arena.struck(client.flushall)
            await arena.recovered()


@fault(layout="larger")
async def redis_paused_10_s(arena: Arena) -> None:
    """Redis stands still for ten seconds, and its connections with it."""
    await arena.gather()
    await arena.begin()
    pid = _redis(arena).process.pid
    await _while(arena, lambda: stopped([pid]), 3 if arena.is_quick else 10)


@fault(layout="larger")
async def redis_full(arena: Arena) -> None:
    """Redis takes no more keys."""
    await arena.gather()
    await arena.begin()
    await _while(arena, lambda: full_redis(_redis(arena)), 3 if arena.is_quick else 10)


@fault(layout="larger")
async def postgres_restarted(arena: Arena) -> None:
    """PostgreSQL is killed or stopped, and started again."""
    await arena.gather()
    await arena.begin()
    postgres = _postgres(arena)
    for number in range(1 if arena.is_quick else 4):
        await arena.acknowledged(20)
        await arena.struck(postgres.kill9 if number % 2 else postgres.stop)
        await asyncio.to_thread(postgres.start)
        await arena.recovered()


@fault(layout="larger")
async def postgres_stopped_15_s(arena: Arena) -> None:
    """PostgreSQL and all its processes stand still for fifteen seconds."""
    await arena.gather()
    await arena.begin()
    pid = _postgres(arena).process.pid
    await _while(arena, lambda: stopped(family(pid)), 3 if arena.is_quick else 15)


@fault(layout="larger")
async def postgres_without_connections(arena: Arena) -> None:
    """Somebody else takes all of PostgreSQL's connections, those of the product included."""
    await arena.gather()
    await arena.begin()
    await _while(arena, lambda: no_connections_left(_postgres(arena)), 3 if arena.is_quick else 8)
