"""What every server of the bench begins with: its core, its limits, and the project on the path.

As a script it is `manage.py` on one core. BENCH_CORE names the core; BENCH_FRAMES_PER_SECOND takes the place
of the product's own limit a socket, which sockets that never pause would reach before the server does.
"""

import os
import resource
import sys
from pathlib import Path


def set_up(settings: str) -> None:
    """Pin this process, allow it many sockets, and load Django with these settings."""
    # As a script Python looks for modules beside it, and not in the project.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    if core := os.environ.get("BENCH_CORE"):
        os.sched_setaffinity(0, {int(core)})
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    import django

    django.setup()


def main() -> None:
    set_up("facturando_support.settings")
    from django.core.management import execute_from_command_line

    if frames := os.environ.get("BENCH_FRAMES_PER_SECOND"):
        from chat.consumers import base

        base.FRAMES_PER_SECOND = int(frames)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
