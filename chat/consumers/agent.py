"""The agents' socket: decode, authorise, call one service, encode."""

from typing import Any

from channels.db import database_sync_to_async

from chat import access, commands, events, services
from chat.consumers import database
from chat.consumers.base import Close, SupportConsumer, beat_patience, subject
from chat.cursor import Cursor
from chat.models import ChatSession
from core.limits import client_address

type Frame = dict[str, Any]


class AgentConsumer(SupportConsumer):
    """An agent's console, about all the chats that it attends."""

    for_staff = True

    async def admit(self) -> int | None:
        if await self.is_flooded(client_address(self.scope)):
            return Close.TOO_MANY
        self.agent, _kept = await database.rights((self.scope["session"], []))
        if self.agent is None:
            return Close.NOT_YOURS
        await self.join(events.AGENTS_GROUP)
        await self.join(events.agent_group(self.agent.pk))
        await self._sign_of_life()
        # A console without chats asks nothing: by this it knows that frames come through.
        await self.push(await database.lists(self.agent))
        return None

    async def _sign_of_life(self) -> None:
        if self.agent is not None:
            await database.sign_of_life(self.agent.pk)

    async def disconnect(self, code: int) -> None:
        # Whoever closes the window was there until now; whom we gave up had been silent for a while.
        if not self.is_closing:
            await self._sign_of_life()
        await super().disconnect(code)

    async def on_beat(self) -> None:
        if await self._may_stay(beat_patience()):
            await super().on_beat()

    async def on_answer(self) -> None:
        # A sign of life is what the browser gives, not that the server still holds a socket.
        if self.agent is not None:
            living = database.sign_of_life.put(self.agent.pk, beat_patience())
            living.add_done_callback(lambda done: self._done(done, {}))

    async def repair(self) -> None:
        await super().repair()
        assert self.agent is not None  # noqa: S101  admitted
        await self.repair_facts([await database.lists(self.agent, beat_patience())])

    async def _may_stay(self, patience: float = 0.0) -> bool:
        """Whether the agent's socket stays open; it leaves the chats that the agent may no longer read."""
        asked = self.scope["session"], list(self.cursors)
        self.agent, unreadable = await database.rights(asked, patience)
        if self.agent is None:
            await self.close(Close.NOT_YOURS)
            return False
        for session in self.cursors.keys() & unreadable:
            _newest, (state, *_marks) = await database.standing((session, self.for_staff))
            await self._leave_chat(session)
            await self.push(state)
        return True

    async def _leave_chat(self, session: int) -> None:
        await self.leave(events.staff_group(session))
        self.forget(session)

    async def follow(self, payload: Frame) -> None:
        after = commands.follow_from(payload)
        session = await self._readable(payload)
        self.cursors[session.pk] = Cursor(after)
        await self.join(events.staff_group(session.pk))
        # Asked again: what took it away before the group was joined has told nobody here.
        try:
            await self._readable(payload)
        except services.NotYourChat:
            await self._leave_chat(session.pk)
            raise
        _newest, facts = await database.standing((session.pk, self.for_staff))
        for frame in facts:
            await self.push(frame)
        await self.catch_up(session.pk)

    def asker(self, payload: Frame) -> commands.Asker:
        return commands.Asker(session=commands.session_named(payload), agent=self.agent)

    @database_sync_to_async
    def _named(self, payload: Frame) -> ChatSession | None:
        """The chat that a frame is about, whoever may read it."""
        return ChatSession.objects.select_related("agent").filter(pk=commands.session_named(payload)).first()

    async def _readable(self, payload: Frame) -> ChatSession:
        """The chat that a frame is about, if this agent may read it; else raises NotYourChat."""
        session = await self._named(payload)
        if session is None or not await self._may_read(session):
            raise services.NotYourChat
        return session

    @database_sync_to_async
    def _may_read(self, session: ChatSession) -> bool:
        return access.can_read_chat(self.agent, session)

    async def on_event(self, frame: Frame) -> None:
        if frame["type"] == events.AccessChanged.type:
            await self._may_stay()
            return
        if frame["type"] == events.SessionChanged.type:
            # The browser's lists are no longer those that it was told: the next heartbeat says what they are.
            self.told.pop((events.ListsChanged.type, None, None), None)
            if frame["session"] in self.cursors:
                await self._leave_if_gone(frame)
        await self.push(frame)

    async def _leave_if_gone(self, frame: Frame) -> None:
        """Stop reading a chat that may no longer be read, or was this agent's and is no more."""
        assert self.agent is not None  # noqa: S101  admitted
        before = self.told.get(subject(frame), frame)
        was_mine = before["agent"] == self.agent.pk != frame["agent"]
        session = await self._named(frame)
        if was_mine or session is None or not await self._may_read(session):
            await self._leave_chat(frame["session"])
