"""A WebSocket client that costs next to nothing, so that what is measured is the server (RFC 6455)."""

import asyncio
import base64
import os
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
# A mask of zeros leaves the payload as it is: allowed, and free.
NO_MASK = b"\0\0\0\0"
OPENING_SECONDS = 60.0


class Refused(OSError):
    """The server did not open the socket."""


class Wire(asyncio.Protocol):
    """One open socket; `hear` is called with each text frame, as bytes."""

    transport: asyncio.Transport

    def __init__(self, head: bytes, hear: Callable[[bytes], None]) -> None:
        self.head, self.hear = head, hear
        self.buffer = bytearray()
        self.is_open = False
        self.frames = self.bytes = 0
        self.closed_with: int | None = None
        # Called once it is over, by whose will ever.
        self.on_end: Callable[[], None] = lambda: None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.head)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        self.closed_with = self.closed_with or 1006
        if not self.opened.done():
            self.opened.set_exception(error or Refused("closed before it was open"))
        self.on_end()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.is_open and not self._shake_hands():
            return
        while (frame := self._next()) is not None:
            self._take(*frame)

    def _shake_hands(self) -> bool:
        head, separator, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        if not separator:
            return False
        if b" 101 " not in head.split(b"\r\n")[0]:
            self.opened.set_exception(Refused(head.split(b"\r\n")[0].decode()))
            self.transport.abort()
            return False
        self.buffer = bytearray(rest)
        self.is_open = True
        self.opened.set_result(None)
        return True

    def _next(self) -> tuple[int, bytes] | None:
        """The next whole frame: what kind it is, and its payload."""
        if len(self.buffer) < 2:
            return None
        start, length = 2, self.buffer[1] & 127
        if length > 125:
            start, shape = (4, ">H") if length == 126 else (10, ">Q")
            if len(self.buffer) < start:
                return None
            [length] = struct.unpack_from(shape, self.buffer, 2)
        if len(self.buffer) < start + length:
            return None
        kind, payload = self.buffer[0] & 15, bytes(self.buffer[start : start + length])
        del self.buffer[: start + length]
        return kind, payload

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == TEXT:
            self.frames += 1
            self.bytes += len(payload)
            self.hear(payload)
        elif kind == PING:
            self._write(PONG, payload)
        elif kind == CLOSE:
            self.closed_with = int.from_bytes(payload[:2]) or 1005
            self.transport.close()

    def send(self, text: bytes) -> None:
        """Write one text frame; one that ended meanwhile hears nothing."""
        self._write(TEXT, text)

    def close(self) -> None:
        """Say goodbye."""
        with suppress(OSError):
            self._write(CLOSE, b"\x03\xe8")
            self.transport.close()

    def _write(self, kind: int, payload: bytes) -> None:
        length = len(payload)
        if length < 126:
            head = bytes((128 | kind, 128 | length))
        else:
            head = bytes((128 | kind, 128 | 126)) + length.to_bytes(2)
        self.transport.write(head + NO_MASK + payload)


async def open_wire(url: str, headers: Mapping[str, str], hear: Callable[[bytes], None]) -> Wire:
    """A socket at a ws:// address, once the server has agreed; raises Refused and OSError."""
    place = urlsplit(url)
    ours = {
        "Host": place.netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    lines = [
        f"GET {place.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in (ours | dict(headers)).items()),
    ]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    loop = asyncio.get_running_loop()
    assert place.hostname
    assert place.port
    async with asyncio.timeout(OPENING_SECONDS):
        _transport, wire = await loop.create_connection(lambda: Wire(head, hear), place.hostname, place.port)
        await wire.opened
    return wire
