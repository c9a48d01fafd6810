"""The console's lists: each chat that moves moves one item, and what got lost is found all the same."""

import re

import pytest
from playwright.sync_api import expect

from chat.events import digest_of_lists
from tests.browser.people import EARS, tones, without
from tests.servers import wait_until

LISTS = "/agente/lista/"
# Names in the order of the queue, as a person reads them.
NAMES = "(items) => items.map((item) => item.querySelector('strong').textContent)"
RETURNED = """
from chat.models import ChatSession
from chat.services import return_to_queue
from django.utils import timezone
return_to_queue(session=ChatSession.objects.get(name='Ana López', state='active'), now=timezone.now())
"""


@pytest.fixture
def laura(automatic, new_desk):
    """Away, so that she is given nothing, at her console, which has read its lists after connecting.

    `asked` is what it asks from then on.
    """
    laura = new_desk(automatic)
    laura.page.add_init_script(EARS)
    with (
        laura.page.expect_response(lambda response: response.url.endswith(LISTS)),
        laura.page.expect_websocket() as opened,
    ):
        laura.open()
    laura.heard = []
    opened.value.on("framereceived", lambda frame: laura.heard.append(frame))
    laura.asked = []
    laura.page.on("request", lambda request: laura.asked.append(re.sub("^https?://[^/]+", "", request.url)))
    return laura


def _start(site, new_customer, *names):
    customers = []
    for name in names:
        customer = new_customer(site)
        customer.open_chat()
        customer.start(name)
        customers.append(customer)
    return customers


def _queue(desk):
    return desk.queue.get_by_role("listitem").evaluate_all(NAMES)


def test_a_chat_that_comes_is_read_alone_and_calls(automatic, laura, new_customer):
    before = tones(laura.page)
    _start(automatic, new_customer, "Ana López", "Rosa Díaz")

    expect(laura.waiting("Rosa Díaz")).to_contain_text("No puedo timbrar")
    expect(laura.queue.get_by_text("Nadie espera.")).to_be_hidden()
    expect(laura.queue.get_by_role("heading")).to_have_text("En espera 2")
    expect(laura.waiting("Rosa Díaz").locator("[data-since]")).to_have_text(re.compile(r"^\d+:\d\d$"))
    laura.page.wait_for_function(f"window.tones > {before}")
    assert _queue(laura) == ["Ana López", "Rosa Díaz"]
    assert laura.asked
    assert all(re.fullmatch(r"/agente/lista/C-\w+/", path) for path in laura.asked)


def test_a_chat_that_is_taken_or_leaves_goes_without_asking(automatic, laura, new_customer, new_desk):
    ana, _rosa = _start(automatic, new_customer, "Ana López", "Rosa Díaz")
    diego = new_desk(automatic, "agente2")
    expect(laura.queue.get_by_role("heading")).to_have_text("En espera 2")
    laura.asked.clear()

    diego.take("Rosa Díaz")
    expect(laura.queue.get_by_role("heading")).to_have_text("En espera 1")
    ana.choose("Finalizar este chat")
    ana.button("Sí, finalizar").click()

    expect(laura.queue.get_by_role("heading")).to_have_text("En espera 0")
    expect(laura.queue.get_by_text("Nadie espera.")).to_be_visible()
    assert laura.asked == []


def test_a_chat_that_is_taken_moves_to_ones_own_and_back_to_the_head(automatic, laura, new_customer):
    _start(automatic, new_customer, "Rosa Díaz", "Ana López", "Luis Mora")
    expect(laura.waiting("Luis Mora")).to_be_visible()
    laura.waiting("Luis Mora").get_by_role("button", name="Atender").focus()

    laura.page.evaluate("[...document.querySelectorAll('[data-accept]')][1].click()")
    expect(laura.pane("Ana López")).to_be_visible()
    expect(laura.chats.get_by_role("heading")).to_have_text("Mis chats 1 de 4")
    assert _queue(laura) == ["Rosa Díaz", "Luis Mora"]

    automatic.shell(RETURNED)
    expect(laura.waiting("Ana López")).to_contain_text("Volvió a la cola")
    expect(laura.chats.get_by_role("heading")).to_have_text("Mis chats 0 de 4")
    expect(laura.chats.get_by_text("Aquí estarán los chats que atiende.")).to_be_visible()
    assert _queue(laura) == ["Ana López", "Rosa Díaz", "Luis Mora"]
    assert LISTS not in laura.asked


def test_the_focus_stays_where_it_is_when_another_chat_comes(automatic, laura, new_customer):
    _start(automatic, new_customer, "Ana López")
    take = laura.waiting("Ana López").get_by_role("button", name="Atender")
    take.focus()
    _start(automatic, new_customer, "Rosa Díaz")
    expect(laura.waiting("Rosa Díaz")).to_be_visible()

    expect(take).to_be_focused()


def test_lists_that_lost_a_chats_news_are_read_again(automatic, new_customer, new_desk):
    laura = new_desk(automatic)
    laura.page.route_web_socket("**/ws/agente/", without("session.changed"))
    laura.open()

    _start(automatic, new_customer, "Ana López")

    expect(laura.waiting("Ana López")).to_be_visible()


def test_an_item_that_could_not_be_read_is_read_with_the_lists(automatic, laura, new_customer, watch):
    watch.expect("net::ERR_FAILED")
    laura.page.route("**/agente/lista/C-*/", lambda route: route.abort())

    _start(automatic, new_customer, "Ana López")

    expect(laura.waiting("Ana López")).to_be_visible()
    assert LISTS in laura.asked


def test_lists_that_are_as_the_server_says_are_not_read_again(automatic, laura, new_customer):
    _start(automatic, new_customer, "Ana López", "Rosa Díaz")
    laura.take("Rosa Díaz")
    open_chats = dict(automatic.rows("SELECT name, id FROM chat_chatsession WHERE state <> 'ended'"))
    waiting, own = open_chats["Ana López"], open_chats["Rosa Díaz"]
    told = f'"digest":{digest_of_lists([waiting], [own])}'
    wait_until(lambda: _has_heard(laura, told), "the lists' digest with a heartbeat")
    # Longer than the console waits for news that may be right behind.
    since = laura.waiting("Ana López").locator("[data-since]")
    later = _seconds(since) + 3
    wait_until(lambda: _seconds(since) >= later, "three seconds on the console's clock")

    assert LISTS not in laura.asked


def _has_heard(desk, part):
    # Asking the page lets the news of its frames in.
    return desk.page.title() and any(part in frame for frame in desk.heard)


def _seconds(element):
    minutes, seconds = element.inner_text().split(":")
    return int(minutes) * 60 + int(seconds)
