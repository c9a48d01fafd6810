"""The link in a mailed conversation: what it opens, for whom, and for how long."""

import re

import pytest
from django.test import Client
from post_office.models import Email

from chat import services
from chat.links import link_to
from chat.models import ChatSession
from tests.chat.factories import BETO, conversing, end, later, note, say_as_agent, start
from tests.chat.pages import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(laura, clock) -> ChatSession:
    """Ana's chat, ended, in which Laura answered and left a note."""
    session = conversing(laura)
    say_as_agent(session, laura, "Reinstale el certificado")
    note(session, laura, "Cliente moroso")
    return end(session)


def path_of(session: ChatSession) -> str:
    return link_to(session).removeprefix("http://127.0.0.1:8000")


def test_the_mailed_conversation_carries_a_link_to_this_site(ended):
    services.send_transcript(session=ended)

    [link] = re.findall(r"http://127\.0\.0\.1:8000/chat/enlace/\S+", Email.objects.get().message)
    assert Client().get(link.removeprefix("http://127.0.0.1:8000")).status_code == 302


def test_any_browser_with_the_link_reads_the_chat_and_no_secret_stays_in_the_address(ended):
    browser = Client()

    response = browser.get(path_of(ended), follow=True)

    assert response.redirect_chain == [(f"/chat/anterior/{ended.folio}/", 302)]
    words = Page(response).words
    assert "Reinstale el certificado" in words
    assert "Cliente moroso" not in words


def test_the_link_opens_as_often_as_it_is_used_and_in_several_browsers(ended):
    for _browser in range(2):
        browser = Client()
        for _time in range(2):
            assert browser.get(path_of(ended), follow=True).status_code == 200


def test_the_folio_alone_opens_nothing(ended):
    response = Client().get(f"/chat/anterior/{ended.folio}/")

    assert response.status_code == 404


def test_the_link_of_one_chat_opens_no_other(ended, clock):
    stranger = end(start(BETO))
    browser = Client()
    browser.get(path_of(ended))

    assert browser.get(f"/chat/anterior/{stranger.folio}/").status_code == 404


def test_the_link_is_good_for_seven_days_and_then_says_so(ended, clock):
    link = path_of(ended)

    clock.move_to(later(days=6, hours=23))
    assert Client().get(link).status_code == 302
    clock.move_to(later(days=7, seconds=1))
    response = Client().get(link)

    assert response.status_code == 410
    assert "Este enlace ya no sirve" in Page(response).words


def test_a_changed_link_opens_nothing(ended):
    link = path_of(ended)

    response = Client().get(f"{link[:-3]}xyz/")

    assert response.status_code == 410
    assert "Reinstale" not in response.content.decode()


def test_a_chat_that_goes_on_has_no_link(laura, clock):
    session = conversing(laura)

    assert Client().get(path_of(session)).status_code == 410
