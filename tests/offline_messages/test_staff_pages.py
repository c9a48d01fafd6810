"""Agents find, read and answer messages; to everybody else those pages do not exist."""

import html

import pytest
from django.urls import reverse
from post_office.models import Email

from offline_messages.models import OfflineMessage, OfflineReply
from tests.offline_messages.cast import BRUNO, ROSA, TEXT, leave, make_agent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("evening")]

LIST = "/agente/mensajes/"
State = OfflineMessage.State


@pytest.fixture
def message():
    left = leave()
    Email.objects.all().delete()
    return left


@pytest.fixture
def agent_client(client, luis):
    client.force_login(luis)
    return client


def detail_of(message) -> str:
    return reverse("offline_messages:detail", args=[message.folio])


def answer_of(message) -> str:
    return reverse("offline_messages:answer", args=[message.folio])


def mark_unread_of(message) -> str:
    return reverse("offline_messages:mark-unread", args=[message.folio])


def page_of(response) -> str:
    return html.unescape(response.content.decode())


def test_the_addresses_are_the_agents_own(message):
    assert reverse("offline_messages:list") == LIST
    assert detail_of(message) == f"{LIST}{message.folio}/"


def test_the_list_shows_what_waits(agent_client, message):
    page = page_of(agent_client.get(LIST))

    assert message.folio in page
    assert ROSA["name"] in page
    assert "Nuevo" in page


def test_the_list_separates_what_was_answered(agent_client, message):
    answered = leave(**BRUNO)
    OfflineMessage.objects.filter(pk=answered.pk).update(state=State.ANSWERED)

    waiting_page, answered_page = (
        page_of(agent_client.get(LIST)),
        page_of(agent_client.get(f"{LIST}?estado=contestados")),
    )

    assert (message.folio in waiting_page, answered.folio in waiting_page) == (True, False)
    assert (message.folio in answered_page, answered.folio in answered_page) == (False, True)


def test_an_empty_list_says_what_will_be_there(agent_client):
    assert "No hay mensajes por contestar." in page_of(agent_client.get(LIST))
    assert "Todavía no hay ninguno." in page_of(agent_client.get(f"{LIST}?estado=contestados"))


def test_a_long_list_has_pages(agent_client):
    folios = [leave().folio for _ in range(26)]

    first, second = (page_of(agent_client.get(f"{LIST}?pagina={number}")) for number in (1, 2))

    assert sum(folio in first for folio in folios) == 25
    assert sum(folio in second for folio in folios) == 1
    assert "pagina=2" in first
    assert page_of(agent_client.get(f"{LIST}?pagina=nada"))


def test_the_list_costs_the_same_however_long_it_is(agent_client, django_assert_max_num_queries):
    for _ in range(10):
        leave()

    with django_assert_max_num_queries(6):
        agent_client.get(LIST)


def test_opening_a_message_shows_it_and_marks_it_read(agent_client, message):
    page = page_of(agent_client.get(detail_of(message)))

    for shown in (ROSA["name"], ROSA["email"], TEXT, "Formulario", "Leído", "24 Nov 2026, 20:15"):
        assert shown.lower() in page.lower()
    message.refresh_from_db()
    assert message.state == State.READ


def test_what_the_customer_wrote_is_shown_and_not_run(agent_client):
    message = leave(name="<i>Rosa", text="<script>alert(1)</script>")

    for address in (LIST, detail_of(message)):
        content = agent_client.get(address).content.decode()
        assert "<script>alert" not in content
        assert "<i>Rosa" not in content


def test_an_answer_is_mailed_and_the_agent_told(agent_client, message, luis):
    response = agent_client.post(answer_of(message), {"text": "Renueve su certificado."}, follow=True)

    assert response.redirect_chain == [(LIST, 302)]
    assert f"Su respuesta a {message.folio} va en camino por correo." in page_of(response)
    assert OfflineReply.objects.get().author == luis
    assert Email.objects.get().to == [ROSA["email"]]


def test_an_answered_message_shows_the_answer_and_offers_no_second(agent_client, message):
    agent_client.post(answer_of(message), {"text": "Renueve su certificado."})

    page = page_of(agent_client.get(detail_of(message)))

    assert "Renueve su certificado." in page
    assert "Luis Campos contestó el" in page
    assert "<textarea" not in page
    assert "Marcar como por contestar" in page


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" \u200b", "Escriba la respuesta."),
        ("x" * 4001, "La respuesta puede tener hasta 4000 caracteres; la suya tiene 4001. Acórtela."),
    ],
)
def test_an_answer_that_is_refused_stays_on_the_page(agent_client, message, text, sentence):
    page = page_of(agent_client.post(answer_of(message), {"text": text}))

    assert sentence in page
    assert text.strip() in page
    assert not Email.objects.exists()


def test_the_agent_who_comes_second_keeps_the_text_and_reads_the_first(agent_client, message, carmen):
    agent_client.post(answer_of(message), {"text": "Renueve su certificado."})
    agent_client.force_login(carmen)

    response = agent_client.post(answer_of(message), {"text": "Reinicie el equipo."})

    assert response.status_code == 409
    page = page_of(response)
    for shown in ("Este mensaje ya fue contestado", "Reinicie el equipo.", "Renueve su certificado."):
        assert shown in page
    assert Email.objects.count() == 1


def test_a_message_is_left_for_later(agent_client, message):
    agent_client.get(detail_of(message))

    response = agent_client.post(mark_unread_of(message), follow=True)

    assert f"El mensaje {message.folio} quedó por contestar." in page_of(response)
    message.refresh_from_db()
    assert message.state == State.NEW


def every_request(client, folio: str):
    """What each of the pages about a message answers."""
    yield client.get(reverse("offline_messages:detail", args=[folio]))
    yield client.post(reverse("offline_messages:answer", args=[folio]), {"text": "Hola."})
    yield client.post(reverse("offline_messages:mark-unread", args=[folio]))


def without_folio(response, folio: str) -> tuple[int, str, str]:
    location = response.headers.get("Location", "")
    return response.status_code, location.replace(folio, ""), page_of(response).replace(folio, "")


NO_RIGHTS = {
    "nobody": lambda: None,
    "a user in no group": lambda: make_agent("ajeno", group=None),
    "an administrator of something else": lambda: make_agent("otra", group="Ventas", is_staff=True),
}


@pytest.mark.parametrize("who", NO_RIGHTS)
def test_without_rights_a_message_looks_like_one_that_does_not_exist(client, message, who):
    if user := NO_RIGHTS[who]():
        client.force_login(user)

    seen = [without_folio(response, message.folio) for response in every_request(client, message.folio)]
    missing = [without_folio(response, "M-222222") for response in every_request(client, "M-222222")]

    assert seen == missing
    assert {status for status, *_ in seen} == ({404} if user else {302})
    message.refresh_from_db()
    assert message.state == State.NEW
    assert not OfflineReply.objects.exists()


def test_a_wrong_folio_looks_to_agents_as_their_pages_look_to_others(client, message, luis):
    client.force_login(make_agent("ajeno", group=None))
    forbidden = [without_folio(response, message.folio) for response in every_request(client, message.folio)]

    client.force_login(luis)

    assert [
        without_folio(response, "M-222222") for response in every_request(client, "M-222222")
    ] == forbidden


def test_the_list_is_for_agents(client, message):
    assert client.get(LIST).status_code == 302
    client.force_login(make_agent("ajeno", group=None))
    assert client.get(LIST).status_code == 404


def test_an_agent_who_was_disabled_is_out(agent_client, luis, message):
    luis.is_active = False
    luis.save()

    assert agent_client.get(LIST).status_code == 302


@pytest.mark.parametrize("fields", [{"group": "Supervisores"}, {"group": None, "is_superuser": True}])
def test_supervisors_and_administrators_may_answer_as_well(client, message, fields):
    client.force_login(make_agent("jefa", **fields))

    assert client.get(LIST).status_code == 200


def test_reading_does_not_answer_and_answering_does_not_read(agent_client, message):
    assert agent_client.get(answer_of(message)).status_code == 405
    assert agent_client.get(mark_unread_of(message)).status_code == 405
    assert agent_client.post(detail_of(message)).status_code == 405
