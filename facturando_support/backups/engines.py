"""The two engines: taking the database as it is at one instant, and putting it back."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection, connections, transaction
from django.utils.translation import gettext as _

from facturando_support.backups.archive import DATABASE, BackupFailed
from facturando_support.backups.rows import Query, Rows

# Where PostgreSQL's programs lie when they are not on the PATH (Debian).
_POSTGRESQL = Path("/usr/lib/postgresql")


@contextmanager
def snapshot(folder: Path) -> Iterator[tuple[Path, Query]]:
    """The database at one instant: a file that can be restored, and a way to ask it as it was then."""
    dump = folder / DATABASE
    with _sqlite_snapshot(dump) if connection.vendor == "sqlite" else _postgresql_snapshot(dump) as query:
        yield dump, query


@contextmanager
def _sqlite_snapshot(dump: Path) -> Iterator[Query]:
    # In one step: a backup page by page would begin anew with every line that is written meanwhile.
    path = settings.DATABASES["default"]["NAME"]
    with closing(sqlite3.connect(path, timeout=20)) as source, closing(sqlite3.connect(dump)) as copy:
        source.backup(copy)
        # One file, without a journal beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
        yield lambda sql: copy.execute(sql).fetchall()


@contextmanager
def _postgresql_snapshot(dump: Path) -> Iterator[Query]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone() or ("",)
        whole = ("--format=custom", "--no-owner", "--no-privileges")
        _run_postgresql("pg_dump", *whole, "--schema=public", f"--snapshot={snapshot}", f"--file={dump}")

        def query(sql: str) -> Rows:
            cursor.execute(sql)
            return cursor.fetchall()

        yield query


def _run_postgresql(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs on our database. The password goes by the environment."""
    database = settings.DATABASES["default"]
    named = {
        "PGHOST": database.get("HOST"),
        "PGPORT": database.get("PORT"),
        "PGUSER": database.get("USER"),
        "PGPASSWORD": database.get("PASSWORD"),
        "PGDATABASE": database["NAME"],
        "PGSSLMODE": database.get("OPTIONS", {}).get("sslmode"),
        "PGSSLROOTCERT": database.get("OPTIONS", {}).get("sslrootcert"),
    }
    env = os.environ | {name: str(value) for name, value in named.items() if value}
    command = [_postgresql_program(program), *arguments]
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode != 0:
        raise BackupFailed(f"{program}: {result.stderr.strip()}")


def _postgresql_program(name: str) -> str:
    # The newest: an older one refuses a newer server.
    packaged = sorted(_POSTGRESQL.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(packaged[-1]) if packaged else shutil.which(name)
    if found is None:
        raise BackupFailed(_("Falta %s: instale los programas cliente de PostgreSQL.") % name)
    return found


def set_aside(path: Path, stamp: str, undo: ExitStack) -> None:
    aside = path.with_name(f"{path.name}.before-{stamp}")
    path.rename(aside)
    undo.callback(aside.rename, path)


def restore_sqlite(dump: Path, stamp: str, undo: ExitStack) -> None:
    path = Path(settings.DATABASES["default"]["NAME"])
    with closing(sqlite3.connect(dump)) as copy:
        if copy.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise BackupFailed(_("La base de datos del respaldo está dañada."))
    has_data = bool(connection.introspection.table_names())
    connections.close_all()
    _put_into_one_file(path)
    if has_data:
        set_aside(path, stamp, undo)
    undo.callback(path.unlink, missing_ok=True)
    undo.callback(connections.close_all)
    shutil.copyfile(dump, path)


def _put_into_one_file(path: Path) -> None:
    """Take into the database what still lies in the journal beside it."""
    try:
        with closing(sqlite3.connect(path, timeout=20)) as old:
            old.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise BackupFailed(f"{path}: {error}") from error


def restore_postgresql(dump: Path, stamp: str, undo: ExitStack) -> None:
    aside = f"before_{stamp}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER SCHEMA public RENAME TO {aside}")
        cursor.execute("CREATE SCHEMA public")
    undo.callback(_take_back, aside)
    whole = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", "--schema=public")
    _run_postgresql("pg_restore", *whole, f"--dbname={settings.DATABASES['default']['NAME']}", str(dump))


def drop_empty(aside: str) -> None:
    """An installation that was new leaves nothing behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = %s", [aside])
        if cursor.fetchone() == (0,):
            cursor.execute(f"DROP SCHEMA {aside} CASCADE")


def _take_back(aside: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute(f"ALTER SCHEMA {aside} RENAME TO public")
