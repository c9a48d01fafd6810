"""Laura can be booked, and it is eight o'clock on Tuesday."""

import pytest

from scheduling.models import Shift
from tests.chat.booking.pages import book, the_appointment
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, ProgramFactory, at
from tests.scheduling import cast


@pytest.fixture(autouse=True)
def _bookable(laura, clock):
    """Laura can be booked on weekdays; it is eight o'clock on Tuesday."""
    ProgramFactory.create()
    cast.make_service()
    for weekday in range(5):
        Shift.objects.create(agent=laura, weekday=weekday, opens_at="09:00", closes_at="18:00")
    clock.move_to(at("08:00"))


@pytest.fixture
def browser():
    """Ana's."""
    return browser_of(ANA)


@pytest.fixture
def booked(browser):
    book(browser)
    return the_appointment()
