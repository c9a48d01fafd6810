"""Chats that come to an agent by themselves, also when nobody told the console of them."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.people import EARS, tones, without

AVAILABLE = (
    "from chat.models import Agent; Agent.objects.filter(username='agente1').update(is_available=True)"
)


@pytest.fixture
def laura(automatic, new_desk):
    """Her console is open and she is away."""
    laura = new_desk(automatic)
    laura.page.add_init_script(EARS)
    laura.open()
    return laura


def _be_available(laura):
    laura.page.get_by_role("button", name="Disponible").click()
    laura.is_connected()


def _start(automatic, new_customer, name):
    customer = new_customer(automatic)
    customer.open_chat()
    customer.start(name)
    return customer


def test_a_chat_comes_by_itself_and_calls(automatic, laura, new_customer):
    _be_available(laura)
    ana = _start(automatic, new_customer, "Ana López")
    expect(laura.pane("Ana López")).to_be_visible()
    before = tones(laura.page)

    rosa = _start(automatic, new_customer, "Rosa Díaz")

    expect(laura.unread("Rosa Díaz")).to_have_text("1")
    laura.page.wait_for_function(f"window.tones > {before}")
    expect(laura.page).to_have_title(re.compile(r"^\(1\) "))
    laura.show("Rosa Díaz")
    expect(laura.unread("Rosa Díaz")).to_be_hidden()
    laura.say("Rosa Díaz", "Con gusto le ayudo")
    expect(rosa.line("Con gusto le ayudo")).to_be_visible()
    expect(ana.line("Buen día, Ana López.")).to_be_visible()


def test_a_chat_that_came_without_news_is_followed_all_the_same(automatic, laura, new_customer):
    laura.page.route_web_socket("**/ws/agente/", without("session.changed"))
    _be_available(laura)

    ana = _start(automatic, new_customer, "Ana López")

    expect(laura.pane("Ana López")).to_be_visible()
    ana.identify()
    ana.say("¿Me lee?")
    expect(laura.line("Ana López", "¿Me lee?")).to_be_visible()
    laura.say("Ana López", "Le leo")
    expect(ana.line("Le leo")).to_be_visible()


def test_a_chat_that_could_not_be_taken_calls_when_it_is_given(automatic, laura, new_customer, watch):
    watch.expect("net::ERR_FAILED")
    _start(automatic, new_customer, "Ana López")
    laura.page.route("**/atender/", lambda route: route.abort())
    laura.waiting("Ana López").get_by_role("button", name="Atender").click()
    expect(laura.page.get_by_role("alert")).to_contain_text("No hay conexión con el servidor.")
    before = tones(laura.page)

    automatic.shell(AVAILABLE)

    expect(laura.pane("Ana López")).to_be_visible()
    laura.page.wait_for_function(f"window.tones > {before}")


def test_who_is_away_reads_what_that_means(automatic, site, laura, new_desk):
    expect(laura.page.get_by_text("Está como Ausente: no se le asignan chats ni citas.")).to_be_visible()
    other = new_desk(site)
    expect(other.page.get_by_text("Está como Ausente: sus citas empezarán con otro agente.")).to_be_visible()
