"""Fixtures of the chat's tests: the cast, the hours, and ears in the channel layer."""

from collections.abc import Callable, Iterator
from datetime import time
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from channels.layers import channel_layers, get_channel_layer
from django.test import Client

from chat import access
from chat.models import Agent
from scheduling.models import BusinessHours
from tests.chat.factories import ANA, BETO, NOW, AgentFactory, Customer


@pytest.fixture(autouse=True)
def _open(settings):
    """Support is open at every hour, unless a test asks for `manual_hours`."""
    settings.HOURS = "open"


@pytest.fixture
def manual_hours(settings, db):
    """Monday to Friday, 09:00 to 14:00 and 15:00 to 18:00."""
    settings.HOURS = "real"
    BusinessHours.objects.all().delete()
    for weekday in range(5):
        for opens, closes in ((9, 14), (15, 18)):
            BusinessHours.objects.create(weekday=weekday, opens_at=time(opens), closes_at=time(closes))


@pytest.fixture(autouse=True)
def _own_layer(settings) -> Iterator[None]:
    """A channel layer for each test, that it can look into: nothing said in one is heard in the next."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "tests.chat.layers.LossyLayer"}}
    channel_layers.backends.clear()
    yield
    channel_layers.backends.clear()


@pytest.fixture(autouse=True)
def _own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def ana() -> Customer:
    return ANA


@pytest.fixture
def beto() -> Customer:
    return BETO


@pytest.fixture
def laura(db) -> Agent:
    return AgentFactory.create(username="laura")


@pytest.fixture
def diego(db) -> Agent:
    return AgentFactory.create(username="diego", first_name="Diego", last_name="Paredes")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A Tuesday at ten, standing still until moved."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


class Ear:
    """Somebody in a group of the channel layer."""

    def __init__(self, group: str) -> None:
        self.layer = get_channel_layer()
        self.channel = f"ear.{group}!x"
        async_to_sync(self.layer.group_add)(group, self.channel)

    def frames(self, type: str | None = None) -> list[dict[str, Any]]:
        """What was heard since the last call, or what of it is of one type."""
        heard = []
        while self.channel in self.layer.channels:
            heard.append(async_to_sync(self.layer.receive)(self.channel)["frame"])
        return [frame for frame in heard if type in (None, frame["type"])]


@pytest.fixture
def ear() -> Callable[[str], Ear]:
    """`ear(group)` begins to listen."""
    return Ear


def browser_of(customer: Customer | None = None, **options: Any) -> Client:
    """A browser; with a customer it shows that customer's cookie."""
    client = Client(**options)
    if customer is not None:
        client.cookies[access.COOKIE_NAME] = customer.cookie
    return client
