"""Agents and supervisors who want more than they are given: rights, records, columns that are not shown."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from post_office.models import Email

from chat import links
from chat.models import Agent, ChatSession
from scheduling.models import Appointment
from tests.chat.factories import AgentFactory
from tests.security.routes import routes

pytestmark = pytest.mark.django_db

LISTS = [route.path for route in routes() if route.name.endswith("_changelist")]
ABOUT_AGENTS = [route for route in routes() if route.path.startswith("/admin/chat/agent/")]
RECORDS = [
    "chat/chatsession",
    "scheduling/appointment",
    "offline_messages/offlinemessage",
    "post_office/email",
]


@pytest.fixture
def root(db) -> Agent:
    return AgentFactory.create(username="raíz", is_superuser=True)


# --- What the addresses of the admin's lists are asked --------------------------------------------------


def test_a_supervisor_guesses_the_link_in_a_mail_letter_by_letter(world, browsers):
    """Mails stay closed: the link of one opens a customer's chat to whoever has it."""
    mail = Email.objects.get(message__contains="/citas/", subject__contains=world.appointment.folio)
    for lookup in ("message", "html_message", "headers", "context", "message_id"):
        for kind in ("startswith", "contains", "regex", "gt"):
            answer = browsers["supervisor"].get("/admin/post_office/email/", {f"{lookup}__{kind}": "a"})
            assert answer.status_code == 400, (lookup, kind)
            assert mail.subject not in answer.text


@pytest.mark.parametrize(
    "lookup",
    [
        "password__startswith",
        "agent__password__startswith",
        "visitor__key_hash__startswith",
        "readers__key_hash__startswith",
        "hold_key__startswith",
        "arrived_key_hash__startswith",
        "messages__text__contains",
        "folio__regex",
        "created_at__regex",
        "created_at__date__contains",
        "state__regex",
        "agent__id__regex",
        "groups__name__startswith",
        "groups__permissions__codename",
        "date_joined__year",
    ],
)
def test_a_list_is_asked_for_columns_that_it_does_not_show(world, browsers, lookup):
    for address in LISTS:
        answer = browsers["supervisor"].get(address, {lookup: "(a+)+$"})
        assert answer.status_code in {302, 400}, address


def test_the_filters_that_the_lists_offer_are_followed(world, browsers):
    """The same gate lets through what the pages themselves link to."""
    followed = 0
    for address in LISTS:
        page = browsers["supervisor"].get(address).text
        queries = [part.split('"')[0] for part in page.split('href="?')[1:]]
        # One value of each filter.
        for query in {query.split("=")[0]: query for query in queries}.values():
            answer = browsers["supervisor"].get(f"{address}?{query.replace('&amp;', '&')}")
            assert answer.status_code == 200, (address, query)
            followed += 1
    assert followed > 20


@pytest.mark.parametrize(
    "query", ["_to_field=password", "_to_field=email&_popup=1", "_to_field=visitor__key_hash"]
)
def test_a_popup_is_asked_for_another_column_than_the_key(world, browsers, query):
    for address in LISTS:
        assert browsers["supervisor"].get(f"{address}?{query}").status_code == 400


@pytest.mark.parametrize(
    "asked", [("chatsession", "visitor"), ("agent", "groups"), ("agent", "user_permissions")]
)
def test_the_suggestions_of_a_field_are_asked_for_a_table_without_a_page(browsers, asked):
    question = {"app_label": "chat", "model_name": asked[0], "field_name": asked[1], "term": "a"}

    assert browsers["supervisor"].get("/admin/autocomplete/", question).status_code == 403


# --- Rights ---------------------------------------------------------------------------------------------

WANTED = {
    "is_superuser": "on",
    "is_staff": "on",
    "user_permissions": ["1", "2", "3"],
    "groups": ["1", "2"],
    "group": "Supervisores",
    "password": "md5$x$y",
    "username": "laura",
    "first_name": "Laura",
    "email": "laura@facturando.example",
    "is_active": "on",
    "capacity": "4",
    "greeting": "Hola, {nombre}",
}


def test_an_agent_raises_the_own_rights_by_every_form(world, browsers, laura):
    """Whatever a form of the console is posted with, the account keeps its group and its flags."""
    kept = ("is_superuser", "is_staff", "is_active", "username", "password", "capacity")
    before = Agent.objects.values(*kept).get(pk=laura.pk)
    for route in routes():
        ids = world.ids | {"object_id": [str(laura.pk)], "id": [str(laura.pk)]}
        for address in route.with_(ids) if route.name != "chat:logout" else ():
            browsers["agent"].post(address, WANTED)

    assert Agent.objects.values(*kept).get(pk=laura.pk) == before
    assert [group.name for group in laura.groups.all()] == ["Agentes"]
    assert not laura.user_permissions.exists()
    assert not Agent.objects.filter(is_superuser=True).exists()


def test_a_supervisor_makes_or_becomes_no_superuser_by_any_address(world, browsers, elena, root):
    before = Agent.objects.values().get(pk=root.pk)
    for route in ABOUT_AGENTS:
        for pk in (root.pk, elena.pk):
            form = WANTED | {"password1": "otra-clave-larga-2", "password2": "otra-clave-larga-2"}
            for address in route.with_({"object_id": [str(pk)], "id": [str(pk)]}):
                browsers["supervisor"].post(address, form)
                browsers["supervisor"].post(address, {"post": "yes", "_hit_confirmed": "1"})

    assert Agent.objects.values().get(pk=root.pk) == before
    assert list(Agent.objects.filter(is_superuser=True)) == [root]
    assert not Agent.objects.filter(user_permissions__isnull=False).exists()
    assert not Agent.objects.filter(is_staff=True).exists()


def test_an_action_of_the_admin_deletes_no_record(world, browsers):
    before = world.rows()
    keys = [str(world.open_chat.pk), str(world.appointment.pk), str(world.left.pk)]
    for address in LISTS:
        for action in ("delete_selected", "requeue", "__delete__", "export_admin_action"):
            form = {
                "action": action,
                "_selected_action": keys,
                "post": "yes",
                "select_across": "1",
                "index": "0",
            }
            assert browsers["supervisor"].post(address, form).status_code in {200, 302, 403}

    assert world.rows() == before
    assert Agent.objects.filter(pk=world.open_chat.agent_id).exists()


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_neither_changed_nor_deleted_nor_made_up_by_address(world, browsers, record):
    before, count = world.rows(), Email.objects.count()
    for row in (world.open_chat, world.appointment, world.left, Email.objects.earliest("pk")):
        for address in (f"{row.pk}/change/", f"{row.pk}/delete/", "add/"):
            form = {"post": "yes", "_save": "1", "text": "otro", "name": "otro", "state": "ended"}
            browsers["supervisor"].post(f"/admin/{record}/{address}", form)

    assert (world.rows(), Email.objects.count()) == (before, count)


def test_the_history_of_a_page_tells_no_password(browsers, laura):
    form = {"password1": "otra-clave-larga-2", "password2": "otra-clave-larga-2", "_save": "1"}
    browsers["supervisor"].post(f"/admin/chat/agent/{laura.pk}/password/", form)
    page = browsers["supervisor"].get(f"/admin/chat/agent/{laura.pk}/history/").text

    laura.refresh_from_db()
    assert laura.check_password("otra-clave-larga-2")
    for told in (page, *LogEntry.objects.values_list("change_message", flat=True)):
        assert "otra-clave" not in told
        assert laura.password not in told


def test_a_password_is_shown_on_no_page_of_the_admin(browsers, laura):
    laura.set_password("una-clave-larga-1")
    laura.save()
    for route in ABOUT_AGENTS:
        for address in route.with_({"object_id": [str(laura.pk)], "id": [str(laura.pk)]}):
            page = browsers["supervisor"].get(address).text
            assert laura.password.split("$")[-1] not in page, address


# --- Whoever was disabled, or lost a group --------------------------------------------------------------


@pytest.mark.parametrize("change", ["disabled", "without group"])
@pytest.mark.parametrize("part", ["agent", "supervisor"])
def test_a_session_that_is_still_open_opens_nothing_any_more(world, browsers, laura, elena, part, change):
    agent = {"agent": laura, "supervisor": elena}[part]
    if change == "disabled":
        Agent.objects.filter(pk=agent.pk).update(is_active=False)
    else:
        agent.groups.clear()
    before = ChatSession.objects.values().get(pk=world.open_chat.pk)
    for route in (route for route in routes() if route.open_to not in {None, "anybody", "one's own"}):
        for address in route.with_(world.ids):
            for method in ("get", "post"):
                answer = getattr(browsers[part], method)(address, {"text": "sigo aquí", "act": "cancel"})
                assert answer.status_code in {302, 403, 404, 405}, (method, address)
                assert world.line.text not in answer.text

    assert ChatSession.objects.values().get(pk=world.open_chat.pk) == before
    assert Appointment.objects.get(pk=world.appointment.pk).is_booked


def test_a_link_of_a_mail_gives_no_right_to_write(world, browsers):
    """It opens an ended chat for reading; its browser is not the customer's."""
    browser = Client(raise_request_exception=False)
    assert browser.get(f"/chat/enlace/{world.links['chat']}/", follow=True).status_code == 200
    assert links.session_of(world.links["chat"]) == world.ended_chat
    before = world.rows()
    for route in routes():
        if route.open_to == "one's own" and not route.arguments:
            browser.post(route.path, {"text": "intruso", "rating": "bad"})

    assert world.rows() == before
