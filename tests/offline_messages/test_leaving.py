"""Leaving a message stores it once, promises the next opening, and mails a copy."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from post_office.models import Email

from offline_messages.models import OfflineMessage
from offline_messages.services import OfflineMessageConflict
from scheduling.models import SpecialDay
from tests.offline_messages.cast import BRUNO, EVENING, MEXICO_CITY, MORNING, ROSA, TEXT, leave
from tests.threads import at_once

pytestmark = pytest.mark.django_db

State, Origin = OfflineMessage.State, OfflineMessage.Origin


def test_a_message_is_kept_as_it_was_written():
    message = OfflineMessage.objects.get(pk=leave().pk)

    assert (message.name, message.email, message.text) == (ROSA["name"], ROSA["email"], TEXT)
    assert (message.state, message.origin, message.created_at) == (State.NEW, Origin.FORM, EVENING)
    assert message.folio.startswith("M-")


def test_outside_the_hours_the_next_opening_is_promised():
    assert leave().opening_at == EVENING.replace(day=25, hour=9, minute=0)


def test_the_promise_stays_when_the_hours_change():
    message = leave()
    SpecialDay.objects.create(date="2026-11-25", name="Mudanza", kind=SpecialDay.Kind.CLOSED)

    assert OfflineMessage.objects.get(pk=message.pk).opening_at == message.opening_at


def test_within_the_hours_nothing_is_promised():
    assert leave(now=MORNING, origin=Origin.WAITING).opening_at is None


def test_the_copy_tells_the_folio_the_opening_and_the_text():
    message = leave()

    mail = Email.objects.get()
    assert mail.to == [ROSA["email"]]
    assert mail.subject == f"Recibimos su mensaje {message.folio}"
    assert "Buen día, Rosa Medina:" in mail.message
    assert f"Su folio es {message.folio}." in mail.message
    assert "Abrimos el miércoles 25 de noviembre a las 09:00 (hora de la Ciudad de México)" in mail.message
    assert f"\n> {TEXT}\n" in mail.message
    assert "Abrimos el miércoles 25 de noviembre a las 09:00" in mail.html_message


def test_the_copy_names_no_opening_while_it_is_open():
    leave(now=MORNING)

    mail = Email.objects.get()
    assert "Abrimos" not in mail.message + mail.html_message
    assert "Un agente le contestará a este correo." in mail.message


def test_the_copy_shows_what_was_typed_and_runs_nothing_of_it():
    text = "{% include 'mail/_layout.txt' %} {{ message.email }} <b>R&D</b>\n\nsegunda línea\n.\nFrom: nadie"

    leave(name="O'Brien & Cía", text=text)

    mail = Email.objects.get()
    assert "Buen día, O'Brien & Cía:" in mail.message
    assert "\n".join(f"> {line}".rstrip() for line in text.split("\n")) in mail.message
    assert "&lt;b&gt;R&amp;D&lt;/b&gt;" in mail.html_message
    assert "{{ message.email }}" in mail.html_message


def test_what_was_typed_never_becomes_a_mail_header():
    leave(text="Hola\r\nBcc: bruno@gil-asociados.mx\n\nSubject: otro")

    mail = Email.objects.get()
    assert mail.to == [ROSA["email"]]
    assert mail.cc == mail.bcc == []
    assert mail.headers == {"Auto-Submitted": "auto-generated"}
    assert "\n" not in mail.subject


def test_message_and_copy_stand_or_fall_together():
    with transaction.atomic():
        leave()
        transaction.set_rollback(True)

    assert not OfflineMessage.objects.exists()
    assert not Email.objects.exists()


def test_the_same_form_sent_twice_makes_one_message_and_one_copy():
    client_id = uuid.uuid4()

    first, second = leave(client_id=client_id), leave(client_id=client_id, now=MORNING)

    assert first == second
    assert second.created_at == EVENING
    assert Email.objects.count() == 1


def test_the_same_id_with_another_text_is_refused():
    client_id = uuid.uuid4()
    leave(client_id=client_id)

    with pytest.raises(OfflineMessageConflict) as refused:
        leave(client_id=client_id, text="Otra cosa: error 500.")

    assert refused.value.code == "offline_message.conflict"
    assert str(refused.value.text) == (
        "Desde esta página ya recibimos otro mensaje. "
        "Para enviar también este, pulse «Enviar mensaje» otra vez."
    )
    assert OfflineMessage.objects.get().text == TEXT
    assert Email.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_twice_at_once_makes_one_message_and_one_copy():
    client_id = uuid.uuid4()

    folios = at_once([lambda: leave(client_id=client_id).folio] * 2)

    assert len(folios) == 2
    assert len(set(folios)) == 1
    assert OfflineMessage.objects.count() == Email.objects.count() == 1


def test_who_waits_longest_is_answered_first():
    late = leave(now=EVENING + timedelta(hours=1))
    early = leave(**BRUNO, now=EVENING)
    read = leave(now=EVENING + timedelta(minutes=1))
    OfflineMessage.objects.filter(pk=read.pk).update(state=State.READ)
    answered = leave(now=EVENING - timedelta(days=1))
    OfflineMessage.objects.filter(pk=answered.pk).update(state=State.ANSWERED)

    assert list(OfflineMessage.objects.waiting()) == [early, read, late]
    assert list(OfflineMessage.objects.answered()) == [answered]


def test_the_evening_of_these_tests_is_a_tuesday_in_mexico_city():
    assert EVENING.weekday() == 1
    assert EVENING.tzinfo is MEXICO_CITY
