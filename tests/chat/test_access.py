"""Who may read and write what. Missing and forbidden look the same."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from chat import access
from chat.models import SUPERVISORS_GROUP, Agent
from tests.chat.conftest import browser_of
from tests.chat.factories import (
    ANA,
    BETO,
    FIRST_WORDS,
    NOW,
    AgentFactory,
    Customer,
    accept,
    attended,
    end,
    fresh,
    later,
    start,
)
from tests.chat.test_sending_files import send

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(laura, diego):
    """Everybody who may knock, by the part they play; Laura attends the chat of these tests."""
    return {
        "its agent": laura,
        "another agent": diego,
        "supervisor": AgentFactory.create(username="elena", group=SUPERVISORS_GROUP),
        "superuser": Agent.objects.create_superuser("raíz"),
        "disabled agent": AgentFactory.create(username="olga", is_active=False),
        "staff without group": Agent.objects.create_user("invitado", is_staff=True),
        "nobody": AnonymousUser(),
    }


# Who reads, and who writes, a chat that Laura attends or attended; all others do neither.
READERS = {
    "waiting": {"its agent", "another agent", "supervisor", "superuser"},
    "active": {"its agent", "supervisor", "superuser"},
    "ended": {"its agent", "another agent", "supervisor", "superuser"},
}
WRITERS: dict[str, set[str]] = {"waiting": set(), "active": {"its agent"}, "ended": set()}


def chat_in(state, laura):
    session = start(ANA)
    if state != "waiting":
        accept(session, laura)
    return end(session) if state == "ended" else fresh(session)


@pytest.mark.parametrize("state", READERS)
def test_who_reads_and_who_writes_a_chat(people, laura, state):
    session = chat_in(state, laura)

    assert {who for who in people if access.can_read_chat(people[who], session)} == READERS[state]
    assert {who for who in people if access.can_write_chat(people[who], session)} == WRITERS[state]


@pytest.mark.parametrize("state", READERS)
def test_a_chats_files_are_for_whom_the_chat_is(people, laura, state):
    session = start(ANA)
    sent = send(session).attachment
    if state != "waiting":
        accept(session, laura)
    if state == "ended":
        end(session)

    found = {who: access.attachment_for_staff(people[who], sent.public_id.hex) for who in people}

    assert found == {who: sent if who in READERS[state] else None for who in people}


def test_a_chat_that_was_the_agents_until_its_end_is_still_attended_by_them(laura, diego):
    session = end(attended(laura))

    assert access.is_attended_by(laura, session)
    assert not access.is_attended_by(diego, session)


# --- Customers ------------------------------------------------------------------------------------------


def test_a_browser_sees_its_own_chat_and_the_stranger_none():
    session = start(ANA)

    assert access.chat_of(ANA.key, NOW) == session
    assert access.chat_of(BETO.key, NOW) is None
    assert access.chat_of(None, NOW) is None


def test_a_file_is_for_the_browser_that_has_the_chat():
    sent = send(start(ANA))
    start(BETO)
    public_id = sent.attachment.public_id.hex

    assert access.attachment_for_visitor(access.visitor_of(ANA.key), public_id) == sent.attachment
    assert access.attachment_for_visitor(access.visitor_of(BETO.key), public_id) is None
    assert access.attachment_for_visitor(None, public_id) is None


def test_older_lines_are_for_the_browser_that_has_the_chat(laura):
    session = start(ANA)
    start(BETO)
    address, pane = (
        f"/chat/lineas/{session.folio}/?antes=99",
        f"/agente/chat/{session.folio}/lineas/?antes=99",
    )
    agent = browser_of()
    agent.force_login(laura)

    assert FIRST_WORDS in browser_of(ANA).get(address).content.decode()
    assert FIRST_WORDS in agent.get(pane).content.decode()
    # An agent is no customer, nor a customer an agent.
    for stranger in (browser_of(), browser_of(BETO), agent):
        assert stranger.get(address).status_code == 404
        assert stranger.get("/chat/lineas/C-XXXXXX/?antes=99").status_code == 404
    for stranger in (browser_of(), browser_of(ANA), browser_of(BETO)):
        assert FIRST_WORDS not in stranger.get(pane, follow=True).content.decode()


@pytest.mark.parametrize("public_id", ["", "x", "../../etc/passwd", "0" * 31, "ñ" * 32, "7" * 32])
def test_an_id_that_is_none_finds_no_file(laura, public_id):
    start(ANA)

    assert access.attachment_for_visitor(access.visitor_of(ANA.key), public_id) is None
    assert access.attachment_for_staff(laura, public_id) is None


def test_only_a_key_that_we_signed_is_a_key():
    assert access.key_from_cookie(ANA.cookie) == ANA.key
    for forged in ("", ANA.key, f"{ANA.key}:x", ANA.cookie + "x", ANA.cookie.replace("ana", "bob"), "ñ:ñ"):
        assert access.key_from_cookie(forged) is None


def test_keys_are_long_and_never_the_same():
    keys = {access.new_visitor_key() for _each in range(100)}

    assert len(keys) == 100
    assert min(map(len, keys)) >= 43


def test_of_several_browsers_each_is_told_its_own_chat():
    carla = Customer("Carla Díaz", "carla@papeleria-diaz.mx", "carla-browser")
    of_ana, of_beto = start(ANA), start(BETO)
    of_carla = start(carla)
    end(of_beto)

    of_each = access.chats_of([BETO.key, None, carla.key, "nobody's", ANA.key], later(minutes=5))

    assert [shown and shown.session for shown in of_each] == [of_beto.pk, None, of_carla.pk, None, of_ana.pk]
    assert [shown.is_waiting for shown in of_each if shown] == [False, True, True]
    assert of_each[-1] == (of_ana.pk, of_ana.folio, of_ana.visitor_id, True)


@pytest.mark.parametrize("when", [{"minutes": 5}, {"seconds": 3599}, {"seconds": 3600}, {"days": 2}])
@pytest.mark.parametrize("has_newer", [False, True])
def test_a_socket_sees_the_chat_that_the_page_shows(when, has_newer):
    end(start(ANA))
    if has_newer:
        start(ANA)
    page = access.chat_of(ANA.key, later(**when))
    [shown] = access.chats_of([ANA.key], later(**when))

    assert (shown and shown.folio) == (page and page.folio)
    is_lately = when in ({"minutes": 5}, {"seconds": 3599})
    assert (page is not None) == (has_newer or is_lately)


# --- The session of staff, asked afresh -----------------------------------------------------------------


@pytest.fixture
def console(laura):
    """A browser in which Laura is logged in."""
    browser = browser_of()
    browser.force_login(laura)
    return browser


def test_a_staff_session_is_its_agents(console, laura):
    assert access.agents_of_sessions([console.session]) == [laura]


def test_of_several_sessions_each_is_its_own_agents(console, laura, diego):
    of_diego, of_nobody = browser_of(), browser_of()
    of_diego.force_login(diego)
    outsider = AgentFactory.create(username="ex")
    outsider.groups.clear()
    of_outsider = browser_of()
    of_outsider.force_login(outsider)
    sessions = [one.session for one in (of_diego, of_outsider, console, of_nobody, of_diego)]

    assert access.agents_of_sessions(sessions) == [diego, None, laura, None, diego]


def test_a_session_ends_with_the_account_the_password_or_a_logout(console, laura):
    session = console.session
    Agent.objects.filter(pk=laura.pk).update(is_active=False)
    assert access.agents_of_sessions([session]) == [None]

    Agent.objects.filter(pk=laura.pk).update(is_active=True)
    assert access.agents_of_sessions([session]) == [laura]
    laura.set_password("otra-clave-larga")
    laura.save()
    assert access.agents_of_sessions([session]) == [None]


def test_a_session_that_was_logged_out_is_nobodys(console):
    session = console.session
    console.logout()

    assert access.agents_of_sessions([session]) == [None]


def test_a_session_without_login_is_nobodys():
    assert access.agents_of_sessions([browser_of().session]) == [None]


def test_groups_are_asked_afresh(laura):
    assert access.is_agent(Agent.objects.get(pk=laura.pk))
    laura.groups.clear()

    assert not access.is_agent(Agent.objects.get(pk=laura.pk))


def test_who_is_signed_in_may_sign_in_as_somebody_else(laura):
    elena = AgentFactory.create(username="elena", group=SUPERVISORS_GROUP)
    elena.set_password("una-clave-larga")
    elena.save()
    browser = Client()
    browser.force_login(laura)

    browser.post("/agente/entrar/", {"username": "elena", "password": "una-clave-larga"})

    assert browser.get("/admin/").status_code == 200


def test_whoever_is_in_needs_no_door_unless_refused_elsewhere(laura):
    browser = Client()
    browser.force_login(laura)

    assert browser.get("/agente/entrar/")["Location"] == "/agente/"
    refused = browser.get("/admin/", follow=True)
    assert "Su cuenta no tiene acceso a esta página" in refused.content.decode()
