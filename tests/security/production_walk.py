"""Opens every page of an installation as it runs in production, and prints what came with each as JSON.

Settings are read once, at the start of a process: this is one of its own, started by the tests of headers.
"""

import json
import sys
import uuid
from typing import Any

import django
import time_machine


def main() -> None:
    django.setup()
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    setup_test_environment(debug=False)
    from tests.chat.factories import NOW

    with time_machine.travel(NOW, tick=False):
        json.dump([*walk()], sys.stdout)


def walk() -> Any:
    from chat.models import SUPERVISORS_GROUP
    from tests.chat.conftest import browser_of
    from tests.chat.factories import ANA, AgentFactory
    from tests.security.routes import MACHINES, SUPERVISORS, routes
    from tests.security.world import make_world

    site: dict[str, Any] = {"SERVER_NAME": "soporte.example", "raise_request_exception": False}
    laura = AgentFactory.create(username="laura")
    elena = AgentFactory.create(username="elena", group=SUPERVISORS_GROUP)
    elena.set_password("una-clave-larga-1")
    elena.save()
    world = make_world(laura)
    browsers = {"nobody": browser_of(**site), "customer": browser_of(ANA, **site)}
    for part, agent in {"agent": laura, "supervisor": elena}.items():
        browsers[part] = browser_of(**site)
        browsers[part].force_login(agent)
    for part, browser in browsers.items():
        for route in (route for route in routes() if route.open_to != SUPERVISORS or part == "supervisor"):
            for address in [*route.with_(world.ids)]:
                yield told(part, route.name, address, browser.get(address, secure=route.open_to != MACHINES))
    yield told("nobody", "plain", "/chat/", browser_of(**site).get("/chat/"))
    yield told("nobody", "static", "/static/", browser_of(**site).get(static_address(), secure=True))
    yield told("nobody", "foreign host", "/", browser_of(SERVER_NAME="ajeno.example").get("/", secure=True))
    login = {"username": "elena", "password": "una-clave-larga-1"}
    yield told("nobody", "logged in", "/", browser_of(**site).post("/agente/entrar/", login, secure=True))
    left = {"name": "Ana López", "email": ANA.email, "text": "Hola a todos", "client_id": uuid.uuid4()}
    yield told("nobody", "left", "/", browser_of(**site).post("/mensaje/", left, secure=True))


def static_address() -> str:
    from django.templatetags.static import static

    return static("chat/page.js")


def told(part: str, name: str, address: str, answer: Any) -> dict[str, Any]:
    from tests.security.answers import body_of

    return {
        "part": part,
        "name": name,
        "address": address,
        "status": answer.status_code,
        "headers": {name.lower(): value for name, value in answer.headers.items()},
        "cookies": {name: cookie.OutputString() for name, cookie in answer.cookies.items()},
        "body": body_of(answer) if "html" in answer.headers.get("Content-Type", "") else "",
    }


if __name__ == "__main__":
    main()
