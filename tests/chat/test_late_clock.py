"""Closing time holds when somebody acts, although the clock has not come round to it."""

import pytest
from django.test import Client

from chat import services
from chat.models import Agent
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, at, conversing, fresh, later, say_as_agent, start

pytestmark = pytest.mark.django_db


def agent_browser(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent)
    return client


def test_at_closing_time_nobody_can_take_a_waiting_chat(manual_hours, clock, laura):
    clock.move_to(at("13:50"))
    session = start(ANA, now=at("13:50"))
    clock.move_to(at("14:00"))

    response = agent_browser(laura).post(f"/agente/chat/{session.folio}/atender/")

    assert response.status_code == 409
    assert fresh(session).end_reason == "closing"
    assert fresh(session).offline_message is not None


def test_at_closing_time_a_customer_who_keeps_waiting_reads_that_it_became_a_message(manual_hours, clock):
    clock.move_to(at("13:50"))
    session = start(ANA, now=at("13:50"))
    clock.move_to(at("14:00"))

    response = browser_of(ANA).post("/chat/esperar/")

    assert fresh(session).end_reason == "closing"
    assert "quedó como mensaje" in response.content.decode()


@pytest.mark.parametrize("url", ["/chat/", "/chat/eventos/?after=0"])
def test_at_closing_time_no_page_still_shows_a_place_in_the_queue(manual_hours, clock, url):
    clock.move_to(at("13:50"))
    session = start(ANA, now=at("13:50"))
    clock.move_to(at("14:05"))

    page = browser_of(ANA).get(url).content.decode()

    assert fresh(session).end_reason == "closing"
    assert 'data-role="queue-place"' not in page
    assert "queue.moved" not in page


def test_an_agents_line_does_not_revive_what_silence_has_ended(clock, laura):
    session = conversing(laura)
    say_as_agent(session, laura, "¿Cuál es el error?")
    clock.move_to(later(minutes=11))

    with pytest.raises(services.ChatEnded):
        say_as_agent(session, laura, "¿Sigue ahí?", now=later(minutes=11))


def test_an_agent_who_ends_a_chat_after_silence_did_is_not_the_reason(clock, laura):
    session = conversing(laura)
    say_as_agent(session, laura, "¿Cuál es el error?")
    clock.move_to(later(minutes=30))

    agent_browser(laura).post(f"/agente/chat/{session.folio}/finalizar/")

    assert fresh(session).end_reason == "inactivity"


def test_work_by_plain_http_is_a_sign_of_life(clock, laura):
    session = start(ANA)
    clock.move_to(later(minutes=3))

    agent_browser(laura).post(f"/agente/chat/{session.folio}/atender/")

    laura.refresh_from_db()
    assert laura.last_seen_at == later(minutes=3)
