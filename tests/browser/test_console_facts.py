"""Who the customer is, beside each conversation: two at once, and never one's data in the other's form."""

import pytest
from playwright.sync_api import expect


def _fill_in_for(laura, name):
    facts = laura.pane(name).get_by_role("complementary", name="Datos del cliente")
    if not facts.is_visible():
        laura.pane(name).get_by_role("button", name="Datos", exact=True).click()
    facts.get_by_text("Llenarla por el cliente").click()
    return facts


@pytest.fixture
def beside(site, new_customer, new_desk):
    """Ana's and Rosa's chats side by side, neither identified."""
    ana, rosa, laura = new_customer(site), new_customer(site), new_desk(site)
    laura.page.get_by_text("Opciones", exact=True).click()
    laura.page.get_by_role("button", name="Ver dos chats a la vez").click()
    for customer, name in ((ana, "Ana López"), (rosa, "Rosa Díaz")):
        customer.open_chat()
        customer.start(name)
        laura.take(name)
    expect(laura.pane("Ana López")).to_be_visible()
    return ana, rosa, laura


def test_a_label_leads_to_the_field_of_its_own_chat(beside):
    _ana, _rosa, laura = beside
    for name in ("Ana López", "Rosa Díaz"):
        _fill_in_for(laura, name)
    ids = laura.page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(ids) == len(set(ids))

    laura.pane("Rosa Díaz").get_by_text("RFC", exact=True).click()
    laura.page.keyboard.type("XAXX010101000")

    assert laura.pane("Rosa Díaz").get_by_label("RFC").input_value() == "XAXX010101000"
    assert laura.pane("Ana López").get_by_label("RFC").input_value() == ""
    options = "(field) => [...field.list.options].map((option) => option.value)"
    assert "Nómina CFDI" in laura.pane("Rosa Díaz").get_by_label("Programa").evaluate(options)


def test_what_the_agent_types_of_an_identification_outlives_the_customers_own(beside):
    _ana, rosa, laura = beside
    facts = _fill_in_for(laura, "Rosa Díaz")
    facts.get_by_label("Nombre o Razón Social").fill("Ferretería Ruiz")
    facts.get_by_text("Chats anteriores").click()

    rosa.identify()

    expect(facts.get_by_text("Abarrotes Beta")).to_be_visible()
    expect(facts.get_by_label("Nombre o Razón Social")).to_have_value("Ferretería Ruiz")
    expect(laura.pane("Rosa Díaz").get_by_role("heading", name="Rosa Díaz").locator("..")).to_contain_text(
        "XAXX010101000"
    )


def test_an_untouched_form_shows_what_the_customer_told(beside):
    _ana, rosa, laura = beside
    rosa.identify()

    facts = laura.pane("Rosa Díaz").get_by_role(
        "complementary", name="Datos del cliente", include_hidden=True
    )
    expect(facts.get_by_text("Corregir")).to_have_count(1)
    expect(facts.get_by_label("RFC")).to_have_value("XAXX010101000")
