"""What a process counts and times while it works, for whoever watches it.

`facturando_support.metrics` shows it. A label is always one of a few: never an address, a name or a number
of a row.
"""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY = CollectorRegistry()
# People notice from a tenth of a second on, and give up after some.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

STORE_SECONDS = Histogram(
    "facturando_store_seconds",
    "From the start of storing a line or a file of a chat to its commit.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
DELIVER_SECONDS = Histogram(
    "facturando_deliver_seconds",
    "From the arrival of a line at the server to its way out on the socket of a reader who was connected.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
RESUMES = Counter(
    "facturando_resumes",
    "Sockets that came back and asked for what follows a number that they had.",
    ["side"],
    registry=REGISTRY,
)
GAPS_REPAIRED = Counter(
    "facturando_gaps_repaired",
    "Lines whose news got lost, found missing by later news or by a heartbeat and read from the database.",
    ["found_by"],
    registry=REGISTRY,
)
SOCKETS_CLOSED = Counter(
    "facturando_sockets_closed", "Sockets that the server ended, by code.", ["code"], registry=REGISTRY
)
LIMITS_EXCEEDED = Counter(
    "facturando_limits_exceeded",
    "How often somebody did something too often, by the name in LIMITS.",
    ["limit"],
    registry=REGISTRY,
)
REFUSALS = Counter(
    "facturando_refusals",
    "Rules that said no, by code; uploads are file.… and upload.too-large.",
    ["code"],
    registry=REGISTRY,
)
ROUND_SECONDS = Histogram(
    "facturando_clock_round_seconds",
    "How long a round of the clock in this process took.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
FAILED_ACTS = Counter(
    "facturando_clock_failed_acts", "Acts of the clock that raised an error.", ["act"], registry=REGISTRY
)


def delivered(created_at: str | None) -> None:
    """A line that was made at this instant, as frames write it, goes out to a reader now."""
    if created_at is not None:
        waited = datetime.now(UTC) - datetime.fromisoformat(created_at)
        # Clocks of two machines differ by a little.
        DELIVER_SECONDS.observe(max(0.0, waited.total_seconds()))
