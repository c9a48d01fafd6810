"""Reminders: the day before and a quarter of an hour before, each once, and none that would be wrong."""

from datetime import timedelta

import pytest

from scheduling import services
from tests.scheduling.cast import NOW, TEN, book, fresh, mails
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db
DAYS_BEFORE = NOW - timedelta(days=4)
DAY_BEFORE = at("2026-11-23 10:00")
SOON = at("2026-11-24 09:45")
MILLISECOND = timedelta(milliseconds=1)


def reminded(*instants) -> list[int]:
    return [services.remind(now) for now in instants]


def test_each_reminder_is_sent_once_at_its_time(laura):
    row = book(now=DAYS_BEFORE)

    times = [DAY_BEFORE - MILLISECOND, DAY_BEFORE, DAY_BEFORE, SOON - MILLISECOND, SOON, SOON, TEN]
    assert reminded(*times) == [0, 1, 0, 0, 1, 0, 0]

    assert mails()[1:] == [f"Recordatorio de su cita {row.folio}: el martes 24 de noviembre a las 10:00"] * 2
    assert (fresh(row).reminded_day_at, fresh(row).reminded_soon_at) == (DAY_BEFORE, SOON)


def test_what_was_booked_within_a_day_has_no_reminder_of_the_day_before(laura):
    book(now=DAY_BEFORE)
    book(at("2026-11-24 10:30"), now=DAY_BEFORE)
    assert reminded(DAY_BEFORE + MILLISECOND, at("2026-11-23 10:30"), SOON) == [0, 1, 1]


def test_after_a_clock_that_stood_only_the_nearer_one_is_sent(laura):
    book(now=DAYS_BEFORE)
    assert reminded(at("2026-11-24 09:50"), at("2026-11-24 09:51")) == [1, 0]


def test_nothing_is_reminded_of_that_began_or_was_cancelled(laura):
    book(now=DAYS_BEFORE)
    assert reminded(TEN) == [0]
    cancelled = book(at("2026-11-24 12:00"), now=DAYS_BEFORE)
    services.cancel(appointment=cancelled, now=DAYS_BEFORE)
    assert reminded(at("2026-11-24 11:45")) == [0]


def test_another_hour_is_reminded_of_afresh(laura):
    row = book(now=DAYS_BEFORE)
    assert reminded(DAY_BEFORE) == [1]
    services.reschedule(appointment=row, starts_at=at("2026-11-27 10:00"), now=DAY_BEFORE)
    assert reminded(SOON, at("2026-11-26 10:00"), at("2026-11-27 09:45")) == [0, 1, 1]


def test_a_customer_who_waits_already_is_not_reminded(laura):
    row = book(now=DAYS_BEFORE)
    services.arrive(appointment=row, key_hash="k", now=at("2026-11-24 09:50"))
    assert reminded(at("2026-11-24 09:51")) == [0]
