"""What a page sends as a day or an hour is one, or nothing."""

from datetime import UTC, date, datetime

import pytest

from scheduling.parsing import parse_day, parse_hour
from tests.scheduling.hours import at


@pytest.mark.parametrize(
    "text",
    ["2026-11-24T10:00:00-06:00", "2026-11-24T16:00:00Z", "2026-11-24 16:00+00:00", "2026-11-24T10:00-06:00"],
)
def test_an_hour_with_an_offset_is_an_instant(text):
    hour = parse_hour(text)

    assert hour == at("2026-11-24 10:00")
    assert hour.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "10:00",
        "2026-11-24",
        "2026-11-24T10:00:00",
        "2026-99-99T10:00:00Z",
        "2026-11-24T25:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-11-24T10:00:00+99:99",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "1999-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        "2026-11-24T10:00:00Z; drop",
    ],
)
def test_anything_else_is_no_hour(text):
    assert parse_hour(text) is None


def test_hours_end_with_the_years_that_are_served():
    assert parse_hour("2000-01-01T00:00:00Z") == datetime(2000, 1, 1, tzinfo=UTC)
    assert parse_hour("2100-12-31T23:59:59Z") == datetime(2100, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert parse_hour("2100-12-31T23:59:59-01:00") is None


def test_a_day_is_a_date_of_the_years_that_are_served():
    assert parse_day("2026-11-24") == date(2026, 11, 24)
    assert parse_day("2000-01-01") == date(2000, 1, 1)
    assert parse_day("2100-12-31") == date(2100, 12, 31)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "hoy",
        "2026-13-01",
        "2026-02-29",
        "1999-12-31",
        "2101-01-01",
        "0001-01-01",
        "9999-12-31",
        "2026-11-24T10:00:00Z",
        "2026-11-24\x00",
    ],
)
def test_anything_else_is_no_day(text):
    assert parse_day(text) is None
