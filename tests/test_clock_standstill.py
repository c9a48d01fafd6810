"""A clock that stood still for an hour does what became due meanwhile: each once, and in order."""

from datetime import timedelta

import pytest
import time_machine
from post_office.models import Email

from chat.models import ChatSession, Message
from chat.services import give_sign_of_life
from scheduling import services
from scheduling.models import AppointmentEvent
from tests.chat.factories import ANA, AgentFactory, Customer, ProgramFactory, at, fresh, start
from tests.rounds import do_round
from tests.scheduling import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("memory_layer")]
STOPPED, STARTED = at("10:20"), at("11:20")
DAYS_BEFORE = at("08:00", "2026-11-20")
HALF_PAST = at("10:30")
CARLA = cast.Details(**{**cast.ANA.__dict__, "email": "carla@gil-asociados.mx", "rfc": "XAXX010101000"})
DANA = Customer("Dana Gil", "dana@gil-asociados.mx", "dana-browser")


@pytest.fixture(autouse=True)
def _an_hour_later(settings, tmp_path):
    settings.HOURS = "real"
    settings.MEDIA_ROOT = tmp_path / "media"
    with time_machine.travel(STARTED, tick=False):
        yield


@pytest.fixture
def agents(db):
    """Laura and Diego, on shift, at their consoles, with room for one chat each."""
    cast.make_week()
    cast.make_service()
    ProgramFactory.create()
    return [on_shift(name) for name in ("laura", "diego")]


def on_shift(name):
    agent = AgentFactory.create(username=name, capacity=1)
    for row in cast.BusinessHours.objects.filter(weekday=1):
        cast.Shift.objects.create(agent=agent, weekday=1, opens_at=row.opens_at, closes_at=row.closes_at)
    return agent


def test_what_became_due_in_an_hour_of_standstill_happens_once_and_in_order(agents, caplog):
    come = cast.book(HALF_PAST, now=DAYS_BEFORE)
    missed = cast.book(HALF_PAST, who=cast.BETO, now=DAYS_BEFORE)
    coming = cast.book(at("11:30"), who=CARLA, now=STOPPED - timedelta(minutes=15))
    waiting = start(DANA, now=STOPPED - timedelta(seconds=1))
    do_round(STOPPED)
    services.arrive(appointment=come, key_hash=ANA.key_hash, now=at("10:25"))
    mails, events, lines = last_of(Email), last_of(AppointmentEvent), last_of(Message)

    for _round in range(2):
        for agent in agents:
            give_sign_of_life(agent=agent, now=STARTED)
        do_round(STARTED)

    assert list(Email.objects.filter(pk__gt=mails).order_by("pk").values_list("subject", flat=True)) == [
        f"No pudimos atender su cita {missed.folio}",
        f"Recordatorio de su cita {coming.folio}: el martes 24 de noviembre a las 11:30",
    ]
    done = AppointmentEvent.objects.filter(pk__gt=events).order_by("pk")
    assert list(done.values_list("appointment", "act")) == [(missed.pk, "miss"), (come.pk, "attend")]
    said = Message.objects.filter(pk__gt=lines).exclude(rule="").order_by("pk")
    begun = ChatSession.objects.get(appointment=come)
    assert list(said.values_list("session", "rule")) == [
        (begun.pk, "appointment.started"),
        (begun.pk, "agent.welcome"),
        (waiting.pk, "queue.offer"),
    ]
    assert (begun.agent, fresh(waiting).is_waiting) == (come.agent, True)
    # What fails in a round goes to the log and nowhere else.
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def last_of(model) -> int:
    newest = model.objects.order_by("pk").last()
    return newest.pk if newest else 0
