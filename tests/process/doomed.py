"""`manage.py` with a flaw: a line with the marker in it kills the process, as `kill -9` does, at one instant.

The instant is named by DOOM: before-commit, before-news (committed, and nobody told yet) or
before-acknowledgement (committed and told, and its sender does not know).
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MARKER = "[la luz se va]"


def main() -> None:
    # As a script Python looks for modules beside it, and not in the project.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facturando_support.settings")
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    from chat import commands, events

    module, name = {
        "before-commit": (events, "announce_all"),
        "before-news": (events, "_send"),
        "before-acknowledgement": (commands, "stored_frame"),
    }[os.environ["DOOM"]]
    setattr(module, name, doomed(getattr(module, name)))
    execute_from_command_line(sys.argv)


def doomed(step: Callable[..., Any]) -> Callable[..., Any]:
    """The same step, which nobody survives who comes to it with the marker."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if any(_is_marked(argument) for argument in args):
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*args, **kwargs)

    return wrapper


def _is_marked(argument: Any) -> bool:
    """Whether a message carries the marker, or one of several news."""
    told = [event for event, _groups in argument] if isinstance(argument, list) else [argument]
    return any(MARKER in (getattr(one, "text", None) or "") for one in told)


if __name__ == "__main__":
    main()
