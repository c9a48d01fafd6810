"""Queries that are asked again and again: the ORM puts their statements together once.

That takes it longer than all that a database does for a row by its number, and it would do so anew for every
line of a chat, for every heartbeat, and for every act of the clock in every second.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.core.signals import setting_changed
from django.db import connection
from django.db.models import Model, QuerySet
from django.dispatch import receiver

# Stand in for values and moments while a statement is put together. Nobody asks for such numbers or days, and
# no query shifts a moment by half of what lies between two.
_NUMBERS = -1_000_000
_MOMENTS, _APART = datetime(9_000, 1, 1, tzinfo=UTC), timedelta(days=36_500)

# A parameter as a function of the values and moments that are given.
type _Parameter = Callable[[Sequence[Any], Sequence[datetime]], Any]


class Prepared[M: Model]:
    """A query about some numbers or texts, which it filters by with `__in`, and about moments; or about none.

    `query` gets the values and the moments, and returns the rows, or tuples by `values_list`. It is asked
    once for each database and number of values, with others that stand in for them. So it may shift a moment
    by a fixed time, and may not look at anything that is given, nor at anything that changes but settings.
    """

    def __init__(self, query: Callable[..., "QuerySet[M, Any]"]) -> None:
        self.query = query
        self._texts: dict[tuple[str, int], tuple[str, list[_Parameter], type[M]]] = {}
        _all.append(self)

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

    def forget(self) -> None:
        """Put the statements together anew."""
        self._texts.clear()

    def _text(self, values: Collection[Any], moments: Sequence[datetime]) -> tuple[str, list[Any], type[M]]:
        """The statement, its parameters, and whose rows it gives. Raises EmptyResultSet for none at all."""
        key = connection.vendor, len(values)
        if key not in self._texts:
            numbers = [_NUMBERS - place for place in range(len(values))]
            query = self.query(numbers, *(_MOMENTS + place * _APART for place in range(len(moments))))
            text, parameters = query.query.sql_with_params()
            self._texts[key] = text, [_parameter(each, len(values)) for each in parameters], query.model
        text, of_given, model = self._texts[key]
        given = list(values)
        return text, [parameter(given, moments) for parameter in of_given], model


# Each is there for as long as the process.
_all: list[Prepared[Any]] = []


@receiver(setting_changed)
def _forget_all(**_changed: Any) -> None:
    """Tests change settings, as does nobody else."""
    for prepared in _all:
        prepared.forget()


def _parameter(parameter: Any, values: int) -> _Parameter:
    """What the place of this parameter will be filled with."""
    # Where the column is a text, so is the stand-in.
    places = {str(_NUMBERS - place): place for place in range(values)}
    if (place := places.get(str(parameter))) is not None:
        return lambda given, _moments: given[place]
    if (moment := _moment(parameter)) is not None:
        number = round((moment - _MOMENTS) / _APART)
        shift = moment - _MOMENTS - number * _APART
        return lambda _given, moments: connection.ops.adapt_datetimefield_value(moments[number] + shift)
    return lambda _given, _moments: parameter


def _moment(parameter: Any) -> datetime | None:
    """The stand-in that the database takes this parameter for, if it is one."""
    try:
        found = datetime.fromisoformat(str(parameter))
    except ValueError:
        return None
    found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return found if found > _MOMENTS - _APART / 2 else None
