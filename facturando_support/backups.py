"""One archive that holds everything: the database as it was at one instant, and every file its rows name.

Files are written before the row that names them, never changed, and deleted after it. So those that are
there before the instant, and those that are there after it, are all that the database of that instant names.
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

from django.apps import apps
from django.conf import settings
from django.db import connection, connections, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database"
MEDIA = "media"
# Where PostgreSQL's programs lie when they are not on the PATH (Debian).
_POSTGRESQL = Path("/usr/lib/postgresql")
_CHUNK = 1024 * 1024

type Rows = list[tuple[Any, ...]]
type Query = Callable[[str], Rows]


class BackupFailed(Exception):
    """Nothing was written, or what was written was taken away again; the text says why."""


@dataclass
class Manifest:
    """What an archive holds: rows by table, and files by name with their SHA-256."""

    made_at: str
    engine: str
    tables: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    # Files that rows name and nobody had any more when the backup was made.
    missing: list[str] = field(default_factory=list)
    database: str = ""
    format: int = FORMAT


# --- Making one -----------------------------------------------------------------------------------------


def make(target: Path) -> Manifest:
    """Write the archive `target`, which must not exist yet; chats go on meanwhile. Raises BackupFailed."""
    if target.exists():
        raise BackupFailed(_("%s ya existe y no se sobrescribe.") % target)
    manifest = Manifest(made_at=timezone.now().isoformat(), engine=connection.vendor)
    with (
        _unfinished(target) as part,
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as name,
    ):
        folder = Path(name)
        # Attachments are compressed already, and the whole may be given to a tool that compresses.
        with tarfile.open(part, "w") as archive:
            files = _Files(archive, manifest)
            files.add()
            with _snapshot(folder) as (dump, query):
                known = connection.introspection.table_names()
                manifest.tables = {table: _count(query, table) for table in known}
                named = named_files(query)
            files.add()
            manifest.missing = sorted(named - manifest.files.keys())
            manifest.database = _add(archive, dump, DATABASE)
            _add_bytes(archive, json.dumps(asdict(manifest)).encode(), MANIFEST)
    return manifest


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A file beside `target`, readable by its owner alone, that becomes it in one step once it is whole."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    part = Path(name)
    try:
        os.close(handle)
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        # Unlike a rename, a link replaces nobody's file.
        os.link(part, target)
    except FileExistsError:
        raise BackupFailed(_("%s ya existe y no se sobrescribe.") % target) from None
    finally:
        part.unlink(missing_ok=True)


class _Files:
    """The files below MEDIA_ROOT: what is new since the last time is added to the archive."""

    def __init__(self, archive: tarfile.TarFile, manifest: Manifest) -> None:
        self.archive = archive
        self.manifest = manifest
        self.seen: dict[str, tuple[int, int]] = {}

    def add(self) -> None:
        root = Path(settings.MEDIA_ROOT)
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            # Mails that are forgotten take their attachments with them.
            with suppress(FileNotFoundError):
                self._add(path, path.relative_to(root).as_posix())

    def _add(self, path: Path, name: str) -> None:
        stat = path.stat()
        state = (stat.st_size, stat.st_mtime_ns)
        # One that was still being written is another the next time.
        if self.seen.get(name) != state:
            self.manifest.files[name] = _add(self.archive, path, f"{MEDIA}/{name}")
            self.seen[name] = state


def _add(archive: tarfile.TarFile, path: Path, name: str) -> str:
    """Add a file and return the SHA-256 of what went in."""
    with path.open("rb") as file:
        info = archive.gettarinfo(arcname=name, fileobj=file)
        reader = _Hashing(file)
        archive.addfile(info, reader)
    return reader.digest.hexdigest()


def _add_bytes(archive: tarfile.TarFile, content: bytes, name: str) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


class _Hashing(io.RawIOBase):
    """A file that remembers the hash of what was read of it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.digest.update(data)
        return data


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


def _count(query: Query, table: str) -> int:
    [(count,)] = query(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
    return int(count)


# --- The two engines ------------------------------------------------------------------------------------


@contextmanager
def _snapshot(folder: Path) -> Iterator[tuple[Path, Query]]:
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


# --- Bringing one back ----------------------------------------------------------------------------------


def restore(source: Path, *, overwrite: bool) -> Manifest:
    """Bring back what an archive holds. Raises BackupFailed, and then everything is as it was before.

    What is there already stays unless `overwrite`, and then it is set aside and not deleted.
    """
    with ExitStack() as undo, _opened(source) as archive:
        manifest = _manifest_of(archive, source)
        _refuse_engine(manifest)
        _refuse_while_serving()
        if not overwrite:
            _refuse_to_overwrite()
        stamp = f"{timezone.now():%Y%m%d%H%M%S}"
        with tempfile.TemporaryDirectory(dir=_working_folder(), prefix=".restore-") as name:
            dump = Path(name) / DATABASE
            _take(archive, DATABASE, dump, manifest.database)
            # First the files: a row never names one that is not there yet.
            _restore_media(archive, manifest, stamp, undo)
            put_back = _restore_sqlite if connection.vendor == "sqlite" else _restore_postgresql
            put_back(dump, stamp, undo)
        _compare(manifest)
        undo.pop_all()
        if connection.vendor != "sqlite":
            _drop_empty(f"before_{stamp}")
    return manifest


def _working_folder() -> Path:
    """As much room as the data have themselves."""
    folder = Path(settings.VAR_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _opened(source: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(source, "r:")
    except tarfile.TarError:
        raise BackupFailed(_not_whole(source)) from None


def _manifest_of(archive: tarfile.TarFile, source: Path) -> Manifest:
    try:
        return Manifest(**json.loads(_member(archive, MANIFEST).read()))
    except (BackupFailed, tarfile.TarError, ValueError, TypeError):
        raise BackupFailed(_not_whole(source)) from None


def _not_whole(source: Path) -> str:
    return _("%s no es un respaldo, o está incompleto.") % source


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        content = archive.extractfile(name)
    except KeyError:
        content = None
    if content is None:
        raise BackupFailed(_("El respaldo está dañado: falta %s.") % name)
    return content


def _refuse_engine(manifest: Manifest) -> None:
    if manifest.format != FORMAT or manifest.engine != connection.vendor:
        raise BackupFailed(
            _("El respaldo es de %(theirs)s y DATABASE_URL nombra %(ours)s.")
            % {"theirs": f"{manifest.engine}/{manifest.format}", "ours": f"{connection.vendor}/{FORMAT}"}
        )


def _refuse_while_serving() -> None:
    """PostgreSQL knows who is connected; the command holds the lock of the embedded default itself."""
    if connection.vendor == "sqlite":
        return
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with connection.cursor() as cursor:
        cursor.execute(others)
        (count,) = cursor.fetchone() or (0,)
    if count:
        raise BackupFailed(_("Hay procesos conectados a la base de datos: detenga «web» y «clock» primero."))


def _refuse_to_overwrite() -> None:
    media = Path(settings.MEDIA_ROOT)
    has_files = media.is_dir() and any(media.iterdir())
    if has_files or connection.introspection.table_names():
        raise BackupFailed(
            _(
                "Ya hay datos y no se sobrescriben. Con --overwrite se apartan (no se borran) y se restaura "
                "el respaldo en su lugar."
            )
        )


def _restore_media(archive: tarfile.TarFile, manifest: Manifest, stamp: str, undo: ExitStack) -> None:
    root = Path(settings.MEDIA_ROOT)
    if root.is_dir() and any(root.iterdir()):
        _set_aside(root, stamp, undo)
    undo.callback(shutil.rmtree, root, ignore_errors=True)
    root.mkdir(parents=True, exist_ok=True)
    for name, digest in manifest.files.items():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise BackupFailed(_("El respaldo nombra un archivo fuera de su carpeta."))
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        _take(archive, f"{MEDIA}/{name}", root / name, digest)


def _set_aside(path: Path, stamp: str, undo: ExitStack) -> None:
    aside = path.with_name(f"{path.name}.before-{stamp}")
    path.rename(aside)
    undo.callback(aside.rename, path)


def _take(archive: tarfile.TarFile, name: str, path: Path, digest: str) -> None:
    """Write one file of the archive to `path`; raises BackupFailed when it is not what was put in."""
    content = _member(archive, name)
    found = hashlib.sha256()
    with path.open("xb") as file:
        while data := content.read(_CHUNK):
            found.update(data)
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if found.hexdigest() != digest:
        raise BackupFailed(_("El respaldo está dañado: %s no es lo que se guardó.") % name)


def _restore_sqlite(dump: Path, stamp: str, undo: ExitStack) -> None:
    path = Path(settings.DATABASES["default"]["NAME"])
    with closing(sqlite3.connect(dump)) as copy:
        if copy.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise BackupFailed(_("La base de datos del respaldo está dañada."))
    has_data = bool(connection.introspection.table_names())
    connections.close_all()
    _put_into_one_file(path)
    if has_data:
        _set_aside(path, stamp, undo)
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


def _restore_postgresql(dump: Path, stamp: str, undo: ExitStack) -> None:
    aside = f"before_{stamp}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER SCHEMA public RENAME TO {aside}")
        cursor.execute("CREATE SCHEMA public")
    undo.callback(_take_back, aside)
    whole = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", "--schema=public")
    _run_postgresql("pg_restore", *whole, f"--dbname={settings.DATABASES['default']['NAME']}", str(dump))


def _drop_empty(aside: str) -> None:
    """An installation that was new leaves nothing behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = %s", [aside])
        if cursor.fetchone() == (0,):
            cursor.execute(f"DROP SCHEMA {aside} CASCADE")


def _take_back(aside: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute(f"ALTER SCHEMA {aside} RENAME TO public")


def _compare(manifest: Manifest) -> None:
    """What came back is what went in."""

    def query(sql: str) -> Rows:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    found = {table: _count(query, table) for table in connection.introspection.table_names()}
    if found != manifest.tables:
        raise BackupFailed(_("Lo restaurado no es igual al respaldo."))
