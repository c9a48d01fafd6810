"""What changes hours and appointments, and what others ask about them."""

from scheduling.services.attending import agenda, arrive, attend, coming, day_of, due_to_start, kept_for
from scheduling.services.booking import (
    Details,
    admit,
    book,
    cancel,
    held_by,
    hold_slot,
    moves_left,
    reschedule,
)
from scheduling.services.counts import Counts, counts_by, total_of
from scheduling.services.due import due_acts, mark_missed, remind, sweep_holds
from scheduling.services.hours import current_calendar
from scheduling.services.offers import active_services, days_with_room, free_slots, next_free
from scheduling.services.rules import (
    AgentNotFree,
    HoldExpired,
    NotBooked,
    NotMissed,
    ReasonMissing,
    SlotTaken,
    TooEarly,
    TooLate,
    TooManyAppointments,
    TooManyMoves,
)
from scheduling.services.supervising import (
    agents_free_for,
    hit_by,
    hours_for,
    move_to_agent,
    reopen,
    tell_hit,
)

__all__ = [
    "AgentNotFree",
    "Counts",
    "Details",
    "HoldExpired",
    "NotBooked",
    "NotMissed",
    "ReasonMissing",
    "SlotTaken",
    "TooEarly",
    "TooLate",
    "TooManyAppointments",
    "TooManyMoves",
    "active_services",
    "admit",
    "agenda",
    "agents_free_for",
    "arrive",
    "attend",
    "book",
    "cancel",
    "coming",
    "counts_by",
    "current_calendar",
    "day_of",
    "days_with_room",
    "due_acts",
    "due_to_start",
    "free_slots",
    "held_by",
    "hit_by",
    "hold_slot",
    "hours_for",
    "mark_missed",
    "move_to_agent",
    "moves_left",
    "next_free",
    "remind",
    "reopen",
    "reschedule",
    "kept_for",
    "sweep_holds",
    "tell_hit",
    "total_of",
]
