"""Many, or rude: a thousand browsers that come back at once, readers that do not read, and slow senders."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from websockets.exceptions import WebSocketException

from tests.faults.arena import UNSENT_MOST, Arena
from tests.faults.clients import Chat, Draft, Talker
from tests.faults.history import Kind
from tests.faults.layouts import memory_mb
from tests.faults.scenarios.table import embedded, fault
from tests.servers import ROOT

# What is demanded of the thousand, and of what a rude client may cost.
ALL_BACK_SECONDS = 30.0
# The product's own: at the quick one of other runs a thousand sockets would do nothing else.
CROWD_HEARTBEAT = 20
SHARE_IN_A_TENTH = 0.35
RUDE_MEMORY_MB = 60.0
RUDE_DELAY_SECONDS = 3.0


def crowd(arena: Arena, count: int) -> list[tuple[str, Chat]]:
    """The cookie and the chat of so many customers who wait."""
    web = arena.layout.web
    made = subprocess.run(
        [sys.executable, "-m", "tests.faults.crowd", str(count), "multitud"],
        cwd=ROOT,
        env=web.env,
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    rows = [json.loads(line) for line in made.stdout.decode().splitlines()]
    for number, row in enumerate(rows):
        arena.said_first(f"multitud-{number}", row["session"], row["client_id"], row["text"])
    return [(row["cookie"], Chat(row["session"], row["text"].split()[0])) for row in rows]


@fault(embedded(CHAT_HEARTBEAT_SECONDS=str(CROWD_HEARTBEAT)), recovery_seconds=ALL_BACK_SECONDS)
async def thousand_return(arena: Arena) -> None:
    """A thousand browsers lose the server at once; they come back spread out, and all within 30 s."""
    people = await asyncio.to_thread(crowd, arena, 100 if arena.is_quick else 1000)
    talkers = [_browser(arena, number, cookie, chat) for number, (cookie, chat) in enumerate(people)]
    await _come(arena, talkers)
    await asyncio.to_thread(arena.warm_up)
    arena.before = await asyncio.to_thread(arena.layout.sample)
    arena.demand(arena.before.sockets == len(talkers), f"only {arena.before.sockets} had a socket")
    await arena.struck(arena.layout.web.kill9)
    lost_at = time.monotonic()
    await asyncio.to_thread(arena.layout.web.start)
    back_at = time.monotonic()
    await arena.until(lambda: all(talker.heard_at > back_at for talker in talkers), "a thousand", 120)
    returns = [talker.heard_first_after(back_at) - back_at for talker in talkers]
    arena.recoveries += returns
    arena.demand(max(returns) <= ALL_BACK_SECONDS, f"the last one was back after {max(returns):.1f} s")
    # A poll serves as well; in the end all have their sockets again.
    await arena.until(lambda: all(talker.socket for talker in talkers), "a thousand sockets", 120)
    share = _crowding([talker.tries for talker in talkers], lost_at)
    arena.demand(share <= SHARE_IN_A_TENTH, f"{share:.0%} of the first tries came in one tenth of a second")
    arena.notes.append(f"{len(talkers)} back in {max(returns):.1f} s, most in a tenth {share:.0%}")


def _browser(arena: Arena, number: int, cookie: str, chat: Chat) -> Talker:
    # Past the wire: a thousand pairs of connections would measure the wire.
    return Talker(
        who=f"multitud-{number}",
        side="customer",
        origin=f"http://127.0.0.1:{arena.layout.web.port}",
        cookies=cookie,
        chats=[chat],
        history=arena.history,
        seed=arena.seed,
        heartbeat=CROWD_HEARTBEAT,
    )


async def _come(arena: Arena, talkers: Sequence[Talker]) -> None:
    """All connected and told where they stand, fifty at a time."""
    for start in range(0, len(talkers), 50):
        group = talkers[start : start + 50]
        for talker in group:
            arena.admit(talker, talks=False)
        await arena.until(lambda: all(talker.heard_at for talker in group), "a group to connect")  # noqa: B023


def _crowding(tries: Sequence[Sequence[float]], since: float) -> float:
    """The largest share of the first tries that fell into one tenth of a second."""
    firsts = [next((at for at in each if at > since), since) for each in tries]
    tenths = Counter(int(at * 10) for at in firsts)
    return max(tenths.values()) / len(firsts)


# --- Rude ones ------------------------------------------------------------------------------------------


@fault()
async def slow_readers(arena: Arena) -> None:
    """Sockets that follow a chat and never read, while long lines are said there."""
    await _rude(arena, is_sending=False)


@fault()
async def slow_readers_that_send(arena: Arena) -> None:
    """The same, and they send all the time, so that the server never pings them."""
    await _rude(arena, is_sending=True)


async def _rude(arena: Arena, *, is_sending: bool) -> None:
    await arena.gather()
    await arena.begin()
    web = arena.layout.web
    memory = memory_mb(web.process.pid, "VmHWM")
    since = time.monotonic()
    agent = next(talker for talker in arena.talkers if talker.is_agent)
    customers = [
        talker for talker in arena.talkers if set(talker.chats) & set(agent.chats) and talker != agent
    ]
    arena.runs += 1
    async with AsyncExitStack() as stack:
        deaf = [await stack.enter_async_context(_deaf(customers[0])) for _ in range(8)]
        senders = [asyncio.create_task(_type(socket)) for socket in deaf] if is_sending else []
        chat = next(iter(customers[0].chats.values()))
        for number in range(40 if arena.is_quick else 400):
            await arena.until(
                lambda: len(agent.chats[chat.session].outbox) <= UNSENT_MOST, "room to say more"
            )
            await agent.say(agent.chats[chat.session], Draft(f"{chat.tag} largo {number} " + "ñ" * 3900))
        await arena.acknowledged(20)
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
    _judge_rude(arena, since, memory)
    await arena.recovered()


@asynccontextmanager
async def _deaf(talker: Talker) -> AsyncIterator[Any]:
    """A socket whose frames nobody takes: the library stops reading after the first of them."""
    socket = await talker.open(max_queue=1)
    try:
        await socket.send(json.dumps({"type": "chat.follow", "after": 0}))
        yield socket
    finally:
        socket.transport.abort()


async def _type(socket: Any) -> None:
    with suppress(WebSocketException, OSError):
        while True:
            await socket.send(json.dumps({"type": "typing.set", "is_typing": True}))
            await asyncio.sleep(0.05)


def _judge_rude(arena: Arena, since: float, memory: float) -> None:
    """What the rude cost: memory at its peak, and how long the others waited for their answers."""
    cost = memory_mb(arena.layout.web.process.pid, "VmHWM") - memory
    slowest = max(answer_times(arena, since), default=0)
    arena.demand(cost < RUDE_MEMORY_MB, f"the peak of memory rose by {cost:.0f} MB")
    arena.demand(slowest < RUDE_DELAY_SECONDS, f"an answer to somebody else took {slowest:.1f} s")
    arena.notes.append(f"peak +{cost:.0f} MB, slowest answer {slowest:.2f} s")


def answer_times(arena: Arena, since: float) -> list[float]:
    """Seconds from each call to its acknowledgement."""
    asked: dict[str, float] = {}
    found = []
    for event in arena.history.events:
        if event.kind == Kind.INVOKE:
            asked[event.client_id] = event.at
        elif event.kind == Kind.OK and asked.get(event.client_id, 0) > since:
            found.append(event.at - asked[event.client_id])
    return found


@fault()
async def slowloris(arena: Arena) -> None:
    """Two hundred connections that send one byte of a request a second, for fifteen seconds."""
    await arena.gather()
    await arena.begin()
    memory = memory_mb(arena.layout.web.process.pid, "VmHWM")
    since = time.monotonic()
    arena.runs += 1
    seconds = 3 if arena.is_quick else 15
    await asyncio.gather(*(_drip(arena.layout.web.port, seconds, number) for number in range(200)))
    await arena.acknowledged(20)
    _judge_rude(arena, since, memory)
    await arena.recovered()


async def _drip(port: int, seconds: int, number: int) -> None:
    path = "/ws/chat/" if number % 2 else "/chat/"
    with suppress(OSError):
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Slow: ".encode())
            for _ in range(seconds):
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(1)
        finally:
            writer.transport.abort()
