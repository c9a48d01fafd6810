"""What clients asked for, what they were answered, and what they were shown: one JSON line an event.

Each line is on its way to the disk before the next step is taken, so that a run that dies can be judged too.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Kind(StrEnum):
    """`invoke` is written before a call, one of the others after it, and `unknown` when no answer came."""

    INVOKE = "invoke"
    OK = "ok"
    # Refused for good: it must not be there.
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One step of one call. `what` is message, note, upload or booking; `text` carries its chat's secret tag.

    `number` is the one of the acknowledgement, or a folio; of an upload `text` is the hash of its bytes.
    """

    kind: Kind
    what: str
    who: str
    chat: int
    client_id: str
    text: str = ""
    number: int | str | None = None
    code: str = ""
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One line as it arrived at a reader, who had asked for all that comes after the number `after`.

    `follow` counts the reader's `chat.follow`: within each, lines come once and in order.
    """

    who: str
    side: str
    chat: int
    follow: int
    after: int
    number: int | None
    staff_number: int | None
    client_id: str
    author: str
    text: str

    @property
    def place(self) -> int | None:
        """The number that its reader counts by."""
        return self.staff_number if self.side == "agent" else self.number


class History:
    """The events of one run, kept in memory for the judge and in a folder for people."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.events: list[Event] = []
        self.seen: list[Seen] = []
        self._events_file = (folder / "events.jsonl").open("w", encoding="utf-8")
        self._seen_file = (folder / "seen.jsonl").open("w", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._events_file.close()
        self._seen_file.close()

    def write(self, event: Event) -> None:
        """Keep one step of a call."""
        self.events.append(event)
        _write(self._events_file, event)

    def show(self, seen: Seen) -> None:
        """Keep one line that a reader was sent."""
        self.seen.append(seen)
        _write(self._seen_file, seen)

    @property
    def acknowledged(self) -> int:
        """How many different things were acknowledged."""
        return len({(event.chat, event.client_id) for event in self.events if event.kind == Kind.OK})


def read_events(path: Path) -> Iterator[Event]:
    """The events of a run that was written earlier."""
    for line in path.read_text(encoding="utf-8").splitlines():
        stored = json.loads(line)
        yield Event(**stored | {"kind": Kind(stored["kind"])})


def read_seen(path: Path) -> Iterator[Seen]:
    """What the readers of a run that was written earlier were shown."""
    return (Seen(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())


def _write(file: Any, row: Event | Seen) -> None:
    file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
    file.flush()
