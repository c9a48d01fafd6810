"""`chat/PROTOCOL.md` says what the code does."""

import dataclasses
import re
from pathlib import Path

import pytest

from chat import commands, events
from chat.consumers import base as consumers
from core.strict_json import MAX_DEPTH

PROTOCOL = (Path(commands.__file__).parent / "PROTOCOL.md").read_text()
# What the sockets themselves say, beside commands and events.
SOCKET_COMMANDS = {"chat.follow", "heartbeat"}
SOCKET_FACTS = {"message.stored", "heartbeat", "error"}


def table(heading):
    """The rows of the table below a heading, as lists of cells."""
    section = PROTOCOL.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def names(cell):
    return set(re.findall(r"`([^`]+)`", cell))


def rows_by_type(heading):
    return {name: row for row in table(heading) for name in names(row[0])}


def test_the_table_of_commands_is_what_the_server_understands():
    assert set(rows_by_type("Browser to server")) == {*commands.AGENT_COMMANDS, *SOCKET_COMMANDS}


def test_the_table_says_which_commands_are_for_agents_alone():
    for_agents = {name for name, row in rows_by_type("Browser to server").items() if row[1] == "agent"}

    assert for_agents == set(commands.AGENT_COMMANDS) - set(commands.CUSTOMER_COMMANDS)


def test_the_table_of_facts_is_what_the_server_says():
    told = {event.type for event in events.Event.__subclasses__()}

    assert set(rows_by_type("Server to browser")) == told | SOCKET_FACTS


@pytest.mark.parametrize("event", events.Event.__subclasses__(), ids=lambda event: event.type)
def test_the_table_names_the_fields_of_every_event(event):
    row = rows_by_type("Server to browser")[event.type]

    assert names(row[2]) == {field.name for field in dataclasses.fields(event)}


def test_the_table_of_closing_codes_is_that_of_the_consumers():
    codes = {value for name, value in vars(consumers.Close).items() if name.isupper()}

    assert {int(row[0]) for row in table("Closing codes")} == codes


def test_the_limits_are_those_of_the_code():
    assert f"{consumers.MAX_FRAME_CHARS:,} characters" in PROTOCOL
    assert f"nesting of at most {MAX_DEPTH}" in PROTOCOL
    assert f"{consumers.FRAMES_PER_SECOND} frames a second" in PROTOCOL
    assert f"More than {consumers.WINDOW} frames" in PROTOCOL
