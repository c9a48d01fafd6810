"""What a conversation feels like: nothing typed is lost, nothing jumps, nothing runs that is only text."""

import json
import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.people import EARS, tones

HIDE = """Object.defineProperty(document, "hidden", {value: true, configurable: true});
document.dispatchEvent(new Event("visibilitychange"));"""
SHOW = """Object.defineProperty(document, "hidden", {value: false, configurable: true});
document.dispatchEvent(new Event("visibilitychange"));"""
OTHER_PAGE = """<!doctype html><html lang="es"><title>Precios</title><h1>Precios</h1>
<script src="/widget.js" async></script>"""
MANY_LINES = "\n".join(f"renglón {number}" for number in range(40))


@pytest.fixture
def chatting(site, new_customer, new_desk):
    """Ana, identified, in a chat with Laura."""
    ana, laura = new_customer(site), new_desk(site)
    ana.open_chat()
    _begin(ana, laura)
    return ana, laura


def _begin(ana, laura):
    ana.start("Ana López")
    laura.take("Ana López")
    ana.identify()


# --- Nothing typed is lost ------------------------------------------------------------------------------


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
    _begin(ana, laura)
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
    _begin(ana, laura)

    other = ana.page.context.new_page()
    other.goto(site.url)

    bar = other.get_by_role("region", name="Chat de soporte")
    expect(bar.get_by_role("button")).to_have_text("Chat de soporte")
    expect(bar.get_by_role("textbox")).to_be_hidden()


def test_a_draft_of_a_chat_that_ended_meanwhile_is_offered_again(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    ana.open_chat()
    _begin(ana, laura)
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
    _begin(ana, laura)
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


# --- Keys -----------------------------------------------------------------------------------------------


def test_enter_sends_and_shift_enter_breaks_the_line(each_browser, site, new_customer, new_desk):
    ana, laura = new_customer(site, each_browser), new_desk(site)
    ana.open_chat()
    ana.chat.get_by_role("textbox", name="Mensaje").press_sequentially("Hola")
    ana.chat.get_by_role("textbox", name="Mensaje").press("Enter")
    ana.introduce("Ana López")
    laura.take("Ana López")
    ana.identify()

    ana.box.press_sequentially("arriba")
    ana.box.press("Shift+Enter")
    ana.box.press_sequentially("abajo")
    expect(ana.box).to_have_value("arriba\nabajo")
    ana.box.press("Enter")

    expect(ana.box).to_have_value("")
    expect(laura.line("Ana López", re.compile("arriba\nabajo"))).to_be_visible()
    laura.box("Ana López").press_sequentially("visto")
    laura.box("Ana López").press("Enter")
    expect(ana.line("visto")).to_be_visible()


# --- Nothing jumps --------------------------------------------------------------------------------------


def test_somebody_who_reads_further_up_is_told_of_new_messages_and_not_moved(chatting):
    ana, laura = chatting
    laura.say("Ana López", MANY_LINES)
    expect(ana.line("renglón 39")).to_be_visible()
    ana.timeline.hover()
    ana.page.mouse.wheel(0, -5000)
    first = ana.timeline.get_by_role("listitem").first
    expect(first).to_be_in_viewport()

    laura.say("Ana López", "¿Sigue ahí?")

    expect(ana.button("Mensajes nuevos")).to_be_visible()
    expect(first).to_be_in_viewport()
    expect(laura.line("Ana López", "¿Sigue ahí?")).to_contain_text("entregado")
    ana.button("Mensajes nuevos").click()
    expect(ana.line("¿Sigue ahí?")).to_be_in_viewport()
    expect(ana.button("Mensajes nuevos")).to_be_hidden()
    expect(laura.line("Ana López", "¿Sigue ahí?")).to_contain_text("leído")


def test_an_agent_who_reads_further_up_is_told_of_new_messages_and_not_moved(chatting):
    ana, laura = chatting
    ana.say(MANY_LINES)
    expect(laura.line("Ana López", "renglón 39")).to_be_visible()
    laura.timeline("Ana López").hover()
    laura.page.mouse.wheel(0, -5000)
    first = laura.timeline("Ana López").get_by_role("listitem").first
    expect(first).to_be_in_viewport()

    ana.say("Ya lo reinicié")

    news = laura.pane("Ana López").get_by_role("button", name="Mensajes nuevos")
    expect(news).to_be_visible()
    expect(first).to_be_in_viewport()
    news.click()
    expect(laura.line("Ana López", "Ya lo reinicié")).to_be_in_viewport()
    expect(ana.line("Ya lo reinicié")).to_contain_text("leído")


# --- Attention ------------------------------------------------------------------------------------------


def test_unread_lines_are_counted_in_the_title_of_a_hidden_tab(chatting):
    ana, laura = chatting
    title = ana.page.title()
    ana.page.evaluate(HIDE)

    laura.say("Ana López", "Uno")
    expect(ana.page).to_have_title(f"(1) {title}")
    laura.say("Ana López", "Dos")
    expect(ana.page).to_have_title(f"(2) {title}")
    expect(laura.line("Ana López", "Dos")).to_contain_text("entregado")

    ana.page.evaluate(SHOW)
    expect(ana.page).to_have_title(title)
    expect(laura.line("Ana López", "Dos")).to_contain_text("leído")


def test_unread_lines_are_counted_in_the_title_of_the_page_that_embeds_the_chat(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    ana.visit()
    _begin(ana, laura)
    title = ana.page.title()
    ana.minimize()

    laura.say("Ana López", "Uno")
    expect(ana.page).to_have_title(f"(1) {title}")
    ana.page.evaluate("document.title = 'Precios'")
    laura.say("Ana López", "Dos")
    expect(ana.page).to_have_title("(2) Precios")

    ana.restore()
    expect(ana.page).to_have_title("Precios")


def test_unread_lines_are_counted_on_the_bar_of_a_minimized_window(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    ana.visit()
    _begin(ana, laura)
    ana.minimize()

    laura.say("Ana López", "Uno")
    laura.say("Ana López", "Dos")

    expect(ana.bar.get_by_role("button")).to_have_text("Chat de soporte2")
    ana.restore()
    expect(ana.line("Dos")).to_be_in_viewport()
    ana.minimize()
    expect(ana.bar.get_by_role("button")).to_have_text("Chat de soporte")


def test_unread_lines_stay_on_the_bar_when_the_page_changes(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    ana.page.route("**/precios/", lambda route: route.fulfill(content_type="text/html", body=OTHER_PAGE))
    ana.visit()
    _begin(ana, laura)
    ana.minimize()
    laura.say("Ana López", "Uno")
    laura.say("Ana López", "Dos")
    expect(ana.bar.get_by_role("button")).to_have_text("Chat de soporte2")

    ana.visit("/precios/")

    expect(ana.bar.get_by_role("button")).to_have_text("Chat de soporte2")
    expect(ana.page).to_have_title("(2) Precios")
    expect(laura.line("Ana López", "Dos")).to_contain_text("entregado")
    ana.restore()
    expect(laura.line("Ana López", "Dos")).to_contain_text("leído")
    ana.visit()
    ana.minimize()
    expect(ana.bar.get_by_role("button")).to_have_text("Chat de soporte")


def test_a_new_chat_is_counted_in_the_title_of_the_console(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    title = laura.page.title()
    ana.open_chat()
    ana.start("Ana López")

    expect(laura.page).to_have_title(f"(1) {title}")
    laura.take("Ana López")
    expect(laura.page).to_have_title(title)


def test_the_sound_of_a_new_line_can_be_silenced_and_stays_so(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    ana.page.add_init_script(EARS)
    ana.open_chat()
    _begin(ana, laura)
    before = tones(ana.page)
    laura.say("Ana López", "Con sonido")
    expect(ana.line("Con sonido")).to_be_visible()
    assert tones(ana.page) == before + 1

    ana.choose("Silenciar sonido")
    laura.say("Ana López", "En silencio")
    expect(ana.line("En silencio")).to_be_visible()
    assert tones(ana.page) == before + 1

    ana.page.reload()
    expect(ana.line("En silencio")).to_be_visible()
    ana.chat.get_by_text("Opciones", exact=True).click()
    expect(ana.button("Activar sonido")).to_be_visible()


# --- Nothing runs ---------------------------------------------------------------------------------------

HOSTILE = """<script>alert(1)</script> <img src=x onerror=alert(2)> {{ 7*7 }} javascript:alert(3)"""


def test_only_web_addresses_become_links(chatting):
    ana, laura = chatting
    ana.say("Vea https://sat.gob.mx/a?b=1. O javascript:alert(1) o data:text/html,x o file:///etc")

    for line in (ana.line("Vea"), laura.line("Ana López", "Vea")):
        expect(line.get_by_role("link")).to_have_text(["https://sat.gob.mx/a?b=1"])
        link = line.get_by_role("link")
        expect(link).to_have_attribute("href", "https://sat.gob.mx/a?b=1")
        expect(link).to_have_attribute("rel", re.compile("noopener"))
    ana.page.reload()
    expect(ana.line("Vea").get_by_role("link")).to_have_text(["https://sat.gob.mx/a?b=1"])


def test_markup_in_a_message_is_text_for_everybody(each_browser, site, new_customer, new_desk):
    ana, laura, elena = (
        new_customer(site, each_browser),
        new_desk(site, browser=each_browser),
        new_desk(site, "supervisor"),
    )
    ana.open_chat()
    ana.start("Ana López", f"primero {HOSTILE}")
    expect(laura.waiting("Ana López")).to_contain_text("<script>alert(1)</script>")
    laura.take("Ana López")
    ana.fill_identification(legal_name="<b>Beta</b> & Hijos")
    ana.button("Identificarme").click()
    expect(ana.line("Identificación recibida")).to_contain_text("<b>Beta</b> & Hijos")
    ana.say(f"cliente {HOSTILE}")
    laura.say("Ana López", f"agente {HOSTILE}")

    for start in ("primero", "cliente", "agente"):
        expect(ana.line(start)).to_contain_text(HOSTILE)
        expect(laura.line("Ana López", start)).to_contain_text(HOSTILE)
    expect(laura.pane("Ana López")).to_contain_text("<b>Beta</b> & Hijos")
    for page in (ana.page, laura.page):
        page.reload()
    expect(ana.line("agente")).to_contain_text(HOSTILE)
    expect(laura.line("Ana López", "agente")).to_contain_text(HOSTILE)

    [(pk,)] = site.rows("SELECT max(id) FROM chat_chatsession")
    elena.page.goto(f"{site.url}/admin/chat/chatsession/{pk}/change/")
    expect(elena.page.get_by_text(f"agente {HOSTILE}")).to_be_visible()
    expect(elena.page.get_by_text("<b>Beta</b> & Hijos").first).to_be_visible()


@pytest.mark.parametrize("name", ["<script>alert(1)</script>Ana", "Ana <img src=x onerror=alert(1)>"])
def test_markup_in_a_name_is_refused_or_shown_as_text(name, site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    ana.open_chat()
    ana.ask("Hola")
    ana.introduce(name, "ana@despacho-lopez.mx")

    refused = ana.chat.locator(".error")
    expect(refused.or_(ana.timeline)).to_be_visible()
    if refused.is_visible():
        expect(ana.chat.get_by_label("Nombre")).to_have_value(name)
    else:
        expect(laura.queue).to_contain_text(name)


def test_two_customers_never_see_each_others_lines(site, new_customer, new_desk):
    ana, rosa, laura = new_customer(site), new_customer(site), new_desk(site)
    for customer, name in ((ana, "Ana López"), (rosa, "Rosa Díaz")):
        customer.open_chat()
        customer.start(name, f"Lo que dice {name}")
        laura.take(name)
        customer.identify()
    ana.say("Mi clave es de Ana")
    rosa.say("Mi clave es de Rosa")
    laura.show("Ana López")
    laura.say("Ana López", "Solo para Ana")
    laura.show("Rosa Díaz")
    laura.say("Rosa Díaz", "Solo para Rosa")

    expect(ana.line("Solo para Ana")).to_be_visible()
    expect(rosa.line("Solo para Rosa")).to_be_visible()
    for customer, stranger in ((ana, "Rosa"), (rosa, "Ana")):
        assert stranger not in customer.timeline.inner_text()
        customer.page.reload()
        expect(customer.line("Solo para")).to_be_visible()
        assert stranger not in customer.timeline.inner_text()


def test_an_internal_note_is_seen_by_staff_alone(chatting):
    ana, laura = chatting
    note = laura.note_switch("Ana López")
    # A switch that nobody sees would send to the customer what was meant for colleagues.
    expect(note).to_have_css("opacity", "1")
    note.check()
    laura.say("Ana López", "Cliente molesto")
    expect(laura.line("Ana López", "Cliente molesto")).to_contain_text("Nota interna")
    note.uncheck()
    laura.say("Ana López", "Con gusto")

    expect(ana.line("Con gusto")).to_be_visible()
    expect(ana.timeline).not_to_contain_text("molesto")
    ana.page.reload()
    expect(ana.line("Con gusto")).to_be_visible()
    expect(ana.timeline).not_to_contain_text("molesto")


def test_a_note_that_is_being_written_is_still_a_note_after_a_reload(chatting):
    ana, laura = chatting
    laura.note_switch("Ana López").check()
    laura.box("Ana López").fill("Cliente molesto")

    laura.page.reload()

    expect(laura.box("Ana López")).to_have_value("Cliente molesto")
    expect(laura.pane("Ana López")).to_contain_text("Nota interna: Ana López no la ve.")
    laura.box("Ana López").press("Enter")
    expect(laura.line("Ana López", "Cliente molesto")).to_contain_text("Nota interna")
    laura.note_switch("Ana López").uncheck()
    laura.say("Ana López", "Con gusto")
    expect(ana.line("Con gusto")).to_be_visible()
    expect(ana.timeline).not_to_contain_text("molesto")
    laura.page.reload()
    expect(laura.note_switch("Ana López")).not_to_be_checked()


def test_the_switch_of_notes_stays_where_it_is_and_belongs_to_one_chat(chatting, site, new_customer):
    _ana, laura = chatting
    laura.note_switch("Ana López").check()
    laura.say("Ana López", "Una nota")
    expect(laura.line("Ana López", "Una nota")).to_contain_text("Nota interna")
    expect(laura.note_switch("Ana López")).to_be_checked()

    rosa = new_customer(site)
    rosa.open_chat()
    rosa.start("Rosa Díaz")
    laura.take("Rosa Díaz")

    expect(laura.note_switch("Rosa Díaz")).not_to_be_checked()


def test_a_note_that_was_refused_is_written_on_as_a_note(chatting):
    ana, laura = chatting
    laura.page.route_web_socket("**/ws/agente/", _refuse_notes)
    laura.page.reload()
    laura.is_connected()
    laura.note_switch("Ana López").check()
    laura.say("Ana López", "Cliente molesto")
    expect(laura.line("Ana López", "Cliente molesto")).to_contain_text("Hoy no")
    laura.note_switch("Ana López").uncheck()

    laura.line("Ana López", "Cliente molesto").get_by_role("button", name="Reintentar").click()

    expect(laura.box("Ana López")).to_have_value("Cliente molesto")
    expect(laura.note_switch("Ana López")).to_be_checked()
    expect(ana.timeline).not_to_contain_text("molesto")


def _refuse_notes(socket):
    server = socket.connect_to_server()

    def ask(frame):
        asked = json.loads(frame)
        if asked["type"] != "note.send":
            server.send(frame)
            return
        refusal = {"type": "error", "code": "x.y", "text": "Hoy no", "client_id": asked["client_id"]}
        socket.send(json.dumps(refusal))

    socket.on_message(ask)


def test_a_note_looks_like_one_before_it_is_stored(chatting):
    _ana, laura = chatting
    # Nothing leaves any more.
    laura.page.evaluate("WebSocket.prototype.send = () => {}")
    laura.note_switch("Ana López").check()
    laura.say("Ana López", "Una nota")

    expect(laura.line("Ana López", "Una nota")).to_contain_text("pendiente")
    expect(laura.line("Ana López", "Una nota")).to_contain_text("Nota interna")


def test_a_vague_message_alone_is_answered_with_one_kind_request(chatting):
    ana, laura = chatting
    ana.say("Ayuda")
    request = ana.timeline.get_by_role("listitem").filter(has_text="exact")
    expect(request).to_have_count(1)
    expect(laura.line("Ana López", "Ayuda").first).to_be_visible()

    ana.say("Tengo un problema")
    expect(laura.line("Ana López", "Tengo un problema")).to_be_visible()
    expect(request).to_have_count(1)


def test_scripts_that_come_late_leave_the_focus_where_somebody_types(site, new_customer):
    ana = new_customer(site)
    ana.open_chat()
    held: list[Route] = []
    ana.page.route(re.compile(r"/chat/page[^/]*\.js"), lambda route: held.append(route))
    ana.page.get_by_role("textbox", name="Mensaje").fill("No timbra")
    ana.page.get_by_role("button", name="Enviar").click(no_wait_after=True)
    email = ana.page.get_by_label("Correo electrónico")
    email.fill("ana@despacho-lopez.mx")
    held[-1].continue_()

    expect(ana.page.locator("body.is-live")).to_be_visible()
    expect(email).to_be_focused()
