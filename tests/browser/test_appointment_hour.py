"""The booked hour itself, with the clock moved: whoever comes is attended, whoever does not books again."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.booking import ABOUT, fill_data, mail_about, mailed_link
from tests.browser.conftest import Site, running_site
from tests.servers import MovedClock

pytestmark = pytest.mark.needs("faketime")

ROSA = "Rosa Díaz"
# The demo books for others as well; here Laura is the one who can be booked, and attends one chat at a time.
LAURA_ALONE = """
from chat.models import Agent
from scheduling.models import Appointment, Shift
Appointment.objects.all().delete()
Shift.objects.exclude(agent__username="agente1").delete()
Agent.objects.filter(username="agente1").update(capacity=1)
"""


def at(time: str) -> datetime:
    """An instant of a Tuesday in Mexico City."""
    return datetime.fromisoformat(f"2026-11-24 {time}").replace(tzinfo=ZoneInfo("America/Mexico_City"))


@pytest.fixture
def clock(tmp_path: Path) -> MovedClock:
    """Half past eight: nobody is in the office yet, and the first hours of the day can be booked."""
    return MovedClock(tmp_path, at("08:30"))


@pytest.fixture
def office(clock: MovedClock, tmp_path: Path) -> Iterator[Site]:
    """A product that lives by that clock and keeps the hours of support."""
    env = clock.env | {"HOURS": "real", "CHAT_HEARTBEAT_SECONDS": "1"}
    with running_site(tmp_path / "office", **env) as office:
        office.shell(LAURA_ALONE)
        yield office


def _book_at_ten(page, office):
    """Rosa's appointment; returns its folio."""
    page.goto(f"{office.url}/citas/")
    page.get_by_role("button", name="10:00").click()
    fill_data(page)
    page.get_by_role("button", name="Agendar", exact=True).click()
    heading = page.get_by_role("heading", name="Su cita S-")
    expect(heading).to_be_visible()
    return heading.inner_text().split()[-1]


@pytest.fixture
def stand(clock, watch):
    """Move the clock once nothing is on its way: the server would give up on answers that took it minutes."""

    def stand(time, page):
        watch.wait_for_quiet(page)
        clock.stand_at(at(time))

    return stand


def _coming(desk):
    """What the console says of Rosa's appointment."""
    agenda = desk.page.get_by_role("region", name="Citas de hoy")
    return agenda.get_by_role("listitem").filter(has_text=f"10:00 {ROSA}")


def _seconds(locator):
    """The time left that somebody is shown just now."""
    minutes, seconds = re.search(
        r"(\d+):(\d\d)(?!.*\d:\d\d)", locator.inner_text().replace("\n", " ")
    ).groups()
    return timedelta(minutes=int(minutes), seconds=int(seconds)).total_seconds()


def test_whoever_comes_early_meets_the_booked_agent_at_the_hour(
    office, clock, stand, new_page, new_desk, shoot
):
    first = new_page()
    folio = _book_at_ten(first, office)
    link = mailed_link(office, folio)

    # Before: the agent sees who comes, and the customer when the door opens.
    stand("09:45", first)
    laura, rosa = new_desk(office), new_page()
    laura.page.get_by_role("button", name="Disponible").click()
    rosa.goto(link)
    expect(rosa.get_by_role("heading", name="La sala de espera abre a las 09:50")).to_be_visible()
    expect(rosa.get_by_text(re.compile(r"Faltan 4:\d\d para entrar"))).to_be_visible()
    coming = _coming(laura)
    for words in (folio, "XAXX010101000", "Nómina CFDI 4.0.1", ABOUT, re.compile(r"faltan 14:\d\d")):
        expect(coming).to_contain_text(words)
    shoot(rosa, "80-cita-antes")
    shoot(laura.page, "81-consola-cita-antes")

    # The door opens by itself, and coming early counts.
    stand("09:49:55", rosa)
    rosa.reload()
    expect(rosa.get_by_text(re.compile(r"Faltan 0:0\d para entrar"))).to_be_visible()
    clock.run()
    enter = rosa.get_by_role("button", name="Entrar a la sala de espera")
    expect(enter).to_be_visible()
    expect(rosa.get_by_text(re.compile(r"Faltan 9:\d\d"))).to_be_visible()
    shoot(rosa, "82-cita-puede-entrar")
    enter.click()
    expect(rosa.get_by_role("heading", name="Ya está en la sala de espera")).to_be_visible()
    expect(coming).to_contain_text("el cliente ya está en la sala")
    shoot(rosa, "83-cita-en-la-sala")
    shoot(laura.page, "84-consola-cita-en-la-sala")

    # At the hour the chat begins by itself, for both.
    stand("09:59:55", rosa)
    laura.open()
    rosa.reload()
    expect(rosa.get_by_text(re.compile(r"Faltan 0:0\d"))).to_be_visible()
    clock.run()
    expect(rosa).to_have_url(f"{office.url}/chat/")
    expect(rosa.get_by_text(re.compile(f"Buen día, {ROSA}"))).to_be_visible()
    expect(rosa.get_by_text("Le atiende Laura Méndez")).to_be_visible()
    expect(rosa.get_by_role("heading", name="Identifíquese")).to_have_count(0)
    laura.show(ROSA)
    expect(laura.line(ROSA, ABOUT)).to_be_visible()
    expect(laura.line(ROSA, f"Buen día, {ROSA}")).to_be_visible()
    facts = laura.pane(ROSA).get_by_role("complementary", name="Datos del cliente")
    for words in ("XAXX010101000", "Abarrotes Beta", "Nómina CFDI", "4.0.1"):
        expect(facts).to_contain_text(words)
    laura.say(ROSA, "¿Con qué serie le sucede?")
    expect(rosa.get_by_text("¿Con qué serie le sucede?")).to_be_visible()
    rosa.get_by_role("textbox", name="Mensaje", exact=True).fill("Con la serie A")
    rosa.get_by_role("button", name="Enviar", exact=True).click()
    expect(laura.line(ROSA, "Con la serie A")).to_be_visible()
    shoot(rosa, "85-cita-chat")
    shoot(laura.page, "86-consola-cita-chat")
    assert office.rows("SELECT state FROM scheduling_appointment") == [("attended",)]


def test_whoever_does_not_come_frees_the_agent_and_books_again_with_one_click(
    office, clock, stand, new_page, new_customer, new_desk, shoot
):
    first = new_page()
    folio = _book_at_ten(first, office)
    link = mailed_link(office, folio)
    stand("09:58", first)
    laura, luis, rosa = new_desk(office), new_customer(office), new_page()
    laura.page.get_by_role("button", name="Disponible").click()
    luis.open_chat()
    luis.start("Luis Mora")

    # From the hour on both see the same time left, and the agent's seat is kept.
    stand("09:59:55", luis.page)
    laura.open()
    rosa.goto(link)
    expect(rosa.get_by_role("heading", name="Su cita empieza a las 10:00")).to_be_visible()
    clock.run()
    expect(rosa.get_by_role("heading", name="Tiene hasta las 10:10 para entrar")).to_be_visible()
    tolerance = rosa.get_by_text(re.compile(r"Quedan 9:\d\d de tolerancia"))
    expect(tolerance).to_be_visible()
    # The console was opened while the clock stood, and counts from there.
    laura.open()
    coming = _coming(laura)
    expect(coming).to_contain_text(re.compile(r"tolerancia 9:\d\d"))
    before, agents, after = (
        _seconds(side) for side in (tolerance, coming.get_by_text("tolerancia"), tolerance)
    )
    assert after - 1 <= agents <= before + 1
    shoot(rosa, "87-cita-tolerancia")
    shoot(laura.page, "88-consola-cita-tolerancia")
    laura.waiting("Luis Mora").get_by_role("button", name="Atender").click()
    expect(laura.page.get_by_role("alert")).to_contain_text(
        f"Su lugar está reservado hasta las 10:10 para la cita {folio}."
    )

    # At the end of the tolerance everybody is told the rule, and the agent takes somebody else.
    stand("10:09:55", rosa)
    laura.open()
    rosa.reload()
    expect(rosa.get_by_text(re.compile(r"Quedan 0:0\d de tolerancia"))).to_be_visible()
    clock.run()
    expect(rosa.get_by_text("el agente fue liberado para atender a otro cliente")).to_be_visible()
    expect(rosa.get_by_role("button", name="Entrar a la sala de espera")).to_have_count(0)
    shoot(rosa, "89-cita-no-se-presento")
    expect(_coming(laura)).to_contain_text("no se presentó")
    laura.take("Luis Mora")
    told = " ".join(mail_about(office, "no se presentó").split())
    assert "solo se tendrán 10 minutos de tolerancia" in told
    assert "el agente será liberado para atender a otro cliente" in told

    # One click, another hour, and the data are there.
    rosa.get_by_role("link", name="Agendar de nuevo").click()
    noon = rosa.get_by_role("button", name="12:00")
    expect(noon).to_be_visible()
    shoot(rosa, "90-cita-de-nuevo")
    noon.click()
    expect(rosa.get_by_label("Nombre o Razón Social")).to_have_value("Abarrotes Beta")
    expect(rosa.get_by_label("¿Qué necesita consultar?")).to_have_value(ABOUT)
    shoot(rosa, "91-cita-de-nuevo-datos")
    rosa.get_by_role("button", name="Agendar", exact=True).click()
    expect(rosa.get_by_text(re.compile("martes 24 de noviembre a las 12:00"))).to_be_visible()
    states = office.rows("SELECT state FROM scheduling_appointment ORDER BY id")
    assert states == [("missed",), ("booked",)]
