"""An installation speaks one language: Spanish, or English all through when LANGUAGE_CODE says so."""

import re
from html import unescape

import pytest
from django.core.checks.translation import check_language_settings_consistent
from post_office.models import Email

from chat import services
from chat.services import due
from chat.texts import script_texts
from scheduling.calendar import official_rest_days
from scheduling.wording import day_in_words, instant_in_words, weekly_hours_in_words
from tests.chat.conftest import browser_of
from tests.chat.factories import (
    ANA,
    BETO,
    NOW,
    AgentFactory,
    accept,
    end,
    fresh,
    identify,
    later,
    say_as_agent,
)
from tests.chat.factories import start as start_chat
from tests.scheduling.hours import at, manual_calendar

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("memory_layer")]

SPANISH = re.compile(
    r"[¿¡«»]|\b(?:usted|su|sus|el|los|las|un|una|del|para|por|con|sin|que|se|y|no se|lunes|martes|hoy|hora|"
    r"horario|mensajes?|correo|nombre|escriba|enviar|espera|cola|clientes?|agentes?|archivo|programa|folio|"
    r"conversación|ciudad|leído|enviado|entregado|conectando|finaliza\w*|soporte|ayuda|entrar|salir)\b",
    re.IGNORECASE,
)
# What is not translated: what the programs of Facturando show, and addresses.
NAMES = re.compile(r"Ayuda (?=\(Help\)|→)|Acerca de…|https?://\S+|\S+@\S+")


@pytest.fixture
def english(settings):
    settings.LANGUAGE_CODE = "en"
    settings.HOURS = "open"


@pytest.fixture
def clock(time_machine):
    """A Tuesday at ten, standing still until moved."""
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def closed(settings):
    """The real hours, and none of them."""
    settings.HOURS = "real"


def spoken(response) -> str:
    """All that a page shows or reads aloud: its words, its title, and the attributes that people meet."""
    html = re.sub(r"<(script|style)\b.*?</\1>", "", response.content.decode(), flags=re.DOTALL)
    names = r'\b(?:alt|aria-label|placeholder|title|data-text|data-title|data-too-large)="(.*?)"'
    words = re.sub(r"<[^>]+>", " ", html)
    return " ".join(unescape(" ".join([words, *re.findall(names, html)])).split())


def assert_is_english(text: str, *expected: str) -> None:
    left = SPANISH.search(NAMES.sub("", text))
    assert left is None, text[max(0, left.start() - 60) : left.end() + 60]
    for words in expected:
        assert words in text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/chat/", "Questions? Write to us"),
        ("/ayuda/", "Remember that Facturando is the company and not the program."),
        ("/mensaje/", "Support is open at the moment: the chat is quicker."),
        ("/agente/entrar/", "Log in to Facturando Support"),
        ("/no-existe/", "We did not find this page"),
        ("/chat/enlace/MQ:falso/", "This link no longer works"),
    ],
)
def test_a_page_is_in_english(client, english, address, words):
    response = client.get(address)

    assert_is_english(spoken(response), words)
    assert '<html lang="en"' in response.text


def test_the_site_of_the_demo_is_in_english(client, english):
    words = spoken(client.get("/")).replace("CFDI en Línea", "").replace("Nómina CFDI", "")

    assert_is_english(words, "Invoice today, no fuss")


def test_the_script_of_the_tag_is_in_english(client, english):
    script = client.get("/widget.js").text

    assert '"question": "Questions? Write to us"' in script
    assert "dudas" not in script


def test_the_chat_speaks_english_from_the_queue_to_its_end(english, clock):
    laura, browser = AgentFactory.create(), browser_of(ANA)
    session = start_chat(text="Error 301 when stamping")
    assert_is_english(spoken(browser.get("/chat/")), "Connecting…", "You can go on writing while you wait.")

    accept(session, laura)
    assert_is_english(spoken(browser.get("/chat/")), "Welcome to the technical support", "Identify yourself")

    identify(fresh(session), legal_name="Lopez Stationery")
    say_as_agent(fresh(session), laura, "Which version is it?")
    due.warn_silent(later(minutes=5))
    assert_is_english(spoken(browser.get("/chat/")), "Are you still there?", "Send a file", "today")

    end(fresh(session), later(minutes=6))
    assert_is_english(spoken(browser.get("/chat/")), "ended the chat", "How was the support?")


def test_the_console_speaks_english(client, english, clock):
    laura = AgentFactory.create()
    client.force_login(laura)
    start_chat(BETO, text="Error 301 when stamping")
    session = accept(start_chat(text="How do I stamp?"), laura)
    assert_is_english(spoken(client.get("/agente/")), "Take", "My chats", "1 of 4")

    pane = client.get(f"/agente/chat/{session.folio}/")
    assert_is_english(spoken(pane), "Internal note", "The customer has not identified yet.", "Earlier chats")


def test_refusals_are_in_english(english):
    browser = browser_of(ANA)
    wrong = {"name": "xx", "email": "ana@mailinator.com", "text": "Error 301 when stamping"}
    assert_is_english(
        spoken(browser.post("/chat/iniciar/", wrong)), "your real name", "That address is temporary"
    )

    start_chat(text="Error 301 when stamping")
    unknown = browser.post("/chat/ordenes/", '{"type": "?"}', content_type="application/json").json()
    assert unknown["frames"][0]["text"] == "The message could not be understood. Please reload the page."
    malformed = browser.post("/chat/ordenes/", "[", content_type="application/json").json()
    assert (
        malformed["frames"][0]["text"]
        == "The message could not be read. Please reload the page and try again."
    )


def test_out_of_hours_the_chat_says_in_english_when_it_is_back(client, english, closed, clock):
    clock.move_to(at("2026-11-24 20:15"), tick=False)

    words = spoken(client.get("/chat/"))
    assert_is_english(words, "We will be back on Wednesday, November 25, at 09:00.")
    assert "Monday to Friday from 09:00 to 14:00 and from 15:00 to 18:00" in words


def test_mails_are_in_english(client, english, closed, clock):
    clock.move_to(at("2026-11-24 20:15"), tick=False)
    sent = {"name": "Ana López", "email": ANA.email, "text": "Error 301 when stamping"}
    client.post("/mensaje/", {**sent, "client_id": "5f2b6f0e-8d3c-4a57-9a59-3f1f6a2f7b11"})

    session = accept(start_chat(BETO, text="How do I stamp?"), AgentFactory.create())
    services.send_transcript(session=end(session))
    copy, transcript = Email.objects.order_by("pk")

    assert_is_english(copy.subject + copy.message, "We received your message", "Good day, Ana López:")
    assert '<html lang="en">' in copy.html_message
    assert_is_english(transcript.subject + transcript.message, "Your conversation with Facturando", "System")


def test_scripts_speak_english(english):
    texts = script_texts()

    assert_is_english(" ".join(texts.values()))
    assert texts["queue_place"] == "Place in the queue: {place}. You can go on writing while you wait."


def test_days_hours_and_holidays_read_as_in_english(english):
    assert instant_in_words(at("2027-01-04 09:00"), NOW) == "on Monday, January 4, 2027, at 09:00"
    assert day_in_words(at("2026-11-24 09:00").date()) == "Tuesday, November 24"
    hours = weekly_hours_in_words(manual_calendar())
    assert hours == "Monday to Friday from 09:00 to 14:00 and from 15:00 to 18:00"
    assert "Labor Day" in official_rest_days(2026, "en_US").values()


def test_what_a_browser_asks_for_changes_nothing(client):
    response = client.get("/ayuda/", headers={"accept-language": "en-US,en;q=0.9"})

    assert '<html lang="es-mx">' in response.text
    assert "En esta página" in response.text


def test_another_language_is_refused_at_the_start(settings):
    assert check_language_settings_consistent(None) == []

    settings.LANGUAGE_CODE = "fr"
    [error] = check_language_settings_consistent(None)
    assert "LANGUAGE_CODE" in error.msg
