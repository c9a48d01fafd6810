"""Too much of everything: each flood ends at its limit, and costs next to nothing beyond it."""

import uuid

import pytest
from django.contrib.auth import hashers
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from post_office.models import Email

from chat import files
from chat.models import ChatSession, Message, Visitor
from offline_messages.models import OfflineMessage
from scheduling.models import Appointment
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, BETO, FIRST_WORDS, Customer, ProgramFactory, at, conversing, start
from tests.chat.real_files import PNG

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}


@pytest.fixture
def hashed(monkeypatch):
    """Counts the passwords that are hashed."""
    counted = []
    hasher = type(hashers.get_hasher())
    monkeypatch.setattr(hasher, "encode", _counting(hasher.encode, counted))
    return counted


def _counting(encode, counted):
    def count(self, password, salt, *args):
        counted.append(password)
        return encode(self, password, salt, *args)

    return count


def log_in(browser, **typed):
    return browser.post("/agente/entrar/", {"username": "laura", "password": "adivinada-1"} | typed)


# --- Logins ---------------------------------------------------------------------------------------------


def test_a_flood_of_logins_hashes_no_password_beyond_the_limit(laura, settings, hashed):
    settings.LIMITS["logins_per_address"] = "3/300"
    answers = [log_in(Client()) for _each in range(20)]

    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 17
    assert len(hashed) == 3
    assert "demasiadas solicitudes" in answers[-1].text
    assert 0 < int(answers[-1]["Retry-After"]) <= 300
    assert 'value="laura"' in answers[-1].text


def test_beyond_the_limit_the_right_password_opens_nothing_either(laura, settings):
    """Else the answers would still tell which guess was right."""
    settings.LIMITS["logins_per_address"] = "1/300"
    laura.set_password("una-clave-larga-1")
    laura.save()
    browser = Client()
    log_in(browser)

    assert log_in(browser, password="una-clave-larga-1").status_code == 429
    assert browser.get("/agente/")["Location"].startswith("/agente/entrar/")


def test_the_admins_own_door_is_no_way_around_the_limit(elena, hashed):
    elena.set_password("una-clave-larga-1")
    elena.save()
    hashed.clear()
    for address in ("/admin/login/", "/admin/", "/admin/password_change/"):
        answer = Client().post(address, {"username": "elena", "password": "una-clave-larga-1"})
        assert answer.status_code == 302
    assert hashed == []


def test_a_password_of_a_megabyte_is_not_hashed(laura, hashed):
    answer = Client(raise_request_exception=False).post(
        "/agente/entrar/", {"username": "laura", "password": "x" * 1_000_000}
    )

    assert answer.status_code == 400
    assert hashed == []


def test_logins_from_many_addresses_with_a_forged_header_count_for_one(laura, settings):
    """The header of a proxy is believed only when a proxy is configured."""
    settings.LIMITS["logins_per_address"] = "3/300"
    answers = [
        Client(headers={"x-forwarded-for": f"10.0.0.{number}"}).post("/agente/entrar/", {"username": "a"})
        for number in range(5)
    ]

    assert [answer.status_code for answer in answers][3:] == [429, 429]


# --- Customers ------------------------------------------------------------------------------------------


def open_chat(number):
    browser = browser_of(Customer("Beto Ruiz", f"beto{number}@gil.mx", f"browser-{number}"))
    form = {"name": "Beto Ruiz", "email": f"beto{number}@gil-ruiz.mx", "text": FIRST_WORDS}
    return browser.post("/chat/iniciar/", form | {"client_id": uuid.uuid4()})


def test_a_flood_of_chats_with_a_fresh_cookie_each_ends_at_the_addresss_limit(settings):
    settings.LIMITS["chats_per_address"] = "5/3600"
    answers = [open_chat(number).status_code for number in range(12)]

    assert answers == [302] * 5 + [422] * 7
    assert ChatSession.objects.count() == Visitor.objects.count() == 5


def test_opening_pages_without_end_stores_nothing():
    for _each in range(50):
        assert Client().get("/chat/").status_code == 200
        assert Client().get("/citas/").status_code == 200
        assert Client().get("/chat/eventos/").status_code == 404

    assert not Visitor.objects.exists()


def test_a_flood_of_messages_by_forms_and_commands_counts_as_one(settings, laura):
    settings.LIMITS["messages_per_visitor"] = "6/86400"
    session, browser = conversing(laura), browser_of(ANA)
    before = session.messages.count()
    for _each in range(10):
        line = {"text": "más", "client_id": str(uuid.uuid4())}
        browser.post("/chat/mensajes/", line | {"client_id": str(uuid.uuid4())}, headers=JSON)
        browser.post("/chat/ordenes/", {"type": "message.send", **line}, content_type="application/json")
        browser.post("/chat/sigo-aqui/", {"draft": "más", "draft_client_id": str(uuid.uuid4())})

    assert session.messages.count() == before + 6


def test_a_flood_of_requests_of_any_kind_ends_at_the_visitors_limit(settings):
    settings.LIMITS["requests_per_visitor"] = "10/86400"
    start(ANA)
    browser = browser_of(ANA)
    answers = [browser.get("/chat/eventos/", {"after": 0}).status_code for _each in range(15)]

    assert answers == [200] * 10 + [422] * 5
    assert browser.post("/chat/esperar/", headers=JSON).json()["code"] == "limit.exceeded"


def test_a_flood_of_uploads_is_not_even_looked_at_beyond_the_limit(settings, laura, monkeypatch):
    settings.LIMITS["uploads_per_visitor"] = "2/600"
    looked_at = []
    check = files.check_file
    monkeypatch.setattr(files, "check_file", lambda upload: looked_at.append(upload) or check(upload))
    session, browser = conversing(laura), browser_of(ANA)
    for number in range(5):
        form = {"client_id": uuid.uuid4(), "file": SimpleUploadedFile(f"{number}.png", PNG)}
        browser.post("/chat/mensajes/", form, headers=JSON)

    assert len(looked_at) == session.messages.filter(is_file=True).count() == 2


def test_a_form_of_a_thousand_files_or_fields_is_refused_unread():
    start(ANA)
    browser = browser_of(ANA, raise_request_exception=False)
    many = {f"file{number}": SimpleUploadedFile("a.txt", b"x") for number in range(200)}

    assert browser.post("/chat/mensajes/", many).status_code == 400
    assert (
        browser.post("/chat/mensajes/", {f"campo{number}": "x" for number in range(2_000)}).status_code == 400
    )
    assert Message.objects.count() == 1


def test_a_flood_of_offline_messages_to_one_victim_ends_at_the_victims_limit(settings):
    """The copy goes to an address that anybody may type, from however many addresses."""
    settings.LIMITS["offline_messages_per_address"] = "3/3600"
    settings.TRUSTED_PROXIES = 1
    form = {"name": "Beto Ruiz", "email": "Victima@despacho-lopez.mx", "text": "Le escribo otra vez"}
    for number in range(8):
        for address in ("/mensaje/", "/chat/fuera-de-linea/"):
            browser = browser_of(BETO, headers={"x-forwarded-for": f"203.0.113.{number}"})
            browser.post(address, form | {"client_id": uuid.uuid4()})

    assert OfflineMessage.objects.count() == Email.objects.count() == 3


def test_a_flood_of_transcripts_mails_five_an_hour(laura):
    session = conversing(laura)
    browser = browser_of(ANA)
    browser.post("/chat/finalizar/")
    for _each in range(9):
        browser.post("/chat/copia/")

    assert Email.objects.filter(subject__contains=session.folio).count() == 5


# --- Hours ----------------------------------------------------------------------------------------------

BOOKING = {
    "name": "Beto Ruiz",
    "rfc": "XIA190128J61",
    "legal_name": "Ferretería Ruiz",
    "program": "CFDI Escritorio",
    "program_version": "3.0",
    "about": "El recibo sale sin la deducción de la semana 47",
}


@pytest.fixture
def bookable(manual_hours, laura, clock):
    from scheduling.models import Shift
    from tests.scheduling import cast

    ProgramFactory.create()
    cast.make_service()
    for weekday in range(5):
        Shift.objects.create(agent=laura, weekday=weekday, opens_at="09:00", closes_at="18:00")
    clock.move_to(at("08:00"))


HOURS = ["10:00", "10:30", "11:00", "11:30", "12:00", "12:30", "13:00", "13:30", "15:00", "15:30"]


def hold(browser, hour):
    return browser.post("/citas/apartar/", {"hora": at(hour).isoformat()})


@pytest.mark.usefixtures("bookable")
def test_a_browser_that_holds_every_hour_has_one():
    browser = browser_of(BETO)
    for hour in HOURS:
        assert hold(browser, hour).status_code == 200

    assert Appointment.objects.count() == 1


@pytest.mark.usefixtures("bookable")
def test_an_address_that_holds_the_day_with_fresh_cookies_ends_at_its_limit(settings):
    settings.LIMITS["holds_per_address"] = "4/3600"
    answers = [hold(Client(), hour).status_code for hour in HOURS]

    assert answers == [200] * 4 + [409] * 6
    assert Appointment.objects.count() == 4


@pytest.mark.usefixtures("bookable")
def test_a_person_books_two_hours_however_the_address_is_written():
    """The week is not one person's: neither by capitals nor by another browser, e-mail or RFC."""
    writings = ["beto@gil-ruiz.mx", "BETO@GIL-RUIZ.MX", "Beto@Gil-Ruiz.mx", "beto@gil-ruiz.mx "]
    rfcs = ["XIA190128J61", "xia190128j61", "XIA-190128-J61", " xia 190128 j61"]
    for number, hour in enumerate(HOURS[:8]):
        browser = browser_of(Customer("Beto", "", f"browser-{number}"))
        hold(browser, hour)
        changed = {"email": writings[number % 4], "rfc": rfcs[number % 4], "client_id": uuid.uuid4()}
        if number >= 4:
            changed["email"] = f"otro{number}@gil-ruiz.mx"
        browser.post("/citas/datos/", BOOKING | changed)

    assert Appointment.objects.booked().count() == 2
