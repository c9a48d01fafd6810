"""Queries that are asked again and again: the ORM puts their statements together once.

That takes it longer than all that a database does for a row by its number, and it would do so anew for every
line of a chat and every heartbeat.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet

# Stand in for the values while a statement is put together; nobody asks for such a number or such a day.
_NUMBERS = -1_000_000
_MOMENTS = datetime(9_000, 1, 1, tzinfo=UTC)


class Prepared[M: Model]:
    """A query about some numbers or texts, which it filters by with `__in`, and about moments; or about none.

    `query` gets the values and returns the rows, or tuples by `values_list`. It is asked once for each
    database and number of values, with others that stand in for them, and so it may not look at them.
    """

    def __init__(self, query: Callable[..., "QuerySet[M, Any]"]) -> None:
        self.query = query
        self._texts: dict[tuple[str, int], tuple[str, tuple[Any, ...], type[M]]] = {}

    def rows(self, values: Collection[Any] = (), *moments: datetime) -> list[M]:
        """The rows; what `only` leaves out is read when somebody asks for it."""
        try:
            text, parameters, model = self._text(values, moments)
        except EmptyResultSet:
            return []
        return list(model._default_manager.raw(text, parameters))

    def tuples(self, values: Collection[Any] = (), *moments: datetime) -> list[tuple[Any, ...]]:
        """The tuples, as the database's driver gives them: right for numbers and texts."""
        try:
            text, parameters, _model = self._text(values, moments)
        except EmptyResultSet:
            return []
        with connection.cursor() as cursor:
            cursor.execute(text, parameters)
            return cursor.fetchall()

    def _text(self, values: Collection[Any], moments: Sequence[datetime]) -> tuple[str, list[Any], type[M]]:
        """The statement, its parameters, and whose rows it gives. Raises EmptyResultSet for none at all."""
        numbers = [_NUMBERS - place for place in range(len(values))]
        days = [_MOMENTS + timedelta(days=place) for place in range(len(moments))]
        key = connection.vendor, len(values)
        if key not in self._texts:
            query = self.query(numbers, *days)
            self._texts[key] = *query.query.sql_with_params(), query.model
        text, parameters, model = self._texts[key]
        # Where the column is a text, so is the stand-in; and moments are what the database takes them for.
        given = dict(zip(map(str, numbers), values, strict=True))
        given |= {str(_adapted(day)): _adapted(moment) for day, moment in zip(days, moments, strict=True)}
        return text, [given.get(str(parameter), parameter) for parameter in parameters], model


def _adapted(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)
