"""The zones in which a customer may read an appointment's hour, with the names of their cities."""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytz
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

DEFAULT_ZONE = "America/Mexico_City"
# tzdata says which zones Mexico has; what people call them it does not say.
_CITIES: dict[str, str | Promise] = {
    "America/Mexico_City": _("Ciudad de México"),
    "America/Bahia_Banderas": _("Bahía de Banderas"),
    "America/Cancun": _("Cancún"),
    "America/Chihuahua": _("Chihuahua"),
    "America/Ciudad_Juarez": _("Ciudad Juárez"),
    "America/Hermosillo": _("Hermosillo"),
    "America/Matamoros": _("Matamoros"),
    "America/Mazatlan": _("Mazatlán"),
    "America/Merida": _("Mérida"),
    "America/Monterrey": _("Monterrey"),
    "America/Ojinaga": _("Ojinaga"),
    "America/Tijuana": _("Tijuana"),
}


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA zone."""
    return name in _zones()


@cache
def _zones() -> set[str]:
    """Read once: it is a walk through all the files of tzdata."""
    return available_timezones()


def city_of(zone: str) -> str:
    """The city that gives a zone its name."""
    return str(_CITIES.get(zone) or zone.rpartition("/")[2].replace("_", " "))


def choices() -> list[tuple[str, str]]:
    """Mexico's zones and their cities for a selector, Mexico City's first."""
    zones = sorted(pytz.country_timezones["MX"], key=lambda zone: (zone != DEFAULT_ZONE, city_of(zone)))
    return [(zone, city_of(zone)) for zone in zones]


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name, or Mexico City's when there is none: a mail must not fail because of it."""
    return ZoneInfo(name if is_zone(name) else DEFAULT_ZONE)


def differ(one: str, other: str, instant: datetime) -> bool:
    """Whether the clocks of two zones show different times at `instant`."""
    return instant.astimezone(zone_of(one)).utcoffset() != instant.astimezone(zone_of(other)).utcoffset()
