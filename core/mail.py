"""Queue a mail together with the change it tells of, and send what is queued."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.validators import validate_email
from django.template import Context, Engine, TemplateDoesNotExist
from django.template.loader import render_to_string
from post_office import mail as post_office_mail
from post_office.models import PRIORITY, STATUS, Email
from post_office.models import Attachment as StoredAttachment
from post_office.utils import cleanup_expired_mails

from core.lease import lease
from core.text import one_line

# RFC 5322 advises lines of 78 characters; more than two of them is no longer a subject.
SUBJECT_MAX_CHARS = 150
# RFC 3834: vacation notices and other robots do not answer such a mail.
HEADERS = {"Auto-Submitted": "auto-generated"}

_SENDING = "core.mail.sending"
_FORGETTING = "core.mail.forgetting"
_FORGETTING_SECONDS = 3600


# A file's name, its content type and its bytes.
type Attachment = tuple[str, str, bytes]


def queue_mail(
    *,
    to: str,
    template: str,
    context: dict[str, Any],
    subject: str,
    attachments: Sequence[Attachment] = (),
    tag: str = "",
) -> None:
    """Queue ``templates/mail/<template>.txt``, and its ``.html`` if there is one, for the clock to send.

    It is rows in the database, so it stands or falls with the caller's transaction; the bytes of attachments
    lie beside the chat's files, and go with the mail. By its `tag`, which nobody but us reads, it can be
    withdrawn. Raises ValidationError when `to` is not exactly one address.
    """
    validate_email(to)
    context = {"public_url": settings.PUBLIC_URL} | context
    # post_office.mail.send() would compile the rendered text as a template again: what a customer typed
    # between braces would be executed. The row itself takes it as it is.
    mail = Email.objects.create(
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to],
        subject=one_line(subject)[:SUBJECT_MAX_CHARS],
        message=_render_text(f"mail/{template}.txt", context),
        html_message=_render_html(f"mail/{template}.html", context),
        headers=HEADERS,
        # Without a template post_office makes nothing of it.
        context={"tag": tag} if tag else None,
        # The same on every attempt, so that a mail sent twice is seen to be one.
        message_id=make_msgid(domain=urlsplit(settings.PUBLIC_URL).hostname),
        priority=PRIORITY.medium,
        status=STATUS.queued,
    )
    mail.attachments.set(_stored(attachment) for attachment in attachments)


def withdraw(*, tag: str, now: datetime) -> int:
    """Keep the mails of a tag that still wait from ever going out, and return how many.

    One that is being sent at this very moment may arrive.
    """
    waiting = Email.objects.filter(context__tag=tag, status__in=[STATUS.queued, STATUS.requeued])
    # Not deleted: post_office writes about the rows that it failed to send, and would find one gone.
    return waiting.update(expires_at=now)


def send_queued() -> int:
    """Send a batch of the mails that are due and return how many went out; the rest waits for the next call.

    What fails is tried again later (``POST_OFFICE``). Costs one query when nothing is due. Only one process
    at a time sends: post_office does not mark the rows it has begun with.
    """
    if not post_office_mail.get_queued().exists():
        return 0
    with lease(_SENDING) as is_ours:
        if not is_ours:
            return 0
        sent, _failed, _requeued = post_office_mail.send_queued(processes=1)
        return sent


def forget_old(now: datetime) -> int:
    """Delete mails older than ``MAIL_KEPT`` and return how many; at most once an hour, whoever asks."""
    if not cache.add(_FORGETTING, True, timeout=_FORGETTING_SECONDS):
        return 0
    mails, _attachments = cleanup_expired_mails(now - settings.MAIL_KEPT)
    return int(mails)


def _stored(attachment: Attachment) -> StoredAttachment:
    name, content_type, content = attachment
    row = StoredAttachment(name=one_line(name), mimetype=content_type)
    row.file.save(name, ContentFile(content), save=True)
    return row


def _render_text(name: str, context: dict[str, Any]) -> str:
    # Plain text has no markup to escape: with escaping O'Brien would read O&#x27;Brien.
    template = Engine.get_default().get_template(name)
    return template.render(Context(context, autoescape=False)).strip() + "\n"


def _render_html(name: str, context: dict[str, Any]) -> str:
    try:
        return render_to_string(name, context)
    except TemplateDoesNotExist as missing:
        if str(missing) != name:
            raise
        return ""
