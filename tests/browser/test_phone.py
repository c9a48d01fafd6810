"""Phones: the whole screen, nothing that makes the browser zoom, and a composer that stays in sight."""

import pytest
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}
# Below 16 px phones zoom into a field that gets the focus, and stay so.
SMALL_FIELDS = """() => [...document.querySelectorAll("input, textarea, select")]
  .filter((field) => !["file", "checkbox", "radio"].includes(field.type))
  .filter((field) => field.offsetParent && parseFloat(getComputedStyle(field).fontSize) < 16)
  .map((field) => field.id || field.name)"""
OVERFLOW = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""


@pytest.fixture
def ana(site, new_customer):
    return new_customer(site, **PHONE)


def _frame(customer):
    [frame] = customer.page.frames[1:]
    return frame


def _looks_right(customer):
    for part in customer.page.frames:
        # A page whose style sheet is on its way has no width yet.
        part.wait_for_load_state()
        assert part.evaluate(OVERFLOW) <= 0, part.url
        assert part.evaluate(SMALL_FIELDS) == [], part.url


def test_the_chat_fills_the_screen_of_a_phone_from_start_to_end(ana, site, new_desk, shoot_phone):
    laura = new_desk(site)
    ana.visit()
    _looks_right(ana)
    shoot_phone(ana.page, "01-sitio")
    ana.ask("No puedo timbrar, dice CFDI40138")
    expect(ana.chat.get_by_label("Nombre")).to_be_visible()
    box = ana.page.locator("iframe").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 780}
    _looks_right(ana)
    shoot_phone(ana.page, "02-datos")
    ana.introduce("Ana López")
    expect(ana.line("CFDI40138")).to_be_visible()
    _looks_right(ana)
    laura.take("Ana López")
    expect(ana.chat.get_by_role("heading", name="Identifíquese")).to_be_visible()
    _looks_right(ana)
    expect(ana.button("Identificarme")).to_be_in_viewport()
    shoot_phone(ana.page, "03-identificacion")
    ana.identify()
    expect(ana.box).to_be_in_viewport()
    expect(ana.button("Enviar")).to_be_in_viewport()
    laura.say("Ana López", "Una palabra " + "larguísima" * 30 + " y https://ejemplo.mx/" + "a" * 200)
    expect(ana.line("larguísima")).to_be_visible()
    _looks_right(ana)
    shoot_phone(ana.page, "04-conversacion")
    ana.choose("Finalizar este chat")
    ana.button("Sí, finalizar").click()
    expect(ana.chat.get_by_role("heading", name="Chat finalizado")).to_be_visible()
    _looks_right(ana)
    shoot_phone(ana.page, "05-finalizado")


def test_on_a_phone_the_button_sends_and_enter_breaks_the_line(ana, site, new_desk):
    laura = new_desk(site)
    ana.open_chat()
    ana.start("Ana López")
    laura.take("Ana López")
    ana.identify()

    ana.box.press_sequentially("arriba")
    ana.box.press("Enter")
    ana.box.press_sequentially("abajo")
    expect(ana.box).to_have_value("arriba\nabajo")
    ana.button("Enviar").tap()

    expect(laura.line("Ana López", "arriba\nabajo")).to_be_visible()


def test_on_a_phone_enter_breaks_the_line_in_the_bar_of_the_site_as_well(ana):
    ana.visit()
    box = ana.bar.get_by_role("textbox", name="Mensaje")

    box.press_sequentially("arriba")
    box.press("Enter")
    box.press_sequentially("abajo")
    expect(box).to_have_value("arriba\nabajo")
    ana.bar.get_by_role("button", name="Enviar").tap()

    expect(ana.chat.get_by_label("Mensaje")).to_have_value("arriba\nabajo")


def test_the_composer_and_the_last_line_stay_above_the_keyboard(ana, site, new_desk):
    laura = new_desk(site)
    ana.open_chat()
    ana.start("Ana López")
    laura.take("Ana López")
    ana.identify()
    for number in range(10, 24):
        laura.say("Ana López", f"Paso {number}")
    expect(ana.line("Paso 23")).to_be_in_viewport()

    # What a keyboard leaves of the screen (the page asks for it with interactive-widget=resizes-content).
    ana.page.set_viewport_size({"width": 390, "height": 420})

    expect(ana.box).to_be_in_viewport()
    expect(ana.button("Enviar")).to_be_in_viewport()
    expect(ana.line("Paso 23")).to_be_in_viewport()


def test_the_console_works_on_a_phone(site, new_page, new_customer, new_desk, shoot_phone):
    laura, ana = new_desk(site), new_customer(site)
    laura.page.set_viewport_size({"width": 390, "height": 780})
    ana.open_chat()
    ana.start("Ana López")
    shoot_phone(laura.page, "06-consola-cola")
    laura.take("Ana López")
    shoot_phone(laura.page, "07-consola-chat")
    laura.say("Ana López", "Buen día")
    expect(laura.line("Ana López", "Buen día").last).to_be_in_viewport()
    assert laura.page.evaluate(OVERFLOW) <= 0
    assert laura.page.evaluate(SMALL_FIELDS) == []
    laura.put_aside("Ana López")
    expect(laura.chats).to_be_visible()


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("locale", ["es-MX", "en-US"])
def test_the_bar_of_staffs_pages_is_one_line(site, new_desk, width, locale, shoot_phone):
    page = new_desk(site).page
    page.context.set_extra_http_headers({"Accept-Language": locale})
    page.set_viewport_size({"width": width, "height": 780})
    page.goto(f"{site.url}/agente/mensajes/")
    bar = page.locator(".staff-bar")
    shoot_phone(page, f"20-barra-{locale}-{width}")

    middles = [part.bounding_box() for part in bar.locator("a, button").all()]
    assert len({round((box["y"] + box["height"] / 2) / 4) for box in middles}) == 1
    assert page.evaluate(OVERFLOW) <= 0
    # Beside each other, not over each other.
    assert all(
        left["x"] + left["width"] <= right["x"] for left, right in zip(middles, middles[1:], strict=False)
    )
