"""Sockets that break in the middle: each side comes back with its last number and both equal the database."""

import json
from collections.abc import Iterator

import pytest

from tests import servers
from tests.process.chatting import (
    AgentReader,
    Reader,
    cut,
    identify,
    rows,
    start_chat,
    stored_lines,
    take_chat,
)
from tests.servers import Product, wait_until

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with servers.product(tmp_path_factory.mktemp("cut"), command=("serve", "--demo")) as running:
        yield running


@pytest.fixture
def chat(server: Product) -> Iterator[tuple[Reader, AgentReader]]:
    """A customer, identified, and an agent."""
    customer = start_chat(server)
    agent = take_chat(server)
    identify(customer)
    yield customer, agent
    [(folio,)] = rows(server, "SELECT folio FROM chat_chatsession WHERE state <> 'ended'")
    agent.pages.post("/agente/", f"/agente/chat/{folio}/finalizar/")


def of_this_chat(agent: AgentReader) -> list[tuple[int, str]]:
    """Number and text of the chat's lines, in order."""
    found = rows(agent.server, "SELECT session_id, number, text FROM chat_message ORDER BY number")
    return [(number, text) for session, number, text in found if session == agent.session]


def both_sides_equal_the_database(customer: Reader, agent: AgentReader) -> None:
    found = of_this_chat(agent)
    for reader in (customer, agent):
        with reader.connected() as wire:
            reader.hear(wire, lambda: len(reader.lines) == len(found))  # noqa: B023  used at once
        assert [(line["number"], line["text"]) for line in reader.lines] == found
    assert [number for number, _ in found] == list(range(1, len(found) + 1))


def has_arrived(agent: AgentReader, text: str) -> None:
    wait_until(lambda: text in [line for _, line in of_this_chat(agent)], f"«{text}» in the database")


def send_again(reader: Reader, *lines: dict) -> None:
    with reader.connected() as wire:
        for line in lines:
            wire.send(json.dumps(line))
            reader.hear(wire, lambda: line["client_id"] in reader.stored)  # noqa: B023  used at once


def test_a_line_whose_sender_is_cut_off_before_the_answer_is_stored_once(chat):
    customer, agent = chat
    line = customer.line("Enviado y cortado")
    with customer.connected() as wire:
        wire.send(json.dumps(line))
        cut(wire)
    has_arrived(agent, "Enviado y cortado")

    send_again(customer, line, line)

    both_sides_equal_the_database(customer, agent)
    assert customer.texts.count("Enviado y cortado") == 1


def test_half_a_frame_is_nothing(chat):
    customer, agent = chat
    line = customer.line("Solo llegó la mitad")
    with customer.connected() as wire:
        payload = json.dumps(line).encode()
        # A masked text frame (RFC 6455, section 5.2) that promises more than is sent.
        wire.socket.sendall(bytes([0x81, 0x80 | 126]) + len(payload).to_bytes(2, "big") + bytes(4))
        wire.socket.sendall(payload[: len(payload) // 2])
        cut(wire)
    send_again(customer, customer.line("La siguiente"))
    assert "Solo llegó la mitad" not in [text for _, text in of_this_chat(agent)]

    send_again(customer, line)

    both_sides_equal_the_database(customer, agent)
    assert customer.texts[-2:] == ["La siguiente", "Solo llegó la mitad"]


def test_cuts_of_both_sides_all_the_time_lose_and_repeat_nothing(chat):
    customer, agent = chat
    for round_ in range(8):
        mine = customer.line(f"cliente {round_}")
        theirs = agent.line(f"agente {round_}")
        with customer.connected() as here, agent.connected() as there:
            here.send(json.dumps(mine))
            there.send(json.dumps(theirs))
            # Now the one, now the other is cut off at once, and the other reads on.
            cut(here if round_ % 2 else there)
            reader, wire, line = (agent, there, theirs) if round_ % 2 else (customer, here, mine)
            reader.hear(wire, lambda: line["client_id"] in reader.stored)  # noqa: B023  used at once
            cut(wire)
        send_again(customer, mine)
        send_again(agent, theirs)

    both_sides_equal_the_database(customer, agent)
    for side in ("cliente", "agente"):
        own = [text for text in customer.texts if text.startswith(f"{side} ")]
        assert own == [f"{side} {round_}" for round_ in range(8)]


def test_a_reader_who_was_away_for_long_gets_everything_in_order(chat):
    customer, agent = chat
    with customer.connected() as wire:
        customer.hear(wire, lambda: len(customer.lines) == len(of_this_chat(agent)))
        cut(wire)
    for ten in range(0, 250, 10):
        send_again(agent, *(agent.line(f"Paso {number}") for number in range(ten, ten + 10)))

    both_sides_equal_the_database(customer, agent)


def test_every_line_has_its_own_id(server):
    keys = [key for _, key, _ in stored_lines(server)]

    assert len(keys) == len(set(keys))
