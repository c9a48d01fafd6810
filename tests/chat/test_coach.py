"""Phrases with which nobody can help bring one kind request, and are delivered all the same."""

import pytest

from chat.coach import is_vague
from chat.models import Message
from tests.chat.factories import conversing, fresh, line_of, rules_of, say_as_agent, say_as_customer, start

REQUEST = (
    "Para ayudarle mejor, escriba por favor el mensaje exacto que le muestra el programa "
    "y qué estaba haciendo cuando apareció. Si puede, envíe también una imagen de la pantalla."
)


@pytest.mark.parametrize(
    "text",
    [
        # The manual's three.
        "Ayuda",
        "Error",
        "Tengo un problema",
        # As people type them.
        "AYUDA!!!",
        "¡Ayúdame!",
        "¿Ayuda?",
        "error.",
        "  tengo   un\nproblema…",
        "Hola, buenas tardes. Tengo un problema, por favor",
        "Buenos días: ayuda, gracias",
        "necesito ayuda",
        "¿Me pueden ayudar por favor?",
        "no funciona",
        "Me marca error",
        "TENGO UN ERROR 😢",
        "ayuda" + "!" * 300,
        # And in English.
        "Help",
        "ERROR!",
        "I have a problem",
        "Hello, good morning. I have a problem, please",
        "Hi! I need help, thank you",
        "It doesn’t work",
        "It doesn't work.",
        "not working…",
    ],
)
def test_a_phrase_that_only_says_that_something_is_wrong_is_vague(text):
    assert is_vague(text)


@pytest.mark.parametrize(
    "text",
    [
        "Al timbrar sale el error CFDI40138",
        "Error CFDI40138",
        "I have a problem with invoice 1024",
        "Hello",
        "Thank you",
        "Tengo un problema: no abre CFDI Escritorio desde ayer",
        "Ayuda con la cancelación de la factura 1024",
        "Hola",
        "Buenos días",
        "Gracias",
        "",
        "😀",
        # Long, and only its beginning says nothing.
        "Ayuda" + "." * 300 + " al timbrar sale CFDI40138",
        "Error\n" + " " * 250 + "\nCFDI40138 al timbrar",
    ],
)
def test_a_text_that_says_something_is_not_vague(text):
    assert not is_vague(text)


@pytest.mark.django_db
@pytest.mark.parametrize("phrase", ["Ayuda", "Error", "Tengo un problema"])
def test_the_manuals_phrases_are_delivered_and_answered_with_a_request(phrase):
    session = start(text=phrase)

    assert session.messages.get(number=1).text == phrase
    asked = session.messages.get(number=2)
    assert (asked.author, asked.text) == (Message.Author.SYSTEM, REQUEST)


@pytest.mark.django_db
def test_the_request_is_made_once_a_chat():
    session = start(text="Ayuda")

    say_as_customer(session, "Error")
    say_as_customer(session, "Tengo un problema")

    assert rules_of(session) == ["message.vague"]
    assert fresh(session).last_number == 4


@pytest.mark.django_db
def test_a_vague_message_later_in_the_chat_is_asked_about_as_well(laura):
    session = conversing(laura)

    say_as_customer(session, "error")

    assert line_of(session, "message.vague") == REQUEST


@pytest.mark.django_db
def test_the_agents_own_short_words_are_not_commented(laura):
    session = conversing(laura)

    say_as_agent(session, laura, "¿Error?")

    assert "message.vague" not in rules_of(session)
