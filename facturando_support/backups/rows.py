"""What the rows of a database say: how many there are, and which files they name."""

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.db import connection, models

type Rows = list[tuple[Any, ...]]
type Query = Callable[[str], Rows]


def named_files(query: Query) -> set[str]:
    """The files that rows name, relative to MEDIA_ROOT."""
    quote = connection.ops.quote_name
    return {
        name
        for table, column in _file_columns()
        for (name,) in query(f"SELECT {quote(column)} FROM {quote(table)}")  # noqa: S608
        if name
    }


def _file_columns() -> Iterator[tuple[str, str]]:
    """Where files are named, as far as the database has it: a backup is made before it is migrated."""
    for model in apps.get_models():
        columns = [file.column for file in model._meta.local_fields if isinstance(file, models.FileField)]
        known = _columns_of(model._meta.db_table) if columns else set()
        yield from ((model._meta.db_table, column) for column in columns if column in known)


def _columns_of(table: str) -> set[str]:
    if table not in connection.introspection.table_names():
        return set()
    with connection.cursor() as cursor:
        return {row.name for row in connection.introspection.get_table_description(cursor, table)}


def count_rows(query: Query, table: str) -> int:
    [(count,)] = query(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
    return int(count)
