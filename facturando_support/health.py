"""What a load balancer asks: does the process live (/healthz), and is it any use (/readyz)."""

import logging
from collections.abc import Callable

from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from facturando_support.clock import seconds_since_round
from facturando_support.single_process import has_shared_layer

logger = logging.getLogger(__name__)

# Thirty missed rounds are no longer a slow one.
CLOCK_STOPPED_SECONDS = 30


@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing else, so that a broken database does not get it restarted."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """What is wrong, by name only; the reasons are in the log."""
    wrong = [name for name, works in _checks().items() if not _passes(name, works)]
    return JsonResponse({"ready": not wrong, "wrong": wrong}, status=503 if wrong else 200)


def _checks() -> dict[str, Callable[[], bool]]:
    checks = {"database": _database_answers, "clock": _clock_runs}
    return {**checks, "redis": _redis_answers} if has_shared_layer() else checks


def _passes(name: str, works: Callable[[], bool]) -> bool:
    try:
        return works()
    except (DatabaseError, RedisError, OSError):
        logger.warning("Not ready: %s.", name, exc_info=True)
        return False


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _redis_answers() -> bool:
    cache.set("readyz", 1, timeout=1)
    return True


def _clock_runs() -> bool:
    seconds = seconds_since_round(timezone.now())
    return seconds is not None and seconds < CLOCK_STOPPED_SECONDS
