"""The console by plain HTTP: who is answered what, and in which words."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from chat.models import SUPERVISORS_GROUP, Agent, ChatSession
from chat.services import end_chat, return_to_queue
from chat.services.appointments import start_due_appointments
from chat.templatetags.chat_lines import place_in_list
from scheduling.models import Shift
from scheduling.services import arrive
from tests.chat.conftest import browser_of
from tests.chat.factories import (
    ANA,
    BETO,
    NOW,
    RFC,
    AgentFactory,
    Customer,
    ProgramFactory,
    accept,
    at,
    conversing,
    end,
    fresh,
    later,
    move_marks,
    note,
    say_as_agent,
    say_as_customer,
    start,
)
from tests.chat.pages import Page
from tests.chat.test_sending_files import send as send_file
from tests.scheduling import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

LOGIN = "login"
CARLA = Customer("Carla Soto", "carla@ferreteria-ruiz.mx", "carla-browser")
TEXT = SimpleUploadedFile("pasos.txt", b"uno, dos")


def browser_with(agent):
    browser = browser_of()
    browser.force_login(agent)
    return browser


@pytest.fixture
def laura(laura):
    Shift.objects.create(agent=laura, weekday=1, opens_at="09:00", closes_at="18:00")
    return laura


@pytest.fixture
def people(laura, diego):
    """Everybody who may knock, by the part they play; Laura attends the running chat of these tests."""
    return {
        "anonymous": browser_of(),
        "its customer": browser_of(ANA),
        "its agent": browser_with(laura),
        "another agent": browser_with(diego),
        "supervisor": browser_with(AgentFactory.create(username="elena", group=SUPERVISORS_GROUP)),
        "disabled agent": browser_with(AgentFactory.create(username="olga", is_active=False)),
        "staff without group": browser_with(Agent.objects.create_user("invitado", is_staff=True)),
    }


def chat_in(state, laura):
    """With a file in it."""
    session = start(ANA) if state == "waiting" else conversing(laura)
    send_file(session)
    return end(session) if state == "ended" else fresh(session)


def posted(address):
    """What a console would post there."""
    ProgramFactory.create()
    identification = {
        "rfc": RFC,
        "legal_name": "Papelería López",
        "program": "CFDI Escritorio",
        "program_version": "5.2",
    }
    return {
        "agent-send": {"text": "Lo reviso", "client_id": uuid.uuid4()},
        "agent-identify": identification,
        "set-available": {"is_available": "1"},
    }.get(address, {})


GETS = {
    "console",
    "lists",
    "list-item",
    "agenda-list",
    "agent-poll",
    "agenda",
    "pane",
    "pane-lines",
    "staff-file",
}
POSTS = {
    "set-available",
    "agent-command",
    "accept",
    "agent-send",
    "agent-identify",
    "agent-end",
    "offer-hours",
}
ABOUT_A_CHAT = {"pane", "pane-lines", "accept", "agent-send", "agent-identify", "agent-end", "offer-hours"}


def url_of(address, session):
    if address == "staff-file":
        sent = session.messages.get(is_file=True).attachment
        return reverse("chat:staff-file", args=[sent.public_id.hex])
    names_a_chat = address in ABOUT_A_CHAT or address == "list-item"
    url = reverse(f"chat:{address}", args=[session.folio] if names_a_chat else [])
    return f"{url}?antes=99" if address == "pane-lines" else url


def answer(browser, address, session):
    url = url_of(address, session)
    response = browser.get(url) if address in GETS else browser.post(url, posted(address))
    # A file stays open until it was read.
    b"".join(response)
    is_login = response.headers.get("Location", "").startswith("/agente/entrar/")
    return LOGIN if is_login else response.status_code


# By address: its agent, another agent, a supervisor. 409 is a refusal in words.
OF_NO_CHAT = {
    "console": (200,) * 3,
    "lists": (200,) * 3,
    # Nothing for a chat that is in none of one's lists.
    "list-item": (200, 204, 204),
    "agenda-list": (200,) * 3,
    "agenda": (200,) * 3,
    "agent-poll": (200,) * 3,
    "agent-command": (200,) * 3,
    "set-available": (302,) * 3,
}
OF_A_CHAT = {
    "waiting": {
        "pane": (200, 200, 200),
        "pane-lines": (200, 200, 200),
        "staff-file": (200, 200, 200),
        "accept": (200, 200, 200),
        "agent-send": (409, 409, 409),
        "agent-identify": (409, 409, 409),
        "agent-end": (409, 409, 409),
        "offer-hours": (409, 409, 409),
    },
    "active": {
        "pane": (200, 404, 200),
        "pane-lines": (200, 404, 200),
        "staff-file": (200, 404, 200),
        # Who was too late reads who was faster.
        "accept": (200, 409, 409),
        "agent-send": (200, 404, 409),
        "agent-identify": (200, 404, 409),
        "agent-end": (200, 404, 409),
        "offer-hours": (200, 404, 409),
    },
    "ended": {
        "pane": (200, 200, 200),
        "pane-lines": (200, 200, 200),
        "staff-file": (200, 200, 200),
        "accept": (409, 409, 409),
        "agent-send": (409, 409, 409),
        "agent-identify": (409, 409, 409),
        # What was wanted is so.
        "agent-end": (200, 200, 200),
        "offer-hours": (409, 409, 409),
    },
}
TABLE = [
    *(("active", address, statuses) for address, statuses in OF_NO_CHAT.items()),
    *((state, address, statuses) for state, rows in OF_A_CHAT.items() for address, statuses in rows.items()),
]
AGENTS = ("its agent", "another agent", "supervisor")


@pytest.mark.parametrize(("who", "place"), [(who, place) for place, who in enumerate(AGENTS)])
@pytest.mark.parametrize(("state", "address", "statuses"), TABLE)
def test_what_agents_are_answered(people, laura, who, place, state, address, statuses):
    session = chat_in(state, laura)

    assert answer(people[who], address, session) == statuses[place]


@pytest.mark.parametrize(("state", "address"), [(state, address) for state, address, _statuses in TABLE])
def test_nobody_else_is_answered_anything(people, laura, state, address):
    session = chat_in(state, laura)
    answers = {who: answer(people[who], address, session) for who in people if who not in AGENTS}

    assert answers == {
        "anonymous": LOGIN,
        "its customer": LOGIN,
        "disabled agent": LOGIN,
        "staff without group": 404,
    }
    assert fresh(session).state == state
    assert not session.messages.filter(text="Lo reviso").exists()


def test_the_tables_name_every_address_of_the_console():
    assert {address for _state, address, _statuses in TABLE} == GETS | POSTS


@pytest.mark.parametrize("address", sorted(POSTS))
def test_a_link_changes_nothing(people, laura, address):
    session = chat_in("active", laura)

    assert people["its agent"].get(url_of(address, session)).status_code == 405
    assert fresh(session).state == "active"


@pytest.mark.parametrize("address", sorted(GETS))
def test_a_page_is_not_posted_to(people, laura, address):
    session = chat_in("active", laura)

    assert people["its agent"].post(url_of(address, session)).status_code == 405


@pytest.mark.parametrize("address", sorted(ABOUT_A_CHAT))
def test_a_chat_that_is_none_is_not_found(people, address):
    url = reverse(f"chat:{address}", args=["C-XXXXXX"])
    browser = people["its agent"]
    response = browser.get(url) if address in GETS else browser.post(url, posted(address))

    assert response.status_code == 404


# --- Lines and files by plain HTTP -----------------------------------------------------------------------


@pytest.fixture
def chat(laura):
    return conversing(laura)


def send(browser, session, **changes):
    payload = {"text": "Lo reviso", "client_id": uuid.uuid4()} | changes
    return browser.post(reverse("chat:agent-send", args=[session.folio]), payload)


def test_a_line_is_acknowledged_as_by_socket(people, chat):
    client_id = uuid.uuid4()

    frame = send(people["its agent"], chat, client_id=client_id).json()

    line = chat.messages.get(client_id=client_id)
    assert (line.text, line.agent.username) == ("Lo reviso", "laura")
    assert frame == {
        "type": "message.stored",
        "session": chat.pk,
        "client_id": str(client_id),
        "number": line.number,
        "staff_number": line.staff_number,
        "created_at": "2026-11-24T16:00:00.000Z",
    }
    assert send(people["its agent"], chat, client_id=client_id).json() == frame
    assert chat.messages.filter(text="Lo reviso").count() == 1


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"text": " "}, "command.invalid", "Escriba su mensaje o elija un archivo."),
        ({"text": "x" * 4001}, "command.invalid", "4000"),
        ({"client_id": "x"}, "command.invalid", "UUID"),
        ({"file": SimpleUploadedFile("a.key", b"x")}, "file.private-key", "parece una llave privada"),
        ({"file": SimpleUploadedFile("a.txt", b"")}, "file.refused", "vacío"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(people, chat, changes, code, words):
    client_id = str(changes.get("client_id", uuid.uuid4()))

    response = send(people["its agent"], chat, **changes | {"client_id": client_id})

    frame = response.json()
    assert response.status_code == 409
    assert (frame["type"], frame["code"], frame["client_id"]) == ("error", code, client_id)
    assert words in frame["text"]


def test_who_does_not_attend_the_chat_reads_so(people, chat):
    assert send(people["supervisor"], chat).json()["text"] == "Este chat no está asignado a usted."


def test_one_id_with_two_texts_is_a_conflict(people, chat):
    client_id = uuid.uuid4()
    send(people["its agent"], chat, client_id=client_id)

    refused = send(people["its agent"], chat, client_id=client_id, text="Otra cosa")

    assert (refused.status_code, refused.json()["code"]) == (409, "message.conflict")


@pytest.fixture
def went_away(chat, laura, diego):
    """Hand the chat to Diego."""

    def go():
        return_to_queue(session=fresh(chat), now=later(minutes=1))
        return accept(fresh(chat), diego, now=later(minutes=1))

    return go


def test_what_was_stored_is_acknowledged_again_after_the_chat_went_to_another_agent(people, chat, went_away):
    ids = {"client_id": uuid.uuid4(), "file_client_id": uuid.uuid4()}
    line = {"client_id": uuid.uuid4()}
    whole = {"text": "", "file": SimpleUploadedFile("pasos.txt", b"uno, dos"), **ids}
    first = [send(people["its agent"], chat, **whole).json(), send(people["its agent"], chat, **line).json()]
    went_away()

    whole["file"] = SimpleUploadedFile("pasos.txt", b"uno, dos")
    again = [send(people["its agent"], chat, **whole), send(people["its agent"], chat, **line)]

    assert [response.status_code for response in again] == [200, 200]
    assert [response.json() for response in again] == first


def test_nothing_else_is_learned_of_a_chat_that_went_away(people, chat, laura, went_away):
    mine, note_id = say_as_agent(chat, laura), note(chat, laura).client_id
    customers = say_as_customer(chat)
    went_away()

    assert send(people["its agent"], chat).status_code == 404
    assert send(people["its agent"], chat, client_id=customers.client_id).status_code == 404
    assert send(people["its agent"], chat, client_id="x").status_code == 404
    assert send(people["its agent"], chat, client_id=note_id).json()["code"] == "message.conflict"
    stranger = browser_with(AgentFactory.create(username="extraño"))
    assert send(stranger, chat, client_id=mine.client_id, text=mine.text).status_code == 404


# --- What the lists say ----------------------------------------------------------------------------------


def words_of_lists(browser):
    return Page(browser.get(reverse("chat:lists"))).words


@pytest.mark.parametrize(
    ("is_automatic", "words"),
    [
        (True, "Está como Ausente: no se le asignan chats ni citas."),
        (False, "Está como Ausente: sus citas empezarán con otro agente."),
    ],
)
def test_who_is_away_reads_what_that_means(people, laura, settings, is_automatic, words):
    settings.CHAT_AUTO_ASSIGN = is_automatic
    assert "Ausente" not in words_of_lists(people["its agent"])
    Agent.objects.filter(pk=laura.pk).update(is_available=False)

    assert words in words_of_lists(people["its agent"])


def book_and_come(laura, customer=ANA, name=ANA.name, hour="10:00"):
    """A booked chat that nobody can take: it waits in the queue."""
    cast.make_service()
    who = cast.Details(**{**cast.ANA.__dict__, "name": name, "email": customer.email})
    booked = cast.book(at(hour), who=who, now=at("08:00"))
    arrive(appointment=booked, key_hash=customer.key_hash, now=at(hour))
    Agent.objects.update(is_available=False)
    start_due_appointments(at(hour))
    return booked


@pytest.mark.usefixtures("manual_hours")
def test_a_booked_chat_in_the_queue_says_which_appointment_it_is(people, laura):
    ProgramFactory.create()
    booked = book_and_come(laura)

    words = words_of_lists(people["its agent"])

    assert f"Cita {booked.folio}, agendada a las 10:00 con Laura Méndez." in words
    assert "Volvió a la cola" not in words


@pytest.mark.usefixtures("manual_hours")
def test_a_booked_chat_whose_agent_vanished_says_both(people, laura, diego):
    ProgramFactory.create()
    booked = book_and_come(laura)
    session = accept(ChatSession.objects.get(appointment=booked), diego)
    return_to_queue(session=session, now=NOW)

    words = words_of_lists(people["its agent"])

    assert f"Cita {booked.folio}, agendada a las 10:00 con Laura Méndez." in words
    assert "Volvió a la cola: su agente perdió la conexión." in words


@pytest.mark.usefixtures("manual_hours")
def test_the_lists_cost_the_same_however_many_wait(people, laura, django_assert_num_queries):
    ProgramFactory.create()
    book_and_come(laura)
    counted = browser_with(laura)
    with django_assert_num_queries(11):
        counted.get(reverse("chat:lists"))
    book_and_come(laura, BETO, BETO.name, "10:30")
    with django_assert_num_queries(11):
        counted.get(reverse("chat:lists"))


def item_of(browser, session):
    return browser.get(reverse("chat:list-item", args=[session.folio])).content.decode().strip()


def test_a_chats_item_alone_is_as_in_the_lists(people, laura):
    waiting, own, ended = start(BETO), conversing(laura), end(conversing(laura, CARLA))
    browser = people["its agent"]
    lists = browser.get(reverse("chat:lists")).content.decode()

    for session, kind in ((waiting, "queue"), (own, "own"), (ended, "ended")):
        item = item_of(browser, session)
        assert f'data-item="{session.pk}" data-list="{kind}"' in item
        assert item in lists


def test_a_chat_that_is_in_none_of_an_agents_lists_has_no_item(people, laura):
    running, ended = conversing(laura), end(conversing(laura, BETO))
    last = fresh(ended).last_number
    move_marks(ended, "agent", last, last)

    assert [item_of(people["another agent"], session) for session in (running, ended)] == ["", ""]
    assert item_of(people["its agent"], ended) == ""
    response = people["its agent"].get(reverse("chat:list-item", args=["C-XXXXXX"]))
    assert (response.status_code, response.content) == (204, b"")


def test_an_item_costs_one_query_more_than_letting_the_agent_in(people, laura, django_assert_num_queries):
    for customer in (BETO, CARLA):
        start(customer)
    session = start(ANA)
    browser = browser_with(laura)
    # The session, the agent, the group.
    with django_assert_num_queries(4):
        item_of(browser, session)


@pytest.mark.usefixtures("manual_hours")
def test_items_sort_as_the_queue_does(people, laura):
    ProgramFactory.create()
    at_ten = start(ANA, now=at("10:00"))
    returned = accept(start(BETO, now=at("10:10")), laura)
    return_to_queue(session=returned, now=at("10:20"))
    at_five_past = start(CARLA, now=at("10:05"))
    queue = list(ChatSession.objects.waiting())

    assert sorted(queue, key=place_in_list) == queue
    assert [session.pk for session in queue] == [returned.pk, at_ten.pk, at_five_past.pk]


def ends_in_lists(browser):
    lists = browser.get(reverse("chat:lists")).content.decode()
    return lists.count("data-ended")


def test_a_chat_that_ended_unseen_stays_in_its_agents_lists(people, chat):
    say_as_customer(chat, "Ya quedó")
    assert ends_in_lists(people["its agent"]) == 0

    end(fresh(chat))

    assert "Finalizados sin leer Ana López 2 Lo finalizó el cliente" in words_of_lists(people["its agent"])
    assert ends_in_lists(people["another agent"]) == 0
    last = fresh(chat).last_number
    move_marks(chat, "agent", last, last)
    assert ends_in_lists(people["its agent"]) == 0


def test_what_the_agent_ended_needs_no_card(people, chat, laura):
    end_chat(session=chat, reason=ChatSession.EndReason.AGENT, now=NOW, agent=laura)

    assert ends_in_lists(people["its agent"]) == 0


def test_after_a_day_nobody_is_called_any_more(people, chat, clock):
    end(fresh(chat))
    clock.shift(timedelta(hours=24) - timedelta(seconds=1))
    assert ends_in_lists(people["its agent"]) == 1
    clock.shift(1)
    assert ends_in_lists(people["its agent"]) == 0


# --- What is offered -------------------------------------------------------------------------------------


def test_the_pane_shows_the_hours_that_the_customer_chooses_from(people, chat):
    cast.make_service()
    browser = people["its agent"]
    browser.post(reverse("chat:offer-hours", args=[chat.folio]))

    pane = Page(browser.get(reverse("chat:pane", args=[chat.folio]))).words

    assert "El cliente elige entre estas horas: El martes 24 de noviembre a las 11:00" in pane
