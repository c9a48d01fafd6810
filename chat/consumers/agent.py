"""The agents' socket: decode, authorise, call one service, encode."""

from typing import Any

from chat import commands, events, readers, services
from chat.consumers import database
from chat.consumers.base import LIFE_PATIENCE, Close, SupportConsumer, of_beats, subject
from chat.cursor import Cursor
from core.limits import client_address

type Frame = dict[str, Any]


class AgentConsumer(SupportConsumer):
    """An agent's console, about all the chats that it attends."""

    for_staff = True

    async def admit(self) -> int | None:
        if await self.is_flooded(client_address(self.scope)):
            return Close.TOO_MANY
        self.agent = (await database.look(self.question())).agent
        if self.agent is None:
            return Close.NOT_YOURS
        await self.join(events.AGENTS_GROUP)
        await self.join(events.agent_group(self.agent.pk))
        await self._sign_of_life()
        # A console without chats asks nothing: by this it knows that frames come through. And asked again:
        # what changed before the groups were joined has told nobody here.
        answer = await database.look(self.question())
        if not await self._keep_to(answer):
            return None
        for frame in answer.lists:
            await self.push(frame)
        return None

    def question(self) -> readers.Question:
        return readers.Question(tuple(self.cursors), self.scope["session"], wants_lists=True)

    async def _sign_of_life(self) -> None:
        if self.agent is not None:
            await database.sign_of_life(self.agent.pk)

    async def disconnect(self, code: int) -> None:
        # Whoever closes the window was there until now; whom we gave up had been silent for a while.
        if not self.is_closing:
            await self._sign_of_life()
        await super().disconnect(code)

    async def on_answer(self) -> None:
        # A sign of life is what the browser gives, not that the server still holds a socket.
        if self.agent is not None:
            living = database.sign_of_life.put(self.agent.pk, of_beats(LIFE_PATIENCE))
            living.add_done_callback(lambda done: self._done(done, {}))

    async def repair(self, answer: readers.Answer, told: dict[object, Frame]) -> None:
        if await self._keep_to(answer):
            await super().repair(answer, told)
            await self.repair_facts(answer.lists, told)

    async def _keep_to(self, answer: readers.Answer) -> bool:
        """Whether the agent's socket stays open; it leaves the chats that the agent may no longer read."""
        self.agent = answer.agent
        if self.agent is None:
            await self.close(Close.NOT_YOURS)
            return False
        for session in self.cursors.keys() & answer.unreadable:
            await self._leave_chat(session)
            await self.push(answer.standings[session].facts[0])
        return True

    async def _leave_chat(self, session: int) -> None:
        await self.leave(events.staff_group(session))
        self.forget(session)

    async def follow(self, payload: Frame) -> None:
        after = commands.follow_from(payload)
        session = commands.session_named(payload)
        await self._readable(session)
        self.cursors[session] = Cursor(after)
        await self.join(events.staff_group(session))
        # Asked again: what took it away before the group was joined has told nobody here.
        try:
            standing = await self._readable(session)
        except services.NotYourChat:
            await self._leave_chat(session)
            raise
        await self.begin(session, standing)

    def asker(self, payload: Frame) -> commands.Asker:
        return commands.Asker(session=commands.session_named(payload), agent=self.agent)

    async def _readable(self, session: int) -> readers.Standing:
        """Where a chat stands that this agent may read; else raises NotYourChat."""
        answer = await database.look(readers.Question((session,), self.scope["session"]))
        if answer.agent is None or session in answer.unreadable or session not in answer.standings:
            raise services.NotYourChat
        return answer.standings[session]

    async def on_event(self, frame: Frame) -> None:
        if frame["type"] == events.AccessChanged.type:
            await self._keep_to(await database.look(self.question()))
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
        if was_mine or not await self._may_read(frame["session"]):
            await self._leave_chat(frame["session"])

    async def _may_read(self, session: int) -> bool:
        try:
            await self._readable(session)
        except services.NotYourChat:
            return False
        return True
