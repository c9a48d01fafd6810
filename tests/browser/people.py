"""The two people of every chat, told what to do in words that they see on the screen."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playwright.sync_api import FilePayload, FrameLocator, Locator, Page, Route, WebSocketRoute, expect

from tests.servers import wait_until

if TYPE_CHECKING:
    from tests.browser.conftest import Site

QUESTION = "¿Tienes dudas? Escríbenos"
TEXT_FILE: FilePayload = {
    "name": "captura.txt",
    "mimeType": "text/plain",
    "buffer": b"CFDI40138: el RFC no existe",
}


def hold_back(_route: Route) -> None:
    """A request that is never answered."""


def without(kind: str) -> Callable[[WebSocketRoute], None]:
    """A socket that loses one kind of news, for `route_web_socket`."""

    def handle(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda frame: None if f'"{kind}"' in str(frame) else socket.send(frame))

    return handle


def file(name: str, content: bytes = b"una prueba", content_type: str = "text/plain") -> FilePayload:
    """A file as the picker of a browser hands it over."""
    return {"name": name, "mimeType": content_type, "buffer": content}


class Customer:
    """Somebody who writes to support, from the site's page or from the page of the chat itself."""

    def __init__(self, page: Page, site: "Site") -> None:
        self.page = page
        self.site = site
        self.name = ""
        self.is_framed = False

    # Where the chat is.

    def visit(self, address: str = "/") -> None:
        """Open the site that embeds the chat."""
        self.page.goto(self.site.url + address)
        self.is_framed = True

    def open_chat(self, url: str | None = None) -> None:
        """Open the chat as a page of its own."""
        self.page.goto(f"{url or self.site.url}/chat/")
        self.is_framed = False

    @property
    def chat(self) -> Page | FrameLocator:
        if self.is_framed:
            return self.page.frame_locator('iframe[title="Chat de soporte de Facturando"]')
        return self.page

    @property
    def bar(self) -> Locator:
        """The widget on somebody's page."""
        return self.page.get_by_role("region", name="Chat de soporte")

    @property
    def box(self) -> Locator:
        """Where lines are written."""
        return self.chat.get_by_role("textbox", name="Mensaje", exact=True)

    @property
    def timeline(self) -> Locator:
        return self.chat.get_by_role("list", name="Conversación")

    def button(self, name: str) -> Locator:
        return self.chat.get_by_role("button", name=name, exact=True)

    # What the customer does.

    def ask(self, text: str) -> None:
        """The first message and the arrow."""
        where = self.bar if self.is_framed else self.chat
        where.get_by_role("textbox", name="Mensaje").fill(text)
        where.get_by_role("button", name="Enviar").click()

    def introduce(self, name: str, email: str = "") -> None:
        self.name = name
        self.chat.get_by_label("Nombre").fill(name)
        # Through its protocol Firefox adds to what an e-mail field holds instead of replacing it.
        self.chat.get_by_label("Correo electrónico").press("Control+a")
        self.chat.get_by_label("Correo electrónico").press("Delete")
        self.chat.get_by_label("Correo electrónico").fill(email or address_of(name))
        self.button("Iniciar chat").click()

    def start(self, name: str, text: str = "No puedo timbrar") -> None:
        """Wait in the queue."""
        self.ask(text)
        self.introduce(name)
        expect(self.chat.get_by_role("heading", name="Soporte Facturando")).to_be_visible()
        expect(self.line(text)).to_be_visible()

    def fill_identification(
        self,
        rfc: str = "XAXX010101000",
        legal_name: str = "Abarrotes Beta",
        program: str = "Nómina CFDI",
        version: str = "4.0.1",
    ) -> None:
        for label, value in (
            ("RFC", rfc),
            ("Nombre o Razón Social", legal_name),
            ("Programa", program),
            ("Versión", version),
        ):
            self.chat.get_by_label(label).fill(value)

    def identify(self) -> None:
        self.fill_identification()
        self.button("Identificarme").click()
        expect(self.line("Identificación recibida")).to_be_visible()
        expect(self.chat.get_by_role("heading", name="Identifíquese")).to_have_count(0)

    def say(self, text: str) -> None:
        self.box.fill(text)
        self.button("Enviar").click()

    def send_file(self, *files: FilePayload) -> None:
        self.chat.get_by_label("Enviar un archivo").set_input_files(list(files))

    def choose(self, option: str) -> None:
        """Something of the menu Opciones."""
        self.chat.get_by_text("Opciones", exact=True).click()
        self.chat.get_by_text(option, exact=True).click()

    def minimize(self) -> None:
        self.button("Minimizar el chat").click()
        expect(self.bar).to_be_visible()

    def restore(self) -> None:
        self.bar.get_by_role("button").first.click()
        expect(self.bar).to_be_hidden()

    # What the customer sees.

    def line(self, text: str | re.Pattern[str]) -> Locator:
        return self.timeline.get_by_role("listitem").filter(has_text=text)

    def own_lines(self) -> list[str]:
        """The customer's own lines as they stand, first to last."""
        return self.timeline.locator("[data-author=customer] [data-role=text]").all_inner_texts()

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.chat.get_by_text(text).first).to_be_visible()


# Counts the tones that a page plays; a test has no ears.
EARS = """window.tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function () { window.tones += 1; return start.apply(this, arguments); };"""


def tones(page: Page) -> int:
    return int(page.evaluate("window.tones"))


class Desk:
    """An agent at the console."""

    def __init__(self, page: Page, site: "Site", url: str) -> None:
        self.page = page
        self.site = site
        self.url = url

    def open(self) -> None:
        self.page.goto(f"{self.url}/agente/")
        self.is_connected()

    def is_connected(self) -> None:
        expect(self.page.get_by_text("Conectado", exact=True)).to_be_visible()

    @property
    def queue(self) -> Locator:
        return self.page.get_by_role("region", name="En espera")

    @property
    def chats(self) -> Locator:
        return self.page.get_by_role("region", name="Mis chats")

    def waiting(self, name: str) -> Locator:
        return self.queue.get_by_role("listitem").filter(has_text=name)

    def take(self, name: str) -> None:
        self.waiting(name).get_by_role("button", name="Atender").click()
        expect(self.pane(name)).to_be_visible()

    def pane(self, name: str) -> Locator:
        return self.page.get_by_role("article", name=f"Chat con {name}")

    def show(self, name: str) -> None:
        self.chats.get_by_role("button").filter(has_text=name).click()
        expect(self.pane(name)).to_be_visible()

    def unread(self, name: str) -> Locator:
        """How many lines of a chat were not read yet, beside its name."""
        return self.chats.get_by_role("button").filter(has_text=name).locator('[data-role="unread"]')

    @property
    def ends(self) -> Locator:
        """Chats that ended while nobody looked."""
        return self.page.get_by_role("region", name="Finalizados sin leer")

    def put_aside(self, name: str) -> None:
        self.pane(name).get_by_role("button", name="Cerrar la vista de este chat").click()
        expect(self.pane(name)).to_be_hidden()

    def box(self, name: str) -> Locator:
        return self.pane(name).get_by_role("textbox", name=f"Mensaje para {name}")

    def say(self, name: str, text: str) -> None:
        self.box(name).fill(text)
        self.pane(name).get_by_role("button", name="Enviar", exact=True).click()

    def note_switch(self, name: str) -> Locator:
        return self.pane(name).get_by_label("Nota interna", exact=True)

    def line(self, name: str, text: str | re.Pattern[str]) -> Locator:
        return self.timeline(name).get_by_role("listitem").filter(has_text=text)

    def timeline(self, name: str) -> Locator:
        return self.pane(name).get_by_role("list", name="Conversación")

    def lines_of_customer(self, name: str) -> list[str]:
        return self.timeline(name).locator("[data-author=customer] [data-role=text]").all_inner_texts()

    def read_offline_message(self, folio: str) -> Page:
        """Open a message that was left, in a window of its own beside the console."""
        with self.page.expect_popup() as popup:
            self.page.get_by_role("link", name="Mensajes fuera de línea").click()
        popup.value.get_by_role("link", name=folio).click()
        return popup.value

    def end(self, name: str) -> None:
        """Asked once, on the button itself."""
        self.pane(name).get_by_role("button", name="Finalizar", exact=True).click()
        self.pane(name).get_by_role("button", name="¿Finalizar este chat?").click()


class Reader:
    """A customer whose browser runs no scripts: every step is a page, and pages refresh themselves.

    `is_forced` is for a browser that has switched scripts off altogether, where the driver cannot ask a page
    whether it stands still. It is then read and touched as it is at that instant, again and again.
    """

    def __init__(self, page: Page, site: "Site", *, is_forced: bool = False) -> None:
        self.page = page
        self.site = site
        self.is_forced = is_forced

    @property
    def conversation(self) -> FrameLocator:
        return self.page.frame_locator('iframe[title="Conversación"]')

    def sees(self, text: str, where: Page | FrameLocator | None = None) -> None:
        found = (where or self.page).get_by_text(text)
        self._until(lambda: found.first.is_visible(), f"«{text}»")

    def reads(self, text: str) -> None:
        """A line of the conversation, which arrives by itself."""
        self.sees(text, self.conversation)

    def sees_no(self, text: str) -> None:
        assert not self.page.get_by_text(text).first.is_visible()

    def write(self, label: str, text: str) -> None:
        field = self.page.get_by_role("textbox", name=label, exact=True).or_(
            self.page.get_by_role("combobox", name=label, exact=True)
        )
        self._until(field.is_visible, f"the field «{label}»")
        field.press("Control+a")
        field.press_sequentially(text)

    def press(self, name: str, role: Any = "button", where: Page | FrameLocator | None = None) -> None:
        target = (where or self.page).get_by_role(role, name=name, exact=True)
        self._until(target.is_visible, f"«{name}»")
        target.click(force=self.is_forced)

    def open_menu(self) -> None:
        self.page.get_by_text("Opciones", exact=True).click(force=self.is_forced)

    def choose_file(self, chosen: FilePayload) -> None:
        self.page.get_by_label("Enviar un archivo").set_input_files(chosen)

    def mark(self, label: str) -> None:
        self.page.get_by_label(label).check(force=self.is_forced)

    def _until(self, condition: Callable[[], Any], what: str) -> None:
        wait_until(condition, what, seconds=30)


def address_of(name: str) -> str:
    """The e-mail of one of the suite's people."""
    words = name.lower().translate(str.maketrans("áéíóúñ ", "aeioun."))
    return f"{words}@despacho-lopez.mx"
