"""What must happen once: uploads that are cut, hours that many want, mails, and what becomes due."""

import asyncio
import email
import email.policy
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from core.lease import LEASE_SECONDS
from tests import servers
from tests.faults import layouts
from tests.faults.arena import Arena, stored_lines
from tests.faults.checker import Booking, Mail, check_bookings, check_due, check_mails
from tests.faults.clients import retry_pause
from tests.faults.history import Event, Kind
from tests.faults.layouts import Layout
from tests.faults.scenarios.crowds import crowd
from tests.faults.scenarios.table import Make, fault, larger
from tests.faults.scenarios.uploads import Uploader
from tests.process.chatting import Pages
from tests.servers import Product

# --- Uploads --------------------------------------------------------------------------------------------


@fault()
async def uploads_cut(arena: Arena) -> None:
    """A file is cut off at 10, 50 and 99 %, or its server is killed, and it is sent again under its id."""
    await arena.gather()
    await arena.begin()
    sender = Uploader(arena, size=800_000)
    for number in range(1 if arena.is_quick else 3):
        for share in (0.1, 0.5, 0.99):
            file = sender.next_file()
            arena.runs += 1
            await sender.send(file, cut_after=share)
            arena.demand(await sender.send(file), f"a file cut at {share:.0%} was refused afterwards")
        upload = asyncio.create_task(sender.send_until_accepted())
        await arena.acknowledged(arena.random.randint(1, 3) + number)
        await arena.struck(arena.layout.web.kill9)
        await asyncio.to_thread(arena.layout.web.start)
        await arena.recovered()
        await upload
    sender.judge()


# --- Appointments ---------------------------------------------------------------------------------------


class Booker:
    """One customer who wants an hour that everybody wants."""

    def __init__(self, arena: Arena, number: int) -> None:
        self.arena, self.number, self.who = arena, number, f"agenda-{number}"
        self.pages = Pages(_door(arena))
        self.client_id = str(uuid.uuid4())
        self.random = Random(f"{arena.seed}/{self.who}")  # noqa: S311

    async def book(self, hour: str, service: str) -> None:
        """Hold and book it, again and again until there is an answer."""
        for failures in range(40):
            self._write(Kind.INVOKE)
            try:
                kind, folio = await asyncio.to_thread(self._try, hour, service)
            except (OSError, AssertionError, EOFError, ValueError):
                self._write(Kind.UNKNOWN)
                await asyncio.sleep(retry_pause(failures, self.random))
                continue
            self._write(kind, number=folio)
            return
        self.arena.demand(False, f"{self.who} never got an answer")

    def _try(self, hour: str, service: str) -> tuple[Kind, str]:
        page = self._open("/citas/")
        token = _token(page)
        held = self._open(
            "/citas/apartar/", {"csrfmiddlewaretoken": token, "hora": hour, "servicio": service}
        )
        booked = self._open("/citas/datos/", self._details(token))
        if found := re.search(r"\bS-[A-Z0-9-]+", booked.url):
            return Kind.OK, found[0]
        if booked.status in (409, 422):
            return Kind.FAIL, ""
        raise ValueError(f"{held.status}, then {booked.status}")

    def _details(self, token: str) -> dict[str, str]:
        return {
            "csrfmiddlewaretoken": token,
            "client_id": self.client_id,
            "name": "Ana López",
            "email": f"agenda.{self.number}@contadores.com.mx",
            "rfc": "XAXX010101000",
            "legal_name": "Beta",
            "program": "Nómina CFDI",
            "program_version": "4",
            "about": f"Al timbrar sale el error CFDI40138, {self.number}",
        }

    def _open(self, path: str, fields: dict[str, str] | None = None) -> Any:
        return _open(self.pages, path, fields)

    def _write(self, kind: Kind, number: str = "") -> None:
        self.arena.history.write(
            Event(kind=kind, what="booking", who=self.who, chat=0, client_id=self.client_id, number=number)
        )


@fault()
async def hour_wanted_by_many(arena: Arena) -> None:
    """Twenty customers book one hour that two agents have, and the server is killed meanwhile."""
    await arena.gather()
    await arena.begin()
    pages = Pages(_door(arena))
    for round_ in range(1 if arena.is_quick else 5):
        page = (await asyncio.to_thread(_open, pages, "/citas/")).text
        hours = re.findall(r'name="hora" value="([^"]+)"', page)
        service = re.search(r'name="servicio" value="([^"]+)"', page)
        assert hours, "no hour can be booked"
        assert service
        bookers = [Booker(arena, 20 * round_ + number) for number in range(8 if arena.is_quick else 20)]
        attempts = [asyncio.create_task(booker.book(hours[0], service[1])) for booker in bookers]
        await arena.acknowledged(arena.random.randint(1, 4))
        await arena.struck(arena.layout.web.kill9)
        await asyncio.to_thread(arena.layout.web.start)
        await arena.recovered()
        await asyncio.gather(*attempts)
    found = bookings(arena.layout)
    won = [row for row in found if row.client_id and row.state == "booked"]
    arena.notes.append(f"{len(won)} appointments")
    arena.complaints += check_bookings(arena.history.events, found)


def bookings(layout: Layout) -> list[Booking]:
    """Every appointment of the database, with its mails by subject."""
    mails = layout.rows("SELECT subject FROM post_office_email")
    found = layout.rows("SELECT folio, agent_id, starts_at, state, client_id FROM scheduling_appointment")
    return [
        Booking(
            folio=folio,
            agent=agent,
            starts_at=str(starts_at),
            state=state,
            client_id=str(uuid.UUID(str(client_id))) if client_id else None,
            mails=_subjects(folio, [subject for (subject,) in mails]),
        )
        for folio, agent, starts_at, state, client_id in found
    ]


def _subjects(folio: str, subjects: list[str]) -> dict[str, int]:
    mine = [subject for subject in subjects if folio in subject]
    return {subject: mine.count(subject) for subject in mine}


# --- Mails ----------------------------------------------------------------------------------------------


class MailServer:
    """Accepts every mail, and may have somebody killed between its 250 and the mark of who sent it."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, str, str]] = []
        self.on_quit: Callable[[], object] | None = None
        self.controller = Controller(self, hostname="127.0.0.1", port=servers.free_port())

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        mail = email.message_from_bytes(envelope.content or b"", policy=email.policy.default)
        self.accepted.append((mail["Message-ID"], envelope.rcpt_tos[0], mail["Subject"]))
        return "250 OK"

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        # The sender says goodbye after the last 250, and marks its mails as sent after that.
        if self.on_quit is not None:
            strike, self.on_quit = self.on_quit, None
            strike()
        return "221 Bye"


_mail_servers: dict[Path, MailServer] = {}
# A dead holder's lease, the pause of 5 s between two looks at the queue, and the start of a process.
MAIL_RECOVERY_SECONDS = LEASE_SECONDS + 5 + 10


def _with_a_mail_server(make: Callable[..., AbstractContextManager[Layout]]) -> Make:
    @contextmanager
    def with_a_mail_server(folder: Path, random: Random) -> Iterator[Layout]:
        ours = _mail_servers[folder] = MailServer()
        ours.controller.start()
        try:
            url = f"smtp://127.0.0.1:{ours.controller.port}"
            with make(folder, random, env={"EMAIL_URL": url}) as layout:
                yield layout
        finally:
            ours.controller.stop()

    return with_a_mail_server


@fault(_with_a_mail_server(layouts.embedded))
async def clock_killed_while_mailing(arena: Arena) -> None:
    """The clock is killed between the mail server's 250 and its own mark; mails go out again as the same."""
    await _kill_while_mailing(arena, [arena.layout.web])


@fault(_with_a_mail_server(layouts.larger), layout="larger")
async def clocks_killed_while_mailing(arena: Arena) -> None:
    """Both clocks die at that instant, and whoever comes next waits no longer than a dead one's lease."""
    await _kill_while_mailing(arena, arena.layout.clocks)


async def _kill_while_mailing(arena: Arena, clocks: list[Product]) -> None:
    await arena.gather()
    await arena.begin()
    mail_server = _mail_servers[arena.layout.folder]
    pages = Pages(_door(arena))
    for round_ in range(1 if arena.is_quick else 4):
        mail_server.on_quit = lambda: [clock.process.kill() for clock in clocks]
        for number in range(3):
            await asyncio.to_thread(_leave_message, pages, f"{round_}.{number}")
        await arena.until(
            lambda: all(clock.process.poll() is not None for clock in clocks), "the clocks to be killed"
        )
        killed_at = time.monotonic()
        await arena.struck(lambda: _each(Product.start, clocks))
        await arena.recovered()
        await arena.until(lambda: _are_sent(arena), "every mail to be sent")
        arena.demand(
            (took := time.monotonic() - killed_at) < MAIL_RECOVERY_SECONDS, f"mails waited {took:.0f} s"
        )
    found, repeats = check_mails(mails(arena.layout), mail_server.accepted)
    arena.complaints += found
    arena.demand(repeats > 0, "no mail was sent again: nothing was killed at the right instant")
    arena.notes.append(f"{len(mail_server.accepted)} mails accepted, {repeats} again under the same id")


def _are_sent(arena: Arena) -> bool:
    return all(mail.is_sent for mail in mails(arena.layout))


def mails(layout: Layout) -> list[Mail]:
    """The product's queue of mails."""
    found = layout.rows('SELECT message_id, "to", subject, status FROM post_office_email')
    return [
        Mail(message_id=key, to=to, kind=subject, is_sent=status == 0) for key, to, subject, status in found
    ]


def _leave_message(pages: Pages, number: str) -> None:
    fields = {"name": "Ana López", "email": "ana.lopez@contadores.com.mx", "client_id": str(uuid.uuid4())}
    pages.post("/mensaje/", "/mensaje/", text=f"No puedo timbrar desde ayer, {number}", **fields)


# --- What becomes due -----------------------------------------------------------------------------------


@fault(larger(CHAT_OFFER_MESSAGE_SECONDS="1"), layout="larger")
async def clock_killed_in_the_middle(arena: Arena) -> None:
    """Clocks are killed while two of them make the offers of hundreds of chats that are all due."""
    await arena.gather()
    await arena.begin()
    for _ in range(1 if arena.is_quick else 3):
        await _kill_clocks(arena, 60 if arena.is_quick else 300)


async def _kill_clocks(arena: Arena, count: int) -> None:
    clocks = arena.layout.clocks
    await asyncio.to_thread(_each, Product.kill9, clocks)
    people = await asyncio.to_thread(crowd, arena, count)
    chats = [chat.session for _cookie, chat in people]
    every = await asyncio.to_thread(_offers, arena) + count
    await asyncio.to_thread(_each, Product.start, clocks)
    for clock in [*clocks, *clocks]:
        # Fast clocks may be done before the last of them is killed.
        goal = min(await asyncio.to_thread(_offers, arena) + count // 8, every)
        await arena.until(lambda: _offers(arena) >= goal, "some offers")  # noqa: B023  used at once
        await arena.struck(clock.kill9)
        await asyncio.to_thread(clock.start)
    await arena.recovered()
    await arena.until(lambda: _offers(arena, chats) == count, "every offer", is_demanded=False)
    lines = await asyncio.to_thread(stored_lines, arena.layout)
    arena.complaints += check_due(lines, "queue.offer", chats)


def _each(act: Callable[[Product], object], products: list[Product]) -> None:
    for product in products:
        act(product)


def _offers(arena: Arena, chats: list[int] | None = None) -> int:
    lines = arena.layout.rows("SELECT session_id FROM chat_message WHERE rule = 'queue.offer'")
    return sum(chats is None or chat in chats for (chat,) in lines)


# --- Pages ----------------------------------------------------------------------------------------------


class _Page:
    """An answer, whatever its status."""

    def __init__(self, response: Any) -> None:
        with response:
            self.status, self.url = response.status, response.url
            self.text: str = response.read().decode()


def _door(arena: Arena) -> Any:
    return SimpleNamespace(url=arena.layout.origin)


def _open(pages: Pages, path: str, fields: dict[str, str] | None = None) -> _Page:
    body = urlencode(fields).encode() if fields is not None else None
    try:
        return _Page(pages.opener.open(pages.server.url + path, body, timeout=60))
    except HTTPError as refused:
        return _Page(refused)


def _token(page: _Page) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    if not found:
        raise ValueError(f"no form: {page.status}")
    return found[1]
