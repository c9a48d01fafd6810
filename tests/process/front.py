"""The product as deploy/ puts it up: a real nginx with the site file, two web processes and a clock."""

import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import servers
from tests.servers import ROOT, Product

HOST = "soporte.example"
DEPLOY = ROOT / "deploy" / "nginx"
TOKEN = "a-token-that-nobody-guesses"
EMBEDDING = "https://www.facturando.example"
# What an installation does once, and then day and night: the tests run at every hour.
PREPARE = """
from datetime import time, timedelta
from django.contrib.auth.models import Group
from django.utils import timezone
from chat.models import Agent, Program
from scheduling.models import BusinessHours, SpecialDay
BusinessHours.objects.all().delete()
for weekday in range(7):
    BusinessHours.objects.create(weekday=weekday, opens_at=time(0), closes_at=time(23, 59, 59))
for days in (0, 1):
    date = timezone.localdate() + timedelta(days=days)
    SpecialDay.objects.create(date=date, name="Prueba", kind=SpecialDay.Kind.OPEN_AS_USUAL)
agent = Agent.objects.create_user("laura", password="agave-y-nopal", first_name="Laura", last_name="Méndez")
agent.groups.add(Group.objects.get(name="Agentes"))
"""

type Headers = dict[str, str]


@dataclass
class Site:
    """Where it answers, and everything behind it."""

    port: int
    plain_port: int
    folder: Path
    certificate: Path
    webs: list[Product] = field(default_factory=list)
    clock: Product | None = None
    metrics_port: int = 0

    @property
    def origin(self) -> str:
        return f"https://{HOST}:{self.port}"

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def logs(self) -> str:
        """All that anybody wrote."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.rglob("*.log")))

    def wire(self, address: str = "127.0.0.1", name: str = HOST) -> ssl.SSLSocket:
        """A connection of a customer at `address`, with TLS and nothing said yet."""
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=60, source_address=(address, 0))
        return self.tls.wrap_socket(raw, server_hostname=name)


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    def all(self, name: str) -> list[str]:
        return self.headers.get_all(name) or []


class Browser:
    """Keeps cookies, and comes from an address of its own."""

    def __init__(self, site: Site, address: str = "127.0.0.1") -> None:
        self.site = site
        self.address = address
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(HOST, self.site.port)
        connection.sock = self.site.wire(self.address)
        sent = {"Host": f"{HOST}:{self.site.port}", "Origin": self.site.origin, "Cookie": self.cookie}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, {name: value for name, value in sent.items() if value})
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read().decode(errors="replace"))
        finally:
            connection.close()
        for cookie in answer.all("Set-Cookie"):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, form_at: str, action: str, headers: Headers | None = None, **typed: str) -> Answer:
        """Fill in the form of one page and send it to `action`."""
        page = self.get(form_at)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token, (form_at, page.status, page.text[:2000])
        body = urlencode(typed | {"csrfmiddlewaretoken": token[1]}).encode()
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", action, body, **form | (headers or {}))


def site_file(site: Site, ports: Sequence[int]) -> str:
    """deploy/nginx/facturando.conf and what it includes, with nothing changed but ports and paths."""
    text = (DEPLOY / "facturando.conf").read_text()
    upstream = (DEPLOY / "facturando-upstream.conf").read_text()
    for ours, theirs in zip((8001, 8002), ports, strict=True):
        upstream = _changed(upstream, f"127.0.0.1:{ours} ", f"127.0.0.1:{theirs} ")
    text = _changed(text, "listen [::]:443 ", f"listen [::1]:{site.port} ")
    text = _changed(text, "listen 443 ", f"listen 127.0.0.1:{site.port} ")
    text = _changed(text, "listen [::]:80", f"listen [::1]:{site.plain_port}")
    text = _changed(text, "listen 80", f"listen 127.0.0.1:{site.plain_port}")
    text = _changed(text, f"https://{HOST}$request_uri", f"{site.origin}$request_uri")
    text = _changed(text, "/srv/facturando/static/", f"{site.folder}/static/")
    text = _changed(text, "/var/log/nginx/", f"{site.folder}/")
    text = _changed(text, "/etc/nginx/facturando-errors/", f"{DEPLOY}/errors/")
    text = _changed(text, "/etc/nginx/facturando-tls.conf", f"{site.folder}/tls/facturando-tls.conf")
    text = _changed(text, "/etc/nginx/facturando-", f"{DEPLOY}/facturando-")
    if not _has_ipv6():
        text = re.sub(r"^ *listen \[::1\].*\n", "", text, flags=re.MULTILINE)
    return upstream + text


def _changed(text: str, ours: str, theirs: str) -> str:
    assert ours in text, ours
    return text.replace(ours, theirs)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def make_certificate(folder: Path) -> Path:
    """A certificate of its own making for HOST, with its key and the group for DHE beside it."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "privkey.pem").write_bytes(private)
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "ffdhe2048.pem").write_bytes((DEPLOY / "ffdhe2048.pem").read_bytes())
    return folder / "fullchain.pem"


MAIN = """
{user}
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@contextmanager
def nginx(site: Site, ports: Sequence[int]) -> Iterator[None]:
    user = "user root;" if os.geteuid() == 0 else ""
    main = site.folder / "nginx.conf"
    main.write_text(MAIN.format(folder=site.folder, user=user))
    (site.folder / "site.conf").write_text(site_file(site, ports))
    tls = _changed(
        (DEPLOY / "facturando-tls.conf").read_text(), "/etc/facturando/tls/", f"{site.folder}/tls/"
    )
    (site.folder / "tls" / "facturando-tls.conf").write_text(tls)
    command = ["nginx", "-c", str(main), "-p", str(site.folder), "-e", str(site.folder / "nginx.log")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    engine = servers.Engine(command, "", site.folder, lambda: _listens(site.port), signal.SIGTERM)
    with servers._running(engine):
        yield


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def manage(env: dict[str, str], *command: str) -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


@contextmanager
def installation(folder: Path, **changes: str) -> Iterator[Site]:
    """Everything of deploy/, for as long as it is wanted. `changes` are settings."""
    with ExitStack() as stack:
        site = Site(servers.free_port(), servers.free_port(), folder, make_certificate(folder / "tls"))
        env = production(site) | servers.engines(stack) | changes
        whole = servers.product_env(folder, site.port, env)
        manage(whole, "migrate", "-v0")
        manage(whole, "collectstatic", "--no-input", "-v0")
        manage(whole, "shell", "-v0", "-c", PREPARE)
        for _each in range(2):
            running = servers.product(folder, env=env, command=("serve", "--without-clock"))
            site.webs.append(stack.enter_context(running))
        site.metrics_port = servers.free_port()
        clock = ("clock", "--metrics-port", str(site.metrics_port))
        site.clock = stack.enter_context(servers.product(folder, env=env, command=clock))
        stack.enter_context(nginx(site, [web.port for web in site.webs]))
        yield site


def production(site: Site) -> dict[str, str]:
    return {
        "DEBUG": "off",
        "HOURS": "real",
        "SECRET_KEY": "made-up-for-one-test-" * 4,
        "PUBLIC_URL": site.origin,
        "EXTRA_ORIGINS": "",
        "STATIC_DIR": str(site.folder / "static"),
        "BEHIND_PROXY": "on",
        "TRUSTED_PROXIES": "1",
        "EMBED_ORIGINS": EMBEDDING,
        "METRICS_TOKEN": TOKEN,
        # Nobody listens there: a mail that cannot go out is told to nobody but the log.
        "EMAIL_URL": f"smtp://127.0.0.1:{servers.free_port()}",
        "DEFAULT_FROM_EMAIL": "Soporte <soporte@facturando.mx>",
    }
