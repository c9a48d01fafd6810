"""The keys, the focus, and what is asked of a vague message."""

import re

from playwright.sync_api import Route, expect


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
