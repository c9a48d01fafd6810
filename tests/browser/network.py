"""A wire between browsers and the product that can be cut, frozen and mended, loses answers, or lets no
WebSocket pass."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LIMIT = 64 * 1024


class Network:
    """Forwards 127.0.0.1:`port` to 127.0.0.1:`target`, in a thread of its own."""

    def __init__(self, target: int, port: int) -> None:
        self.target = target
        self.port = port
        self.refuses_sockets = self.drops_sockets = False
        # What browsers send arrives, and what they are sent does not.
        self.loses_answers = False
        self.is_cut = False
        self.loop = asyncio.new_event_loop()
        self.is_flowing = asyncio.Event()
        self.is_flowing.set()
        self.writers: set[asyncio.StreamWriter] = set()
        self.thread = Thread(target=self.loop.run_forever, name="network")
        self.thread.start()
        self.server: asyncio.Server = self._wait(
            asyncio.start_server(self._forward, "127.0.0.1", port, limit=LIMIT)
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Every connection breaks, and new ones break at once."""
        self._wait(self._cut())

    def freeze(self) -> None:
        """Connections stay and carry nothing more."""
        self._wait(self._flow(False))

    def mend(self) -> None:
        """As good as new."""
        self.refuses_sockets = self.drops_sockets = self.loses_answers = self.is_cut = False
        self._wait(self._flow(True))

    def close(self) -> None:
        self._wait(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    async def _cut(self) -> None:
        self.is_cut = True
        for writer in self.writers:
            writer.transport.abort()

    async def _flow(self, is_flowing: bool) -> None:
        if is_flowing:
            self.is_flowing.set()
        else:
            self.is_flowing.clear()

    async def _close(self) -> None:
        self.server.close()
        await self._cut()
        self.is_flowing.set()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.CancelledError, asyncio.LimitOverrunError):
            await self._connect(reader, writer)
        writer.transport.abort()
        self.writers.discard(writer)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            return
        self.writers.add(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        is_socket = b"upgrade: websocket" in head.lower()
        if self.refuses_sockets and is_socket:
            writer.write(REFUSAL)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            return
        there, back = await self._open_target()
        self.writers.add(back)
        back.write(head)
        if self.drops_sockets and is_socket:
            writer.write(await there.readuntil(b"\r\n\r\n"))
            await writer.drain()
            back.transport.abort()
            return
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer, is_answer=True))
        finally:
            back.transport.abort()
            self.writers.discard(back)

    async def _open_target(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.target, limit=LIMIT)

    async def _carry(self, _data: bytes) -> None:
        """What a piece of traffic meets on its way."""
        await self.is_flowing.wait()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool = False
    ) -> None:
        while data := await reader.read(LIMIT):
            await self._carry(data)
            if is_answer and self.loses_answers:
                continue
            writer.write(data)
            await writer.drain()
        # One side is done: HTTP and WebSocket both mean the whole connection by it.
        raise EOFError


@contextmanager
def network(target: int, port: int) -> Iterator[Network]:
    wire = Network(target, port)
    try:
        yield wire
    finally:
        wire.close()
