"""Requests made to break something: nothing breaks, and no address or error page tells of people."""

import re

import pytest
from django.test import Client

from scheduling.models import Appointment
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, RFC
from tests.security.answers import body_of
from tests.security.routes import OWN, STAFF, SUPERVISORS, routes
from tests.security.world import SECRET

pytestmark = pytest.mark.django_db

ODD_HOURS = [
    "2026-13-45T99:00:00+00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-11-25T10:00:00+99:99",
    "2026-11-25T10:00:00",
    "\0",
    "ñ",
    "1e9",
    "-1",
]
ODD_DAYS = ["0001-01-01", "9999-12-31", "2026-02-30", "2026-W01-1", "-1", "\0", "x" * 5_000]
ODD_VALUES = ["", "\0", "[]", "-1", "9" * 400, "NaN", "\ufffd", "{{7*7}}%s%n"]


@pytest.mark.parametrize("hour", ODD_HOURS, ids=range(len(ODD_HOURS)))
def test_an_hour_outside_of_time_is_no_hour(world, browsers, hour):
    folio, before = world.appointment.folio, world.rows()
    for address in ("/citas/apartar/", f"/citas/{folio}/cambiar/", "/chat/cita/"):
        answer = browsers["customer"].post(
            address, {"hora": hour, "cita": "x", "servicio": hour, "zona": hour}
        )
        assert answer.status_code < 500, address
    assert world.rows() == before
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize("day", ODD_DAYS, ids=range(len(ODD_DAYS)))
def test_a_day_at_the_ends_of_time_is_no_day(world, browsers, day):
    for part, address in (
        ("customer", "/citas/"),
        ("agent", "/agente/agenda/"),
        ("agent", "/agente/mensajes/"),
    ):
        query = {"dia": day, "pagina": day, "estado": day, "zona": day, "servicio": day, "de": day}
        assert browsers[part].get(address, query).status_code == 200, address


@pytest.mark.parametrize(
    ("part", "open_to"), [("customer", OWN), ("agent", STAFF), ("supervisor", SUPERVISORS)]
)
def test_an_odd_value_in_every_field_breaks_no_page(world, browsers, part, open_to):
    """Sent twice, so that it is a list as well; in a form and in the address."""
    names = ["text", "client_id", "name", "email", "rfc", "program", "rating", "after", "hora", "cita", "act"]
    names += ["draft", "draft_client_id", "file_client_id", "page_url", "next", "q", "o", "p", "dia", "llave"]
    for route in (route for route in routes() if route.open_to == open_to):
        address = next(route.with_(world.ids))
        # Of the many lists and forms of the admin, the kinds.
        if part == "supervisor" and not address.startswith(
            ("/admin/scheduling/appointment/", "/admin/chat/agent/")
        ):
            continue
        for value in ODD_VALUES:
            odd = dict.fromkeys(names, [value, value])
            answers = browsers[part].get(address, odd), browsers[part].post(address, odd)
            for answer in answers:
                body_of(answer)
                assert answer.status_code < 500, (address, value)


def test_a_body_that_is_not_what_its_header_says_breaks_no_page(world, browsers):
    bodies = {
        "application/json": [b"", b"[]", b"{", b"\xff\xfe", b'{"type":NaN}', b"[" * 5_000],
        "multipart/form-data; boundary=x": [b"", b"--x", b"--x\r\n\r\n--x--", b"\0" * 100],
        "multipart/form-data": [b"x"],
        "application/x-www-form-urlencoded": [b"%%%", b"\xff=\xfe", b"&" * 500, b"text=%ED%A0%80"],
        "text/plain; charset=nada": [b"hola"],
    }
    for content_type, many in bodies.items():
        for body in many:
            for address in (
                "/chat/iniciar/",
                "/chat/mensajes/",
                "/chat/ordenes/",
                "/mensaje/",
                "/citas/datos/",
            ):
                answer = browsers["customer"].generic("POST", address, body, content_type=content_type)
                assert answer.status_code < 500, (content_type, body[:10], address)


# --- What addresses and errors tell ---------------------------------------------------------------------


def test_no_page_puts_a_person_into_an_address(world, browsers):
    """Addresses go into histories, logs of proxies and Referer: they hold folios and random numbers only."""
    persons = [ANA.email, ANA.email.replace("@", "%40"), ANA.name.split()[0], RFC, SECRET]
    seen = 0
    for part, open_to in {"customer": OWN, "agent": STAFF, "supervisor": SUPERVISORS}.items():
        for route in (route for route in routes() if route.open_to == open_to):
            for address in route.with_(world.ids):
                answer = browsers[part].get(address)
                found = re.findall(r'(?:href|src|action|formaction)="([^"]*)"', body_of(answer))
                for link in [*found, answer.headers.get("Location", "")]:
                    seen += 1
                    assert not any(person in link for person in persons if link.startswith(("/", "?"))), link
    assert seen > 500


def test_a_link_of_a_mail_is_exchanged_and_its_secret_is_on_no_page(world):
    for address in (
        f"/chat/enlace/{world.links['chat']}/",
        f"/citas/{world.appointment.folio}/?llave={world.links['appointment']}",
        f"/citas/?llave={world.links['appointment']}",
    ):
        answer = Client().get(address)
        assert answer.status_code == 302
        assert not any(token in answer["Location"] for token in world.links.values())
        page = Client().get(address, follow=True)
        assert not any(token in page.text for token in world.links.values())
        assert page["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "address", ["/nada/", "/chat/anterior/C-222222/", "/citas/S-222222/", "/admin/nada/"]
)
def test_a_page_that_is_not_there_tells_nothing_but_that(world, browsers, settings, address):
    settings.DEBUG = False
    for part in ("nobody", "stranger", "agent", "supervisor"):
        page = browsers[part].get(address, follow=True).text
        for told in (SECRET, ANA.email, "Traceback", "settings", "urlpatterns", "chat.views", "SECRET_KEY"):
            assert told not in page


def test_an_error_of_ours_tells_nothing_of_the_request(settings, monkeypatch):
    """The page for a failure is the same whatever was asked, and carries nothing of it."""
    settings.DEBUG = False

    def fail(*_args, **_kwargs):
        raise RuntimeError(f"failed for {ANA.email}")

    monkeypatch.setattr("chat.views.customer.pages.customer_page", fail)
    answer = browser_of(ANA, raise_request_exception=False).get("/chat/", {"correo": ANA.email})

    assert answer.status_code == 500
    for told in (ANA.email, "RuntimeError", "Traceback", "customer_page", ANA.cookie):
        assert told not in answer.text


def test_a_forged_form_tells_nothing_of_whose_browser_it_was(world, settings):
    browser = browser_of(ANA, enforce_csrf_checks=True)
    answer = browser.post("/chat/mensajes/", {"text": "<b>hola</b>"})

    assert answer.status_code == 403
    assert SECRET not in answer.text
    assert "&lt;b&gt;hola&lt;/b&gt;" in answer.text
