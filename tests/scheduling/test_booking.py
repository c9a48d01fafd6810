"""Holding an hour, booking it, changing it and cancelling it."""

import uuid
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from scheduling import services
from scheduling.models import Appointment, AppointmentReader, Service, Shift
from tests.scheduling.cast import (
    ANA,
    BETO,
    NOW,
    TEN,
    acts_of,
    book,
    fresh,
    hold,
    last_mail,
    mails,
    make_agent,
    starts,
)
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db
TUESDAY = date(2026, 11, 24)
ELEVEN = at("2026-11-24 11:00")


def changed(**changes):
    return ANA.__class__(**{**ANA.__dict__, **changes})


def test_a_new_installation_has_one_service(db):
    service = Service.objects.get()
    assert (service.name, service.slot_minutes, service.notice_minutes, service.horizon_days) == (
        "Soporte por chat", 30, 60, 30
    )  # fmt: skip
    assert services.active_services() == [service]
    service.full_clean()


def test_shifts_of_one_agent_do_not_overlap(laura):
    touching = Shift(agent=laura, weekday=0, opens_at="18:00", closes_at="19:00")
    touching.full_clean()
    overlapping = Shift(agent=laura, weekday=0, opens_at="17:59", closes_at="19:00")
    with pytest.raises(ValidationError, match="encima"):
        overlapping.full_clean()


def test_an_agent_without_shifts_or_disabled_cannot_be_booked(service, supervisor):
    disabled = make_agent("diego")
    disabled.is_active = False
    disabled.save()

    assert services.free_slots(service=service, day=TUESDAY, now=NOW) == []
    with pytest.raises(services.SlotTaken):
        hold()


def test_days_say_whether_they_have_room(service, laura):
    room = services.days_with_room(service=service, now=NOW)

    assert list(room) == [TUESDAY + timedelta(days=offset) for offset in range(31)]
    assert [day.day for day, has_room in room.items() if has_room][:5] == [24, 25, 26, 27, 30]


def test_a_service_that_is_not_offered_has_no_hours(service, laura):
    service.is_active = False
    service.save()

    assert services.active_services() == []
    assert services.next_free(service=service, now=NOW, count=3) == []
    with pytest.raises(services.SlotTaken):
        hold(service=service)


def test_a_held_hour_is_nobody_elses_for_five_minutes(service, laura):
    held = hold(key="ana")
    assert (held.state, held.held_until) == ("held", NOW + timedelta(minutes=5))
    assert held.folio.startswith("S-")
    with pytest.raises(services.SlotTaken) as taken:
        hold(now=NOW + timedelta(minutes=5) - timedelta(microseconds=1))
    assert starts(taken.value.nearest) == ["09:30", "10:30", "11:00"]

    other = hold(now=NOW + timedelta(minutes=5))

    assert other.pk != held.pk
    assert not Appointment.objects.filter(pk=held.pk).exists()


def test_a_browser_holds_one_hour(service, laura):
    hold(key="ana")
    second = hold(ELEVEN, key="ana")

    assert list(Appointment.objects.all()) == [second]
    assert services.held_by(hold_key="ana", now=NOW) == second


def test_a_browser_that_fails_to_get_another_hour_keeps_its_own(service, laura):
    held = hold(key="ana")
    hold(ELEVEN, key="beto")
    with pytest.raises(services.SlotTaken):
        hold(ELEVEN, key="ana")

    assert services.held_by(hold_key="ana", now=NOW) == held


def test_an_hour_off_the_grid_or_too_near_is_not_held(service, laura):
    for wrong in ("2026-11-24 10:10", "2026-11-24 14:00", "2026-11-24 08:30", "2026-11-28 10:00"):
        with pytest.raises(services.SlotTaken):
            hold(at(wrong))


def test_the_next_free_agent_takes_it_and_the_least_booked_comes_first(diego, laura):
    assert book().agent == laura
    assert book(who=BETO).agent == diego
    book(ELEVEN)
    assert hold(at("2026-11-24 11:30")).agent == diego


def test_booking_keeps_what_was_said_and_mails_it_once(service, laura):
    held = hold(key="ana")
    client_id = uuid.uuid4()

    first = services.book(hold_key="ana", client_id=client_id, details=ANA, now=NOW, key_hash="k" * 64)
    again = services.book(hold_key="ana", client_id=client_id, details=ANA, now=NOW, key_hash="k" * 64)

    assert first == again == held
    row = fresh(held)
    assert (row.state, row.name, row.email, row.rfc) == ("booked", ANA.name, ANA.email, ANA.rfc)
    assert (row.legal_name, row.program, row.program_version) == (
        ANA.legal_name,
        ANA.program,
        ANA.program_version,
    )
    assert (row.about, row.held_until, row.sequence) == (ANA.about, None, 0)
    assert AppointmentReader.objects.get().key_hash == "k" * 64
    assert acts_of(row) == ["book"]
    assert mails() == [f"Su cita {row.folio}: el martes 24 de noviembre a las 10:00"]
    assert last_mail().to == [ANA.email]


def test_without_a_hold_nothing_is_booked(service, laura):
    with pytest.raises(services.HoldExpired):
        services.book(hold_key="ana", client_id=uuid.uuid4(), details=ANA, now=NOW)
    assert mails() == []


def test_an_expired_hold_is_taken_anew_while_its_hour_is_free(service, laura):
    hold(key="ana")
    late = NOW + timedelta(minutes=20)
    services.sweep_holds(late)

    row = services.book(hold_key="ana", client_id=uuid.uuid4(), details=ANA, now=late)

    assert row.is_booked


def test_an_expired_hold_whose_hour_is_gone_is_offered_others(service, laura):
    hold(key="ana")
    Appointment.objects.update(starts_at=at("2026-11-24 09:00"), ends_at=at("2026-11-24 09:30"))
    late = NOW + timedelta(minutes=20)

    with pytest.raises(services.SlotTaken) as gone:
        services.book(hold_key="ana", client_id=uuid.uuid4(), details=ANA, now=late)

    assert starts(gone.value.nearest) == ["09:30", "10:00", "10:30"]


def test_an_expired_hold_gets_another_agent_when_its_own_is_disabled(diego, laura):
    assert hold(key="ana").agent == laura
    laura.is_active = False
    laura.save()

    row = services.book(hold_key="ana", client_id=uuid.uuid4(), details=ANA, now=NOW)

    assert row.agent == diego


def test_two_appointments_a_person_and_no_more(diego, laura):
    book()
    book(ELEVEN, who=changed(email=ANA.email.upper(), rfc="XIA190128J61"))
    for other in (changed(rfc="AAA010101AAA"), changed(email="ANA@papeleria-lopez.mx")):
        with pytest.raises(services.TooManyAppointments, match="too-many"):
            book(at("2026-11-24 12:00"), who=other)


def test_the_rfc_counts_as_well_except_the_generic_ones(diego, laura):
    for number in range(2):
        book(at(f"2026-11-24 1{number}:00"), who=changed(email=f"{number}@papeleria-lopez.mx"))
        generic = changed(email=f"{number}@publico.mx", rfc="XAXX010101000")
        book(at(f"2026-11-24 1{number}:00"), who=generic)

    with pytest.raises(services.TooManyAppointments):
        book(at("2026-11-24 12:00"), who=changed(email="otra@papeleria-lopez.mx"))
    assert book(at("2026-11-24 12:00"), who=changed(email="p@publico.mx", rfc="XEXX010101000"))
    assert book(at("2026-11-24 13:00"), who=changed(email="q@publico.mx", rfc="XAXX010101000"))


def test_past_and_cancelled_ones_do_not_count(laura):
    services.cancel(appointment=book(), now=NOW)
    book()
    book(ELEVEN)
    assert book(at("2026-11-25 10:00"), now=ELEVEN, who=ANA)


def test_the_database_itself_forbids_two_at_one_hour(service, laura):
    row = book()
    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.create(
            folio="S-222222", service=service, agent=laura, starts_at=row.starts_at, ends_at=row.ends_at,
            held_until=NOW, created_at=NOW,
        )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.create(
            folio="S-222222", service=service, agent=laura, starts_at=ELEVEN,
            ends_at=ELEVEN + timedelta(minutes=30), created_at=NOW,
        )  # fmt: skip


def test_another_hour_is_the_same_appointment(laura):
    row = book(key_hash="k")
    before = NOW - timedelta(days=1)
    Appointment.objects.update(reminded_day_at=before, reminded_soon_at=before)

    services.reschedule(appointment=row, starts_at=ELEVEN, now=NOW)

    row = fresh(row)
    assert (row.starts_at, row.ends_at) == (ELEVEN, ELEVEN + timedelta(minutes=30))
    assert (row.sequence, row.moves, row.reminded_soon_at) == (1, 1, None)
    # It is today: no reminder of the day before is to come.
    assert row.reminded_day_at == NOW
    assert acts_of(row) == ["book", "reschedule"]
    assert mails()[1] == f"Su cita {row.folio} cambió: el martes 24 de noviembre a las 11:00"
    assert hold(TEN)


def test_the_old_hour_is_kept_when_the_new_one_is_taken(laura):
    row = book()
    book(ELEVEN, who=BETO)

    with pytest.raises(services.SlotTaken) as taken:
        services.reschedule(appointment=row, starts_at=ELEVEN, now=NOW)

    assert starts(taken.value.nearest) == ["10:30", "11:30", "12:00"]
    assert (fresh(row).starts_at, fresh(row).moves) == (TEN, 0)
    assert len(mails()) == 2


def test_customers_change_three_times_and_supervisors_whenever(laura, supervisor):
    row = book()
    for hour in ("11:00", "12:00", "13:00"):
        services.reschedule(appointment=row, starts_at=at(f"2026-11-24 {hour}"), now=NOW)
    with pytest.raises(services.TooManyMoves):
        services.reschedule(appointment=row, starts_at=TEN, now=NOW)

    services.reschedule(appointment=row, starts_at=TEN, now=NOW, by=supervisor, reason="Lo pidió")

    assert (fresh(row).moves, fresh(row).sequence) == (3, 4)
    assert fresh(row).events.last().by == supervisor


@pytest.mark.parametrize("is_supervisor", [False, True])
def test_once_the_customer_has_come_nobody_changes_the_hour(laura, supervisor, is_supervisor):
    early = at("2026-11-24 09:52")
    row = services.arrive(appointment=book(), key_hash="k", now=early)

    with pytest.raises(services.HasCome) as refused:
        services.reschedule(
            appointment=row, starts_at=ELEVEN, now=early, by=supervisor if is_supervisor else None
        )

    words = "El cliente ya entró" if is_supervisor else "Ya está en la sala de espera"
    assert str(refused.value.text).startswith(words)
    assert (fresh(row).starts_at, fresh(row).arrived_at) == (TEN, early)
    assert len(mails()) == 1


def on_another_grid(service, minutes=45):
    """The length of an hour was changed: the hours that are offered now overlap those that were booked."""
    service.slot_minutes = minutes
    service.save()


def test_hours_that_overlap_the_own_one_alone_can_be_had_instead_of_it(service, laura):
    row = book()
    on_another_grid(service)
    row = fresh(row)

    assert starts(services.free_slots(service=service, day=TUESDAY, now=NOW))[:2] == ["09:00", "10:30"]
    own = services.free_slots(service=service, day=TUESDAY, now=NOW, own=row)
    assert starts(own)[:3] == ["09:00", "09:45", "10:30"]

    services.reschedule(appointment=row, starts_at=own[1].starts_at, now=NOW)

    assert (fresh(row).starts_at, fresh(row).ends_at) == (at("2026-11-24 09:45"), at("2026-11-24 10:30"))


def test_to_whoever_changes_it_the_own_hour_is_neither_taken_nor_another(laura):
    row = book()

    assert "10:00" in starts(services.free_slots(service=row.service, day=TUESDAY, now=NOW, own=row))
    assert "10:00" not in starts(services.next_free(service=row.service, now=NOW, own=row, count=5))
    Shift.objects.exclude(weekday=TUESDAY.weekday()).delete()
    Shift.objects.update(opens_at="10:00", closes_at="10:30")
    assert not services.days_with_room(service=row.service, now=NOW, own=row)[TUESDAY]


def test_others_hours_stay_taken_to_whoever_changes_an_own_one(service, laura):
    row = book()
    book(ELEVEN, who=BETO)
    on_another_grid(service)

    own = starts(services.free_slots(service=service, day=TUESDAY, now=NOW, own=fresh(row)))

    assert own[:4] == ["09:00", "09:45", "12:00", "12:45"]


def test_the_nearest_hours_are_told_without_the_own_one_in_their_way(service, laura):
    row = book()
    book(at("2026-11-24 12:00"), who=BETO)
    on_another_grid(service)

    with pytest.raises(services.SlotTaken) as taken:
        services.reschedule(appointment=fresh(row), starts_at=ELEVEN, now=NOW)

    assert starts(taken.value.nearest) == ["09:45", "10:30", "11:15"]


def test_a_held_hour_is_in_nobodys_way_who_holds_it(service, laura):
    held = hold(key="ana")
    on_another_grid(service)

    with pytest.raises(services.SlotTaken) as taken:
        hold(at("2026-11-24 10:10"), key="ana")

    assert starts(taken.value.nearest) == ["09:45", "10:30", "11:15"]
    assert hold(at("2026-11-24 09:45"), key="ana").starts_at < held.starts_at


def test_the_same_hour_again_changes_nothing(laura):
    row = book()
    services.reschedule(appointment=row, starts_at=TEN, now=NOW)
    assert (fresh(row).moves, len(mails())) == (0, 1)


def test_a_cancelled_one_frees_its_hour_and_is_told(laura):
    row = services.cancel(appointment=book(), now=NOW)

    assert (fresh(row).state, fresh(row).sequence, fresh(row).cancelled_at) == ("cancelled", 1, NOW)
    assert mails()[1] == f"Su cita {row.folio} fue cancelada"
    assert hold()
    for again in (services.cancel, services.arrive, services.reschedule):
        extra = {services.arrive: {"key_hash": "k"}, services.reschedule: {"starts_at": ELEVEN}}
        with pytest.raises(services.NotBooked):
            again(appointment=row, now=NOW, **extra.get(again, {}))


def test_a_hold_is_forgotten_an_hour_after_it_expired(service, laura):
    hold(key="ana")
    expiry = NOW + timedelta(minutes=5)

    assert services.sweep_holds(expiry + timedelta(minutes=59)) == 0
    assert services.sweep_holds(expiry + timedelta(hours=1)) == 1

    assert not Appointment.objects.exists()
