"""On another site's page the customer's cookies are third-party ones, and only named sites may frame."""

import json
import os
import subprocess
import sys

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import get_resolver

from facturando_support.middleware import PartitionedCookiesMiddleware

ANCESTORS = "frame-ancestors 'self' https://www.facturando.example https://facturando.example"
# Settings are read once, at the start: a process of its own has them.
PROBE = """
import django, json, sys
django.setup()
from django.conf import settings
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.test import Client
settings.DEBUG = False
from facturando_support.body_limit import _policy
browser = Client(SERVER_NAME="soporte.example", enforce_csrf_checks=True)
response = browser.get("/chat/", secure=True)
errors = {
    "no cookie": browser.post("/chat/iniciar/", {"text": "hola"}, secure=True),
    "no page": browser.get("/chat/no-existe/", secure=True),
    "no page elsewhere": browser.get("/no-existe/", secure=True),
}
print(json.dumps({
    "cookies": {name: cookie.OutputString() for name, cookie in response.cookies.items()},
    "policy": response["Content-Security-Policy"],
    "help": browser.get("/ayuda/", secure=True)["Content-Security-Policy"],
    "errors": {
        what: [error.status_code, error.headers.get("X-Frame-Options"), error["Content-Security-Policy"]]
        for what, error in errors.items()
    },
    "too large": _policy(),
}))
"""


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """What a browser is sent by an installation that two sites may embed."""
    names = {
        "DJANGO_SETTINGS_MODULE": "facturando_support.settings",
        "VAR_DIR": str(tmp_path_factory.mktemp("var")),
        "DEBUG": "on",
        "PUBLIC_URL": "https://soporte.example",
        "EMBED_ORIGINS": "https://www.facturando.example,https://facturando.example",
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    env = {name: value for name, value in (os.environ | names).items() if value}
    probe = subprocess.run(
        [sys.executable, "-c", PROBE], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert probe.returncode == 0, probe.stderr
    return json.loads(probe.stdout.splitlines()[-1])


@pytest.mark.process
def test_the_visitors_cookie_works_inside_a_frame_of_another_site(embedded):
    attributes = {part.strip() for part in embedded["cookies"]["fs_visitante"].split(";")[1:]}

    assert {"HttpOnly", "SameSite=None", "Secure", "Partitioned"} <= attributes


@pytest.mark.process
def test_the_forgery_cookie_works_there_as_well(embedded):
    attributes = {part.strip() for part in embedded["cookies"]["csrftoken"].split(";")[1:]}

    assert {"SameSite=None", "Secure", "Partitioned"} <= attributes


@pytest.mark.process
def test_the_named_sites_alone_may_frame_the_chat(embedded):
    [ancestors] = [part.strip() for part in embedded["policy"].split(";") if "frame-ancestors" in part]

    assert ancestors == ANCESTORS


@pytest.mark.process
@pytest.mark.parametrize(("what", "status"), [("no cookie", 403), ("no page", 404)])
def test_an_error_of_the_chat_is_read_in_the_frame_where_it_happened(embedded, what, status):
    answered, frame_options, policy = embedded["errors"][what]

    assert (answered, frame_options) == (status, None)
    assert ANCESTORS in policy


@pytest.mark.process
def test_so_is_the_refusal_of_a_file_that_is_too_large(embedded):
    assert embedded["too large"] == f"default-src 'none'; {ANCESTORS}"


@pytest.mark.process
def test_nobody_frames_the_errors_of_other_pages(embedded):
    _status, frame_options, policy = embedded["errors"]["no page elsewhere"]

    assert frame_options == "DENY"
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("status", [400, 404, 500])
def test_every_error_page_of_the_chat_may_be_framed(status):
    handler = get_resolver().resolve_error_handler(status)
    exception = [] if status == 500 else [Exception()]

    response = handler(RequestFactory().get("/chat/"), *exception)

    assert response.status_code == status
    assert response.xframe_options_exempt


@pytest.mark.process
def test_nobody_frames_the_other_pages(embedded):
    assert "frame-ancestors 'none'" in embedded["help"]


def cookies_after_middleware():
    def view(_request):
        response = HttpResponse()
        response.set_cookie("third", samesite="None")
        response.set_cookie("staff", samesite="Lax")
        return response

    return PartitionedCookiesMiddleware(view)(RequestFactory().get("/")).cookies


def test_only_cookies_meant_for_frames_are_partitioned(settings):
    settings.EMBED_ORIGINS = ["https://facturando.example"]

    cookies = cookies_after_middleware()

    third = {part.strip() for part in cookies["third"].OutputString().split(";")}
    assert {"Secure", "Partitioned"} <= third
    assert "Partitioned" not in cookies["staff"].OutputString()


def test_without_other_sites_no_cookie_is_partitioned(settings):
    settings.EMBED_ORIGINS = []

    assert "Partitioned" not in cookies_after_middleware()["third"].OutputString()
