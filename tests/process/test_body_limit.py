"""The body limit as any ASGI server would use it, one that hands over a body while it still arrives."""

from typing import Any

import pytest

from facturando_support.body_limit import DRAIN_BYTES, BodyLimit

LIMIT = 1000


@pytest.fixture(autouse=True)
def _small_limit(settings):
    settings.MAX_BODY_BYTES = LIMIT


class Client:
    """Sends pieces of a body and keeps the answer."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.sent = 0
        self.answer: list[Any] = []

    async def receive(self) -> Any:
        if self.sent == len(self.pieces):
            return {"type": "http.disconnect"}
        self.sent += 1
        piece = self.pieces[self.sent - 1]
        return {"type": "http.request", "body": piece, "more_body": self.sent < len(self.pieces)}

    async def send(self, message: Any) -> None:
        self.answer.append(message)

    async def post(self, application: Any, *headers: tuple[bytes, bytes]) -> int | None:
        scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}
        await BodyLimit(application)(scope, self.receive, self.send)
        return self.answer[0]["status"] if self.answer else None


class Application:
    """Reads a whole body as Django does, and answers 200; it answers nothing to a client that left."""

    def __init__(self) -> None:
        self.body = b""
        self.was_called = False

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        self.was_called = True
        while (message := await receive())["type"] != "http.disconnect":
            self.body += message["body"]
            if not message["more_body"]:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return


async def test_a_body_within_the_limit_passes_unchanged():
    application = Application()

    assert await Client(b"a" * 600, b"b" * 400).post(application, (b"content-length", b"1000")) == 200
    assert application.body == b"a" * 600 + b"b" * 400


async def test_an_announced_body_over_the_limit_never_reaches_the_application():
    application = Application()
    client = Client(b"a" * 600, b"b" * 401)

    assert await client.post(application, (b"content-length", b"1001")) == 413
    assert not application.was_called
    assert client.sent == 2


async def test_an_unannounced_body_is_cut_where_it_passes_the_limit():
    application = Application()
    client = Client(b"a" * 600, b"b" * 401, b"c" * 10)

    assert await client.post(application) == 413
    assert application.body == b"a" * 600
    assert client.sent == 3


async def test_the_last_piece_may_be_the_one_that_passes_the_limit():
    client = Client(b"a" * 600, b"b" * 401)

    assert await client.post(Application()) == 413
    assert client.sent == 2


async def test_a_body_that_lies_about_its_length_is_counted_all_the_same():
    assert await Client(b"a" * 1001).post(Application(), (b"content-length", b"10")) == 413


async def test_an_endless_body_is_not_read_to_its_end():
    piece = bytes(1024 * 1024)
    client = Client(*[piece] * 100)

    assert await client.post(Application(), (b"content-length", b"104857600")) == 413
    assert client.sent == DRAIN_BYTES // len(piece) + 1


async def test_a_client_that_leaves_gets_no_answer():
    client = Client()

    assert await client.post(Application()) is None


async def test_a_length_that_is_no_number_counts_as_none():
    assert await Client(b"a").post(Application(), (b"content-length", "²".encode())) == 200
