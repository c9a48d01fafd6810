"""Fixtures that the tests of appointments share."""

import pytest

from scheduling.models import Service
from tests.scheduling import cast


@pytest.fixture(autouse=True)
def _own_media(settings, tmp_path):
    """Attachments of queued mails go where nobody else looks."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def service(db) -> Service:
    """The manual's week, and half an hour to book in it."""
    cast.make_week()
    return cast.make_service()


@pytest.fixture
def laura(service):
    """The agent with the lower number."""
    return cast.make_agent("laura")


@pytest.fixture
def diego(laura):
    """The other agent."""
    return cast.make_agent("diego")


@pytest.fixture
def supervisor(service):
    """Somebody who decides and cannot be booked."""
    return cast.make_agent("carmen", days=[])
