"""Booking as a customer does it: hour, data, mail, the link in it, another hour, and the end of it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.booking import fill_data, mailed_link


def _choose_last_day(page):
    """A day on which every hour is still to come, whatever the time is now."""
    days = page.get_by_role("button", name=re.compile(r"^\w{3} \d+ \w{3}$"), disabled=False)
    days.last.click()
    expect(page.get_by_role("button", name="09:00")).to_be_visible()


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_customer_books_changes_and_cancels(has_scripts, site, new_page, shoot):
    page = new_page(java_script_enabled=has_scripts)
    page.goto(f"{site.url}/citas/")
    shoot(page, "70-citas")
    _choose_last_day(page)
    page.get_by_role("button", name="17:30").click()
    expect(page.get_by_text(re.compile("La hora es suya hasta las"))).to_be_visible()
    if has_scripts:
        expect(page.get_by_text(re.compile(r"Quedan [45]:\d\d\."))).to_be_visible()
    fill_data(page, about="Ayuda")
    page.get_by_role("button", name="Elegir otra hora").click()
    # The day is kept as well: hours of the last one are all still to come.
    expect(page.get_by_role("button", name="09:00")).to_be_visible()
    page.get_by_role("button", name="17:00").click()
    expect(page.get_by_label("Nombre o Razón Social")).to_have_value("Abarrotes Beta")
    expect(page.get_by_label("¿Qué necesita consultar?")).to_have_value("Ayuda")
    page.get_by_label("Versión").press("Enter")
    expect(page.get_by_text("escriba por favor el mensaje exacto")).to_be_visible()
    shoot(page, "71-cita-con-errores")
    fill_data(page)
    page.get_by_role("button", name="Agendar", exact=True).click()
    heading = page.get_by_role("heading", name="Su cita S-")
    expect(heading).to_be_visible()
    shoot(page, "72-cita-agendada")
    folio = heading.inner_text().split()[-1]

    link = mailed_link(site, folio)
    phone = new_page(java_script_enabled=has_scripts)
    phone.goto(link)
    expect(phone).to_have_url(re.compile(rf"/citas/{folio}/$"))

    phone.get_by_role("link", name="Cambiar la hora").click()
    _choose_last_day(phone)
    phone.get_by_role("button", name="16:30").click()
    expect(phone.get_by_text(re.compile("a las 16:30"))).to_be_visible()
    expect(phone.get_by_text("Puede cambiar la hora 2 veces más.")).to_be_visible()
    phone.get_by_role("link", name="Cancelar la cita").click()
    phone.get_by_role("button", name="Sí, cancelar").click()
    expect(phone.get_by_text("Esta cita se canceló.")).to_be_visible()

    page.reload()
    page.get_by_role("link", name="Agendar de nuevo").click()
    _choose_last_day(page)
    page.get_by_role("button", name="16:30").click()
    expect(page.get_by_label("Nombre o Razón Social")).to_have_value("Abarrotes Beta")
