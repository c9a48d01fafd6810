"""Three hours to choose from inside a chat, as agent and customer see them, with and without scripts."""

import re

from playwright.sync_api import expect

from tests.servers import wait_until

AN_HOUR = re.compile(r"^[^,]+ de [a-z]+, \d\d:\d\d$")


def _offer(laura, name):
    laura.pane(name).get_by_role("button", name="Ofrecer cita").click()


def test_the_agent_offers_and_the_customer_books_in_the_chat(site, new_customer, new_desk, shoot):
    nora, laura = new_customer(site), new_desk(site)
    nora.open_chat()
    nora.start("Nora Paz")
    laura.take("Nora Paz")
    _offer(laura, "Nora Paz")
    expect(laura.page.get_by_role("alert")).to_have_text(
        "Para ofrecer una cita, primero debe identificarse el cliente."
    )
    nora.identify()
    _offer(laura, "Nora Paz")

    nora.sees("Elija la hora de su cita")
    hours = nora.chat.get_by_role("button", name=AN_HOUR)
    expect(hours).to_have_count(3)
    nora.box.fill("Prefiero la segunda")
    shoot(nora.page, "75-cita-ofrecida")
    chosen = hours.nth(1).inner_text()
    hours.nth(1).click()

    expect(nora.line(re.compile(r"Cita S-\w+ agendada"))).to_be_visible()
    expect(nora.box).to_have_value("Prefiero la segunda")
    expect(hours).to_have_count(0)
    booked = laura.line("Nora Paz", re.compile(r"Cita S-\w+ agendada"))
    expect(booked).to_contain_text(chosen.split(", ")[1])
    folio = re.search(r"S-\w+", booked.inner_text())[0]
    wait_until(
        lambda: [mail for mail in site.mails_to("nora.paz@despacho-lopez.mx") if folio in mail], "the mail"
    )
    nora.page.goto(f"{site.url}/citas/{folio}/")
    expect(nora.page.get_by_role("heading", name=f"Su cita {folio}")).to_be_visible()


def test_a_customer_who_wants_none_says_so(site, new_customer, new_desk):
    nora, laura = new_customer(site), new_desk(site)
    nora.open_chat()
    nora.start("Nora Dos")
    laura.take("Nora Dos")
    nora.identify()
    _offer(laura, "Nora Dos")
    nora.button("No, gracias").click()

    expect(laura.line("Nora Dos", "Nora Dos no eligió ninguna de las horas.")).to_be_visible()
    expect(nora.button("No, gracias")).to_have_count(0)


def test_without_scripts_the_offer_is_a_step_of_the_page(site, new_reader, new_desk):
    rosa, laura = new_reader(site, "chromium"), new_desk(site)
    rosa.page.goto(f"{site.url}/chat/")
    rosa.write("Mensaje", "No abre el programa")
    rosa.press("Enviar")
    rosa.write("Nombre", "Rosa Tres")
    rosa.write("Correo electrónico", "rosa.tres@despacho-lopez.mx")
    rosa.press("Iniciar chat")
    rosa.reads("No abre el programa")
    laura.take("Rosa Tres")
    rosa.press("Ya le atiende un agente: continuar", "link", rosa.conversation)
    for label, value in (("RFC", "XAXX010101000"), ("Nombre o Razón Social", "Rosa"), ("Versión", "3.2")):
        rosa.write(label, value)
    rosa.write("Programa", "CFDI Escritorio")
    rosa.press("Identificarme")
    rosa.reads("Identificación recibida")
    _offer(laura, "Rosa Tres")

    rosa.press("Su agente le ofrece una cita: elegir la hora", "link", rosa.conversation)
    rosa.sees("Elija la hora de su cita")
    rosa.page.get_by_role("button", name=AN_HOUR).first.click()

    rosa.reads("agendada")
    expect(laura.line("Rosa Tres", re.compile(r"Cita S-\w+ agendada"))).to_be_visible()
