"""Official rest days (Ley Federal del Trabajo, article 74) and the special days that change dates."""

from datetime import date, time

import pytest

from scheduling.calendar import Interval, SpecialDate, official_rest_days
from tests.scheduling.hours import AFTERNOON, MORNING, at, manual_calendar

CLOSED: tuple[Interval, ...] = ()


def test_independence_day_is_closed():
    assert not manual_calendar().is_open(at("2026-09-16 10:00"))
    assert manual_calendar().is_open(at("2026-09-17 10:00"))


def test_the_third_monday_of_november_is_closed():
    calendar = manual_calendar()
    assert not calendar.is_open(at("2026-11-16 10:00"))
    assert not calendar.is_open(at("2027-11-15 10:00"))


def test_the_twentieth_of_november_itself_is_a_working_day():
    assert manual_calendar().is_open(at("2026-11-20 10:00"))


def test_the_first_of_october_is_closed_when_the_executive_changes():
    calendar = manual_calendar()
    assert not calendar.is_open(at("2030-10-01 10:00"))
    assert calendar.is_open(at("2029-10-01 10:00"))


def test_article_74_names_these_days_of_2027():
    assert dict(official_rest_days(2027)) == {
        date(2027, 1, 1): "Año Nuevo",
        date(2027, 2, 1): "Día de la Constitución",
        date(2027, 3, 15): "Natalicio de Benito Juárez",
        date(2027, 5, 1): "Día del Trabajo",
        date(2027, 9, 16): "Día de la Independencia",
        date(2027, 11, 15): "Día de la Revolución",
        date(2027, 12, 25): "Navidad",
    }


def test_a_holiday_has_its_spanish_name():
    assert manual_calendar().is_holiday(date(2026, 12, 25))
    assert manual_calendar().holiday_name(date(2026, 12, 25)) == "Navidad"


@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2026, 11, 28)])
def test_neither_a_working_day_nor_a_saturday_is_a_holiday(day):
    assert not manual_calendar().is_holiday(day)
    assert manual_calendar().holiday_name(day) is None


def test_a_special_day_opens_a_holiday_as_usual():
    calendar = manual_calendar(d2026_11_16=SpecialDate("Guardia", None))
    assert calendar.intervals_on(date(2026, 11, 16)) == (MORNING, AFTERNOON)
    assert calendar.is_open(at("2026-11-16 17:59:59"))
    assert not calendar.is_holiday(date(2026, 11, 16))


def test_a_holiday_opened_as_usual_on_a_saturday_stays_closed_without_being_a_holiday():
    calendar = manual_calendar(d2027_05_01=SpecialDate("Guardia", None))
    assert not calendar.is_open(at("2027-05-01 10:00"))
    assert not calendar.is_holiday(date(2027, 5, 1))


def test_a_special_day_closes_a_working_day():
    calendar = manual_calendar(d2026_11_24=SpecialDate("Inventario", CLOSED))
    assert not calendar.is_open(at("2026-11-24 10:00"))
    assert calendar.is_open(at("2026-11-25 10:00"))
    assert calendar.holiday_name(date(2026, 11, 24)) == "Inventario"


def test_the_name_a_supervisor_gave_wins_over_the_official_one():
    calendar = manual_calendar(d2026_12_25=SpecialDate("Cierre de fin de año", CLOSED))
    assert calendar.holiday_name(date(2026, 12, 25)) == "Cierre de fin de año"


def test_special_hours_replace_the_hours_of_that_weekday():
    calendar = manual_calendar(d2026_12_24=SpecialDate("Nochebuena", (Interval(time(10), time(13)),)))
    assert not calendar.is_open(at("2026-12-24 09:59:59"))
    assert calendar.is_open(at("2026-12-24 10:00:00"))
    assert calendar.is_open(at("2026-12-24 12:59:59"))
    assert not calendar.is_open(at("2026-12-24 13:00:00"))
    assert not calendar.is_open(at("2026-12-24 16:00:00"))
    assert not calendar.is_holiday(date(2026, 12, 24))


def test_special_hours_open_a_saturday_and_a_holiday():
    hours = SpecialDate("Guardia", (Interval(time(10), time(13)),))
    calendar = manual_calendar(d2026_11_28=hours, d2026_11_16=hours)
    assert calendar.is_open(at("2026-11-28 12:00"))
    assert calendar.is_open(at("2026-11-16 12:00"))


def test_the_rest_days_of_a_year_cannot_be_changed_by_a_reader():
    with pytest.raises(TypeError):
        official_rest_days(2027)[date(2027, 11, 24)] = "Puente"  # type: ignore[index]
