"""Fixtures that the tests of offline messages share."""

from collections.abc import Iterator

import pytest
import time_machine

from tests.offline_messages.cast import EVENING, make_agent


@pytest.fixture
def evening() -> Iterator[time_machine.Traveller]:
    """Tuesday, a quarter past eight: closed."""
    with time_machine.travel(EVENING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def luis(db):
    """The agent who answers."""
    return make_agent("luis", first_name="Luis", last_name="Campos")


@pytest.fixture
def carmen(db):
    """The other agent."""
    return make_agent("carmen", first_name="Carmen", last_name="Ríos")
