"""Arithmetic on opening hours: pure functions of a calendar and an instant, no database and no clock."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Protocol, override
from zoneinfo import ZoneInfo

import holidays

# Manual: "horas de la Ciudad de México".
MEXICO_CITY = ZoneInfo("America/Mexico_City")
# A year and a month: a service that opens on one date a year is still found.
SEARCH_DAYS = 400


@dataclass(frozen=True, order=True)
class Interval:
    """Wall-clock times of one local day, half open: `opens` is inside, `closes` is not.

    Raises ValueError unless `opens` is before `closes`; an interval never crosses midnight.
    """

    opens: time
    closes: time

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError(f"An interval opens before it closes: {self.opens} - {self.closes}")

    def __contains__(self, moment: time) -> bool:
        return self.opens <= moment < self.closes


# Ends at the last microsecond, because a time of day has no 24:00.
WHOLE_DAY = Interval(time.min, time.max)


@dataclass(frozen=True)
class SpecialDate:
    """What replaces the rule of one date.

    `intervals` are that date's own hours, empty when it is closed, or None when the weekly hours apply
    even if the date is an official rest day.
    """

    name: str
    intervals: tuple[Interval, ...] | None


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same hours in order, touching or overlapping intervals made one."""
    result: list[Interval] = []
    for interval in sorted(intervals):
        if result and interval.opens <= result[-1].closes:
            result[-1] = Interval(result[-1].opens, max(result[-1].closes, interval.closes))
        else:
            result.append(interval)
    return tuple(result)


def has_overlap(intervals: Iterable[Interval]) -> bool:
    """Whether two of the intervals share an instant; intervals that only touch do not."""
    return any(later.opens < earlier.closes for earlier, later in pairwise(sorted(intervals)))


@lru_cache(maxsize=64)
def official_rest_days(year: int, language: str = "es") -> Mapping[date, str]:
    """Dates and names of the year's rest days, in order (Ley Federal del Trabajo, article 74).

    `language` is "es" or "en_US".

    Election days, which the article leaves to the electoral laws, are not computable and not included.
    """
    days = holidays.country_holidays("MX", years=year, language=language)
    return MappingProxyType(dict(sorted(days.items())))


class OpeningCalendar(Protocol):
    """What every clock of the product may ask about opening hours.

    Instants are aware datetimes in any zone; dates and times of day are local to `zone`, and so are the
    instants that come back. A naive datetime raises ValueError.
    """

    @property
    def zone(self) -> ZoneInfo: ...

    @property
    def weekly(self) -> Mapping[int, tuple[Interval, ...]]: ...

    def is_open(self, now: datetime) -> bool: ...

    def intervals_on(self, day: date) -> tuple[Interval, ...]: ...

    def next_opening(self, now: datetime) -> datetime | None: ...

    def closes_at(self, now: datetime) -> datetime | None: ...

    def is_holiday(self, day: date) -> bool: ...

    def holiday_name(self, day: date) -> str | None: ...


@dataclass(frozen=True)
class Calendar:
    """Weekly hours (0 is Monday), changed on some dates by special dates and official rest days.

    A special date wins over an official rest day, and that over the weekly hours.
    """

    weekly: Mapping[int, tuple[Interval, ...]]
    special_dates: Mapping[date, SpecialDate] = field(default_factory=dict)
    zone: ZoneInfo = MEXICO_CITY

    def is_open(self, now: datetime) -> bool:
        """Whether support is attended at `now`."""
        return self._current_interval(self._local(now)) is not None

    def intervals_on(self, day: date) -> tuple[Interval, ...]:
        """The intervals of a local date, in order, none touching another; empty when closed all day."""
        special = self.special_dates.get(day)
        if special is not None and special.intervals is not None:
            return merged(special.intervals)
        if self.is_holiday(day):
            return ()
        return merged(self.weekly.get(day.weekday(), ()))

    def next_opening(self, now: datetime) -> datetime | None:
        """The first instant after `now` at which an interval begins; None when none does in 400 days.

        While open it is the beginning of the following interval.
        """
        local = self._local(now)
        return next((opening for opening in self._openings_from(local.date()) if opening > local), None)

    def closes_at(self, now: datetime) -> datetime | None:
        """The first closed instant after the open interval that `now` is in; None when closed."""
        local = self._local(now)
        interval = self._current_interval(local)
        return datetime.combine(local.date(), interval.closes, self.zone) if interval else None

    def is_holiday(self, day: date) -> bool:
        """Whether the date itself is the reason to be closed: a closed special date or an official rest day.

        A weekend is not, and neither is a rest day that a special date opens.
        """
        return self.holiday_name(day) is not None

    def holiday_name(self, day: date) -> str | None:
        """The Spanish name of the holiday; None when `is_holiday` is false."""
        special = self.special_dates.get(day)
        if special is not None:
            return special.name if special.intervals == () else None
        return official_rest_days(day.year).get(day)

    def _local(self, now: datetime) -> datetime:
        # astimezone() would take a naive datetime for the server's own zone and hide the mistake.
        if now.utcoffset() is None:
            raise ValueError("Opening hours need an aware datetime")
        return now.astimezone(self.zone)

    def _current_interval(self, local: datetime) -> Interval | None:
        moment = local.time()
        return next((interval for interval in self.intervals_on(local.date()) if moment in interval), None)

    def _openings_from(self, first: date) -> Iterator[datetime]:
        for offset in range(SEARCH_DAYS + 1):
            day = first + timedelta(days=offset)
            for interval in self.intervals_on(day):
                yield datetime.combine(day, interval.opens, self.zone)


@dataclass(frozen=True)
class AlwaysOpen(OpeningCalendar):
    """The demo's calendar: open at every instant, so it neither opens nor closes."""

    zone: ZoneInfo = MEXICO_CITY

    @property
    @override
    def weekly(self) -> Mapping[int, tuple[Interval, ...]]:
        return {weekday: (WHOLE_DAY,) for weekday in range(7)}

    @override
    def is_open(self, now: datetime) -> bool:
        return True

    @override
    def intervals_on(self, day: date) -> tuple[Interval, ...]:
        return (WHOLE_DAY,)

    @override
    def next_opening(self, now: datetime) -> datetime | None:
        return None

    @override
    def closes_at(self, now: datetime) -> datetime | None:
        return None

    @override
    def is_holiday(self, day: date) -> bool:
        return False

    @override
    def holiday_name(self, day: date) -> str | None:
        return None
