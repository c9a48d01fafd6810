"""The agent's day beside the queue: what time alone changes comes without any news."""

import math
from datetime import datetime

import pytest
from playwright.sync_api import expect

BOOK = """
from datetime import timedelta
from django.utils import timezone
from chat.models import Agent
from scheduling.models import Appointment, Service
now = timezone.now()
Appointment.objects.create(
    folio="S-PRUEBA", service=Service.objects.first(), agent=Agent.objects.get(username="agente1"),
    state="booked", starts_at=now, ends_at=now + timedelta(minutes=30), name="Rosa Citas",
    email="rosa@despacho-lopez.mx", rfc="XAXX010101000", legal_name="Abarrotes Beta", program="Nómina CFDI",
    program_version="4.0.1", about="Sale el error CFDI40138", created_at=now,
)
"""
UNBOOK = "from scheduling.models import Appointment; Appointment.objects.filter(folio='S-PRUEBA').delete()"


@pytest.fixture
def book(site):
    """An appointment that is due now, and that nobody tells the consoles of."""
    yield lambda: site.shell(BOOK)
    site.shell(UNBOOK)


def test_what_comes_is_shown_within_a_minute_and_counted_by_the_servers_clock(site, new_desk, book, shoot):
    laura = new_desk(site)
    laura.page.clock.install()
    laura.open()
    book()
    agenda = laura.page.get_by_role("region", name="Citas de hoy")
    expect(agenda).not_to_contain_text("Rosa Citas")

    laura.page.clock.pause_at(laura.page.evaluate("Date.now()") / 1000 + 61)

    expect(agenda).to_contain_text("Rosa Citas")
    countdown = agenda.locator("[data-until]")
    until = datetime.fromisoformat(countdown.get_attribute("data-until"))
    now = datetime.fromisoformat(laura.page.locator('[data-role="queue"]').get_attribute("data-now"))
    # The page's own clock stands still, a minute ahead; rounded up, as customers read it.
    left = math.ceil((until - now).total_seconds())
    expect(countdown).to_have_text(f"{left // 60}:{left % 60:02}")
    shoot(laura.page, "42-consola-cita")
