"""Who is known, and who is not: the same answer and the same work, so that neither words nor time tell."""

import re
import uuid
from functools import partial

import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chat.models import Agent
from scheduling.models import Appointment, Shift
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, BETO, RFC, Customer, ProgramFactory, accept, at, start
from tests.scheduling import cast
from tests.security.world import SECRET

pytestmark = pytest.mark.django_db


def without_chance(page):
    """A page without what is new each time: tokens, nonces and ids."""
    fresh = r'(csrfmiddlewaretoken" value=|nonce=|client_id"[^>]*value=|cita" value=)"[^"]+"'
    page = re.sub(fresh, "", page)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[CSM]-[2-9A-Z]{6}", "", page)


def work_of(act):
    """What an act asked the database, without its values."""
    with CaptureQueriesContext(connection) as asked:
        answer = act()
    return answer, [re.sub(r"'[^']*'|\d+|%s", "?", query["sql"]).split(" WHERE ")[0] for query in asked]


@pytest.fixture
def hashed(monkeypatch):
    counted = []
    hasher = type(hashers.get_hasher())
    encode = hasher.encode
    monkeypatch.setattr(hasher, "encode", lambda self, *args: counted.append(args[0]) or encode(self, *args))
    return counted


# --- Staff ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("username", ["laura", "olga", "nadie", "", "laura\0", "LAURA", "invitado"])
def test_a_login_tells_not_who_has_an_account_nor_whether_it_is_disabled(laura, hashed, username):
    for agent in (laura, Agent(username="olga", is_active=False), Agent(username="invitado", is_staff=True)):
        agent.set_password("una-clave-larga-1")
        agent.save()
    hashed.clear()
    wrong = {"username": "nadie-más", "password": "adivinada-1"}
    known, _queries = work_of(lambda: Client().post("/agente/entrar/", wrong | {"username": username}))
    expected = Client().post("/agente/entrar/", wrong)

    assert known.status_code == expected.status_code == 200
    if username and "\0" not in username:
        assert hashed == ["adivinada-1"] * 2
        assert without_chance(known.text).replace(username, "?") == without_chance(expected.text).replace(
            "nadie-más", "?"
        )


def test_a_disabled_account_with_its_right_password_answers_as_with_a_wrong_one(laura):
    laura.set_password("una-clave-larga-1")
    laura.is_active = False
    laura.save()
    pages = [
        Client().post("/agente/entrar/", {"username": "laura", "password": password}).text
        for password in ("una-clave-larga-1", "adivinada-1")
    ]

    assert without_chance(pages[0]) == without_chance(pages[1])


# --- Customers ------------------------------------------------------------------------------------------

FORM = {"name": "Beto Ruiz", "text": "Al timbrar sale el error CFDI40138"}


@pytest.mark.parametrize("address", ["/chat/iniciar/", "/mensaje/", "/chat/fuera-de-linea/"])
def test_a_form_tells_not_whether_an_address_is_a_customers(world, settings, address):
    """A chat begins, and a message is left, alike for an e-mail with a history and for one without."""
    answers = []
    for number, email in enumerate((ANA.email, "nueva@papeleria-lopez.mx")):
        browser = browser_of(Customer("Beto", email, f"browser-{number}"))
        form = FORM | {"email": email, "client_id": uuid.uuid4()}
        answer, work = work_of(lambda browser=browser, form=form: browser.post(address, form))
        shown = without_chance(answer.text).replace(email, "?")
        answers.append((answer.status_code, answer.headers.get("Location"), shown, work))

    assert answers[0] == answers[1]


def test_whoever_begins_a_chat_with_anothers_address_reads_nothing_of_the_others(world):
    """The agent beside it sees earlier chats of an e-mail and an RFC; the customer never does."""
    browser = browser_of(BETO)
    browser.post("/chat/iniciar/", FORM | {"email": ANA.email, "client_id": uuid.uuid4()})
    for address in ("/chat/", "/chat/eventos/?after=0", "/chat/conversacion/", "/citas/"):
        page = browser.get(address).content.decode()
        for told in (SECRET, world.ended_chat.folio, world.appointment.folio, world.left.folio, RFC):
            assert told not in page, address


def test_an_rfc_with_a_history_is_taken_like_one_without(laura, world):
    pages = []
    for number, rfc in enumerate((RFC, "XIA190128J61")):
        customer = Customer("Beto Ruiz", BETO.email, f"browser-{number}")
        accept(start(customer), laura)
        form = {"rfc": rfc, "legal_name": "Ferretería", "program": "CFDI Escritorio", "program_version": "1"}
        browser = browser_of(customer)
        answer, work = work_of(lambda browser=browser, form=form: browser.post("/chat/identificacion/", form))
        frames = browser.get("/chat/eventos/?after=0").json()["frames"]
        told = [frame for frame in frames if frame.get("rule", "").startswith("identification")]
        texts = [frame["text"].replace(rfc, "?") for frame in told]
        pages.append((answer.status_code, len(work), texts))

    assert pages[0] == pages[1]


def test_a_booking_tells_not_whether_an_address_has_one_to_come(manual_hours, laura, clock):
    """Known and accepted (SECURITY.md): with two appointments to come, a third booking says so.

    With none or one the answers are alike, and each try costs a held hour, counts for the address it comes
    from and for the one that is written, and is told to its owner by mail when it succeeds.
    """
    ProgramFactory.create()
    cast.make_service()
    for weekday in range(5):
        Shift.objects.create(agent=laura, weekday=weekday, opens_at="09:00", closes_at="18:00")
    clock.move_to(at("08:00"))
    cast.book(at("12:00", "2026-11-25"), who=cast.ANA)
    answers = []
    for hour, email, rfc in (
        ("10:00", cast.ANA.email, cast.ANA.rfc),
        ("10:30", "nueva@papeleria-lopez.mx", "XIA190128J61"),
    ):
        browser = Client()
        browser.post("/citas/apartar/", {"hora": at(hour).isoformat()})
        form = FORM | {"email": email, "rfc": rfc, "legal_name": "Lo", "program": "CFDI Escritorio"}
        form |= {"program_version": "1", "about": FORM["text"], "client_id": uuid.uuid4()}
        answer, work = work_of(lambda browser=browser, form=form: browser.post("/citas/datos/", form))
        answers.append((answer.status_code, without_chance(answer["Location"]), len(work)))

    assert answers[0] == answers[1]
    assert Appointment.objects.booked().count() == 3


# --- Folios ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["nobody", "stranger"])
def test_a_folio_that_is_in_use_costs_and_says_what_one_does_that_is_not(world, browsers, part):
    for address, used, unused in (
        ("/chat/anterior/{}/", world.ended_chat.folio, "C-222222"),
        ("/chat/anterior/{}/", world.open_chat.folio, "C-222222"),
        ("/citas/{}/", world.appointment.folio, "S-222222"),
        ("/citas/{}/cita.ics", world.appointment.folio, "S-222222"),
        ("/citas/{}/?llave=x", world.appointment.folio, "S-222222"),
        ("/agente/chat/{}/", world.open_chat.folio, "C-222222"),
        ("/agente/mensajes/{}/", world.left.folio, "M-222222"),
        ("/chat/archivo/{}/", world.files[0].public_id.hex, uuid.UUID(int=9).hex),
    ):
        found, work = work_of(partial(browsers[part].get, address.format(used)))
        missing, other = work_of(partial(browsers[part].get, address.format(unused)))
        assert (found.status_code, work) == (missing.status_code, other), address
        assert without_chance(found.text) == without_chance(missing.text), address
