"""One archive that holds everything: the database as it was at one instant, and every file its rows name."""

from facturando_support.backups.archive import BackupFailed, Manifest
from facturando_support.backups.making import make
from facturando_support.backups.restoring import restore

__all__ = ["BackupFailed", "Manifest", "make", "restore"]
