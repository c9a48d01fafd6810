"""The caches of Django, which count many keys on one way to them."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.cache.backends import locmem, redis
from django.utils.functional import cached_property


class LocalCache(locmem.LocMemCache):
    """In memory, for the one process that has everything inside."""

    def count_many(self, keys: Sequence[str], timeout: int) -> list[int]:
        """Add one to each key, which lasts for `timeout` seconds more, and return what they are then."""
        return [self._count(key, timeout) for key in keys]

    def _count(self, key: str, timeout: int) -> int:
        self.add(key, 0, timeout)
        try:
            return self.incr(key)
        except ValueError:
            # A full cache threw the counter out at this very moment.
            return 1


class SharedCache(redis.RedisCache):
    """Redis between processes."""

    # As Django sets them.
    _servers: list[str]
    _class: type[redis.RedisCacheClient]
    _options: dict[str, Any]
    _clients: ClassVar[dict[str, redis.RedisCacheClient]] = {}

    @cached_property
    def _cache(self) -> redis.RedisCacheClient:
        """One client a process: Django makes a cache for every request, each with connections of its own."""
        return self._clients.setdefault(";".join(self._servers), self._class(self._servers, **self._options))

    def count_many(self, keys: Sequence[str], timeout: int) -> list[int]:
        """Add one to each key, which lasts for `timeout` seconds more, and return what they are then."""
        with self._cache.get_client(write=True).pipeline(transaction=False) as pipeline:
            for key in map(self.make_and_validate_key, keys):
                pipeline.incr(key)
                pipeline.expire(key, timeout)
            counts: list[int] = pipeline.execute()[::2]
            return counts
