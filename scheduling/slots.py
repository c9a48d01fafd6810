"""Arithmetic on bookable hours: pure functions of hours, shifts, bookings and an instant."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from scheduling.calendar import Interval, OpeningCalendar, merged

# Of each agent, the intervals of each weekday (0 is Monday).
type Shifts = Mapping[int, Mapping[int, Sequence[Interval]]]
# Of each agent, the beginnings and ends of what is booked or held.
type Bookings = Mapping[int, Sequence[tuple[datetime, datetime]]]


@dataclass(frozen=True)
class Terms:
    """On which terms hours are offered: their length, the least notice, and how many days after today."""

    length: timedelta
    notice: timedelta
    horizon_days: int

    def __post_init__(self) -> None:
        if self.length <= timedelta(0):
            raise ValueError("A slot takes time")


@dataclass(frozen=True)
class Slot:
    """An hour that can be booked, with the agents who are free then, by their numbers."""

    starts_at: datetime
    ends_at: datetime
    agents: tuple[int, ...]


@dataclass(frozen=True)
class Attendance:
    """Which hours are attended, and by whom."""

    calendar: OpeningCalendar
    shifts: Shifts

    def fits(self, agent: int, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether an hour lies whole in one opening interval and in one shift of an agent, booked or not."""
        day = self._day(starts_at)
        is_open = any(_holds(span, starts_at, ends_at) for span in self.opening_spans(day))
        return is_open and self.is_on_shift(agent, starts_at, ends_at)

    def is_on_shift(self, agent: int, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether one shift of an agent, touching ones being one, holds all of an hour."""
        day = self._day(starts_at)
        intervals = merged(self.shifts.get(agent, {}).get(day.weekday(), ()))
        return any(_holds(span, starts_at, ends_at) for span in self._spans(day, intervals))

    def opening_spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """The opening intervals of a local date as instants."""
        return list(self._spans(day, self.calendar.intervals_on(day)))

    def _day(self, instant: datetime) -> date:
        return instant.astimezone(self.calendar.zone).date()

    def _spans(self, day: date, intervals: Iterable[Interval]) -> Iterator[tuple[datetime, datetime]]:
        for interval in intervals:
            yield self._instant(day, interval.opens), self._instant(day, interval.closes)

    def _instant(self, day: date, moment: time) -> datetime:
        # A time of day has no 24:00: the last microsecond stands for it.
        if moment == time.max:
            day, moment = day + timedelta(days=1), time.min
        # In UTC, so that lengths can be added whatever the zone's clocks do.
        return datetime.combine(day, moment, self.calendar.zone).astimezone(UTC)


@dataclass(frozen=True)
class Plan(Attendance):
    """Everything that decides which hours are free."""

    terms: Terms
    bookings: Bookings

    def days(self, now: datetime) -> list[date]:
        """The local dates on which hours are offered, today's first."""
        return [self._day(now) + timedelta(days=offset) for offset in range(self.terms.horizon_days + 1)]

    def slots(self, now: datetime, days: Iterable[date] | None = None) -> list[Slot]:
        """The free hours in order, of all days that are offered or of those in `days`.

        A slot begins on the grid that each opening interval begins, lies whole in that interval, begins no
        sooner than the notice allows, and has at least one agent: on shift for all of it and not booked.
        """
        offered = self.days(now)
        wanted = offered if days is None else sorted(set(days).intersection(offered))
        earliest = now + self.terms.notice
        spans = (span for day in wanted for span in self._grid(day) if span[0] >= earliest)
        found = (self._slot(*span) for span in spans)
        return [slot for slot in found if slot.agents]

    def free_agents(self, starts_at: datetime, ends_at: datetime) -> tuple[int, ...]:
        """The agents on shift and not booked for all of an hour, by number."""
        on_shift = (agent for agent in sorted(self.shifts) if self.is_on_shift(agent, starts_at, ends_at))
        return tuple(agent for agent in on_shift if not self._is_booked(agent, starts_at, ends_at))

    def _grid(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for begin, end in self.opening_spans(day):
            starts_at = begin
            while (ends_at := starts_at + self.terms.length) <= end:
                yield starts_at, ends_at
                starts_at = ends_at

    def _slot(self, starts_at: datetime, ends_at: datetime) -> Slot:
        zone = self.calendar.zone
        agents = self.free_agents(starts_at, ends_at)
        return Slot(starts_at.astimezone(zone), ends_at.astimezone(zone), agents)

    def _is_booked(self, agent: int, starts_at: datetime, ends_at: datetime) -> bool:
        return any(begin < ends_at and end > starts_at for begin, end in self.bookings.get(agent, ()))


def nearest(slots: Sequence[Slot], instant: datetime, count: int) -> list[Slot]:
    """The `count` slots closest to an instant, in order of time; of two as close the earlier one."""
    closest = sorted(slots, key=lambda slot: (abs(slot.starts_at - instant), slot.starts_at))[:count]
    return sorted(closest, key=lambda slot: slot.starts_at)


def by_load(agents: Iterable[int], bookings_that_day: Mapping[int, int]) -> list[int]:
    """Agents in the order in which they are chosen: fewest bookings that day first, ties by number."""
    return sorted(agents, key=lambda agent: (bookings_that_day.get(agent, 0), agent))


def agent_for(slot: Slot, bookings_that_day: Mapping[int, int]) -> int | None:
    """The agent who gets a slot; None when nobody is free."""
    return next(iter(by_load(slot.agents, bookings_that_day)), None)


def _holds(span: tuple[datetime, datetime], starts_at: datetime, ends_at: datetime) -> bool:
    return span[0] <= starts_at and ends_at <= span[1]
