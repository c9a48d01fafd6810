"""The customer's chat as pages and forms. Scripts make it live; without them it works all the same.

GET shows, POST changes and redirects to the chat. A form that is refused comes back with status 422 and
everything that was typed.
"""

from chat.views.customer.lines import send
from chat.views.customer.pages import View, conversation, framed, page
from chat.views.customer.protocol import command, poll
from chat.views.customer.session import end, identify, put_away, rate, send_transcript, stay
from chat.views.customer.starting import start
from chat.views.customer.waiting import book_offered, decline_offered, keep_waiting, leave_waiting, offline

__all__ = [
    "View",
    "book_offered",
    "command",
    "conversation",
    "decline_offered",
    "end",
    "framed",
    "identify",
    "keep_waiting",
    "leave_waiting",
    "offline",
    "page",
    "poll",
    "put_away",
    "rate",
    "send",
    "send_transcript",
    "start",
    "stay",
]
