"""What our own change of hours, shifts or agents makes impossible is never the customer's fault."""

from datetime import timedelta

import pytest

from scheduling import services
from scheduling.models import Shift, SpecialDay
from scheduling.services import counts_by, total_of
from tests.scheduling.cast import BETO, NOW, TEN, acts_of, book, fresh, last_mail, mails
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db
DAYS_BEFORE = NOW - timedelta(days=4)
LAST = TEN + timedelta(minutes=10)
OVER = LAST + timedelta(milliseconds=1)
ELEVEN = at("2026-11-24 11:00")
TOMORROW = at("2026-11-25 10:00")


def close_the_day(agent):
    SpecialDay.objects.create(date=TEN.date(), name="Corte de luz", kind=SpecialDay.Kind.CLOSED)


def remove_the_shift(agent):
    Shift.objects.filter(agent=agent, weekday=TEN.weekday()).delete()


def disable(agent):
    agent.is_active = False
    agent.save()


CHANGES = [close_the_day, remove_the_shift, disable]


@pytest.fixture(params=CHANGES, ids=lambda change: change.__name__)
def hit(request, laura):
    """An appointment at ten whose hour a change has made impossible."""
    row = book(now=DAYS_BEFORE)
    request.param(laura)
    return row


def test_it_is_not_reminded_of(hit):
    assert [services.remind(now) for now in (TEN - timedelta(hours=20), at("2026-11-24 09:45"))] == [0, 0]
    assert len(mails()) == 1


def test_one_that_fits_again_is_reminded_of(laura):
    row = book(now=DAYS_BEFORE)
    disable(laura)
    assert services.remind(TEN - timedelta(hours=20)) == 0
    laura.is_active = True
    laura.save()
    assert services.remind(TEN - timedelta(hours=19)) == 1
    assert fresh(row).reminded_day_at == TEN - timedelta(hours=19)


def test_at_the_end_of_the_tolerance_the_clock_cancels_it_once_with_an_apology(hit):
    assert [services.mark_missed(now) for now in (LAST, OVER, OVER)] == [0, 1, 0]

    row = fresh(hit)
    assert (row.state, row.cancelled_at, row.missed_at, row.sequence) == ("cancelled", OVER, None, 1)
    event = row.events.last()
    assert (event.act, event.actor, event.by) == ("cancel", "clock", None)
    assert event.reason == "Cambio en nuestro horario o en los turnos"
    assert mails()[1:] == [f"Su cita {row.folio} fue cancelada por un cambio nuestro"]
    text = last_mail().message
    assert "Nuestro horario o los turnos de nuestros agentes cambiaron" in text
    assert "Le pedimos una disculpa." in text
    assert "/citas/?llave=" in text
    for blame in ("no se presentó", "tolerancia"):
        assert blame not in text
    total = total_of(counts_by(row.__class__.objects.all(), "program"))
    assert (total.missed, total.cancelled) == (0, 1)


def test_others_of_the_same_round_are_missed_as_ever(diego, laura):
    first, second = book(), book(who=BETO)
    disable(laura)

    assert services.mark_missed(OVER) == 2

    assert [fresh(row).state for row in (first, second)] == ["cancelled", "missed"]


def test_a_customer_who_has_come_is_untouched(hit):
    services.arrive(appointment=hit, key_hash="k", now=TEN)

    assert services.mark_missed(OVER + timedelta(hours=1)) == 0

    assert fresh(hit).is_booked
    assert list(services.due_to_start(TEN)) == [hit]


def test_late_acts_do_not_blame_the_customer(hit):
    for act in (
        lambda: services.cancel(appointment=hit, now=OVER),
        lambda: services.reschedule(appointment=hit, starts_at=TOMORROW, now=OVER),
    ):
        with pytest.raises(services.NotBooked) as refused:
            act()
        assert refused.value.code == "appointment.not-booked"


def test_hours_and_shifts_are_read_once_a_round_and_only_when_something_is_due(
    diego, laura, django_assert_num_queries
):
    with django_assert_num_queries(1):
        services.mark_missed(OVER)
    with django_assert_num_queries(2):
        services.remind(OVER)
    book(now=DAYS_BEFORE)
    book(who=BETO, now=DAYS_BEFORE)
    Shift.objects.all().delete()
    with django_assert_num_queries(6):
        services.remind(at("2026-11-24 09:45"))


def test_another_hour_is_chosen_without_limit_and_is_not_counted(diego, laura):
    row = book()
    for hour in ("11:00", "12:00", "13:00"):
        services.reschedule(appointment=row, starts_at=at(f"2026-11-24 {hour}"), now=NOW)
    with pytest.raises(services.TooManyMoves):
        services.reschedule(appointment=row, starts_at=TEN, now=NOW)
    disable(laura)

    services.reschedule(appointment=row, starts_at=TEN, now=NOW)

    row = fresh(row)
    assert (row.starts_at, row.moves, row.agent) == (TEN, 3, diego)
    with pytest.raises(services.TooManyMoves):
        services.reschedule(appointment=row, starts_at=ELEVEN, now=NOW)


def test_the_same_hour_can_be_had_with_another_agent(diego, laura):
    row = book()
    disable(laura)

    assert services.kept_hour(row, NOW) is None
    services.reschedule(appointment=row, starts_at=TEN, now=NOW)

    row = fresh(row)
    assert (row.starts_at, row.agent, row.moves) == (TEN, diego, 0)
    assert services.kept_hour(row, NOW) == TEN


def test_a_customers_page_can_ask_whether_it_is_hit(hit):
    assert services.is_hit(hit, NOW)
    assert services.is_hit(hit, OVER)
    assert not services.is_hit(hit, hit.ends_at)
    services.arrive(appointment=hit, key_hash="k", now=TEN)
    assert not services.is_hit(fresh(hit), TEN)


def test_what_fits_or_is_over_is_not_hit(laura):
    row = book()
    assert not services.is_hit(row, NOW)
    gone = services.cancel(appointment=row, now=NOW)
    disable(laura)
    assert not services.is_hit(gone, NOW)


def test_those_who_have_come_are_not_told_to_choose_another_hour(laura):
    row = services.arrive(appointment=book(), key_hash="k", now=at("2026-11-24 09:55"))
    disable(laura)

    assert services.tell_hit(appointments=[row], now=at("2026-11-24 09:56")) == 0
    assert acts_of(row) == ["book", "arrive"]
    assert len(mails()) == 1
