"""A long chat opens with its end, and whoever reads back keeps their place."""

import re

import pytest
from playwright.sync_api import expect

from chat.history import LINES_SHOWN
from tests.browser.lynx import Lynx

OLDER = "Ver mensajes anteriores"
BACK = "Volver a los mensajes más recientes"
STILL = "Leer con calma, sin actualizar"
LONG = 3 * LINES_SHOWN
# The customer's and the agent's in turn over some days, with notes in between; read as far as is told.
WRITE = """
from datetime import timedelta
from chat.models import ChatSession, Message
chat = ChatSession.objects.select_related("agent").get(name={name!r}, state="active")
lines, staff = [], chat.last_staff_number
for number in range(chat.last_number + 1, {count} + 1):
    when = chat.created_at - timedelta(days=({count} - number) // 40)
    if number % 20 == 0:
        staff += 1
        lines.append(Message(session=chat, staff_number=staff, author="agent", agent=chat.agent,
                             text=f"nota {{number}}", created_at=when))
    staff += 1
    is_agents = number % 2 == 0
    lines.append(Message(session=chat, number=number, staff_number=staff, created_at=when,
                         author="agent" if is_agents else "customer", agent=chat.agent if is_agents else None,
                         text=f"renglón {{number}} de la conversación"))
Message.objects.bulk_create(lines)
chat.messages.filter(number__lte={first}).update(created_at=lines[0].created_at)
read = {count} if {read} is None else {read}
chat.last_number, chat.last_staff_number = {count}, staff
chat.customer_delivered = chat.customer_read = chat.agent_delivered = chat.agent_read = read
chat.save()
"""
PLACE = "line => line.getBoundingClientRect().top"


def write_long_chat(site, name, count=LONG, read=None):
    site.shell(WRITE.format(name=name, count=count, read=read, first=LINES_SHOWN // 5))


def talk(name, customer, laura):
    customer.open_chat()
    customer.start(name)
    laura.take(name)
    customer.identify()


@pytest.fixture
def long_chat(site, new_customer, new_desk, each_browser):
    """Ana's with Laura, closed on both sides while it grew."""
    ana, laura = new_customer(site, each_browser), new_desk(site, browser=each_browser)
    talk("Ana López", ana, laura)
    for person in (ana, laura):
        person.page.goto("about:blank")
    write_long_chat(site, "Ana López")
    return ana, laura


def lines(timeline):
    return timeline.locator('[data-role="line"]')


def read_back(scope, timeline):
    """Press the button above the conversation; what stands first keeps its place and gets the focus."""
    before = lines(timeline).count()
    first = lines(timeline).first
    reading = timeline.locator(f'[data-client-id="{first.get_attribute("data-client-id")}"]')
    button = scope.get_by_role("button", name=OLDER)
    button.scroll_into_view_if_needed()
    place = reading.evaluate(PLACE)
    button.click()
    expect(lines(timeline)).not_to_have_count(before)
    assert reading.evaluate(PLACE) == pytest.approx(place, abs=1.5)
    # Of two windows of Firefox only one is active.
    assert reading.evaluate("line => line === document.activeElement")
    expect(reading).to_be_in_viewport()


def read_to_the_start(scope, timeline):
    while scope.get_by_role("button", name=OLDER).count():
        read_back(scope, timeline)


def days(timeline):
    return timeline.locator(".day").all_inner_texts()


def numbers(timeline, name):
    return [int(line.get_attribute(name) or 0) for line in lines(timeline).all()]


def test_a_customer_reads_back_to_the_first_line(long_chat, shoot):
    ana, laura = long_chat
    laura.open()
    ana.open_chat()
    expect(ana.line(f"renglón {LONG} ")).to_be_in_viewport()
    expect(lines(ana.timeline)).to_have_count(LINES_SHOWN)

    shown_first = ana.page.get_by_role("button", name=OLDER)
    shown_first.scroll_into_view_if_needed()
    shoot(ana.page, "60-mensajes-anteriores")
    read_back(ana.page, ana.timeline)
    shoot(ana.page, "61-mensajes-anteriores-dos")
    read_to_the_start(ana.page, ana.timeline)

    assert numbers(ana.timeline, "data-number") == list(range(1, LONG + 1))
    assert len(days(ana.timeline)) == len(set(days(ana.timeline))) > 2
    expect(ana.timeline).not_to_contain_text("nota ")
    expect(ana.line("renglón 21 ")).to_contain_text("leído")
    # What comes is still news, and the end still where it is.
    laura.say("Ana López", "Ya quedó")
    expect(ana.line("Ya quedó")).to_have_count(1)
    expect(ana.line("renglón 11 de")).not_to_be_in_viewport()
    ana.button("Mensajes nuevos").click()
    expect(ana.line("Ya quedó")).to_be_in_viewport()
    assert len(days(ana.timeline)) == len(set(days(ana.timeline)))

    ana.page.reload()
    expect(ana.line("Ya quedó")).to_be_in_viewport()
    expect(lines(ana.timeline)).to_have_count(LINES_SHOWN)


def test_an_agent_reads_back_to_the_first_line_with_the_notes(long_chat, shoot):
    _ana, laura = long_chat
    laura.open()
    pane, timeline = laura.pane("Ana López"), laura.timeline("Ana López")
    expect(laura.line("Ana López", f"renglón {LONG} ")).to_be_in_viewport()
    expect(lines(timeline)).to_have_count(LINES_SHOWN)
    pane.get_by_role("button", name=OLDER).scroll_into_view_if_needed()
    shoot(laura.page, "62-consola-anteriores")

    read_to_the_start(pane, timeline)

    staff = numbers(timeline, "data-staff-number")
    assert staff == list(range(1, len(staff) + 1))
    assert len(staff) > LONG
    assert len(days(timeline)) == len(set(days(timeline))) > 2
    expect(laura.line("Ana López", "nota 40")).to_contain_text("Nota interna")
    expect(laura.line("Ana López", re.compile("renglón 20 "))).to_contain_text("leído")


def test_lines_that_could_not_be_fetched_are_asked_for_again(long_chat, watch):
    ana, _laura = long_chat
    watch.expect("Failed to load resource|NetworkError")
    ana.open_chat()
    answers = iter([False])
    ana.page.route(
        "**/chat/lineas/**", lambda route: route.continue_() if next(answers, True) else route.abort()
    )
    ana.button(OLDER).click()
    expect(ana.page.get_by_role("alert").filter(has_text="No se pudieron traer")).to_be_visible()

    read_back(ana.page, ana.timeline)

    expect(ana.page.get_by_text("No se pudieron traer")).to_have_count(0)


def test_unread_lines_are_counted_beyond_those_that_are_shown(site, new_customer, new_desk):
    rosa, ana, laura = new_customer(site), new_customer(site), new_desk(site)
    talk("Rosa Díaz", rosa, laura)
    talk("Ana López", ana, laura)
    for person in (ana, laura):
        person.page.goto("about:blank")
    write_long_chat(site, "Ana López", count=400, read=100)

    laura.open()

    expect(laura.pane("Rosa Díaz")).to_be_visible()
    expect(laura.unread("Ana López")).to_have_text("150")
    laura.show("Ana López")
    expect(laura.line("Ana López", "renglón 400 ")).to_be_in_viewport()
    expect(laura.unread("Ana López")).to_be_hidden()


def test_an_address_of_old_lines_opens_at_the_newest_where_scripts_run(site, new_customer, new_desk):
    ana, laura = new_customer(site), new_desk(site)
    talk("Ana López", ana, laura)
    write_long_chat(site, "Ana López")

    ana.page.goto(f"{site.url}/chat/?antes=60")

    expect(ana.line(f"renglón {LONG} ")).to_be_in_viewport()
    expect(ana.page).to_have_url(f"{site.url}/chat/")


def test_without_scripts_links_lead_back_and_forth(site, new_reader, new_desk, shoot):
    ana, laura = new_reader(site, "chromium"), new_desk(site)
    ana.page.goto(f"{site.url}/chat/")
    ana.write("Mensaje", "No puedo timbrar")
    ana.press("Enviar")
    ana.write("Nombre", "Ana López")
    ana.write("Correo electrónico", "ana@despacho-lopez.mx")
    ana.press("Iniciar chat")
    laura.take("Ana López")
    write_long_chat(site, "Ana López")
    ana.page.goto(f"{site.url}/chat/")
    ana.reads(f"renglón {LONG} ")

    ana.press(STILL, role="link", where=ana.conversation)
    ana.reads(BACK)
    ana.press(OLDER, role="link", where=ana.conversation)
    ana.reads(f"renglón {LONG - LINES_SHOWN} ")
    shoot(ana.page, "63-anteriores-sin-scripts")
    ana.press(OLDER, role="link", where=ana.conversation)
    ana.reads("No puedo timbrar")
    ana.press(BACK, role="link", where=ana.conversation)
    ana.reads(f"renglón {LONG} ")


@pytest.mark.needs("lynx")
def test_a_text_browser_reads_back(site, new_desk, tmp_path):
    lynx, laura = Lynx(site, tmp_path), new_desk(site)
    lynx.do(
        "Mensaje=No puedo timbrar", "→", "Nombre=Ana Lynx", "Correo electrónico=ana@lynx.mx", "Iniciar chat"
    )
    laura.take("Ana Lynx")
    write_long_chat(site, "Ana Lynx")
    assert f"renglón {LONG} " in lynx.read()

    page = lynx.do(OLDER)
    assert f"renglón {LONG - LINES_SHOWN} " in page
    assert f"renglón {LONG} " not in page
    assert f"renglón {LONG} " in lynx.do(OLDER, BACK)
