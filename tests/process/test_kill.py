"""`kill -9` in the middle of storing a line: nothing is lost, nothing is there twice, the order stays."""

import json
import signal
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests import servers
from tests.process import doomed
from tests.process.chatting import FIRST_WORDS, Reader, start_chat, stored_lines
from tests.process.doomed import MARKER
from tests.servers import Product

pytestmark = pytest.mark.process

DOOMED = str(Path(doomed.__file__))


def send_until_killed(customer: Reader, *lines: dict) -> None:
    """Send lines one after the other; the last one kills the server before it can answer."""
    with customer.connected() as wire:
        customer.hear(wire, lambda: FIRST_WORDS in customer.texts)
        for line in lines[:-1]:
            wire.send(json.dumps(line))
            customer.hear(wire, lambda: line["client_id"] in customer.stored)  # noqa: B023  used at once
        wire.send(json.dumps(lines[-1]))
        with pytest.raises(ConnectionClosed):
            customer.hear(wire, lambda: lines[-1]["client_id"] in customer.stored)
    assert customer.server.process.wait(30) == -signal.SIGKILL


def restart_whole(server: Product) -> None:
    """Start the product again, without its flaw, on what the killed process left."""
    server.program = "manage.py"
    server.start()


@pytest.mark.parametrize(
    ("instant", "is_committed"),
    [("before-commit", False), ("before-news", True), ("before-acknowledgement", True)],
)
def test_a_line_during_which_the_process_is_killed_is_stored_once_when_sent_again(
    instant, is_committed, tmp_path
):
    with servers.product(tmp_path, env={"DOOM": instant}, program=DOOMED) as server:
        customer = start_chat(server)
        before, doomed_line, after = (customer.line(text) for text in ("Antes", MARKER, "Después"))
        send_until_killed(customer, before, doomed_line)
        assert [text for *_, text in stored_lines(server)] == [
            FIRST_WORDS,
            "Antes",
            *([MARKER] if is_committed else []),
        ]

        restart_whole(server)
        with customer.connected() as wire:
            for line in (doomed_line, after):
                wire.send(json.dumps(line))
            customer.hear(wire, lambda: after["client_id"] in customer.stored)
            customer.hear(wire, lambda: "Después" in customer.texts)

        assert customer.stored[doomed_line["client_id"]] == 3
        assert customer.texts == [FIRST_WORDS, "Antes", MARKER, "Después"]
        assert stored_lines(server) == [
            (line["number"], line["client_id"], line["text"]) for line in customer.lines
        ]
        assert [number for number, *_ in stored_lines(server)] == [1, 2, 3, 4]


def test_a_reader_who_was_told_before_the_kill_is_not_told_twice(tmp_path):
    """The line was announced and never acknowledged: its sender has it already when it sends it again."""
    with servers.product(tmp_path, env={"DOOM": "before-acknowledgement"}, program=DOOMED) as server:
        customer = start_chat(server)
        line = customer.line(MARKER)
        send_until_killed(customer, line)

        restart_whole(server)
        for _again in range(3):
            with customer.connected() as wire:
                wire.send(json.dumps(line))
                customer.hear(wire, lambda: line["client_id"] in customer.stored)
                customer.hear(wire, lambda: MARKER in customer.texts)

        assert customer.texts == [FIRST_WORDS, MARKER]
        assert [text for *_, text in stored_lines(server)] == [FIRST_WORDS, MARKER]


def test_what_was_acknowledged_outlives_a_kill_at_any_moment(tmp_path):
    with servers.product(tmp_path) as server:
        customer = start_chat(server)
        lines = [customer.line(f"Renglón {number}") for number in range(40)]
        with customer.connected() as wire:
            for line in lines:
                wire.send(json.dumps(line))
                # One at a time, as browsers send; the kill comes while others are on their way.
                if len(customer.stored) >= 20:
                    break
                customer.hear(wire, lambda: line["client_id"] in customer.stored)  # noqa: B023  used at once
            server.kill9()
        acknowledged = dict(customer.stored)
        server.start()

        assert acknowledged.items() <= {key: number for number, key, _ in stored_lines(server)}.items()
        with customer.connected() as wire:
            for line in lines:
                if line["client_id"] not in acknowledged:
                    wire.send(json.dumps(line))
                    customer.hear(wire, lambda: line["client_id"] in customer.stored)  # noqa: B023  used at once
            customer.hear(wire, lambda: "Renglón 39" in customer.texts)
        assert customer.texts == [FIRST_WORDS, *(line["text"] for line in lines)]
        assert [text for *_, text in stored_lines(server)] == customer.texts
