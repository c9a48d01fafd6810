"""An appointment that a supervisor marked by hand leaves its chat in peace."""

import pytest

from chat.services import accept_chat, leave_as_message
from chat.services.appointments import start_due_appointments
from scheduling import services as scheduling
from scheduling.models import Appointment, Shift
from tests.chat.factories import ANA, AgentFactory, ProgramFactory, at, fresh
from tests.scheduling import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manual_hours")]
TEN, LATER = at("10:00"), at("10:15")
MARKS = {"missed": scheduling.set_missed, "attended": scheduling.set_attended}


@pytest.fixture(params=MARKS)
def state(request):
    return request.param


@pytest.fixture
def chat(laura, state):
    """The chat of an appointment, which waits because nobody is there, marked meanwhile."""
    ProgramFactory.create()
    cast.make_service()
    Shift.objects.create(agent=laura, weekday=1, opens_at="09:00", closes_at="14:00")
    booked = cast.book(TEN, now=at("08:00"))
    scheduling.arrive(appointment=booked, key_hash=ANA.key_hash, now=TEN)
    laura.is_available = False
    laura.save()
    start_due_appointments(TEN)
    MARKS[state](appointment=booked, by=laura, reason="Llamó por teléfono", now=LATER)
    return booked.chat


def state_of(chat):
    return Appointment.objects.get(chat=chat).state


def test_its_chat_still_ends(chat, state):
    leave_as_message(session=chat, reason="closing", now=LATER)

    assert fresh(chat).is_ended
    assert state_of(chat) == state


def test_its_chat_is_still_taken(chat, state):
    diego = AgentFactory.create(username="diego", last_seen_at=LATER)

    accept_chat(session=chat, agent=diego, now=LATER)

    assert fresh(chat).agent == diego
    assert state_of(chat) == state
