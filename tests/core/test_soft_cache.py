"""Typing indicators and the like are forgotten while Redis is away; nothing else is lost with them."""

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisIsAway

from core import soft_cache
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, start


@pytest.fixture
def away(monkeypatch):
    """The cache's server does not answer."""

    def fail(*_args, **_kwargs):
        raise RedisIsAway("away")

    for name in ("get", "set", "add", "count_many"):
        monkeypatch.setattr(cache, name, fail)


def test_what_was_kept_is_recalled():
    soft_cache.keep("a-key", "a value", 60)
    assert soft_cache.recall("a-key") == "a value"
    assert soft_cache.recall("another-key", "a default") == "a default"


def test_an_absent_cache_recalls_nothing_and_says_so_in_the_log(away, caplog):
    soft_cache.keep("a-key", "a value", 60)
    assert soft_cache.recall("a-key", "a default") == "a default"
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


@pytest.mark.django_db(transaction=True)
def test_plain_http_goes_on_without_the_cache(away, settings):
    settings.HOURS = "open"
    start(ANA)
    browser = browser_of(ANA)

    assert browser.get("/chat/eventos/?after=0").json()["frames"][0]["type"] == "message.created"
    typing = {"type": "typing.set", "is_typing": True}
    answer = browser.post("/chat/ordenes/", typing, content_type="application/json")
    assert (answer.status_code, answer.json()) == (200, {"frames": []})
