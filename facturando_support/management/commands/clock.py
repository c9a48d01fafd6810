"""The clock as a process of its own, for more than one machine or web process."""

import asyncio
import signal
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from facturando_support.clock import run_clock
from facturando_support.metrics import name_process, show_beside
from facturando_support.single_process import has_shared_layer


class Command(BaseCommand):
    help = "Do what becomes due, every second. Needs REDIS_URL, which carries its news to the web processes."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--metrics-host", default="127.0.0.1")
        parser.add_argument("--metrics-port", type=int, help="show /metrics here (needs METRICS_TOKEN)")

    def handle(self, *args: Any, metrics_host: str, metrics_port: int | None, **options: Any) -> None:
        if not has_shared_layer():
            sys.exit(
                _(
                    "El reloj en un proceso aparte necesita REDIS_URL, porque sin Redis sus avisos no llegan "
                    "a los chats; «manage.py serve» ya lleva el reloj dentro."
                )
            )
        name_process("clock")
        with ExitStack() as stack:
            if metrics_port is not None:
                stack.callback(show_beside(metrics_host, metrics_port))
            asyncio.run(self._run())

    async def _run(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        self.stdout.write(_("El reloj está en marcha."))
        self.stdout.flush()
        await run_clock(stop)
