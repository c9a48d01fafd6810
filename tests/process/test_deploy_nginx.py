"""The product as deploy/ puts it up, asked from outside through the real nginx."""

import json
import re
import socket
import ssl
import struct
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests import servers
from tests.process import front
from tests.process.front import HOST, TOKEN, Browser, Site

pytestmark = [
    pytest.mark.process,
    pytest.mark.engines,
    pytest.mark.needs("nginx", "postgresql", "redis-server"),
]

NAME = "Xóchitl Quetzalpantli"
EMAIL = "xochitl.q@contadores.com.mx"
RFC = "QUXX800101AB1"
TEXT = "La contraseña del portal es ocelote-marrón"
FILE_NAME = "tlacuache.txt"
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    # Few logins, and a window that does not end while a test runs.
    with front.installation(tmp_path_factory.mktemp("site"), LIMIT_LOGINS_PER_ADDRESS="5/86400") as running:
        yield running


@pytest.fixture
def customer(site: Site) -> Browser:
    return Browser(site)


def start_chat(customer: Browser, **changes: str) -> None:
    typed = {"name": NAME, "email": EMAIL, "text": TEXT, "client_id": str(uuid.uuid4())} | changes
    assert customer.post("/chat/", "/chat/iniciar/", **typed).status == 302


def socket_of(browser: Browser, path: str, origin: str | None = None) -> ClientConnection:
    raw = socket.create_connection(("127.0.0.1", browser.site.port), source_address=(browser.address, 0))
    return connect(
        f"wss://{HOST}:{browser.site.port}{path}",
        sock=raw,
        ssl=browser.site.tls,
        server_hostname=HOST,
        origin=Origin(origin or browser.site.origin),
        additional_headers={"Cookie": browser.cookie},
        open_timeout=servers.START_SECONDS,
    )


def hear(wire: ClientConnection, **expected: Any) -> dict[str, Any]:
    """The next frame that has these fields."""
    while True:
        frame = json.loads(wire.recv(timeout=servers.START_SECONDS))
        if expected.items() <= frame.items():
            return frame


def take_chat(site: Site) -> Browser:
    """An agent who signs in and takes the chat that waits."""
    agent = Browser(site)
    agent.post("/agente/entrar/", "/agente/entrar/", username="laura", password="agave-y-nopal")
    folio = re.search(r'data-accept="(C-\w+)"', agent.get("/agente/").text)
    assert folio
    agent.post("/agente/", f"/agente/chat/{folio[1]}/atender/")
    return agent


def end(customer: Browser) -> None:
    customer.post("/chat/finalizar/", "/chat/finalizar/")


# --- What passes ----------------------------------------------------------------------------------------


def test_a_page_comes_through_tls(customer):
    page = customer.get("/chat/")

    assert page.status == 200
    assert page.all("Server") == ["nginx"]
    assert "</html>" in page.text


def test_plain_http_leads_to_the_site_and_nowhere_else(site):
    def ask(host: str) -> bytes:
        with socket.create_connection(("127.0.0.1", site.plain_port), timeout=20) as client:
            client.sendall(f"GET /chat/?a=b HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            return b"".join(iter(lambda: client.recv(65536), b""))

    assert f"Location: {site.origin}/chat/?a=b\r\n".encode() in ask(HOST)
    assert ask("evil.example").startswith(b"HTTP/1.1 421 ")


def test_a_chat_goes_both_ways_over_sockets_through_tls(site, customer):
    start_chat(customer)
    with socket_of(customer, "/ws/chat/") as here:
        here.send(json.dumps({"type": "chat.follow", "after": 0}))
        first = hear(here, type="message.created", text=TEXT)
        agent = take_chat(site)
        with socket_of(agent, "/ws/agente/") as there:
            there.send(json.dumps({"type": "chat.follow", "session": first["session"], "after": 0}))
            hear(there, type="message.created", text=TEXT)
            line = {"type": "message.send", "client_id": str(uuid.uuid4()), "text": "Buen día"}
            there.send(json.dumps(line | {"session": first["session"]}))
            hear(here, type="message.created", text="Buen día", author="agent")
    end(customer)


def test_a_socket_of_a_foreign_page_is_refused(site, customer):
    with pytest.raises(Exception, match="HTTP 403"):
        socket_of(customer, "/ws/chat/", origin="https://evil.example").close()


def test_static_files_come_from_nginx_compressed_and_for_ever(site, customer):
    found = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', customer.get("/chat/").text)
    assert found
    styles = customer.get(found[1], Accept_Encoding="gzip")
    plain = customer.get("/static/site/tokens.css")

    assert (styles.status, plain.status) == (200, 200)
    assert styles.all("Content-Encoding") == ["gzip"]
    assert styles.all("Cache-Control") == ["public, max-age=31536000, immutable"]
    assert plain.all("Cache-Control") == ["max-age=60"]
    assert styles.all("Set-Cookie") == styles.all("X-Request-ID") == []


@pytest.mark.parametrize(
    "path",
    [
        "/static/../tls/privkey.pem",
        "/static../tls/privkey.pem",
        "/static/%2e%2e/tls/privkey.pem",
        "/static/..%2ftls/privkey.pem",
        "/media/",
        "/static/",
    ],
)
def test_nothing_but_static_files_is_served_from_the_disk(customer, path):
    answer = customer.get(path)

    assert answer.status in (400, 403, 404)
    assert "PRIVATE KEY" not in answer.text


# --- Who asks -------------------------------------------------------------------------------------------


def test_a_customer_cannot_choose_the_address_that_is_counted(site):
    def attempt(browser: Browser, number: int) -> int:
        forged = f"198.51.100.{number}"
        headers = {"X_Forwarded_For": forged, "Forwarded": f"for={forged}", "X_Real_IP": forged}
        typed = {"username": "laura", "password": "adivinada"}
        return browser.post("/agente/entrar/", "/agente/entrar/", headers, **typed).status

    guesser, neighbour = Browser(site, "127.0.0.2"), Browser(site, "127.0.0.3")

    tried = [attempt(guesser, number) for number in range(6)]

    assert tried[:5] == [200] * 5
    assert tried[5] in (422, 429)
    assert attempt(neighbour, 1) == 200


def test_a_customer_cannot_choose_the_number_of_the_request(site, customer):
    number = "0123456789abcdef" * 2

    given = customer.get("/ayuda/", X_Request_ID=number).all("X-Request-ID")

    assert given != [number]
    assert re.fullmatch("[0-9a-f]{32}", given[0])


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", f"{HOST}.evil.example", "localhost", f"evil.{HOST}"]
)
def test_another_name_than_ours_is_not_answered_as_ours(customer, host):
    answer = customer.ask("GET", "/chat/", Host=host)

    assert answer.status == 421
    assert answer.all("Set-Cookie") == []


def test_the_processes_check_the_name_themselves_as_well(site):
    request = urllib.request.Request(f"{site.webs[0].url}/chat/", headers={"Host": "evil.example"})  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)  # noqa: S310 - our own server

    with refused.value as answer:
        assert answer.code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/readyz",
        "/metrics",
        "//readyz",
        "/%72eadyz",
        "/./readyz",
        "/x/../metrics",
        "/metrics?x=1",
        "/%6detrics",
    ],
)
def test_what_is_for_machines_is_not_public(customer, path):
    answer = customer.get(path, Authorization=f"Bearer {TOKEN}")

    assert answer.status == 404
    assert "facturando_" not in answer.text
    assert "ready" not in answer.text


def test_whether_it_lives_may_be_watched_from_outside(customer):
    assert customer.get("/healthz").text == "ok"


# --- Headers --------------------------------------------------------------------------------------------


def test_every_answer_says_https_only_and_nosniff_once(site, customer):
    small = customer.get("/ayuda/")
    answers = [small, customer.get("/nada/"), customer.get("/static/site/tokens.css"), upload(customer, 12)]

    for answer in answers:
        assert answer.all("Strict-Transport-Security") == ["max-age=31536000"]
        assert answer.all("X-Content-Type-Options") == ["nosniff"]
        assert answer.all("Referrer-Policy") == ["same-origin"]
        assert len(answer.all("Content-Security-Policy")) == 1
        assert "microphone=()" in answer.all("Permissions-Policy")[0]
        assert len(answer.all("Permissions-Policy")) == 1


def test_cookies_of_the_framed_chat_are_partitioned_and_those_of_staff_stay_at_home(site, customer):
    page = customer.get("/chat/")
    agent = Browser(site)
    login = agent.post("/agente/entrar/", "/agente/entrar/", username="laura", password="agave-y-nopal")

    framed = {cookie.split("=")[0]: cookie for cookie in page.all("Set-Cookie")}
    [staff] = [cookie for cookie in login.all("Set-Cookie") if cookie.startswith("sessionid=")]
    assert set(framed) == {"fs_visitante", "csrftoken"}
    for cookie in framed.values():
        assert {"Secure", "HttpOnly", "Partitioned", "SameSite=None"} <= set(cookie.split("; "))
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(staff.split("; "))
    assert front.EMBEDDING in page.all("Content-Security-Policy")[0]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_tls_is_spoken(site, version):
    context = site.tls
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", site.port)) as raw,
        context.wrap_socket(raw, server_hostname=HOST),
    ):
        pass


def test_old_tls_is_not_spoken(site):
    # A hello of TLS 1.1 by hand, since Python will not say it any more.
    suites = bytes.fromhex("c013 c014 002f 0035")
    body = b"\x03\x02" + bytes(32) + b"\x00" + struct.pack(">H", len(suites)) + suites + b"\x01\x00"
    hello = b"\x01" + len(body).to_bytes(3, "big") + body
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as client:
        client.sendall(b"\x16\x03\x01" + struct.pack(">H", len(hello)) + hello)
        answer = client.recv(100)

    # An alert, fatal: protocol_version.
    assert answer[:1] == b"\x15"
    assert answer[5:7] == b"\x02\x46"


# --- Too much -------------------------------------------------------------------------------------------


def upload(browser: Browser, megabytes: float, **headers: str) -> front.Answer:
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    return browser.ask("POST", "/chat/mensajes/", bytes(int(megabytes * MEGABYTE)), **form | headers)


def test_a_body_over_the_limit_is_refused_with_a_page_that_says_so(customer):
    answer = upload(customer, 30)

    assert answer.status == 413
    assert answer.all("Content-Type") == ["text/html; charset=utf-8"]
    assert "Regrese y envíe un archivo más pequeño" in answer.text


def test_a_script_whose_body_is_over_the_limit_reads_a_code(customer):
    answer = upload(customer, 12, Accept="application/json")

    assert answer.status == 413
    assert json.loads(answer.text)["code"] == "upload.too-large"


def test_just_over_the_limit_the_product_answers_itself(customer):
    answer = upload(customer, 10.5)

    assert answer.status == 413
    assert "límite de 10 MB" in answer.text


def flood(site: Site, address: str, path: str, count: int, headers: str = "") -> str:
    """Ask for a page many times at once, and return what comes from the first refusal on."""
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{headers}\r\n".encode()
    with site.wire(address) as client:
        client.sendall(request * count)
        answers = b""
        while not re.search(rb"HTTP/1.1 429.*(?:</html>|})", answers, re.DOTALL):
            assert (more := client.recv(65536)), "no request was refused"
            answers += more
    return answers[answers.index(b"HTTP/1.1 429") :].decode()


def test_a_flood_of_requests_is_answered_429_and_its_neighbour_is_served(site):
    # nginx ends a connection after 1,000 requests.
    refused = flood(site, "127.0.0.4", "/healthz", 1000)

    assert "Retry-After: 60\r\n" in refused
    assert "Content-Type: text/html; charset=utf-8\r\n" in refused
    assert "Espere un minuto e intente de nuevo" in refused
    assert Browser(site, "127.0.0.6").get("/healthz").status == 200


def test_guessing_passwords_is_slowed_down_far_sooner(site):
    refused = flood(site, "127.0.0.7", "/agente/entrar/", 60, "Accept: application/json\r\n")

    assert "Content-Type: application/json; charset=utf-8\r\n" in refused
    assert json.loads(refused[refused.index("{") : refused.index("}") + 1])["code"] == "limit.exceeded"
    assert Browser(site, "127.0.0.7").get("/healthz").status == 200


def test_too_many_connections_of_one_address_are_answered_429(site):
    # Requests whose bodies never end: each keeps its connection busy.
    head = f"POST /chat/mensajes/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100\r\n\r\n".encode()
    with ExitStack() as stack:
        for _each in range(500):
            stack.enter_context(site.wire("127.0.0.8")).sendall(head)
        last = stack.enter_context(site.wire("127.0.0.8"))
        last.sendall(f"GET /ayuda/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        refused = last.recv(65536).decode()

        # Below the burst of requests: it is the connections that were counted.
        assert refused.startswith("HTTP/1.1 429 ")
        assert Browser(site, "127.0.0.9").get("/healthz").status == 200


def test_whoever_sends_a_header_byte_by_byte_is_cut_off_and_delays_nobody(site):
    with ExitStack() as stack:
        slow = [stack.enter_context(site.wire("127.0.0.10")) for _each in range(50)]
        for client in slow:
            client.sendall(b"GET /chat/ HTTP/1.1\r\nHost: ")
        assert Browser(site, "127.0.0.11").get("/chat/").status == 200

        # client_header_timeout: ten seconds.
        for client in slow:
            client.settimeout(30)
            with suppress(ConnectionError):
                assert client.recv(4096) == b""


# --- Watching -------------------------------------------------------------------------------------------


def scraped(port: int) -> dict[str, float]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own server
        text = answer.read().decode()
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {f"{sample.labels.pop('process')} {sample.name}": sample.value for sample in samples}


def test_each_process_shows_its_own_figures_under_its_name(site, customer):
    start_chat(customer)
    with socket_of(customer, "/ws/chat/") as wire:
        wire.send(json.dumps({"type": "chat.follow", "after": 0}))
        hear(wire, type="message.created", text=TEXT)
        shown = [scraped(port) for port in (*(web.port for web in site.webs), site.metrics_port)]
    end(customer)

    names = [f"web-{site.webs[0].port}", f"web-{site.webs[1].port}", "clock"]
    for name, figures in zip(names, shown, strict=True):
        assert {label.split(" ")[0] for label in figures} == {name}
        assert figures[f"{name} facturando_waiting_chats"] == 1
        assert figures[f"{name} facturando_clock_seconds_since_round"] < 30
    sockets = [figures[f"{name} facturando_open_sockets"] for name, figures in zip(names, shown, strict=True)]
    assert sum(sockets) == 1
    assert shown[2]["clock facturando_clock_round_seconds_count"] > 0


def test_readiness_is_asked_of_the_process_itself(site):
    for web in site.webs:
        with urllib.request.urlopen(f"{web.url}/readyz", timeout=20) as answer:  # noqa: S310 - our own server
            assert json.load(answer) == {"ready": True, "wrong": []}


def test_no_log_of_any_process_holds_what_a_customer_typed(site, customer):
    start_chat(customer)
    take_chat(site)
    known = {"rfc": RFC, "legal_name": NAME, "program": "CFDI", "program_version": "5"}
    customer.post("/chat/", "/chat/identificacion/", **known)
    customer.get(f"/chat/eventos/?after={EMAIL}")
    customer.get(f"/chat/enlace/{RFC}:token/")
    customer.get(f"/{EMAIL}/?q={RFC}", Referer=f"https://{EMAIL}/", User_Agent=EMAIL)
    upload(customer, 12)
    end(customer)
    customer.post("/chat/", "/chat/copia/")
    # The clock tries to send it, and nobody listens.
    servers.wait_until(lambda: "Failed to send email" in site.logs(), "the mail to fail")

    lines = [line for web in site.webs for line in web.log().splitlines() if not line.startswith("Listo")]
    assert all(json.loads(line) for line in lines if line.startswith("{"))
    logs = site.logs()
    for secret in (NAME, "Quetzalpantli", "xochitl", EMAIL, RFC, "ocelote", "127.0.0.4", "q="):
        assert secret.lower() not in logs.lower(), secret


def test_one_number_follows_a_request_through_both_logs(site, customer):
    [number] = customer.get("/ayuda/").all("X-Request-ID")

    [ours] = [line for web in site.webs for line in web.log().splitlines() if number in line]
    [theirs] = [line for line in (site.folder / "facturando.log").read_text().splitlines() if number in line]
    assert json.loads(ours)["route"] == "help"
    assert json.loads(theirs)["status"] == 200


# --- When processes are gone: last, since nginx remembers who did not answer --------------------------------


def test_one_process_that_dies_is_passed_over_and_none_left_is_told(site, customer):
    first, second = site.webs
    first.kill9()
    assert [customer.get("/ayuda/").status for _each in range(6)] == [200] * 6

    second.kill9()
    page, script = customer.get("/chat/"), customer.get("/chat/eventos/", Accept="application/json")
    assert (page.status, script.status) == (503, 503)
    assert "El soporte vuelve enseguida" in page.text
    assert page.all("Retry-After") == ["10"]
    assert json.loads(script.text)["code"] == "support.away"

    for web in site.webs:
        web.restart()
    servers.wait_until(lambda: customer.get("/ayuda/").status == 200, "the site")
