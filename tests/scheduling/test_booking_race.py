"""Fifty buyers of twenty hours: one winner each, and the others hear that it is taken, nothing else."""

import uuid
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from scheduling import services
from scheduling.models import Appointment
from tests.scheduling.cast import (
    ANA,
    BETO,
    NOW,
    TEN,
    Details,
    book,
    fresh,
    mails,
    make_agent,
    make_service,
    make_week,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def service():
    """The same rows as ever, for a database that each of these tests empties."""
    make_week()
    return make_service()


def buyer(number: int) -> Details:
    return Details(**{**ANA.__dict__, "email": f"c{number}@papeleria-lopez.mx", "rfc": "XAXX010101000"})


def buy(service, starts_at, number: int) -> Appointment:
    key = f"browser-{number}"
    services.hold_slot(service=service, starts_at=starts_at, hold_key=key, now=NOW)
    return services.book(hold_key=key, client_id=uuid.uuid4(), details=buyer(number), now=NOW)


def test_fifty_threads_on_twenty_slots(service):
    for name in ("laura", "diego"):
        make_agent(name)
    slots = services.next_free(service=service, now=NOW, count=10)

    # Two agents at ten hours are twenty places.
    results = at_once([partial(buy, service, slots[number % 10].starts_at, number) for number in range(50)])

    won = [result for result in results if isinstance(result, Appointment)]
    lost = [result for result in results if not isinstance(result, Appointment)]
    assert {type(result) for result in lost} == {services.SlotTaken}
    assert (len(won), len(lost), len(mails())) == (20, 30, 20)
    assert all(len(result.nearest) == 3 for result in lost)
    places = Counter(Appointment.objects.booked().values_list("agent", "starts_at"))
    assert len(places) == 20
    assert set(places.values()) == {1}


def test_one_form_sent_by_eight_threads_books_once(service):
    make_agent("laura")
    services.hold_slot(service=service, starts_at=TEN, hold_key="ana", now=NOW)
    send = partial(services.book, hold_key="ana", client_id=uuid.uuid4(), details=ANA, now=NOW)

    results = at_once([send] * 8)

    assert set(results) == {Appointment.objects.get()}
    assert len(mails()) == 1


def test_one_person_at_eight_browsers_gets_two(service):
    make_agent("laura")
    slots = services.next_free(service=service, now=NOW, count=8)
    for number, slot in enumerate(slots):
        services.hold_slot(service=service, starts_at=slot.starts_at, hold_key=f"{number}", now=NOW)
    acts = [
        partial(services.book, hold_key=f"{number}", client_id=uuid.uuid4(), details=ANA, now=NOW)
        for number in range(8)
    ]

    kinds = Counter(type(result) for result in at_once(acts))

    assert kinds == {Appointment: 2, services.TooManyAppointments: 6}


def test_eight_clocks_mark_and_remind_once(service):
    make_agent("laura")
    missed, coming = book(), book(TEN + timedelta(hours=1), who=BETO)
    now = TEN + timedelta(minutes=50)

    results = at_once([partial(act, now) for act in services.due_acts()[1:] for _clock in range(4)])

    assert sorted(results) == [0] * 6 + [1] * 2
    assert (fresh(missed).state, fresh(coming).reminded_soon_at) == ("missed", now)
    assert len(mails()) == 4


def test_customers_who_exchange_hours_and_buyers_wait_in_no_circle(service):
    for name in ("laura", "diego"):
        make_agent(name)
    slots = services.next_free(service=service, now=NOW, count=8)
    rows = [buy(service, slot.starts_at, number) for number, slot in enumerate(slots)]
    acts = [
        partial(services.reschedule, appointment=row, starts_at=slots[7 - number].starts_at, now=NOW)
        for number, row in enumerate(rows)
    ]
    acts += [partial(buy, service, slot.starts_at, 100 + number) for number, slot in enumerate(slots)]
    acts += [partial(services.cancel, appointment=row, now=NOW) for row in rows[::3]]

    errors = {type(result) for result in at_once(acts)} - {Appointment}

    assert errors <= {services.SlotTaken, services.NotBooked}
