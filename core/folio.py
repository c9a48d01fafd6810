"""The short public numbers that people read aloud: of chats, appointments and offline messages."""

import secrets
from typing import Any

from django.db.models import QuerySet

# No vowels, so that chance spells no word; no 0/O, 1/I/L, 2/Z, 5/S or 8/B, so that nobody misreads one.
ALPHABET = "23456789CDFGHJKMNPQRTVWXY"
LENGTH = 6


def new_folio(prefix: str) -> str:
    """A random folio such as ``C-7K3Q9X``: 244 million per prefix, so guessing finds nobody's.

    Uniqueness is the constraint of the table that keeps it.
    """
    return f"{prefix}-" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def unused_folio(prefix: str, rows: QuerySet[Any]) -> str:
    """A new folio that none of `rows` has in its column ``folio``."""
    while rows.filter(folio=(folio := new_folio(prefix))).exists():
        pass
    return folio
