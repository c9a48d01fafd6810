"""What may be forgotten: the cache as those use it who go on while Redis is away."""

import logging
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def recall(key: str, default: Any = None) -> Any:
    """What was kept under `key`; `default` when there is nothing, or nobody to ask."""
    try:
        return cache.get(key, default)
    except RedisError:
        logger.warning("The cache does not answer; nothing is recalled.")
        return default


def keep(key: str, value: Any, seconds: float | None) -> None:
    """Keep a value for so many seconds, or until it is thrown out; a cache that is away keeps nothing."""
    try:
        cache.set(key, value, timeout=seconds)
    except RedisError:
        logger.warning("The cache does not answer; nothing is kept.")
