"""What an agent has not read yet: it survives a reload, and is told to the customer as it is."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def two_chats(site, new_customer, new_desk):
    """Laura attends Ana and Rosa, and looks at Rosa's chat."""
    ana, rosa, laura = new_customer(site), new_customer(site), new_desk(site)
    for customer, name in ((ana, "Ana López"), (rosa, "Rosa Díaz")):
        customer.open_chat()
        customer.start(name)
        laura.take(name)
        customer.identify()
    expect(laura.line("Rosa Díaz", "Identificación recibida")).to_be_visible()
    expect(laura.pane("Ana López")).to_be_hidden()
    return ana, rosa, laura


def test_unread_lines_are_still_unread_after_a_reload(two_chats):
    _ana, rosa, laura = two_chats
    laura.show("Ana López")
    rosa.say("Uno")
    rosa.say("Dos")
    expect(laura.unread("Rosa Díaz")).to_have_text("2")

    laura.page.reload()
    laura.is_connected()

    expect(laura.pane("Ana López")).to_be_visible()
    expect(laura.unread("Rosa Díaz")).to_have_text("2")
    expect(laura.unread("Ana López")).to_be_hidden()
    laura.show("Rosa Díaz")
    expect(laura.unread("Rosa Díaz")).to_be_hidden()
    expect(rosa.line("Dos")).to_contain_text("leído")
    laura.page.reload()
    laura.is_connected()
    expect(laura.unread("Rosa Díaz")).to_be_hidden()


def test_what_came_without_a_console_is_told_as_delivered_or_read_once_there_is_one(two_chats):
    ana, rosa, laura = two_chats
    laura.page.goto("about:blank")
    for customer in (ana, rosa):
        customer.say("¿Sigue ahí?")
        expect(customer.line("¿Sigue ahí?")).to_contain_text("enviado")

    laura.open()

    expect(laura.pane("Ana López")).to_be_visible()
    expect(ana.line("¿Sigue ahí?")).to_contain_text("leído")
    expect(rosa.line("¿Sigue ahí?")).to_contain_text("entregado")


def test_what_came_without_a_customers_page_is_told_as_read_once_there_is_one(two_chats):
    _ana, rosa, laura = two_chats
    rosa.page.goto("about:blank")
    laura.say("Rosa Díaz", "Pruebe otra vez")
    expect(laura.line("Rosa Díaz", "Pruebe otra vez")).to_contain_text("enviado")

    rosa.open_chat()

    expect(laura.line("Rosa Díaz", "Pruebe otra vez")).to_contain_text("leído")


# --- Chats that end while nobody looks -------------------------------------------------------------------


def _end(customer):
    customer.choose("Finalizar este chat")
    customer.button("Sí, finalizar").click()


def test_a_chat_that_ended_unseen_stays_in_sight_until_it_was_opened(two_chats, shoot):
    ana, _rosa, laura = two_chats
    ana.say("Ya lo resolví, gracias")
    expect(laura.unread("Ana López")).to_have_text("1")

    _end(ana)

    card = laura.ends.get_by_role("button").filter(has_text="Ana López")
    expect(card).to_contain_text("Lo finalizó el cliente")
    expect(card.locator(".unread")).to_have_text("1")
    expect(laura.chats).not_to_contain_text("Ana López")
    shoot(laura.page, "41-consola-finalizado")
    laura.page.reload()
    laura.is_connected()
    card.click()
    expect(laura.line("Ana López", "Ya lo resolví, gracias")).to_be_in_viewport()
    expect(card).to_have_count(0)
    expect(laura.ends).to_be_hidden()
    laura.put_aside("Ana López")
    laura.page.reload()
    laura.is_connected()
    expect(laura.pane("Rosa Díaz")).to_be_visible()
    expect(laura.ends).to_be_hidden()


def test_a_chat_that_ends_before_its_agents_eyes_needs_no_card(two_chats):
    _ana, rosa, laura = two_chats
    _end(rosa)

    expect(laura.pane("Rosa Díaz")).to_contain_text("Chat finalizado: lo finalizó el cliente.")
    laura.page.reload()
    laura.is_connected()
    expect(laura.chats).to_contain_text("Ana López")
    expect(laura.ends).to_be_hidden()
