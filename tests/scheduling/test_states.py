"""The table of states: every move does what it says, from its state and no other, and is noted once."""

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps

from scheduling.models import Appointment, AppointmentEvent
from scheduling.states import MOVES, Act, Actor, State, move
from tests.scheduling.cast import NOW, TEN, acts_of, fresh

pytestmark = pytest.mark.django_db
README = Path(__file__).parents[2] / "scheduling" / "README.md"


@pytest.fixture
def appointment(laura, service):
    return Appointment.objects.create(
        folio="S-234567",
        service=service,
        agent=laura,
        starts_at=TEN,
        ends_at=TEN + timedelta(minutes=30),
        held_until=NOW,
        created_at=NOW,
    )


def in_state(appointment: Appointment, state: str) -> Appointment:
    Appointment.objects.update(state=state)
    return fresh(appointment)


@pytest.mark.parametrize("act", Act)
def test_every_move_of_the_table_is_done_once_and_noted(appointment, supervisor, act):
    row = in_state(appointment, MOVES[act].before)
    twin = fresh(row)

    assert move(appointment=row, act=act, now=NOW, by=supervisor, reason="Motivo", moves=1)

    assert row.state == fresh(row).state == MOVES[act].after
    assert row.moves == 1
    event = row.events.get()
    assert (event.act, event.at, event.by, event.reason) == (act, NOW, supervisor, "Motivo")
    assert (event.state_before, event.state_after) == (MOVES[act].before, MOVES[act].after)
    if MOVES[act].before != MOVES[act].after:
        assert not move(appointment=twin, act=act, now=NOW)
        assert acts_of(row) == [act]


@pytest.mark.parametrize(
    ("act", "has_account", "actor"),
    [
        (Act.BOOK, False, Actor.CUSTOMER),
        (Act.RESCHEDULE, False, Actor.CUSTOMER),
        (Act.RESCHEDULE, True, Actor.SUPERVISOR),
        (Act.ARRIVE, False, Actor.CUSTOMER),
        (Act.ATTEND, True, Actor.AGENT),
        (Act.MISS, False, Actor.CLOCK),
        (Act.CANCEL, False, Actor.CUSTOMER),
        (Act.CANCEL, True, Actor.SUPERVISOR),
        (Act.MARK_MISSED, True, Actor.SUPERVISOR),
    ],
)
def test_every_move_notes_who_did_it(appointment, supervisor, act, has_account, actor):
    row = in_state(appointment, MOVES[act].before)

    move(appointment=row, act=act, now=NOW, by=supervisor if has_account else None)

    assert row.events.get().actor == actor


def test_the_clock_says_that_it_is_the_clock_who_cancels(appointment):
    row = in_state(appointment, State.BOOKED)

    move(appointment=row, act=Act.CANCEL, now=NOW, actor=Actor.CLOCK)

    assert (row.events.get().actor, row.events.get().by) == (Actor.CLOCK, None)


def test_what_was_done_before_actors_were_written_is_told_from_the_act_and_the_account(
    appointment, supervisor
):
    acts = [(Act.BOOK, None), (Act.CHANGE_AGENT, supervisor), (Act.ATTEND, supervisor), (Act.MISS, None)]
    for act, by in acts:
        move(appointment=in_state(appointment, MOVES[act].before), act=act, now=NOW, by=by)
    events = AppointmentEvent.objects.order_by("pk")
    told = list(events.values_list("actor", flat=True))
    events.update(actor=Actor.CUSTOMER)

    import_module("scheduling.migrations.0005_actor").tell_actors(apps, None)

    assert (
        list(events.values_list("actor", flat=True)) == told == ["customer", "supervisor", "agent", "clock"]
    )


def test_nobody_does_what_the_table_does_not_let_them(appointment):
    row = in_state(appointment, State.BOOKED)

    with pytest.raises(ValueError, match="clock"):
        move(appointment=row, act=Act.RESCHEDULE, now=NOW, actor=Actor.CLOCK)

    assert acts_of(row) == []


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("state", State)
def test_every_other_move_is_refused_and_leaves_nothing(appointment, act, state):
    if state == MOVES[act].before:
        return
    row = in_state(appointment, state)

    assert not move(appointment=row, act=act, now=NOW, moves=1)

    assert (fresh(row).state, fresh(row).moves, acts_of(row)) == (state, 0, [])


def test_a_move_notes_both_hours(appointment):
    row = in_state(appointment, State.BOOKED)
    later = TEN + timedelta(hours=1)

    assert move(
        appointment=row, act=Act.RESCHEDULE, now=NOW, starts_at=later, ends_at=later + timedelta(minutes=30)
    )

    event = row.events.get()
    assert (event.starts_at_before, event.starts_at_after) == (TEN, later)


def test_whoever_looks_at_an_old_hour_moves_nothing(appointment):
    row = in_state(appointment, State.BOOKED)
    old = fresh(row)
    Appointment.objects.update(starts_at=TEN - timedelta(minutes=30))

    assert not move(appointment=old, act=Act.CANCEL, now=NOW)
    assert fresh(row).is_booked


def test_the_readme_prints_the_table():
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| (\w+) \| ([\w, ]+) \|$", README.read_text(), re.MULTILINE)

    assert rows == [(act, step.before, step.after, ", ".join(step.who)) for act, step in MOVES.items()]


def test_the_readme_names_every_state():
    names = re.findall(r"^\| (\w+) \| ([\w ñó]+) \| [^|]+ \|$", README.read_text(), re.MULTILINE)

    assert set(names) >= {(state.value, str(state.label)) for state in State}
