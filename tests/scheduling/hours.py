"""The manual's week and short ways to say an instant, shared by the tests of this folder."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from scheduling.calendar import Calendar, Interval, SpecialDate

MEXICO_CITY = ZoneInfo("America/Mexico_City")
MORNING = Interval(time(9), time(14))
AFTERNOON = Interval(time(15), time(18))
MANUAL_WEEK = {weekday: (MORNING, AFTERNOON) for weekday in range(5)}


def at(text: str, zone: ZoneInfo = MEXICO_CITY) -> datetime:
    """An instant from "2026-11-24 13:59:59", in Mexico City unless another zone is given."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def manual_calendar(**special: SpecialDate) -> Calendar:
    """The manual's hours; special dates as `d2026_12_24=SpecialDate(...)`."""
    return Calendar(MANUAL_WEEK, {_date(name): value for name, value in special.items()})


def _date(name: str) -> date:
    return date.fromisoformat(name.removeprefix("d").replace("_", "-"))
