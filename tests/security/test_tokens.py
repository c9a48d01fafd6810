"""Secrets that are planted, replayed, mixed up or guessed: the cookie, links of mails, folios, sessions."""

import base64
import secrets
import string
import uuid

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client

from chat import access, links
from chat.models import Attachment, ChatSession
from core.folio import ALPHABET, new_folio
from offline_messages import views as offline_views
from offline_messages.models import OfflineMessage
from scheduling import links as appointment_links
from scheduling.models import Appointment
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, BETO, NOW, later, start
from tests.security.world import SECRET

pytestmark = pytest.mark.django_db

GUESSES = 10_000
# The secrets are as good as their randomness: an attacker who draws them draws alike.
SIGNS = string.ascii_letters + string.digits + "-_"


def drawn(length, signs=SIGNS):
    return "".join(secrets.choice(signs) for _each in range(length))


# --- Guessed --------------------------------------------------------------------------------------------


def test_ten_thousand_guessed_cookies_open_no_chat(world):
    key, _colon, signature = ANA.cookie.rpartition(":")
    for number in range(GUESSES):
        # A made-up key with a made-up signature, and Ana's key with a made-up signature.
        guess = f"{drawn(43) if number % 2 else key}:{drawn(len(signature))}"
        assert access.key_from_cookie(guess) is None
    assert access.chat_of(access.key_from_cookie(ANA.cookie), NOW) == world.open_chat


def test_ten_thousand_guessed_keys_are_no_visitors(world):
    for _each in range(GUESSES // 10):
        assert access.visitor_of(drawn(43)) is None
    # What is stored is no key: who reads the database has no cookie.
    assert access.visitor_of(ANA.key_hash) is None
    assert access.key_from_cookie(ANA.key_hash) is None


def test_ten_thousand_guessed_links_open_nothing(world):
    chat, appointment = world.links["chat"], world.links["appointment"]
    for _each in range(GUESSES // 2):
        forged = signing.b62_encode(secrets.randbelow(2**31))
        payload = base64.urlsafe_b64encode(str(world.ended_chat.pk).encode()).decode().rstrip("=")
        assert links.session_of(f"{payload}:{forged}:{drawn(len(chat.rsplit(':')[-1]))}") is None
        signature = drawn(len(appointment.rsplit(":")[-1]))
        assert appointment_links.appointment_of(f"{payload}:{forged}:{signature}", NOW) is None


def test_ten_thousand_guessed_folios_and_files_open_nothing_to_a_stranger(world):
    """Also the right one opens nothing: a folio is a name, not a secret."""
    visitor, key = access.visitor_of(BETO.key), BETO.key
    folios = [
        world.ended_chat.folio,
        world.appointment.folio,
        *(new_folio("C") for _each in range(GUESSES // 10)),
    ]
    for folio in folios:
        assert access.past_chat(visitor, folio) is None
        assert access.appointment_of_browser(key, folio) is None
    for public_id in [uuid.uuid4().hex for _each in range(GUESSES // 10)] + [world.files[0].public_id.hex]:
        assert access.attachment_for_visitor(visitor, public_id) is None


def test_ten_thousand_drawn_secrets_are_all_different_and_use_every_sign():
    """No short cycle, no clock, no sign that never comes: nothing to start guessing from."""
    keys = {access.new_visitor_key() for _each in range(GUESSES)}
    folios = [new_folio("C")[2:] for _each in range(GUESSES)]

    assert len(keys) == GUESSES
    assert set("".join(keys)) == set(SIGNS)
    for place in range(6):
        counted = [sum(folio[place] == sign for folio in folios) for sign in ALPHABET]
        # 400 of each are expected; a fair draw stays within nine of its deviations.
        assert 220 < min(counted) <= max(counted) < 580
    # Neighbours in time are no neighbours in the alphabet.
    assert len({folio[:3] for folio in folios}) > 7_000


def test_numbers_of_rows_are_in_no_address_of_a_customer(world):
    for address in (f"/chat/anterior/{world.ended_chat.pk}/", f"/citas/{world.appointment.pk}/"):
        assert browser_of(ANA).get(address).status_code == 404
    for file in world.files:
        assert browser_of(ANA).get(f"/chat/archivo/{file.pk}/").status_code == 404


# --- Planted --------------------------------------------------------------------------------------------


def test_a_cookie_planted_by_another_host_of_the_domain_starts_no_chat_that_others_read(world):
    """A forged one is replaced; the stranger's own signed one shows the stranger's own chat and no other."""
    for planted in ("intruso", f"intruso:{drawn(43)}", ANA.key_hash, f"{BETO.key}:{drawn(43)}"):
        browser = Client()
        browser.cookies[access.COOKIE_NAME] = planted
        page = browser.get("/chat/")
        assert SECRET not in page.text
        assert browser.cookies[access.COOKIE_NAME].value != planted


def test_a_session_key_planted_before_the_login_is_not_the_one_after(laura):
    laura.set_password("una-clave-larga-1")
    laura.save()
    browser = Client()
    planted = drawn(32, string.ascii_lowercase + string.digits)
    browser.cookies[django_settings.SESSION_COOKIE_NAME] = planted
    browser.post("/agente/entrar/", {"username": "laura", "password": "una-clave-larga-1"})

    assert browser.get("/agente/").status_code == 200
    assert browser.cookies[django_settings.SESSION_COOKIE_NAME].value != planted
    assert not Session.objects.filter(session_key=planted).exists()


def test_a_customers_cookie_is_no_staff_session_and_the_other_way_round(world, browsers, laura):
    as_session, as_visitor = Client(), Client()
    as_session.cookies[django_settings.SESSION_COOKIE_NAME] = ANA.cookie
    as_visitor.cookies[access.COOKIE_NAME] = (
        browsers["agent"].cookies[django_settings.SESSION_COOKIE_NAME].value
    )

    assert as_session.get("/agente/").status_code == 302
    assert SECRET not in as_visitor.get("/chat/").text


# --- Replayed -------------------------------------------------------------------------------------------


def test_a_signature_of_one_purpose_is_good_for_no_other(world):
    """All are made with one key: the salt keeps them apart."""
    chat, appointment = world.links["chat"], world.links["appointment"]
    left = signing.get_cookie_signer(salt=offline_views.COOKIE_NAME + offline_views.COOKIE_SALT).sign(
        world.left.folio
    )
    for foreign in (appointment, ANA.cookie, left):
        assert links.session_of(foreign) is None
    for foreign in (chat, ANA.cookie, left):
        assert appointment_links.appointment_of(foreign, NOW) is None
    for foreign in (chat, appointment, left):
        assert access.key_from_cookie(foreign) is None
    for foreign in (chat, appointment, ANA.cookie):
        browser = Client()
        browser.cookies[offline_views.COOKIE_NAME] = foreign
        assert browser.get("/mensaje/gracias/").status_code == 302


def test_a_link_is_replayed_after_its_time_or_with_another_key(world, clock, settings):
    chat, appointment, cookie = world.links["chat"], world.links["appointment"], ANA.cookie
    clock.move_to(later(days=7, seconds=1))
    assert links.session_of(chat) is None
    clock.move_to(later(days=30))
    assert appointment_links.appointment_of(appointment, later(days=30)) is None
    clock.move_to(NOW)
    settings.SECRET_KEY = "otra-clave-de-la-instalacion-que-firma-todo-lo-demas"
    assert links.session_of(chat) is None
    assert appointment_links.appointment_of(appointment, NOW) is None
    assert access.key_from_cookie(cookie) is None


def test_a_session_is_replayed_after_the_logout(laura):
    browser = browser_of()
    browser.force_login(laura)
    kept = browser.cookies[django_settings.SESSION_COOKIE_NAME].value
    browser.post("/agente/salir/")
    replay = Client()
    replay.cookies[django_settings.SESSION_COOKIE_NAME] = kept

    assert replay.get("/agente/").status_code == 302


def test_a_form_is_replayed_from_another_browser(world):
    """The ids in it make sending again harmless for whoever has the chat, and for nobody else."""
    before = world.rows()
    form = {
        "name": "Ana López",
        "email": ANA.email,
        "text": world.line.text,
        "client_id": world.line.client_id,
    }
    for address in ("/chat/iniciar/", "/chat/mensajes/", "/citas/datos/"):
        browser_of(BETO).post(address, form)

    assert world.rows() == before


def test_an_offline_message_is_replayed_with_anothers_id(world):
    """The same id with the same words returns the folio; its sender knows both. Other words are refused."""
    left = OfflineMessage.objects.get(pk=world.left.pk)
    form = {"name": "Beto Ruiz", "email": BETO.email, "text": "otras palabras", "client_id": left.client_id}
    answer = browser_of(BETO).post("/mensaje/", form)

    assert answer.status_code == 409
    assert left.folio not in answer.text
    assert OfflineMessage.objects.values().get(pk=left.pk)["text"] == left.text


# --- What is kept ---------------------------------------------------------------------------------------


def test_who_reads_the_database_finds_no_key_of_a_customer(world):
    start(BETO)
    for model in (ChatSession, Appointment, Attachment, OfflineMessage):
        for row in model.objects.values():
            assert not {ANA.key, ANA.cookie, BETO.key} & set(map(str, row.values()))
