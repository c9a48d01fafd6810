"""The manual in a text browser: no scripts, no frames, no mouse. The agent sits at a Chromium."""

import pytest
from playwright.sync_api import expect

from tests.browser.lynx import Lynx
from tests.browser.people import QUESTION
from tests.servers import wait_until

pytestmark = pytest.mark.needs("lynx")


def test_a_customer_with_lynx_gets_support_step_by_step(site, new_desk, tmp_path):
    rosa, laura = Lynx(site, tmp_path), new_desk(site)
    page = rosa.read()
    assert QUESTION in page
    # Nothing that only scripts could press.
    assert "(BUTTON)" not in page

    asked = ("Mensaje=No abre el programa", "→", "Nombre=Rosa Diaz")
    page = rosa.do(*asked, "Correo electrónico=r@mailinator.com", "Iniciar chat")
    assert "Ese correo es temporal" in page
    assert "No abre el programa" in page
    page = rosa.do(*asked, "Correo electrónico=rosa.lynx@despacho-lopez.mx", "Iniciar chat")
    assert "Conectando…" in page
    assert "No abre el programa" in page

    laura.take("Rosa Diaz")
    page = rosa.read()
    assert "Buen día, Rosa Diaz." in page
    assert "(BUTTON)" not in page
    assert "está escribiendo" not in page
    identification = ("RFC=XAXX010101000", "Nombre o Razón Social=Abarrotes Beta")
    page = rosa.do(*identification, "Programa=Facturando", "Versión=3.2", "Identificarme")
    assert "Facturando es la empresa, no el programa." in page
    assert "Abarrotes Beta" in page
    page = rosa.do(*identification, "Programa=CFDI Escritorio", "Versión=3.2", "Identificarme")
    assert "Identificación recibida: XAXX010101000, Abarrotes Beta, CFDI Escritorio 3.2." in " ".join(
        page.split()
    )

    rosa.do("Mensaje=Que hago?", "→")
    expect(laura.line("Rosa Diaz", "Que hago?")).to_be_visible()
    laura.say("Rosa Diaz", "Reinicie su equipo")
    wait_until(lambda: "Reinicie su equipo" in rosa.read(), "the answer")
    assert "leído" in rosa.read()

    page = rosa.do("Finalizar este chat")
    assert "¿Desea finalizar este chat?" in page
    page = rosa.do("Finalizar este chat", "Sí, finalizar")
    assert "Folio: C-" in page
    page = rosa.do("Recibir la conversación por correo")
    assert "Le enviamos la conversación a rosa.lynx@despacho-lopez.mx." in " ".join(page.split())
    expect(laura.pane("Rosa Diaz")).to_contain_text("lo finalizó el cliente")
