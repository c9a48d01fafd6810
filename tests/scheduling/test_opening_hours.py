"""Open or closed at an instant: the edges of the manual's hours."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from scheduling.calendar import AlwaysOpen, Calendar, Interval, SpecialDate, has_overlap
from tests.scheduling.hours import AFTERNOON, MORNING, at, manual_calendar

TIJUANA = ZoneInfo("America/Tijuana")


def test_one_second_before_nine_is_closed():
    assert not manual_calendar().is_open(at("2026-11-24 08:59:59"))


def test_nine_in_the_morning_is_open():
    assert manual_calendar().is_open(at("2026-11-24 09:00:00"))


def test_one_second_before_two_in_the_afternoon_is_open():
    assert manual_calendar().is_open(at("2026-11-24 13:59:59"))


def test_two_in_the_afternoon_is_closed():
    assert not manual_calendar().is_open(at("2026-11-24 14:00:00"))


def test_one_second_before_three_in_the_afternoon_is_closed():
    assert not manual_calendar().is_open(at("2026-11-24 14:59:59"))


def test_three_in_the_afternoon_is_open():
    assert manual_calendar().is_open(at("2026-11-24 15:00:00"))


def test_one_second_before_six_in_the_evening_is_open():
    assert manual_calendar().is_open(at("2026-11-24 17:59:59"))


def test_six_in_the_evening_is_closed():
    assert not manual_calendar().is_open(at("2026-11-24 18:00:00"))


@pytest.mark.parametrize("day", ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"])
def test_monday_to_friday_are_open(day):
    assert manual_calendar().is_open(at(f"{day} 10:00"))


@pytest.mark.parametrize("day", ["2026-11-28", "2026-11-29"])
def test_weekends_are_closed(day):
    assert not manual_calendar().is_open(at(f"{day} 10:00"))


def test_the_morning_closes_at_two_and_the_afternoon_at_six():
    calendar = manual_calendar()
    assert calendar.closes_at(at("2026-11-24 09:00")) == at("2026-11-24 14:00")
    assert calendar.closes_at(at("2026-11-24 17:59:59")) == at("2026-11-24 18:00")


def test_what_is_closed_has_no_closing_time():
    assert manual_calendar().closes_at(at("2026-11-24 14:00")) is None


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="aware"):
        manual_calendar().is_open(datetime(2026, 11, 24, 10))  # noqa: DTZ001


def test_the_instant_may_come_in_utc():
    """Mexico City is six hours behind UTC all year."""
    assert not manual_calendar().is_open(datetime(2026, 11, 24, 14, 59, 59, tzinfo=UTC))
    assert manual_calendar().is_open(datetime(2026, 11, 24, 15, 0, 0, tzinfo=UTC))


def test_summer_keeps_the_same_hours_because_mexico_city_has_no_clock_change():
    assert not manual_calendar().is_open(datetime(2027, 7, 6, 14, 59, 59, tzinfo=UTC))
    assert manual_calendar().is_open(datetime(2027, 7, 6, 15, 0, 0, tzinfo=UTC))


def test_tijuana_sees_the_opening_at_seven_in_winter_and_at_eight_in_summer():
    calendar = manual_calendar()
    assert not calendar.is_open(at("2026-03-06 06:59:59", TIJUANA))
    assert calendar.is_open(at("2026-03-06 07:00:00", TIJUANA))
    assert not calendar.is_open(at("2026-03-09 07:59:59", TIJUANA))
    assert calendar.is_open(at("2026-03-09 08:00:00", TIJUANA))


def test_the_hour_that_tijuana_skips_is_not_counted():
    """On Sunday 8 March 2026 Tijuana goes from 01:59:59 to 03:00:00, which is 04:00:00 in Mexico City."""
    dawn = SpecialDate("Guardia", (Interval(time(4), time(5)),))
    calendar = manual_calendar(d2026_03_08=dawn)
    assert not calendar.is_open(at("2026-03-08 01:59:59", TIJUANA))
    assert calendar.is_open(at("2026-03-08 03:00:00", TIJUANA))


def test_the_hour_that_tijuana_repeats_is_told_apart():
    """On Sunday 1 November 2026 Tijuana has 01:30 twice: 02:30 and 03:30 in Mexico City."""
    dawn = SpecialDate("Guardia", (Interval(time(3), time(4)),))
    calendar = manual_calendar(d2026_11_01=dawn)
    assert not calendar.is_open(at("2026-11-01 01:30", TIJUANA).replace(fold=0))
    assert calendar.is_open(at("2026-11-01 01:30", TIJUANA).replace(fold=1))


def test_the_closing_time_asked_from_tijuana_is_told_in_mexico_city():
    closes_at = manual_calendar().closes_at(at("2026-03-09 08:00", TIJUANA))
    assert closes_at is not None
    assert closes_at.isoformat() == "2026-03-09T14:00:00-06:00"


def test_touching_intervals_are_one():
    calendar = Calendar({1: (Interval(time(14), time(18)), Interval(time(9), time(14)))})
    assert calendar.intervals_on(date(2026, 11, 24)) == (Interval(time(9), time(18)),)
    assert calendar.closes_at(at("2026-11-24 10:00")) == at("2026-11-24 18:00")


def test_overlapping_intervals_are_one():
    calendar = Calendar({1: (Interval(time(9), time(16)), Interval(time(10), time(12)))})
    assert calendar.intervals_on(date(2026, 11, 24)) == (Interval(time(9), time(16)),)


def test_intervals_that_only_touch_do_not_overlap():
    assert not has_overlap([Interval(time(14), time(18)), Interval(time(9), time(14))])
    assert has_overlap([AFTERNOON, MORNING, Interval(time(13, 59), time(14, 30))])


@pytest.mark.parametrize("closes", [time(9), time(8, 59)])
def test_an_interval_that_does_not_close_after_it_opens_is_refused(closes):
    with pytest.raises(ValueError, match="opens before it closes"):
        Interval(time(9), closes)


def test_the_demo_is_open_on_a_holiday_at_night():
    calendar = AlwaysOpen()
    christmas_night = at("2026-12-25 03:00")
    assert calendar.is_open(christmas_night)
    assert calendar.closes_at(christmas_night) is None
    assert calendar.next_opening(christmas_night) is None
    assert not calendar.is_holiday(date(2026, 12, 25))
    assert calendar.holiday_name(date(2026, 12, 25)) is None
    assert calendar.intervals_on(date(2026, 12, 25)) == (Interval(time.min, time.max),)
