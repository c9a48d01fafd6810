"""Reminders: the day before and a quarter of an hour before, each once, and none that would be wrong."""

from datetime import timedelta

import pytest
import time_machine
from post_office.models import STATUS, Email

from core.mail import send_queued
from scheduling import services
from scheduling.models import Appointment, Shift
from tests.scheduling.cast import BETO, NOW, TEN, book, fresh, mails
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db
DAYS_BEFORE = NOW - timedelta(days=4)
DAY_BEFORE = at("2026-11-23 10:00")
SOON = at("2026-11-24 09:45")
AFTERWARDS = at("2026-11-24 10:12")
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


# --- Reminders that the mail server did not take in time ---------------------------------------------------


def reminders_sent_at(now) -> int:
    """How many reminders go out when the mail server is back."""
    with time_machine.travel(now, tick=False):
        send_queued()
    return Email.objects.filter(subject__startswith="Recordatorio", status=STATUS.sent).count()


def missed(row):
    services.mark_missed(AFTERWARDS)


def attended(row):
    services.attend(appointment=fresh(row), agent=row.agent, now=TEN)


def cancelled(row):
    services.cancel(appointment=row, now=SOON)


def moved(row):
    services.reschedule(appointment=row, starts_at=at("2026-11-24 13:00"), now=SOON)


def hit(row):
    Shift.objects.all().delete()
    services.tell_hit(appointments=[row], now=SOON)


@pytest.mark.parametrize("act", [missed, attended, cancelled, moved, hit])
def test_a_reminder_that_still_waits_is_withdrawn_by_what_makes_it_wrong(diego, laura, act):
    row, other = book(now=DAYS_BEFORE), book(who=BETO, now=DAYS_BEFORE)
    assert reminded(SOON) == [2]
    services.arrive(appointment=other, key_hash="k", now=SOON + timedelta(minutes=10))
    act(row)

    assert reminders_sent_at(AFTERWARDS) == 1
    (waits,) = Email.objects.exclude(status=STATUS.sent)
    assert waits.to == [row.email]


def test_a_reminder_of_what_is_still_true_goes_out_late(diego, laura, supervisor):
    row = book(now=DAYS_BEFORE)
    assert reminded(SOON) == [1]
    services.move_to_agent(appointment=row, agent=diego, by=supervisor, reason="Sí", now=SOON)

    assert reminders_sent_at(at("2026-11-24 09:50")) == 1


def test_a_refused_change_withdraws_nothing(laura):
    row = book(now=DAYS_BEFORE)
    assert reminded(SOON) == [1]
    with pytest.raises(services.SlotTaken):
        services.reschedule(appointment=row, starts_at=at("2026-11-24 10:10"), now=SOON)

    assert reminders_sent_at(SOON) == 1


# --- One that fails ----------------------------------------------------------------------------------------


def test_one_that_cannot_be_mailed_stops_no_other(diego, laura, caplog):
    broken, other = book(now=DAYS_BEFORE), book(who=BETO, now=DAYS_BEFORE)
    Appointment.objects.filter(pk=broken.pk).update(email="ana@papeleria-lopez.mx\nBcc: x@y.mx")

    assert reminded(SOON) == [1]
    assert services.mark_missed(AFTERWARDS) == 1

    assert (fresh(broken).state, fresh(other).state) == ("booked", "missed")
    assert fresh(broken).reminded_soon_at is None
    assert [record.getMessage() for record in caplog.records] == [
        f"The clock's act {name} of row {broken.pk} failed." for name in ("_remind_of", "_end")
    ]
    assert "papeleria" not in caplog.text
