"""What a load balancer asks: does the process live (/healthz), and is it any use (/readyz)."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.core.checks import WARNING, CheckMessage
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from facturando_support.checks import CHECKS, clock_runs
from facturando_support.single_process import has_shared_layer

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing else, so that a broken database does not get it restarted."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """What is wrong, by name only; the reasons are in the log. `warned` keeps nobody from being ready."""
    found = _findings()
    broken = [name for name, works in _parts().items() if not _passes(name, works)]
    settings_wrong = [name for name, messages in found.items() if any(map(_is_serious, messages))]
    wrong = [*broken, *(name for name in settings_wrong if name not in broken)]
    warned = [name for name, messages in found.items() if messages and name not in wrong]
    answer = {"ready": not wrong, "wrong": wrong} | ({"warned": warned} if warned else {})
    return JsonResponse(answer, status=503 if wrong else 200)


def _parts() -> dict[str, Callable[[], bool]]:
    """What has to answer, in development as well."""
    parts = {"database": _database_answers, "clock": clock_runs}
    return {**parts, "redis": _redis_answers} if has_shared_layer() else parts


def _passes(name: str, works: Callable[[], bool]) -> bool:
    try:
        return works()
    except (DatabaseError, RedisError, OSError):
        logger.warning("Not ready: %s.", name, exc_info=True)
        return False


def _findings() -> dict[str, list[CheckMessage]]:
    """What the checks of a deployment have to say; nothing while the product is being developed."""
    if settings.DEBUG and not settings.IS_HTTPS:
        return {}
    found = {name: check() for name, check in CHECKS.items()}
    for message in (message for messages in found.values() for message in messages):
        logger.warning("Not as it should be: %s %s", message.id, message.msg)
    return found


def _is_serious(message: CheckMessage) -> bool:
    return message.level > WARNING


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _redis_answers() -> bool:
    cache.set("readyz", 1, timeout=1)
    return True
