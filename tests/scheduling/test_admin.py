"""Supervisors keep the hours in the admin, and are told in Spanish what is wrong."""

from datetime import date, time

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.urls import reverse

from scheduling.models import BusinessHours, SpecialDay, SpecialInterval
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db
ADD_HOURS = "admin:scheduling_businesshours_add"
ADD_DAY = "admin:scheduling_specialday_add"


@pytest.fixture
def supervisor(client):
    """A browser signed in as a superuser."""
    client.force_login(superuser())
    return client


def superuser():
    # Without a password: hashing one is what would make this file slow.
    return get_user_model().objects.create_superuser("jefa", "jefa@facturando.example")


def special_day(kind: str, *hours: tuple[str, str], **fields: str) -> dict[str, str]:
    """What the browser posts for one special day and its intervals."""
    data = {"date": "24/12/2026", "name": "Nochebuena", "kind": kind}
    data |= {"intervals-TOTAL_FORMS": str(max(len(hours), 2)), "intervals-INITIAL_FORMS": "0"}
    for number, (opens_at, closes_at) in enumerate(hours):
        data[f"intervals-{number}-opens_at"] = opens_at
        data[f"intervals-{number}-closes_at"] = closes_at
    return data | fields


def test_special_hours_are_stored_with_their_intervals(supervisor):
    data = special_day("special_hours", ("10:00", "13:00"), ("16:00", "17:00"))
    assert supervisor.post(reverse(ADD_DAY), data).status_code == 302
    stored = SpecialDay.objects.get()
    assert stored.date == date(2026, 12, 24)
    assert list(stored.intervals.values_list("opens_at", "closes_at")) == [
        (time(10), time(13)),
        (time(16), time(17)),
    ]


def test_a_closed_day_needs_no_intervals(supervisor):
    assert supervisor.post(reverse(ADD_DAY), special_day("closed")).status_code == 302
    assert SpecialDay.objects.get().kind == SpecialDay.Kind.CLOSED


def refused(supervisor, data: dict[str, str]) -> str:
    """The page that refuses the special day; nothing may have been stored."""
    response = supervisor.post(reverse(ADD_DAY), data)
    assert response.status_code == 200
    assert not SpecialInterval.objects.exists()
    return response.text


def test_special_hours_without_an_interval_are_refused(supervisor):
    page = refused(supervisor, special_day("special_hours"))
    assert "El horario especial necesita al menos un intervalo" in page


def test_special_hours_that_overlap_are_refused(supervisor):
    page = refused(supervisor, special_day("special_hours", ("10:00", "13:00"), ("12:59", "17:00")))
    assert "Los intervalos se enciman: corrija las horas." in page


def test_special_hours_may_touch(supervisor):
    data = special_day("special_hours", ("10:00", "13:00"), ("13:00", "17:00"))
    assert supervisor.post(reverse(ADD_DAY), data).status_code == 302


def test_an_interval_that_closes_before_it_opens_is_refused(supervisor):
    page = refused(supervisor, special_day("special_hours", ("13:00", "10:00")))
    assert "La hora de cierre debe ser posterior a la de apertura." in page


def test_an_interval_without_closing_time_is_refused(supervisor):
    page = refused(supervisor, special_day("special_hours", ("13:00", "")))
    assert "necesita al menos un intervalo" not in page


def test_a_closed_day_with_intervals_is_refused(supervisor):
    page = refused(supervisor, special_day("closed", ("10:00", "13:00")))
    assert "Solo el «Horario especial» lleva intervalos" in page


def test_an_unknown_kind_is_refused(supervisor):
    assert refused(supervisor, special_day("whenever", ("10:00", "13:00")))


def test_the_same_date_twice_is_refused(supervisor):
    SpecialDay.objects.create(date=date(2026, 12, 24), name="Cierre", kind=SpecialDay.Kind.CLOSED)
    page = refused(supervisor, special_day("closed"))
    assert "Esa fecha ya es un día especial: modifíquelo." in page


def test_removing_the_last_interval_of_special_hours_is_refused(supervisor):
    day = SpecialDay.objects.create(
        date=date(2026, 12, 24), name="Nochebuena", kind=SpecialDay.Kind.SPECIAL_HOURS
    )
    row = SpecialInterval.objects.create(special_day=day, opens_at=time(10), closes_at=time(13))
    data = special_day("special_hours", ("10:00", "13:00")) | {
        "intervals-INITIAL_FORMS": "1",
        "intervals-0-id": str(row.pk),
        "intervals-0-special_day": str(day.pk),
        "intervals-0-DELETE": "on",
    }
    response = supervisor.post(reverse("admin:scheduling_specialday_change", args=[day.pk]), data)
    assert "necesita al menos un intervalo" in response.text
    assert SpecialInterval.objects.filter(pk=row.pk).exists()


def test_weekly_hours_are_added(supervisor):
    data = {"weekday": "5", "opens_at": "10:00", "closes_at": "13:00"}
    assert supervisor.post(reverse(ADD_HOURS), data).status_code == 302
    assert BusinessHours.objects.filter(weekday=5, opens_at=time(10), closes_at=time(13)).exists()


def test_weekly_hours_that_overlap_are_refused(supervisor):
    BusinessHours.objects.create(weekday=5, opens_at=time(10), closes_at=time(13))
    data = {"weekday": "5", "opens_at": "12:00", "closes_at": "15:00"}
    page = supervisor.post(reverse(ADD_HOURS), data).text
    assert "Este horario se encima con otro: sábado de 10:00 a 13:00." in page


def test_weekly_hours_that_close_before_they_open_are_refused(supervisor):
    data = {"weekday": "5", "opens_at": "13:00", "closes_at": "10:00"}
    page = supervisor.post(reverse(ADD_HOURS), data).text
    assert "La hora de cierre debe ser posterior a la de apertura." in page


def test_weekly_hours_that_are_incomplete_are_refused(supervisor):
    assert supervisor.post(reverse(ADD_HOURS), {"weekday": "5", "opens_at": "x"}).status_code == 200


def test_the_week_is_listed_from_monday_on(supervisor):
    BusinessHours.objects.all().delete()
    BusinessHours.objects.create(weekday=5, opens_at=time(10), closes_at=time(13))
    BusinessHours.objects.create(weekday=0, opens_at=time(15), closes_at=time(18))
    BusinessHours.objects.create(weekday=0, opens_at=time(9), closes_at=time(14))
    response = supervisor.get(reverse("admin:scheduling_businesshours_changelist"))
    listed = [str(row) for row in response.context["cl"].result_list]
    assert listed == ["lunes de 09:00 a 14:00", "lunes de 15:00 a 18:00", "sábado de 10:00 a 13:00"]


def test_special_days_are_listed_with_their_hours(supervisor):
    supervisor.post(reverse(ADD_DAY), special_day("special_hours", ("10:00", "13:00"), ("16:00", "17:00")))
    page = supervisor.get(reverse("admin:scheduling_specialday_changelist")).text
    assert "de 10:00 a 13:00, de 16:00 a 17:00" in page
    assert "jueves" in page


def test_the_official_rest_days_of_this_year_and_the_next_are_shown(client):
    """Late on New Year's Eve in Mexico City, when it is already 2031 in UTC."""
    with time_machine.travel(at("2030-12-31 23:30"), tick=False):
        client.force_login(superuser())
        response = client.get(reverse("admin:scheduling_specialday_changelist"))
    years = {day["date"].year for day in response.context["rest_days"]}
    assert years == {2030, 2031}
    assert "Transmisión del Poder Ejecutivo Federal" in response.text


def test_a_rest_day_shows_the_special_day_that_changes_it(supervisor):
    with time_machine.travel(at("2026-11-24 10:00"), tick=False):
        SpecialDay.objects.create(date=date(2026, 12, 25), name="Guardia", kind=SpecialDay.Kind.OPEN_AS_USUAL)
        page = supervisor.get(reverse("admin:scheduling_specialday_changelist")).text
    assert "Guardia: Abierto como de costumbre" in page
