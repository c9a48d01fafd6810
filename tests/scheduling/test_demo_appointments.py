"""The demo has agents who can be booked, and appointments to look at, however often it is made."""

import pytest
import time_machine
from django.core.management import call_command

from chat.models import Agent
from scheduling.models import Appointment, Shift
from tests.scheduling.cast import make_service, make_week
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _development(settings):
    settings.DEBUG = True
    make_week()
    make_service()


def make(instant: str) -> list[str]:
    with time_machine.travel(at(instant), tick=False):
        call_command("demo", verbosity=0)
    return [f"{row.starts_at.astimezone(at(instant).tzinfo):%d %H:%M}" for row in _in_order()]


def _in_order():
    return Appointment.objects.booked()


def test_both_agents_have_the_hours_of_the_office(capsys):
    make("2026-11-24 08:00")
    make("2026-11-24 08:00")
    assert Shift.objects.filter(agent__username="agente1").count() == 10
    assert Shift.objects.filter(agent__username="agente2").count() == 10
    assert not Shift.objects.filter(agent__username="supervisor").exists()


def test_the_supervisor_can_be_written_to(capsys):
    make("2026-11-24 08:00")
    emails = Agent.objects.exclude(email="").values_list("username", "email")
    assert list(emails) == [("supervisor", "supervisor@facturando.example")]


def test_appointments_of_today_and_tomorrow_are_made_once(capsys):
    first = make("2026-11-24 08:00")
    assert first == ["24 10:00", "24 10:30", "25 09:00", "25 09:30"]
    assert make("2026-11-24 08:00") == first


def test_a_weekend_has_none(capsys):
    assert make("2026-11-28 08:00") == []
