"""Links in mails to customers: signed, good for a week, and exchanged for the browser's own cookie."""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

from chat.models import ChatSession

SALT = "chat.link"
# Long enough to read the mail after a weekend, short enough for a mailbox that others read later.
GOOD_FOR = timedelta(days=7)


def link_to(session: ChatSession) -> str:
    """The full address that opens an ended chat in any browser until it expires."""
    token = signing.dumps(session.pk, salt=SALT)
    return settings.PUBLIC_URL + reverse("chat:open-link", args=[token])


def session_of(token: str) -> ChatSession | None:
    """The ended chat a link is for; None when it expired, was changed, or is not ours."""
    try:
        pk = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None
    return ChatSession.objects.ended().filter(pk=pk).first()
