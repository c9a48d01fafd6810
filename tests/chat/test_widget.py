"""The script of the tag: it opens the chat at the origin that a page may really frame."""

import json
import re

import pytest

pytestmark = pytest.mark.django_db

PUBLIC = "https://soporte.example"


@pytest.fixture(autouse=True)
def _public_origins(settings):
    settings.PUBLIC_URL = PUBLIC
    settings.PUBLIC_ORIGINS = [PUBLIC, "http://localhost:8000"]
    settings.ALLOWED_HOSTS = ["*"]


def settings_at(client, host, **request):
    """What the script tells itself when it is asked for at this host."""
    script = client.get("/widget.js", headers={"host": host}, **request).text
    return json.loads(re.search(r"var settings = (\{.*\});", script)[1])


@pytest.mark.parametrize(
    ("host", "is_secure", "origin"),
    [
        ("soporte.example", True, PUBLIC),
        ("localhost:8000", False, "http://localhost:8000"),
        # Not an origin of ours: another port, another scheme, another name.
        ("localhost:8001", False, PUBLIC),
        ("localhost:8000", True, PUBLIC),
        ("otro.example", True, PUBLIC),
    ],
)
def test_the_chat_opens_at_the_origin_that_the_script_came_from_if_it_is_a_public_one(
    client, host, is_secure, origin
):
    said = settings_at(client, host, secure=is_secure)

    assert (said["origin"], said["chat"]) == (origin, f"{origin}/chat/")


def test_a_shared_cache_keeps_the_script_of_each_host_apart(client):
    assert "Host" in client.get("/widget.js")["Vary"]
