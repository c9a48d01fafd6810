"""Bringing an archive back, or leaving everything as it was."""

import shutil
import tarfile
import tempfile
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from facturando_support.backups.archive import (
    DATABASE,
    FORMAT,
    MEDIA,
    BackupFailed,
    Manifest,
    manifest_of,
    opened,
    take,
)
from facturando_support.backups.engines import drop_empty, restore_postgresql, restore_sqlite, set_aside
from facturando_support.backups.rows import Rows, count_rows


def restore(source: Path, *, overwrite: bool) -> Manifest:
    """Bring back what an archive holds. Raises BackupFailed, and then everything is as it was before.

    What is there already stays unless `overwrite`, and then it is set aside and not deleted.
    """
    with ExitStack() as undo, opened(source) as archive:
        manifest = manifest_of(archive, source)
        _refuse_engine(manifest)
        _refuse_while_serving()
        if not overwrite:
            _refuse_to_overwrite()
        stamp = f"{timezone.now():%Y%m%d%H%M%S}"
        with tempfile.TemporaryDirectory(dir=_working_folder(), prefix=".restore-") as name:
            dump = Path(name) / DATABASE
            take(archive, DATABASE, dump, manifest.database)
            # First the files: a row never names one that is not there yet.
            _restore_media(archive, manifest, stamp, undo)
            put_back = restore_sqlite if connection.vendor == "sqlite" else restore_postgresql
            put_back(dump, stamp, undo)
        _compare(manifest)
        undo.pop_all()
        if connection.vendor != "sqlite":
            drop_empty(f"before_{stamp}")
    return manifest


def _working_folder() -> Path:
    """As much room as the data have themselves."""
    folder = Path(settings.VAR_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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
        set_aside(root, stamp, undo)
    undo.callback(shutil.rmtree, root, ignore_errors=True)
    root.mkdir(parents=True, exist_ok=True)
    for name, digest in manifest.files.items():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise BackupFailed(_("El respaldo nombra un archivo fuera de su carpeta."))
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        take(archive, f"{MEDIA}/{name}", root / name, digest)


def _compare(manifest: Manifest) -> None:
    """What came back is what went in."""

    def query(sql: str) -> Rows:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    found = {table: count_rows(query, table) for table in connection.introspection.table_names()}
    if found != manifest.tables:
        raise BackupFailed(_("Lo restaurado no es igual al respaldo."))
