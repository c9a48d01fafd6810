"""How many appointments took place, were missed, cancelled and moved."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from scheduling.models import Appointment, AppointmentEvent
from scheduling.states import Act

State = Appointment.State
# Another hour or another agent. Coming back from missed is counted by what it became.
MOVED = [Act.RESCHEDULE, Act.CHANGE_AGENT]


@dataclass(frozen=True)
class Counts:
    """Appointments by how they ended, and how often they were moved; `key` is what they share."""

    key: Any
    attended: int = 0
    missed: int = 0
    cancelled: int = 0
    moved: int = 0


def counts_by(rows: QuerySet[Appointment], column: str) -> list[Counts]:
    """The counts of each value of a column, in its order; two queries whatever the number of rows."""
    rows = rows.order_by()
    states = {"attended": State.ATTENDED, "missed": State.MISSED, "cancelled": State.CANCELLED}
    ended = rows.values(key=F(column)).annotate(
        **{name: Count("pk", filter=Q(state=state)) for name, state in states.items()}
    )
    moves = AppointmentEvent.objects.filter(appointment__in=rows.values("pk"), act__in=MOVED).order_by()
    moved = dict(moves.values_list(f"appointment__{column}").annotate(Count("pk")))
    counted = [Counts(**row, moved=moved.get(row["key"], 0)) for row in ended]
    return sorted(counted, key=lambda counts: counts.key)


def total_of(counted: Iterable[Counts]) -> Counts:
    """All of them as one."""
    counted = list(counted)
    names = ("attended", "missed", "cancelled", "moved")
    return Counts(None, **{name: sum(getattr(counts, name) for counts in counted) for name in names})
