"""Support closes and opens while somebody writes: nothing typed is lost, and there is a way on."""

import pytest
from playwright.sync_api import expect

from tests.browser.hours import CLOSE_NOW, OPEN_NOW
from tests.browser.people import address_of

TYPED = "No puedo timbrar desde las ocho"


@pytest.fixture
def ana(opening, new_customer, each_browser):
    return new_customer(opening, each_browser)


def _leaves_it_as_a_message(ana):
    """The customer reads that support is closed, and sends what was typed as a message."""
    ana.sees("El chat está fuera de línea. Volvemos")
    expect(ana.chat.get_by_label("Mensaje")).to_have_value(TYPED)
    ana.button("Enviar mensaje").click()
    expect(ana.chat.get_by_role("heading", name="Recibimos su mensaje")).to_be_visible()


def _was_left(opening, name):
    rows = opening.rows("SELECT name, text FROM offline_messages_offlinemessage ORDER BY id DESC LIMIT 1")
    assert rows == [(name, TYPED)]


def _introduce(ana, name):
    ana.chat.get_by_label("Nombre").fill(name)
    email = ana.chat.get_by_label("Correo electrónico")
    email.press("Control+a")
    email.press("Delete")
    email.fill(address_of(name))


def test_support_closes_before_the_first_message_is_sent(opening, ana, shoot):
    ana.open_chat()
    ana.chat.get_by_role("textbox", name="Mensaje").fill(TYPED)
    opening.shell(CLOSE_NOW)
    ana.button("Enviar").click()

    expect(ana.chat.get_by_label("Mensaje")).to_have_value(TYPED)
    shoot(ana.page, "25-cerro-mientras-escribia")
    _introduce(ana, "Ana López")
    _leaves_it_as_a_message(ana)

    _was_left(opening, "Ana López")


def test_support_closes_while_the_first_message_is_in_the_bar_of_the_site(opening, ana):
    ana.visit()
    ana.bar.get_by_role("textbox", name="Mensaje").fill(TYPED)
    opening.shell(CLOSE_NOW)
    ana.bar.get_by_role("button", name="Enviar").click()

    expect(ana.chat.get_by_label("Mensaje")).to_have_value(TYPED)
    _introduce(ana, "Ana López")
    _leaves_it_as_a_message(ana)

    _was_left(opening, "Ana López")


def test_support_closes_while_the_customer_says_who_writes(opening, ana):
    ana.open_chat()
    ana.ask(TYPED)
    _introduce(ana, "Rosa Díaz")
    opening.shell(CLOSE_NOW)
    ana.button("Iniciar chat").click()

    expect(ana.chat.get_by_label("Nombre")).to_have_value("Rosa Díaz")
    expect(ana.chat.get_by_label("Correo electrónico")).to_have_value(address_of("Rosa Díaz"))
    _leaves_it_as_a_message(ana)

    _was_left(opening, "Rosa Díaz")


def test_support_closes_while_the_customer_corrects_who_writes(opening, ana):
    ana.open_chat()
    ana.ask(TYPED)
    ana.introduce("Ana López", "ana@mailinator.com")
    ana.sees("Ese correo es temporal")
    _introduce(ana, "Ana López")
    opening.shell(CLOSE_NOW)
    ana.button("Iniciar chat").click()

    _leaves_it_as_a_message(ana)

    _was_left(opening, "Ana López")


def test_support_opens_while_a_message_is_written_and_the_message_is_taken(opening, ana):
    opening.shell(CLOSE_NOW)
    ana.open_chat()
    _introduce(ana, "Ana López")
    ana.chat.get_by_label("Mensaje").fill(TYPED)
    opening.shell(OPEN_NOW)
    ana.button("Enviar mensaje").click()

    expect(ana.chat.get_by_role("heading", name="Recibimos su mensaje")).to_be_visible()
    _was_left(opening, "Ana López")


def test_support_opens_while_a_message_is_corrected_and_it_may_become_a_chat(opening, ana, new_desk, shoot):
    laura = new_desk(opening)
    opening.shell(CLOSE_NOW)
    ana.open_chat()
    ana.chat.get_by_label("Nombre").fill("Ana López")
    ana.chat.get_by_label("Mensaje").fill(TYPED)
    opening.shell(OPEN_NOW)
    ana.button("Enviar mensaje").click()

    ana.sees("En este momento hay servicio: por el chat le atendemos antes.")
    expect(ana.chat.get_by_text("El chat está fuera de línea.")).to_have_count(0)
    _introduce(ana, "Ana López")
    shoot(ana.page, "26-abrio-mientras-escribia")
    ana.button("Iniciar chat").click()

    expect(ana.line(TYPED)).to_contain_text("enviado")
    expect(laura.waiting("Ana López")).to_contain_text(TYPED)


def test_support_opens_while_the_bar_of_the_site_offers_a_message(opening, ana):
    opening.shell(CLOSE_NOW)
    ana.visit()
    expect(ana.bar.get_by_role("button")).to_have_text(["Dejar mensaje"])
    opening.shell(OPEN_NOW)
    ana.bar.get_by_role("button", name="Dejar mensaje").click()

    ana.chat.get_by_role("textbox", name="Mensaje").fill(TYPED)
    ana.button("Enviar").click()
    ana.introduce("Ana López")

    expect(ana.line(TYPED)).to_contain_text("enviado")
