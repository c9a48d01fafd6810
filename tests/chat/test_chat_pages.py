"""A running and an ended chat as pages and forms, without any script."""

import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from post_office.models import Email

from chat import services
from chat.models import ChatSession
from offline_messages.models import OfflineMessage
from tests.chat import real_files as real
from tests.chat.conftest import browser_of
from tests.chat.factories import (
    ANA,
    BETO,
    FIRST_WORDS,
    NOW,
    RFC,
    ProgramFactory,
    attended,
    conversing,
    end,
    fresh,
    identify,
    later,
    line_of,
    say_as_agent,
    start,
    texts_of,
)
from tests.chat.pages import Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def browser():
    """Ana's."""
    return browser_of(ANA)


def page_of(browser):
    return Page(browser.get("/chat/"))


def composer(**changes):
    ids = {"client_id": str(uuid.uuid4()), "file_client_id": str(uuid.uuid4())}
    return ids | {"text": ""} | changes


def refused(response):
    """The page of a refused form."""
    assert response.status_code == 422
    return Page(response)


# --- Sending --------------------------------------------------------------------------------------------


def test_a_line_is_sent_and_shown(browser):
    session = start(ANA)

    response = browser.post("/chat/mensajes/", composer(text="La serie <b>A</b>"))

    assert (response.status_code, response["Location"]) == (302, "/chat/")
    assert texts_of(session)[-1] == "La serie <b>A</b>"
    assert "La serie <b>A</b>" in page_of(browser).words


def test_the_same_form_sent_twice_makes_one_line(browser):
    session = start(ANA)
    form = composer(text="La serie A")

    for _twice in range(2):
        assert browser.post("/chat/mensajes/", form).status_code == 302

    assert texts_of(session).count("La serie A") == 1


def test_every_page_carries_new_ids(browser):
    start(ANA)

    first, second = (page_of(browser).forms["/chat/mensajes/"] for _each in range(2))

    assert (
        len({first["client_id"], first["file_client_id"], second["client_id"], second["file_client_id"]}) == 4
    )


def test_a_line_and_a_file_go_together(browser):
    session = start(ANA)
    file = SimpleUploadedFile("pantalla.png", real.PNG, "application/x-anything")

    browser.post("/chat/mensajes/", composer(text="Así se ve", file=file))

    assert texts_of(session)[1:] == ["pantalla.png", "Así se ve"]
    attachment = session.messages.get(is_file=True).attachment
    assert (attachment.content_type, attachment.size) == ("image/png", len(real.PNG))
    assert "pantalla.png" in page_of(browser).words


def test_a_file_may_be_sent_alone(browser):
    session = start(ANA)

    browser.post("/chat/mensajes/", composer(file=SimpleUploadedFile("a.txt", b"Hola")))

    assert texts_of(session)[1:] == ["a.txt"]


def test_an_empty_form_is_answered_with_what_to_do(browser):
    start(ANA)

    page = refused(browser.post("/chat/mensajes/", composer()))

    assert "Escriba su mensaje o elija un archivo." in page.words


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("sello.key", b"\x30\x82", "Este archivo parece una llave privada"),
        ("a.html", real.HTML, "Este tipo de archivo no se puede enviar."),
        ("a.txt", b"", "El archivo está vacío. Elija otro."),
    ],
)
def test_a_refused_file_says_why_and_the_text_stays(browser, name, data, words):
    session = start(ANA)
    form = composer(text="Va el archivo", file=SimpleUploadedFile(name, data))

    page = refused(browser.post("/chat/mensajes/", form))

    assert words in page.words
    assert page.forms["/chat/mensajes/"]["text"] == "Va el archivo"
    assert len(texts_of(session)) == 1


def test_a_text_that_is_too_long_comes_back_whole(browser):
    start(ANA)

    page = refused(browser.post("/chat/mensajes/", composer(text="x" * 4_001)))

    assert "El mensaje puede tener hasta 4000 caracteres; el suyo tiene 4001." in page.words
    assert page.forms["/chat/mensajes/"]["text"] == "x" * 4_001


@pytest.mark.parametrize(
    ("limit", "form"),
    [
        ("messages_per_visitor", {"text": "Hola"}),
        ("uploads_per_visitor", {"text": "Hola", "file": SimpleUploadedFile("a.txt", b"Hola")}),
    ],
)
def test_over_a_limit_the_text_stays_with_how_long_to_wait(browser, settings, limit, form):
    settings.LIMITS = settings.LIMITS | {limit: "0/60"}
    session = start(ANA)

    page = refused(browser.post("/chat/mensajes/", composer(**form)))

    assert "Ha enviado demasiadas solicitudes en poco tiempo. Espere " in page.words
    assert page.forms["/chat/mensajes/"]["text"] == "Hola"
    assert len(texts_of(session)) == 1


def test_until_identified_the_text_stays_in_the_box(browser, laura):
    session = attended(laura)

    page = refused(browser.post("/chat/mensajes/", composer(text="¿Y mi factura?")))

    assert "Primero identifíquese, por favor. Su mensaje se conserva y podrá enviarlo después." in page.words
    assert page.forms["/chat/mensajes/"]["text"] == "¿Y mi factura?"
    assert "¿Y mi factura?" not in texts_of(session)


def test_in_an_ended_chat_the_text_stays_in_the_page(browser, laura):
    end(conversing(laura))

    page = refused(browser.post("/chat/mensajes/", composer(text="Una cosa más")))

    assert "Este chat ya finalizó." in page.words
    assert "Una cosa más" in {form.get("text", "").strip() for form in page.forms.values()}


def test_too_late_after_silence_the_text_stays_in_the_page_and_the_chat_says_why(browser, laura, clock):
    session = conversing(laura)
    say_as_agent(session, laura, "¿Qué versión usa?")
    clock.move_to(later(minutes=10))

    page = refused(browser.post("/chat/mensajes/", composer(text="La 5.2")))

    assert fresh(session).end_reason == ChatSession.EndReason.INACTIVITY
    assert "El chat finalizó por inactividad" in page.words
    assert "La 5.2" in {form.get("text", "").strip() for form in page.forms.values()}


def test_without_a_chat_the_forms_lead_to_its_page():
    browser = browser_of(BETO)

    for url in ("mensajes", "identificacion", "sigo-aqui", "esperar", "calificacion", "copia", "otro"):
        response = browser.post(f"/chat/{url}/", {"client_id": str(uuid.uuid4())})
        assert (response.status_code, response["Location"]) == (302, "/chat/")


def test_a_line_of_a_browser_that_lost_its_chat_stays_on_the_page():
    response = browser_of(BETO).post(
        "/chat/mensajes/", {"text": "Sale el error 301", "client_id": uuid.uuid4()}
    )

    assert "no se envió nada" in response.content.decode()
    assert ">Sale el error 301</textarea>" in response.content.decode()


def test_a_file_of_a_browser_that_lost_its_chat_does_not_look_sent():
    response = browser_of(BETO).post(
        "/chat/mensajes/",
        {"client_id": uuid.uuid4(), "file": SimpleUploadedFile("a.txt", b"hola")},
        headers={"Accept": "application/json"},
    )

    assert (response.status_code, response.json()["code"]) == (404, "chat.none")


@pytest.mark.parametrize("url", ["identificacion", "sigo-aqui"])
def test_a_line_that_was_refused_for_the_identification_is_sent_after_it(laura, url):
    """Without scripts it travels from form to form."""
    session = attended(laura)
    browser = browser_of(ANA)
    refused = browser.post("/chat/mensajes/", {"text": "Sale el error 301", "client_id": uuid.uuid4()})
    draft = hidden_fields(refused, "/chat/identificacion/")
    wrong = browser.post("/chat/identificacion/", draft | {"rfc": "X"})
    draft = hidden_fields(wrong, "/chat/identificacion/")
    if url == "sigo-aqui":
        identify(session)
    form = {
        "rfc": RFC,
        "legal_name": "Papelería López",
        "program": "CFDI Escritorio",
        "program_version": "5.2",
    }

    for _twice in range(2):
        assert browser.post(f"/chat/{url}/", draft | form).status_code == 302

    texts = [line.text for line in session.messages.filter(author="customer")]
    assert texts == [FIRST_WORDS, "Sale el error 301"]


def hidden_fields(response, action):
    """What the form with this action carries beside its visible fields."""
    page = response.content.decode()
    form = page[page.index(f'action="{action}"') :].split("</form>")[0]
    return dict(re.findall(r'<input type="hidden" name="(draft\w*)" value="([^"]+)"', form))


def test_changes_are_posted_and_never_got():
    start(ANA)
    browser = browser_of(ANA)

    for url in (
        "mensajes",
        "identificacion",
        "sigo-aqui",
        "esperar",
        "calificacion",
        "copia",
        "otro",
        "ordenes",
    ):
        assert browser.get(f"/chat/{url}/").status_code == 405


def test_every_change_needs_the_token_of_its_page(laura):
    session = conversing(laura)
    browser = browser_of(ANA, enforce_csrf_checks=True)

    assert browser.post("/chat/mensajes/", composer(text="Hola")).status_code == 403
    assert browser.post("/chat/finalizar/").status_code == 403
    assert fresh(session).is_active


def test_the_stranger_changes_nothing(laura):
    session = conversing(laura)
    start(BETO)
    browser = browser_of(BETO)
    before = texts_of(session)

    browser.post("/chat/mensajes/", composer(text="Soy Beto"))
    browser.post("/chat/finalizar/")

    assert texts_of(session) == before
    assert fresh(session).is_active


# --- JSON, for scripts ----------------------------------------------------------------------------------


def test_a_script_gets_the_acknowledgement_of_a_file_as_json(browser):
    session = start(ANA)
    form = composer(file=SimpleUploadedFile("a.txt", b"Hola"))

    response = browser.post("/chat/mensajes/", form, headers={"Accept": "application/json"})

    assert response.json()["type"] == "message.stored"
    assert response.json()["client_id"] == form["file_client_id"]
    assert response.json()["number"] == fresh(session).last_number


def test_a_script_gets_the_reason_of_a_refusal_as_json(browser):
    start(ANA)
    form = composer(file=SimpleUploadedFile("sello.key", b"Hola"))

    response = browser.post("/chat/mensajes/", form, headers={"Accept": "application/json"})

    assert response.status_code == 422
    assert (response.json()["type"], response.json()["code"]) == ("error", "file.private-key")


def test_polling_gets_what_a_socket_would_have_sent(browser):
    session = start(ANA)
    services.post_message(
        session=session, author=services.Author(), draft=services.Draft(text="dos"), now=NOW
    )

    frames = browser.get("/chat/eventos/?after=1").json()["frames"]

    assert [frame["type"] for frame in frames] == [
        "message.created",
        "session.changed",
        "marks.moved",
        "marks.moved",
        "queue.moved",
        "typing.changed",
    ]
    assert (frames[0]["number"], frames[0]["text"], frames[-2]["place"]) == (2, "dos", 1)


def test_polling_tells_whether_the_agent_types(browser, laura):
    session = conversing(laura)
    seen = []

    for is_typing in (True, False):
        services.show_typing(session=session, author=services.Author(laura), is_typing=is_typing)
        frames = browser.get("/chat/eventos/?after=9").json()["frames"]
        seen += [frame["is_typing"] for frame in frames if frame["type"] == "typing.changed"]

    assert seen == [True, False]


@pytest.mark.parametrize("query", ["", "?after=", "?after=x", "?after=-1", "?after=99999999999"])
def test_polling_without_a_number_is_refused_and_breaks_nothing(browser, query):
    start(ANA)

    response = browser.get(f"/chat/eventos/{query}")

    assert response.status_code == 422
    assert response.json()["code"] == "command.invalid"


def test_polling_and_commands_without_a_chat_find_nothing():
    browser = browser_of(BETO)

    assert browser.get("/chat/eventos/?after=0").status_code == 404
    assert browser.post("/chat/ordenes/", {}, content_type="application/json").status_code == 404


def test_a_note_is_never_polled(browser, laura):
    session = conversing(laura)
    services.post_note(session=session, agent=laura, draft=services.Draft(text="Molesto"), now=NOW)

    assert "Molesto" not in browser.get("/chat/eventos/?after=0").content.decode()


def command(browser, payload):
    return browser.post("/chat/ordenes/", payload, content_type="application/json")


def test_a_command_by_http_is_answered_as_by_socket(browser):
    session = start(ANA)
    payload = {"type": "message.send", "text": "La serie A", "client_id": str(uuid.uuid4())}

    first, again = (command(browser, payload).json()["frames"] for _each in range(2))

    assert first == again
    assert [(frame["type"], frame["number"]) for frame in first] == [("message.stored", 2)]
    assert texts_of(session)[1:] == ["La serie A"]


def test_a_command_without_an_answer_has_none(browser):
    start(ANA)

    assert command(browser, {"type": "marks.move", "delivered": 1, "read": 1}).json() == {"frames": []}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("hola", "frame.malformed"),
        ("[]", "frame.malformed"),
        ('{"type": ["message.send"]}', "command.unknown"),
        ('{"type": "note.send"}', "command.unknown"),
        ('{"type": "message.send", "text": ""}', "command.invalid"),
    ],
)
def test_a_command_that_is_none_is_answered_with_an_error(browser, body, code):
    start(ANA)

    [frame] = command(browser, body).json()["frames"]

    assert (frame["type"], frame["code"]) == ("error", code)


# --- Identification -------------------------------------------------------------------------------------


def identification(**changes):
    return {
        "rfc": RFC,
        "legal_name": "Papelería López",
        "program": ProgramFactory.create().name,
        "program_version": "5.2",
    } | changes


def test_identifying_opens_the_conversation(browser, laura):
    session = attended(laura)
    assert "Identifíquese" in page_of(browser).words

    response = browser.post("/chat/identificacion/", identification())

    assert response.status_code == 302
    assert fresh(session).rfc == RFC
    assert "Identifíquese" not in page_of(browser).words


def test_a_wrong_identification_keeps_all_that_was_typed(browser, laura):
    session = attended(laura)
    typed = identification(rfc="EKU90", program="Facturando")

    page = refused(browser.post("/chat/identificacion/", typed))

    assert "Facturando es la empresa, no el programa." in page.words
    assert "el suyo tiene 5" in page.words
    kept = page.forms["/chat/identificacion/"]
    assert {name: kept[name] for name in typed} == typed
    assert fresh(session).identified_at is None


# --- Waiting, silence -----------------------------------------------------------------------------------


def test_the_place_in_the_queue_is_shown_after_ten_seconds(browser, clock):
    start(BETO)
    start(ANA)
    clock.move_to(later(seconds=9.9))
    assert "Lugar en la cola" not in page_of(browser).words

    clock.move_to(later(seconds=10))

    assert "Lugar en la cola: 2" in page_of(browser).words


def test_the_offer_may_be_declined_or_taken(browser, clock):
    session = start(ANA)
    clock.move_to(later(minutes=3))
    services.due.offer_message(later(minutes=3))
    page = page_of(browser)
    assert {"/chat/esperar/", "/chat/dejar-mensaje/"} <= set(page.forms)

    browser.post("/chat/esperar/")
    assert fresh(session).patience_since == later(minutes=3)
    browser.post("/chat/dejar-mensaje/")

    page = page_of(browser)
    assert fresh(session).end_reason == ChatSession.EndReason.LEFT_MESSAGE
    assert f"quedó como mensaje con el folio {OfflineMessage.objects.get().folio}" in page.words


def test_who_is_warned_may_say_sigo_aqui(browser, laura, clock):
    session = attended(laura)
    clock.move_to(later(minutes=5))
    services.due.warn_silent(later(minutes=5))
    page = page_of(browser)
    assert "El chat finalizará por inactividad a las 10:10:00" in page.words
    assert "/chat/sigo-aqui/" in page.forms

    browser.post("/chat/sigo-aqui/")

    assert fresh(session).inactivity_ends_at == later(minutes=15)
    assert "/chat/sigo-aqui/" not in page_of(browser).forms


def test_sigo_aqui_too_late_shows_that_the_chat_ended_and_why(browser, laura, clock):
    session = attended(laura)
    clock.move_to(later(minutes=10))

    page = refused(browser.post("/chat/sigo-aqui/"))

    assert line_of(session, "ended.inactivity") in page.words
    assert "Chat finalizado" in page.words


def test_a_chat_that_silence_has_ended_is_never_shown_as_open(browser, laura, clock):
    """The clock may be late; the page is not."""
    attended(laura)
    clock.move_to(later(minutes=10))

    page = page_of(browser)

    assert "Chat finalizado" in page.words
    assert "/chat/mensajes/" not in page.forms


# --- The end --------------------------------------------------------------------------------------------


def test_ending_asks_once(browser, laura):
    session = conversing(laura)

    page = Page(browser.get("/chat/finalizar/"))
    assert "¿Desea finalizar este chat?" in page.words
    assert fresh(session).is_active

    browser.post("/chat/finalizar/", page.forms["/chat/finalizar/"])
    assert fresh(session).end_reason == ChatSession.EndReason.CUSTOMER


def test_an_ended_chat_shows_its_folio_and_takes_a_rating(browser, laura):
    session = end(conversing(laura))
    assert session.folio in page_of(browser).words

    response = browser.post("/chat/calificacion/", {"rating": "good", "comment": "Muy bien"})

    assert "Gracias por su opinión." in Page(response).words
    assert (fresh(session).rating, fresh(session).rating_comment) == ("good", "Muy bien")


def test_a_rating_without_choice_says_what_to_choose_and_keeps_the_comment(browser, laura):
    end(conversing(laura))

    page = refused(browser.post("/chat/calificacion/", {"comment": "Muy bien"}))

    assert "Elija «buena» o «mala»." in page.words
    assert page.forms["/chat/calificacion/"]["comment"] == "Muy bien"


@pytest.mark.parametrize("has_another_chat", [False, True])
def test_a_rating_from_a_page_left_open_for_long_is_kept(browser, laura, clock, has_another_chat):
    session = end(conversing(laura))
    forms = page_of(browser).forms
    clock.move_to(later(hours=2))
    if has_another_chat:
        start(now=later(hours=2))

    page = Page(browser.post("/chat/calificacion/", forms["/chat/calificacion/"] | {"rating": "good"}))

    assert fresh(session).rating == "good"
    assert "Gracias por su opinión." in page.words
    assert session.folio in page.words
    browser.post("/chat/copia/", page.forms["/chat/copia/"])
    [mail] = Email.objects.all()
    assert session.folio in mail.subject
    browser.post("/chat/otro/", page.forms["/chat/otro/"])
    assert session.folio not in page_of(browser).words


def test_a_late_rating_that_is_refused_keeps_the_comment(browser, laura, clock):
    session = end(conversing(laura))
    late = page_of(browser).forms["/chat/calificacion/"] | {"comment": "Muy bien"}
    clock.move_to(later(hours=2))

    page = refused(browser.post("/chat/calificacion/", late))

    assert "Elija «buena» o «mala»." in page.words
    again = page.forms["/chat/calificacion/"]
    assert again["comment"] == "Muy bien"
    browser.post("/chat/calificacion/", again | {"rating": "bad"})
    assert (fresh(session).rating, fresh(session).rating_comment) == ("bad", "Muy bien")


def test_a_rating_over_the_limit_keeps_the_comment(browser, laura, settings):
    settings.LIMITS = settings.LIMITS | {"requests_per_visitor": "0/60"}
    end(conversing(laura))

    typed = page_of(browser).forms["/chat/calificacion/"] | {"rating": "bad", "comment": "Tardó"}
    page = refused(browser.post("/chat/calificacion/", typed))

    assert "Ha enviado demasiadas solicitudes" in page.words
    assert page.forms["/chat/calificacion/"]["comment"] == "Tardó"


@pytest.mark.parametrize("folio", ["", "C-000000", "\0"])
def test_nobody_rates_anothers_chat(laura, folio):
    session = end(conversing(laura))

    typed = {"rating": "bad", "comment": "", "chat": folio or session.folio}
    response = browser_of(BETO).post("/chat/calificacion/", typed)

    assert response["Location"] == "/chat/"
    assert fresh(session).rating == ""


def test_the_conversation_is_mailed_on_request_and_not_without_limit(browser, laura, settings):
    settings.LIMITS = settings.LIMITS | {"transcripts_per_visitor": "1/3600"}
    end(conversing(laura))

    assert f"Le enviamos la conversación a {ANA.email}." in Page(browser.post("/chat/copia/")).words
    page = refused(browser.post("/chat/copia/"))

    assert "Ha enviado demasiadas solicitudes" in page.words
    assert Email.objects.count() == 1


def test_after_putting_it_away_the_page_starts_anew(browser, laura):
    end(conversing(laura))

    browser.post("/chat/otro/")

    assert set(page_of(browser).forms) == {"/chat/iniciar/"}


# --- The frame that refreshes itself --------------------------------------------------------------------


def refreshes(page):
    """After how many seconds the page asks for itself again."""
    contents = [meta["content"] for meta in page.metas if meta.get("http-equiv") == "refresh"]
    return [int(content.partition(";")[0]) for content in contents]


def test_the_conversations_frame_refreshes_itself_while_the_forms_beside_it_are_right(browser, laura):
    session = start(ANA)
    address = page_of(browser).frames[0].split("#")[0]
    assert refreshes(Page(browser.get(address))) == [4]

    services.accept_chat(session=session, agent=laura, now=NOW)
    page = Page(browser.get(address))

    assert refreshes(page) == []
    assert "Ya le atiende un agente: continuar" in page.words


def test_the_frame_of_an_ended_chat_rests(browser, laura):
    session = conversing(laura)
    address = page_of(browser).frames[0].split("#")[0]
    end(session)

    page = Page(browser.get(address))

    assert refreshes(page) == []
    assert "El chat finalizó: continuar" in page.words


def test_the_page_itself_never_refreshes_under_what_is_being_typed(browser):
    start(ANA)

    assert refreshes(page_of(browser)) == []


def test_the_frame_shows_the_lines_and_counts_as_reading_them(browser, laura):
    session = conversing(laura)
    say_as_agent(session, laura, "Actualice a la 5.3")

    assert "Actualice a la 5.3" in Page(browser.get("/chat/conversacion/")).words
    row = fresh(session)
    assert row.customer_read == row.last_number


def test_the_stranger_sees_nothing_in_the_frame(laura):
    conversing(laura)

    assert "CFDI40138" not in Client().get("/chat/conversacion/").content.decode()


@pytest.mark.parametrize(
    ("method", "address"),
    [("get", "/chat/eventos/?after=0"), ("post", "/chat/ordenes/"), ("post", "/chat/sigo-aqui/")],
)
def test_a_browser_that_asks_without_end_is_told_to_wait(settings, method, address):
    settings.LIMITS = settings.LIMITS | {"requests_per_visitor": "0/3600"}
    start(ANA)

    response = getattr(browser_of(ANA), method)(address)

    assert re.search("demasiadas solicitudes|limit.exceeded", response.content.decode())
