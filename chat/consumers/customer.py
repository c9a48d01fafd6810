"""The customers' socket: decode, authorise, call one service, encode."""

from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.http import parse_cookie
from django.utils import timezone

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
        session = await self._session()
        if session is None:
            return Close.NO_CHAT
        trace.folio.set(session.folio)
        if self.is_one_too_many(f"visitor {session.visitor_id}", settings.CHAT_MAX_SOCKETS_PER_VISITOR):
            return Close.TOO_MANY
        # Not the row: thousands of sockets keep what they have for hours.
        self.session, self.visitor = session.pk, session.visitor_id
        await self.join(events.customer_group(self.session))
        await self._queue(session.is_waiting)
        return None

    @database_sync_to_async
    def _session(self) -> ChatSession | None:
        cookies = parse_cookie(dict(self.scope["headers"]).get(b"cookie", b"").decode("latin-1"))
        key = access.key_from_cookie(cookies.get(access.COOKIE_NAME, ""))
        return access.chat_of(key, timezone.now())

    def question(self) -> readers.Question:
        return readers.Question(tuple(self.cursors))

    async def follow(self, payload: Frame) -> None:
        self.cursors[self.session] = Cursor(commands.follow_from(payload))
        answer = await database.look(self.question())
        for frame in answer.standings[self.session].facts:
            await self.push(frame)
        await self.catch_up(self.session)
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
