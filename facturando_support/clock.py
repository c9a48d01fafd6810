"""The clock: every second it does what became due; beside that it sends mail and has files scanned."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from channels.db import database_sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.db import close_old_connections, connections, reset_queries
from django.utils import timezone

from chat.services import check_waiting
from chat.services import due_acts as chat_acts
from core import measures
from core.acts import log_failure
from core.mail import forget_old, send_queued
from scheduling.services import due_acts as scheduling_acts

Act = Callable[[datetime], object]

# People watch countdowns in seconds.
ROUND_SECONDS = 1.0
# A mail that arrives some seconds later surprises nobody.
MAIL_SECONDS = 5.0
# A mail in the middle of being sent at the end may finish; a mail server that hangs may not hold the process.
MAIL_FAREWELL_SECONDS = 2.0

_HEARTBEAT = "clock_last_round_at"


async def run_clock(stop: asyncio.Event) -> None:
    """Do a round every second until `stop` is set. Two clocks do no harm: every act is conditional."""
    mail_stop = threading.Event()
    # A thread of its own, and a daemon: a mail server that hangs delays neither chats nor the end.
    mail = threading.Thread(target=send_mail, args=(mail_stop,), name="mail", daemon=True)
    mail.start()
    scans = asyncio.create_task(_scan_beside(stop))
    try:
        while not stop.is_set():
            await run_round(timezone.now())
            await _wait(stop, ROUND_SECONDS)
    finally:
        scans.cancel()
        mail_stop.set()
        await asyncio.to_thread(mail.join, MAIL_FAREWELL_SECONDS)


def due_acts() -> list[Act]:
    """What may have become due: the booked hours first, since a missed one frees an agent for the queue."""
    return [*scheduling_acts(), *chat_acts()]


def round_acts() -> list[Act]:
    """What every round does; last it leaves the sign of life that readiness looks at."""
    return [*due_acts(), _leave_heartbeat]


async def run_round(now: datetime) -> None:
    """Do everything that is due at `now`, in the thread that the sockets' database work uses.

    News sent from there reach this very loop. Act by act, so that no line of a chat waits for more than one.
    """
    with measures.ROUND_SECONDS.time():
        for act in round_acts():
            await database_sync_to_async(run_act)(act, now)


def run_act(act: Act, now: datetime) -> None:
    """Do one act; whatever it raises goes to the log and no further."""
    try:
        act(now)
    except Exception:  # noqa: BLE001 - one broken rule must stop neither the other rules nor the clock
        measures.FAILED_ACTS.labels(act.__qualname__).inc()
        log_failure(act.__qualname__, now)
    finally:
        # With DEBUG on, Django remembers every query of a thread until told otherwise.
        reset_queries()


def seconds_since_round(now: datetime) -> float | None:
    """How long ago any clock finished a round; None when none did."""
    seen: float | None = cache.get(_HEARTBEAT)
    return None if seen is None else now.timestamp() - seen


async def _scan_beside(stop: asyncio.Event) -> None:
    """Have the files scanned that wait: not in the thread of the chats, since a scanner may hang."""
    # News sent from there reach this very loop.
    scan = database_sync_to_async(_scan_waiting, thread_sensitive=False)
    while settings.CLAMD_ADDRESS and not stop.is_set():
        await scan(timezone.now())
        await _wait(stop, ROUND_SECONDS)


def _scan_waiting(now: datetime) -> None:
    try:
        run_act(check_waiting, now)
    finally:
        # The next round may be in another thread.
        connections.close_all()


def send_mail(stop: threading.Event) -> None:
    """Send queued mail every few seconds until `stop` is set."""
    try:
        while not stop.wait(MAIL_SECONDS):
            close_old_connections()
            for act in (_send_queued, forget_old):
                run_act(act, timezone.now())
    finally:
        connections.close_all()


def _send_queued(_now: datetime) -> None:
    send_queued()


def _leave_heartbeat(now: datetime) -> None:
    cache.set(_HEARTBEAT, now.timestamp(), timeout=None)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
