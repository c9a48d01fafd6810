"""Queries that are asked again and again: the ORM puts their statements together once.

That takes it longer than all that a database does for a row by its number, and it would do so anew for every
line of a chat and every heartbeat.
"""

from collections.abc import Callable, Collection
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet

# Stand in for the values while a statement is put together; no row has such a number.
_STAND_INS = -1_000_000


class Prepared[M: Model]:
    """A query about some values, which it filters by with `__in`; or about none.

    `query` gets the values and returns the rows, or tuples by `values_list`. It is asked once for each
    database and number of values, with numbers that stand in for them, and so it may not look at them.
    """

    def __init__(self, query: Callable[[list[Any]], "QuerySet[M, Any]"]) -> None:
        self.query = query
        self._texts: dict[tuple[str, int], tuple[str, tuple[Any, ...], type[M]]] = {}

    def rows(self, values: Collection[Any] = ()) -> list[M]:
        """The rows; what `only` leaves out is read when somebody asks for it."""
        try:
            text, parameters, model = self._text(values)
        except EmptyResultSet:
            return []
        return list(model._default_manager.raw(text, parameters))

    def tuples(self, values: Collection[Any] = ()) -> list[tuple[Any, ...]]:
        """The tuples, as the database's driver gives them: right for numbers and texts."""
        try:
            text, parameters, _model = self._text(values)
        except EmptyResultSet:
            return []
        with connection.cursor() as cursor:
            cursor.execute(text, parameters)
            return cursor.fetchall()

    def _text(self, values: Collection[Any]) -> tuple[str, list[Any], type[M]]:
        """The statement, its parameters, and whose rows it gives. Raises EmptyResultSet for none at all."""
        given = list(values)
        key = connection.vendor, len(given)
        if key not in self._texts:
            query = self.query([_STAND_INS - place for place in range(len(given))])
            self._texts[key] = *query.query.sql_with_params(), query.model
        text, parameters, model = self._texts[key]
        # Where the column is a text, so is the stand-in.
        stood_for = {str(_STAND_INS - place): value for place, value in enumerate(given)}
        return text, [stood_for.get(str(parameter), parameter) for parameter in parameters], model
