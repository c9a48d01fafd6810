"""Real browsers against real processes: one process for each way of running, one browser of each kind."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests import servers
from tests.browser.hours import CLOSE_NOW, OPEN_NOW
from tests.browser.network import Network, network
from tests.browser.people import Customer, Desk, Reader
from tests.browser.watch import CSP_WATCH, Watch
from tests.servers import Product

SCREENSHOTS = servers.ROOT / "var" / "screenshots"
PASSWORD = "facturando-demo"
# A busy machine may need most of it; only a failing test waits this long.
PATIENCE_MS = 20_000
# The suite is one office that writes a lot.
GENEROUS = {
    "LIMIT_CHATS_PER_ADDRESS": "9999/60",
    "LIMIT_SOCKETS_PER_ADDRESS": "9999/60",
    "LIMIT_LOGINS_PER_ADDRESS": "9999/60",
    "LIMIT_OFFLINE_MESSAGES_PER_ADDRESS": "9999/60",
}
# Every wait of the product that a test sits through, in seconds. The order of the real ones is kept.
IMPATIENT = {
    "CHAT_SHOW_QUEUE_PLACE_SECONDS": "2",
    "CHAT_OFFER_MESSAGE_SECONDS": "5",
    "CHAT_INACTIVITY_WARNING_SECONDS": "4",
    "CHAT_INACTIVITY_END_SECONDS": "10",
    "CHAT_AGENT_VANISHED_SECONDS": "4",
    "CHAT_HEARTBEAT_SECONDS": "1",
}
END_ALL = """UPDATE chat_chatsession SET state = 'ended', end_reason = 'agent', ended_at = created_at,
    customer_turn_since = NULL, warned_at = NULL, offered_at = NULL WHERE state <> 'ended'"""
# Nobody is left of the last test to open these.
SEE_ALL = "UPDATE chat_chatsession SET agent_read = last_number"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.needs("chromium"))


# --- The product ----------------------------------------------------------------------------------------


class Site:
    """A product that tests share, and the wire to it that a test may damage."""

    def __init__(self, product: Product, wire: Network) -> None:
        self.product = product
        self.wire = wire
        self.cookies: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return self.product.url

    def shell(self, code: str) -> None:
        """Do what has no page, as a supervisor's technician would."""
        run = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
        subprocess.run(run, env=self.product.env, cwd=servers.ROOT, check=True)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self._database()) as database:
            return list(database.execute(query).fetchall())

    def end_all_chats(self) -> None:
        """The next test starts with an empty queue and free agents."""
        with closing(self._database()) as database:
            database.execute(END_ALL)
            database.execute(SEE_ALL)
            database.commit()

    def _database(self) -> Any:
        if url := self.product.env.get("DATABASE_URL"):
            return psycopg.connect(url)
        return sqlite3.connect(self.product.folder / "facturando.sqlite3", timeout=20)

    def mails_to(self, address: str) -> list[str]:
        folder = self.product.folder / "mail"
        texts = [path.read_text() for path in sorted(folder.glob("*"))] if folder.exists() else []
        return [text for text in texts if f"To: {address}" in text]


@contextmanager
def running_site(folder: Path, **env: str) -> Iterator[Site]:
    """A product with the demo's accounts: one process, or web and clock on engines of their own."""
    port, wire_port = servers.free_port(), servers.free_port()
    with network(port, wire_port) as wire, ExitStack() as stack:
        env = GENEROUS | {"EXTRA_ORIGINS": f"{wire.url},http://localhost:{port}"} | env
        if not servers.is_on_engines():
            yield Site(stack.enter_context(_running(folder, env, port, "serve", "--demo")), wire)
            return
        env |= servers.engines(stack) | {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
        web = stack.enter_context(_running(folder, env, port, "serve", "--demo", "--without-clock"))
        stack.enter_context(_running(folder, env, port, "clock"))
        yield Site(web, wire)


def _running(folder: Path, env: dict[str, str], port: int, *command: str) -> AbstractContextManager[Product]:
    return servers.product(folder, env=env, command=command, port=port)


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Site]]:
    """Start a product by its name once, with the settings given for it."""
    running: dict[str, Site] = {}
    with ExitStack() as stack:

        def start(name: str, **env: str) -> Site:
            if name not in running:
                running[name] = stack.enter_context(running_site(tmp_path_factory.mktemp(name), **env))
            return running[name]

        yield start


def _for_a_test(site: Site) -> Iterator[Site]:
    yield site
    site.wire.mend()
    site.end_all_chats()


@pytest.fixture
def site(sites: Callable[..., Site]) -> Iterator[Site]:
    """Always open, with the real waits."""
    yield from _for_a_test(sites("site"))


@pytest.fixture
def impatient(sites: Callable[..., Site]) -> Iterator[Site]:
    """Always open, with waits of seconds."""
    yield from _for_a_test(sites("impatient", **IMPATIENT))


@pytest.fixture
def automatic(sites: Callable[..., Site]) -> Iterator[Site]:
    """Always open, where waiting chats go to the least busy agent who is there."""
    site = sites("automatic", CHAT_AUTO_ASSIGN="on", CHAT_HEARTBEAT_SECONDS="1")
    yield from _for_a_test(site)
    site.shell("from chat.models import Agent; Agent.objects.update(is_available=False)")


@pytest.fixture
def closed(sites: Callable[..., Site]) -> Iterator[Site]:
    """Out of service for at least a day, with the real hours after it."""
    site = sites("closed", HOURS="real")
    if not site.rows("SELECT 1 FROM scheduling_specialday"):
        site.shell(CLOSE_NOW)
    yield from _for_a_test(site)


@pytest.fixture
def opening(sites: Callable[..., Site]) -> Iterator[Site]:
    """With the real hours, open now; a test closes it and opens it again."""
    site = sites("opening", HOURS="real")
    site.shell(OPEN_NOW)
    yield from _for_a_test(site)


# --- Browsers -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    # Without scripts a page never says that its fonts are loaded, and a screenshot would wait for it.
    os.environ["PW_TEST_SCREENSHOT_NO_FONTS_READY"] = "1"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browsers(playwright: Playwright) -> Iterator[Callable[[str], Browser]]:
    """Launch a browser by its name once: chromium, firefox, firefox-without-…."""
    running: dict[str, Browser] = {}

    def launch(name: str) -> Browser:
        if name not in running:
            running[name] = LAUNCHERS[name](playwright)
        return running[name]

    yield launch
    for browser in running.values():
        browser.close()


def _chromium(playwright: Playwright) -> Browser:
    # Its sandbox refuses to run as root.
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


def _firefox(playwright: Playwright, prefs: dict[str, Any] | None = None) -> Browser:
    return playwright.firefox.launch(
        channel="moz-firefox", executable_path=shutil.which("firefox-esr"), firefox_user_prefs=prefs or {}
    )


LAUNCHERS: dict[str, Callable[[Playwright], Browser]] = {
    "chromium": _chromium,
    "firefox": _firefox,
    # Through this protocol Firefox has no switch for one context.
    "firefox-without-scripts": lambda playwright: _firefox(playwright, {"javascript.enabled": False}),
    # Neither cookies nor storage.
    "firefox-without-cookies": lambda playwright: _firefox(playwright, {"network.cookie.cookieBehavior": 2}),
}
FIREFOX = pytest.param("firefox", marks=pytest.mark.needs("firefox-esr"))


@pytest.fixture(params=["chromium", FIREFOX])
def each_browser(request: pytest.FixtureRequest) -> str:
    """The test runs once in each browser."""
    return str(request.param)


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test for whatever a browser complained about and the test did not announce."""
    watch = Watch()
    yield watch
    assert not watch.unexpected()


type NewPage = Callable[..., Page]


@pytest.fixture
def new_page(browsers: Callable[[str], Browser], watch: Watch) -> Iterator[NewPage]:
    """Open a page in a browser context of its own, as one person's browser."""
    contexts: list[BrowserContext] = []

    def open_page(browser: str = "chromium", **options: Any) -> Page:
        settings = {
            "locale": "es-MX",
            "timezone_id": "America/Mexico_City",
            "viewport": {"width": 1280, "height": 800},
        }
        context = watch.over(browsers(browser).new_context(**(settings | options)))
        contexts.append(context)
        if options.get("java_script_enabled", True) and browser != "firefox-without-scripts":
            context.add_init_script(CSP_WATCH)
        context.set_default_timeout(PATIENCE_MS)
        return context.new_page()

    yield open_page
    if contexts:
        watch.wait_for_arrivals(contexts[0])
    for context in contexts:
        context.close()


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Take a picture of what a person sees, on a desk's screen and as narrow as a phone."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    pictures = str(request.node.callspec.id) if hasattr(request.node, "callspec") else "chromium"

    def take(page: Page, step: str) -> None:
        for width, height in ((1280, 800), (390, 780)):
            page.set_viewport_size({"width": width, "height": height})
            picture = SCREENSHOTS / f"{pictures}-{width}-{step}.png"
            # Hiding the caret would put a style into the page, which its policy forbids.
            page.screenshot(path=picture, caret="initial")
        # Twice: the first time Firefox tells the page of the old screen.
        page.set_viewport_size({"width": 1279, "height": 800})
        page.set_viewport_size({"width": 1280, "height": 800})

    return take


@pytest.fixture
def shoot_phone() -> Callable[[Page, str], None]:
    """Take a picture of a page that is already a phone's."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, step: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"chromium-phone-{step}.png", caret="initial")

    return take


# --- People ---------------------------------------------------------------------------------------------


@pytest.fixture
def new_customer(new_page: NewPage) -> Callable[..., Customer]:
    def arrive(site: Site, browser: str = "chromium", **options: Any) -> Customer:
        return Customer(new_page(browser, **options), site)

    return arrive


@pytest.fixture
def new_reader(new_page: NewPage) -> Callable[..., Reader]:
    """A customer whose browser runs no scripts."""

    def arrive(site: Site, browser: str) -> Reader:
        if browser == "firefox":
            return Reader(new_page("firefox-without-scripts"), site, is_forced=True)
        return Reader(new_page(browser, java_script_enabled=False), site)

    return arrive


@pytest.fixture
def new_desk(new_page: NewPage, browsers: Callable[[str], Browser]) -> Callable[..., Desk]:
    """An agent's console. Who has signed in once in this run is still signed in."""

    def arrive(
        site: Site, username: str = "agente1", browser: str = "chromium", url: str | None = None
    ) -> Desk:
        if username not in site.cookies:
            site.cookies[username] = _sign_in(browsers("chromium"), site, username)
        desk = Desk(new_page(browser, storage_state=site.cookies[username]), site, url or site.url)
        desk.open()
        return desk

    return arrive


def _sign_in(browser: Browser, site: Site, username: str) -> Any:
    context = browser.new_context(locale="es-MX")
    page = context.new_page()
    page.goto(f"{site.url}/agente/")
    page.get_by_label("usuario").fill(username)
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("heading", name="En espera")).to_be_visible()
    state = context.storage_state()
    context.close()
    return state
