"""Builds of the product that break one promise each, named by MUTANT: the harness must find them out.

They are what a hurried change could make of it.
"""

import threading
from collections.abc import Callable
from typing import Any

# As long as a slow disk may take for a commit.
LATE_SECONDS = 0.3


def acknowledge_before_commit() -> None:
    """The sender is told that a line is stored before it is."""
    from chat import services
    from chat.models import ChatSession, Message

    store = services.store_together

    def store_together(work: Any, now: Any) -> Any:
        later = threading.Timer(LATE_SECONDS, store, args=(work, now))
        later.daemon = True
        later.start()
        return [promised(item, now) for item in work]

    def promised(item: Any, now: Any) -> Any:
        newest = ChatSession.objects.get(pk=item.session)
        if not isinstance(item, services.Post):
            return newest
        return Message(
            session=newest,
            number=newest.last_number + 1,
            staff_number=newest.last_staff_number + 1,
            client_id=item.draft.client_id,
            created_at=now,
        )

    services.store_together = store_together


def store_the_same_id_again() -> None:
    """Nobody looks whether a line is there already, and the database has no constraint that would."""
    from django.db import connection

    from chat.models import Message
    from chat.services import messages, together

    name = "message_client_id_unique"
    [unique] = [constraint for constraint in Message._meta.constraints if constraint.name == name]
    Message._meta.constraints.remove(unique)
    with connection.schema_editor() as editor:
        editor.remove_constraint(Message, unique)
    connection.close()
    messages._first_of = lambda *_: None
    together._stored = lambda *_: {}


def order_by_clock() -> None:
    """A chat is read in the order of the clock instead of its numbers."""
    from chat.models import MessageQuerySet

    for name in ("for_customer", "for_staff"):
        setattr(MessageQuerySet, name, _by_clock(getattr(MessageQuerySet, name)))


def _by_clock(verb: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, after=0: verb(self, after).order_by("created_at")


def trust_the_news() -> None:
    """What the channel layer brings goes out as it comes."""
    from chat.consumers.base import SupportConsumer

    async def send_line(self: Any, frame: Any) -> None:
        if (cursor := self.cursors.get(frame["session"])) is not None:
            cursor.advance(frame["staff_number"] if self.for_staff else frame["number"])
            await self.push(frame)

    SupportConsumer._line = send_line


MUTANTS: dict[str, Callable[[], None]] = {
    mutate.__name__.replace("_", "-"): mutate
    for mutate in (acknowledge_before_commit, store_the_same_id_again, order_by_clock, trust_the_news)
}
