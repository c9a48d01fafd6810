"""Serve pages and sockets, with the clock inside: the whole product in one process."""

import signal
import socket
import sys
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.urls import get_resolver
from django.utils.translation import gettext as _

from facturando_support.metrics import name_process
from facturando_support.single_process import (
    AlreadyRunning,
    already_running,
    has_shared_layer,
    only_process,
)


class Command(BaseCommand):
    help = "Serve the product. With --without-clock, the clock runs as `manage.py clock` (needs REDIS_URL)."
    # Checked by `make lint`; here they would only delay the first page.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--without-clock", action="store_true", help="serve only pages and sockets")
        parser.add_argument("--migrate", action="store_true", help="bring the database up to date first")
        parser.add_argument("--demo", action="store_true", help="the same, and make the demo's data")

    def handle(self, *args: Any, **options: Any) -> None:
        # Until the server has its own handlers, both signals end the preparation in the same quiet way.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._serve(**options)
        except KeyboardInterrupt:
            sys.exit(0)

    def _serve(
        self, *, host: str, port: int, without_clock: bool, migrate: bool, demo: bool, **_options: Any
    ) -> None:
        if without_clock and not has_shared_layer():
            sys.exit(_("Sin REDIS_URL el reloj debe ir dentro de este proceso; quite --without-clock."))
        # Before the database is touched: the usual mistake is to start twice.
        if not _is_free(host, port):
            sys.exit(_port_taken(port))
        try:
            with only_process():
                self._prepare(migrate=migrate or demo, demo=demo)
                self._run_server(host, port, with_clock=not without_clock)
        except AlreadyRunning:
            sys.exit(already_running())

    def _prepare(self, *, migrate: bool, demo: bool) -> None:
        if migrate:
            self._migrate()
        if demo:
            call_command("demo", stdout=self.stdout)
        # The server's threads have connections of their own.
        connections.close_all()

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write(_("Preparando la base de datos…"))
            call_command("migrate", interactive=False, verbosity=0)

    def _run_server(self, host: str, port: int, *, with_clock: bool) -> None:
        # Imported here: daphne takes over asyncio's loop as soon as it is imported.
        from facturando_support.asgi import application
        from facturando_support.clock import run_clock
        from facturando_support.server import PortTaken, SupportServer

        _load_pages()
        name_process(f"web-{port}")
        clock = run_clock if with_clock else None
        say_ready = partial(self._say_ready, host, port)
        server = SupportServer(application, host=host, port=port, clock=clock, on_ready=say_ready)
        try:
            server.run()
        except PortTaken:
            sys.exit(_port_taken(port))

    def _say_ready(self, host: str, port: int) -> None:
        self.stdout.write(_("Listo: %(url)s  (Ctrl-C termina)") % {"url": f"http://{host}:{port}"})
        self.stdout.flush()


def _load_pages() -> None:
    # Django imports them with the first request, whose reader would wait for it.
    _patterns = get_resolver().url_patterns


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError:
            return False
    return True


def _port_taken(port: int) -> str:
    return _(
        "El puerto %(port)s ya está en uso o no se puede abrir; "
        "elija otro, por ejemplo: make run PORT=%(other)s"
    ) % {
        "port": port,
        "other": port + 1,
    }
