"""A prepared query finds what the ORM's own would, without asking the ORM again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.models import Agent
from core.prepared import Prepared

pytestmark = pytest.mark.django_db

NAMES = ["Ana", "Beto", "Carla", "Diego"]


class Counted:
    """A query, and how often the ORM was asked for it."""

    def __init__(self, query):
        self.query, self.times = query, 0

    def __call__(self, values):
        self.times += 1
        return self.query(values)


@pytest.fixture
def numbers():
    """Four groups beside those that the product comes with, by their number."""
    return [Group.objects.create(name=name).pk for name in NAMES]


def names(rows):
    return [row.name for row in rows]


def test_rows_are_those_with_the_values_in_the_querys_order(numbers):
    groups = Prepared(lambda pks: Group.objects.filter(pk__in=pks).order_by("-name"))

    assert names(groups.rows([numbers[0], numbers[2]])) == ["Carla", "Ana"]
    assert names(groups.rows([numbers[1]])) == ["Beto"]


def test_the_orm_is_asked_once_for_each_number_of_values(numbers):
    query = Counted(lambda pks: Group.objects.filter(pk__in=pks).order_by("name"))
    groups = Prepared(query)

    found = [names(groups.rows([number])) for number in numbers]
    pairs = [names(groups.rows(pair)) for pair in (numbers[:2], numbers[2:])]

    assert found == [["Ana"], ["Beto"], ["Carla"], ["Diego"]]
    assert pairs == [["Ana", "Beto"], ["Carla", "Diego"]]
    assert query.times == 2


def test_a_value_that_is_given_twice_counts_once(numbers):
    groups = Prepared(lambda pks: Group.objects.filter(pk__in=pks).order_by("name"))

    assert names(groups.rows([numbers[0], numbers[1], numbers[0]])) == ["Ana", "Beto"]


def test_texts_and_the_querys_own_parameters_keep_apart(numbers):
    groups = Prepared(
        lambda some: (
            Group.objects.filter(name__in=some).exclude(name="Ana").order_by("name").values_list("name")
        )
    )

    assert groups.tuples(NAMES) == [("Beto",), ("Carla",), ("Diego",)]
    assert groups.tuples(["Ana", "Carla", "nobody", "' OR 1=1 --"]) == [("Carla",)]


def test_no_values_find_nothing_and_ask_nothing(numbers):
    groups = Prepared(lambda pks: Group.objects.filter(pk__in=pks))

    with CaptureQueriesContext(connection) as captured:
        assert groups.rows([]) == groups.tuples(()) == []
    assert captured.captured_queries == []


def test_a_query_about_no_values_finds_what_is_there_each_time(numbers):
    groups = Prepared(lambda _none: Group.objects.filter(name__in=NAMES).order_by("name").values_list("name"))
    assert groups.tuples() == [(name,) for name in NAMES]

    Group.objects.filter(name="Beto").delete()

    assert groups.tuples() == [("Ana",), ("Carla",), ("Diego",)]


def test_moments_are_those_of_each_time(numbers):
    began = datetime(2026, 11, 24, 16, tzinfo=UTC)
    Agent.objects.bulk_create(
        Agent(username=name, last_seen_at=began + timedelta(hours=hours)) for hours, name in enumerate(NAMES)
    )
    seen = Prepared(
        lambda names, after, until: (
            Agent.objects.filter(username__in=names, last_seen_at__gt=after)
            .exclude(last_seen_at__gt=until)
            .order_by("username")
            .values_list("username")
        )
    )

    def between(first, last):
        return [name for (name,) in seen.tuples(NAMES, *(began + timedelta(hours=h) for h in (first, last)))]

    assert between(0, 2) == ["Beto", "Carla"]
    assert between(1, 3) == ["Carla", "Diego"]
    assert between(3, 9) == []


def test_a_query_may_shift_a_moment_and_settings_may_say_by_how_much(settings):
    began = datetime(2026, 11, 24, 16, 0, 0, 250_000, tzinfo=UTC)
    Agent.objects.create(username="Ana", last_seen_at=began)
    settings.CHAT_AGENT_VANISHED = timedelta(seconds=90)
    seen = Prepared(
        lambda _none, now: Agent.objects.filter(
            last_seen_at__gte=now - settings.CHAT_AGENT_VANISHED, last_seen_at__lt=now
        )
    )

    def is_seen(**after):
        return [agent.username for agent in seen.rows((), began + timedelta(**after))] == ["Ana"]

    assert [is_seen(), is_seen(seconds=1), is_seen(seconds=90), is_seen(seconds=90, microseconds=1)] == [
        False,
        True,
        True,
        False,
    ]
    settings.CHAT_AGENT_VANISHED = timedelta(seconds=30)
    assert [is_seen(seconds=30), is_seen(seconds=31)] == [True, False]


def test_days_that_a_query_names_itself_are_no_moments_of_ours(numbers):
    day = datetime(2026, 11, 24, tzinfo=UTC)
    Agent.objects.bulk_create(
        Agent(username=name, last_seen_at=day + timedelta(days=place)) for place, name in enumerate(NAMES)
    )
    since = Prepared(
        lambda _none, until: Agent.objects.filter(
            last_seen_at__gte=day + timedelta(days=1), last_seen_at__lte=until
        )
    )

    assert {agent.username for agent in since.rows((), day + timedelta(days=2))} == {"Beto", "Carla"}


def test_what_only_leaves_out_is_read_when_somebody_asks(numbers):
    groups = Prepared(lambda pks: Group.objects.filter(pk__in=pks).only("pk"))
    [group] = groups.rows([numbers[3]])

    assert group.get_deferred_fields() == {"name"}
    assert group.name == "Diego"
