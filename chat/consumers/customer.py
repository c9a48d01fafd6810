"""The customers' socket: decode, authorise, call one service, encode."""

from typing import Any

from django.conf import settings
from django.http import parse_cookie

from chat import access, commands, events, readers
from chat.consumers import database
from chat.consumers.base import Close, SupportConsumer, subject
from chat.cursor import Cursor
from chat.models import ChatSession
from core import trace
from core.limits import client_address

type Frame = dict[str, Any]


class CustomerConsumer(SupportConsumer):
    """A customer's browser, about its one chat."""

    for_staff = False

    async def admit(self) -> int | None:
        if await self.is_flooded(client_address(self.scope)):
            return Close.TOO_MANY
        shown = await database.chat_of(self._key())
        if shown is None:
            return Close.NO_CHAT
        trace.folio.set(shown.folio)
        if self.is_one_too_many(f"visitor {shown.visitor}", settings.CHAT_MAX_SOCKETS_PER_VISITOR):
            return Close.TOO_MANY
        # Not more: thousands of sockets keep what they have for hours.
        self.session, self.visitor = shown.session, shown.visitor
        await self.join(events.customer_group(self.session))
        await self._queue(shown.is_waiting)
        return None

    def _key(self) -> str | None:
        cookies = parse_cookie(dict(self.scope["headers"]).get(b"cookie", b"").decode("latin-1"))
        return access.key_from_cookie(cookies.get(access.COOKIE_NAME, ""))

    def question(self) -> readers.Question:
        return readers.Question(tuple(self.cursors))

    async def follow(self, payload: Frame) -> None:
        self.cursors[self.session] = Cursor(commands.follow_from(payload))
        answer = await database.look(self.question())
        await self.begin(self.session, answer.standings[self.session])
        # The place, which nobody's moving would tell before the next heartbeat.
        if events.QUEUE_GROUP in self.groups_joined:
            await self.on_event(await database.queue(None))

    def asker(self, _payload: Frame) -> commands.Asker:
        return commands.Asker(session=self.session, visitor=self.visitor)

    async def on_event(self, frame: Frame) -> None:
        if frame["type"] == events.QueueChanged.type:
            await self._place(frame["waiting"])
            return
        if frame["type"] == events.SessionChanged.type:
            await self._queue(frame["state"] == ChatSession.State.WAITING)
        await self.push(frame)

    async def _queue(self, is_waiting: bool) -> None:
        if is_waiting and events.QUEUE_GROUP not in self.groups_joined:
            await self.join(events.QUEUE_GROUP)
        elif not is_waiting and events.QUEUE_GROUP in self.groups_joined:
            await self.leave(events.QUEUE_GROUP)

    async def _place(self, waiting: list[int]) -> None:
        """Others' chats stay here: the customer learns a place, when it is another, and nothing else."""
        if self.session not in waiting:
            return
        frame = events.QueueMoved(place=waiting.index(self.session) + 1).frame()
        if self.told.get(subject(frame)) != frame:
            await self.push(frame)

    async def repair(self, answer: readers.Answer, told: dict[object, Frame]) -> None:
        await super().repair(answer, told)
        if events.QUEUE_GROUP in self.groups_joined:
            await self.on_event(await database.queue(None))
