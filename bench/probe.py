"""Measures inside a process of the product what no client can see: `probe.py WHAT '{"rows": …}'`.

Prints its findings as JSON. Pages are asked for as the server does, through all middleware, on SQLite.
"""

import json
import logging
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench import people  # noqa: E402

HOST = {"HTTP_HOST": "127.0.0.1"}
# What brackets a transaction asks for nothing.
BRACKETS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT")

type Ask = Callable[[], Any]


def browser(cookie: str) -> Any:
    """A browser with one cookie."""
    from django.test import Client

    client = Client(**HOST)
    name, _equals, value = cookie.partition("=")
    client.cookies[name] = value
    return client


def queries(ask: Ask) -> int:
    """How many a request makes, the first of which warmed what is kept."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    succeeded(ask())
    with CaptureQueriesContext(connection) as captured:
        succeeded(ask())
    return sum(not query["sql"].startswith(BRACKETS) for query in captured.captured_queries)


def milliseconds(ask: Ask, times: int) -> list[float]:
    """How long each of some requests takes, after two that warm what is kept."""
    found = []
    for number in range(times + 2):
        began = time.perf_counter()
        answer = ask()
        if number >= 2:
            found.append((time.perf_counter() - began) * 1000)
        succeeded(answer)
    return found


def succeeded(answer: Any) -> None:
    """What fails is quick, and measures nothing."""
    status = getattr(answer, "status_code", 200)
    assert status in (200, 302), f"{status}: {answer.content[:500]!r}"


def customer_asks(chat: dict[str, Any], newest: int) -> dict[str, Ask]:
    """What a customer's browser asks for by plain HTTP."""
    client = browser(chat["cookie"])

    def post() -> Any:
        typed = {"text": "Sigue igual", "client_id": str(uuid.uuid4())}
        return client.post("/chat/mensajes/", typed, headers={"Accept": "application/json"})

    def command() -> Any:
        said = {"type": "message.send", "text": "Sigue igual", "client_id": str(uuid.uuid4())}
        return client.post("/chat/ordenes/", said, content_type="application/json")

    return {
        "opening /chat/": lambda: client.get("/chat/"),
        "posting a line": post,
        "posting a command": command,
        "polling": lambda: client.get(f"/chat/eventos/?after={newest}"),
    }


def pages(asked: dict[str, Any]) -> dict[str, Any]:
    """Queries of each page, by history and queue; a chat that runs, and one that waits."""
    found: dict[str, dict[str, int]] = {}
    [agent], now = _agents(1)
    for waiting in asked["queues"]:
        queue = people.make_chats(waiting, [], now)
        for lines in asked["histories"]:
            [chat] = people.make_chats(1, [agent], now)
            people.add_lines([chat["session"]], lines)
            where = f"{lines} lines, {waiting} waiting"
            found[where] = {what: queries(ask) for what, ask in customer_asks(chat, lines).items()}
        if queue:
            asks = customer_asks(queue[-1], 1)
            asks = {what: asks[what] for what in ("opening /chat/", "polling")}
            found[f"last of {waiting} waiting"] = {what: queries(ask) for what, ask in asks.items()}
    return found


def history(asked: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds of each first page of one chat as it grows, beside many others of the same length."""
    from chat import readers

    [agent], now = _agents(1)
    chats = people.make_chats(asked["chats"], [agent], now)
    *others, chat = [one["session"] for one in chats]
    people.add_lines(others, asked["lines"])
    customer, staff = browser(chats[-1]["cookie"]), browser(people.cookie_of(agent))
    asks: dict[str, Ask] = {
        "/chat/": lambda: customer.get("/chat/"),
        "the lines without scripts": lambda: customer.get("/chat/conversacion/"),
        "the agent's pane": lambda: staff.get(f"/agente/chat/{chats[-1]['folio']}/"),
        "what follows on a socket": lambda: readers.lines_after(chat, 0, for_staff=False),
    }
    found: dict[str, Any] = {what: {} for what in asks}
    for lines in asked["sizes"]:
        people.add_lines([chat], lines)
        for what, ask in asks.items():
            found[what][lines] = milliseconds(ask, asked["times"])
    return found


def clock(asked: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds of a round of the clock with so many open chats, and as many appointments."""
    from django.db import transaction

    from facturando_support.clock import due_acts
    from tests.rounds import do_round

    agents, now = _agents(100)
    found: dict[str, Any] = {"rounds": {}, "acts": {}}
    before = 0
    for size in asked["sizes"]:
        with transaction.atomic():
            people.make_chats((size - before) // 2, agents, now)
            people.make_chats((size - before) // 2, [], now)
            people.make_appointments(agents, size - before, now)
        before = size
        found["rounds"][size] = milliseconds(lambda: do_round(now), asked["times"])
    for act in due_acts():
        found["acts"][act.__name__] = milliseconds(lambda act=act: act(now), 3)  # type: ignore[misc]
    return found


def _agents(count: int) -> tuple[list[Any], Any]:
    from django.utils import timezone

    now = timezone.now()
    return people.make_agents(count, now), now


PROBES = {"pages": pages, "history": history, "clock": clock}


def main(what: str, asked: dict[str, Any]) -> dict[str, Any]:
    from bench.inside import set_up

    set_up("facturando_support.settings")
    from django.core.management import call_command

    # A line for each request, which would bury what went wrong.
    logging.disable(logging.INFO)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    return PROBES[what](asked)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]))) + "\n")
