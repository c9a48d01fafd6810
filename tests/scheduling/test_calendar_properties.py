"""What holds for any hours, any special dates and any instant."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.calendar import Calendar, Interval, SpecialDate
from tests.scheduling.hours import MEXICO_CITY

# A busy machine may pause one example; that is no failure.
unhurried = settings(deadline=None)
TICK = timedelta(microseconds=1)
REST_DAYS = holidays.country_holidays("MX", years=range(2023, 2037))
ZONES = [UTC, *(ZoneInfo(name) for name in ("America/Mexico_City", "America/Tijuana", "Asia/Tokyo"))]

# Quarters of an hour make touching, nested and equal intervals frequent.
quarters = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
intervals = (
    st.tuples(quarters, quarters)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: Interval(min(pair), max(pair)))
)
hours = st.lists(intervals, max_size=4).map(tuple)
special_dates = st.builds(SpecialDate, st.just("Especial"), st.none() | hours)
# From 2023 on, when Mexico City stopped changing its clocks.
days = st.dates(date(2023, 1, 1), date(2034, 12, 31)) | st.sampled_from(
    sorted(day for day in REST_DAYS if day.year < 2035)
)
# Edges of intervals and their neighbours as often as any other time.
times = st.times() | quarters
offsets = st.sampled_from([-TICK, timedelta(0), TICK])


@st.composite
def situations(draw) -> tuple[Calendar, datetime]:
    local = datetime.combine(draw(days), draw(times), MEXICO_CITY)
    instant = (local + draw(offsets)).astimezone(draw(st.sampled_from(ZONES)))
    near = st.integers(-2, 12).map(lambda offset: local.date() + timedelta(days=offset))
    weekly = draw(st.dictionaries(st.integers(0, 6), hours))
    return Calendar(weekly, draw(st.dictionaries(near, special_dates, max_size=6))), instant


def rows_of(calendar: Calendar, day: date) -> tuple[Interval, ...]:
    """The intervals as they were entered, chosen by the rule in words: special, then rest day, then week."""
    weekly = calendar.weekly.get(day.weekday(), ())
    if day in calendar.special_dates:
        own = calendar.special_dates[day].intervals
        return weekly if own is None else own
    return () if day in REST_DAYS else weekly


def starts_between(calendar: Calendar, first: date, last: date) -> Iterator[datetime]:
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for interval in rows_of(calendar, day):
            yield datetime.combine(day, interval.opens, MEXICO_CITY)


@unhurried
@given(situations())
def test_it_is_open_exactly_inside_an_interval_of_the_local_day(situation):
    calendar, now = situation
    local = now.astimezone(MEXICO_CITY)
    inside = [row for row in rows_of(calendar, local.date()) if row.opens <= local.time() < row.closes]
    assert calendar.is_open(now) == bool(inside)


@unhurried
@given(situations())
def test_it_opens_at_the_next_opening_and_not_before(situation):
    calendar, now = situation
    opening = calendar.next_opening(now)
    if opening is None:
        return
    closed_from = calendar.closes_at(now) or now
    assert now < opening
    assert calendar.is_open(opening)
    assert not calendar.is_open(opening - TICK)
    starts = starts_between(calendar, closed_from.astimezone(MEXICO_CITY).date(), opening.date())
    assert not [start for start in starts if closed_from <= start < opening]


@unhurried
@given(situations())
def test_without_a_next_opening_no_later_day_has_hours(situation):
    calendar, now = situation
    if calendar.next_opening(now) is None:
        today = now.astimezone(MEXICO_CITY).date()
        tomorrow, last = today + timedelta(days=1), today + timedelta(days=400)
        assert not list(starts_between(calendar, tomorrow, last))


@unhurried
@given(situations(), st.floats(0, 1, exclude_max=True))
def test_it_is_open_until_closing_and_closed_then(situation, fraction):
    calendar, now = situation
    closes_at = calendar.closes_at(now)
    assert (closes_at is not None) == calendar.is_open(now)
    if closes_at is not None:
        assert not calendar.is_open(closes_at)
        assert calendar.is_open(closes_at - TICK)
        assert calendar.is_open(min(now + (closes_at - now) * fraction, closes_at - TICK))


@unhurried
@given(situations())
def test_the_zone_of_the_question_does_not_matter(situation):
    calendar, now = situation
    for zone in ZONES:
        asked = now.astimezone(zone)
        assert calendar.is_open(asked) == calendar.is_open(now)
        assert calendar.next_opening(asked) == calendar.next_opening(now)
        assert calendar.closes_at(asked) == calendar.closes_at(now)


@unhurried
@given(situations())
def test_a_holiday_has_no_hours(situation):
    calendar, now = situation
    day = now.astimezone(MEXICO_CITY).date()
    assert calendar.is_holiday(day) == (calendar.holiday_name(day) is not None)
    if calendar.is_holiday(day):
        assert calendar.intervals_on(day) == ()
