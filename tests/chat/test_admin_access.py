"""Who gets into the supervisors' pages, and what is kept out of them."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chat.models import SUPERVISORS_GROUP, Agent
from tests.chat.factories import AgentFactory, attended

pytestmark = pytest.mark.django_db
INDEX = "/admin/"
LISTS = [
    "/admin/chat/agent/",
    "/admin/chat/program/",
    "/admin/chat/chatsession/",
    "/admin/scheduling/businesshours/",
    "/admin/scheduling/specialday/",
    "/admin/offline_messages/offlinemessage/",
    "/admin/post_office/email/",
]


@pytest.fixture
def supervisor(client):
    client.force_login(AgentFactory.create(group=SUPERVISORS_GROUP, username="elena"))
    return client


@pytest.fixture
def agent(client, laura):
    client.force_login(laura)
    return client


def test_an_outsider_is_sent_to_the_door(client):
    response = client.get(INDEX)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_a_page_asks_once_whose_it_is_however_many_tables_it_names(supervisor):
    with CaptureQueriesContext(connection) as asked:
        assert "Sesiones de chat" in supervisor.get(INDEX).text

    assert sum("auth_group" in query["sql"] for query in asked.captured_queries) == 1


def test_an_agent_finds_no_supervision(agent):
    page = agent.get(INDEX, follow=True).text
    assert "Supervisión del soporte" not in page
    assert "Sesiones de chat" not in page


@pytest.mark.parametrize("address", LISTS)
def test_an_agent_opens_no_list(agent, address):
    assert agent.get(address).status_code != 200


def test_an_agent_with_every_flag_of_django_but_without_the_group_stays_out(client):
    client.force_login(AgentFactory.create(is_staff=True))
    assert client.get(INDEX).status_code == 302


def test_an_agent_does_not_read_a_transcript_by_its_address(agent, diego):
    session = attended(diego)
    address = reverse("admin:chat_chatsession_change", args=[session.pk])
    assert session.name not in agent.get(address, follow=True).text


def test_a_disabled_supervisor_stays_out(client):
    client.force_login(AgentFactory.create(group=SUPERVISORS_GROUP, is_active=False))
    assert client.get(INDEX).status_code == 302


def test_a_supervisor_sees_all_there_is_to_run(supervisor):
    page = supervisor.get(INDEX).text
    for words in (
        "Agentes",
        "Programas",
        "Sesiones de chat",
        "Horarios de atención",
        "Mensajes fuera de línea",
    ):
        assert words in page
    assert "Correos enviados" in page


@pytest.mark.parametrize("address", LISTS)
def test_a_supervisor_opens_every_list(supervisor, address):
    assert supervisor.get(address).status_code == 200


def test_a_supervisor_has_no_rights_of_djangos_own():
    elena = AgentFactory.create(group=SUPERVISORS_GROUP)
    assert not elena.is_superuser
    assert not elena.is_staff
    assert not elena.get_all_permissions()


def test_groups_and_the_insides_of_the_mail_queue_are_not_offered():
    offered = {model._meta.label for model in admin.site._registry}
    assert offered == {
        "chat.Agent",
        "chat.Program",
        "chat.ChatSession",
        "scheduling.Appointment",
        "scheduling.BusinessHours",
        "scheduling.Service",
        "scheduling.Shift",
        "scheduling.SpecialDay",
        "offline_messages.OfflineMessage",
        "post_office.Email",
    }
    assert Group not in admin.site._registry


@pytest.mark.parametrize("address", [INDEX, *LISTS, "/admin/chat/agent/add/", "/admin/password_change/"])
def test_no_page_needs_an_unsafe_policy(supervisor, address):
    response = supervisor.get(address)
    policy = response["Content-Security-Policy"]
    assert "unsafe-" not in policy
    assert "default-src 'none'" in policy
    assert "<script>" not in response.text
    assert " style=" not in response.text
    assert " onclick=" not in response.text


def test_leaving_goes_through_the_console_s_door(supervisor):
    page = supervisor.get(INDEX).text
    assert f'action="{reverse("chat:logout")}"' in page
    assert "Salir" in page


def test_a_supervisor_changes_the_own_password(client):
    elena = AgentFactory.create(group=SUPERVISORS_GROUP, username="elena")
    elena.set_password("clave-anterior-1")
    elena.save()
    client.force_login(elena)
    data = {
        "old_password": "clave-anterior-1",
        "new_password1": "otra-clave-larga-2",
        "new_password2": "otra-clave-larga-2",
    }
    assert client.post("/admin/password_change/", data).status_code == 302
    assert Agent.objects.get(pk=elena.pk).check_password("otra-clave-larga-2")
