"""Reopening, another agent, and whom a change of hours, shifts or agents hits."""

from dataclasses import replace
from datetime import timedelta

import pytest
from post_office.models import Email

from scheduling import services
from scheduling.calendar import SpecialDate
from scheduling.models import Shift
from tests.scheduling.cast import ANA, BETO, NOW, TEN, book, fresh, hold, last_mail, mails
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db
LATE = at("2026-11-24 10:12")
ELEVEN = at("2026-11-24 11:00")


def test_a_missed_one_is_reopened_with_a_reason(laura, supervisor):
    row = book()
    services.mark_missed(LATE)
    reopen = {"appointment": row, "by": supervisor, "now": LATE}
    with pytest.raises(services.ReasonMissing):
        services.reopen(starts_at=ELEVEN, reason=" ", **reopen)

    services.reopen(starts_at=at("2026-11-24 10:30"), reason="Se le fue la luz", **reopen)

    row = fresh(row)
    assert (row.state, row.starts_at, row.missed_at, row.sequence) == (
        "booked", at("2026-11-24 10:30"), None, 1
    )  # fmt: skip
    assert Email.objects.get(subject__startswith="No pudimos").expires_at == LATE
    event = row.events.last()
    assert (event.act, event.by, event.reason) == ("reopen", supervisor, "Se le fue la luz")
    with pytest.raises(services.NotMissed):
        services.reopen(starts_at=ELEVEN, reason="Otra vez", **reopen)


def test_a_missed_one_is_not_reopened_at_an_hour_that_is_taken(laura, supervisor):
    row = book()
    book(ELEVEN, who=BETO)
    services.mark_missed(LATE)

    with pytest.raises(services.SlotTaken):
        services.reopen(appointment=row, starts_at=ELEVEN, by=supervisor, reason="Luz", now=LATE)

    assert fresh(row).state == "missed"


def test_another_agent_takes_it_over_when_free(diego, laura, supervisor):
    row = book()
    services.move_to_agent(appointment=row, agent=diego, by=supervisor, reason="Vacaciones", now=NOW)

    assert (fresh(row).agent, fresh(row).starts_at, fresh(row).sequence) == (diego, TEN, 0)
    assert len(mails()) == 1
    other = book(who=BETO)
    for agent in (diego, supervisor):
        with pytest.raises(services.AgentNotFree):
            services.move_to_agent(appointment=other, agent=agent, by=supervisor, reason="Sí", now=NOW)
    assert fresh(other).agent == laura


def test_another_agent_may_take_over_a_customer_who_has_come(diego, laura, supervisor):
    early = at("2026-11-24 09:55")
    row = services.arrive(appointment=book(), key_hash="k", now=early)

    services.move_to_agent(appointment=row, agent=diego, by=supervisor, reason="Se enfermó", now=early)

    assert (fresh(row).agent, fresh(row).arrived_at) == (diego, early)
    assert list(services.due_to_start(TEN)) == [row]
    assert set(services.kept_for(TEN)) == {diego.pk}


def test_an_expired_hold_is_in_nobodys_way(diego, laura, supervisor):
    row = book()
    hold()
    later = NOW + timedelta(minutes=6)

    services.move_to_agent(appointment=row, agent=diego, by=supervisor, reason="Sí", now=later)

    assert fresh(row).agent == diego


def test_a_holiday_a_shift_and_an_agent_show_whom_they_hit_before_they_are_stored(diego, laura):
    first, second = book(), book(who=BETO)
    tomorrow = book(at("2026-11-25 10:00"))
    holiday = replace(services.current_calendar(), special_dates={TEN.date(): SpecialDate("Inventario", ())})
    tuesday = Shift.objects.get(agent=laura, weekday=1)
    shorter = Shift(
        agent=laura, weekday=1, opens_at=at("2026-11-24 10:15").time(), closes_at=tuesday.closes_at
    )

    assert services.hit_by(now=NOW) == []
    assert services.hit_by(now=NOW, calendar=holiday) == [first, second]
    assert services.hit_by(now=NOW, without_shift=tuesday) == [first]
    assert services.hit_by(now=NOW, without_shift=tuesday, with_shift=shorter) == [first]
    assert services.hit_by(now=NOW, without_agent=laura) == [first, tomorrow]
    assert services.hit_by(now=TEN, calendar=holiday) == []


def test_a_later_change_hits_only_what_still_fitted(diego, laura):
    first = book()
    tomorrow = book(at("2026-11-25 10:00"))
    Shift.objects.filter(agent=laura, weekday=1).delete()

    assert services.hit_by(now=NOW) == [first]
    assert services.hit_by(now=NOW, without_agent=laura) == [tomorrow]


def test_those_hit_are_told_three_other_hours(laura):
    row = book()
    cancelled = services.cancel(appointment=book(at("2026-11-24 12:00"), who=ANA), now=NOW)
    Shift.objects.filter(weekday=1).delete()

    assert services.tell_hit(appointments=[row, cancelled], now=NOW) == 1

    assert mails()[-1] == f"Su cita {row.folio} necesita otra hora"
    text = last_mail().message
    assert text.count("\n- el miércoles 25 de noviembre") == 3
    assert f"/citas/{row.folio}/?llave=" in text
