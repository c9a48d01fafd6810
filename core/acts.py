"""What the clock does to many rows: one that fails is logged, and stands in no other's way."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

logger = logging.getLogger(__name__)

# An act that fails every second would fill the disk with one and the same traceback.
REPEAT_FAILURE_AFTER = timedelta(minutes=1)

_logged_at: dict[str, datetime] = {}


def each(rows: Iterable[Any], act: Callable[..., object], *args: Any) -> int:
    """Do `act(row, *args)` with every row, or every number of a row, and return how often it did something.

    Whatever an act raises goes to the log and no further. An act is a transaction of its own: what it had
    begun before it failed is undone.
    """
    return sum(_has_done(row, act, args) for row in rows)


def _has_done(row: Any, act: Callable[..., object], args: tuple[Any, ...]) -> bool:
    try:
        return bool(act(row, *args))
    except Exception:  # noqa: BLE001 - one broken row must not stop the others
        # By its number: names and addresses of people do not belong in a log.
        log_failure(f"{act.__qualname__} of row {getattr(row, 'pk', row)}", timezone.now())
        return False


def log_failure(name: str, now: datetime) -> None:
    """Log the exception that is being handled with its traceback, once a minute for each name."""
    # The thread that sends mail logs here as well.
    for old, at in list(_logged_at.items()):
        if now - at >= REPEAT_FAILURE_AFTER:
            _logged_at.pop(old, None)
    if name not in _logged_at:
        _logged_at[name] = now
        logger.exception("The clock's act %s failed.", name)
