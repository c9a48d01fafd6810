"""Booking as a customer does it: hour, data, mail, the link in it, another hour, and the end of it."""

import email
import email.policy
import re

import pytest
from playwright.sync_api import expect

from tests.servers import wait_until


def _fill(page, name, about="Al timbrar sale el error CFDI40138"):
    page.get_by_label("Nombre", exact=True).fill(name)
    page.get_by_label("Correo electrónico").fill("rosa.citas@despacho-lopez.mx")
    page.get_by_label("RFC").fill("XAXX010101000")
    page.get_by_label("Nombre o Razón Social").fill("Abarrotes Beta")
    page.get_by_label("Programa").fill("Nómina CFDI")
    page.get_by_label("Versión").fill("4.0.1")
    page.get_by_label("¿Qué necesita consultar?").fill(about)


def _mailed_link(site, folio):
    """The address in the confirmation, once that has come."""
    for mail in site.mails_to("rosa.citas@despacho-lopez.mx"):
        text = email.message_from_string(mail, policy=email.policy.default).get_body(["plain"]).get_content()
        if found := re.search(rf"http\S+/citas/{folio}/\?llave=[\w:.-]+", text):
            return found[0]
    return None


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
    _fill(page, "Rosa Díaz", about="Ayuda")
    page.get_by_role("button", name="Agendar").click()
    expect(page.get_by_text("escriba por favor el mensaje exacto")).to_be_visible()
    shoot(page, "71-cita-con-errores")
    _fill(page, "Rosa Díaz")
    page.get_by_role("button", name="Agendar").click()
    heading = page.get_by_role("heading", name="Su cita S-")
    expect(heading).to_be_visible()
    shoot(page, "72-cita-agendada")
    folio = heading.inner_text().split()[-1]

    link = wait_until(lambda: _mailed_link(site, folio), "the confirmation by mail")
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
