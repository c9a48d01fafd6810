"""The made-up customer's site: one tag embeds the chat, and the demo says that it is one."""

import re

import pytest

ALWAYS_OPEN = "Demostración: el chat está siempre abierto."


@pytest.fixture
def development(settings):
    settings.DEBUG = True
    settings.HOURS = "open"


@pytest.fixture
def production(settings):
    settings.DEBUG = False
    settings.HOURS = "real"


def test_the_chat_is_embedded_by_one_tag(client, production):
    page = client.get("/").text
    assert re.findall(r"<script[^>]*>", page) == ['<script src="/widget.js" async>']


def test_without_scripts_a_plain_link_leads_to_the_chat(client, production):
    noscript = re.search(r"<noscript>(.*?)</noscript>", client.get("/").text, re.DOTALL)
    assert noscript is not None
    assert 'href="/chat/">Chat de soporte</a>' in noscript[1]


def test_the_policy_lets_the_tag_run_and_nothing_unsafe(client, production):
    response = client.get("/")
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-" not in policy
    assert " style=" not in response.text


def test_no_cookie_is_set_before_the_customer_touches_the_chat(client, production):
    assert not client.get("/").cookies


def test_the_demo_says_that_it_is_always_open_and_how_to_change_that(client, development):
    page = client.get("/").text
    assert ALWAYS_OPEN in page
    assert "make run HOURS=real" in page


def test_with_real_hours_it_does_not_say_so(client, development, settings):
    settings.HOURS = "real"
    assert ALWAYS_OPEN not in client.get("/").text


def test_the_demo_s_accounts_are_shown_with_where_to_use_them(client, development):
    page = client.get("/").text
    for words in ("agente1", "agente2", "supervisor", "facturando-demo", 'href="/agente/"', 'href="/admin/"'):
        assert words in page


def test_outside_development_no_account_is_named(client, production):
    page = client.get("/").text
    for words in ("agente1", "facturando-demo", "/agente/", "/admin/", "Demostración"):
        assert words not in page
