"""Supervisors see whether a mail went out, and not what is in it."""

import pytest
from django.utils import timezone
from post_office.models import STATUS, Email

from chat.models import SUPERVISORS_GROUP
from core.mail import queue_mail
from tests.chat.factories import AgentFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/post_office/email/"


@pytest.fixture
def supervisor(client):
    client.force_login(AgentFactory.create(group=SUPERVISORS_GROUP))
    return client


@pytest.fixture
def mail():
    queue_mail(
        to="ana@papeleria-lopez.mx",
        template="offline_message_copy",
        context={"name": "Ana", "text": "Secreto del cliente"},
        subject="Recibimos su mensaje",
    )
    return Email.objects.get()


def test_a_mail_is_listed_with_its_state(supervisor, mail):
    page = supervisor.get(LIST).text
    for words in ("Correos enviados", "ana@papeleria-lopez.mx", "Recibimos su mensaje", "por enviar"):
        assert words in page
    assert "Secreto del cliente" not in page


def test_a_mail_that_was_withdrawn_is_not_said_to_be_about_to_leave(supervisor, mail):
    Email.objects.update(expires_at=timezone.now())
    page = supervisor.get(LIST).text
    assert "retirado" in page
    Email.objects.update(status=STATUS.sent)
    assert "retirado" not in supervisor.get(LIST).text


def test_mails_are_found_and_filtered(supervisor, mail):
    def listed(**query: str) -> bool:
        return "Recibimos su mensaje" in supervisor.get(LIST, query).text

    assert listed(q="papeleria")
    assert not listed(q="ferreteria")
    assert listed(estado=str(STATUS.queued))
    assert not listed(estado=str(STATUS.sent))
    assert listed(estado="tonterías")


def test_a_mail_is_neither_read_nor_changed_nor_sent_again(supervisor, mail):
    page = supervisor.get(f"{LIST}{mail.pk}/change/").text
    assert "Secreto del cliente" not in page
    assert supervisor.post(f"{LIST}{mail.pk}/change/", {"subject": "Otro"}).status_code == 403
    assert supervisor.post(f"{LIST}{mail.pk}/delete/", {"post": "yes"}).status_code == 403
    supervisor.post(LIST, {"action": "delete_selected", "_selected_action": str(mail.pk), "post": "yes"})
    supervisor.post(LIST, {"action": "requeue", "_selected_action": str(mail.pk)})
    for action in ("preview", "resend"):
        assert supervisor.get(f"{LIST}{mail.pk}/{action}/", follow=True).status_code in (404, 200)
    assert Email.objects.filter(pk=mail.pk, subject="Recibimos su mensaje").exists()
