"""The rows of the database become the calendar that everybody asks."""

from datetime import date, time
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from scheduling.calendar import AlwaysOpen, Interval, SpecialDate
from scheduling.models import BusinessHours, SpecialDay, SpecialInterval, Weekday
from scheduling.services import current_calendar
from scheduling.wording import weekly_hours_in_words
from tests.scheduling.hours import AFTERNOON, MORNING, at

pytestmark = pytest.mark.django_db
MANUAL_WORDS = "lunes a viernes de 09:00 a 14:00 y de 15:00 a 18:00"


@pytest.fixture
def empty_week():
    BusinessHours.objects.all().delete()


@pytest.fixture
def manual_week(empty_week):
    import_module("scheduling.migrations.0002_default_hours").fill_default_hours(apps, None)


def special_day(day: date, kind: SpecialDay.Kind, *hours: Interval) -> SpecialDay:
    special = SpecialDay.objects.create(date=day, name="Especial", kind=kind)
    for interval in hours:
        SpecialInterval.objects.create(
            special_day=special, opens_at=interval.opens, closes_at=interval.closes
        )
    return special


def test_a_new_installation_has_the_hours_of_the_manual(manual_week):
    assert weekly_hours_in_words(current_calendar()) == MANUAL_WORDS


def test_hours_that_somebody_already_keeps_are_left_alone(empty_week):
    BusinessHours.objects.create(weekday=Weekday.SATURDAY, opens_at=time(10), closes_at=time(13))
    import_module("scheduling.migrations.0002_default_hours").fill_default_hours(apps, None)
    assert weekly_hours_in_words(current_calendar()) == "sábado de 10:00 a 13:00"


def test_a_deployment_without_rows_is_closed(empty_week):
    assert not current_calendar().is_open(at("2026-11-24 10:00"))
    assert current_calendar().next_opening(at("2026-11-24 10:00")) is None


def test_each_kind_of_special_day_reaches_the_calendar(manual_week):
    special_day(date(2026, 11, 24), SpecialDay.Kind.CLOSED)
    special_day(date(2026, 11, 16), SpecialDay.Kind.OPEN_AS_USUAL)
    special_day(date(2026, 12, 24), SpecialDay.Kind.SPECIAL_HOURS, AFTERNOON, Interval(time(8), time(9)))
    calendar = current_calendar()
    assert calendar.holiday_name(date(2026, 11, 24)) == "Especial"
    assert calendar.intervals_on(date(2026, 11, 16)) == (MORNING, AFTERNOON)
    assert calendar.intervals_on(date(2026, 12, 24)) == (Interval(time(8), time(9)), AFTERNOON)


def test_intervals_left_behind_by_another_kind_do_not_count():
    special = special_day(date(2026, 11, 24), SpecialDay.Kind.CLOSED, MORNING)
    assert special.special_date == SpecialDate("Especial", ())


def test_special_hours_without_intervals_are_a_closed_day():
    special = special_day(date(2026, 11, 24), SpecialDay.Kind.SPECIAL_HOURS)
    assert special.special_date == SpecialDate("Especial", ())


def test_the_queries_do_not_grow_with_the_rows(manual_week, django_assert_num_queries):
    for number in range(1, 21):
        special_day(date(2026, 12, number), SpecialDay.Kind.SPECIAL_HOURS, MORNING, AFTERNOON)
    with django_assert_num_queries(3):
        current_calendar()


def test_the_demo_s_hours_ask_the_database_nothing(settings, django_assert_num_queries):
    settings.HOURS = "open"
    with django_assert_num_queries(0):
        assert current_calendar() == AlwaysOpen()


def test_hours_that_end_before_they_begin_are_refused_by_the_database():
    with pytest.raises(IntegrityError):
        BusinessHours.objects.create(weekday=0, opens_at=time(14), closes_at=time(9))


def test_an_interval_that_ends_as_it_begins_is_refused_by_the_database():
    day = special_day(date(2026, 11, 24), SpecialDay.Kind.SPECIAL_HOURS)
    with pytest.raises(IntegrityError):
        SpecialInterval.objects.create(special_day=day, opens_at=time(9), closes_at=time(9))


def test_hours_that_overlap_on_the_same_weekday_are_refused(manual_week):
    hours = BusinessHours(weekday=Weekday.MONDAY, opens_at=time(13, 59), closes_at=time(15))
    with pytest.raises(ValidationError, match="se encima con otro: lunes de 09:00 a 14:00"):
        hours.full_clean()


def test_hours_that_touch_or_are_on_another_weekday_are_accepted(manual_week):
    BusinessHours(weekday=Weekday.MONDAY, opens_at=time(14), closes_at=time(15)).full_clean()
    BusinessHours(weekday=Weekday.SATURDAY, opens_at=time(9), closes_at=time(14)).full_clean()


def test_hours_do_not_overlap_with_themselves(manual_week):
    hours = BusinessHours.objects.filter(weekday=Weekday.MONDAY)[0]
    hours.closes_at = time(13)
    hours.full_clean()


def test_rows_read_as_people_say_them():
    hours = BusinessHours(weekday=Weekday.WEDNESDAY, opens_at=time(9), closes_at=time(14))
    assert str(hours) == "miércoles de 09:00 a 14:00"
    assert str(SpecialDay(date=date(2026, 12, 24), name="Nochebuena")) == "24/12/2026 Nochebuena"
    assert str(SpecialInterval(opens_at=time(10), closes_at=time(13))) == "de 10:00 a 13:00"
