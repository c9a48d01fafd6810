"""`manage.py` that tells on SIGUSR1 what it holds, and whose channel layer may be a bad one.

The answer is a file, named by WATCH_FOLDER and the process, so that nothing of the product must work for it.
LAYER_SEED makes the layer drop 30 % of the news, repeat some and reorder the rest.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from random import Random
from typing import Any

DROPPED, REPEATED = 0.3, 0.1
LATEST_SECONDS = 0.3


def main() -> None:
    set_up()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def set_up() -> None:
    """What every program of a run starts with."""
    # As a script Python looks for modules beside it, and not in the project.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facturando_support.settings")
    import django

    django.setup()
    signal.signal(signal.SIGUSR1, lambda *_: _tell())
    if "LAYER_SEED" in os.environ:
        _spoil_layer(Random(os.environ["LAYER_SEED"]))  # noqa: S311  chance, not secrecy
    if "MUTANT" in os.environ:
        from tests.faults.mutants import MUTANTS

        MUTANTS[os.environ["MUTANT"]]()


def _tell() -> None:
    from chat.consumers.base import open_sockets

    addresses = {who: count for who, count in open_sockets.items() if who.startswith("address")}
    answer = {"tasks": _tasks(), "sockets": sum(addresses.values())}
    path = Path(os.environ["WATCH_FOLDER"]) / f"{os.getpid()}.json"
    path.with_suffix(".part").write_text(json.dumps(answer))
    path.with_suffix(".part").rename(path)


def _tasks() -> int:
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    loop = getattr(reactor, "_asyncioEventloop", None)
    return len(asyncio.all_tasks(loop)) if loop else 0


def _spoil_layer(random: Random) -> None:
    from facturando_support.layers import LocalLayer, SharedLayer

    for layer in (LocalLayer, SharedLayer):
        layer.group_send_many = _spoilt(layer.group_send_many, random)  # type: ignore[method-assign]


def _spoilt(send_many: Any, random: Random) -> Any:
    async def group_send_many(self: Any, messages: Any) -> None:
        for message in messages:
            if random.random() < DROPPED:
                continue
            for _ in range(2 if random.random() < REPEATED else 1):
                late = random.uniform(0, LATEST_SECONDS)
                asyncio.get_running_loop().call_later(late, _start, send_many, self, [message])

    return group_send_many


def _start(send: Any, *arguments: Any) -> None:
    asyncio.get_running_loop().create_task(send(*arguments))


if __name__ == "__main__":
    main()
