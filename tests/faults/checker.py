"""The judge: pure functions over what was asked and answered, what was shown, and what the database holds."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from tests.faults.history import Event, Kind, Seen


class Wrong(StrEnum):
    """What a run can be guilty of."""

    LOST = "lost"  # acknowledged, and absent
    PHANTOM = "phantom"  # refused for good or never said, and present
    DUPLICATE = "duplicate"  # twice
    HOLE = "hole"  # a number that nothing has
    SWAP = "swap"  # out of order
    LEAK = "leak"  # another chat's secret
    NOTE = "note"  # an internal note on a customer's side
    CHANGED = "changed"  # other words, bytes or numbers than were acknowledged or stored
    UNEQUAL = "unequal"  # a side that does not equal the database at the end
    TWO_WINNERS = "two winners"  # one hour of one agent for two customers


@dataclass(frozen=True)
class Violation:
    wrong: Wrong
    what: str

    def __str__(self) -> str:
        return f"{self.wrong.upper()}: {self.what}"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A message as the database holds it; `rule` is what made the product itself say it."""

    chat: int
    number: int | None
    staff_number: int
    client_id: str
    author: str
    text: str
    rule: str = ""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who should have all of a chat when everything has come to rest."""

    who: str
    side: str
    chat: int


@dataclass(frozen=True, kw_only=True)
class Booking:
    """An appointment as the database holds it, and how many mails of each kind tell of it."""

    folio: str
    agent: int
    starts_at: str
    state: str
    client_id: str | None
    mails: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail of the product's queue; `kind` is its subject."""

    message_id: str
    to: str
    kind: str
    is_sent: bool


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """An attachment as the database names it, and the hash of the bytes on the disk; None without those."""

    chat: int
    client_id: str
    sha256: str
    bytes_sha256: str | None


# --- Messages -------------------------------------------------------------------------------------------


def check_messages(
    events: Sequence[Event],
    seen: Sequence[Seen],
    stored: Sequence[Line],
    readers: Iterable[Reader],
    tags: Mapping[int, str],
) -> list[Violation]:
    """Everything that is wrong with a run's messages. `tags` names the secret of each chat."""
    said = [event for event in events if event.what in ("message", "note")]
    return [
        *_answers(said, stored),
        *_never_said(events, stored),
        *_stored_twice(stored),
        *_numbers(stored),
        *_order_of_senders(said, stored),
        *_streams(seen),
        *_leaks(seen, tags),
        *_notes(seen, stored),
        *_ends(seen, stored, readers),
    ]


def _answers(said: Iterable[Event], stored: Iterable[Line]) -> list[Violation]:
    rows = {(line.chat, line.client_id): line for line in stored}
    calls: defaultdict[tuple[int, str], list[Event]] = defaultdict(list)
    for event in said:
        calls[event.chat, event.client_id].append(event)
    return [wrong for key, steps in calls.items() for wrong in _answer(steps, rows.get(key))]


def _answer(steps: Sequence[Event], row: Line | None) -> list[Violation]:
    """One message, however often it was sent, against the row that it became."""
    about = f"{steps[0].who} in chat {steps[0].chat}: «{steps[0].text}»"
    accepted = [step for step in steps if step.kind == Kind.OK]
    is_refused = not accepted and any(step.kind == Kind.FAIL for step in steps)
    if row is None:
        return [Violation(Wrong.LOST, about)] if accepted else []
    if is_refused:
        return [Violation(Wrong.PHANTOM, about)]
    number = row.number if steps[0].what == "message" else row.staff_number
    has_changed = row.text != steps[0].text or any(step.number != number for step in accepted)
    return [Violation(Wrong.CHANGED, f"{about} is stored as {row}")] if has_changed else []


def _never_said(said: Iterable[Event], stored: Iterable[Line]) -> list[Violation]:
    known = {(event.chat, event.client_id) for event in said}
    return [
        Violation(Wrong.PHANTOM, f"nobody said {line}")
        for line in stored
        if not line.rule and (line.chat, line.client_id) not in known
    ]


def _stored_twice(stored: Sequence[Line]) -> list[Violation]:
    """The same id, or the same words: each call's words are its own."""
    ids = Counter((line.chat, line.client_id) for line in stored)
    words = Counter((line.chat, line.text) for line in stored if not line.rule)
    return [
        Violation(Wrong.DUPLICATE, f"stored {times} times: {key}")
        for key, times in (ids | words).items()
        if times > 1
    ]


def _numbers(stored: Sequence[Line]) -> list[Violation]:
    found = []
    for chat, lines in _by_chat(stored).items():
        ordered = sorted(lines, key=lambda line: line.staff_number)
        mine = [line.number for line in ordered if line.number is not None]
        found += _count(f"chat {chat}, staff", [line.staff_number for line in ordered], after=0)
        found += _count(f"chat {chat}, customer", mine, after=0)
    return found


def _count(where: str, numbers: Sequence[int], after: int) -> list[Violation]:
    """Numbers as they came must be `after` + 1, + 2, + 3 …"""
    found = []
    for before, number in pairwise([after, *numbers]):
        if number == before + 1:
            continue
        wrong = Wrong.HOLE if number > before else Wrong.DUPLICATE if number == before else Wrong.SWAP
        found.append(Violation(wrong, f"{where}: {number} after {before}"))
    return found


def _order_of_senders(said: Iterable[Event], stored: Iterable[Line]) -> list[Violation]:
    """A client sends one line after the other, so its lines stand in that order."""
    places = {(line.chat, line.client_id): line.staff_number for line in stored}
    senders: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for event in said:
        ids = senders[event.who, event.chat]
        if event.kind == Kind.INVOKE and event.client_id not in ids[-1:]:
            ids.append(event.client_id)
    found = []
    for (who, chat), ids in senders.items():
        numbers = [places[chat, client_id] for client_id in dict.fromkeys(ids) if (chat, client_id) in places]
        if numbers != sorted(numbers):
            found.append(Violation(Wrong.SWAP, f"{who} said it in another order in chat {chat}: {numbers}"))
    return found


def _streams(seen: Iterable[Seen]) -> list[Violation]:
    """Within one `chat.follow` the lines come once each, in order, from the number that was asked for."""
    streams: defaultdict[tuple[str, int, int, int], list[int]] = defaultdict(list)
    for line in seen:
        if line.place is not None:
            streams[line.who, line.chat, line.follow, line.after].append(line.place)
    return [
        wrong
        for (who, chat, _follow, after), numbers in streams.items()
        for wrong in _count(f"{who} reading chat {chat}", numbers, after)
    ]


def _leaks(seen: Iterable[Seen], tags: Mapping[int, str]) -> list[Violation]:
    return [
        Violation(Wrong.LEAK, f"{line.who} was shown chat {chat} in chat {line.chat}: «{line.text}»")
        for line in seen
        for chat, tag in tags.items()
        if chat != line.chat and tag in line.text
    ]


def _notes(seen: Iterable[Seen], stored: Iterable[Line]) -> list[Violation]:
    notes = {(line.chat, line.client_id) for line in stored if line.number is None}
    return [
        Violation(Wrong.NOTE, f"{line.who} was shown «{line.text}»")
        for line in seen
        if line.side == "customer" and (line.number is None or (line.chat, line.client_id) in notes)
    ]


def _ends(seen: Sequence[Seen], stored: Sequence[Line], readers: Iterable[Reader]) -> list[Violation]:
    lines = _by_chat(stored)
    pages: defaultdict[tuple[str, int], list[Seen]] = defaultdict(list)
    for line in seen:
        pages[line.who, line.chat].append(line)
    found = []
    for reader in readers:
        is_staff = reader.side == "agent"
        truth: list[object] = [
            (line.staff_number if is_staff else line.number, line.client_id, line.author, line.text)
            for line in sorted(lines[reader.chat], key=lambda line: line.staff_number)
            if is_staff or line.number is not None
        ]
        found += _difference(reader, _shown(pages[reader.who, reader.chat]), truth)
    return found


def _shown(seen: Iterable[Seen]) -> list[tuple[int | None, str, str, str]]:
    """What stands on a page: a browser drops the numbers that it already has."""
    shown: list[tuple[int | None, str, str, str]] = []
    last = 0
    for line in seen:
        if line.place is not None and line.place > last:
            last = line.place
            shown.append((line.place, line.client_id, line.author, line.text))
    return shown


def _difference(reader: Reader, shown: Sequence[object], truth: Sequence[object]) -> list[Violation]:
    if shown == truth:
        return []
    missing = [line for line in truth if line not in shown]
    added = [line for line in shown if line not in truth]
    return [
        Violation(
            Wrong.UNEQUAL, f"{reader.who} in chat {reader.chat} misses {missing[:3]}, has beside {added[:3]}"
        )
    ]


def _by_chat(stored: Iterable[Line]) -> defaultdict[int, list[Line]]:
    chats: defaultdict[int, list[Line]] = defaultdict(list)
    for line in stored:
        chats[line.chat].append(line)
    return chats


# --- What the clock does --------------------------------------------------------------------------------


def check_due(stored: Iterable[Line], rule: str, chats: Iterable[int]) -> list[Violation]:
    """What became due in each of `chats` was said there exactly once."""
    times = Counter(line.chat for line in stored if line.rule == rule)
    return [
        Violation(
            Wrong.DUPLICATE if times[chat] else Wrong.LOST, f"{rule} in chat {chat}: {times[chat]} times"
        )
        for chat in chats
        if times[chat] != 1
    ]


# --- Appointments ---------------------------------------------------------------------------------------


def check_bookings(events: Iterable[Event], booked: Sequence[Booking]) -> list[Violation]:
    """Everything that is wrong with a run's appointments."""
    rows = {row.client_id: row for row in booked}
    calls: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.what == "booking":
            calls[event.client_id].append(event)
    answers = [wrong for client_id, steps in calls.items() for wrong in _booking(steps, rows.get(client_id))]
    ids = Counter(row.client_id for row in booked if row.client_id)
    twice = [
        Violation(Wrong.DUPLICATE, f"booked {times} times: {key}") for key, times in ids.items() if times > 1
    ]
    return [*answers, *twice, *_winners(booked), *_mails_of(booked)]


def _booking(steps: Sequence[Event], row: Booking | None) -> list[Violation]:
    accepted = [step for step in steps if step.kind == Kind.OK]
    is_there = row is not None and row.state in ("booked", "attended")
    if accepted and not is_there:
        return [Violation(Wrong.LOST, f"{steps[0].who}'s appointment {accepted[0].number}")]
    if is_there and not accepted and steps[-1].kind == Kind.FAIL:
        return [Violation(Wrong.PHANTOM, f"{steps[0].who} was refused {row}")]
    if accepted and row is not None and any(step.number != row.folio for step in accepted):
        return [
            Violation(Wrong.CHANGED, f"{steps[0].who} was told {accepted[0].number}, stored is {row.folio}")
        ]
    return []


def _winners(booked: Iterable[Booking]) -> list[Violation]:
    live = Counter(
        (row.agent, row.starts_at) for row in booked if row.state in ("held", "booked", "attended")
    )
    return [Violation(Wrong.TWO_WINNERS, f"{hour}: {times}") for hour, times in live.items() if times > 1]


def _mails_of(booked: Iterable[Booking]) -> list[Violation]:
    return [
        Violation(Wrong.DUPLICATE, f"{times} mails of {row.folio}: {kind}")
        for row in booked
        for kind, times in row.mails.items()
        if times > 1
    ]


# --- Mails ----------------------------------------------------------------------------------------------


def check_mails(
    queue: Sequence[Mail], accepted: Sequence[tuple[str, str, str]]
) -> tuple[list[Violation], int]:
    """What is wrong with a run's mails, and how many the server got again under the same id.

    `accepted` are Message-ID, receiver and subject of what the mail server said 250 to. A process that dies
    between the 250 and its own mark must send again; readers' programs show one mail for one id.
    """
    ids = Counter(message_id for message_id, _to, _kind in accepted)
    known = {mail.message_id for mail in queue}
    lost = [mail for mail in queue if not ids[mail.message_id]]
    # Without the ids: the same mail under another one would be shown twice.
    queued = Counter((mail.to, mail.kind) for mail in queue)
    sent = Counter((to, kind) for _id, to, kind in {*accepted})
    return [
        *(Violation(Wrong.LOST, f"never sent: {mail}") for mail in lost),
        *(Violation(Wrong.PHANTOM, f"not of ours: {one}") for one in accepted if one[0] not in known),
        *(Violation(Wrong.DUPLICATE, f"{one}") for one, times in sent.items() if times > max(1, queued[one])),
        *(Violation(Wrong.UNEQUAL, f"not marked as sent: {mail}") for mail in queue if not mail.is_sent),
    ], sum(times - 1 for times in ids.values())


# --- Files ----------------------------------------------------------------------------------------------


def check_files(events: Iterable[Event], stored: Sequence[StoredFile]) -> list[Violation]:
    """Everything that is wrong with a run's uploads; an event's `text` is the hash of the bytes sent."""
    rows = {(row.chat, row.client_id): row for row in stored}
    calls: defaultdict[tuple[int, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.what == "upload":
            calls[event.chat, event.client_id].append(event)
    answers = [wrong for key, steps in calls.items() for wrong in _upload(steps, rows.get(key))]
    ids = Counter((row.chat, row.client_id) for row in stored)
    twice = [Violation(Wrong.DUPLICATE, f"file {key}") for key, times in ids.items() if times > 1]
    unknown = [
        Violation(Wrong.PHANTOM, f"nobody sent {row}") for key, row in rows.items() if key not in calls
    ]
    return [*answers, *twice, *unknown]


def _upload(steps: Sequence[Event], row: StoredFile | None) -> list[Violation]:
    about = f"{steps[0].who}'s file {steps[0].client_id}"
    is_accepted = any(step.kind == Kind.OK for step in steps)
    if row is None:
        return [Violation(Wrong.LOST, about)] if is_accepted else []
    if row.bytes_sha256 is None:
        return [Violation(Wrong.LOST, f"{about}: its bytes")]
    if {row.sha256, row.bytes_sha256} != {steps[0].text}:
        return [Violation(Wrong.CHANGED, about)]
    if not is_accepted and any(step.kind == Kind.FAIL for step in steps):
        return [Violation(Wrong.PHANTOM, about)]
    return []
