"""A request body larger than an upload may be is refused before anything stores it."""

import json
from typing import Any

from django.conf import settings
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import measures

# A browser that still sends reads no answer. So much more is read and dropped; then the connection goes.
DRAIN_BYTES = 64 * 1024 * 1024

_PAGE = (
    '<!doctype html><html lang="{language}"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title>'
    "<h1>{title}</h1><p>{text}</p></html>"
)


class BodyLimit:
    """ASGI middleware: answers 413 to a body over ``settings.MAX_BODY_BYTES``, announced or found."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = CountedBody(receive)
        if content_length(scope) <= settings.MAX_BODY_BYTES:
            await self.application(scope, body.receive, body.only_while_within(send))
            if not body.is_too_large:
                return
        await body.drain()
        await refuse(scope, send)


class CountedBody:
    """A body that pretends the client left once it is over the limit: Django then drops what it has."""

    def __init__(self, receive: Any) -> None:
        self._receive = receive
        self._received = 0
        self._has_more = True

    @property
    def is_too_large(self) -> bool:
        return self._received > settings.MAX_BODY_BYTES

    async def receive(self) -> Any:
        """The next piece, or http.disconnect from the one on that passes the limit."""
        message = None if self.is_too_large else await self._next()
        return {"type": "http.disconnect"} if self.is_too_large else message

    async def drain(self) -> None:
        """Read and drop what is still coming, up to DRAIN_BYTES."""
        end = self._received + DRAIN_BYTES
        while self._has_more and self._received <= end:
            await self._next()

    def only_while_within(self, send: Any) -> Any:
        """A `send` that keeps quiet once the answer is ours to give."""

        async def guarded(message: Any) -> None:
            if not self.is_too_large:
                await send(message)

        return guarded

    async def _next(self) -> Any:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        self._has_more = message.get("more_body", False)
        return message


def content_length(scope: Any) -> int:
    """What the request says of its body's size; 0 when it says nothing that can be read."""
    lengths = [value for name, value in scope["headers"] if name.lower() == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


async def refuse(scope: Any, send: Any) -> None:
    """Answer 413, as JSON to whoever asks for JSON."""
    measures.REFUSALS.labels("upload.too-large").inc()
    content_type, body = answer(accepts_json=_accepts_json(scope))
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", _policy().encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _policy() -> str:
    """An upload is refused inside the chat's frame, also on somebody else's site."""
    return f"default-src 'none'; frame-ancestors {' '.join(settings.FRAMED_CSP['frame-ancestors'])}"


def answer(*, accepts_json: bool) -> tuple[bytes, bytes]:
    """The content type and the body of the answer."""
    limit = f"{settings.CHAT_MAX_UPLOAD_BYTES / 2**20:g} MB"
    text = _("Lo que envió pasa del límite de %(limit)s. Regrese y envíe un archivo más pequeño.") % {
        "limit": limit
    }
    if accepts_json:
        return b"application/json", json.dumps({"code": "upload.too-large", "text": text}).encode()
    title = escape(_("Archivo demasiado grande"))
    page = _PAGE.format(language=get_language(), title=title, text=escape(text))
    return b"text/html; charset=utf-8", page.encode()


def _accepts_json(scope: Any) -> bool:
    return any(name.lower() == b"accept" and b"application/json" in value for name, value in scope["headers"])
