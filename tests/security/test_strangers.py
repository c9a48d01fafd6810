"""Another customer's chat, file, appointment and message: by every address, before the end and after."""

import uuid

import pytest

from chat.models import ChatSession
from tests.chat.factories import ANA, end
from tests.security.answers import body_of
from tests.security.routes import MACHINES, OWN, STAFF, SUPERVISORS, WRONG, routes
from tests.security.world import OPEN_SECRET, SECRET

pytestmark = pytest.mark.django_db

# Fits every form of the product somewhere: a refusal is not for a missing field.
EVERYTHING = {
    "text": "intruso",
    "name": "Beto Ruiz",
    "email": "beto@ferreteria-ruiz.mx",
    "rfc": "XIA190128J61",
    "legal_name": "Ferretería Ruiz",
    "program": "CFDI Escritorio",
    "program_version": "9.9",
    "about": "El recibo sale sin la deducción de la semana 47",
    "rating": "bad",
    "comment": "intruso",
    "hora": "2026-11-25T11:00:00-06:00",
    "is_available": "1",
    "act": "cancel",
    "cancel-reason": "intruso",
    "post": "yes",
    "is_superuser": "on",
    "group": "Supervisores",
}
DOORS = ("/agente/entrar/", "/admin/login/")
METHODS = ["get", "post", "put", "delete"]


def everything(world, **changes):
    """One form with ids of Ana's rows wherever it can name one."""
    ids = {
        "session": str(world.open_chat.pk),
        "client_id": str(world.line.client_id),
        "file_client_id": str(world.line.client_id),
        "cita": str(uuid.uuid4()),
        "draft": "intruso",
        "draft_client_id": str(uuid.uuid4()),
    }
    return EVERYTHING | ids | changes


def knock(browser, address, world):
    """The answers to a request of each kind."""
    for method in METHODS if not address.startswith("/admin/") else METHODS[:2]:
        data = everything(world, client_id=str(uuid.uuid4())) if method == "post" else {}
        yield method, getattr(browser, method)(address, data)


def words_of(response):
    return body_of(response) + str(response.headers)


def is_closed(response):
    """Not there, forbidden, the wrong method, or the staff's door."""
    return response.status_code in {403, 404, 405} or response.headers.get("Location", "").startswith(DOORS)


def test_an_address_for_which_nobody_said_who_may_open_it_is_not_added():
    assert [route.name for route in routes() if route.open_to is None] == []


@pytest.mark.parametrize("part", ["nobody", "stranger"])
@pytest.mark.parametrize("has_ended", [False, True], ids=["while it goes on", "after the end"])
def test_a_stranger_opens_what_is_anothers_by_no_address(world, browsers, part, has_ended):
    if has_ended:
        end(world.open_chat)
    browser, before = browsers[part], world.rows()
    for route in routes():
        for address in route.with_(world.ids):
            for method, response in knock(browser, address, world):
                seen = words_of(response)
                assert response.status_code < 500 or route.open_to == MACHINES, (method, address)
                assert SECRET not in seen, (method, address)
                assert ANA.email not in seen, (method, address)
                if route.open_to in {STAFF, SUPERVISORS}:
                    assert is_closed(response), (method, address, response.status_code)
        assert world.rows() == before, route


@pytest.mark.parametrize("part", ["nobody", "stranger"])
def test_what_is_anothers_looks_like_what_is_not_there(world, browsers, part):
    """Who guesses a folio or a file's number does not learn that it is in use."""
    for route in (route for route in routes() if route.open_to == OWN and route.arguments):
        made_up = {"folio": ["C-222222"], "public_id": [uuid.UUID(int=7).hex], "token": ["x"]}
        [none, *_rest] = route.with_(made_up)
        for theirs in route.with_(world.ids):
            for (method, found), (_method, missing) in zip(
                knock(browsers[part], theirs, world), knock(browsers[part], none, world), strict=True
            ):
                assert found.status_code == missing.status_code, (method, theirs)
                assert found.content == missing.content, (method, theirs)


@pytest.mark.parametrize(
    ("part", "open_to"),
    [("stranger", OWN), ("customer", OWN), ("other agent", STAFF), ("supervisor", SUPERVISORS)],
)
def test_an_argument_of_another_type_is_nobodys_row_and_no_error(world, browsers, part, open_to):
    before = world.rows()
    for route in (route for route in routes() if route.open_to == open_to and route.arguments):
        for address in route.with_(dict.fromkeys(route.arguments, WRONG)):
            response = browsers[part].get(address)
            assert response.status_code in {204, 301, 302, 403, 404, 405, 410}, (
                address,
                response.status_code,
            )
            assert SECRET not in words_of(response), address
    assert world.rows() == before


@pytest.mark.parametrize("part", ["agent", "other agent"])
def test_an_agent_opens_no_address_of_supervision(world, browsers, part):
    before = world.rows()
    for route in (route for route in routes() if route.open_to == SUPERVISORS):
        for address in route.with_(world.ids):
            for method, response in knock(browsers[part], address, world):
                assert is_closed(response), (method, address, response.status_code)
                assert SECRET not in words_of(response), (method, address)
    assert world.rows() == before


def test_another_agent_opens_no_running_chat_by_any_address(world, browsers):
    session = world.open_chat
    mine = {
        "folio": [session.folio],
        "public_id": [file.public_id.hex for file in world.files if file.message.session_id == session.pk],
    }
    before = ChatSession.objects.values().get(pk=session.pk)
    asked = 0
    for route in (route for route in routes() if route.open_to == STAFF):
        for address in route.with_(mine):
            for method, response in knock(browsers["other agent"], address, world):
                asked += 1
                assert response.status_code < 500, (method, address)
                assert OPEN_SECRET not in words_of(response), (method, address)
    assert ChatSession.objects.values().get(pk=session.pk) == before
    assert asked > len(METHODS) * 10


@pytest.mark.parametrize("has_ended", [False, True], ids=["while it goes on", "after the end"])
def test_an_id_of_anothers_line_names_no_line_of_mine(world, browsers, has_ended):
    """A form sent with somebody else's ids: nothing of theirs is returned as already stored."""
    if has_ended:
        end(world.open_chat)
    browser, before = browsers["stranger"], world.rows()
    start = EVERYTHING | {"client_id": str(world.line.client_id), "text": world.line.text}
    browser.post("/chat/iniciar/", start)
    answer = browser.post("/chat/mensajes/", start, headers={"accept": "application/json"})

    assert world.rows() == before
    assert str(world.open_chat.pk) != str(answer.json().get("session"))
    assert browser.get("/chat/eventos/", {"after": 0}).status_code == 200
