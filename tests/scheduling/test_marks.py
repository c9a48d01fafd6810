"""What supervisors mark by hand, with a reason: attended by other means, and missed after all."""

from datetime import timedelta

import pytest
from post_office.models import Email

from scheduling import services
from tests.scheduling.cast import NOW, TEN, acts_of, book, fresh, last_mail, mails
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db
LAST = TEN + timedelta(minutes=10)
OVER = LAST + timedelta(milliseconds=1)
LATER = at("2026-11-24 12:00")


@pytest.fixture
def row(laura):
    return book()


@pytest.fixture
def mark(supervisor):
    """`mark(service, row, now)` does it as the supervisor."""

    def do(service, row, now, reason="Llamó por teléfono"):
        return service(appointment=row, by=supervisor, reason=reason, now=now)

    return do


@pytest.mark.parametrize("now", [TEN, LAST, OVER])
def test_one_is_marked_as_attended_from_its_hour_on_and_nobody_is_mailed(row, mark, supervisor, now):
    with pytest.raises(services.NotBegun):
        mark(services.set_attended, row, TEN - timedelta(milliseconds=1))

    mark(services.set_attended, row, now)

    assert (fresh(row).state, fresh(row).attended_at) == ("attended", now)
    event = row.events.last()
    assert (event.act, event.actor, event.by, event.reason) == (
        "mark-attended", "supervisor", supervisor, "Llamó por teléfono"
    )  # fmt: skip
    assert len(mails()) == 1
    assert services.mark_missed(LATER) == 0


def test_a_missed_one_turns_out_to_have_been_attended(row, mark):
    services.mark_missed(OVER)

    mark(services.set_attended, row, LATER)

    assert (fresh(row).state, fresh(row).attended_at, fresh(row).missed_at) == ("attended", LATER, None)
    assert acts_of(row) == ["book", "miss", "amend"]
    assert Email.objects.latest("pk").expires_at == LATER


def test_whoever_came_and_left_is_marked_as_missed_with_one_mail(row, mark):
    services.arrive(appointment=row, key_hash="k", now=TEN)
    with pytest.raises(services.ToleranceRuns):
        mark(services.set_missed, row, LAST)

    mark(services.set_missed, row, OVER)

    assert (fresh(row).state, fresh(row).missed_at, fresh(row).arrived_at) == ("missed", OVER, TEN)
    assert acts_of(row) == ["book", "arrive", "mark-missed"]
    assert mails()[1:] == [f"No pudimos atender su cita {row.folio}"]
    for text in (last_mail().message, last_mail().html_message):
        assert "ya no estaba cuando quisimos atenderle" in text
        assert "no se presentó" not in text
        assert "tolerancia" not in text
    assert services.kept_for(LATER) == {}


def test_what_the_clock_has_marked_is_not_marked_and_mailed_again(row, mark):
    services.mark_missed(OVER)

    with pytest.raises(services.NotBooked):
        mark(services.set_missed, row, OVER)

    assert acts_of(row) == ["book", "miss"]
    assert len(mails()) == 2


def test_what_a_supervisor_has_marked_the_clock_leaves_alone(row, mark):
    mark(services.set_missed, row, OVER)

    assert services.mark_missed(LATER) == 0
    assert len(mails()) == 2


def test_an_hour_that_our_own_change_made_impossible_is_nobodys_to_miss(row, mark, laura):
    laura.is_active = False
    laura.save()

    with pytest.raises(services.NotBooked):
        mark(services.set_missed, row, OVER)

    assert fresh(row).is_booked


@pytest.mark.parametrize("service", [services.set_attended, services.set_missed])
def test_a_mark_needs_a_reason_and_an_appointment_that_is_not_over(row, mark, service):
    with pytest.raises(services.ReasonMissing):
        mark(service, row, LATER, reason=" ")
    services.cancel(appointment=row, now=NOW)
    with pytest.raises(services.NotBooked):
        mark(service, row, LATER)
    assert acts_of(row) == ["book", "cancel"]


def test_one_whose_customer_had_come_is_not_reopened(row, mark, supervisor):
    services.arrive(appointment=row, key_hash="k", now=TEN)
    mark(services.set_missed, row, OVER)

    with pytest.raises(services.HasCome) as refused:
        services.reopen(
            appointment=row, starts_at=at("2026-11-24 13:00"), by=supervisor, reason="Sí", now=LATER
        )

    assert str(refused.value.text).startswith("El cliente ya entró a la sala de espera")
    assert fresh(row).state == "missed"
