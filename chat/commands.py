"""What a browser may ask for, by socket or by plain HTTP: one explicit dict a side, never a handler's name.

A command takes who asks, a decoded payload and the instant, checks the payload with a form, calls one
service, and returns the frame that answers it (`chat/PROTOCOL.md` has the table).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from chat import events, services
from chat.forms import FollowForm, MarksForm, MessageForm, TypingForm
from chat.models import Agent, ChatSession, Message
from chat.services import Author, Claim, Draft, Post
from core.errors import RuleBroken
from core.limits import check_limit_of_many
from core.strict_json import BadFrame

type Payload = dict[str, Any]
type Frame = dict[str, Any]
type Answer = Frame | Exception | None

logger = logging.getLogger(__name__)


class UnknownCommand(RuleBroken):
    code = "command.unknown"
    text = _("El mensaje no se pudo entender. Recargue la página.")


class BadPayload(RuleBroken):
    """A form said no; the text is its first sentence."""

    code = "command.invalid"


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who sends a command, about which chat, by its number. `agent` is None for the customer."""

    session: int
    visitor: int | None = None
    agent: Agent | None = None

    @property
    def author(self) -> Author:
        return Author(self.agent)


def run_command(asker: Asker, payload: Payload, now: datetime) -> Frame | None:
    """Run one command of a customer or an agent. Raises RuleBroken, such as UnknownCommand and BadPayload."""
    [answer] = run_commands([(asker, payload)], now)
    if isinstance(answer, Exception):
        raise answer
    return answer


def run_commands(asked: Sequence[tuple[Asker, Payload]], now: datetime) -> list[Answer]:
    """Run commands of any customers and agents, and store what they bring in one commit; an answer for each.

    What one of them raises is its own answer and no obstacle to the others. Whether an agent may do it is
    asked by what it does: a line that was stored is acknowledged again also after its chat went to somebody
    else.
    """
    begun = [_begin(asker, payload, now) for asker, payload in asked]
    begun = _limited([asker for asker, _payload in asked], begun)
    work = [step for step in begun if isinstance(step, Post | Claim)]
    outcomes = iter(_store(work, now))
    return [
        _answer(next(outcomes), asker, now) if isinstance(step, Post | Claim) else step
        for (asker, _payload), step in zip(asked, begun, strict=True)
    ]


def _begin(asker: Asker, payload: Payload, now: datetime) -> Post | Claim | Answer:
    """Check a command: what it wants to have stored, or, when there is nothing to store, its answer."""
    table = CUSTOMER_COMMANDS if asker.agent is None else AGENT_COMMANDS
    # A string first: a list would not even be looked up, but raise.
    kind = payload.get("type")
    command = table.get(kind) if isinstance(kind, str) else None
    try:
        if command is None:
            raise UnknownCommand
        return command(asker, payload, now)
    except Exception as failure:  # noqa: BLE001 - the socket that asked deals with it, and no other one
        return failure


def _limited(askers: Sequence[Asker], begun: Sequence[Post | Claim | Answer]) -> list[Post | Claim | Answer]:
    """The same, with a refusal in the place of a line of a customer who sends too many."""
    limited = list(begun)
    places = [n for n, step in enumerate(begun) if isinstance(step, Post) and askers[n].agent is None]
    visitors = [str(askers[n].visitor) for n in places]
    refusals = check_limit_of_many("messages_per_visitor", visitors) if visitors else []
    for place, refusal in zip(places, refusals, strict=True):
        limited[place] = refusal or begun[place]
    return limited


def _store(work: list[Post | Claim], now: datetime) -> list[services.Outcome | Exception]:
    """What became of each. Should one of them break the commit of all, each gets one of its own."""
    if not work:
        return []
    try:
        return [*services.store_together(work, now)]
    except Exception as failure:
        if len(work) == 1:
            return [failure]
        logger.warning("%s commands could not be stored together.", len(work), exc_info=True)
        return [outcome for item in work for outcome in _store([item], now)]


def _answer(outcome: services.Outcome | Exception, asker: Asker, now: datetime) -> Answer:
    if isinstance(outcome, services.ChatEnded):
        # Silence may have ended it with the clock late: then the chat says so now.
        try:
            services.enforce(ChatSession.objects.get(pk=asker.session), now)
        except Exception as failure:  # noqa: BLE001 - what the others brought is stored, and they must learn it
            return failure
    if isinstance(outcome, Message):
        return stored_frame(outcome, for_staff=asker.agent is not None)
    return outcome if isinstance(outcome, Exception) else None


def session_named(payload: Payload) -> int:
    """The chat that an agent's frame is about, by its number. Raises BadFrame when it names none.

    Whether it is there, and the agent may do there what the frame asks, the command finds out.
    """
    pk = payload.get("session")
    if not isinstance(pk, int) or isinstance(pk, bool) or not 0 < pk < 2**63:
        raise BadFrame
    return pk


def error_frame(broken: RuleBroken, payload: Payload) -> Frame:
    """How a broken rule looks on the wire; `client_id` says which line it was about."""
    client_id = payload.get("client_id")
    return {
        "type": "error",
        "code": broken.code,
        "text": str(broken.text),
        "client_id": client_id if isinstance(client_id, str) else None,
    }


def _send_message(asker: Asker, payload: Payload, _now: datetime) -> Post:
    data = _valid(MessageForm, payload)
    draft = Draft(text=data["text"], client_id=data["client_id"])
    return Post(session=asker.session, author=asker.author, draft=draft)


def _send_note(asker: Asker, payload: Payload, now: datetime) -> Frame:
    data = _valid(MessageForm, payload)
    assert asker.agent is not None  # noqa: S101  the table of agents alone names this command
    draft = Draft(text=data["text"], client_id=data["client_id"])
    message = services.post_note(session=_chat(asker), agent=asker.agent, draft=draft, now=now)
    return stored_frame(message, for_staff=True)


def stored_frame(message: Message, *, for_staff: bool) -> Frame:
    """The acknowledgement: what was sent is committed under this number."""
    return {
        "type": "message.stored",
        "session": message.session_id,
        "client_id": str(message.client_id),
        "number": message.number,
        "staff_number": message.staff_number if for_staff else None,
        "created_at": events.instant(message.created_at),
    }


def _move_marks(asker: Asker, payload: Payload, _now: datetime) -> Claim:
    data = _valid(MarksForm, payload)
    return Claim(session=asker.session, author=asker.author, delivered=data["delivered"], read=data["read"])


def _set_typing(asker: Asker, payload: Payload, _now: datetime) -> None:
    data = _valid(TypingForm, payload)
    services.show_typing(session=_chat(asker), author=asker.author, is_typing=data["is_typing"])


def _chat(asker: Asker) -> ChatSession:
    session = ChatSession.objects.filter(pk=asker.session).first()
    if session is None:
        raise services.NotYourChat
    return session


def _valid(form: type[forms.Form], payload: Payload) -> dict[str, Any]:
    """What the form's fields make of a payload. Raises BadPayload.

    The fields are asked as they stand: a bound form would copy them all for every frame.
    """
    try:
        return {name: field.clean(payload.get(name)) for name, field in form.base_fields.items()}
    except ValidationError as invalid:
        raise BadPayload(invalid.messages[0]) from None


# What a command wants to have stored, or its answer when there is nothing to store.
type Command = Callable[[Asker, Payload, datetime], Post | Claim | Frame | None]

CUSTOMER_COMMANDS: dict[str, Command] = {
    "message.send": _send_message,
    "marks.move": _move_marks,
    "typing.set": _set_typing,
}
AGENT_COMMANDS: dict[str, Command] = {**CUSTOMER_COMMANDS, "note.send": _send_note}


def follow_from(payload: Payload) -> int:
    """The last number the browser has, 0 when it has nothing."""
    return int(_valid(FollowForm, payload)["after"])
