"""Everything into one file, while chats go on."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from facturando_support import backups


class Command(BaseCommand):
    help = "Write the database and all files into one archive. It holds what customers wrote: keep it so."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the archive to write; it must not exist yet")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            manifest = backups.make(file.absolute())
        except backups.BackupFailed as failed:
            raise CommandError(str(failed)) from failed
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror}") from error
        rows, files = sum(manifest.tables.values()), len(manifest.files)
        self.stdout.write(
            _("%(file)s: %(rows)d filas y %(files)d archivos.") % {"file": file, "rows": rows, "files": files}
        )
        if manifest.missing:
            self.stderr.write(
                _("Faltaban %d archivos que la base de datos nombra; el respaldo los enumera.")
                % len(manifest.missing)
            )
