"""Agents among themselves: who takes a chat, who vanishes with one, and who may no longer be here."""

import re

from playwright.sync_api import expect

from tests.browser.people import without


def test_two_agents_take_one_chat_and_the_second_reads_who_was_faster(site, new_customer, new_desk):
    ana, laura, diego = new_customer(site), new_desk(site), new_desk(site, "agente2")
    # Diego's console hears of no chat that moves, so that he clicks on what is already gone.
    diego.page.route_web_socket("**/ws/agente/", without("session.changed"))
    ana.open_chat()
    ana.start("Ana López")
    diego.open()
    expect(diego.waiting("Ana López")).to_be_visible()

    laura.take("Ana López")
    diego.waiting("Ana López").get_by_role("button", name="Atender").click()

    expect(diego.page.get_by_role("alert")).to_have_text("Este chat ya lo atiende Laura Méndez.")
    expect(diego.pane("Ana López")).to_have_count(0)
    expect(laura.pane("Ana López")).to_be_visible()


def test_both_click_at_once_and_exactly_one_gets_the_chat(site, new_customer, new_desk):
    ana, laura, diego = new_customer(site), new_desk(site), new_desk(site, "agente2")
    ana.open_chat()
    ana.start("Ana López")
    desks = (laura, diego)
    for desk in desks:
        expect(desk.waiting("Ana López")).to_be_visible()
    click = "(name) => document.querySelector('[data-accept]').click()"
    for desk in desks:
        desk.page.evaluate(click, "Ana López")

    expect(ana.line("Buen día, Ana López.")).to_have_count(1)
    winner, loser = desks if "Laura" in ana.line("Buen día").inner_text() else desks[::-1]
    expect(winner.pane("Ana López")).to_be_visible()
    expect(loser.page.get_by_role("alert")).to_have_text(
        re.compile("Este chat ya lo atiende (Laura Méndez|Diego Paredes)")
    )
    expect(loser.waiting("Ana López")).to_have_count(0)


def test_a_full_agent_reads_what_to_do(site, new_customer, new_desk):
    laura = new_desk(site)
    names = ["Ana Uno", "Ana Dos", "Ana Tres", "Ana Cuatro", "Ana Cinco"]
    for name in names:
        customer = new_customer(site)
        customer.open_chat()
        customer.start(name)
    for name in names[:4]:
        laura.take(name)

    laura.waiting("Ana Cinco").get_by_role("button", name="Atender").click()

    expect(laura.page.get_by_role("alert")).to_contain_text("Ya atiende todos los chats que permite su cupo.")
    expect(laura.chats).to_contain_text("4 de 4")


def test_chats_are_seen_beside_each_other_with_their_unread_marks(site, new_customer, new_desk, shoot):
    ana, rosa, luis, laura = (
        new_customer(site),
        new_customer(site),
        new_customer(site),
        new_desk(site),
    )
    for customer, name in ((ana, "Ana López"), (rosa, "Rosa Díaz"), (luis, "Luis Mora")):
        customer.open_chat()
        customer.start(name)
        laura.take(name)
        customer.identify()
    laura.page.get_by_text("Opciones", exact=True).click()
    laura.page.get_by_role("button", name="Ver dos chats a la vez").click()
    laura.show("Rosa Díaz")
    laura.show("Luis Mora")
    expect(laura.pane("Rosa Díaz")).to_be_visible()
    expect(laura.pane("Ana López")).to_be_hidden()

    ana.say("Uno")
    ana.say("Dos")
    rosa.say("Hola, soy Rosa")

    expect(laura.unread("Ana López")).to_have_text("2")
    expect(laura.line("Rosa Díaz", "Hola, soy Rosa")).to_be_visible()
    shoot(laura.page, "40-consola-dos-chats")
    laura.show("Ana López")
    expect(laura.line("Ana López", "Dos")).to_be_visible()
    expect(laura.unread("Ana López")).to_be_hidden()


def test_earlier_chats_of_the_same_person_are_beside_the_conversation(site, new_customer, new_desk):
    laura = new_desk(site)
    for text in ("La primera vez", "La segunda vez"):
        ana = new_customer(site)
        ana.open_chat()
        ana.start("Ana Vuelve", text)
        laura.take("Ana Vuelve")
        if text == "La primera vez":
            laura.end("Ana Vuelve")
            expect(laura.pane("Ana Vuelve")).to_contain_text("lo finalizó el agente")
            laura.put_aside("Ana Vuelve")

    facts = laura.pane("Ana Vuelve").get_by_role("complementary", name="Datos del cliente")
    facts.get_by_role("button").filter(has_text="lo finalizó el agente").first.click()

    expect(laura.page.get_by_text("La primera vez")).to_be_visible()


def _chat_with(site, new_customer, desk):
    ana = new_customer(site)
    ana.open_chat()
    ana.start("Ana López")
    desk.take("Ana López")
    ana.identify()
    ana.say("Aquí estoy")
    expect(desk.line("Ana López", "Aquí estoy")).to_be_visible()
    return ana


def _is_returned(ana, rosa, diego):
    expect(ana.line("El agente que le atendía perdió la conexión.")).to_be_visible()
    ana.sees(re.compile("Lugar en la cola: 1"))
    first = diego.queue.get_by_role("listitem").first
    expect(first).to_contain_text("Ana López")
    expect(first).to_contain_text("Volvió a la cola")
    rosa.sees(re.compile("Lugar en la cola: 2"))
    diego.take("Ana López")
    expect(ana.line("Diego Paredes").first).to_be_visible()
    expect(diego.line("Ana López", "Aquí estoy")).to_be_visible()
    ana.say("Seguimos")
    expect(diego.line("Ana López", "Seguimos")).to_be_visible()


def test_the_chat_of_an_agent_whose_console_died_goes_to_the_head_of_the_queue(
    impatient, new_customer, new_desk
):
    laura, diego = new_desk(impatient), new_desk(impatient, "agente2")
    ana = _chat_with(impatient, new_customer, laura)
    rosa = new_customer(impatient)
    rosa.open_chat()
    rosa.start("Rosa Díaz")

    laura.page.close()

    _is_returned(ana, rosa, diego)


def test_the_chat_of_an_agent_whose_network_froze_goes_to_the_head_of_the_queue(
    impatient, new_customer, new_desk, watch, shoot
):
    """The socket stays open and carries nothing: only missed heartbeats tell."""
    watch.expect("WebSocket connection to")
    laura = new_desk(impatient, url=impatient.wire.url)
    diego = new_desk(impatient, "agente2")
    ana = _chat_with(impatient, new_customer, laura)
    rosa = new_customer(impatient)
    rosa.open_chat()
    rosa.start("Rosa Díaz")

    impatient.wire.freeze()
    laura.say("Ana López", "Lo que ya no llegó")
    laura.note_switch("Ana López").check()
    laura.box("Ana López").fill("Y lo que escribía")

    _is_returned(ana, rosa, diego)
    impatient.wire.mend()
    expect(laura.page.get_by_role("alert")).to_have_text("Este chat pasó a otro agente o volvió a la cola.")
    laura.is_connected()
    expect(laura.pane("Ana López")).to_be_hidden()
    unsent = laura.page.get_by_label(re.compile("Esto no se envió en el chat C.*Cópielo si aún lo necesita."))
    expect(unsent).to_have_value("Lo que ya no llegó\nNota interna: Y lo que escribía")
    shoot(laura.page, "61-consola-sin-enviar")
    laura.page.reload()
    expect(unsent).to_have_value("Lo que ya no llegó\nNota interna: Y lo que escribía")
    laura.page.get_by_role("button", name="Quitar").click()
    laura.page.reload()
    laura.is_connected()
    expect(unsent).to_have_count(0)


def test_the_console_of_a_disabled_agent_ends(impatient, new_customer, new_desk, shoot):
    impatient.shell(
        "from chat.models import Agent; Agent.objects.filter(username='agente2').update(is_active=1)"
    )
    # On some days the demo's customers have booked with this agent, and the admin would ask about them first.
    impatient.shell(
        "from scheduling.models import Appointment;"
        "Appointment.objects.filter(agent__username='agente2').delete()"
    )
    elena, diego = new_desk(impatient, "supervisor"), new_desk(impatient, "agente2")
    ana = new_customer(impatient)
    ana.open_chat()
    ana.start("Ana López")
    diego.take("Ana López")

    elena.page.goto(f"{impatient.url}/admin/chat/agent/")
    elena.page.get_by_role("link", name="agente2").click()
    elena.page.get_by_label("Cuenta habilitada").uncheck()
    shoot(elena.page, "50-admin-agente")
    elena.page.get_by_role("button", name="Guardar", exact=True).click()

    expect(diego.page.get_by_role("button", name="Entrar")).to_be_visible()
    expect(ana.line("El agente que le atendía perdió la conexión.")).to_be_visible()
    impatient.shell(
        "from chat.models import Agent; Agent.objects.filter(username='agente2').update(is_active=1)"
    )
