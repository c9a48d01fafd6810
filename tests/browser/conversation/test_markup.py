"""Nothing runs that is only text, and nobody reads what is another's."""

import re

import pytest
from playwright.sync_api import expect

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
