"""What sockets count while they work (the figures of /metrics)."""

from datetime import timedelta

import pytest

from chat.consumers import base as consumers
from core.measures import REGISTRY
from tests.chat.factories import ANA, conversing, fill, fresh, say_as_agent, say_as_customer, start
from tests.chat.sockets import agent_socket, customer_socket, do, refused_socket, silently

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


class Counted:
    """How often something was counted since."""

    def __init__(self, name: str, **labels: str) -> None:
        self.name, self.labels = f"facturando_{name}", labels
        self.before = self._now()

    def _now(self) -> float:
        metrics = REGISTRY.restricted_registry([self.name]).collect()
        samples = (sample for metric in metrics for sample in metric.samples)
        return sum(
            sample.value for sample in samples if (sample.name, sample.labels) == (self.name, self.labels)
        )

    @property
    def times(self) -> float:
        return self._now() - self.before


async def test_a_line_that_goes_out_to_a_reader_is_timed_and_history_is_not():
    session = await do(start, ANA)
    delivered = Counted("deliver_seconds_count")
    async with customer_socket(ANA) as socket:
        await socket.follow(session.pk)
        await socket.lines(1)
        assert delivered.times == 0

        await do(say_as_customer, session, "La serie A")
        await socket.lines(1)
        await socket.ready()

        assert delivered.times == 1


async def test_who_comes_back_with_a_number_is_counted_by_side(laura):
    session = await do(conversing, laura)
    newest = await do(fresh, session)
    customers, staff = Counted("resumes_total", side="customer"), Counted("resumes_total", side="staff")
    async with customer_socket(ANA) as socket, agent_socket(laura) as console:
        await socket.follow_live(session.pk, after=0)
        assert customers.times == 0

        await socket.follow_live(session.pk, after=newest.last_number)
        await console.follow_live(session.pk, after=newest.last_staff_number)

    assert (customers.times, staff.times) == (1, 1)


async def test_a_gap_that_later_news_show_is_counted(laura):
    session = await do(conversing, laura)
    gaps = Counted("gaps_repaired_total", found_by="news")
    async with customer_socket(ANA) as socket:
        await socket.follow_live(session.pk, after=(await do(fresh, session)).last_number)
        await do(silently, lambda: say_as_agent(session, laura, "perdida"))
        await do(say_as_agent, session, laura, "oída")
        assert [line["text"] for line in await socket.lines(2)] == ["perdida", "oída"]

    assert gaps.times == 1


async def test_a_gap_that_a_heartbeat_shows_is_counted(laura, settings, monkeypatch):
    settings.CHAT_HEARTBEAT = timedelta(seconds=0.05)
    monkeypatch.setattr(consumers, "MISSED_HEARTBEATS", 1_000)
    session = await do(conversing, laura)
    gaps = Counted("gaps_repaired_total", found_by="heartbeat")
    async with customer_socket(ANA) as socket:
        await socket.follow_live(session.pk, after=(await do(fresh, session)).last_number)
        await do(silently, lambda: say_as_agent(session, laura, "perdida"))
        await socket.lines(1)

    assert gaps.times == 1


async def test_what_the_server_ends_is_counted_by_its_code(db):
    closed = Counted("sockets_closed_total", code="4404")

    async with refused_socket("/ws/chat/") as socket:
        assert await socket.close_code() == 4404

    assert closed.times == 1


async def test_a_long_history_is_no_gap():
    session = await do(start, ANA)
    await do(fill, session, 50)
    gaps = Counted("gaps_repaired_total", found_by="news")
    async with customer_socket(ANA) as socket:
        await socket.follow(session.pk)
        await socket.lines(50)

    assert gaps.times == 0
