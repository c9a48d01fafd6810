"""Everything that changes the database of a chat, one module a noun.

Each service takes keyword arguments, checks its rule on a locked row, writes in one transaction and
announces on commit. `now` is read once at the edge and passed in.
"""

from chat.services.agents import give_sign_of_life, give_signs_of_life, set_available
from chat.services.booking import book_offered, decline_offered, offer_hours
from chat.services.due import due_acts, enforce, turn_waiting_into_messages
from chat.services.marks import is_typing, show_typing
from chat.services.messages import Author, Draft, post_file, post_note, say
from chat.services.queue import accept_chat, assign_waiting, place_in_queue, return_to_queue
from chat.services.rules import (
    AgentIsFull,
    ChatEnded,
    ChatTaken,
    DraftConflict,
    IdentificationPending,
    NoChat,
    NotEnded,
    NothingToOffer,
    NotIdentified,
    NotWaiting,
    NotYourChat,
    OfferGone,
    SeatIsKept,
    SupportClosed,
    TooManyChats,
)
from chat.services.scans import check_waiting
from chat.services.sessions import (
    ChatStart,
    Identification,
    end_chat,
    identify,
    keep_waiting,
    leave_as_message,
    let_read,
    put_away,
    rate,
    send_transcript,
    start_chat,
    stay,
    words_of_customer,
)
from chat.services.together import Claim, Outcome, Post, move_marks, post_message, store_together

__all__ = [
    "Claim",
    "Outcome",
    "Post",
    "store_together",
    "AgentIsFull",
    "NotEnded",
    "SupportClosed",
    "Author",
    "ChatEnded",
    "ChatStart",
    "ChatTaken",
    "Draft",
    "DraftConflict",
    "Identification",
    "IdentificationPending",
    "NoChat",
    "NotIdentified",
    "NotWaiting",
    "NotYourChat",
    "NothingToOffer",
    "OfferGone",
    "SeatIsKept",
    "TooManyChats",
    "accept_chat",
    "assign_waiting",
    "check_waiting",
    "book_offered",
    "decline_offered",
    "due_acts",
    "end_chat",
    "enforce",
    "give_sign_of_life",
    "give_signs_of_life",
    "identify",
    "is_typing",
    "keep_waiting",
    "leave_as_message",
    "let_read",
    "move_marks",
    "offer_hours",
    "place_in_queue",
    "post_file",
    "post_message",
    "post_note",
    "put_away",
    "rate",
    "return_to_queue",
    "say",
    "send_transcript",
    "set_available",
    "show_typing",
    "start_chat",
    "stay",
    "turn_waiting_into_messages",
    "words_of_customer",
]
