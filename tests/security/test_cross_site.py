"""Other sites: their forms, their sockets, their Host, and where they would have us send people."""

import pytest
from channels.testing import WebsocketCommunicator
from django.test import Client
from django.urls import reverse
from post_office.models import Email

from chat import access
from chat.models import ChatSession
from facturando_support.asgi import application
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, conversing
from tests.chat.sockets import do, staff_cookie
from tests.security.answers import body_of
from tests.security.routes import routes
from tests.security.test_strangers import everything

# The product is at http://127.0.0.1:8000 in these tests.
FOREIGN = [
    "https://127.0.0.1:8000",
    "http://127.0.0.1",
    "http://127.0.0.1:8001",
    "http://127.0.0.1:80000",
    "http://localhost.ajeno.example:8000",
    "http://127.0.0.1:8000.ajeno.example",
    "http://ajeno.example#http://127.0.0.1:8000",
    "http://ajeno.example/?http://127.0.0.1:8000",
    "http://127.0.0.1:8000@ajeno.example",
    "http://ajeno.example\\@127.0.0.1:8000",
    "http://127.0.0.1:8000\u200b",
    "http://127.0.0.1:8000 http://ajeno.example",
    "HTTP://127.0.0.1:8000:",
    "http://[::1]:8000",
    "http://2130706433:8000",
    "file://",
    "chrome-extension://abc",
    "data:text/html,x",
    "null",
    "*",
    "",
    "http://",
    "http://:8000",
    "://",
    "ñ",
]


# --- Forms ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("origin", FOREIGN, ids=range(len(FOREIGN)))
def test_a_form_of_another_site_changes_nothing(world, laura, origin):
    """With the customer's and the agent's cookies, and with the token that the other site cannot know."""
    browser = browser_of(ANA, enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(laura)
    browser.get("/chat/")
    token = browser.get("/chat/").context["csrf_token"]
    before = world.rows()
    for address in ("/chat/mensajes/", "/chat/finalizar/", "/chat/ordenes/", "/agente/disponible/"):
        form = everything(world, csrfmiddlewaretoken=str(token))
        answer = browser.post(address, form, headers={"origin": origin.encode("utf-8").decode("latin-1")})
        assert answer.status_code == 403, address

    assert world.rows() == before


@pytest.mark.django_db
def test_a_form_without_its_token_changes_nothing_at_any_address(world, laura, elena):
    """Every address that changes something asks for it; none is exempt but those that change nothing."""
    browser = browser_of(ANA, enforce_csrf_checks=True, raise_request_exception=False)
    before = world.rows()
    refused, other = set(), set()
    for agent in (laura, elena):
        browser.force_login(agent)
        for route in routes():
            for address in [*route.with_(world.ids)][:2]:
                answer = browser.post(address, everything(world))
                (refused if answer.status_code == 403 else other).add(route.name)

    assert world.rows() == before
    assert len(refused) > 60
    assert other - refused <= {
        # The site's form for another page, which only shows: a frame's cookies are missing there.
        "chat:book",
        # Pages that POST does nothing to.
        "demo",
        "widget",
        "help",
        "healthz",
        "readyz",
        "admin:jsi18n",
        "admin:login",
        "admin:logout",
        "admin:None",
    }


@pytest.mark.django_db
def test_a_page_that_another_site_may_post_to_only_shows(world):
    """`/citas/` takes what a customer typed elsewhere, and shows it escaped in a form that asks again."""
    browser = browser_of(ANA, enforce_csrf_checks=True)
    before = world.rows()
    page = browser.post("/citas/", {"name": '"><script>planted()</script>', "about": "</textarea><b>"})

    assert page.status_code == 200
    assert "<script>planted" not in page.text
    assert world.rows() == before


@pytest.mark.django_db
def test_a_change_by_a_mere_link_is_none(world, laura):
    """GET shows: an image on another site ends, sends and books nothing."""
    browser = browser_of(ANA, raise_request_exception=False)
    browser.force_login(laura)
    kept = ["state", "last_number", "rating", "put_away_at", "agent_id", "offered_hours", "rfc"]
    before = list(ChatSession.objects.order_by("pk").values(*kept)), world.rows()["chat.Message"]
    for route in routes():
        for address in route.with_(world.ids):
            body_of(browser.get(address, everything(world)))

    assert (list(ChatSession.objects.order_by("pk").values(*kept)), world.rows()["chat.Message"]) == before


# --- Sockets --------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("origin", FOREIGN, ids=range(len(FOREIGN)))
async def test_a_socket_of_another_site_is_turned_away_whoevers_cookies_come_with_it(laura, origin):
    await do(conversing, laura)
    cookie = f"{access.COOKIE_NAME}={ANA.cookie}; {await do(staff_cookie, laura)}"
    for path in ("/ws/chat/", "/ws/agente/"):
        headers = [(b"origin", origin.encode()), (b"cookie", cookie.encode())]
        socket = WebsocketCommunicator(application, path, headers)
        is_accepted, _code = await socket.connect()
        assert not is_accepted


@pytest.mark.django_db(transaction=True)
async def test_a_socket_that_names_two_origins_or_none_is_turned_away(laura):
    ours, theirs = (b"origin", b"http://127.0.0.1:8000"), (b"origin", b"http://ajeno.example")
    cookie = (b"cookie", (await do(staff_cookie, laura)).encode())
    for origins in ([], [theirs, ours], [ours, theirs]):
        socket = WebsocketCommunicator(application, "/ws/agente/", [*origins, cookie])
        is_accepted, _code = await socket.connect()
        assert not is_accepted, origins
        await socket.wait()


# --- Host and where we send people ----------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "host",
    [
        "ajeno.example",
        "127.0.0.1.ajeno.example",
        "ajeno.example:8000",
        "127.0.0.1@ajeno.example",
        "*",
        "",
        "a b",
    ],
)
def test_a_host_that_is_not_ours_gets_nothing_and_is_in_no_mail(world, host):
    # Django's tests add a Host of their own to the allowed ones; ours alone are asked here.
    browser = browser_of(ANA, raise_request_exception=False)
    for headers in ({"host": host}, {"host": "127.0.0.1", "x-forwarded-host": host}):
        answer = browser.get("/chat/", headers=headers)
        assert answer.status_code == 400 or "host" not in headers or headers["host"] != host
        assert "ajeno" not in answer.text
    assert not any("ajeno" in mail.message for mail in Email.objects.all())


ELSEWHERE = [
    "https://ajeno.example/",
    "//ajeno.example/",
    "///ajeno.example",
    "/\\ajeno.example",
    "\\\\ajeno.example",
    "http:ajeno.example",
    "https:ajeno.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://127.0.0.1@ajeno.example/",
    "//127.0.0.1:8000@ajeno.example/",
    "\thttps://ajeno.example",
    " https://ajeno.example",
    "/\t/ajeno.example",
    "//ajeno.example%2f..",
    "https://ajeno.example\r\nX-Planted: 1",
    "/agente/\r\nX-Planted: 1",
]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ELSEWHERE, ids=range(len(ELSEWHERE)))
def test_a_login_leads_to_no_other_site(laura, address):
    laura.set_password("una-clave-larga-1")
    laura.save()
    login = {"username": "laura", "password": "una-clave-larga-1"}
    for browser, data in ((Client(), login | {"next": address}), (Client(), login)):
        query = {} if "next" in data else {"next": address}
        answer = browser.post(reverse("chat:login", query=query), data)
        assert answer.status_code == 302
        assert answer["Location"] in {"/agente/", "/agente/%0D%0AX-Planted:%201"}
        assert "X-Planted" not in answer.headers


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["customer", "agent", "supervisor"])
def test_no_redirect_takes_its_address_from_what_was_typed(world, browsers, part):
    names = ["next", "de", "llave", "page_url", "zona", "redirect", "url", "return", "estado", "q"]
    # The shapes that browsers read as another site.
    for address in (ELSEWHERE[0], ELSEWHERE[1], ELSEWHERE[3], ELSEWHERE[4], ELSEWHERE[-2]):
        typed = dict.fromkeys(names, address)
        for route in (route for route in routes() if "/admin/" not in route.path or "<url>" in route.path):
            [first, *_rest] = route.with_(world.ids | {"url": [address], "token": [address]})
            for answer in (browsers[part].get(first, typed), browsers[part].post(first, typed)):
                body_of(answer)
                location = answer.headers.get("Location", "/")
                assert location.startswith("/"), (first, location)
                assert not location.startswith(("//", "/\\")), (first, location)
                assert "X-Planted" not in answer.headers
