"""Supervisors keep the catalogue of programs."""

import pytest
from django.urls import reverse

from chat.models import SUPERVISORS_GROUP, Program
from tests.chat.factories import ANA, AgentFactory, ProgramFactory, attended, identify

pytestmark = pytest.mark.django_db
LIST = "/admin/chat/program/"
ADD = "/admin/chat/program/add/"


@pytest.fixture
def supervisor(client):
    client.force_login(AgentFactory.create(group=SUPERVISORS_GROUP))
    return client


@pytest.fixture
def used(laura):
    """A program that a chat names."""
    program = ProgramFactory.create(name="Nómina CFDI")
    identify(attended(laura, ANA), program=program)
    return program


def page_of(program: Program) -> str:
    return reverse("admin:chat_program_change", args=[program.pk])


def test_a_program_is_added(supervisor):
    data = {"name": " Carta  Porte ", "position": "9", "is_active": "on"}
    assert supervisor.post(ADD, data).status_code == 302
    assert Program.objects.filter(name="Carta Porte", position=9, is_active=True).exists()


def test_the_company_is_not_a_program(supervisor):
    page = supervisor.post(ADD, {"name": "FACTURANDO", "position": "9", "is_active": "on"}).text
    assert "Facturando es la empresa, no el programa." in page


def test_order_and_offer_are_changed_in_the_list(supervisor):
    programs = list(Program.objects.all())
    data = {"form-TOTAL_FORMS": str(len(programs)), "form-INITIAL_FORMS": str(len(programs)), "_save": "1"}
    for number, program in enumerate(programs):
        data |= {f"form-{number}-id": str(program.pk), f"form-{number}-position": str(10 - number)}
        if number:
            data[f"form-{number}-is_active"] = "on"
    assert supervisor.post(LIST, data).status_code == 302
    programs[0].refresh_from_db()
    assert (programs[0].position, programs[0].is_active) == (10, False)
    assert "Se ofrece" in supervisor.get(LIST).text


def test_a_program_in_use_says_why_it_stays_and_what_to_do(supervisor, used):
    page = supervisor.get(page_of(used)).text
    assert "1 chat nombra este programa, así que no se puede eliminar." in page
    assert "quite la marca «Se ofrece»" in page
    assert "/delete/" not in page


def test_deleting_a_program_in_use_by_its_address_explains_and_keeps_it(supervisor, used):
    address = reverse("admin:chat_program_delete", args=[used.pk])
    for answer in (
        supervisor.get(address, follow=True),
        supervisor.post(address, {"post": "yes"}, follow=True),
    ):
        assert "no se puede eliminar" in answer.text
    assert Program.objects.filter(pk=used.pk).exists()


def test_a_program_nobody_used_is_deleted(supervisor):
    program = ProgramFactory.create(name="De prueba")
    supervisor.post(reverse("admin:chat_program_delete", args=[program.pk]), {"post": "yes"})
    assert not Program.objects.filter(pk=program.pk).exists()


def test_a_program_that_is_not_there_sends_back_to_the_start(supervisor):
    assert supervisor.get(reverse("admin:chat_program_change", args=[99999])).status_code == 302
