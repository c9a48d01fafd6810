"""Asks clamd for viruses, where the setting names one. Off by default.

clamd speaks over a socket of its own (clamd(8), INSTREAM): the bytes in pieces, each after its length, and a
length of zero at the end. Twenty lines, where the library for it has had no release since 2014.
"""

import logging
import socket
import struct
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings

from chat.models import Attachment

logger = logging.getLogger(__name__)

_PIECE_BYTES = 64 * 1024
_MOST_REPLY_BYTES = 4096

Scan = Attachment.Scan


class ScannerDown(Exception):
    """Nobody answered, or not with a verdict: the file is neither clean nor infected."""


@dataclass(frozen=True)
class Finding:
    """What is known of a file; `virus` is the signature's name when it is infected."""

    scan: Scan = Scan.OFF
    virus: str = ""


def look_at(content: BinaryIO) -> Finding:
    """What the scanner says; without an answer the file waits, and without a scanner nothing is looked at."""
    if not settings.CLAMD_ADDRESS:
        return Finding()
    try:
        virus = find_virus(content)
    except ScannerDown as down:
        logger.warning("The virus scanner gave no verdict: %s", down)
        return Finding(Scan.WAITING)
    return Finding(Scan.INFECTED, virus) if virus else Finding(Scan.CLEAN)


def answers() -> bool:
    """Whether a scanner is named and answers now."""
    if not settings.CLAMD_ADDRESS:
        return False
    try:
        with _connected() as scanner:
            scanner.sendall(b"zPING\0")
            return _reply(scanner) == b"PONG\0"
    except OSError:
        return False


def find_virus(content: BinaryIO) -> str:
    """The name of what clamd found, empty for a clean file. Leaves `content` at its beginning.

    Raises ScannerDown.
    """
    content.seek(0)
    try:
        with _connected() as scanner:
            reply = _ask(scanner, content)
    except OSError as error:
        raise ScannerDown(type(error).__name__) from error
    finally:
        content.seek(0)
    return _verdict(reply)


def _connected() -> socket.socket:
    """A connection to ``settings.CLAMD_ADDRESS``: a socket's path, or host:port."""
    address = settings.CLAMD_ADDRESS
    if address.startswith("/"):
        scanner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        scanner.settimeout(settings.CLAMD_TIMEOUT.total_seconds())
        try:
            scanner.connect(address)
        except OSError:
            scanner.close()
            raise
        return scanner
    host, _colon, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=settings.CLAMD_TIMEOUT.total_seconds())


def _ask(scanner: socket.socket, content: BinaryIO) -> bytes:
    scanner.sendall(b"zINSTREAM\0")
    while piece := content.read(_PIECE_BYTES):
        scanner.sendall(struct.pack("!L", len(piece)) + piece)
    scanner.sendall(struct.pack("!L", 0))
    return _reply(scanner)


def _reply(scanner: socket.socket) -> bytes:
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < _MOST_REPLY_BYTES:
        part = scanner.recv(_MOST_REPLY_BYTES)
        if not part:
            break
        reply += part
    return reply


def _verdict(reply: bytes) -> str:
    """Only what clamd says in full counts: a broken answer lets nothing through."""
    words = reply.rstrip(b"\0").decode("ascii", "replace").removeprefix("stream: ")
    if reply == b"stream: OK\0":
        return ""
    if reply.startswith(b"stream: ") and reply.endswith(b" FOUND\0"):
        return words.removesuffix(" FOUND")[:200]
    raise ScannerDown(words[:100] or "no reply")
