"""New lines: they move nobody who reads, and call whoever looks elsewhere."""

from playwright.sync_api import expect

from tests.browser.conversation.beginning import OTHER_PAGE, begin
from tests.browser.people import EARS, tones

HIDE = """Object.defineProperty(document, "hidden", {value: true, configurable: true});
document.dispatchEvent(new Event("visibilitychange"));"""

SHOW = """Object.defineProperty(document, "hidden", {value: false, configurable: true});
document.dispatchEvent(new Event("visibilitychange"));"""

MANY_LINES = "\n".join(f"renglón {number}" for number in range(40))


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
    begin(ana, laura)
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
    begin(ana, laura)
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
    begin(ana, laura)
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
    begin(ana, laura)
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
