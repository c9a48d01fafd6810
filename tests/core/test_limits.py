"""Limits count per person, name nobody in the cache, and say how long to wait."""

from unittest.mock import Mock

import pytest
import time_machine
from django.core.cache import cache
from django.test import RequestFactory
from redis.exceptions import ConnectionError as RedisConnectionError

from core.errors import RuleBroken
from core.limits import LimitExceeded, check_limit, check_limit_of_many, client_address

ROSA, BRUNO = "203.0.113.7", "203.0.113.8"


@pytest.fixture(autouse=True)
def _two_a_minute(settings):
    settings.LIMITS = {"letters": "2/60", "calls": "2/3600"}


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel("2026-11-24T18:00:00Z", tick=False) as traveller:
        yield traveller


def exceed(name: str = "letters") -> LimitExceeded:
    for _ in range(2):
        check_limit(name, ROSA)
    with pytest.raises(LimitExceeded) as refused:
        check_limit(name, ROSA)
    return refused.value


def test_what_the_limit_allows_passes_and_the_next_does_not():
    assert isinstance(exceed(), RuleBroken)


def test_the_refusal_says_how_many_seconds_to_wait(at_noon):
    at_noon.shift(15)

    refused = exceed()

    assert refused.code == "limit.exceeded"
    assert refused.retry_after_seconds == 45
    assert refused.text == (
        "Ha enviado demasiadas solicitudes en poco tiempo. Espere 45 segundos e intente de nuevo."
    )


def test_a_wait_of_one_second_is_singular(at_noon):
    at_noon.shift(59)

    assert "Espere 1 segundo e" in str(exceed().text)


def test_a_long_wait_is_said_in_minutes(at_noon):
    at_noon.shift(3600 - 91)

    assert "Espere 2 minutos e" in str(exceed("calls").text)


def test_after_the_wait_it_passes_again(at_noon):
    refused = exceed()

    at_noon.shift(refused.retry_after_seconds)

    check_limit("letters", ROSA)


def test_the_stranger_is_not_held_up_by_the_customer():
    exceed()

    check_limit("letters", BRUNO)


def test_limits_of_different_names_do_not_add_up():
    exceed()

    check_limit("calls", ROSA)


def test_many_are_counted_at_once_and_each_for_itself():
    check_limit("letters", ROSA)

    of_rosa, of_bruno, of_rosa_again = check_limit_of_many("letters", [ROSA, BRUNO, ROSA])

    assert (of_rosa, of_bruno) == (None, None)
    assert isinstance(of_rosa_again, LimitExceeded)


def test_the_cache_holds_no_address(monkeypatch):
    counted = Mock(wraps=cache.count_many)
    monkeypatch.setattr(cache, "count_many", counted)

    check_limit("letters", ROSA)

    [key], _seconds = counted.call_args.args
    assert key.startswith("limit:letters:")
    assert ROSA not in key


def test_a_counter_that_was_thrown_out_begins_again(monkeypatch):
    exceed()
    cache.clear()
    monkeypatch.setattr(cache, "add", lambda *_args, **_kwargs: True)

    check_limit("letters", ROSA)


def test_a_cache_that_does_not_answer_stops_nobody(monkeypatch, caplog):
    def unreachable(*args: object, **kwargs: object) -> None:
        raise RedisConnectionError("refused")

    monkeypatch.setattr(cache, "count_many", unreachable)

    for _ in range(5):
        check_limit("letters", ROSA)

    assert "limits are not counted" in caplog.text
    assert ROSA not in caplog.text


def request_of(peer: str, forwarded: str = ""):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)


def scope_of(peer: str, *forwarded: str):
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"type": "websocket", "client": [peer, 50000], "headers": [(b"host", b"facturando.mx"), *headers]}


PROXY = "10.0.0.2"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "", PROXY),
        (0, BRUNO, PROXY),
        (1, ROSA, ROSA),
        (1, f"{BRUNO}, {ROSA}", ROSA),
        (2, f"{BRUNO}, {ROSA}, 10.0.0.1", ROSA),
        (2, ROSA, PROXY),
        (1, "", PROXY),
    ],
)
def test_the_address_is_what_the_outermost_trusted_proxy_saw(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies

    assert client_address(request_of(PROXY, forwarded)) == address
    assert client_address(scope_of(PROXY, *([forwarded] if forwarded else []))) == address


def test_a_header_sent_in_two_lines_is_read_as_one(settings):
    settings.TRUSTED_PROXIES = 2

    assert client_address(scope_of(PROXY, BRUNO, f"{ROSA}, 10.0.0.1")) == ROSA


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", ROSA),
        ("", "unknown"),
        ("unix", "unix"),
    ],
)
def test_an_office_on_ipv6_counts_as_its_network(peer, counted):
    assert client_address(request_of(peer)) == counted
    assert client_address(scope_of(peer)) == counted


def test_a_scope_without_a_peer_still_counts():
    assert client_address({"type": "http", "client": None, "headers": []}) == "unknown"
