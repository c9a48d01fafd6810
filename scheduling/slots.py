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
class Plan:
    """Everything that decides which hours are free."""

    calendar: OpeningCalendar
    terms: Terms
    shifts: Shifts
    bookings: Bookings

    def days(self, now: datetime) -> list[date]:
        """The local dates on which hours are offered, today's first."""
        today = now.astimezone(self.calendar.zone).date()
        return [today + timedelta(days=offset) for offset in range(self.terms.horizon_days + 1)]

    def slots(self, now: datetime, days: Iterable[date] | None = None) -> list[Slot]:
        """The free hours in order, of all days that are offered or of those in `days`.

        A slot begins on the grid that each opening interval begins, lies whole in that interval, begins no
        sooner than the notice allows, and has at least one agent: on shift for all of it and not booked.
        """
        offered = self.days(now)
        wanted = offered if days is None else [day for day in offered if day in set(days)]
        earliest = now + self.terms.notice
        found = (self._slot(*span) for day in wanted for span in self._grid(day) if span[0] >= earliest)
        return [slot for slot in found if slot.agents]

    def fits(self, agent: int, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether an hour lies whole in one opening interval and in one shift of an agent, booked or not."""
        day = starts_at.astimezone(self.calendar.zone).date()
        is_open = any(_holds(span, starts_at, ends_at) for span in self._spans(day, self._opening(day)))
        return is_open and self._is_on_shift(agent, day, starts_at, ends_at)

    def _grid(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for begin, end in self._spans(day, self._opening(day)):
            starts_at = begin
            while starts_at + self.terms.length <= end:
                yield starts_at, starts_at + self.terms.length
                starts_at += self.terms.length

    def _slot(self, starts_at: datetime, ends_at: datetime) -> Slot:
        day = starts_at.astimezone(self.calendar.zone).date()
        agents = (
            agent
            for agent in sorted(self.shifts)
            if self._is_on_shift(agent, day, starts_at, ends_at)
            and not self._is_booked(agent, starts_at, ends_at)
        )
        zone = self.calendar.zone
        return Slot(starts_at.astimezone(zone), ends_at.astimezone(zone), tuple(agents))

    def _opening(self, day: date) -> tuple[Interval, ...]:
        return self.calendar.intervals_on(day)

    def _is_on_shift(self, agent: int, day: date, starts_at: datetime, ends_at: datetime) -> bool:
        intervals = merged(self.shifts.get(agent, {}).get(day.weekday(), ()))
        return any(_holds(span, starts_at, ends_at) for span in self._spans(day, intervals))

    def _is_booked(self, agent: int, starts_at: datetime, ends_at: datetime) -> bool:
        return any(begin < ends_at and end > starts_at for begin, end in self.bookings.get(agent, ()))

    def _spans(self, day: date, intervals: Iterable[Interval]) -> Iterator[tuple[datetime, datetime]]:
        """Intervals as instants in UTC, in which lengths can be added whatever the zone's clocks do."""
        for interval in intervals:
            yield self._instant(day, interval.opens), self._instant(day, interval.closes)

    def _instant(self, day: date, moment: time) -> datetime:
        # A time of day has no 24:00: the last microsecond stands for it.
        if moment == time.max:
            day, moment = day + timedelta(days=1), time.min
        return datetime.combine(day, moment, self.calendar.zone).astimezone(UTC)


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
