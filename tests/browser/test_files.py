"""Files: chosen, pasted and dropped; cancelled, and refused before they leave or when they arrive."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.people import file, hold_back

DROP = """([kind, name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, {type: "text/plain"}));
  const target = document.querySelector('[data-role="text-box"]');
  const event = kind === "paste"
    ? new ClipboardEvent("paste", {bubbles: true, cancelable: true})
    : new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
  // Firefox's constructor takes no clipboard: there only the system's own has files.
  if (kind === "paste") Object.defineProperty(event, "clipboardData", {value: data});
  target.dispatchEvent(event);
}"""
MEGABYTE = 1024 * 1024


@pytest.fixture
def chatting(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    ana.open_chat()
    ana.start("Ana López")
    laura.take("Ana López")
    ana.identify()
    return ana, laura


def _uploads(requests: list[str]) -> list[str]:
    return [url for url in requests if url.endswith("/chat/mensajes/")]


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_file_can_be_pasted_and_dropped(way, each_browser, site, new_customer, new_desk):
    ana, laura = new_customer(site, each_browser), new_desk(site)
    ana.open_chat()
    ana.start("Ana López")
    laura.take("Ana López")
    ana.identify()

    ana.page.evaluate(DROP, [way, "error.txt", "CFDI40138"])

    expect(ana.line("error.txt").get_by_role("link")).to_be_visible()
    expect(laura.line("Ana López", "error.txt").get_by_role("link")).to_be_visible()


def test_an_agent_can_paste_a_file(chatting):
    ana, laura = chatting
    laura.page.evaluate(DROP, ["paste", "pasos.txt", "uno, dos"])

    expect(ana.line("pasos.txt").get_by_role("link")).to_be_visible()


@pytest.mark.parametrize("way", ["pick", "paste", "drop"])
def test_no_file_leaves_while_the_agent_writes_a_note(way, chatting):
    ana, laura = chatting
    laura.note_switch("Ana López").check()
    if way == "pick":
        laura.pane("Ana López").get_by_label("Enviar un archivo").set_input_files([file("secreto.txt")])
    else:
        laura.page.evaluate(DROP, [way, "secreto.txt", "para colegas"])

    refusal = laura.pane("Ana López").get_by_role("alert")
    expect(refusal).to_contain_text("Los archivos no van en notas internas y este no se envió")
    laura.note_switch("Ana López").uncheck()
    expect(refusal).to_be_hidden()
    laura.say("Ana López", "Con gusto")
    expect(ana.line("Con gusto")).to_be_visible()
    expect(ana.timeline).not_to_contain_text("secreto.txt")


def test_several_files_arrive_each_once(chatting):
    ana, laura = chatting
    for name in ("uno.txt", "dos.txt", "tres.txt"):
        ana.send_file(file(name, name.encode()))
        expect(laura.line("Ana López", name)).to_have_count(1)
        expect(ana.line(name)).to_have_count(1)


def test_limit_and_types_are_said_before_sending(chatting):
    ana, _laura = chatting
    ana.sees("Hasta 10 MB: imágenes, PDF, XML, TXT, ZIP y documentos de Office.")


def test_an_upload_can_be_cancelled(chatting):
    ana, laura = chatting
    # As over a slow line: the upload hangs until it is cancelled.
    ana.page.route("**/chat/mensajes/", hold_back)
    ana.send_file(file("grande.txt", b"x" * MEGABYTE))
    ana.sees("grande.txt (1.0 MB)")

    ana.button("Cancelar").click()

    expect(ana.chat.get_by_text("grande.txt")).to_have_count(0)
    ana.page.unroute("**/chat/mensajes/")
    ana.send_file(file("otro.txt"))
    expect(laura.line("Ana López", "otro.txt")).to_be_visible()
    expect(laura.timeline("Ana López")).not_to_contain_text("grande.txt")


def test_an_upload_that_broke_can_be_tried_again(chatting, watch):
    ana, laura = chatting
    watch.expect("net::ERR_FAILED")
    ana.page.route("**/chat/mensajes/", lambda route: route.abort())
    ana.send_file(file("captura.txt"))
    ana.sees("Se cortó el envío. El archivo no se perdió: reintente.")

    ana.page.unroute("**/chat/mensajes/")
    ana.button("Reintentar").click()

    expect(laura.line("Ana López", "captura.txt")).to_have_count(1)
    expect(ana.chat.get_by_text("Se cortó el envío")).to_have_count(0)


@pytest.mark.parametrize("name", ["sello.key", "FIEL.PFX", "clave.p12", "llave.pem"])
def test_a_private_key_is_refused_by_its_name_before_it_is_sent(name, chatting, watch):
    ana, _laura = chatting
    ana.send_file(file(name))

    ana.sees("parece una llave privada y no se envió")
    ana.sees("no la comparta con nadie, tampoco con nosotros")
    assert not _uploads(watch.requests)
    ana.button("Quitar").click()
    expect(ana.chat.get_by_text("llave privada")).to_have_count(0)


def test_a_private_key_with_another_name_is_refused_before_it_is_sent(chatting, watch):
    ana, _laura = chatting
    ana.send_file(file("nota.txt", b"Mi llave:\n-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIF\n"))

    ana.sees("parece una llave privada y no se envió")
    assert not _uploads(watch.requests)


def test_a_private_key_that_a_browser_does_not_know_is_refused_on_arrival(chatting):
    ana, laura = chatting
    ana.send_file(file("nota.txt", "-----BEGIN PRIVATE KEY-----\nMIIF\n".encode("utf-16")))

    ana.sees(re.compile("parece una llave privada .* no la comparta con nadie"))
    ana.say("¿Entonces?")
    expect(laura.line("Ana López", "¿Entonces?")).to_be_visible()
    expect(laura.timeline("Ana López")).not_to_contain_text("nota.txt")


def test_a_file_over_the_limit_is_refused_before_it_is_sent(chatting, watch):
    ana, _laura = chatting
    ana.send_file(file("respaldo.zip", b"x" * (10 * MEGABYTE + 1), "application/zip"))

    ana.sees("El archivo pesa más de 10 MB. Comprímalo o envíelo en partes.")
    assert not _uploads(watch.requests)


def test_a_program_is_refused_with_what_is_accepted(chatting):
    ana, _laura = chatting
    ana.send_file(file("factura.pdf", b"MZ\x90\x00" + bytes(64), "application/pdf"))

    ana.sees("Este tipo de archivo no se puede enviar. Se aceptan imágenes, PDF, XML, TXT, ZIP")


def test_a_file_of_one_customer_is_not_found_by_another(site, chatting, new_customer):
    ana, _laura = chatting
    ana.send_file(file("secreto.txt"))
    link = ana.line("secreto.txt").get_by_role("link")
    address = site.url + link.get_attribute("href")

    stranger = new_customer(site)
    stranger.open_chat()

    assert ana.page.request.get(address).status == 200
    assert stranger.page.request.get(address).status == 404
