"""The customer guide carries the manual: its steps, and every one of its recommendations."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.template.loader import render_to_string

from scheduling.models import BusinessHours

pytestmark = pytest.mark.django_db

# What the manual says, in its order. Its "tú" reads "usted" here, and so some words are left out.
STEPS = [
    "parte inferior derecha",
    "¿Tienes dudas? Escríbenos",
    "botón de la flecha que apunta a la derecha",
    "un nombre y una cuenta de correo",
    "deberán ser reales",
    "Iniciar chat",
    "mensaje de bienvenida del agente que le atenderá",
    "el RFC",
    "Nombre o Razón Social",
    "Facturando es la empresa y no el programa",
    "en cuanto a la ejecución o mensaje obtenido del programa contratado",
    "Enviar un archivo",
    "Finalizar este chat",
    "menú de Opciones",
    "Dejar mensaje",
    "el chat no está dando servicio (está fuera de línea)",
    "un nombre, una cuenta de correo y el texto del mensaje que desea enviar",
    "Enviar mensaje",
]
RECOMMENDATIONS = {
    "Soporte técnico": "enlaces remotos o atención telefónica, estos tendrán un costo adicional",
    "Soporte a soluciones de Facturando": (
        "configuración y manejo de antivirus, configuraciones de Windows o de redes"
    ),
    "Identificación": "es indispensable que estos correspondan a datos reales",
    "Programa usado": "en la opción Acerca de… del menú de Ayuda",
    "Descripción del mensaje": "la descripción del mensaje sea lo más exacta y clara posible",
    "Horarios de atención": "hora de la Ciudad de México, exceptuando días festivos",
    "Continuidad en el chat": "no está permitido estar inactivo",
    "Tolerancia en el chat": "el agente será liberado para atender a otro cliente",
}


@pytest.fixture(autouse=True)
def _real_hours(settings):
    settings.HOURS = "real"


def words_of(client) -> str:
    """The page as it is read: without tags, on one line."""
    page = re.sub(r"<[^>]+>", "", client.get("/ayuda/").text)
    return " ".join(unescape(page).split())


def test_the_steps_come_in_the_manual_s_order(client):
    page = words_of(client).partition("Pasos a seguir Escriba")[2]
    position = 0
    for step in STEPS:
        position = page.find(step, position)
        assert position >= 0, step


@pytest.mark.parametrize("title", RECOMMENDATIONS)
def test_a_recommendation_is_there(client, title):
    recommendations = words_of(client).partition("tenga en cuenta las siguientes recomendaciones")[2]
    assert title in recommendations
    assert RECOMMENDATIONS[title] in recommendations


@pytest.mark.parametrize("phrase", ["«Ayuda»", "«Error»", "«Tengo un problema»"])
def test_a_phrase_that_helps_nobody_is_named(client, phrase):
    assert phrase in words_of(client)


@pytest.mark.parametrize("browser", ["Internet Explorer", "Firefox", "Google Chrome"])
def test_a_browser_of_the_manual_is_named(client, browser):
    assert browser in words_of(client)


def test_the_hours_are_those_in_force(client):
    assert words_of(client).count("lunes a viernes de 09:00 a 14:00 y de 15:00 a 18:00") == 2
    BusinessHours.objects.all().delete()
    BusinessHours.objects.create(weekday=5, opens_at="10:00", closes_at="13:00")
    assert "sábado de 10:00 a 13:00" in words_of(client)


def test_the_minutes_are_those_in_force(client, settings):
    settings.APPOINTMENT_TOLERANCE = timedelta(minutes=12)
    settings.CHAT_INACTIVITY_WARNING = timedelta(minutes=3)
    settings.CHAT_INACTIVITY_END = timedelta(minutes=8)
    settings.CHAT_MAX_UPLOAD_BYTES = 7 * 1024 * 1024
    page = words_of(client)
    for words in ("12 minutos de tolerancia", "A los 3 minutos", "a los 8 minutos", "7 MB"):
        assert words in page


def test_every_entry_of_the_contents_leads_somewhere(client):
    page = client.get("/ayuda/").text
    targets = re.findall(r'href="#([^"]+)"', page)
    assert len(targets) == 4 + len(RECOMMENDATIONS)
    for target in targets:
        assert page.count(f'id="{target}"') == 1


def test_the_guide_leads_to_the_chat_and_to_leaving_a_message(client):
    page = client.get("/ayuda/").text
    assert 'href="/chat/"' in page
    assert 'href="/mensaje/"' in page


def test_the_guide_needs_no_script(client):
    response = client.get("/ayuda/")
    assert "<script" not in response.text
    assert " style=" not in response.text
    assert "unsafe-" not in response["Content-Security-Policy"]


def test_the_guide_sets_no_cookie(client):
    assert not client.get("/ayuda/").cookies


# Errors say what to do.


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("400.html", "Regrese a la página anterior e inténtelo otra vez."),
        ("403.html", "pida el permiso a su supervisor"),
        ("404.html", "Revise la dirección"),
        ("500.html", "Espere un minuto y cargue la página otra vez"),
    ],
)
def test_an_error_page_says_what_to_do_without_any_context(template, words):
    page = render_to_string(template)
    assert words in page
    assert 'href="/chat/"' in page


def test_an_unknown_address_is_answered_in_spanish(client):
    response = client.get("/no-existe/")
    assert response.status_code == 404
    assert "No encontramos esta página" in response.text


def test_a_form_without_its_token_gives_back_what_was_typed(client):
    client.handler.enforce_csrf_checks = True
    response = client.post("/chat/iniciar/", {"text": "No timbra <la> factura"})
    assert response.status_code == 403
    assert "Lo que escribió no se envió todavía." in response.text
    assert "No timbra &lt;la&gt; factura</textarea>" in response.text
    assert "readonly" in response.text
    assert 'href="/chat/"' in response.text


def test_a_form_without_text_asks_for_nothing_to_be_copied(client):
    client.handler.enforce_csrf_checks = True
    page = client.post("/chat/iniciar/", {}).text
    assert "<textarea" not in page
    assert "Ir al chat" in page
