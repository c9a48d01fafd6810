"""What a browser is told with every page, as in production: policies, cookies, transport."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.servers import FOREIGN_SETTINGS, ROOT

# The product in production is a process of its own.
pytestmark = pytest.mark.process

ENV = {
    "DJANGO_SETTINGS_MODULE": "facturando_support.settings",
    "DEBUG": "off",
    "HOURS": "real",
    "SECRET_KEY": "unas-letras-largas-para-las-pruebas-y-para-nada-mas-0123456789",
    "PUBLIC_URL": "https://soporte.example",
    "EMAIL_URL": "smtp://correo.example:25",
}
# Pages that the widget's frame shows; all others are framed by nobody.
FRAMED = {
    "chat:page",
    "chat:start",
    "chat:offline",
    "chat:end",
    "chat:conversation",
}
# Of the admin, what is the same for everybody who sees it.
NOBODYS = {"admin:jsi18n", "admin:password_change", "admin:password_change_done"}
FILES = {"chat:file", "chat:staff-file"}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Every page, by everybody who may open it."""
    own = {name: value for name, value in os.environ.items() if name not in FOREIGN_SETTINGS}
    walk = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.security.production_walk"],
        env=own | ENV | {"VAR_DIR": str(tmp_path_factory.mktemp("var"))},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert walk.returncode == 0, walk.stderr[-3000:]
    return json.loads(walk.stdout)


@pytest.fixture(scope="module")
def pages(answers):
    """What is ours to show: a foreign Host and plain HTTP are turned away before anything else."""
    return [answer for answer in answers if answer["name"] not in {"foreign host", "plain"}]


def policy_of(answer):
    parts = (part.strip().split(" ") for part in answer["headers"]["content-security-policy"].split(";"))
    return {name: values for name, *values in parts}


def test_the_walk_opened_the_pages_of_everybody(answers):
    opened = {(answer["part"], answer["name"]) for answer in answers if answer["status"] == 200}

    assert {
        ("customer", "chat:page"),
        ("agent", "chat:pane"),
        ("supervisor", "admin:chat_agent_change"),
    } <= opened
    assert len(opened) > 90
    # Machines are told whether the clock runs; here is none.
    assert {answer["name"] for answer in answers if answer["status"] >= 500} <= {"readyz"}


def test_a_script_that_was_smuggled_in_runs_on_no_page(pages):
    for answer in pages:
        policy = policy_of(answer)
        assert policy["default-src"] == ["'none'"], answer["address"]
        assert "unsafe-" not in answer["headers"]["content-security-policy"], answer["address"]
        if answer["name"] in FILES and answer["status"] == 200:
            assert policy["sandbox"] == ["allow-downloads"]
            continue
        for directive in ("script-src", "style-src"):
            assert [value for value in policy[directive] if "nonce-" not in value] == ["'self'"]
        assert policy["base-uri"] == ["'none'"]
        assert policy["form-action"] == ["'self'"]
        assert "object-src" not in policy


def test_no_page_holds_an_inline_script_or_style(pages):
    for answer in pages:
        for attributes in re.findall(r"<(?:script|style)\b([^>]*)>", answer["body"]):
            is_data = 'type="application/json"' in attributes
            assert "src=" in attributes or "nonce=" in attributes or is_data, (answer["address"], attributes)
        assert not re.search(r"<[^>]*\s(?:style|on[a-z]+)\s*=\s*[\"']", answer["body"]), answer["address"]
        assert not re.search(r"(?:href|src|action)\s*=\s*[\"']\s*(?:javascript|data:text)", answer["body"])


def test_a_nonce_is_never_used_twice(pages):
    nonces = [
        re.findall(r"'nonce-([^']+)'", answer["headers"]["content-security-policy"]) for answer in pages
    ]
    used = [nonce for [nonce, *_same] in filter(None, nonces)]

    assert len(used) > 20
    assert len(set(used)) == len(used)
    assert min(map(len, used)) >= 20


def test_a_stranger_frames_no_page(pages):
    for answer in pages:
        if answer["name"] in FILES and answer["status"] == 200:
            continue
        ancestors = policy_of(answer)["frame-ancestors"]
        if answer["name"] in FRAMED and answer["status"] in {200, 302}:
            assert ancestors == ["'self'"], answer["address"]
        elif answer["headers"].get("x-frame-options"):
            assert (ancestors, answer["headers"]["x-frame-options"]) == (["'none'"], "DENY"), answer[
                "address"
            ]
        else:
            assert ancestors in (["'self'"], ["'none'"]), answer["address"]


def test_every_answer_carries_the_headers_of_all(pages):
    for answer in pages:
        headers = answer["headers"]
        assert headers["x-content-type-options"] == "nosniff", answer["address"]
        assert headers["referrer-policy"] == "same-origin", answer["address"]
        assert headers["cross-origin-opener-policy"] == "same-origin", answer["address"]
        assert {"camera=()", "microphone=()", "geolocation=()"} <= set(
            headers["permissions-policy"].split(", ")
        )
        assert "x-powered-by" not in headers
        if answer["name"] not in {"healthz", "readyz"}:
            assert headers["strict-transport-security"] == "max-age=31536000", answer["address"]


def test_whoever_comes_by_plain_http_is_sent_to_https(answers):
    [plain] = [answer for answer in answers if answer["name"] == "plain"]

    assert (plain["status"], plain["headers"]["location"]) == (301, "https://soporte.example/chat/")
    assert not plain["cookies"]


def test_a_foreign_host_is_turned_away(answers):
    [foreign] = [answer for answer in answers if answer["name"] == "foreign host"]

    assert foreign["status"] == 400
    assert "ajeno.example" not in foreign["body"]


def test_every_cookie_is_out_of_reach_of_scripts_plain_http_and_other_sites(pages):
    seen = {}
    for answer in pages:
        for name, cookie in answer["cookies"].items():
            attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
            if "max-age=0" in attributes:
                continue
            seen[name] = attributes
            assert {"httponly", "secure", "samesite=lax"} <= attributes, (answer["address"], cookie)
            assert not any(part.startswith("domain=") for part in attributes)

    assert {"fs_visitante", "csrftoken", "sessionid", "fs_mensaje"} <= set(seen)
    assert "path=/mensaje/" in seen["fs_mensaje"]


def test_whose_page_it_is_stays_in_no_cache(pages):
    """Of a proxy, or of the browser for whoever sits down at it next."""
    for answer in pages:
        is_own = answer["name"].split(":")[0] in {"chat", "admin", "offline_messages"}
        if is_own and answer["status"] == 200 and answer["name"] not in NOBODYS:
            assert "no-store" in answer["headers"].get("cache-control", ""), (
                answer["address"],
                answer["part"],
            )


def test_no_address_hands_out_a_table_that_a_spreadsheet_would_run(pages):
    """There is no export. The first one brings a test that its cells begin no formula (=, +, -, @, tab)."""
    types = {answer["headers"].get("content-type", "").split(";")[0] for answer in pages}

    assert types - {""} <= {
        "text/html",
        "text/plain",
        "text/javascript",
        "application/json",
        "application/ics",
        "image/png",
    }
