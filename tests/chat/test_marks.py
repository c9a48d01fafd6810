"""Enviado, entregado, leído: marks only grow, and never past the newest line."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from chat import services
from chat.events import customer_group, staff_group
from chat.services import show_typing
from chat.services.messages import Author
from chat.services.rules import NotYourChat
from tests.chat.factories import (
    ANA,
    NOW,
    AgentFactory,
    attended,
    conversing,
    fresh,
    move_marks,
    note,
    say_as_agent,
    start,
)

MARK = st.integers(0, 7) | st.just(2**31 - 1)
CLAIMS = st.lists(
    st.tuples(st.sampled_from(["customer", "agent"]), MARK, MARK),
    max_size=8,
)


def marks(session):
    return {
        side: (getattr(session, f"{side}_delivered"), getattr(session, f"{side}_read"))
        for side in ("customer", "agent")
    }


class TestMarksOverAnySequenceOfClaims(TestCase):
    """Hypothesis needs a transaction for each example, which its own TestCase makes."""

    @settings(max_examples=25, deadline=None)
    @given(claims=CLAIMS)
    @example(claims=[("agent", 3, 3), ("agent", 4, 1)])
    @example(claims=[("agent", 3, 1), ("agent", 1, 2)])
    def test_marks_never_go_back_never_pass_the_newest_line_and_read_is_delivered(self, claims):
        laura = AgentFactory.create()
        session = attended(laura)
        while fresh(session).last_number < 5:
            say_as_agent(session, laura)
        before = marks(fresh(session))

        for side, delivered, read in claims:
            move_marks(session, side, delivered, read)
            after = marks(fresh(session))
            for one in after:
                assert after[one][0] >= before[one][0]
                assert after[one][1] >= before[one][1]
                assert after[one][1] <= after[one][0] <= 5
                if one != side:
                    assert after[one] == before[one]
            assert after[side][1] == max(before[side][1], min(read, 5))
            before = after


@pytest.mark.django_db
def test_what_is_read_is_also_delivered(laura):
    session = attended(laura)
    assert marks(move_marks(session, "agent", 0, 2))["agent"] == (2, 2)


@pytest.mark.django_db
def test_marks_count_the_customers_numbers_and_not_the_notes(laura):
    session = conversing(laura)
    note(session, laura)

    row = move_marks(session, "customer", 99, 99)

    assert row.last_staff_number == row.last_number + 1
    assert marks(row)["customer"] == (row.last_number, row.last_number)


@pytest.mark.django_db
def test_moved_marks_are_told_to_the_other_side_alone(ear, django_capture_on_commit_callbacks):
    session = start(ANA)
    of_staff, of_customer = ear(staff_group(session.pk)), ear(customer_group(session.pk))

    with django_capture_on_commit_callbacks(execute=True):
        move_marks(session, "customer", 1, 0)

    [frame] = of_staff.frames()
    assert (frame["side"], frame["delivered"], frame["read"]) == ("customer", 1, 0)
    assert of_customer.frames() == []


@pytest.mark.django_db
def test_a_repeated_claim_is_told_to_nobody(ear, laura, django_capture_on_commit_callbacks):
    session = attended(laura)
    newest = fresh(session).last_number
    move_marks(session, "agent", newest, newest)
    of_customer = ear(customer_group(session.pk))

    with django_capture_on_commit_callbacks(execute=True):
        move_marks(session, "agent", 1, 0)
        move_marks(session, "agent", newest + 6, newest + 6)

    assert of_customer.frames() == []


@pytest.mark.django_db
def test_an_agent_marks_only_chats_of_their_own(laura, diego):
    session = attended(laura)

    with pytest.raises(NotYourChat):
        services.move_marks(session=session, author=Author(diego), delivered=1, read=1, now=NOW)
    assert marks(fresh(session))["agent"] == (0, 0)


@pytest.mark.django_db
def test_typing_is_told_to_the_other_side_and_not_stored(ear, laura):
    session = attended(laura)
    of_staff, of_customer = ear(staff_group(session.pk)), ear(customer_group(session.pk))

    show_typing(session=session, author=Author(), is_typing=True)
    show_typing(session=session, author=Author(laura), is_typing=False)

    assert of_staff.frames() == [
        {"type": "typing.changed", "session": session.pk, "side": "customer", "is_typing": True}
    ]
    assert of_customer.frames() == [
        {"type": "typing.changed", "session": session.pk, "side": "agent", "is_typing": False}
    ]


@pytest.mark.django_db
def test_an_agent_types_only_in_chats_of_their_own(laura, diego):
    session = attended(laura)

    with pytest.raises(NotYourChat):
        show_typing(session=session, author=Author(diego), is_typing=True)
