"""Which hours are offered: arithmetic at its edges."""

from datetime import date, time, timedelta

import pytest

from scheduling.calendar import WHOLE_DAY, AlwaysOpen, Interval, SpecialDate
from scheduling.slots import Plan, Slot, Terms, agent_for, nearest
from tests.scheduling.cast import starts
from tests.scheduling.hours import at, manual_calendar

TUESDAY = date(2026, 11, 24)
EARLY = at("2026-11-24 00:00")
HALF_HOURS = Terms(timedelta(minutes=30), timedelta(hours=1), 30)
MORNING = ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30", "13:00", "13:30"]
AFTERNOON = ["15:00", "15:30", "16:00", "16:30", "17:00", "17:30"]
LAURA, DIEGO = 1, 2


def shifts(*intervals: Interval) -> dict:
    return dict.fromkeys(range(7), intervals)


WHOLE_WEEK = shifts(Interval(time(8), time(20)))


def plan(*, minutes: int = 30, on_shift=None, bookings=None, calendar=None, notice: int = 60, days: int = 30):
    terms = Terms(timedelta(minutes=minutes), timedelta(minutes=notice), days)
    agents = {LAURA: WHOLE_WEEK} if on_shift is None else on_shift
    return Plan(calendar or manual_calendar(), agents, terms, bookings or {})


def test_a_day_has_its_half_hours_and_none_at_lunch():
    assert starts(plan().slots(EARLY, [TUESDAY])) == MORNING + AFTERNOON


def test_no_slot_crosses_two_in_the_afternoon_or_six():
    assert starts(plan(minutes=50).slots(EARLY, [TUESDAY])) == [
        "09:00", "09:50", "10:40", "11:30", "12:20", "13:10", "15:00", "15:50", "16:40"
    ]  # fmt: skip
    assert starts(plan(minutes=90).slots(EARLY, [TUESDAY])) == ["09:00", "10:30", "12:00", "15:00", "16:30"]


def test_the_first_of_october_2030_is_an_official_rest_day():
    monday, tuesday = at("2030-09-30 20:00"), date(2030, 10, 1)
    assert plan().slots(monday, [tuesday]) == []
    opened = manual_calendar(d2030_10_01=SpecialDate("Abierto", None))
    assert starts(plan(calendar=opened).slots(monday, [tuesday])) == MORNING + AFTERNOON


def test_special_hours_have_a_grid_of_their_own():
    special = manual_calendar(d2026_11_24=SpecialDate("Inventario", (Interval(time(10, 15), time(12)),)))
    assert starts(plan(calendar=special).slots(EARLY, [TUESDAY])) == ["10:15", "10:45", "11:15"]


def test_a_slot_exactly_at_the_end_of_the_notice_is_offered():
    assert starts(plan().slots(at("2026-11-24 09:00"), [TUESDAY]))[0] == "10:00"
    late = at("2026-11-24 09:00") + timedelta(microseconds=1)
    assert starts(plan().slots(late, [TUESDAY]))[0] == "10:30"


def test_the_last_day_offered_is_the_horizon():
    days = {slot.starts_at.date() for slot in plan(days=3).slots(at("2026-11-24 23:00"))}
    assert days == {date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)}


def test_a_slot_lies_whole_in_one_shift_and_touching_shifts_are_one():
    torn = {LAURA: shifts(Interval(time(9), time(10, 15)), Interval(time(10, 15), time(11)))}
    assert starts(plan(on_shift=torn).slots(EARLY, [TUESDAY])) == ["09:00", "09:30", "10:00", "10:30"]
    gap = {LAURA: shifts(Interval(time(9), time(10, 15)), Interval(time(10, 16), time(11)))}
    assert starts(plan(on_shift=gap).slots(EARLY, [TUESDAY])) == ["09:00", "09:30", "10:30"]


def test_without_shifts_nothing_is_offered():
    assert plan(on_shift={}).slots(EARLY) == []
    assert plan(on_shift={LAURA: {}}).slots(EARLY) == []


def test_a_booking_takes_every_slot_it_overlaps_and_none_that_it_touches():
    taken = {LAURA: [(at("2026-11-24 09:45"), at("2026-11-24 10:30"))]}
    assert starts(plan(bookings=taken).slots(EARLY, [TUESDAY])) == ["09:00", *MORNING[3:], *AFTERNOON]


def test_a_slot_names_the_agents_who_are_free():
    both = {LAURA: WHOLE_WEEK, DIEGO: WHOLE_WEEK}
    taken = {LAURA: [(at("2026-11-24 09:00"), at("2026-11-24 09:30"))]}
    slots = plan(on_shift=both, bookings=taken).slots(EARLY, [TUESDAY])
    assert [slot.agents for slot in slots[:2]] == [(DIEGO,), (LAURA, DIEGO)]


def test_the_demo_that_never_closes_has_all_of_the_day():
    always = plan(calendar=AlwaysOpen(), on_shift={LAURA: shifts(WHOLE_DAY)})
    slots = always.slots(at("2026-11-23 20:00"), [TUESDAY])
    assert len(slots) == 48
    assert (starts(slots)[0], starts(slots)[-1]) == ("00:00", "23:30")
    assert slots[-1].ends_at == at("2026-11-25 00:00")


def slot(text: str, *agents: int) -> Slot:
    return Slot(at(text), at(text) + timedelta(minutes=30), agents)


def test_the_nearest_slots_come_in_order_and_of_two_as_close_the_earlier():
    slots = [slot(f"2026-11-24 {hour}:00", LAURA) for hour in ("09", "11", "12", "16")]
    assert starts(nearest(slots, at("2026-11-24 10:00"), 1)) == ["09:00"]
    assert starts(nearest(slots, at("2026-11-24 11:30"), 3)) == ["09:00", "11:00", "12:00"]
    assert nearest([], EARLY, 3) == []


def test_the_agent_with_the_fewest_bookings_that_day_gets_it():
    hour = slot("2026-11-24 10:00", LAURA, DIEGO)
    assert agent_for(hour, {}) == LAURA
    assert agent_for(hour, {LAURA: 2, DIEGO: 1}) == DIEGO
    assert agent_for(hour, {LAURA: 1, DIEGO: 1}) == LAURA
    assert agent_for(slot("2026-11-24 10:00"), {}) is None


def test_a_slot_takes_time():
    with pytest.raises(ValueError, match="takes time"):
        Terms(timedelta(0), timedelta(0), 1)
