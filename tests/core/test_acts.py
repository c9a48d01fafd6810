"""A row that fails is logged, and the others are done."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import transaction

from core import acts
from core.acts import each

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(acts, "_logged_at", {})
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def divide(row: int, by: int = 1) -> bool:
    return by // row > 1


def test_an_act_is_done_with_every_row_and_counted_when_it_did_something():
    assert each([1, 2, 3], divide, 4) == 2
    assert each([], divide) == 0


def test_a_row_that_fails_stops_no_other_and_is_logged_with_its_reason(caplog):
    assert each([1, 0, 2], divide, 4) == 2

    assert "divide of row 0 failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_rows_that_keep_failing_are_logged_once_a_minute_each(caplog, clock):
    for seconds in range(120):
        clock.move_to(NOW + timedelta(seconds=seconds))
        each([0, 1, False], divide)

    assert len(caplog.records) == 4
    assert len(acts._logged_at) == 2


@pytest.mark.django_db
def test_what_a_row_had_begun_is_undone_and_people_are_not_named_in_the_log(caplog):
    ana, beto = (Group.objects.create(name=name) for name in ("Ana López", "Beto Ruiz"))

    @transaction.atomic
    def rename(row: Group) -> bool:
        Group.objects.filter(pk=row.pk).update(name="x")
        if row == ana:
            raise KeyError(row.pk)
        return True

    assert each([ana, beto], rename) == 1

    assert list(
        Group.objects.filter(pk__in=[ana.pk, beto.pk]).order_by("pk").values_list("name", flat=True)
    ) == [
        "Ana López",
        "x",
    ]
    assert f"of row {ana.pk} failed" in caplog.text
    assert "Ana" not in caplog.text
