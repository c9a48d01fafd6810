"""Supervisors look messages up in the admin and change nothing there."""

import html

import pytest
from django.urls import reverse

from offline_messages.models import OfflineReply
from tests.offline_messages.cast import BRUNO, EVENING, leave, make_agent

pytestmark = pytest.mark.django_db

CHANGE_LIST = "admin:offline_messages_offlinemessage_changelist"


@pytest.fixture
def admin_client(client):
    client.force_login(make_agent("jefa", group="Supervisores"))
    return client


def page_of(response) -> str:
    assert response.status_code == 200
    return html.unescape(response.content.decode())


@pytest.mark.parametrize("searched", ["folio", "name", "email", "text"])
def test_a_message_is_found_by_what_is_known_of_it(admin_client, searched):
    wanted, other = leave(), leave(**BRUNO, text="Otra consulta: error 500.")

    page = page_of(admin_client.get(reverse(CHANGE_LIST), {"q": getattr(wanted, searched)}))

    assert wanted.folio in page
    assert other.folio not in page


def test_messages_are_told_apart_by_state(admin_client):
    message = leave()

    assert message.folio in page_of(admin_client.get(reverse(CHANGE_LIST), {"state__exact": "new"}))
    assert message.folio not in page_of(admin_client.get(reverse(CHANGE_LIST), {"state__exact": "answered"}))


def test_a_message_is_read_with_its_answers_and_not_changed(admin_client, luis):
    message = leave()
    OfflineReply.objects.create(
        message=message, author=luis, text="Renueve su certificado.", created_at=EVENING
    )

    page = page_of(
        admin_client.get(reverse("admin:offline_messages_offlinemessage_change", args=[message.pk]))
    )

    assert message.text in page
    assert "Renueve su certificado." in page
    assert 'name="_save"' not in page
    assert "deletelink" not in page


def test_nobody_adds_or_deletes_a_message(admin_client):
    message = leave()

    assert admin_client.get(reverse("admin:offline_messages_offlinemessage_add")).status_code == 403
    delete = reverse("admin:offline_messages_offlinemessage_delete", args=[message.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403


def test_agents_do_not_see_the_admin(client, luis):
    client.force_login(luis)

    assert client.get(reverse(CHANGE_LIST)).status_code == 302
