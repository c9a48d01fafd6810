"""Networks that break, servers that restart, and offices whose proxy lets no WebSocket pass."""

import re

import pytest
from playwright.sync_api import expect

REFUSED = r"WebSocket connection to .* failed|net::ERR_|NetworkError|can’t establish a connection"


def _begin(ana, laura, url=None):
    ana.open_chat(url)
    ana.start("Ana López", "Cero")
    laura.take("Ana López")
    ana.identify()


def test_a_restart_of_the_server_in_the_middle_of_a_chat_loses_and_doubles_nothing(
    each_browser, site, new_customer, new_desk, watch
):
    watch.expect(REFUSED)
    ana, laura = new_customer(site, each_browser), new_desk(site)
    _begin(ana, laura)
    ana.say("Uno")
    expect(laura.line("Ana López", "Uno")).to_be_visible()

    site.product.kill9()
    expect(laura.page.get_by_text("Sin conexión: reconectando…")).to_be_visible()
    ana.sees("Sin conexión. Lo que escriba se conserva y se enviará al volver.")
    ana.say("Dos")
    ana.say("Tres")
    laura.say("Ana López", "Respuesta uno")
    expect(ana.line("Tres")).to_contain_text("pendiente")
    site.product.start()

    laura.is_connected()
    expect(laura.line("Ana López", "Tres")).to_be_visible()
    expect(ana.line("Tres")).to_contain_text("leído")
    expect(ana.line("Respuesta uno")).to_have_count(1)
    expect(laura.line("Ana López", "Respuesta uno")).to_contain_text("leído")
    assert ana.own_lines() == ["Cero", "Uno", "Dos", "Tres"]
    assert laura.lines_of_customer("Ana López") == ["Cero", "Uno", "Dos", "Tres"]


def test_a_cut_network_comes_back_by_itself_on_both_sides(site, new_customer, new_desk, watch):
    watch.expect(REFUSED)
    ana, laura = new_customer(site), new_desk(site, url=site.wire.url)
    _begin(ana, laura, site.wire.url)

    site.wire.cut()
    expect(laura.page.get_by_text("Sin conexión: reconectando…")).to_be_visible()
    ana.sees("Sin conexión.")
    ana.say("Durante el corte")
    laura.say("Ana López", "Yo también")
    site.wire.mend()

    laura.is_connected()
    expect(ana.chat.get_by_text("Sin conexión.")).to_be_hidden()
    expect(laura.line("Ana López", "Durante el corte")).to_have_count(1)
    expect(ana.line("Yo también")).to_have_count(1)


def test_a_customers_line_whose_acknowledgement_was_lost_holds_nothing_up(
    site, new_customer, new_desk, watch
):
    watch.expect(REFUSED)
    ana, laura = new_customer(site), new_desk(site)
    _begin(ana, laura, site.wire.url)
    site.wire.loses_answers = True
    ana.say("Uno")
    ana.say("Dos")
    expect(laura.line("Ana López", "Uno")).to_be_visible()
    expect(ana.line("Uno")).to_contain_text("pendiente")

    site.wire.cut()
    ana.sees("Sin conexión.")
    site.wire.mend()

    expect(laura.line("Ana López", "Dos")).to_have_count(1)
    expect(ana.line("Dos")).to_contain_text("leído")
    assert ana.own_lines() == ["Cero", "Uno", "Dos"]
    assert laura.lines_of_customer("Ana López") == ["Cero", "Uno", "Dos"]


def test_an_agents_line_whose_acknowledgement_was_lost_holds_nothing_up(site, new_customer, new_desk, watch):
    watch.expect(REFUSED)
    ana, laura = new_customer(site), new_desk(site, url=site.wire.url)
    _begin(ana, laura)
    site.wire.loses_answers = True
    laura.say("Ana López", "Respuesta uno")
    laura.say("Ana López", "Respuesta dos")
    expect(ana.line("Respuesta uno")).to_be_visible()
    expect(laura.line("Ana López", "Respuesta uno")).to_contain_text("pendiente")

    site.wire.cut()
    expect(laura.page.get_by_text("Sin conexión: reconectando…")).to_be_visible()
    # Without the lists to wait for, the line goes out again before the conversation brings it.
    laura.page.route("**/agente/lista/", lambda route: route.abort())
    site.wire.mend()

    for line in ("Respuesta uno", "Respuesta dos"):
        expect(ana.line(line)).to_have_count(1)
        expect(laura.line("Ana López", line)).to_have_count(1)
        expect(laura.line("Ana López", line)).to_contain_text("leído")


def test_an_identification_whose_answer_is_lost_releases_what_was_kept(site, new_customer, new_desk, watch):
    watch.expect("net::ERR_FAILED")
    ana, laura = new_customer(site), new_desk(site)
    ana.open_chat()
    ana.start("Ana López", "Cero")
    laura.take("Ana López")
    ana.fill_identification()
    ana.say("Lo que quería preguntar")
    expect(ana.line("Lo que quería preguntar")).to_contain_text("se enviará al identificarse")

    ana.page.route("**/chat/identificacion/", lambda route: (route.fetch(), route.abort()))
    ana.button("Identificarme").click()

    expect(laura.line("Ana López", "Lo que quería preguntar")).to_have_count(1)
    expect(ana.chat.get_by_role("heading", name="Identifíquese")).to_have_count(0)


def test_an_unsent_line_survives_a_reload_without_network(site, new_customer, new_desk, watch):
    watch.expect(REFUSED)
    ana, laura = new_customer(site), new_desk(site)
    _begin(ana, laura, site.wire.url)
    site.wire.cut()
    ana.sees("Sin conexión.")
    ana.say("Guardada en el navegador")
    expect(ana.line("Guardada")).to_contain_text("pendiente")
    site.wire.mend()

    ana.page.reload()

    expect(laura.line("Ana López", "Guardada en el navegador")).to_have_count(1)
    expect(ana.line("Guardada en el navegador")).to_have_count(1)


def test_the_light_of_the_console_tells_the_truth(each_browser, site, new_desk, watch, shoot):
    watch.expect(REFUSED)
    laura = new_desk(site, browser=each_browser, url=site.wire.url)

    site.wire.cut()
    expect(laura.page.get_by_role("status")).to_contain_text("Sin conexión: reconectando…")
    shoot(laura.page, "60-consola-sin-conexion")
    site.wire.mend()

    expect(laura.page.get_by_role("status")).to_contain_text("Conectado")


def test_an_agent_learns_on_coming_back_what_happened_meanwhile(site, new_customer, new_desk, watch):
    watch.expect(REFUSED)
    ana, rosa, laura = new_customer(site), new_customer(site), new_desk(site, url=site.wire.url)
    _begin(ana, laura)
    site.wire.cut()
    expect(laura.page.get_by_text("Sin conexión: reconectando…")).to_be_visible()
    ana.say("Mientras tanto")
    rosa.open_chat()
    rosa.start("Rosa Díaz")
    site.wire.mend()

    laura.is_connected()
    expect(laura.line("Ana López", "Mientras tanto")).to_have_count(1)
    expect(laura.waiting("Rosa Díaz")).to_be_visible()


def test_many_lines_written_without_network_all_arrive_in_order(site, new_customer, new_desk, watch):
    watch.expect(REFUSED)
    ana, laura = new_customer(site), new_desk(site, url=site.wire.url)
    _begin(ana, laura)
    site.wire.cut()
    expect(laura.page.get_by_text("Sin conexión: reconectando…")).to_be_visible()
    written = [f"Paso {number} de cuarenta" for number in range(1, 41)]
    for text in written:
        laura.say("Ana López", text)
    site.wire.mend()

    expect(ana.line(written[-1])).to_have_count(1)
    steps = ana.timeline.get_by_role("listitem").filter(has_text="de cuarenta")
    expect(steps).to_have_text([re.compile(f"^.*{text}") for text in written])


@pytest.mark.parametrize("fault", ["refuses_sockets", "drops_sockets"])
def test_an_agent_works_where_sockets_are_blocked(fault, each_browser, site, new_customer, new_desk, watch):
    watch.expect(REFUSED)
    watch.expect(r"answer 502: \S+/ws/agente/")
    watch.expect("interrupted while the page was loading")
    setattr(site.wire, fault, True)
    ana, laura = new_customer(site), new_desk(site, browser=each_browser, url=site.wire.url)
    ana.open_chat()
    ana.start("Ana López", "Hola")
    laura.take("Ana López")
    ana.identify()
    for text in ("Uno", "Dos"):
        laura.say("Ana López", text)
    expect(ana.line("Dos")).to_have_count(1)
    expect(laura.line("Ana López", "Dos")).to_contain_text("leído")
    ana.say("Tres")
    expect(laura.line("Ana López", "Tres")).to_have_count(1)
    expect(ana.line("Tres")).to_contain_text("leído")
    laura.note_switch("Ana López").check()
    laura.say("Ana López", "Solo entre nosotros")
    expect(laura.line("Ana López", "Solo entre nosotros")).to_contain_text("Nota interna")
    expect(laura.page.locator('[data-role="toast"]')).to_be_hidden()

    rosa = new_customer(site)
    rosa.open_chat()
    rosa.start("Rosa Díaz")
    expect(laura.waiting("Rosa Díaz")).to_be_visible()
    laura.is_connected()
    laura.end("Ana López")
    ana.sees(re.compile("Folio: C"))
    # Whoever is logged out elsewhere is led to the door.
    laura.page.context.clear_cookies()
    expect(laura.page.get_by_role("button", name="Entrar")).to_be_visible()


@pytest.mark.parametrize("fault", ["refuses_sockets", "drops_sockets"])
def test_where_sockets_are_blocked_plain_requests_take_over(
    fault, each_browser, site, new_customer, new_desk, watch
):
    watch.expect(REFUSED)
    watch.expect(r"answer 502: \S+/ws/chat/")
    watch.expect("interrupted while the page was loading")
    setattr(site.wire, fault, True)
    ana, laura = new_customer(site, each_browser), new_desk(site)
    ana.open_chat(site.wire.url)
    ana.start("Ana López", "Detrás de un proxy")
    laura.take("Ana López")

    expect(ana.line("Buen día, Ana López.")).to_be_visible()
    expect(ana.chat.get_by_text("Sin conexión.")).to_be_hidden()
    ana.identify()
    for text in ("Uno", "Dos", "Tres"):
        ana.say(text)
    expect(laura.line("Ana López", "Tres")).to_be_visible()
    assert laura.lines_of_customer("Ana López") == ["Detrás de un proxy", "Uno", "Dos", "Tres"]
    expect(ana.line("Tres")).to_contain_text("leído")
    assert ana.own_lines() == ["Detrás de un proxy", "Uno", "Dos", "Tres"]

    laura.say("Ana López", "Le leo")
    expect(ana.line("Le leo")).to_have_count(1)
    expect(laura.line("Ana López", "Le leo")).to_contain_text("leído")
    ana.send_file({"name": "captura.txt", "mimeType": "text/plain", "buffer": b"hola"})
    expect(laura.line("Ana López", "captura.txt")).to_have_count(1)
    ana.choose("Finalizar este chat")
    ana.button("Sí, finalizar").click()
    ana.sees(re.compile("Folio: C"))
