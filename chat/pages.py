"""What the customer's page shows: one stage, computed from the chat's row and the hours."""

import json
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings

from chat import events, files, history
from chat.forms import FirstMessageForm, IdentificationForm, RatingForm
from chat.models import ChatSession
from chat.services import place_in_queue, words_of_customer
from chat.texts import script_texts
from offline_messages.forms import OfflineMessageForm
from scheduling.services import current_calendar
from scheduling.wording import hour_in_short, instant_in_words, weekly_hours_in_words


def customer_page(session: ChatSession | None, now: datetime, before: int | None = None) -> dict[str, Any]:
    """The template's context: `stage` is what it is about; lines are the newest, or those `before` one."""
    calendar = current_calendar()
    is_open = calendar.is_open(now)
    stage = stage_of(session, is_open)
    opening = calendar.next_opening(now)
    return {
        "session": session,
        "stage": stage,
        "stage_key": stage_key(session, stage),
        "is_open": is_open,
        "next_opening": instant_in_words(opening) if opening else "",
        "hours": weekly_hours_in_words(calendar),
        "now": now,
        "draft": "",
        "client_id": uuid.uuid4(),
        "file_client_id": uuid.uuid4(),
        "accept": files.ACCEPT,
        "allowed": files.ALLOWED_IN_WORDS,
        "max_megabytes": settings.CHAT_MAX_UPLOAD_BYTES // (1024 * 1024),
        "max_bytes": settings.CHAT_MAX_UPLOAD_BYTES,
        "max_chars": settings.CHAT_MAX_MESSAGE_CHARS,
        "texts": script_texts(),
        "standing": json.dumps(events.session_changed(session).frame()) if session else "",
        **_of_session(session, now, before),
        **_forms(session, stage),
    }


def stage_of(session: ChatSession | None, is_open: bool) -> str:
    """start | closed | waiting | identification | conversation | ended."""
    if session is None:
        return "start" if is_open else "closed"
    if session.is_active:
        return "identification" if session.is_identification_due else "conversation"
    return str(session.state)


def stage_key(session: ChatSession | None, stage: str) -> str:
    """Changes when the page's forms change, and not with each line."""
    if session is None:
        return f"{stage}-0"
    return "-".join([stage, str(session.pk), *(f"{hour:%m%d%H%M}" for hour in session.hours_to_choose)])


def _of_session(session: ChatSession | None, now: datetime, before: int | None) -> dict[str, Any]:
    if session is None:
        return {"lines": [], "place": None, "is_place_shown": False, "ends_at": None}
    portion = _portion(session, before)
    return {
        "portion": portion,
        "lines": portion.lines,
        "place": place_in_queue(session) if session.is_waiting else None,
        "is_place_shown": now - session.queued_at >= settings.CHAT_SHOW_QUEUE_PLACE,
        "show_place_ms": int(settings.CHAT_SHOW_QUEUE_PLACE.total_seconds() * 1000),
        "ends_at": session.inactivity_ends_at if session.warned_at else None,
        "hours_to_choose": [
            {"value": events.instant(hour), "words": hour_in_short(hour)} for hour in session.hours_to_choose
        ],
        "offer_client_id": uuid.uuid4(),
        "known": _known(session) if session.offered_at or session.offered_hours else {},
    }


def _portion(session: ChatSession, before: int | None) -> history.Portion:
    if before is None:
        return history.newest(session, for_staff=False)
    return history.before(session, before, for_staff=False)


def _known(session: ChatSession) -> dict[str, str]:
    """What the pages for booking need not ask again, by the names of their form."""
    return {
        "name": session.name,
        "email": session.email,
        "rfc": session.rfc,
        "legal_name": session.legal_name,
        "program": session.program.name if session.program else "",
        "program_version": session.program_version,
        "about": words_of_customer(session)[: settings.CHAT_MAX_MESSAGE_CHARS],
    }


def _forms(session: ChatSession | None, stage: str) -> dict[str, Any]:
    if session is None:
        return {
            "first_form": FirstMessageForm(),
            "start_form": None,
            "offline_form": OfflineMessageForm(initial={"client_id": uuid.uuid4()})
            if stage == "closed"
            else None,
        }
    if stage == "identification":
        return {"identification_form": IdentificationForm.of(session)}
    if stage == "ended":
        initial = {"rating": session.rating, "comment": session.rating_comment}
        return {"rating_form": RatingForm(initial=initial)}
    return {}
