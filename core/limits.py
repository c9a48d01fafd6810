"""How often somebody may do something, counted in the cache, and by which address they are counted."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Protocol, cast

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from redis.exceptions import RedisError

from core import measures
from core.errors import RuleBroken

logger = logging.getLogger(__name__)


class CountingCache(Protocol):
    """What limits ask of the cache (`facturando_support.caches`)."""

    def count_many(self, keys: Sequence[str], timeout: int) -> list[int]: ...


class LimitExceeded(RuleBroken):
    """Too many in too short a time; nothing was done, and `retry_after_seconds` says when it will be."""

    code = "limit.exceeded"

    def __init__(self, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            _("Ha enviado demasiadas solicitudes en poco tiempo. Espere %(wait)s e intente de nuevo.")
            % {"wait": _wait_in_words(retry_after_seconds)}
        )


def check_limit(name: str, key: str) -> None:
    """Count one more of `name` for `key` and raise LimitExceeded beyond ``settings.LIMITS[name]``.

    Windows are fixed and aligned to the clock: a burst across the border of two can reach twice the limit.
    """
    [broken] = check_limit_of_many(name, [key])
    if broken is not None:
        raise broken


def check_limit_of_many(name: str, keys: Sequence[str]) -> list[LimitExceeded | None]:
    """Count one more of `name` for each key, on one way to the cache; for each, what `check_limit` raises."""
    allowed, seconds = _parse(settings.LIMITS[name])
    window, elapsed = divmod(time.time(), seconds)
    counts = _count([_cache_key(name, key, int(window)) for key in keys], seconds)
    return [None if count <= allowed else _exceeded(name, seconds - elapsed) for count in counts]


def _exceeded(name: str, seconds_left: float) -> LimitExceeded:
    measures.LIMITS_EXCEEDED.labels(name).inc()
    return LimitExceeded(math.ceil(seconds_left))


def client_address(source: HttpRequest | Mapping[str, Any]) -> str:
    """Whom a request or ASGI scope counts as: an IPv4 address, or an IPv6 /64, the least a customer gets.

    Behind ``settings.TRUSTED_PROXIES`` proxies this is the address that the outermost of them saw, so that
    what the customer wrote into the header has no say.
    """
    peer, forwarded = _from_request(source) if isinstance(source, HttpRequest) else _from_scope(source)
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXIES
    return _countable(hops[-trusted] if 0 < trusted <= len(hops) else peer)


def _parse(limit: str) -> tuple[int, int]:
    allowed, seconds = limit.split("/")
    return int(allowed), int(seconds)


def _cache_key(name: str, key: str, window: int) -> str:
    # Keyed with the secret: the bare hash of an address is undone by trying all of them.
    secret = salted_hmac("core.limits", key, algorithm="sha256").hexdigest()
    return f"limit:{name}:{window}:{secret}"


def _count(cache_keys: list[str], seconds: int) -> list[int]:
    try:
        # It outlives its window: one that vanished meanwhile would begin anew.
        return cast("CountingCache", cache).count_many(cache_keys, seconds + 60)
    except RedisError:
        # Support stays open without limits rather than closed with them.
        logger.exception("The cache does not answer; limits are not counted.")
        return [0] * len(cache_keys)


def _wait_in_words(seconds: int) -> str:
    if seconds < 90:
        return ngettext("%(count)d segundo", "%(count)d segundos", seconds) % {"count": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(count)d minuto", "%(count)d minutos", minutes) % {"count": minutes}


def _from_request(request: HttpRequest) -> tuple[str, str]:
    return request.META.get("REMOTE_ADDR") or "", request.META.get("HTTP_X_FORWARDED_FOR", "")


def _from_scope(scope: Mapping[str, Any]) -> tuple[str, str]:
    peer = (scope.get("client") or [""])[0]
    headers = (value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for")
    return peer, b",".join(headers).decode("latin-1")


def _countable(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        # A Unix socket has no address, and some proxies add a port.
        return address or "unknown"
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
    return str(ip)
