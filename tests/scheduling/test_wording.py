"""Instants and weekly hours in the words customers read."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from scheduling.calendar import AlwaysOpen, Calendar, Interval
from scheduling.wording import instant_in_words, weekly_hours_in_words
from tests.scheduling.hours import AFTERNOON, MORNING, at, manual_calendar


def test_an_instant_reads_as_people_say_it():
    assert instant_in_words(at("2026-11-30 09:00")) == "el lunes 30 de noviembre a las 09:00"


def test_the_year_is_said_when_it_is_another_one():
    now = at("2026-12-31 18:00")
    assert instant_in_words(at("2027-01-04 09:00"), now) == "el lunes 4 de enero de 2027 a las 09:00"
    assert instant_in_words(at("2026-12-31 15:00"), now) == "el jueves 31 de diciembre a las 15:00"


def test_the_year_is_the_one_in_mexico_city():
    """Midnight in UTC is still six in the evening of the last day of the year in Mexico City."""
    now = datetime(2027, 1, 1, 0, 30, tzinfo=UTC)
    assert instant_in_words(at("2026-12-31 19:00"), now) == "el jueves 31 de diciembre a las 19:00"


def test_an_instant_of_another_zone_is_told_in_mexico_city():
    eight_in_tijuana = at("2026-11-30 08:00", ZoneInfo("America/Tijuana"))
    assert instant_in_words(eight_in_tijuana) == "el lunes 30 de noviembre a las 10:00"


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-02-03", "el martes 3 de febrero a las 15:00"),
        ("2026-03-04", "el miércoles 4 de marzo a las 15:00"),
        ("2026-04-02", "el jueves 2 de abril a las 15:00"),
        ("2026-05-08", "el viernes 8 de mayo a las 15:00"),
        ("2026-06-06", "el sábado 6 de junio a las 15:00"),
        ("2026-07-05", "el domingo 5 de julio a las 15:00"),
        ("2026-08-03", "el lunes 3 de agosto a las 15:00"),
        ("2026-09-17", "el jueves 17 de septiembre a las 15:00"),
        ("2026-10-31", "el sábado 31 de octubre a las 15:00"),
    ],
)
def test_every_weekday_and_month_has_its_word(day, words):
    assert instant_in_words(at(f"{day} 15:00")) == words


def test_the_manual_s_week_reads_as_in_the_manual():
    assert weekly_hours_in_words(manual_calendar()) == "lunes a viernes de 09:00 a 14:00 y de 15:00 a 18:00"


def test_a_saturday_of_its_own_is_a_phrase_of_its_own():
    calendar = Calendar({**manual_calendar().weekly, 5: (Interval(time(10), time(13, 30)),)})
    assert weekly_hours_in_words(calendar) == (
        "lunes a viernes de 09:00 a 14:00 y de 15:00 a 18:00; sábado de 10:00 a 13:30"
    )


def test_two_equal_neighbours_are_joined_and_a_closed_day_parts_equal_ones():
    calendar = Calendar({0: (MORNING,), 1: (MORNING,), 3: (MORNING,), 6: (AFTERNOON,)})
    assert weekly_hours_in_words(calendar) == (
        "lunes y martes de 09:00 a 14:00; jueves de 09:00 a 14:00; domingo de 15:00 a 18:00"
    )


def test_three_intervals_are_listed():
    calendar = Calendar({2: (MORNING, AFTERNOON, Interval(time(19), time(20)))})
    assert weekly_hours_in_words(calendar) == (
        "miércoles de 09:00 a 14:00, de 15:00 a 18:00 y de 19:00 a 20:00"
    )


def test_hours_entered_in_pieces_read_as_the_hours_they_make():
    calendar = Calendar({0: (Interval(time(12), time(14)), Interval(time(9), time(12))), 1: (MORNING,)})
    assert weekly_hours_in_words(calendar) == "lunes y martes de 09:00 a 14:00"


def test_a_week_without_hours_says_so():
    assert weekly_hours_in_words(Calendar({})) == "sin horario de atención"
    assert weekly_hours_in_words(Calendar({0: ()})) == "sin horario de atención"


def test_the_demo_s_week_is_all_day_long():
    assert weekly_hours_in_words(AlwaysOpen()) == "lunes a domingo todo el día"
