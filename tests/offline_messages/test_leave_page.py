"""*Dejar mensaje* works as a plain form and never loses what was typed."""

import html
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from post_office.models import Email

from offline_messages.models import OfflineMessage
from tests.offline_messages.cast import BRUNO, MORNING, ROSA, TEXT, leave

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("evening")]

LEAVE, THANKS = "/mensaje/", "/mensaje/gracias/"


def typed(**changes):
    return ROSA | {"text": TEXT, "client_id": str(uuid.uuid4())} | changes


def words_of(response) -> str:
    """The page's text without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def client_id_in(response) -> str:
    (found,) = re.findall(r'name="client_id" value="([^"]+)"', response.content.decode())
    return found


def test_the_addresses_are_those_that_customers_know():
    assert (reverse("offline_messages:leave"), reverse("offline_messages:thanks")) == (LEAVE, THANKS)


def test_the_page_asks_for_what_the_manual_says(client):
    words = words_of(client.get(LEAVE))

    for label in ("Dejar mensaje", "Nombre", "Correo electrónico", "Mensaje", "Enviar mensaje"):
        assert label in words


def test_the_page_says_when_it_opens(client):
    words = words_of(client.get(LEAVE))

    assert "En este momento no hay servicio." in words
    assert "Abrimos el miércoles 25 de noviembre a las 09:00 (hora de la Ciudad de México)." in words
    assert "lunes a viernes de 09:00 a 14:00 y de 15:00 a 18:00" in words


def test_while_it_is_closed_the_page_does_not_send_people_to_the_chat(client):
    assert 'href="/chat/"' not in client.get(LEAVE).content.decode()


def test_while_it_is_open_the_page_offers_the_chat(client, evening):
    evening.move_to(MORNING)

    response = client.get(LEAVE)

    assert 'href="/chat/"' in response.content.decode()
    assert "En este momento hay servicio" in words_of(response)


def test_a_message_is_stored_and_thanked_for(client):
    response = client.post(LEAVE, typed(), follow=True)

    message = OfflineMessage.objects.get()
    assert response.redirect_chain == [(THANKS, 302)]
    words = words_of(response)
    assert f"Su folio es {message.folio} . Le enviamos una copia a su correo." in words
    assert "Abrimos el miércoles 25 de noviembre a las 09:00 (hora de la Ciudad de México)" in words
    assert Email.objects.get().to == [ROSA["email"]]


def test_while_it_is_open_the_thanks_name_no_opening(client, evening):
    evening.move_to(MORNING)

    words = words_of(client.post(LEAVE, typed(), follow=True))

    assert "Abrimos" not in words
    assert "Un agente le contestará por correo." in words


def test_the_thanks_can_be_read_again_and_name_nobody(client):
    client.post(LEAVE, typed())

    assert client.get(THANKS).content == client.get(THANKS).content
    assert "Rosa" not in words_of(client.get(THANKS))
    assert ROSA["email"] not in words_of(client.get(THANKS))


def test_without_a_message_there_is_nothing_to_thank_for(client):
    leave()

    assert client.get(THANKS).headers["Location"] == LEAVE


def test_a_folio_that_somebody_made_up_shows_nothing(client):
    client.cookies["fs_mensaje"] = leave().folio

    assert client.get(THANKS).headers["Location"] == LEAVE


def test_the_thanks_are_over_after_an_hour(client, evening):
    client.post(LEAVE, typed())
    evening.shift(3601)

    assert client.get(THANKS).headers["Location"] == LEAVE


def test_the_cookie_is_out_of_reach_of_scripts_and_other_pages(client, settings):
    cookie = client.post(LEAVE, typed()).cookies["fs_mensaje"]

    assert cookie["httponly"]
    assert cookie["path"] == LEAVE
    assert cookie["samesite"] == "Lax"
    assert ROSA["email"] not in cookie.value


def test_every_empty_box_says_what_to_write_in_it(client):
    words = words_of(client.post(LEAVE, {}))

    for sentence in ("Escriba su nombre.", "Escriba su correo electrónico.", "Escriba su mensaje."):
        assert sentence in words
    assert not OfflineMessage.objects.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "asdf"}, "Escriba su nombre real, para que el agente sepa con quién habla."),
        ({"name": "12345"}, "Un nombre lleva letras. Escriba su nombre, por ejemplo: María López."),
        ({"name": "Rosa " * 24}, "El nombre puede tener hasta 80 caracteres; el suyo tiene 119. Acórtelo."),
        ({"name": "rosa@premio.mx"}, "Escriba solo su nombre, sin direcciones ni signos."),
        ({"email": "rosa"}, "Revise su correo electrónico: debe tener la forma nombre@empresa.com."),
        ({"email": "rosa@yopmail.com"}, "Ese correo es temporal"),
        ({"email": "rosa@example.com"}, "A ese correo no podemos escribirle."),
        ({"email": "test@test.com"}, "Escriba su correo electrónico real"),
        ({"email": "rosa@despacho-lopez.mx\nBcc: bruno@gil.mx"}, "Escriba un solo correo electrónico"),
        ({"text": "\u200b \r\n"}, "Escriba su mensaje."),
        ({"text": "x" * 4001}, "El mensaje puede tener hasta 4000 caracteres; el suyo tiene 4001."),
    ],
)
def test_an_error_is_said_and_everything_typed_stays(client, changes, sentence):
    form = typed(**changes)

    response = client.post(LEAVE, form)

    assert response.status_code == 200
    assert sentence in words_of(response)
    page = html.unescape(response.content.decode())
    assert all(value in page for name, value in form.items() if name not in changes)
    assert not OfflineMessage.objects.exists()
    assert not Email.objects.exists()


def test_an_error_is_tied_to_its_box_for_screen_readers(client):
    page = client.post(LEAVE, typed(name="")).content.decode()

    assert 'id="id_name_error"' in page
    assert re.search(r'name="name"[^>]*aria-describedby="id_name_error"', page)
    assert re.search(r'name="name"[^>]*aria-invalid="true"', page)


def test_what_was_typed_is_shown_and_not_run(client):
    page = client.post(LEAVE, typed(name="", text="<script>alert(1)</script>")).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_line_breaks_in_the_name_end_in_one_line(client):
    client.post(LEAVE, typed(name="Rosa\r\nBcc: Medina"))

    assert OfflineMessage.objects.get().name == "Rosa Bcc: Medina"
    assert Email.objects.get().bcc == []


def test_a_form_sent_twice_makes_one_message(client):
    form = typed()

    client.post(LEAVE, form)
    again = client.post(LEAVE, form, follow=True)

    assert OfflineMessage.objects.count() == Email.objects.count() == 1
    assert OfflineMessage.objects.get().folio in words_of(again)


def test_another_text_from_a_page_already_sent_is_sent_by_pressing_again(client):
    form = typed()
    client.post(LEAVE, form)
    form["text"] = "También falla la nómina: error 500."

    refused = client.post(LEAVE, form)

    assert refused.status_code == 409
    assert "Desde esta página ya recibimos otro mensaje." in words_of(refused)
    assert form["text"] in words_of(refused)
    client.post(LEAVE, form | {"client_id": client_id_in(refused)})
    assert OfflineMessage.objects.count() == 2


@pytest.mark.parametrize("client_id", ["", "nada", "x" * 5000])
def test_a_broken_id_is_replaced(client, client_id):
    client.post(LEAVE, typed(client_id=client_id))

    assert OfflineMessage.objects.count() == 1


def test_two_pages_have_two_ids(client):
    assert client_id_in(client.get(LEAVE)) != client_id_in(client.get(LEAVE))


def test_the_page_is_never_kept_by_a_cache(client):
    assert "no-store" in client.get(LEAVE).headers["Cache-Control"]


@pytest.fixture
def _one_an_hour(settings):
    settings.LIMITS = settings.LIMITS | {"offline_messages_per_address": "1/3600"}


@pytest.mark.usefixtures("_one_an_hour")
def test_too_many_messages_are_refused_with_the_wait_and_everything_typed_stays(client):
    client.post(LEAVE, typed())

    refused = client.post(LEAVE, typed(**BRUNO, text="Otro asunto: error 500."))

    assert refused.status_code == 429
    # It is a quarter past eight.
    assert refused.headers["Retry-After"] == "2700"
    assert "Espere 45 minutos e intente de nuevo." in words_of(refused)
    assert BRUNO["email"] in refused.content.decode()
    assert "Otro asunto: error 500." in words_of(refused)
    assert OfflineMessage.objects.count() == 1


@pytest.mark.usefixtures("_one_an_hour")
def test_nobody_is_flooded_with_copies_from_many_addresses(client):
    client.post(LEAVE, typed(), REMOTE_ADDR="203.0.113.7")

    flood = client.post(LEAVE, typed(email=ROSA["email"].upper()), REMOTE_ADDR="203.0.113.8")

    assert flood.status_code == 429
    assert Email.objects.count() == 1


@pytest.mark.usefixtures("_one_an_hour")
def test_nobody_is_flooded_through_the_chats_frame_either(client):
    client.post(LEAVE, typed(), REMOTE_ADDR="203.0.113.7")

    flood = client.post("/chat/fuera-de-linea/", typed(), REMOTE_ADDR="203.0.113.8")

    assert "Ha enviado demasiadas solicitudes" in flood.content.decode()
    assert Email.objects.count() == 1


@pytest.mark.usefixtures("_one_an_hour")
def test_a_form_with_errors_does_not_count(client):
    for _ in range(3):
        client.post(LEAVE, typed(name=""))

    assert client.post(LEAVE, typed()).status_code == 302


def test_another_site_cannot_send_the_form():
    assert Client(enforce_csrf_checks=True).post(LEAVE, typed()).status_code == 403
    assert not OfflineMessage.objects.exists()
