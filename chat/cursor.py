"""Puts news in order: what one socket has been sent of one chat, and what it is still missing."""

from dataclasses import dataclass
from enum import Enum, auto


class Verdict(Enum):
    OLD = auto()
    NEXT = auto()
    GAP = auto()


@dataclass
class Cursor:
    """The number of the last line that went out on a socket for a chat.

    The channel layer may lose, repeat and reorder. A line is sent only when it is the next number; a later
    one shows that something is missing, which is then read from the database.
    """

    sent: int = 0

    def judge(self, number: int) -> Verdict:
        if number <= self.sent:
            return Verdict.OLD
        return Verdict.NEXT if number == self.sent + 1 else Verdict.GAP

    def advance(self, number: int) -> None:
        self.sent = max(self.sent, number)
