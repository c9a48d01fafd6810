"""Mexico's clocks are those of the pinned tzdata, whatever the machine has."""

import zoneinfo
from datetime import UTC, datetime

from scheduling.calendar import MEXICO_CITY


def test_the_machines_own_time_zones_are_not_asked():
    assert zoneinfo.TZPATH == ()


def test_mexico_city_has_no_summer_time():
    assert datetime(2026, 7, 1, 15, tzinfo=UTC).astimezone(MEXICO_CITY).hour == 9
