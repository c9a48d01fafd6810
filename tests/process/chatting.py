"""The two sides of a chat without a browser: pages by plain HTTP, and the protocol over a WebSocket."""

import json
import re
import socket
import sqlite3
import struct
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.servers import START_SECONDS, Product

FIRST_WORDS = "No puedo timbrar"
PASSWORD = "facturando-demo"

type Frame = dict[str, Any]


class Pages:
    """A browser without scripts: it keeps cookies, and fills in forms."""

    def __init__(self, server: Product) -> None:
        self.server = server
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    @property
    def cookies(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)

    def post(self, form_at: str, action: str, **typed: str) -> str:
        """Fill in the form of one page, send it to `action`, and return the page that comes."""
        with self.opener.open(self.server.url + form_at, timeout=START_SECONDS) as page:
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
        assert token, f"no form at {form_at}"
        body = urlencode(typed | {"csrfmiddlewaretoken": token[1]}).encode()
        with self.opener.open(self.server.url + action, body, timeout=START_SECONDS) as page:
            text: str = page.read().decode()
            return text


class Reader:
    """One side of one chat: what it has read, and what it still has to send.

    As a browser does, it keeps a line until it is acknowledged, and asks for what follows its last number.
    """

    path = "/ws/chat/"
    number = "number"

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.server = pages.server
        self.lines: list[Frame] = []
        self.stored: dict[str, int] = {}
        self.received = 0

    @property
    def last(self) -> int:
        return self.lines[-1][self.number] if self.lines else 0

    @property
    def texts(self) -> list[str]:
        return [line["text"] for line in self.lines]

    @contextmanager
    def connected(self) -> Iterator[ClientConnection]:
        """Open a socket and follow the chat from the last number on."""
        url = f"ws://127.0.0.1:{self.server.port}{self.path}"
        cookies = {"Cookie": self.pages.cookies}
        self.received = 0
        with connect(url, origin=Origin(self.server.url), additional_headers=cookies) as wire:
            wire.send(json.dumps(self.addressed({"type": "chat.follow", "after": self.last})))
            yield wire

    def addressed(self, frame: Frame) -> Frame:
        return frame

    def line(self, text: str, client_id: str | None = None) -> Frame:
        """A line as it goes over the wire; its id stays the same however often it is sent."""
        client_id = client_id or str(uuid.uuid4())
        return self.addressed({"type": "message.send", "client_id": client_id, "text": text})

    def hear(self, wire: ClientConnection, until: Callable[[], bool]) -> None:
        """Read frames until `until` holds, and acknowledge them as a browser does."""
        while not until():
            frame = json.loads(wire.recv(timeout=START_SECONDS))
            self.received += 1
            self._take(frame)
            if frame["type"] == "heartbeat" or self.received % 100 == 0:
                wire.send(json.dumps({"type": "heartbeat", "received": self.received}))

    def _take(self, frame: Frame) -> None:
        assert frame["type"] != "error", frame
        if frame["type"] == "message.created":
            # The protocol promises it: each once, in order.
            assert frame[self.number] == self.last + 1, frame
            self.lines.append(frame)
        if frame["type"] == "message.stored":
            before = self.stored.setdefault(frame["client_id"], frame["number"])
            assert before == frame["number"], frame


class AgentReader(Reader):
    path = "/ws/agente/"
    number = "staff_number"

    def __init__(self, pages: Pages, session: int) -> None:
        super().__init__(pages)
        self.session = session

    def addressed(self, frame: Frame) -> Frame:
        return frame | {"session": self.session}


def start_chat(server: Product) -> Reader:
    """A customer who waits."""
    pages = Pages(server)
    typed = {"name": "Ana López", "email": "ana.lopez@contadores.com.mx", "text": FIRST_WORDS}
    page = pages.post("/chat/", "/chat/iniciar/", client_id=str(uuid.uuid4()), **typed)
    assert FIRST_WORDS in page
    return Reader(pages)


def identify(customer: Reader) -> None:
    form = {"rfc": "XAXX010101000", "legal_name": "Beta", "program": "Nómina CFDI", "program_version": "4"}
    customer.pages.post("/chat/", "/chat/identificacion/", **form)


def take_chat(server: Product) -> AgentReader:
    """An agent who signs in and takes the only chat that waits."""
    pages = Pages(server)
    pages.post("/agente/entrar/", "/agente/entrar/", username="agente1", password=PASSWORD)
    [(session, folio)] = rows(server, "SELECT id, folio FROM chat_chatsession WHERE state = 'waiting'")
    pages.post("/agente/", f"/agente/chat/{folio}/atender/")
    return AgentReader(pages, session)


def rows(server: Product, query: str) -> list[tuple[Any, ...]]:
    """What the database holds, read past the product."""
    with closing(sqlite3.connect(server.folder / "facturando.sqlite3", timeout=20)) as database:
        return database.execute(query).fetchall()


def stored_lines(server: Product) -> list[tuple[int, str, str]]:
    """Number, id and text of every line, in order."""
    found = rows(server, "SELECT number, client_id, text FROM chat_message ORDER BY number")
    return [(number, str(uuid.UUID(client_id)), text) for number, client_id, text in found]


def cut(wire: ClientConnection) -> None:
    """End the connection as a pulled cable or a crashed browser does: a reset, and no goodbye."""
    no_linger = struct.pack("ii", 1, 0)
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
    wire.socket.close()
