"""What sockets ask while the database works is asked together, and each gets its own answer."""

import asyncio
import gc

import pytest

from chat.consumers import CustomerConsumer
from chat.consumers.gathering import Gathering
from tests.chat.factories import Customer, start
from tests.chat.sockets import customer_socket, do


class Asked:
    """Stands for the database: it answers when it is let, and keeps what it was asked in each turn."""

    def __init__(self):
        self.turns = []
        self.is_free = asyncio.Event()

    async def __call__(self, items):
        self.turns.append(items)
        await self.is_free.wait()
        if "all" in items:
            raise OSError("The disk is gone.")
        return [KeyError(item) if item == "one" else item.upper() for item in items]


async def gathered(items, most=10):
    asked = Asked()
    gathering = Gathering(asked, most)
    answers = [asyncio.create_task(gathering(item)) for item in items]
    async with asyncio.timeout(10):
        while len(asked.turns) < 1 or len(gathering.waiting()) < len(items) - len(asked.turns[0]):
            await asyncio.sleep(0)
        return asked, gathering, answers


async def test_whoever_comes_first_goes_alone_and_the_rest_together_in_order():
    asked, _gathering, answers = await gathered(["a", "b", "c"])
    asked.is_free.set()

    assert [await answer for answer in answers] == ["A", "B", "C"]
    assert asked.turns in ([["a"], ["b", "c"]], [["a", "b", "c"]])


async def test_no_turn_takes_more_than_it_may():
    asked, gathering, answers = await gathered(["a"])
    answers += [asyncio.create_task(gathering(item)) for item in "bcdefghijklmnop"]
    gathering.most = 4
    asked.is_free.set()
    await asyncio.wait(answers)

    assert [len(turn) for turn in asked.turns] == [1, 4, 4, 4, 3]
    assert [answer.result() for answer in answers] == list("ABCDEFGHIJKLMNOP")


async def test_whoever_is_patient_goes_with_the_next_who_is_in_a_hurry():
    asked = Asked()
    asked.is_free.set()
    gathering = Gathering(asked, 10)
    patient = gathering.put("a", patience=3600)
    await asyncio.sleep(0)
    assert gathering.waiting() == ["a"]

    assert await gathering("b") == "B"

    assert asked.turns == [["a", "b"]]
    assert patient.result() == "A"


async def test_nobody_is_patient_for_longer_than_was_said():
    asked = Asked()
    asked.is_free.set()

    async with asyncio.timeout(10):
        assert await Gathering(asked, 10)("a", patience=0.01) == "A"


async def test_what_fails_for_one_fails_for_nobody_else():
    asked, _gathering, answers = await gathered(["a", "one", "b"])
    asked.is_free.set()

    found = await asyncio.gather(*answers, return_exceptions=True)

    assert [found[0], type(found[1]), found[2]] == ["A", KeyError, "B"]


async def test_what_fails_for_all_is_told_to_all_and_the_next_turn_goes_on():
    asked, gathering, answers = await gathered(["all"])
    asked.is_free.set()
    found = await asyncio.gather(*answers, return_exceptions=True)

    assert [type(failure) for failure in found] == [OSError]
    assert await gathering("a") == "A"


async def test_whoever_leaves_meanwhile_keeps_nobody_from_an_answer():
    asked, gathering, [leaver] = await gathered(["a"])
    stayer = asyncio.create_task(gathering("b"))
    leaver.cancel()
    await asyncio.wait([leaver])
    asked.is_free.set()

    assert await stayer == "B"


@pytest.mark.django_db(transaction=True)
async def test_those_who_come_together_do_not_beat_together():
    people = [
        Customer(name=f"Persona {n}", email=f"p{n}@correo.example.mx", key=f"key-{n}") for n in range(5)
    ]
    for person in people:
        await do(start, person)
    sockets = [customer_socket(person) for person in people]
    for socket in sockets:
        await socket.__aenter__()

    open_ones = [one for one in gc.get_objects() if type(one) is CustomerConsumer and not one.is_closing]
    beats = [one.next_beat.when() for one in open_ones if one.next_beat and not one.next_beat.cancelled()]
    for socket in sockets:
        await socket.__aexit__(None, None, None)

    # Of ten seconds in which the first of theirs may come.
    assert len(beats) >= len(people)
    assert max(beats) - min(beats) > 0.1
