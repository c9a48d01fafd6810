"""Who may open what. Missing and forbidden look the same: callers get None, or a 404."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.core import signing
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from chat.models import AGENTS_GROUP, SUPERVISORS_GROUP, Agent, Attachment, ChatSession, Visitor
from core.prepared import Prepared
from scheduling.models import Appointment

KEY_BYTES = 32
COOKIE_NAME = "fs_visitante"
COOKIE_SALT = "chat.visitor"
# Supervisors are agents.
CONSOLE_GROUPS = {AGENTS_GROUP, SUPERVISORS_GROUP}
_CONSOLE_GROUPS = Group.objects.filter(user=OuterRef("pk"), name__in=CONSOLE_GROUPS)


def new_visitor_key() -> str:
    """256 random bits: not guessed, and so not slowed by a password hash."""
    return secrets.token_urlsafe(KEY_BYTES)


def hash_key(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def sign_key(key: str) -> str:
    return signing.Signer(salt=COOKIE_SALT).sign(key)


def key_from_cookie(value: str) -> str | None:
    """The key inside a visitor's cookie, or None for one that we did not sign."""
    try:
        return signing.Signer(salt=COOKIE_SALT).unsign(value)
    except signing.BadSignature:
        return None


_STORED = Prepared(lambda keys: Session.objects.filter(session_key__in=keys))
_STAFF = Prepared(
    lambda pks: Agent.objects.filter(
        Q(is_superuser=True) | Exists(_CONSOLE_GROUPS), pk__in=pks, is_active=True
    )
)


def agents_of_sessions(sessions: Sequence[SessionBase]) -> list[Agent | None]:
    """The agent of each staff session, read afresh: in two queries, however many they are.

    None once disabled, logged out or out of date, and for whoever may not use the console (any more).
    """
    logins = _logins(sessions)
    numbers = [_user_number(login) for login in logins]
    agents = {agent.pk: agent for agent in _STAFF.rows({number for number in numbers if number is not None})}
    return [
        agents[number] if number in agents and _is_current(login, agents[number]) else None
        for login, number in zip(logins, numbers, strict=True)
    ]


def _logins(sessions: Sequence[SessionBase]) -> list[dict[str, Any]]:
    """What is stored of sessions now: what a socket keeps of its own is of the time when it was opened."""
    keys = [session.session_key for session in sessions]
    now = timezone.now()
    stored = {row.session_key: row.session_data for row in _STORED.rows(keys) if row.expire_date > now}
    return [
        session.decode(stored[key]) if key in stored else {}
        for session, key in zip(sessions, keys, strict=True)
    ]


def _user_number(login: dict[str, Any]) -> int | None:
    try:
        return int(login[SESSION_KEY])
    except (KeyError, ValueError):
        return None


def _is_current(login: dict[str, Any], agent: Agent) -> bool:
    return constant_time_compare(login.get(HASH_SESSION_KEY, ""), agent.get_session_auth_hash())


def visitor_of(key: str | None) -> Visitor | None:
    """The visitor whose browser shows this key, if it ever started a chat."""
    return Visitor.objects.filter(key_hash=hash_key(key)).first() if key else None


def chat_of(key: str | None, now: datetime) -> ChatSession | None:
    """The one chat that the browser with this key sees."""
    if key is None:
        return None
    shown = ChatSession.objects.shown_to([hash_key(key)], now - settings.CHAT_SHOW_ENDED)
    return shown.select_related("agent", "program", "offline_message").first()


class Shown(NamedTuple):
    """What a socket keeps of the chat that its browser sees."""

    session: int
    folio: str
    visitor: int
    is_waiting: bool


_SHOWN = Prepared(
    lambda key_hashes, past: ChatSession.objects.shown_to(key_hashes, past).values_list(
        "visitor__key_hash", "pk", "folio", "visitor", "state"
    )
)


def chats_of(keys: Sequence[str | None], now: datetime) -> list[Shown | None]:
    """`chat_of` for each of several browsers, in one query."""
    hashes = [key and hash_key(key) for key in keys]
    shown: dict[str, Shown] = {}
    rows = _SHOWN.tuples({one for one in hashes if one}, now - settings.CHAT_SHOW_ENDED)
    for key_hash, session, folio, visitor, state in rows:
        shown.setdefault(key_hash, Shown(session, folio, visitor, state == ChatSession.State.WAITING))
    return [shown.get(one or "") for one in hashes]


def past_chat(visitor: Visitor | None, folio: str) -> ChatSession | None:
    """An ended chat of this browser, or one whose mailed link it opened."""
    if visitor is None:
        return None
    mine = Q(visitor=visitor) | Q(readers=visitor)
    return ChatSession.objects.ended().filter(mine, folio=folio).select_related("program").distinct().first()


def own_ended_chat(key: str | None, folio: str) -> ChatSession | None:
    """A chat of this browser that ended, however long ago: its page may be open all the while."""
    # PostgreSQL refuses a text with NUL with an exception.
    if key is None or not folio or "\0" in folio:
        return None
    own = ChatSession.objects.ended().filter(visitor__key_hash=hash_key(key), folio=folio)
    return own.select_related("agent", "program", "offline_message").first()


def appointment_of_browser(key: str | None, folio: str) -> Appointment | None:
    """An appointment that this browser booked, or whose mailed link it opened."""
    if key is None or not folio:
        return None
    mine = Appointment.objects.exclude(state=Appointment.State.HELD).filter(readers__key_hash=hash_key(key))
    return mine.select_related("service", "agent").filter(folio=folio).first()


type User = Agent | AnonymousUser | Any


def is_supervisor(user: User) -> bool:
    return _is_staff_in(user, {SUPERVISORS_GROUP})


def is_agent(user: User) -> bool:
    """Whether the person may use the console."""
    return _is_staff_in(user, CONSOLE_GROUPS)


def _is_staff_in(user: User, groups: set[str]) -> bool:
    if not (user.is_authenticated and user.is_active):
        return False
    return user.is_superuser or user.groups.filter(name__in=groups).exists()


def can_read_chat(user: User, session: ChatSession) -> bool:
    """Agents read the chats they attend, those in the queue, ended ones and so the history they need.

    Somebody else's running chat is read by supervisors alone.
    """
    return is_agent(user) and not kept_from(user, [session])


def kept_from(agent: User, sessions: Iterable[ChatSession]) -> list[ChatSession]:
    """Those of these chats that this agent may not read: running ones of others, unless to supervisors."""
    others = [session for session in sessions if session.is_active and session.agent_id != agent.pk]
    return others if others and not is_supervisor(agent) else []


def is_attended_by(user: User, session: ChatSession) -> bool:
    """Whether the chat is, or was until its end, this agent's."""
    return is_agent(user) and session.agent_id == user.pk


def can_write_chat(user: User, session: ChatSession) -> bool:
    return session.is_active and is_attended_by(user, session)


def has_written(agent: Agent, session: ChatSession, client_ids: Iterable[str]) -> bool:
    """Whether a line that an agent sends is stored as theirs already."""
    sent = [client_id for client_id in client_ids if _is_uuid(client_id)]
    return session.messages.filter(agent=agent, client_id__in=sent).exists()


def attachment_for_visitor(visitor: Visitor | None, public_id: str) -> Attachment | None:
    if visitor is None or not _is_uuid(public_id):
        return None
    mine = Q(message__session__visitor=visitor) | Q(message__session__readers=visitor)
    return Attachment.objects.filter(mine, public_id=public_id, message__number__isnull=False).first()


def attachment_for_staff(user: User, public_id: str) -> Attachment | None:
    if not _is_uuid(public_id):
        return None
    attachment = Attachment.objects.filter(public_id=public_id).select_related("message__session").first()
    if attachment and can_read_chat(user, attachment.message.session):
        return attachment
    return None


def _is_uuid(text: str) -> bool:
    """Django refuses others with an exception, and a made-up address would be an error page."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
