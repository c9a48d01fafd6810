"""Manual: "solo se tendrán 10 minutos de tolerancia de la hora agendada"."""

from datetime import timedelta

import pytest

from scheduling import services
from tests.scheduling.cast import (
    ANA,
    BETO,
    NOW,
    TEN,
    acts_of,
    book,
    fresh,
    last_mail,
    mails,
    make_agent,
)
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db
JUST_BEFORE = at("2026-11-24 10:09:59.999")
LAST = at("2026-11-24 10:10:00")
JUST_AFTER = at("2026-11-24 10:10:00.001")


def arrive(row, now, key_hash="k" * 64):
    return services.arrive(appointment=row, key_hash=key_hash, now=now)


@pytest.mark.parametrize("now", [at("2026-11-24 09:50"), TEN, JUST_BEFORE, LAST])
def test_whoever_comes_by_ten_minutes_exactly_is_present(laura, now):
    row = book()

    arrive(row, now)

    assert (fresh(row).arrived_at, fresh(row).arrived_key_hash) == (now, "k" * 64)
    assert services.mark_missed(JUST_AFTER + timedelta(hours=3)) == 0
    assert fresh(row).is_booked


def test_a_millisecond_later_is_too_late_even_when_the_clock_has_not_acted(laura):
    row = book()
    for act in (
        lambda: arrive(row, JUST_AFTER),
        lambda: services.cancel(appointment=row, now=JUST_AFTER),
        lambda: services.reschedule(appointment=row, starts_at=at("2026-11-24 12:00"), now=JUST_AFTER),
    ):
        with pytest.raises(services.TooLate):
            act()
    assert not services.attend(appointment=row, agent=laura, now=JUST_AFTER)
    assert fresh(row).is_booked


def test_a_millisecond_before_the_doors_open_is_too_early(laura):
    with pytest.raises(services.TooEarly):
        arrive(book(), at("2026-11-24 09:49:59.999"))


def test_the_clock_marks_missed_after_the_tolerance_once_and_tells_the_rule(laura):
    row = book()
    assert [services.mark_missed(now) for now in (JUST_BEFORE, LAST, JUST_AFTER, JUST_AFTER)] == [0, 0, 1, 0]

    assert (fresh(row).state, fresh(row).missed_at) == ("missed", JUST_AFTER)
    assert acts_of(row) == ["book", "miss"]
    assert mails()[1:] == [f"No pudimos atender su cita {row.folio}"]
    assert "solo se tendrán 10 minutos de tolerancia de la hora agendada" in last_mail().message
    assert "/citas/?llave=" in last_mail().message
    with pytest.raises(services.TooLate):
        arrive(row, JUST_AFTER)


def test_the_agent_is_kept_until_the_tolerance_ends_and_freed_then(laura):
    book()
    kept = [set(services.kept_for(now)) for now in (TEN - timedelta(milliseconds=1), TEN, LAST, JUST_AFTER)]
    assert kept == [set(), {laura.pk}, {laura.pk}, set()]


def test_for_a_customer_who_has_come_the_agent_is_kept_however_long(laura):
    row = arrive(book(), at("2026-11-24 09:55"))

    assert services.kept_for(at("2026-11-24 09:56")) == {}
    assert set(services.kept_for(at("2026-11-24 11:00"))) == {laura.pk}
    assert list(services.due_to_start(TEN - timedelta(milliseconds=1))) == []
    assert list(services.due_to_start(TEN)) == [row]


def test_coming_again_from_another_browser_moves_the_chat_to_come_there(laura):
    row = book()
    arrive(row, TEN)
    arrive(row, at("2026-11-24 10:30"), "other")

    assert (fresh(row).arrived_at, fresh(row).arrived_key_hash) == (TEN, "other")
    assert acts_of(row) == ["book", "arrive"]
    assert row.readers.count() == 2
    services.attend(appointment=fresh(row), agent=laura, now=at("2026-11-24 10:31"))
    assert arrive(row, at("2026-11-24 10:40")).state == "attended"


def test_another_agent_may_attend_and_only_once(diego, laura):
    row = arrive(book(), TEN)

    assert services.attend(appointment=fresh(row), agent=diego, now=TEN)
    assert not services.attend(appointment=fresh(row), agent=laura, now=TEN)

    assert (fresh(row).state, fresh(row).attended_at, fresh(row).agent) == ("attended", TEN, laura)
    assert row.events.last().by == diego
    assert services.kept_for(TEN) == {}


def test_clocks_that_stood_for_an_hour_do_each_act_once_and_in_order(diego, laura):
    late = at("2026-11-24 11:30")
    second = book(at("2026-11-24 10:30"), who=BETO, now=NOW - timedelta(days=3))
    first = book(TEN, now=NOW - timedelta(days=3))
    come = arrive(book(TEN, who=BETO, now=NOW - timedelta(days=3)), TEN)
    coming = book(at("2026-11-24 11:30"))
    before = len(mails())

    for _clock in range(2):
        for act in services.due_acts():
            act(late)

    assert [fresh(row).state for row in (first, second, come)] == ["missed", "missed", "booked"]
    assert mails()[before:] == [
        f"No pudimos atender su cita {first.folio}",
        f"No pudimos atender su cita {second.folio}",
    ]
    assert fresh(coming).is_booked
    assert acts_of(first) == acts_of(second) == ["book", "miss"]


def test_an_agent_sees_the_day_and_what_comes(diego, laura):
    gone = services.cancel(appointment=book(TEN), now=NOW)
    row = book(at("2026-11-24 11:00"), who=ANA)
    book(at("2026-11-25 11:00"), who=BETO)

    assert list(services.agenda(agent=laura, day=TEN.date())) == [row]
    assert gone.pk != row.pk
    seen = {
        text: services.coming(agent=laura, now=at(f"2026-11-24 {text}"))
        for text in ("10:29", "10:30", "11:00", "11:10", "11:11")
    }
    assert seen == {"10:29": None, "10:30": row, "11:00": row, "11:10": row, "11:11": None}
    assert services.coming(agent=diego, now=TEN) is None


def test_an_agent_who_cannot_be_booked_has_no_day(service):
    assert not services.agenda(agent=make_agent("nadie", days=[]), day=TEN.date()).exists()
