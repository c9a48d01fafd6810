"""Ana's appointment with Laura at ten."""

import pytest

from chat.models import SUPERVISORS_GROUP
from tests.chat.appointments.hour import TEN, on_shift
from tests.chat.factories import (
    AgentFactory,
    ProgramFactory,
    at,
)
from tests.scheduling import cast


@pytest.fixture
def laura(laura):
    return on_shift(laura)


@pytest.fixture
def booked(laura):
    """Ana's appointment with Laura at ten."""
    ProgramFactory.create()
    cast.make_service()
    return cast.book(TEN, now=at("08:00"))


@pytest.fixture
def elena(db):
    """A supervisor with an address, who takes no chats."""
    return AgentFactory.create(
        username="elena", group=SUPERVISORS_GROUP, email="elena@facturando.mx", is_available=False
    )
