"""Nothing typed is lost."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conversation.beginning import OTHER_PAGE, begin


def test_the_first_message_survives_a_reload_and_a_change_of_page(each_browser, site, new_customer):
    ana = new_customer(site, each_browser)
    ana.page.route("**/precios/", lambda route: route.fulfill(content_type="text/html", body=OTHER_PAGE))

    ana.visit()
    ana.bar.get_by_role("textbox", name="Mensaje").fill("A medio escribir")
    ana.page.reload()
    expect(ana.bar.get_by_role("textbox", name="Mensaje")).to_have_value("A medio escribir")

    ana.visit("/precios/")
    expect(ana.bar.get_by_role("textbox", name="Mensaje")).to_have_value("A medio escribir")


def test_words_typed_in_the_bar_meet_an_ended_chat_and_are_not_lost(
    each_browser, site, new_customer, new_desk
):
    """A browser shows its last chat until it is put away; the bar of another tab knows nothing of it."""
    ana, laura = new_customer(site, each_browser), new_desk(site)
    ana.visit()
    begin(ana, laura)
    laura.end("Ana López")
    ana.sees(re.compile("Folio: C"))
    # A page of the same site without the bar, which would note the chat again.
    ana.page.goto(site.url + "/healthz")
    ana.page.evaluate("sessionStorage.clear(); localStorage.removeItem('facturando.chat')")

    ana.visit()
    ana.ask("Ahora falla otra cosa")

    expect(ana.chat.get_by_label("Lo que escribió y no se envió")).to_have_value("Ahora falla otra cosa")
    ana.button("Iniciar otro chat con este mensaje").click()
    laura.take("Ana López")
    expect(laura.line("Ana López", "Ahora falla otra cosa")).to_be_visible()


def test_the_bar_of_another_tab_leads_back_to_the_running_chat(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    ana.visit()
    begin(ana, laura)

    other = ana.page.context.new_page()
    other.goto(site.url)

    bar = other.get_by_role("region", name="Chat de soporte")
    expect(bar.get_by_role("button")).to_have_text("Chat de soporte")
    expect(bar.get_by_role("textbox")).to_be_hidden()


def test_a_draft_of_a_chat_that_ended_meanwhile_is_offered_again(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    ana.open_chat()
    begin(ana, laura)
    ana.box.fill("Iba a preguntar por la nómina")
    ana.page.goto("about:blank")
    laura.end("Ana López")

    ana.open_chat()
    unsent = ana.chat.get_by_label("Lo que escribió y no se envió")
    expect(unsent).to_have_value("Iba a preguntar por la nómina")
    # Nothing was sent yet, so nothing is forgotten yet.
    ana.page.reload()
    expect(unsent).to_have_value("Iba a preguntar por la nómina")


@pytest.mark.parametrize("length", [4_001, 17_000, 200_000])
def test_a_text_that_is_too_long_stays_in_the_box_and_stops_nothing(length, chatting):
    ana, laura = chatting
    ana.say("x" * length)

    ana.sees(f"El mensaje puede tener hasta 4000 caracteres y el suyo tiene {length}. Envíelo en partes.")
    assert len(ana.box.input_value()) == length
    ana.say("Ahora corto")
    expect(laura.line("Ana López", "Ahora corto")).to_be_visible()
    expect(ana.chat.get_by_text("El mensaje puede tener hasta")).to_be_hidden()


def test_a_form_that_a_proxy_answers_with_its_own_page_says_so_and_keeps_what_was_typed(
    site, new_customer, new_desk, watch
):
    watch.expect("answer 502")
    ana, laura = new_customer(site), new_desk(site)
    ana.open_chat()
    ana.start("Ana López")
    laura.take("Ana López")
    ana.fill_identification()
    proxy = "**/chat/identificacion/"
    ana.page.route(proxy, lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))

    ana.button("Identificarme").click()

    ana.sees("No se pudo enviar y nada se perdió.")
    ana.page.unroute(proxy)
    ana.button("Identificarme").click()
    expect(ana.line("Identificación recibida")).to_be_visible()


def test_name_and_email_survive_a_reload(site, new_customer):
    ana = new_customer(site)
    ana.visit()
    ana.ask("No puedo timbrar")
    ana.chat.get_by_label("Nombre").fill("Ana López")
    ana.chat.get_by_label("Correo electrónico").fill("ana@despacho-lopez.mx")
    # Scripts show it, and so they have seen what was typed before them.
    expect(ana.button("Minimizar el chat")).to_be_visible()

    ana.page.reload()
    expect(ana.box).to_have_value("No puedo timbrar")
    ana.button("Enviar").click()

    expect(ana.chat.get_by_label("Nombre")).to_have_value("Ana López")
    expect(ana.chat.get_by_label("Correo electrónico")).to_have_value("ana@despacho-lopez.mx")


def test_draft_and_open_window_survive_a_reload_and_a_change_of_page(
    each_browser, site, new_customer, new_desk
):
    ana, laura = new_customer(site, each_browser), new_desk(site)
    ana.page.route("**/precios/", lambda route: route.fulfill(content_type="text/html", body=OTHER_PAGE))
    ana.visit()
    begin(ana, laura)
    ana.box.fill("Lo que iba a decir")

    ana.page.reload()
    expect(ana.line("Buen día, Ana López.")).to_be_visible()
    expect(ana.box).to_have_value("Lo que iba a decir")

    ana.visit("/precios/")
    expect(ana.line("Buen día, Ana López.")).to_be_visible()
    expect(ana.box).to_have_value("Lo que iba a decir")
    ana.button("Enviar").click()
    expect(laura.line("Ana López", "Lo que iba a decir")).to_be_visible()


def test_a_minimized_window_stays_minimized_after_a_reload(site, new_customer):
    ana = new_customer(site)
    ana.visit()
    ana.start("Ana López")
    ana.minimize()

    ana.page.reload()

    expect(ana.bar).to_be_visible()
    expect(ana.timeline).to_be_hidden()


def test_an_agents_draft_survives_a_reload(chatting):
    _ana, laura = chatting
    laura.box("Ana López").fill("Estoy revisando")

    laura.page.reload()

    expect(laura.box("Ana López")).to_have_value("Estoy revisando")


def test_what_is_typed_before_the_identification_is_sent_after_it_in_order(
    each_browser, site, new_customer, new_desk
):
    ana, laura = new_customer(site, each_browser), new_desk(site)
    ana.open_chat()
    ana.start("Ana López", "Primero")
    laura.take("Ana López")
    expect(ana.chat.get_by_role("heading", name="Identifíquese")).to_be_visible()

    for text in ("Segundo", "Tercero", "Cuarto"):
        ana.say(text)
        expect(ana.line(text)).to_contain_text("se enviará al identificarse")
    expect(laura.timeline("Ana López")).not_to_contain_text("Segundo")
    ana.page.reload()
    expect(ana.line("Cuarto")).to_be_visible()
    ana.identify()

    expect(laura.line("Ana López", "Cuarto")).to_be_visible()
    assert laura.lines_of_customer("Ana López") == ["Primero", "Segundo", "Tercero", "Cuarto"]
    expect(ana.line("Cuarto")).to_contain_text("leído")
    assert ana.own_lines() == ["Primero", "Segundo", "Tercero", "Cuarto"]


def test_what_is_written_while_waiting_reaches_the_agent(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    ana.open_chat()
    ana.start("Ana López", "Uno")
    ana.say("Dos")
    ana.send_file({"name": "tres.txt", "mimeType": "text/plain", "buffer": b"tres"})
    expect(ana.line("tres.txt")).to_contain_text("enviado")

    laura.take("Ana López")

    expect(laura.line("Ana López", "Dos")).to_be_visible()
    expect(laura.line("Ana López", "tres.txt").get_by_role("link")).to_be_visible()
