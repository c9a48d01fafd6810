"""For any hours, special days, shifts and bookings: nothing is offered that could not be kept."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.slots import Plan, Terms
from tests.scheduling.hours import MEXICO_CITY
from tests.scheduling.test_calendar_properties import hours, rows_of, situations

unhurried = settings(deadline=None, max_examples=60)
AGENTS = (1, 2, 3)
shifts = st.dictionaries(st.sampled_from(AGENTS), st.dictionaries(st.integers(0, 6), hours))
terms = st.builds(
    Terms,
    st.integers(10, 180).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(0, 2000).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(0, 5),
)


@st.composite
def plans(draw) -> tuple[Plan, datetime]:
    calendar, now = draw(situations())
    spans = st.tuples(st.integers(-2000, 14000), st.integers(1, 200)).map(
        lambda pair: (now + timedelta(minutes=pair[0]), now + timedelta(minutes=sum(pair)))
    )
    bookings = st.dictionaries(st.sampled_from(AGENTS), st.lists(spans, max_size=8))
    return Plan(calendar, draw(shifts), draw(terms), draw(bookings)), now


def are_inside(minutes, rows) -> bool:
    """Whether rows hold each of the minutes, asked one by one: another way to the same answer."""
    return all(any(row.opens <= minute.time() < row.closes for row in rows) for minute in minutes)


@unhurried
@given(plans())
def test_no_slot_lies_outside_hours_and_shifts_or_overlaps_a_booking_or_is_in_the_past(situation):
    plan, now = situation
    today = now.astimezone(MEXICO_CITY).date()
    for slot in plan.slots(now):
        day = slot.starts_at.date()
        length = int(plan.terms.length.total_seconds() // 60)
        minutes = [slot.starts_at + timedelta(minutes=minute) for minute in range(length)]
        assert slot.ends_at - slot.starts_at == plan.terms.length
        assert slot.starts_at >= now + plan.terms.notice
        assert today <= day <= today + timedelta(days=plan.terms.horizon_days)
        assert are_inside(minutes, rows_of(plan.calendar, day))
        assert slot.agents
        for agent in slot.agents:
            assert are_inside(minutes, plan.shifts[agent].get(day.weekday(), ()))
            for begin, end in plan.bookings.get(agent, ()):
                assert end <= slot.starts_at or slot.ends_at <= begin


@unhurried
@given(plans())
def test_slots_come_in_order_and_share_no_instant(situation):
    plan, now = situation
    slots = plan.slots(now)
    assert all(one.ends_at <= other.starts_at for one, other in zip(slots, slots[1:], strict=False))


@unhurried
@given(plans())
def test_what_is_offered_fits_until_something_changes(situation):
    plan, now = situation
    for slot in plan.slots(now):
        for agent in slot.agents:
            assert plan.fits(agent, slot.starts_at, slot.ends_at)


@unhurried
@given(plans(), st.integers(0, 9))
def test_a_day_asked_alone_has_the_slots_that_it_has_among_others(situation, offset):
    plan, now = situation
    day = now.astimezone(MEXICO_CITY).date() + timedelta(days=offset)
    assert plan.slots(now, [day]) == [slot for slot in plan.slots(now) if slot.starts_at.date() == day]
