"""The calendar file, read by another parser than the one that wrote it."""

from datetime import UTC, datetime, timedelta

import pytest
import vobject
from post_office.models import Email

from scheduling import services
from scheduling.ics import calendar_file
from scheduling.models import Shift
from tests.scheduling.cast import NOW, TEN, book, fresh, last_mail
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db


def read(content: bytes):
    calendar = vobject.readOne(content.decode())
    assert calendar.method.value == "PUBLISH"
    return calendar.vevent


def sent(mail: Email):
    """The entry in the mail as it leaves."""
    [part] = [part for part in mail.email_message().message().walk() if part.get_filename()]
    content = part.get_payload(decode=True)
    assert b"\r\n" in content
    assert b"\n" not in content.replace(b"\r\n", b"")
    return part.get_filename(), read(content)


def test_the_confirmation_carries_the_entry(laura):
    row = book()

    name, event = sent(last_mail())

    assert name == f"cita-{row.folio}.ics"
    assert event.dtstart.value == datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
    assert event.dtend.value == datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
    assert event.dtstamp.value == NOW.astimezone(UTC)
    assert event.dtstart.serialize().strip() == "DTSTART:20261124T160000Z"
    assert event.uid.value == f"{row.folio}@127.0.0.1"
    assert (event.sequence.value, event.status.value) == ("0", "CONFIRMED")
    assert row.folio in event.summary.value
    assert f"/citas/{row.folio}/" in event.url.value
    assert event.url.value in event.description.value


def test_a_change_and_a_cancellation_update_the_same_entry(laura):
    row = book()
    uid = sent(last_mail())[1].uid.value
    services.reschedule(appointment=row, starts_at=at("2026-11-24 12:00"), now=NOW)
    changed = sent(last_mail())[1]
    services.cancel(appointment=row, now=NOW)
    cancelled = sent(last_mail())[1]

    assert changed.uid.value == cancelled.uid.value == uid
    assert (changed.sequence.value, cancelled.sequence.value) == ("1", "2")
    assert changed.dtstart.value == datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
    assert (changed.status.value, cancelled.status.value) == ("CONFIRMED", "CANCELLED")


def test_what_our_own_change_cancels_leaves_the_calendar(laura):
    row = book()
    Shift.objects.all().delete()
    services.mark_missed(TEN + timedelta(minutes=11))

    event = sent(last_mail())[1]
    assert event.uid.value == f"{row.folio}@127.0.0.1"
    assert (event.sequence.value, event.status.value) == ("1", "CANCELLED")


def test_the_instants_are_right_on_a_border_towns_clock_change(laura):
    row = book(at("2026-10-30 10:00"), now=at("2026-10-29 10:00"))
    for day, utc in (("2026-10-30", 16), ("2026-11-03", 16)):
        row.starts_at = at(f"{day} 10:00")
        row.ends_at = row.starts_at + timedelta(minutes=30)
        row.customer_zone = "America/Tijuana"
        assert read(calendar_file(row, NOW)).dtstart.value.hour == utc


def test_only_what_changes_a_calendar_carries_a_file(laura):
    row = book()
    services.remind(TEN - timedelta(minutes=15))
    assert last_mail().attachments.count() == 0
    services.mark_missed(TEN + timedelta(minutes=11))
    assert last_mail().attachments.count() == 0
    assert fresh(row).state == "missed"
