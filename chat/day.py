"""The day of everybody's appointments as a timeline: half hours down, agents across."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from chat.models import Agent
from scheduling.calendar import Interval
from scheduling.models import Appointment, Shift
from scheduling.services import current_calendar, day_of
from scheduling.slots import Attendance, Shifts

# A day of office hours then fits on a screen.
STEP = timedelta(minutes=30)

type Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Cell:
    """An agent's half hour. `is_taken`: an appointment that began before goes on."""

    agent: Agent
    appointments: list[Appointment]
    is_taken: bool
    is_on_shift: bool


@dataclass(frozen=True)
class Row:
    starts_at: datetime
    ends_at: datetime
    cells: list[Cell]
    is_now: bool
    # Nobody attends between the row before and this one.
    gap_since: datetime | None

    @property
    def has_appointments(self) -> bool:
        return any(cell.appointments for cell in self.cells)


def timeline_of(day: date, now: datetime) -> tuple[list[Agent], list[Row]]:
    """The agents who are on shift or have appointments on a date of Mexico City, and its rows in order."""
    appointments = list(day_of(day=day))
    on_shift = list(
        Shift.objects.filter(weekday=day.weekday(), agent__is_active=True).select_related("agent")
    )
    agents = _agents([*on_shift, *appointments])
    attendance = Attendance(current_calendar(), _shifts(on_shift))
    rows: list[Row] = []
    for span in _spans(attendance, agents, day, appointments):
        cells = [_cell(attendance, agent, span, appointments) for agent in agents]
        gap_since = rows[-1].ends_at if rows and rows[-1].ends_at < span[0] else None
        rows.append(Row(*span, cells, span[0] <= now < span[1], gap_since))
    return agents, rows


def _agents(rows: Sequence[Shift | Appointment]) -> list[Agent]:
    return sorted({row.agent for row in rows}, key=lambda agent: agent.pk)


def _shifts(rows: Iterable[Shift]) -> Shifts:
    shifts: dict[int, dict[int, list[Interval]]] = {}
    for row in rows:
        shifts.setdefault(row.agent_id, {}).setdefault(row.weekday, []).append(row.interval)
    return shifts


def _spans(
    attendance: Attendance, agents: Sequence[Agent], day: date, appointments: Iterable[Appointment]
) -> list[Span]:
    """Half hours in which somebody is on shift, and what appointments outside of them begin with."""
    spans = [span for span in _half_hours(attendance, day) if _is_attended(attendance, agents, span)]
    for starts_at in sorted({appointment.starts_at for appointment in appointments}):
        if not any(begin <= starts_at < end for begin, end in spans):
            spans.append((starts_at, starts_at + STEP))
    return sorted(spans)


def _half_hours(attendance: Attendance, day: date) -> Iterator[Span]:
    for begin, end in attendance.opening_spans(day):
        while begin < end:
            yield begin, min(begin + STEP, end)
            begin += STEP


def _is_attended(attendance: Attendance, agents: Iterable[Agent], span: Span) -> bool:
    return any(attendance.is_on_shift(agent.pk, *span) for agent in agents)


def _cell(attendance: Attendance, agent: Agent, span: Span, appointments: Iterable[Appointment]) -> Cell:
    begin, end = span
    own = [row for row in appointments if row.agent_id == agent.pk]
    return Cell(
        agent,
        [row for row in own if begin <= row.starts_at < end],
        any(row.starts_at < begin < row.ends_at for row in own),
        attendance.is_on_shift(agent.pk, begin.astimezone(UTC), end.astimezone(UTC)),
    )
