"""What becomes of files that the scanner has yet to look at, and what a chat is told of them."""

from datetime import datetime
from io import BytesIO

from django.core.files.base import ContentFile
from django.db import transaction

from chat import events, scanning
from chat.models import Attachment, ChatSession, quarantine_path
from chat.services.messages import tell_scan
from core.acts import each

Scan = Attachment.Scan

# What a round begins with a scanner that stops answering, it waits for.
_MOST_AT_ONCE = 10


def check_waiting(now: datetime) -> int:
    """Scan files that wait, the oldest first, and return how many have a verdict now.

    Two clocks may ask about one file; the first verdict counts, and is told once.
    """
    waiting = Attachment.objects.filter(scan=Scan.WAITING).order_by("pk")[:_MOST_AT_ONCE]
    if not waiting or not scanning.answers():
        return 0
    return each(waiting, _check, now)


def _check(attachment: Attachment, now: datetime) -> bool:
    finding = scanning.look_at(BytesIO(_bytes(attachment)))
    # Without a verdict it stays where it is, also when the scanner was switched off meanwhile.
    has_verdict = finding.scan in {Scan.CLEAN, Scan.INFECTED}
    return has_verdict and settle(attachment=attachment, finding=finding, now=now)


def settle(*, attachment: Attachment, finding: scanning.Finding, now: datetime) -> bool:
    """Record the verdict on a file that waits, and tell both sides; False when it has one already."""
    before, storage = str(attachment.content.name), attachment.content.storage
    if finding.scan == Scan.CLEAN:
        return _settle(attachment, finding, before, now)
    # Copied first: at no moment is there a row without its file.
    apart = storage.save(quarantine_path(attachment), ContentFile(_bytes(attachment)))
    try:
        is_first = _settle(attachment, finding, apart, now)
    except Exception:
        storage.delete(apart)
        raise
    storage.delete(before if is_first else apart)
    return is_first


@transaction.atomic
def _settle(attachment: Attachment, finding: scanning.Finding, path: str, now: datetime) -> bool:
    session = ChatSession.objects.lock(attachment.message.session_id)
    waiting = Attachment.objects.filter(pk=attachment.pk, scan=Scan.WAITING)
    if not waiting.update(scan=finding.scan, virus=finding.virus, content=path):
        return False
    attachment.refresh_from_db()
    # Before the line that says so, at which a page that missed it reads its files again.
    events.announce_scan(attachment)
    tell_scan(session, attachment, now)
    session.save()
    return True


def _bytes(attachment: Attachment) -> bytes:
    with attachment.content.open("rb") as content:
        return bytes(content.read())
