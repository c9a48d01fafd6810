"""The next opening: over lunch, nights, long weekends and the end of the year."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

from scheduling.calendar import Calendar, Interval, SpecialDate
from tests.scheduling.hours import MANUAL_WEEK, at, manual_calendar


def test_before_nine_it_opens_the_same_morning():
    assert manual_calendar().next_opening(at("2026-11-24 08:59:59")) == at("2026-11-24 09:00")


def test_at_lunch_it_opens_at_three():
    assert manual_calendar().next_opening(at("2026-11-24 14:00")) == at("2026-11-24 15:00")


def test_in_the_evening_it_opens_the_next_morning():
    assert manual_calendar().next_opening(at("2026-11-24 18:00")) == at("2026-11-25 09:00")


def test_while_open_it_is_the_following_interval():
    assert manual_calendar().next_opening(at("2026-11-24 09:00")) == at("2026-11-24 15:00")
    assert manual_calendar().next_opening(at("2026-11-24 15:00")) == at("2026-11-25 09:00")


def test_on_friday_evening_it_opens_on_monday():
    assert manual_calendar().next_opening(at("2026-11-27 18:00")) == at("2026-11-30 09:00")


def test_over_a_long_weekend_it_opens_on_tuesday():
    assert manual_calendar().next_opening(at("2026-11-13 18:00")) == at("2026-11-17 09:00")


def test_a_long_weekend_that_is_cancelled_opens_on_monday():
    calendar = manual_calendar(d2026_11_16=SpecialDate("Guardia", None))
    assert calendar.next_opening(at("2026-11-13 18:00")) == at("2026-11-16 09:00")


def test_over_christmas_it_opens_on_the_monday_after():
    assert manual_calendar().next_opening(at("2026-12-24 18:00")) == at("2026-12-28 09:00")


def test_over_new_year_it_opens_in_the_next_year():
    assert manual_calendar().next_opening(at("2026-12-31 18:00")) == at("2027-01-04 09:00")


def test_a_shut_week_between_christmas_and_new_year_is_skipped():
    shut = SpecialDate("Cierre de fin de año", ())
    calendar = manual_calendar(d2026_12_28=shut, d2026_12_29=shut, d2026_12_30=shut, d2026_12_31=shut)
    assert calendar.next_opening(at("2026-12-24 18:00")) == at("2027-01-04 09:00")


def test_a_saturday_with_special_hours_comes_first():
    calendar = manual_calendar(d2026_11_28=SpecialDate("Guardia", (Interval(time(10), time(13)),)))
    assert calendar.next_opening(at("2026-11-27 18:00")) == at("2026-11-28 10:00")


def test_the_opening_is_told_in_mexico_city_whoever_asks():
    opening = manual_calendar().next_opening(at("2026-03-08 12:00", ZoneInfo("America/Tijuana")))
    assert opening is not None
    assert opening.isoformat() == "2026-03-09T09:00:00-06:00"


def test_without_any_hours_it_never_opens():
    assert Calendar({}).next_opening(at("2026-11-24 10:00")) is None


def test_an_opening_400_days_ahead_is_found_and_one_beyond_is_not():
    now = at("2026-11-24 10:00")
    guard = SpecialDate("Guardia", (Interval(time(10), time(13)),))
    last_day = now + timedelta(days=400)
    assert Calendar({}, {last_day.date(): guard}).next_opening(now) == last_day
    beyond = now.date() + timedelta(days=401)
    assert Calendar({}, {beyond: guard}).next_opening(now) is None


def test_a_year_of_closed_days_is_looked_through():
    now = at("2026-11-24 18:00")
    shut = {now.date() + timedelta(days=offset): SpecialDate("Obra", ()) for offset in range(365)}
    assert Calendar(MANUAL_WEEK, shut).next_opening(now) == at("2027-11-24 09:00")
