"""A change that leaves appointments outside our hours is stored once their list was confirmed, not before."""

import re
from datetime import date, time

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling.models import BusinessHours, Shift, SpecialDay
from tests.scheduling.cast import BETO, NOW, TEN, book, mails
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db
HOURS = "/admin/scheduling/businesshours/"
DAYS = "/admin/scheduling/specialday/"
SHIFTS = "/admin/scheduling/shift/"
ASKS = "Todavía no se guarda nada."
TOLD = "Se avisa por correo a 1 cliente y se le ofrecen otras horas."
CLOSED_TODAY = {
    "date": "24/11/2026",
    "name": "Corte de luz",
    "kind": "closed",
    "intervals-TOTAL_FORMS": "0",
    "intervals-INITIAL_FORMS": "0",
}


@pytest.fixture(autouse=True)
def _eight_o_clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def browser(client, supervisor):
    supervisor.groups.add(Group.objects.get(name="Supervisores"))
    client.force_login(supervisor)
    return client


@pytest.fixture
def row(laura):
    return book(TEN)


def asked(browser, address, data, row):
    """The page that lists the appointment; nothing was told or noted."""
    before = len(mails())
    response = browser.post(address, data)
    assert response.status_code == 200
    for words in (ASKS, row.folio, "Guardar y avisar a los clientes", "Volver", "24 nov 2026, 10:00"):
        assert words in response.text
    assert "messagelist" not in response.text
    assert len(mails()) == before
    return response


def confirm(browser, response):
    """What the page's form posts when its first button is pressed."""
    names = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', response.text)
    data: dict[str, list[str]] = {}
    for name, value in names:
        data.setdefault(name, []).append(value)
    read = re.search(r'name="_hit_confirmed" value="([^"]*)"', response.text)
    assert read
    address = response.request["PATH_INFO"]
    return browser.post(address, data | {"_hit_confirmed": read[1]}, follow=True)


def the_morning():
    return BusinessHours.objects.get(weekday=1, opens_at=time(9))


def test_shorter_hours_are_asked_about_and_then_stored(browser, row):
    hours = the_morning()
    data = {"weekday": "1", "opens_at": "11:00", "closes_at": "14:00", "_save": "Guardar"}
    page = asked(browser, f"{HOURS}{hours.pk}/change/", data, row)
    assert the_morning() == hours
    done = confirm(browser, page)
    assert TOLD in done.text
    hours.refresh_from_db()
    assert hours.opens_at == time(11)
    assert "necesita otra hora" in mails()[-1]
    assert len(mails()) == 2


def test_hours_that_go_are_asked_about(browser, row):
    hours = the_morning()
    page = asked(browser, f"{HOURS}{hours.pk}/delete/", {"post": "yes"}, row)
    assert BusinessHours.objects.filter(pk=hours.pk).exists()
    assert TOLD in confirm(browser, page).text
    assert not BusinessHours.objects.filter(pk=hours.pk).exists()
    assert "necesita otra hora" in mails()[-1]


def test_hours_that_go_together_are_asked_about(browser, row):
    chosen = [str(hours.pk) for hours in BusinessHours.objects.filter(weekday__in=[0, 1])]
    data = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    page = asked(browser, HOURS, data, row)
    assert BusinessHours.objects.filter(pk__in=chosen).count() == 4
    assert TOLD in confirm(browser, page).text
    assert not BusinessHours.objects.filter(pk__in=chosen).exists()


def test_a_closed_day_is_asked_about(browser, row):
    page = asked(browser, f"{DAYS}add/", CLOSED_TODAY, row)
    assert not SpecialDay.objects.exists()
    assert TOLD in confirm(browser, page).text
    assert SpecialDay.objects.get().date == date(2026, 11, 24)


def test_special_hours_are_asked_about_with_their_intervals(browser, row):
    data = CLOSED_TODAY | {
        "kind": "special_hours",
        "intervals-TOTAL_FORMS": "1",
        "intervals-0-opens_at": "12:00",
        "intervals-0-closes_at": "14:00",
    }
    page = asked(browser, f"{DAYS}add/", data, row)
    confirm(browser, page)
    assert [str(interval) for interval in SpecialDay.objects.get().intervals.all()] == ["de 12:00 a 14:00"]


def test_special_hours_that_hold_everything_are_stored_at_once(browser, row):
    data = CLOSED_TODAY | {
        "kind": "special_hours",
        "intervals-TOTAL_FORMS": "1",
        "intervals-0-opens_at": "09:00",
        "intervals-0-closes_at": "14:00",
    }
    assert browser.post(f"{DAYS}add/", data).status_code == 302
    assert len(mails()) == 1


def test_a_shift_that_is_cut_or_goes_is_asked_about(browser, row, laura):
    shift = Shift.objects.get(agent=laura, weekday=1)
    data = {"agent": laura.pk, "weekday": "1", "opens_at": "12:00", "closes_at": "18:00"}
    asked(browser, f"{SHIFTS}{shift.pk}/change/", data, row)
    shift.refresh_from_db()
    assert shift.opens_at == time(9)
    page = asked(browser, f"{SHIFTS}{shift.pk}/delete/", {"post": "yes"}, row)
    assert TOLD in confirm(browser, page).text
    assert not Shift.objects.filter(pk=shift.pk).exists()


def test_volver_shows_the_form_as_it_was_filled_in(browser, row):
    response = browser.post(f"{DAYS}add/", CLOSED_TODAY | {"_hit_back": "1"})
    assert "Todavía no se guarda nada. Cambie lo que haga falta y guarde otra vez." in response.text
    assert 'value="Corte de luz"' in response.text
    assert not SpecialDay.objects.exists()


def test_an_appointment_that_came_since_is_asked_about_as_well(browser, row):
    page = asked(browser, f"{DAYS}add/", CLOSED_TODAY, row)
    other = book(at("2026-11-24 12:00"), who=BETO)
    again = confirm(browser, page)
    assert other.folio in again.text
    assert not SpecialDay.objects.exists()
    assert "Se avisa por correo a 2 clientes y se les ofrecen otras horas." in confirm(browser, again).text


def test_what_was_outside_before_is_not_told_again(browser, row):
    confirm(browser, asked(browser, f"{DAYS}add/", CLOSED_TODAY, row))
    assert browser.post(f"{HOURS}{the_morning().pk}/delete/", {"post": "yes"}).status_code == 302
    assert len(mails()) == 2


def test_more_appointments_cost_no_more_queries_to_ask(browser, row, django_assert_num_queries):
    with CaptureQueriesContext(connection) as few:
        browser.post(f"{DAYS}add/", CLOSED_TODAY)
    for hour, who in ((11, BETO), (12, BETO)):
        book(at(f"2026-11-24 {hour}:00"), who=who)
    with django_assert_num_queries(len(few)):
        browser.post(f"{DAYS}add/", CLOSED_TODAY)


def test_shifts_are_listed_by_agent_and_day(browser, diego, laura, django_assert_num_queries):
    with CaptureQueriesContext(connection) as few:
        response = browser.get(SHIFTS)
    listed = [(shift.agent.username, shift.weekday) for shift in response.context["cl"].result_list]
    assert listed == [(name, day) for name in ("diego", "laura") for day in range(5)]
    Shift.objects.create(agent=laura, weekday=5, opens_at=time(9), closes_at=time(11))
    with django_assert_num_queries(len(few)):
        browser.get(SHIFTS)
    assert len(browser.get(SHIFTS, {"agent__id__exact": laura.pk}).context["cl"].result_list) == 6


def test_shifts_that_overlap_are_refused(browser, laura):
    data = {"agent": laura.pk, "weekday": "1", "opens_at": "12:00", "closes_at": "18:00"}
    page = browser.post(f"{SHIFTS}add/", data).text
    assert "Este turno se encima con otro del mismo agente: martes de 09:00 a 18:00." in page


def test_a_service_is_added_and_stays_once_it_was_booked(browser, row):
    data = {"name": "Capacitación", "slug": "capacitacion", "slot_minutes": "60", "notice_minutes": "1440"}
    data |= {"horizon_days": "15", "is_active": "on", "position": "2"}
    address = "/admin/scheduling/service/"
    assert browser.post(f"{address}add/", data).status_code == 302
    assert "60 min" in browser.get(address).text
    assert browser.post(f"{address}{row.service_id}/delete/", {"post": "yes"}).status_code == 403
