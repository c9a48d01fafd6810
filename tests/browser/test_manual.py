"""The customer manual from its first step to its last, in the words that it uses.

The customer's and the agent's screen are both looked at, and every step leaves a picture of each.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FIREFOX
from tests.browser.people import QUESTION, TEXT_FILE, file
from tests.servers import wait_until


def test_a_customer_gets_support_step_by_step(each_browser, site, new_customer, new_desk, shoot):
    ana, laura = new_customer(site, each_browser), new_desk(site)

    # "En la parte inferior derecha se muestra el chat … con la pregunta ¿Tienes dudas? Escríbenos"
    ana.visit()
    expect(ana.bar.get_by_role("button", name=QUESTION)).to_be_visible()
    expect(ana.bar.get_by_role("button", name="Enviar")).to_have_text("→")
    corner = ana.bar.bounding_box()
    assert corner["x"] > 900
    assert corner["y"] > 600
    shoot(ana.page, "01-sitio")
    ana.ask("Al timbrar me sale CFDI40138")

    # "se te pedirá que captures un nombre y una cuenta de correo, estos deberán de ser reales"
    ana.introduce("xx", "ana@mailinator.com")
    ana.sees("Ese correo es temporal")
    shoot(ana.page, "02-datos-falsos")
    expect(ana.chat.get_by_label("Mensaje")).to_have_value("Al timbrar me sale CFDI40138")
    ana.introduce("Ana López")
    expect(ana.line("Al timbrar me sale CFDI40138")).to_contain_text("enviado")
    ana.sees("Conectando…")
    shoot(ana.page, "03-conectando")

    expect(laura.waiting("Ana López")).to_contain_text("Al timbrar me sale CFDI40138")
    shoot(laura.page, "04-consola-cola")
    laura.take("Ana López")

    # "obtendrás el mensaje de Bienvenida del agente que te atenderá"
    expect(ana.line("Buen día, Ana López.")).to_contain_text("Laura Méndez")
    expect(ana.chat.get_by_text("Le atiende Laura Méndez")).to_be_visible()
    expect(laura.line("Ana López", "Al timbrar me sale CFDI40138")).to_be_visible()

    # "deberás de identificarte capturando el RFC, el Nombre o Razón Social y programa que usas,
    # recuerda que Facturando es la empresa y no el programa"
    ana.fill_identification(rfc="ABC-999999-AB1", program="Facturando")
    shoot(ana.page, "05-identificacion")
    ana.button("Identificarme").click()
    ana.sees("Facturando es la empresa, no el programa.")
    expect(ana.chat.get_by_label("Nombre o Razón Social")).to_have_value("Abarrotes Beta")
    shoot(ana.page, "06-identificacion-con-errores")
    ana.fill_identification(rfc="xaxx 010101-000", program="nómina")
    ana.button("Identificarme").click()
    expect(
        ana.line("Identificación recibida: XAXX010101000, Abarrotes Beta, Nómina CFDI 4.0.1.")
    ).to_be_visible()
    facts = laura.pane("Ana López").get_by_role("complementary", name="Datos del cliente")
    expect(facts).to_contain_text("XAXX010101000")
    expect(facts).to_contain_text("Nómina CFDI 4.0.1")
    shoot(laura.page, "07-consola-identificada")

    # "podrás realizar todas las consultas para aclarar tus dudas"
    ana.box.press_sequentially("¿Qué")
    expect(laura.pane("Ana López").get_by_text("Ana López está escribiendo…")).to_be_visible()
    laura.put_aside("Ana López")
    ana.say("¿Qué reviso?")
    expect(ana.line("¿Qué reviso?")).to_contain_text("entregado")
    expect(laura.unread("Ana López")).to_have_text("1")
    laura.show("Ana López")
    expect(laura.line("Ana López", "¿Qué reviso?")).to_be_visible()
    expect(ana.line("¿Qué reviso?")).to_contain_text("leído")
    laura.box("Ana López").press_sequentially("Revise")
    ana.sees("Laura Méndez está escribiendo…")
    shoot(ana.page, "08-escribiendo")
    ana.minimize()
    laura.say("Ana López", "Revise el RFC en https://ejemplo.mx/constancia.")
    expect(laura.line("Ana López", "Revise el RFC")).to_contain_text("entregado")
    ana.restore()
    expect(ana.line("Revise el RFC")).to_be_visible()
    expect(laura.line("Ana López", "Revise el RFC")).to_contain_text("leído")

    # "podrás hacer el envío de archivos por medio de la opción “Enviar un archivo”"
    ana.send_file(TEXT_FILE)
    expect(ana.line("captura.txt")).to_contain_text("leído")
    with laura.page.expect_download() as download:
        laura.line("Ana López", "captura.txt").get_by_role("link", name="captura.txt").click()
    assert download.value.path().read_bytes() == TEXT_FILE["buffer"]
    laura.pane("Ana López").get_by_label("Enviar un archivo").set_input_files(file("guía.txt"))
    expect(ana.line("guía.txt").get_by_role("link")).to_be_visible()
    shoot(ana.page, "09-conversacion")
    shoot(laura.page, "10-consola-conversacion")

    # "podrás finalizar el chat dando clic a “Finalizar este chat” que se ubica en el menú de Opciones"
    ana.chat.get_by_text("Opciones", exact=True).click()
    shoot(ana.page, "11-opciones")
    ana.chat.get_by_role("link", name="Finalizar este chat").click()
    ana.sees("¿Desea finalizar este chat?")
    shoot(ana.page, "12-pregunta")
    ana.button("Sí, finalizar").click()
    expect(ana.chat.get_by_role("heading", name="Chat finalizado")).to_be_visible()
    folio = ana.chat.get_by_text(re.compile("Folio: C")).inner_text().split()[-1]
    expect(laura.pane("Ana López")).to_contain_text(folio)
    expect(laura.pane("Ana López")).to_contain_text("Chat finalizado: lo finalizó el cliente")

    ana.chat.get_by_label("Buena").check()
    ana.chat.get_by_label("Comentario").fill("Muy clara")
    ana.button("Enviar calificación").click()
    ana.sees("Gracias por su opinión.")
    ana.button("Recibir la conversación por correo").click()
    ana.sees("Le enviamos la conversación a ana.lopez@despacho-lopez.mx.")
    shoot(ana.page, "13-finalizado")
    shoot(laura.page, "14-consola-finalizado")
    mails = site.mails_to
    assert wait_until(
        lambda: [mail for mail in mails("ana.lopez@despacho-lopez.mx") if folio in mail], "the transcript"
    )


@pytest.mark.parametrize("browser", ["chromium", FIREFOX])
def test_a_customer_without_scripts_gets_support_step_by_step(browser, site, new_reader, new_desk, shoot):
    rosa, laura = new_reader(site, browser), new_desk(site)

    rosa.page.goto(f"{site.url}/")
    rosa.press("Chat de soporte", "link")
    rosa.sees(QUESTION)
    shoot(rosa.page, "sin-scripts-01-chat")
    rosa.write("Mensaje", "No abre el programa")
    rosa.press("Enviar")
    rosa.write("Nombre", "1234")
    rosa.write("Correo electrónico", "rosa@despacho-lopez.mx")
    rosa.press("Iniciar chat")
    rosa.sees("nombre")
    rosa.write("Nombre", "Rosa Díaz")
    shoot(rosa.page, "sin-scripts-02-datos")
    rosa.press("Iniciar chat")
    rosa.reads("No abre el programa")
    rosa.reads("Conectando…")
    shoot(rosa.page, "sin-scripts-03-conectando")

    laura.take("Rosa Díaz")
    rosa.press("Ya le atiende un agente: continuar", "link", rosa.conversation)
    rosa.reads("Buen día, Rosa Díaz.")
    rosa.write("RFC", "XAXX010101000")
    rosa.write("Nombre o Razón Social", "Rosa Díaz")
    rosa.write("Programa", "Facturando")
    rosa.write("Versión", "3.2")
    shoot(rosa.page, "sin-scripts-04-identificacion")
    rosa.press("Identificarme")
    rosa.sees("Facturando es la empresa, no el programa.")
    rosa.write("Programa", "CFDI Escritorio")
    rosa.press("Identificarme")
    rosa.reads("Identificación recibida: XAXX010101000, Rosa Díaz, CFDI Escritorio 3.2.")

    rosa.write("Mensaje", "¿Qué hago?")
    rosa.press("Enviar")
    expect(laura.line("Rosa Díaz", "¿Qué hago?")).to_be_visible()
    rosa.reads("leído")
    laura.say("Rosa Díaz", "Reinicie su equipo")
    rosa.reads("Reinicie su equipo")
    expect(laura.line("Rosa Díaz", "Reinicie su equipo")).to_contain_text("leído")
    rosa.choose_file(file("pantalla.txt"))
    rosa.press("Enviar")
    rosa.reads("pantalla.txt")
    expect(laura.line("Rosa Díaz", "pantalla.txt")).to_be_visible()
    laura.pane("Rosa Díaz").get_by_label("Enviar un archivo").set_input_files(file("pasos.txt"))
    rosa.reads("pasos.txt")
    shoot(rosa.page, "sin-scripts-05-conversacion")

    rosa.open_menu()
    rosa.press("Finalizar este chat", "link")
    rosa.sees("¿Desea finalizar este chat?")
    shoot(rosa.page, "sin-scripts-06-pregunta")
    rosa.press("Sí, finalizar")
    rosa.sees("Folio:")
    rosa.mark("Buena")
    rosa.press("Enviar calificación")
    rosa.sees("Gracias por su opinión.")
    rosa.press("Recibir la conversación por correo")
    rosa.sees("Le enviamos la conversación a rosa@despacho-lopez.mx.")
    shoot(rosa.page, "sin-scripts-07-finalizado")
    wait_until(lambda: site.mails_to("rosa@despacho-lopez.mx"), "the transcript")
