"""Waiting and silence: the place in the queue, what is offered, and how an idle chat ends, in seconds."""

import re

from playwright.sync_api import expect


def test_the_place_in_the_queue_appears_after_its_delay_and_moves_by_itself(
    each_browser, impatient, new_customer, new_desk
):
    ana, rosa, laura = new_customer(impatient), new_customer(impatient, each_browser), new_desk(impatient)
    ana.open_chat()
    ana.start("Ana López")
    rosa.open_chat()
    rosa.start("Rosa Díaz")

    rosa.sees("Conectando… Puede seguir escribiendo")
    rosa.sees(re.compile(r"Lugar en la cola: 2"))
    laura.take("Ana López")
    rosa.sees(re.compile(r"Lugar en la cola: 1"))


def test_whoever_nobody_takes_may_keep_waiting(impatient, new_customer, new_desk):
    ana, laura = new_customer(impatient), new_desk(impatient)
    ana.open_chat()
    ana.start("Ana López")
    ana.sees("¿Prefiere seguir esperando o dejarlo como mensaje?")

    ana.button("Seguir esperando").click()

    expect(ana.chat.get_by_text("¿Qué prefiere?")).to_be_hidden()
    ana.sees("Lugar en la cola: 1")
    laura.take("Ana López")
    expect(ana.line("Buen día, Ana López.")).to_be_visible()


def test_whoever_nobody_takes_may_leave_the_chat_as_a_message(impatient, new_customer, new_desk):
    ana, laura = new_customer(impatient), new_desk(impatient)
    ana.open_chat()
    ana.start("Ana López", "No puedo timbrar nada")
    ana.say("Es urgente")
    ana.button("Dejarlo como mensaje").click()

    ana.sees("Su consulta quedó como mensaje con el folio")
    folio = ana.chat.locator("main").inner_text().split("con el folio ")[-1].split(".")[0]
    expect(laura.waiting("Ana López")).to_have_count(0)
    page = laura.read_offline_message(folio)
    expect(page.get_by_text("No puedo timbrar nada")).to_be_visible()
    expect(page.get_by_text("Es urgente")).to_be_visible()


def test_silence_is_warned_about_with_a_countdown_and_ends_the_chat_with_the_reason(
    impatient, new_customer, new_desk, shoot
):
    ana, laura = new_customer(impatient), new_desk(impatient)
    ana.open_chat()
    ana.start("Ana López")
    laura.take("Ana López")
    ana.identify()
    laura.say("Ana López", "¿Qué versión tiene?")

    ana.sees(re.compile(r"El chat finalizará por inactividad a las \d\d:\d\d:\d\d \(quedan 0:0\d\)"))
    shoot(ana.page, "30-aviso-de-inactividad")
    ana.button("Sigo aquí").click()
    expect(ana.button("Sigo aquí")).to_be_hidden()

    expect(ana.button("Sigo aquí")).to_be_visible()
    ana.box.fill("Estaba escribiendo esto")
    expect(ana.chat.get_by_role("heading", name="Chat finalizado")).to_be_visible()
    expect(ana.line("El chat finalizó por inactividad")).to_be_visible()
    expect(ana.chat.get_by_label("Lo que escribió y no se envió")).to_have_value("Estaba escribiendo esto")
    shoot(ana.page, "31-fin-por-inactividad")
    expect(laura.pane("Ana López")).to_contain_text("Chat finalizado: inactividad del cliente")


def test_answering_is_enough_to_stay(impatient, new_customer, new_desk):
    ana, laura = new_customer(impatient), new_desk(impatient)
    ana.open_chat()
    ana.start("Ana López")
    laura.take("Ana López")
    ana.identify()
    laura.say("Ana López", "¿Qué versión tiene?")
    expect(ana.button("Sigo aquí")).to_be_visible()

    ana.say("La cuatro")

    expect(ana.button("Sigo aquí")).to_be_hidden()
    expect(laura.line("Ana López", "La cuatro")).to_be_visible()


def test_what_was_left_unsent_starts_another_chat(impatient, new_customer, new_desk):
    ana, laura = new_customer(impatient), new_desk(impatient)
    ana.open_chat()
    ana.start("Ana López")
    laura.take("Ana López")
    ana.identify()
    ana.box.fill("Otra pregunta")
    laura.end("Ana López")
    expect(ana.chat.get_by_label("Lo que escribió y no se envió")).to_have_value("Otra pregunta")

    ana.button("Iniciar otro chat con este mensaje").click()

    expect(ana.line("Otra pregunta")).to_contain_text("enviado")
    expect(laura.waiting("Ana López")).to_contain_text("Otra pregunta")
