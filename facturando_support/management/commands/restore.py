"""Everything back from one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from facturando_support import backups
from facturando_support.single_process import AlreadyRunning, already_running, only_process


class Command(BaseCommand):
    help = "Bring back what `manage.py backup` wrote. Stop web and clock first."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--overwrite", action="store_true", help="set aside what is there, and restore in its place"
        )

    def handle(self, *args: Any, file: Path, overwrite: bool, **options: Any) -> None:
        try:
            with only_process():
                manifest = backups.restore(file.absolute(), overwrite=overwrite)
        except AlreadyRunning as running:
            raise CommandError(already_running()) from running
        except backups.BackupFailed as failed:
            raise CommandError(str(failed)) from failed
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror}") from error
        rows, files = sum(manifest.tables.values()), len(manifest.files)
        self.stdout.write(
            _("%(file)s: %(rows)d filas y %(files)d archivos.") % {"file": file, "rows": rows, "files": files}
        )
        if self._is_behind():
            self.stdout.write(_("El respaldo es de una versión anterior: ejecute ahora «manage.py migrate»."))

    def _is_behind(self) -> bool:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
