"""What the mails about appointments say, in which zone, and that nothing typed becomes a header."""

from datetime import timedelta
from email import message_from_string, policy

import pytest
from django.core.exceptions import ValidationError
from post_office.models import Email

from chat.emails import tell_supervisors
from chat.models import SUPERVISORS_GROUP, ChatSession
from scheduling import emails, links, services, zones
from scheduling.slots import Slot
from scheduling.wording import hour_in_words
from tests.chat.factories import AgentFactory
from tests.scheduling.cast import ANA, NOW, TEN, book, fresh, last_mail
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db
QUEUES = {
    "confirmed": emails.queue_confirmed,
    "changed": emails.queue_changed,
    "cancelled": emails.queue_cancelled,
    "cancelled by us": emails.queue_cancelled_by_us,
    "reminder": emails.queue_reminder,
    "missed": emails.queue_missed,
    "came and left": lambda row, now: emails.queue_missed(_come(row), now),
    "hit": lambda row, now: emails.queue_hit(row, [Slot(TEN, TEN + timedelta(minutes=30), (1,))], now),
}


def _come(row):
    row.arrived_at = TEN
    return row


TYPED = ("name", "rfc", "legal_name", "program", "program_version", "about", "customer_zone")
INJECTION = "Ana\r\nBcc: otro@gil-asociados.mx\r\n\r\n<b>cuerpo</b> {{ link }} {% now 'Y' %}"


@pytest.fixture
def row(laura):
    return book()


@pytest.mark.parametrize("kind", QUEUES)
def test_every_mail_names_the_folio_the_hour_and_a_link(row, kind):
    QUEUES[kind](row, NOW)

    mail = last_mail()
    for text in (mail.message, mail.html_message):
        assert row.folio in text
        assert "el martes 24 de noviembre a las 10:00 (hora de la Ciudad de México)" in text
        assert "/citas/" in text
        assert "hora de Tijuana" not in text


@pytest.mark.parametrize("kind", QUEUES)
@pytest.mark.parametrize("field", TYPED)
def test_nothing_typed_becomes_a_header_markup_or_a_template(row, kind, field):
    setattr(row, field, INJECTION)

    QUEUES[kind](row, NOW)

    mail = last_mail()
    message = message_from_string(mail.email_message().message().as_string(), policy=policy.default)
    assert message["To"] == ANA.email
    assert message["Bcc"] is None
    assert "\n" not in mail.subject
    assert "<b>" not in mail.html_message
    assert mail.message.count("{{ link }}") in (0, 1)


@pytest.mark.parametrize("kind", QUEUES)
def test_an_address_of_two_lines_queues_nothing(row, kind):
    before = Email.objects.count()
    row.email = "ana@papeleria-lopez.mx\nBcc: otro@gil-asociados.mx"

    with pytest.raises(ValidationError):
        QUEUES[kind](row, NOW)

    assert Email.objects.count() == before


@pytest.mark.parametrize("field", TYPED)
def test_nothing_typed_becomes_a_header_or_a_template_for_supervisors(row, field):
    elena = AgentFactory.create(group=SUPERVISORS_GROUP, email="elena@facturando.example")
    setattr(row, field, INJECTION)

    tell_supervisors(ChatSession(folio="C-234567", name=row.name, appointment=row))

    mail = last_mail()
    message = message_from_string(mail.email_message().message().as_string(), policy=policy.default)
    assert (message["To"], message["Bcc"]) == (elena.email, None)
    assert message["Subject"] == f"Cita {row.folio} sin su agente"
    assert "C-234567" in mail.message
    assert ("{{ link }}" in mail.message) == (field == "name")
    assert mail.html_message == ""


def test_a_supervisors_address_of_two_lines_queues_nothing(row):
    AgentFactory.create(group=SUPERVISORS_GROUP, email="elena@facturando.example\nBcc: otro@gil-asociados.mx")
    before = Email.objects.count()

    with pytest.raises(ValidationError):
        tell_supervisors(ChatSession(folio="C-234567", name=row.name, appointment=row))

    assert Email.objects.count() == before


def test_a_border_town_that_changes_its_clocks_reads_its_own_hour():
    # Tijuana leaves summer time on 1 November 2026; Mexico City has none, and Cancún is an hour ahead.
    before, after = at("2026-10-30 10:00"), at("2026-11-01 10:00")
    ours = "el %s a las 10:00 (hora de la Ciudad de México)"
    friday, sunday = "viernes 30 de octubre", "domingo 1 de noviembre"
    said = {
        zone: [hour_in_words(day, zone=zone) for day in (before, after)] for zone in dict(zones.choices())
    }

    assert said["America/Tijuana"] == [
        ours % friday + "; el viernes 30 de octubre a las 09:00, hora de Tijuana",
        ours % sunday + "; el domingo 1 de noviembre a las 08:00, hora de Tijuana",
    ]
    assert said["America/Cancun"] == [
        ours % friday + "; el viernes 30 de octubre a las 11:00, hora de Cancún",
        ours % sunday + "; el domingo 1 de noviembre a las 11:00, hora de Cancún",
    ]
    assert said["America/Merida"] == said["America/Mexico_City"] == [ours % friday, ours % sunday]


def test_the_zones_are_mexicos_with_the_capital_first():
    choices = zones.choices()
    assert choices[0] == ("America/Mexico_City", "Ciudad de México")
    assert {"America/Tijuana", "America/Cancun", "America/Ciudad_Juarez"} < set(dict(choices))
    assert zones.city_of("America/Los_Angeles") == "Los Angeles"
    assert zones.zone_of("nada").key == "America/Mexico_City"


def test_a_link_opens_its_appointment_until_a_week_after_its_end(row):
    token = links.link_to(row).partition("=")[2]
    last = row.ends_at + timedelta(days=7)

    assert links.appointment_of(token, last) == row
    assert links.appointment_of(token, last + timedelta(milliseconds=1)) is None
    assert links.appointment_of(token + "x", NOW) is None
    services.reschedule(appointment=row, starts_at=at("2026-11-27 10:00"), now=NOW)
    assert links.appointment_of(token, last + timedelta(days=3)) == fresh(row)


def test_whoever_missed_friday_evening_books_again_on_monday(laura):
    row = book(at("2026-11-27 17:30"))
    services.mark_missed(at("2026-11-27 17:41"))
    token = links.rebook_link_to(row).partition("=")[2]

    assert token in last_mail().message
    assert links.appointment_of(token, at("2026-11-30 09:00")) == row
