"""The judge itself: it passes a clean run, and finds each thing that is done to its history."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from tests.faults.checker import (
    Booking,
    Line,
    Mail,
    Reader,
    StoredFile,
    Violation,
    Wrong,
    check_bookings,
    check_due,
    check_files,
    check_mails,
    check_messages,
)
from tests.faults.history import Event, History, Kind, Seen, read_events, read_seen

TAGS = {1: "§uno§", 2: "§dos§"}
READERS = [Reader(who="ana", side="customer", chat=1), Reader(who="laura", side="agent", chat=1)]


@dataclass
class Run:
    """A small clean run: a line, one that was sent twice, a note, and one that was refused."""

    events: list[Event] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    stored: list[Line] = field(default_factory=list)

    def judge(self) -> set[Wrong]:
        found = check_messages(self.events, self.seen, self.stored, READERS, TAGS)
        return {violation.wrong for violation in found}


def event(kind: Kind, client_id: str, **changes: object) -> Event:
    said = {"what": "message", "who": "ana", "chat": 1, "text": f"§uno§ {client_id}"}
    return Event(kind=kind, client_id=client_id, **said | changes)  # type: ignore[arg-type]


def line(number: int | None, staff_number: int, client_id: str, author: str = "customer") -> Line:
    return Line(
        chat=1,
        number=number,
        staff_number=staff_number,
        client_id=client_id,
        author=author,
        text=f"§uno§ {client_id}",
    )


def show(who: str, side: str, row: Line) -> Seen:
    return Seen(
        who=who,
        side=side,
        chat=row.chat,
        follow=1,
        after=0,
        number=row.number,
        staff_number=row.staff_number if side == "agent" else None,
        client_id=row.client_id,
        author=row.author,
        text=row.text,
    )


@pytest.fixture
def run() -> Run:
    by_laura = {"who": "laura", "what": "note"}
    run = Run()
    run.events = [
        event(Kind.INVOKE, "a"),
        event(Kind.OK, "a", number=1),
        event(Kind.INVOKE, "b"),
        event(Kind.UNKNOWN, "b"),
        event(Kind.INVOKE, "n", **by_laura),
        event(Kind.OK, "n", number=2, **by_laura),
        event(Kind.INVOKE, "b"),
        event(Kind.OK, "b", number=2),
        event(Kind.INVOKE, "late"),
        event(Kind.FAIL, "late", code="chat.ended"),
        event(Kind.INVOKE, "nobody-knows"),
        event(Kind.UNKNOWN, "nobody-knows"),
    ]
    run.stored = [line(1, 1, "a"), line(None, 2, "n", "agent"), line(2, 3, "b")]
    run.seen = [show("laura", "agent", row) for row in run.stored]
    run.seen += [show("ana", "customer", row) for row in run.stored if row.number]
    return run


def test_a_clean_run_passes(run):
    assert run.judge() == set()


def test_a_line_that_nobody_knows_about_may_be_there(run):
    run.stored.append(line(3, 4, "nobody-knows"))
    run.seen += [show("laura", "agent", run.stored[-1]), show("ana", "customer", run.stored[-1])]

    assert run.judge() == set()


def test_a_reader_who_follows_anew_may_get_again_what_it_has(run):
    run.seen += [replace(seen, follow=2) for seen in run.seen]

    assert run.judge() == set()


def lose(run: Run) -> None:
    run.stored.pop()
    run.seen = [seen for seen in run.seen if seen.client_id != "b"]


def lose_from_the_middle(run: Run) -> None:
    run.stored.pop(0)


def keep_what_was_refused(run: Run) -> None:
    run.stored.append(line(3, 4, "late"))


def keep_what_nobody_said(run: Run) -> None:
    run.stored.append(line(3, 4, "invented"))


def store_an_id_twice(run: Run) -> None:
    run.stored.append(line(3, 4, "b"))


def store_words_twice(run: Run) -> None:
    run.stored.append(replace(line(3, 4, "nobody-knows"), text="§uno§ b"))


def take_a_number_twice(run: Run) -> None:
    run.stored[2] = replace(run.stored[2], number=1)


def leave_out_a_number_of_customers(run: Run) -> None:
    run.stored[2] = replace(run.stored[2], number=3)


def leave_out_a_number_of_staff(run: Run) -> None:
    run.stored[2] = replace(run.stored[2], staff_number=4)


def number_backwards(run: Run) -> None:
    run.stored[0], run.stored[2] = replace(run.stored[0], number=2), replace(run.stored[2], number=1)


def store_a_senders_lines_in_another_order(run: Run) -> None:
    run.stored[0], run.stored[2] = (
        replace(run.stored[0], number=2, staff_number=3),
        replace(run.stored[2], number=1, staff_number=1),
    )


def acknowledge_another_number(run: Run) -> None:
    run.events.append(event(Kind.OK, "b", number=7))


def store_other_words(run: Run) -> None:
    run.stored[0] = replace(run.stored[0], text="§uno§ otra cosa")


def show_a_line_twice(run: Run) -> None:
    run.seen.append(run.seen[-1])


def show_lines_in_another_order(run: Run) -> None:
    run.seen[-2:] = reversed(run.seen[-2:])


def show_no_first_line(run: Run) -> None:
    del run.seen[-2]


def show_too_few_lines(run: Run) -> None:
    run.seen.pop()


def show_other_words(run: Run) -> None:
    run.seen[0] = replace(run.seen[0], text="§uno§ otra cosa")


def show_another_chats_secret(run: Run) -> None:
    run.seen[-1] = replace(run.seen[-1], text="§dos§ de otra persona")


def show_a_note_to_a_customer(run: Run) -> None:
    run.seen.append(show("ana", "customer", run.stored[1]))


def show_a_note_to_a_customer_under_a_number(run: Run) -> None:
    run.seen.append(replace(show("ana", "customer", run.stored[1]), number=3))


@pytest.mark.parametrize(
    ("harm", "wrong"),
    [
        (lose, Wrong.LOST),
        (lose_from_the_middle, Wrong.LOST),
        (lose_from_the_middle, Wrong.HOLE),
        (keep_what_was_refused, Wrong.PHANTOM),
        (keep_what_nobody_said, Wrong.PHANTOM),
        (store_an_id_twice, Wrong.DUPLICATE),
        (store_words_twice, Wrong.DUPLICATE),
        (take_a_number_twice, Wrong.DUPLICATE),
        (leave_out_a_number_of_customers, Wrong.HOLE),
        (leave_out_a_number_of_staff, Wrong.HOLE),
        (number_backwards, Wrong.SWAP),
        (store_a_senders_lines_in_another_order, Wrong.SWAP),
        (acknowledge_another_number, Wrong.CHANGED),
        (store_other_words, Wrong.CHANGED),
        (show_a_line_twice, Wrong.DUPLICATE),
        (show_lines_in_another_order, Wrong.SWAP),
        (show_no_first_line, Wrong.HOLE),
        (show_no_first_line, Wrong.UNEQUAL),
        (show_too_few_lines, Wrong.UNEQUAL),
        (show_other_words, Wrong.UNEQUAL),
        (show_another_chats_secret, Wrong.LEAK),
        (show_a_note_to_a_customer, Wrong.NOTE),
        (show_a_note_to_a_customer_under_a_number, Wrong.NOTE),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)
def test_harm_done_to_a_run_is_found(run: Run, harm: Callable[[Run], None], wrong: Wrong):
    harm(run)

    assert wrong in run.judge()


# --- What is written ------------------------------------------------------------------------------------


def test_a_history_can_be_read_from_its_files(run, tmp_path):
    with History(tmp_path) as history:
        for one in run.events:
            history.write(one)
        for seen in run.seen:
            history.show(seen)

        # Before anything is closed: a run that dies has left everything behind.
        assert list(read_events(tmp_path / "events.jsonl")) == run.events
        assert list(read_seen(tmp_path / "seen.jsonl")) == run.seen
        assert history.acknowledged == 3


# --- Appointments, mails, files and what becomes due ----------------------------------------------------


def booking(kind: Kind, client_id: str, folio: str | None = None) -> Event:
    return Event(kind=kind, what="booking", who=client_id, chat=0, client_id=client_id, number=folio)


BOOKED = Booking(
    folio="S-1", agent=1, starts_at="10:00", state="booked", client_id="a", mails={"Su cita S-1": 1}
)
BOOKINGS = [
    booking(Kind.INVOKE, "a"),
    booking(Kind.OK, "a", "S-1"),
    booking(Kind.INVOKE, "b"),
    booking(Kind.FAIL, "b"),
]


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([BOOKED], None),
        ([BOOKED, replace(BOOKED, folio="S-2", client_id=None, agent=2, state="held", mails={})], None),
        ([], Wrong.LOST),
        ([replace(BOOKED, state="cancelled")], Wrong.LOST),
        ([replace(BOOKED, folio="S-9")], Wrong.CHANGED),
        ([BOOKED, replace(BOOKED, folio="S-2", client_id="b", starts_at="11:00")], Wrong.PHANTOM),
        ([BOOKED, replace(BOOKED, folio="S-2", client_id="c")], Wrong.TWO_WINNERS),
        ([BOOKED, replace(BOOKED, folio="S-2", starts_at="11:00")], Wrong.DUPLICATE),
        ([replace(BOOKED, mails={"Su cita S-1": 2})], Wrong.DUPLICATE),
    ],
)
def test_appointments_are_judged(rows, wrong):
    found = {violation.wrong for violation in check_bookings(BOOKINGS, rows)}

    assert wrong in found if wrong else not found


SENT = Mail(message_id="<1@x>", to="ana@x", kind="Recibimos su mensaje M-1", is_sent=True)
RECEIVED = (SENT.message_id, SENT.to, SENT.kind)


@pytest.mark.parametrize(
    ("queue", "accepted", "wrong"),
    [
        ([SENT], [RECEIVED], None),
        ([SENT], [], Wrong.LOST),
        ([], [RECEIVED], Wrong.PHANTOM),
        ([SENT], [RECEIVED, ("<2@x>", *RECEIVED[1:])], Wrong.DUPLICATE),
        ([replace(SENT, is_sent=False)], [RECEIVED], Wrong.UNEQUAL),
    ],
)
def test_mails_are_judged(queue, accepted, wrong):
    found = {violation.wrong for violation in check_mails(queue, accepted)[0]}

    assert wrong in found if wrong else not found


def test_a_mail_that_came_again_under_its_id_is_counted_and_allowed():
    assert check_mails([SENT], [RECEIVED, RECEIVED, RECEIVED]) == ([], 2)


UPLOAD = [
    event(kind, "f", what="upload", text="hash") for kind in (Kind.INVOKE, Kind.UNKNOWN, Kind.INVOKE, Kind.OK)
]
FILE = StoredFile(chat=1, client_id="f", sha256="hash", bytes_sha256="hash")


@pytest.mark.parametrize(
    ("events", "rows", "wrong"),
    [
        (UPLOAD, [FILE], None),
        (UPLOAD[:2], [], None),
        (UPLOAD, [], Wrong.LOST),
        (UPLOAD, [replace(FILE, bytes_sha256=None)], Wrong.LOST),
        (UPLOAD, [replace(FILE, bytes_sha256="half")], Wrong.CHANGED),
        (UPLOAD, [FILE, FILE], Wrong.DUPLICATE),
        ([], [FILE], Wrong.PHANTOM),
        ([UPLOAD[0], replace(UPLOAD[0], kind=Kind.FAIL)], [FILE], Wrong.PHANTOM),
    ],
)
def test_files_are_judged(events, rows, wrong):
    found = {violation.wrong for violation in check_files(events, rows)}

    assert wrong in found if wrong else not found


def test_what_became_due_must_have_been_said_once():
    offers = [replace(line(number, number, str(number)), rule="queue.offer") for number in (1, 2, 3)]
    offers[2] = replace(offers[2], chat=2)

    found = check_due(offers, "queue.offer", [1, 2, 3])

    assert found == [
        Violation(Wrong.DUPLICATE, "queue.offer in chat 1: 2 times"),
        Violation(Wrong.LOST, "queue.offer in chat 3: 0 times"),
    ]
