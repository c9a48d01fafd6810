"""The archive itself: a tar of a manifest, the database and files, each known by its SHA-256."""

import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO

from django.utils.translation import gettext as _

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database"
MEDIA = "media"
_CHUNK = 1024 * 1024


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


def add_file(archive: tarfile.TarFile, path: Path, name: str) -> str:
    """Add a file and return the SHA-256 of what went in."""
    with path.open("rb") as file:
        info = archive.gettarinfo(arcname=name, fileobj=file)
        reader = _Hashing(file)
        archive.addfile(info, reader)
    return reader.digest.hexdigest()


def add_bytes(archive: tarfile.TarFile, content: bytes, name: str) -> None:
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


def opened(source: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(source, "r:")
    except tarfile.TarError:
        raise BackupFailed(_not_whole(source)) from None


def manifest_of(archive: tarfile.TarFile, source: Path) -> Manifest:
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


def take(archive: tarfile.TarFile, name: str, path: Path, digest: str) -> None:
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
