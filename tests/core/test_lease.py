"""One process at a time, and the next one soon after a holder died."""

import pytest
from django.core.cache import cache

from core.lease import lease
from tests.servers import wait_until

SECONDS = 1


def test_one_holds_it_and_the_next_when_it_is_given_back():
    with lease("post") as first, lease("post") as second, lease("another") as another:
        assert (first, second, another) == (True, False, True)
    with lease("post") as third:
        assert third


def test_whoever_was_refused_gives_nothing_back():
    with lease("post"):
        with lease("post"):
            pass
        with lease("post") as again:
            assert not again


def test_it_is_given_back_by_a_holder_that_breaks_off():
    with pytest.raises(ZeroDivisionError), lease("post"):
        _ = 1 / 0
    with lease("post") as is_ours:
        assert is_ours


def test_it_outlives_its_term_while_its_holder_works():
    with lease("post", SECONDS):
        # A lock beside it that nobody renews shows that the term has passed.
        cache.add("clock", True, timeout=2 * SECONDS)
        wait_until(lambda: cache.get("clock") is None, "the term to pass")
        with lease("post", SECONDS) as is_ours:
            assert not is_ours


def test_what_a_dead_holder_left_ends_by_itself():
    cache.add("post", "of a process that was killed", timeout=SECONDS)
    wait_until(lambda: _is_free("post"), "the lock of a dead holder to end")


def test_a_holder_that_was_taken_for_dead_keeps_its_hands_off_its_successors_lock():
    with lease("post"):
        cache.set("post", "of the successor", timeout=60)
    assert cache.get("post") == "of the successor"


def _is_free(name: str) -> bool:
    with lease(name, SECONDS) as is_ours:
        return is_ours
