"""Opening hours and instants as people read them, in Mexico City's time."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scheduling.calendar import MEXICO_CITY, WHOLE_DAY, Interval, OpeningCalendar, merged
from scheduling.models import Weekday
from scheduling.zones import DEFAULT_ZONE, city_of, differ, zone_of

MONTHS = (
    gettext_lazy("enero"),
    gettext_lazy("febrero"),
    gettext_lazy("marzo"),
    gettext_lazy("abril"),
    gettext_lazy("mayo"),
    gettext_lazy("junio"),
    gettext_lazy("julio"),
    gettext_lazy("agosto"),
    gettext_lazy("septiembre"),
    gettext_lazy("octubre"),
    gettext_lazy("noviembre"),
    gettext_lazy("diciembre"),
)


def instant_in_words(instant: datetime, now: datetime | None = None, zone: ZoneInfo = MEXICO_CITY) -> str:
    """An aware instant as "el lunes 30 de noviembre a las 09:00", in Mexico City's time or another zone's.

    The year is added ("de 2027") when it is not the year of `now`; without `now` it never is.
    """
    local = instant.astimezone(zone)
    words = _words_of(local) | {"time": f"{local:%H:%M}"}
    if now is None or now.astimezone(zone).year == local.year:
        return _("el %(weekday)s %(day)s de %(month)s a las %(time)s") % words
    return _("el %(weekday)s %(day)s de %(month)s de %(year)s a las %(time)s") % words


def hour_in_words(instant: datetime, now: datetime | None = None, zone: str = DEFAULT_ZONE) -> str:
    """The hour of an appointment, as its customer's clock shows it as well when that is another one:
    "el lunes 30 de noviembre a las 11:00 (hora de la Ciudad de México); el lunes 30 de noviembre a las 09:00,
    hora de Tijuana".
    """
    ours = _("%(hour)s (hora de la Ciudad de México)") % {"hour": instant_in_words(instant, now)}
    if not differ(zone, DEFAULT_ZONE, instant):
        return ours
    theirs = instant_in_words(instant, now, zone_of(zone))
    return _("%(ours)s; %(theirs)s, hora de %(city)s") % {
        "ours": ours,
        "theirs": theirs,
        "city": city_of(zone),
    }


def hour_in_short(instant: datetime) -> str:
    """An aware instant as "miércoles 25 de noviembre, 11:00", for lists of hours of Mexico City."""
    local = instant.astimezone(MEXICO_CITY)
    return f"{day_in_words(local.date())}, {local:%H:%M}"


def tolerance_in_words() -> str:
    """The manual's rule, "Tolerancia en el chat", with the minutes in force."""
    minutes = int(settings.APPOINTMENT_TOLERANCE.total_seconds() // 60)
    return _(
        "Cuando el soporte por el chat fuera agendado previamente, solo se tendrán %(minutes)d minutos de "
        "tolerancia de la hora agendada para recibir la atención; en caso de rebasar este tiempo, el agente "
        "será liberado para atender a otro cliente y se deberá de volver a agendar el soporte."
    ) % {"minutes": minutes}


def day_in_words(day: date, *, with_year: bool = False) -> str:
    """ "lunes 30 de noviembre", or "lunes 30 de noviembre de 2026"."""
    if with_year:
        return _("%(weekday)s %(day)s de %(month)s de %(year)s") % _words_of(day)
    return _("%(weekday)s %(day)s de %(month)s") % _words_of(day)


def _words_of(day: date) -> dict[str, object]:
    return {
        "weekday": Weekday(day.weekday()).label,
        "day": day.day,
        "month": MONTHS[day.month - 1],
        "year": day.year,
    }


def weekly_hours_in_words(calendar: OpeningCalendar) -> str:
    """The week as "lunes a viernes de 09:00 a 14:00 y de 15:00 a 18:00".

    Neighbouring days with equal hours share one phrase, phrases are parted by semicolons, and closed days
    are left out.
    """
    hours = {weekday: merged(calendar.weekly.get(weekday, ())) for weekday in Weekday}
    groups = groupby(Weekday, key=lambda weekday: hours[weekday])
    phrases = [f"{_days_in_words(list(days))} {_hours_in_words(same)}" for same, days in groups if same]
    return "; ".join(phrases) or _("sin horario de atención")


def _days_in_words(days: Sequence[Weekday]) -> str:
    first, last = str(days[0].label), str(days[-1].label)
    if len(days) == 1:
        return first
    pattern = _("%(first)s y %(last)s") if len(days) == 2 else _("%(first)s a %(last)s")
    return pattern % {"first": first, "last": last}


def _hours_in_words(intervals: Sequence[Interval]) -> str:
    *others, last = [_interval_in_words(interval) for interval in intervals]
    return _("%(first)s y %(last)s") % {"first": ", ".join(others), "last": last} if others else last


def _interval_in_words(interval: Interval) -> str:
    if interval == WHOLE_DAY:
        return _("todo el día")
    return _("de %(opens)s a %(closes)s") % {
        "opens": f"{interval.opens:%H:%M}",
        "closes": f"{interval.closes:%H:%M}",
    }
