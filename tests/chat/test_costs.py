"""What a line costs, counted: statements, commits, frames, bytes and news, and never a template.

`make bench` measures how fast that is; these hold what makes it so.
"""

import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from channels.layers import get_channel_layer
from django.db import connection
from django.test.signals import template_rendered
from django.test.utils import CaptureQueriesContext

from chat.consumers import database
from tests.chat.factories import ANA, conversing, fresh
from tests.chat.sockets import agent_socket, customer_socket, do

pytestmark = pytest.mark.django_db(transaction=True)

LINES = 5
TEXT = "Al timbrar sale el error CFDI40138"


class Costs:
    """What was counted meanwhile."""

    def __init__(self) -> None:
        self.statements: Counter[str] = Counter()
        self.news: list[str] = []
        self.renders = self.turns = 0


@asynccontextmanager
async def counted(monkeypatch) -> AsyncIterator[Costs]:
    """Count what the database's thread, the layer and the templates are asked for."""
    costs, layer, run = Costs(), get_channel_layer(), database.run_commands
    send_many = layer.group_send_many

    async def told(messages):
        costs.news += [message["frame"]["type"] for _group, message in messages]
        await send_many(messages)

    async def turn(asked):
        costs.turns += 1
        return await run(asked)

    def rendered(**_kwargs):
        costs.renders += 1

    monkeypatch.setattr(layer, "group_send_many", told)
    monkeypatch.setattr(database, "run_commands", turn)
    template_rendered.connect(rendered)
    # In its thread: each has a connection of its own.
    captured = await do(CaptureQueriesContext, connection)
    await do(captured.__enter__)
    try:
        yield costs
    finally:
        queries = await do(lambda: captured.captured_queries)
        await do(captured.__exit__, None, None, None)
        template_rendered.disconnect(rendered)
        costs.statements = Counter(query["sql"].split()[0] for query in queries)


async def talk(customer, agent, session):
    """The customer says lines, one after the other; each is acknowledged, heard and marked as delivered."""
    frames = {"customer": [], "agent": []}
    for _line in range(LINES):
        await customer.send(type="message.send", text=TEXT, client_id=str(uuid.uuid4()))
        heard = await agent.next()
        frames["agent"].append(heard)
        assert heard["type"] == "message.created"
        mark = {"delivered": heard["number"], "read": 0}
        await agent.send(type="marks.move", session=session.pk, **mark)
        while frames["customer"][-1:] == [] or frames["customer"][-1]["type"] != "marks.moved":
            frames["customer"].append(await customer.next())
        frames["customer"].append({"type": "next"})
    return {who: [frame for frame in some if frame["type"] != "next"] for who, some in frames.items()}


async def test_a_line_through_the_whole_contract(laura, monkeypatch):
    session = await do(conversing, laura)
    newest = await do(fresh, session)
    async with customer_socket(ANA) as customer, agent_socket(laura) as agent:
        await customer.follow_live(session.pk, newest.last_number)
        await agent.follow_live(session.pk, newest.last_staff_number)
        async with counted(monkeypatch) as costs:
            frames = await talk(customer, agent, session)

    # A lock, an insert, an update; then a lock and an update for the mark.
    assert costs.statements["SELECT"] == 2 * LINES
    assert costs.statements["INSERT"] == LINES
    # One commit for the line, and one for the mark that comes after it.
    assert costs.statements["BEGIN"] == costs.turns == 2 * LINES
    assert costs.renders == 0
    # The line to each side, the mark to the one that waits for it.
    assert Counter(costs.news) == {"message.created": 2 * LINES, "marks.moved": LINES}
    assert len(frames["agent"]) == LINES
    assert Counter(frame["type"] for frame in frames["customer"]) == {
        "message.stored": LINES,
        "message.created": LINES,
        "marks.moved": LINES,
    }


async def test_no_frame_of_a_line_is_large(laura, monkeypatch):
    session = await do(conversing, laura)
    newest = await do(fresh, session)
    async with customer_socket(ANA) as customer, agent_socket(laura) as agent:
        await customer.follow_live(session.pk, newest.last_number)
        await agent.follow_live(session.pk, newest.last_staff_number)
        frames = await talk(customer, agent, session)

    largest = {}
    for frame in [*frames["customer"], *frames["agent"]]:
        size = len(json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode())
        largest[frame["type"]] = max(size, largest.get(frame["type"], 0))
    # What is said comes on top.
    assert largest["message.created"] - len(TEXT) <= 320
    assert largest["message.stored"] <= 200
    assert largest["marks.moved"] <= 120


async def test_a_browser_that_comes_back_and_missed_nothing(laura, monkeypatch):
    session = await do(conversing, laura)
    newest = await do(fresh, session)
    async with counted(monkeypatch) as costs, customer_socket(ANA) as customer:
        await customer.follow_live(session.pk, newest.last_number)

    # Whose chat it is, and where that stands; no line is looked for.
    assert costs.statements == {"SELECT": 2}
    assert costs.news == []
    assert costs.renders == 0


async def test_a_browser_that_comes_back_and_missed_a_line(laura, monkeypatch):
    session = await do(conversing, laura)
    newest = await do(fresh, session)
    async with counted(monkeypatch) as costs, customer_socket(ANA) as customer:
        await customer.follow(session.pk, newest.last_number - 1)
        missed = await customer.next("message.created")

    assert missed["number"] == newest.last_number
    assert costs.statements == {"SELECT": 3}
