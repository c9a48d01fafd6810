"""`manage.py` that a marked line asks to end, and that tells the line's news when the server has stopped."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

MARKER = "[es hora de cerrar]"


def main() -> None:
    # As a script Python looks for modules beside it, and not in the project.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facturando_support.settings")
    import django
    from daphne.server import Server
    from django.core.management import execute_from_command_line

    django.setup()
    from chat import events

    has_stopped = threading.Event()
    run, send = Server.run, events._send

    def run_and_tell(self: Server) -> None:
        run(self)
        has_stopped.set()

    def send_late(news: Any) -> None:
        if any(MARKER in getattr(event, "text", "") for event, _groups in news):
            os.kill(os.getpid(), signal.SIGTERM)
            has_stopped.wait(20)
        send(news)

    Server.run, events._send = run_and_tell, send_late
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
