"""What Prometheus reads at /metrics: each process shows its own, with its name as the label `process`.

Off until METRICS_TOKEN is set. "From this machine only" would protect nothing: behind a proxy every request
comes from there.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.models import Min, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from post_office.models import STATUS, Email
from prometheus_client import CONTENT_TYPE_LATEST, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from chat.models import ChatSession
from core.measures import REGISTRY
from facturando_support.clock import seconds_since_round
from scheduling.models import Appointment

_name = f"web-{os.getpid()}"


def name_process(name: str) -> None:
    """Say which of the processes this one is, such as web-8001 or clock."""
    global _name
    _name = name


@never_cache
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The metrics, for whoever has the token; for others there is nothing here."""
    if not may_read(request.headers.get("Authorization", "")):
        return HttpResponseNotFound(content_type="text/plain")
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def may_read(authorization: str) -> bool:
    """Whether this is ``Bearer`` with the token; never without one in the settings."""
    token = settings.METRICS_TOKEN
    return bool(token) and constant_time_compare(authorization, f"Bearer {token}")


def exposition() -> bytes:
    """Everything in Prometheus' text format."""
    return generate_latest(_Named())


class _Named:
    """The registry with this process' name in every sample."""

    def collect(self) -> Iterator[Metric]:
        for metric in REGISTRY.collect():
            metric.samples = [
                sample._replace(labels={**sample.labels, "process": _name}) for sample in metric.samples
            ]
            yield metric


# --- What is asked when somebody looks ------------------------------------------------------------------


class Standing(Collector):
    """Where the service stands: the same whichever process is asked, but for its own sockets."""

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield _gauge("facturando_open_sockets", "Sockets open in this process.", _open_sockets())
        try:
            found = [*_rows(timezone.now())]
        except DatabaseError:
            found = []
        yield _gauge("facturando_database_up", "Whether the database answered.", float(bool(found)))
        yield from found
        yield from _clock(timezone.now())


def _rows(now: datetime) -> Iterator[Metric]:
    chats = ChatSession.objects
    yield _gauge("facturando_waiting_chats", "Chats that wait for an agent.", chats.waiting().count())
    yield _gauge("facturando_active_chats", "Chats that an agent attends.", chats.active().count())
    queued = Email.objects.filter(status__in=[STATUS.queued, STATUS.requeued])
    oldest = queued.aggregate(oldest=Min("created"))["oldest"]
    waited = (now - oldest).total_seconds() if oldest else 0.0
    yield _gauge(
        "facturando_mail_queued",
        "Mails that were not sent yet, whenever they are tried next.",
        queued.count(),
    )
    yield _gauge("facturando_mail_oldest_seconds", "How long ago the oldest of them was written.", waited)
    late = GaugeMetricFamily(
        "facturando_due_seconds_late", "How late the most overdue work of a kind is.", labels=["work"]
    )
    for work, due_at in due_first().items():
        late.add_metric([work], max(0.0, (now - due_at).total_seconds()) if due_at else 0.0)
    yield late


def due_first() -> dict[str, datetime | None]:
    """When the first thing of each kind that the clock has not done yet is, or was, due."""
    active = ChatSession.objects.active()
    waiting = ChatSession.objects.waiting()
    booked = Appointment.objects.booked().filter(arrived_at=None)
    return {
        "chat.warn": _first(
            active.filter(warned_at=None), "customer_turn_since", settings.CHAT_INACTIVITY_WARNING
        ),
        "chat.end": _first(active, "customer_turn_since", settings.CHAT_INACTIVITY_END),
        "chat.offer": _first(waiting.filter(offered_at=None), "patience_since", settings.CHAT_OFFER_MESSAGE),
        "appointment.missed": _first(booked, "starts_at", settings.APPOINTMENT_TOLERANCE),
    }


def _first(rows: QuerySet[Any], since: str, wait: timedelta) -> datetime | None:
    earliest: datetime | None = rows.order_by().aggregate(earliest=Min(since))["earliest"]
    return earliest + wait if earliest else None


def _clock(now: datetime) -> Iterator[Metric]:
    try:
        seconds = seconds_since_round(now)
    except RedisError:
        return
    if seconds is not None:
        yield _gauge("facturando_clock_seconds_since_round", "Since any clock finished a round.", seconds)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)


def _open_sockets() -> int:
    # Imported when asked: consumers need everything to be set up.
    from chat.consumers.base import open_sockets

    return sum(count for who, count in list(open_sockets.items()) if who.startswith("address "))


REGISTRY.register(Standing())
# Memory, descriptors and time of the processor.
ProcessCollector(registry=REGISTRY)


# --- For a process that serves no pages -----------------------------------------------------------------


class _Quiet(WSGIRequestHandler):
    # One reader at a time: who keeps the line is cut off.
    timeout = 5

    def log_message(self, format: str, *args: Any) -> None:
        """The log is no place for addresses."""


def show_beside(host: str, port: int) -> Callable[[], None]:
    """Show the metrics on a port of their own, from a thread; returns what ends it."""
    server = make_server(host, port, _answer, WSGIServer, _Quiet)
    # A daemon: whoever reads slowly must not keep the process.
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop


def _answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    is_here = environ["PATH_INFO"] == "/metrics" and may_read(environ.get("HTTP_AUTHORIZATION", ""))
    start_response("200 OK" if is_here else "404 Not Found", [("Content-Type", CONTENT_TYPE_LATEST)])
    try:
        return [exposition()] if is_here else [b""]
    finally:
        connections.close_all()
