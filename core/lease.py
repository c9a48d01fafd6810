"""One process at a time: a lock in the cache that lasts as long as its holder lives, and little longer."""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# What a killed holder's lock outlives it by. Renewed three times as often, so that one late renewal costs
# nothing; a holder that stands still for longer is taken for dead.
LEASE_SECONDS = 9


@contextmanager
def lease(name: str, seconds: int = LEASE_SECONDS) -> Iterator[bool]:
    """Hold the lock `name`, renewed by a thread until the block ends; False when somebody else holds it.

    Whole seconds: Django's Redis cache knows no fractions, and takes them for no time at all.

    A holder that was stopped for longer than `seconds` and goes on may find that another one began: it is for
    work that does no harm twice.
    """
    token = uuid.uuid4().hex
    if not cache.add(name, token, timeout=seconds):
        yield False
        return
    done = threading.Event()
    renewal = threading.Thread(target=_renew, args=(name, token, seconds, done), name=f"lease {name}")
    renewal.start()
    try:
        yield True
    finally:
        done.set()
        renewal.join()
        # Only one's own: another may have begun meanwhile.
        if cache.get(name) == token:
            cache.delete(name)


def _renew(name: str, token: str, seconds: int, done: threading.Event) -> None:
    while not done.wait(seconds / 3):
        try:
            if cache.get(name) == token:
                cache.touch(name, seconds)
        except RedisError:
            logger.warning("The lease of %s could not be renewed.", name, exc_info=True)
