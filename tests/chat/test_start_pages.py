"""From the first message to an open chat, as pages and forms: nothing typed is lost on the way."""

import uuid

import pytest
from django.test import Client

from chat import access
from chat.models import ChatSession
from offline_messages.models import OfflineMessage
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, FIRST_WORDS, at, end, start
from tests.chat.pages import Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

WHO = {"name": ANA.name, "email": ANA.email}


@pytest.fixture
def browser():
    """A browser that opened the chat, and whose forms are checked for forgery."""
    browser = Client(enforce_csrf_checks=True)
    browser.get("/chat/")
    return browser


def send(browser, url, **typed):
    """Post a form with the token that its page carries."""
    return browser.post(
        url,
        typed
        | {"csrfmiddlewaretoken": Page(browser.get("/chat/")).forms["/chat/iniciar/"]["csrfmiddlewaretoken"]},
    )


def start_form(**changes):
    return WHO | {"text": FIRST_WORDS, "client_id": str(uuid.uuid4()), "page_url": ""} | changes


# --- The cookie -----------------------------------------------------------------------------------------


def test_opening_the_chat_gives_the_browser_its_key_and_no_session():
    response = Client().get("/chat/")

    cookie = response.cookies[access.COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["max-age"] == 60 * 24 * 3600
    assert access.key_from_cookie(cookie.value)
    assert set(response.cookies) <= {access.COOKIE_NAME, "csrftoken"}


def test_a_browser_keeps_the_key_that_it_has(browser):
    before = browser.cookies[access.COOKIE_NAME].value

    assert browser.get("/chat/").cookies[access.COOKIE_NAME].value == before


def test_a_forged_key_is_replaced():
    browser = Client()
    browser.cookies[access.COOKIE_NAME] = "ana-browser:forged"

    browser.get("/chat/")

    assert access.key_from_cookie(browser.cookies[access.COOKIE_NAME].value) not in (None, "ana-browser")


def test_the_page_is_never_cached_and_framed_by_its_own_site_only():
    response = Client().get("/chat/")

    assert "no-store" in response["Cache-Control"]
    assert "frame-ancestors 'self'" in response["Content-Security-Policy"]
    assert "X-Frame-Options" not in response


def test_opening_the_chat_stores_nothing():
    Client().get("/chat/")

    assert not ChatSession.objects.exists()


# --- Two steps ------------------------------------------------------------------------------------------


def test_step_one_asks_for_the_message_alone(browser):
    page = Page(browser.get("/chat/"))

    assert "¿Tienes dudas? Escríbenos" in page.words
    assert set(page.forms["/chat/iniciar/"]) == {"csrfmiddlewaretoken", "text", "page_url"}


def test_step_two_asks_who_writes_and_keeps_the_text(browser):
    response = send(browser, "/chat/iniciar/", text="No timbra\ndesde ayer", page_url="https://a.mx/x")

    assert response.status_code == 200
    form = Page(response).forms["/chat/iniciar/"]
    assert form["text"].strip() == "No timbra\ndesde ayer"
    assert (form["name"], form["email"], form["page_url"]) == ("", "", "https://a.mx/x")
    assert uuid.UUID(form["client_id"])
    assert not ChatSession.objects.exists()


def test_the_two_steps_open_a_chat_with_that_message(browser):
    form = Page(send(browser, "/chat/iniciar/", text=FIRST_WORDS)).forms["/chat/iniciar/"]

    response = browser.post("/chat/iniciar/", form | WHO)

    assert (response.status_code, response["Location"]) == (302, "/chat/")
    session = ChatSession.objects.get()
    assert (session.name, session.email) == (ANA.name, ANA.email)
    assert [line.text for line in session.messages.all()] == [FIRST_WORDS]
    page = Page(browser.get("/chat/"))
    assert FIRST_WORDS in page.words
    assert "Conectando…" in page.words


def test_step_two_sent_twice_opens_one_chat(browser):
    form = start_form()
    send(browser, "/chat/iniciar/", **form)

    response = browser.post("/chat/iniciar/", form | {"csrfmiddlewaretoken": token(browser)})

    assert response.status_code == 302
    assert ChatSession.objects.get().messages.count() == 1


def token(browser):
    """A running chat's page has the token in every form."""
    return next(iter(Page(browser.get("/chat/")).forms.values()))["csrfmiddlewaretoken"]


def test_without_the_token_nothing_is_stored_and_the_text_is_shown_again(browser):
    response = browser.post("/chat/iniciar/", start_form())

    assert response.status_code == 403
    assert FIRST_WORDS in response.content.decode()
    assert not ChatSession.objects.exists()


# --- What is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b"])
def test_an_empty_message_is_asked_for(browser, text):
    response = send(browser, "/chat/iniciar/", text=text)

    assert response.status_code == 422
    assert "Escriba su mensaje." in Page(response).words


def test_a_message_that_is_too_long_comes_back_whole(browser):
    text = "x" * 4_001

    response = send(browser, "/chat/iniciar/", text=text)

    assert response.status_code == 422
    page = Page(response)
    assert "El mensaje puede tener hasta 4000 caracteres; el suyo tiene 4001." in page.words
    assert page.forms["/chat/iniciar/"]["text"].strip() == text


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "Escriba su nombre."),
        ("name", "12345", "Un nombre lleva letras. Escriba su nombre, por ejemplo: María López."),
        ("name", "asdf", "Escriba su nombre real, para que el agente sepa con quién habla."),
        ("email", "", "Escriba su correo electrónico."),
        ("email", "ana@", "Revise su correo electrónico: debe tener la forma nombre@empresa.com."),
        ("email", "ana@mailinator.com", "Ese correo es temporal y nuestra respuesta se perdería."),
        ("email", "ana@example.com", "A ese correo no podemos escribirle."),
        ("text", "", "Escriba su mensaje."),
    ],
)
def test_what_is_wrong_is_said_and_all_that_was_typed_stays(browser, field, typed, words):
    form = start_form(**{field: typed})

    response = send(browser, "/chat/iniciar/", **form)

    assert response.status_code == 422
    page = Page(response)
    assert words in page.words
    kept = page.forms["/chat/iniciar/"]
    assert {name: kept[name].strip() for name in form} == form
    assert not ChatSession.objects.exists()


def test_the_page_somebody_writes_from_is_kept_without_its_query(browser):
    send(browser, "/chat/iniciar/", **start_form(page_url="https://a.mx/precios?token=secreto#x"))

    assert ChatSession.objects.get().page_url == "https://a.mx/precios"


@pytest.mark.parametrize(
    "url", ["https://a.mx/?utm=" + "x" * 5_000, "javascript:alert(1)", "nada", "https://a.mx/\x00"]
)
def test_an_odd_page_address_never_keeps_anybody_from_writing(browser, url):
    """The field is hidden: nobody could see or correct what is wrong with it."""
    response = send(browser, "/chat/iniciar/", **start_form(page_url=url))

    assert response.status_code == 302
    assert ChatSession.objects.get().page_url in {"https://a.mx/", ""}


def test_a_browser_that_refuses_the_cookie_is_told_so_and_keeps_its_text():
    browser = Client()

    response = browser.post("/chat/iniciar/", start_form())

    assert response.status_code == 422
    assert "Su navegador no aceptó la cookie del chat" in Page(response).words
    assert FIRST_WORDS in response.content.decode()


def test_with_a_chat_open_the_text_goes_to_its_message_box():
    start(ANA)
    browser = browser_of(ANA)

    response = browser.post("/chat/iniciar/", start_form(text="Otra pregunta"))

    assert response.status_code == 422
    page = Page(response)
    assert "Ya tiene un chat abierto; lo que escribió está en el cuadro de mensaje." in page.words
    assert page.forms["/chat/mensajes/"]["text"] == "Otra pregunta"


def test_too_many_chats_of_one_address_are_refused_with_how_long_to_wait(browser, settings):
    settings.LIMITS = settings.LIMITS | {"chats_per_address": "0/3600"}

    response = send(browser, "/chat/iniciar/", **start_form())

    page = Page(response)
    assert response.status_code == 422
    assert "Ha enviado demasiadas solicitudes en poco tiempo." in page.words
    assert page.forms["/chat/iniciar/"]["text"].strip() == FIRST_WORDS
    assert not ChatSession.objects.exists()


# --- Closed ---------------------------------------------------------------------------------------------


@pytest.fixture
def at_closing_time(manual_hours, clock):
    clock.move_to(at("14:00:00"))


@pytest.mark.usefixtures("at_closing_time")
def test_when_closed_only_a_message_may_be_left():
    page = Page(Client().get("/chat/"))

    assert set(page.forms) == {"/chat/fuera-de-linea/"}
    assert "El chat está fuera de línea. Volvemos el martes 24 de noviembre a las 15:00." in page.words
    assert "lunes a viernes de 09:00 a 14:00 y de 15:00 a 18:00" in page.words


def test_closing_between_the_steps_keeps_the_text_for_a_message(browser, manual_hours, clock):
    clock.move_to(at("13:59:59"))
    posted = {"text": FIRST_WORDS, "csrfmiddlewaretoken": token(browser)}
    clock.move_to(at("14:00:00"))

    page = Page(browser.post("/chat/iniciar/", posted))

    assert page.forms["/chat/fuera-de-linea/"]["text"].strip() == FIRST_WORDS


@pytest.mark.parametrize("changes", [{}, {"email": "ana@"}])
def test_closing_before_the_chat_starts_keeps_all_that_was_typed_for_a_message(
    browser, manual_hours, clock, changes
):
    clock.move_to(at("13:59:59"))
    form = start_form(csrfmiddlewaretoken=token(browser), **changes)
    clock.move_to(at("14:00:00"))

    response = browser.post("/chat/iniciar/", form)

    assert response.status_code == 422
    offered = Page(response).forms["/chat/fuera-de-linea/"]
    for name in ("name", "email", "text"):
        assert offered[name].strip() == form[name]
    assert not ChatSession.objects.exists()


def test_a_long_first_message_at_closing_time_comes_back_whole(browser, manual_hours, clock):
    clock.move_to(at("13:59:59"))
    posted = {"text": "x" * 4_001, "csrfmiddlewaretoken": token(browser)}
    clock.move_to(at("14:00:00"))

    page = Page(browser.post("/chat/iniciar/", posted))

    assert page.forms["/chat/fuera-de-linea/"]["text"].strip() == "x" * 4_001


def test_a_message_left_shows_its_folio_once_stored(browser, manual_hours, clock):
    clock.move_to(at("14:00:00"))
    form = Page(browser.get("/chat/")).forms["/chat/fuera-de-linea/"] | WHO | {"text": FIRST_WORDS}

    for _twice in range(2):
        response = browser.post("/chat/fuera-de-linea/", form)

    left = OfflineMessage.objects.get()
    page = Page(response)
    assert f"Su folio es {left.folio}" in page.words
    assert f"Le enviamos una copia a {ANA.email}" in page.words
    assert "Volvemos el martes 24 de noviembre a las 15:00" in page.words


def test_a_refused_message_keeps_what_was_typed(browser, manual_hours, clock):
    clock.move_to(at("14:00:00"))
    form = Page(browser.get("/chat/")).forms["/chat/fuera-de-linea/"]

    response = browser.post("/chat/fuera-de-linea/", form | {"name": "", "email": "ana@", "text": "Hola"})

    assert response.status_code == 422
    page = Page(response)
    assert "Escriba su nombre." in page.words
    kept = page.forms["/chat/fuera-de-linea/"]
    assert (kept["email"], kept["text"].strip()) == ("ana@", "Hola")


def test_a_message_refused_after_opening_says_that_the_chat_is_open_and_may_become_a_chat(
    browser, manual_hours, clock
):
    clock.move_to(at("14:59:59"))
    form = Page(browser.get("/chat/")).forms["/chat/fuera-de-linea/"] | {
        "name": ANA.name,
        "text": FIRST_WORDS,
    }
    clock.move_to(at("15:00:00"))

    refused = browser.post("/chat/fuera-de-linea/", form | {"email": "ana@"})

    page = Page(refused)
    assert "En este momento hay servicio: por el chat le atendemos antes." in page.words
    assert "fuera de línea" not in page.words
    assert 'formaction="/chat/iniciar/">Iniciar chat</button>' in refused.text
    browser.post("/chat/iniciar/", page.forms["/chat/fuera-de-linea/"] | {"email": ANA.email})
    assert ChatSession.objects.get().messages.get().text == FIRST_WORDS


def test_too_many_messages_of_one_address_are_refused_and_kept(browser, manual_hours, clock, settings):
    settings.LIMITS = settings.LIMITS | {"offline_messages_per_address": "0/3600"}
    clock.move_to(at("14:00:00"))
    form = Page(browser.get("/chat/")).forms["/chat/fuera-de-linea/"] | WHO | {"text": FIRST_WORDS}

    response = browser.post("/chat/fuera-de-linea/", form)

    assert response.status_code == 422
    page = Page(response)
    assert "Ha enviado demasiadas solicitudes" in page.words
    assert page.forms["/chat/fuera-de-linea/"]["text"].strip() == FIRST_WORDS


def test_what_an_ended_chat_did_not_take_may_start_another_one():
    end(start(ANA))
    browser = browser_of(ANA)
    refused = browser.post("/chat/mensajes/", {"text": "Una cosa más", "client_id": str(uuid.uuid4())})

    form = Page(refused).forms["/chat/iniciar/"]
    assert (form["name"], form["email"], form["text"].strip()) == (ANA.name, ANA.email, "Una cosa más")
    response = browser.post("/chat/iniciar/", form)

    assert response.status_code == 302
    assert ChatSession.objects.open().get().messages.get().text == "Una cosa más"
