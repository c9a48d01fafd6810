"""The manual's chapter "Chat fuera de línea": only «Dejar mensaje», and the message is answered by mail."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FIREFOX
from tests.browser.people import QUESTION
from tests.servers import wait_until

OPENING = re.compile(r"Volvemos el \w+ \d+ de \w+ a las \d\d:\d\d")
FOLIO = re.compile(r"Su folio es (M\S+)\.")


def test_a_message_left_out_of_hours_is_answered_by_mail(each_browser, closed, new_customer, new_desk, shoot):
    ana, laura = new_customer(closed, each_browser), new_desk(closed)
    address = f"ana.{each_browser}@despacho-lopez.mx"

    # "solo aparecerá el recuadro del chat con el texto “Dejar mensaje”"
    ana.visit()
    expect(ana.bar.get_by_role("button")).to_have_text(["Dejar mensaje"])
    expect(ana.bar.get_by_role("textbox")).to_have_count(0)
    expect(ana.page.get_by_text(QUESTION)).to_have_count(0)
    shoot(ana.page, "20-cerrado")
    ana.bar.get_by_role("button", name="Dejar mensaje").click()

    # "Se te pedirá que captures un nombre, una cuenta de correo y el texto del mensaje"
    ana.sees(OPENING)
    ana.button("Enviar mensaje").click()
    ana.sees("Escriba su nombre")
    shoot(ana.page, "21-dejar-mensaje-con-errores")
    ana.chat.get_by_label("Nombre").fill("Ana López")
    ana.chat.get_by_label("Correo electrónico").fill(address)
    ana.chat.get_by_label("Mensaje").fill("No puedo timbrar desde ayer")
    shoot(ana.page, "22-dejar-mensaje")
    ana.button("Enviar mensaje").click()

    expect(ana.chat.get_by_role("heading", name="Recibimos su mensaje")).to_be_visible()
    ana.sees(OPENING)
    folio = FOLIO.search(ana.chat.locator("main").inner_text())[1]
    shoot(ana.page, "23-mensaje-recibido")
    [copy] = wait_until(lambda: closed.mails_to(address), "the copy by mail")
    assert folio in copy

    laura.open()
    page = laura.read_offline_message(folio)
    expect(page.get_by_text("No puedo timbrar desde ayer")).to_be_visible()
    page.get_by_label("Respuesta").fill("Actualice su programa")
    shoot(page, "24-consola-mensaje")
    page.get_by_role("button", name="Enviar respuesta por correo").click()
    expect(page.get_by_text(f"Su respuesta a {folio} va en camino por correo.")).to_be_visible()
    mails = wait_until(lambda: closed.mails_to(address)[1:], "the answer by mail")
    assert "Actualice su programa" in mails[-1]


@pytest.mark.parametrize("browser", ["chromium", FIREFOX])
def test_a_message_can_be_left_without_scripts(browser, closed, new_reader):
    rosa = new_reader(closed, browser)

    rosa.page.goto(f"{closed.url}/chat/")
    rosa.sees("El chat está fuera de línea.")
    rosa.sees_no(QUESTION)
    rosa.write("Nombre", "Rosa Díaz")
    rosa.write("Correo electrónico", f"rosa.{browser}@despacho-lopez.mx")
    rosa.write("Mensaje", "¿Cómo cancelo una factura?")
    rosa.press("Enviar mensaje")

    rosa.sees("Recibimos su mensaje")
    wait_until(lambda: closed.mails_to(f"rosa.{browser}@despacho-lopez.mx"), "the copy by mail")


def test_a_waiting_message_is_announced_in_an_open_console(closed, new_customer, new_desk):
    laura, ana = new_desk(closed), new_customer(closed)
    entry = laura.page.get_by_role("link", name="Mensajes fuera de línea")
    before = int(entry.inner_text().split()[-1])

    ana.open_chat()
    ana.chat.get_by_label("Nombre").fill("Ana López")
    ana.chat.get_by_label("Correo electrónico").fill("ana@despacho-lopez.mx")
    ana.chat.get_by_label("Mensaje").fill("Una duda")
    ana.button("Enviar mensaje").click()

    expect(entry).to_contain_text(str(before + 1))
