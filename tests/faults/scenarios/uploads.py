"""Files that are sent while something goes wrong, until they are accepted, and what became of them."""

import asyncio
import hashlib
import json
import uuid
from dataclasses import dataclass, field

from tests.faults.arena import Arena
from tests.faults.checker import StoredFile, check_files
from tests.faults.clients import form, request, retry_pause
from tests.faults.history import Event, Kind

MOST_TRIES = 40


@dataclass
class File:
    """A file to send: some text of random letters, of which any half would be another file."""

    content: bytes
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class Uploader:
    """The first customer's browser, which sends files beside what is being said."""

    def __init__(self, arena: Arena, size: int) -> None:
        self.arena, self.size = arena, size
        self.talker = next(talker for talker in arena.talkers if not talker.is_agent)
        [self.chat] = self.talker.chats.values()

    def next_file(self) -> File:
        letters = self.arena.random.randbytes(self.size // 2).hex()
        return File(f"{self.chat.tag}\n{letters}\n".encode())

    async def send_until_accepted(self) -> None:
        """One file under one id, with the pauses of a browser."""
        file = self.next_file()
        for failures in range(MOST_TRIES):
            if await self.send(file):
                return
            await asyncio.sleep(retry_pause(failures, self.arena.random))
        self.arena.demand(False, "a file was never accepted")

    async def send(self, file: File, cut_after: float | None = None) -> bool:
        """Send it once; whether it was acknowledged."""
        fields = {"csrfmiddlewaretoken": self.talker.token, "client_id": file.client_id}
        content_type, body = form(fields, (f"{file.client_id}.txt", file.content))
        headers = {"Cookie": self.talker.cookies, "Content-Type": content_type, "Accept": "application/json"}
        self._write(Kind.INVOKE, file)
        try:
            status, _headers, content = await request(
                self.arena.layout.origin, "POST", "/chat/mensajes/", headers, body, cut_after=cut_after
            )
        except (OSError, TimeoutError, EOFError):
            self._write(Kind.UNKNOWN, file)
            return False
        return self._answered(file, status, content)

    def _answered(self, file: File, status: int, content: bytes) -> bool:
        if status == 200:
            self._write(Kind.OK, file, number=json.loads(content)["number"])
        elif status >= 500:
            self._write(Kind.UNKNOWN, file, code=str(status))
        else:
            self._write(Kind.FAIL, file, code=json.loads(content).get("code", str(status)))
        return status == 200

    def _write(self, kind: Kind, file: File, **known: int | str) -> None:
        event = Event(
            kind=kind,
            what="upload",
            who=self.talker.who,
            chat=self.chat.session,
            client_id=file.client_id,
            text=file.sha256,
            **known,  # type: ignore[arg-type]
        )
        self.arena.history.write(event)

    def judge(self) -> None:
        """Compare what was acknowledged with the bytes on the disk."""
        self.arena.complaints += check_files(self.arena.history.events, self._stored())

    def _stored(self) -> list[StoredFile]:
        found = self.arena.layout.rows(
            "SELECT m.session_id, m.client_id, a.sha256, a.content FROM chat_attachment a "
            "JOIN chat_message m ON m.id = a.message_id"
        )
        return [
            StoredFile(
                chat=chat, client_id=str(uuid.UUID(str(key))), sha256=sha256, bytes_sha256=self._hash(path)
            )
            for chat, key, sha256, path in found
        ]

    def _hash(self, name: str) -> str | None:
        path = self.arena.layout.folder / "media" / name
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
