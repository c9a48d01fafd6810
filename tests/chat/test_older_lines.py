"""A long chat opens with its newest lines, and the older ones are a link or a button away."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import history
from chat.history import LINES_SHOWN, MOST_SHOWN
from chat.models import SUPERVISORS_GROUP, ChatSession, Message
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, BETO, AgentFactory, attended, conversing, end, fill, fresh, note, start
from tests.chat.pages import Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

OLDER = "Ver mensajes anteriores"
STILL = "Leer con calma, sin actualizar"
BACK = "Volver a los mensajes más recientes"
LONG = 3 * LINES_SHOWN


def long_chat(count=LONG, read=None):
    """Ana's, which waits; everything in it was read, or as far as is told."""
    session = start(ANA)
    fill(session, count)
    _read(session, count if read is None else read)
    return fresh(session)


def _read(session, number):
    ChatSession.objects.filter(pk=session.pk).update(
        customer_delivered=number, customer_read=number, agent_delivered=number, agent_read=number
    )


@pytest.fixture
def browser():
    """Ana's."""
    return browser_of(ANA)


@pytest.fixture
def console(laura):
    browser = browser_of()
    browser.force_login(laura)
    return browser


def numbers(response, attribute="data-number"):
    """The lines of a page, by their numbers. A note has no number for the customer."""
    assert response.status_code == 200
    return [int(found) for found in re.findall(rf'{attribute}="(\d+)"', response.content.decode())]


def links(response):
    """Where the links to other lines lead, by their words."""
    found = re.findall(
        r'<p class="older"[^>]*><a [^>]*href="([^"]*)"[^>]*>([^<]*)</a>', response.content.decode()
    )
    return {words: address.replace("&amp;", "&") for address, words in found}


def last(count, until):
    return list(range(until - count + 1, until + 1))


# --- What a page shows ----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/chat/", "/chat/conversacion/"])
def test_a_page_shows_the_newest_lines(browser, address):
    long_chat()

    page = browser.get(address)

    assert numbers(page) == last(LINES_SHOWN, LONG)
    assert OLDER in links(page)


@pytest.mark.parametrize("address", ["/chat/", "/chat/conversacion/"])
def test_links_lead_through_all_lines_and_back(browser, address):
    long_chat()
    page = browser.get(address)
    seen = numbers(page)

    while OLDER in links(page):
        page = browser.get(links(page)[OLDER])
        seen = numbers(page) + seen
        assert BACK in links(page)

    assert seen == last(LONG, LONG)
    assert numbers(browser.get(links(page)[BACK])) == last(LINES_SHOWN, LONG)


@pytest.mark.parametrize("address", ["/chat/", "/chat/conversacion/"])
def test_a_short_chat_has_no_link(browser, address):
    long_chat(LINES_SHOWN)

    page = browser.get(address)

    assert numbers(page) == last(LINES_SHOWN, LINES_SHOWN)
    assert links(page) == {}


@pytest.mark.parametrize("asked", ["", "x", "-1", "1.5", "９", "9" * 10, "0x10", "1 OR 1=1", "\0"])
def test_a_number_that_is_none_shows_the_newest(browser, asked):
    long_chat()

    assert numbers(browser.get("/chat/", {"antes": asked})) == last(LINES_SHOWN, LONG)
    assert numbers(browser.get("/chat/conversacion/", {"antes": asked})) == last(LINES_SHOWN, LONG)


def test_a_number_before_the_first_line_shows_none(browser):
    long_chat()

    page = browser.get("/chat/?antes=1")

    assert (numbers(page), list(links(page))) == ([], [BACK])


def test_a_refused_form_shows_the_newest(browser):
    long_chat()

    page = browser.post("/chat/mensajes/?antes=20", {"text": ""})

    assert page.status_code == 422
    assert f"línea {LONG}" in Page(page).words
    assert links(page)[OLDER].startswith("/chat/?")


# --- What is unread -------------------------------------------------------------------------------------


def test_a_page_begins_with_what_is_unread(browser):
    long_chat(read=LONG - LINES_SHOWN - 10)

    assert numbers(browser.get("/chat/")) == last(LINES_SHOWN + 10, LONG)


def test_more_unread_lines_than_a_page_shows_are_counted_all_the_same(browser):
    """The server's count, of what the customer has to read: own lines are none of it."""
    session = long_chat(3 * MOST_SHOWN, read=20)
    session.messages.filter(number__range=(11, 40)).update(author=Message.Author.SYSTEM)
    session.messages.filter(number=3 * MOST_SHOWN).update(author=Message.Author.SYSTEM)

    page = browser.get("/chat/")

    assert numbers(page) == last(MOST_SHOWN, 3 * MOST_SHOWN)
    assert 'data-unread="21"' in page.content.decode()


def test_a_page_that_shows_all_unread_lines_counts_them_itself(browser):
    long_chat(read=LONG - 10)

    assert 'data-unread=""' in browser.get("/chat/").content.decode()


def test_reading_back_moves_no_marks(browser):
    session = long_chat(read=10)

    browser.get("/chat/conversacion/?antes=60")
    assert fresh(session).customer_read == 10

    browser.get("/chat/conversacion/")
    assert fresh(session).customer_read == LONG


# --- The frame without scripts --------------------------------------------------------------------------


def test_the_frame_keeps_what_it_was_asked_for_on_the_way_back_and_forth(browser):
    session = long_chat()
    where = f"estado=waiting-{session.pk}&salto=1"

    page = browser.get(f"/chat/conversacion/?{where}")
    older = browser.get(links(page)[OLDER])

    assert links(page)[OLDER] == f"/chat/conversacion/?antes={LONG - LINES_SHOWN + 1}&{where}#final"
    assert links(older)[BACK] == f"/chat/conversacion/?{where}#final"


def test_old_lines_stand_still_and_bring_to_the_newest_before_silence_ends_the_chat(browser, settings):
    session = long_chat()

    page = Page(browser.get(f"/chat/conversacion/?antes=60&estado=waiting-{session.pk}"))

    refresh = next(meta["content"] for meta in page.metas if meta.get("http-equiv") == "refresh")
    seconds, address = refresh.split(";url=")
    assert (
        60 <= int(seconds) < (settings.CHAT_INACTIVITY_END - settings.CHAT_INACTIVITY_WARNING).total_seconds()
    )
    assert "antes" not in address


def test_the_newest_lines_can_be_held_still(browser):
    session = long_chat()
    page = browser.get(f"/chat/conversacion/?estado=waiting-{session.pk}")

    still = browser.get(links(page)[STILL])

    assert numbers(still) == numbers(page)
    assert list(links(still)) == [OLDER, BACK]


def test_whoever_reads_back_is_told_that_the_chat_has_moved_on(browser):
    long_chat()

    page = Page(browser.get("/chat/conversacion/?antes=60&estado=start-0"))

    assert "Continuar" in page.words
    assert not [meta for meta in page.metas if meta.get("http-equiv") == "refresh"]


# --- The fragments for scripts --------------------------------------------------------------------------


def test_the_lines_before_a_number(browser):
    session = long_chat()

    fragment = browser.get(f"/chat/lineas/{session.folio}/?antes=101")

    assert numbers(fragment) == last(LINES_SHOWN, 100)
    assert links(fragment) == {OLDER: f"/chat/?antes={101 - LINES_SHOWN}"}
    assert "<html" not in fragment.content.decode()


def test_the_first_lines_have_nothing_before_them(browser):
    session = long_chat()

    fragment = browser.get(f"/chat/lineas/{session.folio}/?antes=11")

    assert numbers(fragment) == last(10, 10)
    assert links(fragment) == {}


def test_days_are_named_once_each(browser):
    session = long_chat()
    for number in range(1, 100):
        moment = session.created_at - timedelta(days=2 if number < 70 else 1)
        session.messages.filter(number=number).update(created_at=moment)

    fragment = browser.get(f"/chat/lineas/{session.folio}/?antes=101").content.decode()

    assert re.findall(r'class="day" data-day="([\d-]+)"', fragment) == [
        "2026-11-22",
        "2026-11-23",
        "2026-11-24",
    ]


def test_an_ended_chat_whose_page_is_still_open_is_read_back_and_never_another(browser):
    session = end(long_chat())
    ChatSession.objects.filter(pk=session.pk).update(put_away_at=session.ended_at)
    other = start(ANA, text="Otra duda")

    assert numbers(browser.get(f"/chat/lineas/{session.folio}/?antes=11")) == last(10, 10)
    assert numbers(browser.get(f"/chat/lineas/{other.folio}/?antes=11")) == [1]


@pytest.mark.parametrize("asked", ["", "?antes=", "?antes=x", "?antes=-1", f"?antes={'9' * 30}"])
def test_a_fragment_needs_a_number(browser, console, asked):
    session = long_chat()

    assert browser.get(f"/chat/lineas/{session.folio}/{asked}").status_code == 404
    assert console.get(f"/agente/chat/{session.folio}/lineas/{asked}").status_code == 404


# --- The agents' pane -----------------------------------------------------------------------------------


@pytest.fixture
def noted(laura):
    """Laura's, with a note among its oldest lines, and all read."""
    session = conversing(laura)
    fill_after(session, LINES_SHOWN)
    note(session, laura, "Cliente molesto")
    fill_after(session, LINES_SHOWN)
    _read(session, fresh(session).last_number)
    return fresh(session)


def fill_after(session, count):
    """So many more lines of the customer."""
    session = fresh(session)
    Message.objects.bulk_create(
        Message(
            session=session,
            number=session.last_number + more,
            staff_number=session.last_staff_number + more,
            author=Message.Author.CUSTOMER,
            text="más",
            created_at=session.created_at,
        )
        for more in range(1, count + 1)
    )
    ChatSession.objects.filter(pk=session.pk).update(
        last_number=session.last_number + count, last_staff_number=session.last_staff_number + count
    )


def test_a_pane_shows_the_newest_lines_and_the_older_ones_are_asked_for_by_staff_number(console, noted):
    pane = console.get(f"/agente/chat/{noted.folio}/")
    first = noted.last_staff_number - LINES_SHOWN + 1

    assert numbers(pane, "data-staff-number") == last(LINES_SHOWN, noted.last_staff_number)
    assert links(pane) == {OLDER: f"/agente/chat/{noted.folio}/lineas/?antes={first}"}

    older = console.get(links(pane)[OLDER])
    assert numbers(older, "data-staff-number") == last(LINES_SHOWN, first - 1)
    assert "Cliente molesto" in Page(older).words


def test_a_pane_begins_with_what_its_agent_has_not_read(console, noted):
    ChatSession.objects.filter(pk=noted.pk).update(agent_read=noted.last_number - LINES_SHOWN - 7)

    shown = numbers(console.get(f"/agente/chat/{noted.folio}/"))

    assert noted.last_number - LINES_SHOWN - 6 in shown


def test_a_pane_counts_what_began_before_its_lines(console, noted):
    fill_after(noted, MOST_SHOWN)
    ChatSession.objects.filter(pk=noted.pk).update(agent_read=noted.last_number - 10)

    pane = console.get(f"/agente/chat/{noted.folio}/")

    assert len(numbers(pane)) == MOST_SHOWN
    assert f'data-unread="{MOST_SHOWN + 10}"' in pane.content.decode()


def test_somebody_elses_pane_counts_nothing(noted):
    supervisor = browser_of()
    supervisor.force_login(AgentFactory.create(username="elena", group=SUPERVISORS_GROUP))
    ChatSession.objects.filter(pk=noted.pk).update(agent_read=0)

    assert len(numbers(supervisor.get(f"/agente/chat/{noted.folio}/"))) == LINES_SHOWN


def test_customers_never_read_notes_and_miss_no_number(browser, noted):
    page, shown = browser.get("/chat/"), []
    while OLDER in links(page):
        shown = numbers(page) + shown
        before = links(page)[OLDER].split("=")[1]
        page = browser.get(f"/chat/lineas/{noted.folio}/?antes={before}")
        assert "Cliente molesto" not in page.content.decode()
        assert numbers(page, "data-staff-number") == []

    assert numbers(page) + shown == last(noted.last_number, noted.last_number)


# --- What stays whole, and what it costs ----------------------------------------------------------------


def test_transcripts_are_whole(browser):
    session = end(long_chat())
    supervisor = browser_of()
    supervisor.force_login(AgentFactory.create(username="elena", group=SUPERVISORS_GROUP, is_staff=True))

    admin = Page(supervisor.get(f"/admin/chat/chatsession/{session.pk}/change/")).words
    past = Page(browser.get(f"/chat/anterior/{session.folio}/")).words

    for number in range(2, LONG + 1):
        assert f"línea {number}" in admin
        assert f"línea {number}" in past


@pytest.mark.parametrize("address", ["/chat/", "/chat/conversacion/", "/chat/lineas/{folio}/?antes=40"])
def test_a_long_history_costs_as_many_queries_as_a_short_one(browser, laura, address):
    session = attended(laura)

    def cost():
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address.format(folio=session.folio)).status_code == 200
        return len(captured)

    cost()
    short = cost()
    fill_after(session, 3 * MOST_SHOWN)
    # Its marks move once.
    first = cost()

    assert cost() == short
    assert first <= short + 1


def test_a_long_pane_costs_as_many_queries_as_a_short_one(console, noted):
    def cost(address):
        with CaptureQueriesContext(connection) as captured:
            assert console.get(address).status_code == 200
        return len(captured)

    pane = f"/agente/chat/{noted.folio}/"
    cost(pane)
    short = cost(pane), cost(f"{pane}lineas/?antes=10")
    fill_after(noted, 3 * MOST_SHOWN)

    assert (cost(pane), cost(f"{pane}lineas/?antes=200")) == short


def test_a_portion_never_asks_for_more_than_it_may(laura):
    session = long_chat(3 * MOST_SHOWN, read=0)

    assert len(history.newest(session, for_staff=True).lines) == MOST_SHOWN
    assert len(history.before(session, 10**9 - 1, for_staff=True).lines) == LINES_SHOWN


def test_a_stranger_reads_nothing_back():
    long_chat()
    start(BETO)

    for stranger in (browser_of(), browser_of(BETO)):
        for address in ("/chat/?antes=60", "/chat/conversacion/?antes=60"):
            assert "línea 59" not in Page(stranger.get(address)).words
