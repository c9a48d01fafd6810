"""The clock as a process of its own, for more than one machine or web process."""

import asyncio
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from facturando_support.clock import run_clock
from facturando_support.single_process import has_shared_layer


class Command(BaseCommand):
    help = "Do what becomes due, every second. Needs REDIS_URL, which carries its news to the web processes."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not has_shared_layer():
            sys.exit(
                _(
                    "El reloj en un proceso aparte necesita REDIS_URL, porque sin Redis sus avisos no llegan "
                    "a los chats; «manage.py serve» ya lleva el reloj dentro."
                )
            )
        asyncio.run(self._run())

    async def _run(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        self.stdout.write(_("El reloj está en marcha."))
        self.stdout.flush()
        await run_clock(stop)
