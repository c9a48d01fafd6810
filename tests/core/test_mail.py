"""A mail is queued with the change it tells of, says what was typed and no more, and really leaves."""

import asyncio
import email
import email.policy
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.template import TemplateDoesNotExist
from django.utils import timezone
from post_office.models import STATUS, Email

from core import mail
from core.lease import lease
from core.mail import forget_old, queue_mail, send_queued, withdraw

pytestmark = pytest.mark.django_db(transaction=True)

ROSA = "rosa@despacho-lopez.mx"
TEXT = "{{ message }} </p> {% now 'Y' %} O'Brien & Cía.\n.\nDesde aquí: ñ, €, 😀"


@pytest.fixture(autouse=True)
def letters(settings, tmp_path: Path) -> Path:
    """Templates of the tests' own, beside the project's."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "plain.txt").write_text("Buen día, {{ name }}:\n\n{{ text }}\n\n{{ public_url }}\n")
    (tmp_path / "mail" / "both.txt").write_text("{{ text }}")
    (tmp_path / "mail" / "both.html").write_text("<p>{{ text }}</p>")
    (tmp_path / "mail" / "broken.txt").write_text("{{ text }}")
    (tmp_path / "mail" / "broken.html").write_text("{% extends 'mail/no_such_layout.html' %}")
    templates = [settings.TEMPLATES[0] | {"DIRS": [tmp_path]}, *settings.TEMPLATES[1:]]
    settings.TEMPLATES = templates
    return tmp_path


def queue(**changes: object) -> Email:
    arguments = {"to": ROSA, "template": "plain", "subject": "Recibimos su mensaje", "context": {}}
    queue_mail(**(arguments | changes))  # type: ignore[arg-type]
    return Email.objects.latest("pk")


def test_a_mail_is_plain_text_with_what_was_typed(settings):
    row = queue(context={"name": "O'Brien", "text": TEXT})

    assert row.message == f"Buen día, O'Brien:\n\n{TEXT}\n\n{settings.PUBLIC_URL}\n"
    assert row.html_message == ""
    assert row.from_email == settings.DEFAULT_FROM_EMAIL
    assert row.status == STATUS.queued


def test_what_was_typed_is_escaped_in_html_and_never_run_as_a_template():
    row = queue(template="both", context={"text": TEXT})

    assert row.message == TEXT + "\n"
    assert "&lt;/p&gt; {% now &#x27;Y&#x27; %}" in row.html_message
    assert "{{ message }}" in row.html_message


def test_robots_are_told_that_a_robot_writes():
    assert queue().headers == {"Auto-Submitted": "auto-generated"}


def test_a_subject_is_one_line_of_bounded_length():
    assert queue(subject="Uno\r\nBcc: bruno@gil.mx\u2028\x00 dos").subject == "Uno Bcc: bruno@gil.mx dos"
    assert len(queue(subject="largo " * 100).subject) == 150


@pytest.mark.parametrize(
    "to",
    [
        "",
        "rosa",
        f"{ROSA}\nBcc: bruno@gil.mx",
        f"{ROSA}\r\n",
        f"{ROSA}, bruno@gil.mx",
        f"{ROSA};bruno@gil.mx",
        f"Rosa <{ROSA}>",
    ],
)
def test_a_mail_goes_to_exactly_one_address(to):
    with pytest.raises(ValidationError):
        queue(to=to)

    assert not Email.objects.exists()


def test_a_mail_falls_with_the_change_it_tells_of():
    with transaction.atomic():
        queue()
        transaction.set_rollback(True)

    assert not Email.objects.exists()


def test_a_missing_text_and_a_broken_html_are_told_to_the_programmer():
    for template in ("no_such", "broken"):
        with pytest.raises(TemplateDoesNotExist):
            queue(template=template)


def test_nothing_queued_costs_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert send_queued() == 0


@pytest.fixture
def mail_folder(settings, tmp_path: Path) -> Path:
    folder = tmp_path / "sent"
    options = {"file_path": folder}
    settings.MAILERS = {
        "default": {"BACKEND": "django.core.mail.backends.filebased.EmailBackend", "OPTIONS": options}
    }
    return folder


def test_a_queued_mail_is_written_to_a_file_once(mail_folder):
    row = queue(context={"name": "Rosa", "text": TEXT})

    assert send_queued() == 1
    assert send_queued() == 0

    (file,) = mail_folder.iterdir()
    assert "Auto-Submitted: auto-generated" in file.read_text()
    row.refresh_from_db()
    assert row.status == STATUS.sent


def test_while_one_process_sends_no_other_does(mail_folder):
    queue()
    with lease(mail._SENDING):
        assert send_queued() == 0
        assert not mail_folder.exists()

    assert send_queued() == 1


def test_a_batch_that_breaks_off_does_not_keep_the_others_from_sending(mail_folder, monkeypatch):
    queue()
    with monkeypatch.context() as broken:
        broken.setattr(mail.post_office_mail, "send_queued", lambda **_kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send_queued()

    assert send_queued() == 1


class Letterbox(MessageHandler):
    """A mail server's memory, or its refusal."""

    def __init__(self, refusal: str = "") -> None:
        super().__init__()
        self.refusal = refusal
        self.received: list[EmailMessage] = []

    async def handle_DATA(self, server, session, envelope):
        if self.refusal:
            return self.refusal
        return await super().handle_DATA(server, session, envelope)

    def prepare_message(self, _session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        return message

    def handle_message(self, message):
        self.received.append(message)


class AnyPortController(Controller):
    """Listens on a port that the system picks, so that no other program can have taken it meanwhile."""

    def _trigger_server(self):
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def letterbox(settings):
    box = Letterbox()
    controller = AnyPortController(box, hostname="127.0.0.1", port=0)
    controller.start()
    options = {"host": "127.0.0.1", "port": controller.port, "timeout": 5}
    settings.MAILERS = {
        "default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}
    }
    yield box
    controller.stop()


def test_a_mail_server_gets_what_was_typed(letterbox, settings):
    queue(template="both", context={"text": TEXT}, subject="Señal ñ")

    assert send_queued() == 1

    (message,) = letterbox.received
    assert message["X-Envelope-To"] == message["To"] == ROSA
    assert message["From"] == settings.DEFAULT_FROM_EMAIL
    assert message["Subject"] == "Señal ñ"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == TEXT + "\n"
    assert "O&#x27;Brien" in message.get_body(("html",)).get_content()


def test_a_domain_with_an_accent_reaches_a_mail_server_in_ascii(letterbox):
    queue(to="rosa@despacho-muñoz.mx")

    assert send_queued() == 1
    assert letterbox.received[0]["X-Envelope-To"] == "rosa@xn--despacho-muoz-skb.mx"


def test_a_mail_keeps_its_id_over_every_attempt(letterbox):
    row = queue()

    for _ in range(2):
        Email.objects.update(status=STATUS.queued, scheduled_time=None)
        send_queued()

    assert {message["Message-ID"] for message in letterbox.received} == {row.message_id}
    assert len(letterbox.received) == 2
    assert row.message_id.endswith("@127.0.0.1>")


def test_a_mail_that_was_refused_is_tried_again_later(letterbox):
    letterbox.refusal = "451 try later"
    row = queue()

    assert send_queued() == 0
    assert send_queued() == 0

    row.refresh_from_db()
    assert row.status == STATUS.requeued
    assert row.number_of_retries == 1

    letterbox.refusal = ""
    Email.objects.update(scheduled_time=None)
    assert send_queued() == 1
    assert len(letterbox.received) == 1


def test_a_mail_server_that_is_gone_loses_nothing(letterbox, settings):
    settings.MAILERS["default"]["OPTIONS"]["port"] = 1
    row = queue()

    assert send_queued() == 0

    row.refresh_from_db()
    assert row.status == STATUS.requeued


def test_a_mail_that_waits_is_withdrawn_by_its_tag_and_no_other_is(letterbox):
    queue(tag="reminder/S-234567", subject="Recordatorio")
    queue(tag="reminder/S-765432", subject="De otra cita")
    queue(subject="Sin marca")

    assert withdraw(tag="reminder/S-234567", now=timezone.now()) == 1

    assert send_queued() == 2
    assert {message["Subject"] for message in letterbox.received} == {"De otra cita", "Sin marca"}
    assert not any("S-765432" in message.as_string() for message in letterbox.received)


def test_a_mail_that_a_server_refused_is_withdrawn_as_well(letterbox):
    letterbox.refusal = "451 try later"
    queue(tag="reminder/S-234567")
    send_queued()
    letterbox.refusal = ""

    assert withdraw(tag="reminder/S-234567", now=timezone.now()) == 1

    Email.objects.update(scheduled_time=None)
    assert send_queued() == 0


def test_a_mail_withdrawn_while_a_server_refuses_it_is_not_tried_again(letterbox):
    def withdraw_meanwhile():
        withdraw(tag="reminder/S-234567", now=timezone.now())
        connections.close_all()

    async def withdraw_and_refuse(*_arguments):
        await asyncio.to_thread(withdraw_meanwhile)
        return "451 try later"

    letterbox.handle_DATA = withdraw_and_refuse
    row = queue(tag="reminder/S-234567")
    send_queued()
    del letterbox.handle_DATA

    row.refresh_from_db()
    assert row.status == STATUS.requeued
    Email.objects.update(scheduled_time=None)
    assert send_queued() == 0


def test_what_went_out_is_not_withdrawn(letterbox):
    row = queue(tag="reminder/S-234567")
    send_queued()

    assert withdraw(tag="reminder/S-234567", now=timezone.now()) == 0

    row.refresh_from_db()
    assert (row.status, row.expires_at) == (STATUS.sent, None)


def test_a_withdrawal_falls_with_the_change_it_belongs_to(letterbox):
    queue(tag="reminder/S-234567")
    with transaction.atomic():
        withdraw(tag="reminder/S-234567", now=timezone.now())
        transaction.set_rollback(True)

    assert send_queued() == 1


def test_mails_are_forgotten_after_their_time_and_no_sooner(settings):
    old, young = queue(), queue()
    now = timezone.now()
    Email.objects.filter(pk=old.pk).update(created=now - settings.MAIL_KEPT - timedelta(seconds=1))
    Email.objects.filter(pk=young.pk).update(created=now - settings.MAIL_KEPT + timedelta(seconds=60))

    assert forget_old(now) == 1

    assert list(Email.objects.all()) == [young]


def test_old_mails_are_looked_for_once_an_hour(settings):
    assert forget_old(timezone.now()) == 0
    Email.objects.filter(pk=queue().pk).update(created=timezone.now() - settings.MAIL_KEPT * 2)

    assert forget_old(timezone.now()) == 0
    assert Email.objects.count() == 1


def test_an_attachment_goes_with_its_mail_and_is_forgotten_with_it(letterbox, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    content = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    row = queue(attachments=[("cita.ics", "application/ics", content)])
    (stored,) = row.attachments.all()
    path = Path(stored.file.path)

    assert send_queued() == 1

    (part,) = letterbox.received[0].iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("cita.ics", "application/ics")
    assert part.get_content() == content
    Email.objects.update(created=timezone.now() - settings.MAIL_KEPT * 2)
    forget_old(timezone.now())
    assert not path.exists()
