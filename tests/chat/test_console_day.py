"""The day of everybody's appointments as a timeline: hours down, agents across."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from scheduling.models import Appointment, Shift
from tests.chat.factories import at
from tests.chat.pages import Page
from tests.scheduling import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def laura(laura):
    Shift.objects.create(agent=laura, weekday=1, opens_at="09:00", closes_at="18:00")
    return laura


@pytest.fixture
def console(laura):
    """Laura's browser."""
    browser = Client()
    browser.force_login(laura)
    return browser


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "x", "2026-02-30", "2026-11-24T10:00:00Z"])
def test_a_day_that_nobody_can_book_is_today(console, day):
    page = console.get(reverse("chat:agenda"), {"dia": day})

    assert page.status_code == 200
    assert "martes 24 de noviembre de 2026" in Page(page).words


class Table(HTMLParser):
    """The rows of a page's table: hour, then the words of each cell."""

    def __init__(self, response):
        super().__init__()
        self.rows = []
        self.is_over = False
        self.feed(response.content.decode())

    def handle_starttag(self, tag, _attributes):
        if tag == "tr":
            self.rows.append([])
        elif tag in {"th", "td"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self.is_over = self.is_over or tag == "table"

    def handle_data(self, data):
        if self.rows and self.rows[-1] and not self.is_over:
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {data}"

    def row(self, hour):
        found = [[" ".join(cell.split()) for cell in row] for row in self.rows]
        return next(row for row in found if row and row[0].startswith(hour))


@pytest.fixture
def day(console, diego, manual_hours):
    """The Tuesday of these tests: Laura is there all day, Diego in the morning."""
    Shift.objects.create(agent=diego, weekday=1, opens_at="09:00", closes_at="11:00")
    cast.make_service()
    return lambda: Table(console.get(reverse("chat:agenda"), {"dia": "2026-11-24"}))


def test_the_day_is_a_timeline_of_hours_and_agents(day, laura, diego):
    booked = cast.book(at("11:00"), now=at("08:00"))
    table = day()

    assert table.row("Hora") == ["Hora", laura.shown_name, diego.shown_name]
    assert table.row("09:30") == ["09:30", "", ""]
    assert table.row("10:00") == ["10:00 ahora", "", ""]
    _hour, at_eleven, of_diego = table.row("11:00")
    assert f"{booked.name} agendada {booked.folio}" in at_eleven
    assert of_diego == "fuera de turno"
    assert table.row("14:00") == ["14:00", "Sin atención hasta las 15:00"]
    assert table.row("17:30") == ["17:30", "", "fuera de turno"]
    assert [row for row in table.rows if row and row[0].strip().startswith("18")] == []


def test_an_hour_that_was_missed_and_booked_again_shows_both(day, laura):
    missed = cast.book(at("10:30"), now=at("08:00"))
    Appointment.objects.update(state="missed", agent=laura)
    again = cast.book(at("10:30"), who=cast.BETO, now=at("08:00"))
    Appointment.objects.filter(pk=again.pk).update(agent=laura)

    cell = day().row("10:30")[1]

    assert missed.folio in cell
    assert again.folio in cell


def test_appointments_off_the_grid_and_over_it_are_not_lost(day, laura):
    """Hours, shifts and lengths may have changed since they were booked."""
    for clock in ("10:40", "19:00"):
        row = cast.book(at("10:30"), now=at("08:00"))
        Appointment.objects.filter(pk=row.pk).update(
            agent=laura, starts_at=at(clock), ends_at=at(clock) + timedelta(minutes=30), state="attended"
        )

    table = day()

    assert "10:40 Ana López" in table.row("10:30")[1]
    assert table.row("11:00")[1] == "sigue"
    assert table.row("18:00")[1] == "Sin atención hasta las 19:00"
    assert "Ana López" in table.row("19:00")[1]


def test_the_day_costs_the_same_however_much_is_booked(day, django_assert_num_queries):
    with django_assert_num_queries(7):
        day()
    for clock in ("11:00", "11:30"):
        cast.book(at(clock), now=at("08:00"))
    with django_assert_num_queries(7):
        day()
