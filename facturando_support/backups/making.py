"""Making an archive while chats go on.

Files are written before the row that names them, never changed, and deleted after it. So those that are
there before the instant, and those that are there after it, are all that the database of that instant names.
"""

import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from facturando_support.backups.archive import (
    DATABASE,
    MANIFEST,
    MEDIA,
    BackupFailed,
    Manifest,
    add_bytes,
    add_file,
)
from facturando_support.backups.engines import snapshot
from facturando_support.backups.rows import count_rows, named_files


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
            with snapshot(folder) as (dump, query):
                known = connection.introspection.table_names()
                manifest.tables = {table: count_rows(query, table) for table in known}
                named = named_files(query)
            files.add()
            manifest.missing = sorted(named - manifest.files.keys())
            manifest.database = add_file(archive, dump, DATABASE)
            add_bytes(archive, json.dumps(asdict(manifest)).encode(), MANIFEST)
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
            self.manifest.files[name] = add_file(self.archive, path, f"{MEDIA}/{name}")
            self.seen[name] = state
