"""Web processes that die: at the worst instant, at any instant, and one after the other in an update."""

import asyncio
import json
from pathlib import Path

from tests.faults.arena import Arena
from tests.faults.clients import Draft, form, request
from tests.faults.history import Kind
from tests.faults.layouts import WATCHED
from tests.faults.scenarios.table import fault
from tests.process import doomed
from tests.process.doomed import MARKER
from tests.servers import Product

DOOMED = str(Path(doomed.__file__))
INSTANTS = ("before-acknowledgement", "before-news", "before-commit")


@fault()
async def web_killed_at_the_acknowledgement(arena: Arena) -> None:
    """`kill -9` between the commit and the acknowledgement, before the news, and before the commit."""
    await arena.gather()
    await arena.begin()
    for number in range(1 if arena.is_quick else 3):
        for instant in INSTANTS[: 1 if arena.is_quick else 3]:
            await _doom(arena, instant, f"{instant} {number}")


async def _doom(arena: Arena, instant: str, words: str) -> None:
    web = arena.layout.web
    web.program, web.env["DOOM"] = DOOMED, instant
    await asyncio.to_thread(web.restart)
    await arena.acknowledged(10)
    talker = arena.random.choice(arena.talkers)
    chat = next(iter(talker.chats.values()))
    await talker.say(chat, Draft(f"{chat.tag} {MARKER} {words}"))
    await arena.until(lambda: web.process.poll() is not None, "the process to be killed")
    web.program = WATCHED
    await arena.struck(web.start)
    await arena.recovered()


@fault()
async def web_killed_at_random(arena: Arena) -> None:
    """`kill -9` of the one process, thirty times, while everybody talks."""
    await arena.gather()
    await arena.begin()
    for _ in range(3 if arena.is_quick else 30):
        await arena.acknowledged(arena.random.randint(1, 30))
        await arena.struck(arena.layout.web.kill9)
        await asyncio.to_thread(arena.layout.web.start)
        await arena.recovered()


@fault(layout="larger")
async def one_web_of_two_killed(arena: Arena) -> None:
    """`kill -9` of one of two web processes in turn; the other one takes its people."""
    await arena.gather()
    await arena.begin()
    for number in range(2 if arena.is_quick else 8):
        web = arena.layout.webs[number % 2]
        await arena.acknowledged(arena.random.randint(5, 30))
        await arena.struck(web.kill9)
        await arena.recovered()
        await asyncio.to_thread(web.start)


@fault(layout="larger")
async def rolling_restart(arena: Arena) -> None:
    """An update: both web processes end politely, one after the other, before pages that stay open."""
    await arena.gather()
    await arena.begin()
    for _ in range(1 if arena.is_quick else 3):
        for web in arena.layout.webs:
            await _update(arena, web)
        await _older_page(arena)


async def _update(arena: Arena, web: Product) -> None:
    await arena.acknowledged(10)
    await arena.struck(lambda: arena.demand(web.stop() == 0, "a web process did not end politely"))
    await arena.recovered()
    await asyncio.to_thread(web.start)


async def _older_page(arena: Arena) -> None:
    """A form of a page from before the update is sent after it."""
    talker = next(talker for talker in arena.talkers if not talker.is_agent)
    [chat] = talker.chats.values()
    draft = Draft(f"{chat.tag} desde la página de antes {arena.runs}")
    fields = {"csrfmiddlewaretoken": talker.token, "text": draft.text, "client_id": draft.client_id}
    content_type, body = form(fields)
    # Another page of the same browser: in which order the two send is nobody's promise.
    page = f"{talker.who} older page"
    talker.write(Kind.INVOKE, chat, draft, who=page)
    headers = {"Cookie": talker.cookies, "Content-Type": content_type, "Accept": "application/json"}
    status, _headers, content = await request(arena.layout.origin, "POST", "/chat/mensajes/", headers, body)
    arena.demand(status == 200, f"a form of an older page was answered {status}")
    if status == 200:
        talker.write(Kind.OK, chat, draft, who=page, number=json.loads(content)["number"])
