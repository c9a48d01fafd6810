"""One run: a product, people who talk all the time, a fault, and what came of it."""

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from itertools import batched
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from facturando_support.http_threads import THREADS
from tests.faults.checker import Line, Reader, Violation, check_messages
from tests.faults.clients import Chat, Talker, request
from tests.faults.history import Event, History, Kind
from tests.faults.layouts import HEARTBEAT_SECONDS, Layout, Sample
from tests.process.chatting import PASSWORD, Pages

# A line may wait for the lines before it; nobody types on for long without being answered.
UNSENT_MOST = 3
PACE_SECONDS = (0.05, 0.25)
# Only a run that fails waits this long.
PATIENCE_SECONDS = 60.0
CHATS_OF_AN_AGENT = 2
MAX_LINES = 20_000


class Arena:
    """The people of a run, and what is known of it."""

    def __init__(
        self,
        layout: Layout,
        history: History,
        seed: int,
        *,
        is_quick: bool,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.layout, self.history, self.seed, self.is_quick = layout, history, seed, is_quick
        self.patience = patience
        self.random = Random(seed)  # noqa: S311  decides a workload, keeps no secret
        self.talkers: list[Talker] = []
        # The same people's pages, opened anew at the end.
        self.fresh: list[Talker] = []
        self.tags: dict[int, str] = {}
        self.seats = iter(range(1, 1000))
        self.tasks: list[asyncio.Task[None]] = []
        self.is_talking = asyncio.Event()
        self.runs = 0
        self.recoveries: list[float] = []
        # What else is wrong: the judge's words on what only some faults touch, and demands that were not met.
        self.complaints: list[Violation] = []
        self.unmet: list[str] = []
        self.notes: list[str] = []
        self.kind = Talker
        self.pace_seconds = PACE_SECONDS
        self.before: Sample | None = None
        self.after: Sample | None = None

    # People.

    async def gather(self, agents: int = 2) -> None:
        """Customers with an agent each, identified, all connected and with something said."""
        customers = await asyncio.to_thread(self._start_chats, agents)
        for talker in customers:
            self.admit(talker)
        await self.until(lambda: all(talker.heard_at for talker in self.talkers), "everybody to be connected")
        await asyncio.to_thread(self.warm_up)

    def admit(self, talker: Talker, *, talks: bool = True) -> None:
        """Let somebody come in, read and talk."""
        self.talkers.append(talker)
        self.tasks.append(asyncio.create_task(talker.run()))
        self.tags |= {chat.session: chat.tag for chat in talker.chats.values()}
        for chat in talker.chats.values() if talks else ():
            self.tasks.append(asyncio.create_task(self._talk(talker, chat)))

    def _start_chats(self, agents: int) -> list[Talker]:
        """By plain HTTP, as people do."""
        with ThreadPoolExecutor(4) as pool:
            staff = list(pool.map(self._log_in, [f"agente{number + 1}" for number in range(agents)]))
            waiting = list(pool.map(lambda _: self.start_chat(), range(agents * CHATS_OF_AN_AGENT)))
        found = []
        for number, pages in enumerate(staff):
            theirs = waiting[number::agents]
            for customer, chat, folio in theirs:
                pages.post("/agente/", f"/agente/chat/{folio}/atender/")
                identify(customer)
                found.append(self.talker(f"cliente-{chat.tag}", "customer", customer, [chat]))
            mine = [Chat(chat.session, chat.tag) for _customer, chat, _folio in theirs]
            found.append(self.talker(f"agente{number + 1}", "agent", pages, mine))
        return found

    def _log_in(self, username: str) -> Pages:
        pages = Pages(SimpleNamespace(url=self.layout.origin))  # type: ignore[arg-type]
        pages.post("/agente/entrar/", "/agente/entrar/", username=username, password=PASSWORD)
        return pages

    def start_chat(self) -> tuple[Pages, Chat, str]:
        """A customer who waits: their browser, their chat and its folio."""
        pages = Pages(SimpleNamespace(url=self.layout.origin))  # type: ignore[arg-type]
        client_id = str(uuid.uuid4())
        # The hour of the seed and a number: secret enough for who must not see it, and the same each time.
        tag = f"§{Random(f'{self.seed}/{next(self.seats)}').getrandbits(48):012x}§"  # noqa: S311
        text = f"{tag} No puedo timbrar"
        typed = {"name": "Ana López", "email": "ana.lopez@contadores.com.mx", "text": text}
        pages.post("/chat/", "/chat/iniciar/", client_id=client_id, **typed)
        found = self.layout.rows(
            "SELECT s.id, s.folio, m.client_id, m.text FROM chat_chatsession s "
            "JOIN chat_message m ON m.session_id = s.id WHERE m.number = 1"
        )
        [(session, folio, stored_id)] = [row[:3] for row in found if row[3] == text]
        chat = Chat(session, tag)
        self.said_first(f"cliente-{tag}", session, str(uuid.UUID(str(stored_id))), text)
        return pages, chat, folio

    def said_first(self, who: str, session: int, client_id: str, text: str) -> None:
        """The words with which a chat began went by a form, and were accepted with it."""
        known: dict[str, Any] = {"what": "message", "who": who, "chat": session, "text": text}
        self.history.write(Event(kind=Kind.INVOKE, client_id=client_id, **known))
        self.history.write(Event(kind=Kind.OK, client_id=client_id, number=1, **known))

    def talker(self, who: str, side: str, pages: Pages, chats: list[Chat]) -> Talker:
        """The browser of somebody who has pages open."""
        page = pages.opener.open(
            f"{self.layout.origin}/{'agente' if side == 'agent' else 'chat'}/", timeout=60
        )
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
        page.close()
        return self.kind(
            who=who,
            side=side,
            origin=self.layout.origin,
            cookies=pages.cookies,
            chats=chats,
            history=self.history,
            seed=self.seed,
            heartbeat=HEARTBEAT_SECONDS,
            token=token[1] if token else "",
        )

    def warm_up(self) -> None:
        """Have every thread of the product open its connections, so that the first count is a fair one."""
        cookies = self.talkers[0].cookies if self.talkers else ""
        browser = Pages(SimpleNamespace(url=self.layout.origin))  # type: ignore[arg-type]
        browser.opener.addheaders.append(("Cookie", cookies))

        def look(_: int) -> None:
            browser.opener.open(f"{self.layout.origin}/chat/conversacion/", timeout=60).close()

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(look, range(64 * len(self.layout.webs))))

    async def _talk(self, talker: Talker, chat: Chat) -> None:
        """Say one thing after the other, at a pace that the seed decides."""
        while chat.said < MAX_LINES and not talker.is_stopped:
            await asyncio.sleep(talker.random.uniform(*self.pace_seconds))
            await self.is_talking.wait()
            if len(chat.outbox) < UNSENT_MOST:
                await talker.say(chat, talker.next_draft(chat))

    # What a scenario does.

    async def begin(self) -> None:
        """Measure the calm, then let everybody talk."""
        await self._warm_up()
        await self.acknowledged(5 * len(self.talkers))
        await self.calm()
        self.before = await asyncio.to_thread(self.layout.sample)
        self.is_talking.set()

    async def _warm_up(self) -> None:
        """Every thread for pages has its connections, which it keeps, before they are counted."""
        pages = [
            request(web.url, "GET", "/chat/", {}) for web in self.layout.webs for _ in range(3 * THREADS)
        ]
        await asyncio.gather(*pages)

    async def acknowledged(self, more: int) -> None:
        """Wait until so many more lines have been acknowledged."""
        self.is_talking.set()
        goal = self.history.acknowledged + more
        await self.until(lambda: self.history.acknowledged >= goal, f"{more} more acknowledgements")

    async def struck(self, fault: Callable[[], object]) -> None:
        """Let one fault happen, in a thread, while everybody talks on."""
        self.runs += 1
        await asyncio.to_thread(fault)

    async def recovered(self, who: Sequence[Talker] | None = None) -> None:
        """The fault is over: measure how long each client takes until a line of its own is acknowledged."""
        over_at = time.monotonic()
        for talker in who or self.talkers:
            self.recoveries.append(await self._recovery(talker, over_at))

    async def _recovery(self, talker: Talker, over_at: float) -> float:
        def answers() -> list[float]:
            return [
                event.at
                for event in reversed(self.history.events[-20_000:])
                if event.who == talker.who and event.kind in (Kind.OK, Kind.FAIL) and event.at > over_at
            ]

        await self.until(answers, f"{talker.who} to recover")
        return min(answers()) - over_at

    async def calm(self) -> None:
        """Nobody says more, and wait until everything that was said is acknowledged and read by all."""
        self.is_talking.clear()
        await self.until(lambda: not any(talker.unsent for talker in self.talkers), "all to be acknowledged")
        newest = await asyncio.to_thread(self.newest)
        await self.until(lambda: _all_have(self.talkers, newest), "all to be read", is_demanded=False)

    def newest(self) -> dict[int, tuple[int, int]]:
        """The newest customer number and staff number of each chat, from the database."""
        found = self.layout.rows("SELECT id, last_number, last_staff_number FROM chat_chatsession")
        return {session: (number, staff_number) for session, number, staff_number in found}

    async def until(
        self,
        condition: Callable[[], Any],
        what: str,
        seconds: float = 0,
        *,
        is_demanded: bool = True,
    ) -> None:
        """Wait until `condition` holds; a client that gave up in error is told at once."""
        seconds = seconds or self.patience
        deadline = time.monotonic() + seconds
        while not condition():
            for task in self.tasks:
                if task.done() and not task.cancelled() and task.exception():
                    raise RuntimeError("a client failed") from task.exception()
            if time.monotonic() > deadline:
                if not is_demanded:
                    return
                raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")
            await asyncio.sleep(0.02)

    def demand(self, is_met: bool, what: str) -> None:
        """Something that must be so, beside the judge's rules."""
        if not is_met:
            self.unmet.append(what)

    # The end.

    async def finish(self) -> None:
        """Come to rest, measure what is held then, read everything anew, and close every window."""
        await self.calm()
        await self._settle_resources()
        await self._read_anew()
        for talker in self.talkers:
            await talker.stop()

    async def _read_anew(self) -> None:
        """What pages show that are opened now, a few at a time."""
        newest = await asyncio.to_thread(self.newest)
        for group in batched(self.talkers, 25):
            pages = [self._anew(talker) for talker in group]
            self.fresh += pages
            self.tasks += [asyncio.create_task(page.run()) for page in pages]
            await self.until(partial(_all_have, pages, newest), "pages opened anew", is_demanded=False)
            for page in pages:
                await page.stop()

    def _anew(self, talker: Talker) -> Talker:
        return Talker(
            who=f"{talker.who} anew",
            side=talker.side,
            origin=talker.origin,
            cookies=talker.cookies,
            chats=[Chat(chat.session, chat.tag) for chat in talker.chats.values()],
            history=self.history,
            seed=self.seed,
            heartbeat=HEARTBEAT_SECONDS,
        )

    async def close(self) -> None:
        """Everybody is gone at once."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _settle_resources(self) -> None:
        """What a fault took is given back within moments: look again until it is, for a bounded while."""
        deadline = time.monotonic() + 3 * HEARTBEAT_SECONDS + 10
        while True:
            self.after = await asyncio.to_thread(self.layout.sample)
            if not self.kept() or time.monotonic() > deadline:
                return
            await asyncio.sleep(0.5)

    def kept(self) -> list[str]:
        """What the product holds more than before the fault, beyond what chance explains."""
        if self.before is None or self.after is None:
            return []
        processes = len(self.layout.processes)
        # A socket in the middle of something has a task more for that moment.
        tasks = 6 + self.before.sockets // 2
        allowed = {"memory_mb": 40 * processes, "descriptors": 8, "tasks": tasks, "sockets": 0}
        allowed |= {"connections": 4 * processes}
        return [
            f"{name} {getattr(self.before, name):.0f}→{getattr(self.after, name):.0f}"
            for name, more in allowed.items()
            if getattr(self.after, name) > getattr(self.before, name) + more
        ]

    def violations(self) -> list[Violation]:
        """The judge's word on all that was said and read."""
        readers = [
            Reader(who=talker.who, side=talker.side, chat=session)
            for talker in [*self.talkers, *self.fresh]
            for session in talker.chats
        ]
        stored = stored_lines(self.layout)
        said = check_messages(self.history.events, self.history.seen, stored, readers, self.tags)
        return [*said, *self.complaints]


def _all_have(talkers: Sequence[Talker], newest: dict[int, tuple[int, int]]) -> bool:
    return all(
        chat.last >= newest[chat.session][1 if talker.is_agent else 0]
        for talker in talkers
        for chat in talker.chats.values()
    )


def identify(pages: Pages) -> None:
    """Say who asks, as customers must before they go on."""
    form = {"rfc": "XAXX010101000", "legal_name": "Beta", "program": "Nómina CFDI", "program_version": "4"}
    pages.post("/chat/", "/chat/identificacion/", **form)


def stored_lines(layout: Layout) -> list[Line]:
    """Every message of the database."""
    found = layout.rows(
        "SELECT session_id, number, staff_number, client_id, author, text, rule FROM chat_message ORDER BY id"
    )
    return [
        Line(
            chat=chat,
            number=number,
            staff_number=staff_number,
            client_id=str(uuid.UUID(str(client_id))),
            author=author,
            text=text,
            rule=rule,
        )
        for chat, number, staff_number, client_id, author, text, rule in found
    ]


@asynccontextmanager
async def arena(
    layout_manager: AbstractContextManager[Layout], folder: Path, seed: int, **settings: Any
) -> AsyncIterator[Arena]:
    """A run in `folder`, whose product is ended afterwards whatever happened."""
    layout: Layout = await asyncio.to_thread(layout_manager.__enter__)
    try:
        with History(folder) as history:
            ours = Arena(layout, history, seed, **settings)
            try:
                yield ours
            finally:
                await ours.close()
    finally:
        await asyncio.to_thread(layout_manager.__exit__, None, None, None)
