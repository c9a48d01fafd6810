"""Fixtures of the attacks: the chat's cast, who always hold the same parts here.

Ana is the customer, Beto the stranger; Laura attends Ana's chat, Diego is the other agent, Elena supervises.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from chat.models import SUPERVISORS_GROUP, Agent
from tests.chat.conftest import (  # noqa: F401 - fixtures are found by their names
    _open,
    _own_layer,
    _own_media,
    browser_of,
    clock,
    diego,
    ear,
    laura,
    manual_hours,
)
from tests.chat.factories import ANA, BETO, AgentFactory
from tests.security.clamd import running_clamd
from tests.security.world import World, make_world


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/security/" in item.nodeid:
            item.add_marker(pytest.mark.security)


@pytest.fixture(autouse=True)
def _own_limits(settings):
    """What a test sets is gone after it."""
    settings.LIMITS = dict(settings.LIMITS)


@pytest.fixture
def elena(db) -> Agent:
    return AgentFactory.create(username="elena", first_name="Elena", group=SUPERVISORS_GROUP)


@pytest.fixture
def world(clock, laura) -> World:  # noqa: F811
    """All that Ana has: what strangers are after."""
    return make_world(laura)


@pytest.fixture
def browsers(laura, diego, elena) -> dict[str, Client]:  # noqa: F811
    """A browser for each part. What fails in a view comes back as the page that people would see."""
    made = {
        "nobody": browser_of(raise_request_exception=False),
        "customer": browser_of(ANA, raise_request_exception=False),
        "stranger": browser_of(BETO, raise_request_exception=False),
    }
    for part, agent in {"agent": laura, "other agent": diego, "supervisor": elena}.items():
        made[part] = Client(raise_request_exception=False)
        made[part].force_login(agent)
    return made


@pytest.fixture(scope="session")
def clamd() -> Iterator[str]:
    """The socket of a real clamd that knows one virus."""
    # A socket's path may have no more than a hundred characters.
    with tempfile.TemporaryDirectory(prefix="clamd-") as folder, running_clamd(Path(folder)) as engine:
        yield engine.url
