"""Supervisors make agents, group and disable them, and raise nobody's rights, their own included."""

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from chat.admin.agents import AgentForm
from chat.emails import tell_supervisors
from chat.events import agent_group
from chat.models import AGENTS_GROUP, SUPERVISORS_GROUP, Agent
from scheduling.models import Appointment, Service, Shift
from tests.chat.factories import ANA, BETO, AgentFactory, attended

pytestmark = pytest.mark.django_db
LIST = "/admin/chat/agent/"
ADD = "/admin/chat/agent/add/"
PASSWORD = "timbrado-2026-seguro"


@pytest.fixture
def elena():
    return AgentFactory.create(group=SUPERVISORS_GROUP, username="elena", email="elena@facturando.example")


@pytest.fixture
def supervisor(client, elena):
    client.force_login(elena)
    return client


def new_agent(**changes: str) -> dict[str, str]:
    """What the browser posts for a new agent."""
    return {
        "username": "rosa",
        "first_name": "Rosa",
        "last_name": "Núñez",
        "email": "rosa@facturando.example",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "group": AGENTS_GROUP,
        "capacity": "3",
        "greeting": "Hola, {nombre}.",
    } | changes


def form_of(agent: Agent, **changes: str) -> dict[str, str]:
    """What the browser posts for an agent that is there; without is_active the box is not ticked."""
    data = {
        "username": agent.username,
        "first_name": agent.first_name,
        "last_name": agent.last_name,
        "email": agent.email,
        "group": agent.groups.get().name if agent.groups.exists() else AGENTS_GROUP,
        "is_active": "on",
        "capacity": str(agent.capacity),
        "greeting": agent.greeting,
        "initial-greeting": agent.greeting,
    } | changes
    return {name: value for name, value in data.items() if value}


def page_of(agent: Agent) -> str:
    return reverse("admin:chat_agent_change", args=[agent.pk])


def groups_of(agent: Agent) -> list[str]:
    return list(agent.groups.values_list("name", flat=True))


def test_a_new_agent_can_sign_in_and_is_in_the_group(supervisor):
    assert supervisor.post(ADD, new_agent()).status_code == 302
    rosa = Agent.objects.get(username="rosa")
    assert rosa.check_password(PASSWORD)
    assert (rosa.shown_name, rosa.capacity, rosa.greeting) == ("Rosa Núñez", 3, "Hola, {nombre}.")
    assert groups_of(rosa) == [AGENTS_GROUP]


def test_a_new_supervisor_is_in_the_other_group(supervisor):
    supervisor.post(ADD, new_agent(group=SUPERVISORS_GROUP))
    assert groups_of(Agent.objects.get(username="rosa")) == [SUPERVISORS_GROUP]


NEEDS_EMAIL = "Escriba el correo electrónico: un supervisor debe recibir los avisos."


def test_agents_need_no_email_and_supervisors_do(supervisor, laura):
    assert supervisor.post(ADD, new_agent(email="")).status_code == 302
    page = supervisor.post(ADD, new_agent(username="otra", group=SUPERVISORS_GROUP, email="")).text
    assert NEEDS_EMAIL in page
    assert not Agent.objects.filter(username="otra").exists()
    page = supervisor.post(page_of(laura), form_of(laura, group=SUPERVISORS_GROUP)).text
    assert NEEDS_EMAIL in page
    assert groups_of(laura) == [AGENTS_GROUP]


def test_an_email_is_one_address_and_says_what_it_is_for(supervisor, laura):
    page = supervisor.post(page_of(laura), form_of(laura, email="laura@")).text
    assert "correo electrónico válida" in page
    for address in (ADD, page_of(laura)):
        assert (
            "cuando un cliente llega a su cita y ningún agente está disponible"
            in supervisor.get(address).text
        )


def test_a_supervisor_who_was_given_an_address_is_written_to(supervisor, laura):
    change = form_of(laura, group=SUPERVISORS_GROUP, email="laura@facturando.example")
    assert supervisor.post(page_of(laura), change).status_code == 302

    chat = attended(laura)
    chat.appointment = Appointment(folio="S-7K3Q9X", agent=laura)
    tell_supervisors(chat)

    told = Email.objects.filter(subject="Cita S-7K3Q9X sin su agente").order_by("to")
    assert [mail.to for mail in told] == [["elena@facturando.example"], ["laura@facturando.example"]]


def test_an_agent_is_found_by_email(supervisor, laura, elena):
    assert "elena@facturando.example" in supervisor.get(LIST).text
    found = supervisor.get(LIST, {"q": "elena@facturando"}).context["cl"].result_list
    assert list(found) == [elena]


def test_nobody_is_made_superuser_however_the_form_is_posted(supervisor):
    supervisor.post(ADD, new_agent(is_superuser="on", is_staff="on", user_permissions="1", groups="1"))
    rosa = Agent.objects.get(username="rosa")
    assert not rosa.is_superuser
    assert not rosa.is_staff
    assert not rosa.user_permissions.exists()


def test_no_right_is_raised_on_an_agent_that_is_there(supervisor, laura, elena):
    for agent in (laura, elena):
        supervisor.post(
            page_of(agent), form_of(agent, is_superuser="on", is_staff="on", user_permissions="1")
        )
        agent.refresh_from_db()
        assert not agent.is_superuser
        assert not agent.is_staff
        assert not agent.user_permissions.exists()


def test_the_forms_do_not_speak_of_permissions(supervisor, laura):
    for address in (ADD, page_of(laura)):
        page = supervisor.get(address).text
        for field in ("is_superuser", "is_staff", "user_permissions", "pbkdf2"):
            assert field not in page


def test_an_unknown_group_is_refused(supervisor):
    assert supervisor.post(ADD, new_agent(group="Directores")).status_code == 200
    assert not Agent.objects.filter(username="rosa").exists()


def test_passwords_that_differ_are_refused_in_spanish(supervisor):
    page = supervisor.post(ADD, new_agent(password2="otra-cosa-2026")).text
    assert "no coinciden" in page


def test_a_user_name_that_is_taken_is_refused_whatever_its_case(supervisor, laura):
    page = supervisor.post(ADD, new_agent(username="LAURA")).text
    assert "Ya existe" in page


def test_a_greeting_needs_a_place_for_the_customers_name(supervisor, laura):
    response = supervisor.post(page_of(laura), form_of(laura, greeting="Bienvenido."))

    assert "Incluya {nombre} donde deba ir el nombre del cliente." in response.content.decode()
    laura.refresh_from_db()
    assert "{nombre}" in laura.greeting


def test_group_capacity_and_greeting_are_changed(supervisor, laura):
    changes = {"group": SUPERVISORS_GROUP, "capacity": "7", "greeting": "Bienvenido, {nombre}."}
    changes["email"] = "laura@facturando.example"
    assert supervisor.post(page_of(laura), form_of(laura, **changes)).status_code == 302
    laura.refresh_from_db()
    assert (laura.capacity, laura.greeting) == (7, "Bienvenido, {nombre}.")
    assert groups_of(laura) == [SUPERVISORS_GROUP]


def test_a_capacity_of_none_is_refused(supervisor, laura):
    assert supervisor.post(page_of(laura), form_of(laura, capacity="0")).status_code == 200


def test_a_disabled_agent_is_disabled_and_can_be_enabled_again(supervisor, laura):
    supervisor.post(page_of(laura), form_of(laura, is_active=""))
    laura.refresh_from_db()
    assert not laura.is_active
    assert "Deshabilitado" in supervisor.get(LIST).text
    supervisor.post(page_of(laura), form_of(laura))
    laura.refresh_from_db()
    assert laura.is_active


@pytest.mark.parametrize(
    "changes", [{"is_active": ""}, {"group": SUPERVISORS_GROUP, "email": "laura@facturando.example"}]
)
def test_open_sockets_are_told_when_rights_change(
    supervisor, laura, ear, django_capture_on_commit_callbacks, changes
):
    console = ear(agent_group(laura.pk))
    with django_capture_on_commit_callbacks(execute=True):
        supervisor.post(page_of(laura), form_of(laura, **changes))
    assert console.frames() == [{"type": "access.changed", "agent": laura.pk}]


def test_open_sockets_are_left_alone_when_only_the_greeting_changes(
    supervisor, laura, ear, django_capture_on_commit_callbacks
):
    console = ear(agent_group(laura.pk))
    with django_capture_on_commit_callbacks(execute=True):
        supervisor.post(page_of(laura), form_of(laura, greeting="Hola, {nombre}."))
    assert console.frames() == []


def test_saving_a_form_leaves_alone_what_the_console_wrote_meanwhile(supervisor, laura, monkeypatch):
    def clean_group_while_the_console_writes(form):
        Agent.objects.filter(pk=laura.pk).update(is_available=False)
        return form.cleaned_data["group"]

    monkeypatch.setattr(AgentForm, "clean_group", clean_group_while_the_console_writes)
    supervisor.post(page_of(laura), form_of(laura, capacity="9"))
    laura.refresh_from_db()
    assert (laura.capacity, laura.is_available) == (9, False)


def test_supervisors_do_not_disable_themselves(supervisor, elena):
    page = supervisor.post(page_of(elena), form_of(elena, is_active="")).text
    assert "No puede deshabilitar su propia cuenta." in page
    elena.refresh_from_db()
    assert elena.is_active


def test_supervisors_do_not_lock_themselves_out(supervisor, elena):
    page = supervisor.post(page_of(elena), form_of(elena, group=AGENTS_GROUP)).text
    assert "No puede quitarse a usted mismo la supervisión." in page
    assert groups_of(elena) == [SUPERVISORS_GROUP]


def test_another_supervisor_may_be_disabled(supervisor):
    other = AgentFactory.create(group=SUPERVISORS_GROUP, username="otra", email="otra@facturando.example")
    supervisor.post(page_of(other), form_of(other, is_active=""))
    other.refresh_from_db()
    assert not other.is_active


def test_agents_are_never_deleted(supervisor, laura):
    assert (
        supervisor.post(reverse("admin:chat_agent_delete", args=[laura.pk]), {"post": "yes"}).status_code
        == 403
    )
    action = {"action": "delete_selected", "_selected_action": str(laura.pk), "post": "yes"}
    supervisor.post(LIST, action)
    assert Agent.objects.filter(pk=laura.pk).exists()
    assert "Eliminar" not in supervisor.get(page_of(laura)).text


def test_a_new_password_works_and_ends_what_was_open(
    supervisor, laura, ear, django_capture_on_commit_callbacks
):
    console = ear(agent_group(laura.pk))
    address = reverse("admin:auth_user_password_change", args=[laura.pk])
    page = supervisor.get(address).text
    assert "Laura Méndez" in page
    assert 'name="usable_password"' not in page
    with django_capture_on_commit_callbacks(execute=True):
        response = supervisor.post(address, {"password1": PASSWORD, "password2": PASSWORD})
    assert response.status_code == 302
    laura.refresh_from_db()
    assert laura.check_password(PASSWORD)
    assert console.frames("access.changed")


def test_a_weak_password_is_refused(supervisor, laura):
    address = reverse("admin:auth_user_password_change", args=[laura.pk])
    page = supervisor.post(address, {"password1": "12345678", "password2": "12345678"}).text
    assert "contraseña" in page
    laura.refresh_from_db()
    assert not laura.check_password("12345678")


@pytest.fixture
def root(db):
    return Agent.objects.create_superuser("root", password=PASSWORD)


def test_a_supervisor_does_not_touch_a_superuser(supervisor, root):
    assert supervisor.get(page_of(root)).status_code == 200
    assert supervisor.post(page_of(root), form_of(root, username="mio")).status_code == 403
    address = reverse("admin:auth_user_password_change", args=[root.pk])
    assert supervisor.get(address).status_code == 403
    assert (
        supervisor.post(address, {"password1": "mi-clave-2026", "password2": "mi-clave-2026"}).status_code
        == 403
    )
    root.refresh_from_db()
    assert root.username == "root"
    assert root.check_password(PASSWORD)


def test_the_list_shows_who_takes_chats_and_how_many(supervisor):
    now = timezone.now()
    here = AgentFactory.create(username="aqui", last_seen_at=now)
    AgentFactory.create(username="ausente", last_seen_at=now, is_available=False)
    AgentFactory.create(username="lejos", last_seen_at=now - timedelta(hours=1))
    attended(here, now=now)
    attended(here, BETO, now=now)
    page = supervisor.get(LIST).text
    for words in ("Disponible", "Ausente", "Sin conexión", "2 de 4", "0 de 4", "Supervisor"):
        assert words in page


def test_the_list_asks_the_database_as_often_for_ten_agents_as_for_two(
    supervisor, laura, django_assert_num_queries
):
    attended(laura, ANA)
    with CaptureQueriesContext(connection) as few:
        supervisor.get(LIST)
    AgentFactory.create_batch(8)
    with django_assert_num_queries(len(few)):
        supervisor.get(LIST)


@pytest.fixture
def booked(laura):
    """An appointment with Laura in two days, at the hour in which she is on shift every day."""
    starts_at = timezone.now() + timedelta(days=2)
    for weekday in range(7):
        Shift.objects.create(agent=laura, weekday=weekday, opens_at=time.min, closes_at=time(23, 59, 59))
    return Appointment.objects.create(
        folio="S-PRUEBA",
        service=Service.objects.get(slug="chat"),
        agent=laura,
        starts_at=starts_at.replace(hour=17, minute=0, second=0, microsecond=0),
        ends_at=starts_at.replace(hour=17, minute=30, second=0, microsecond=0),
        state=Appointment.State.BOOKED,
        name="Ana López",
        email="ana@papeleria-lopez.mx",
        created_at=timezone.now(),
    )


def test_who_has_appointments_is_disabled_once_their_list_is_confirmed(
    supervisor, laura, booked, settings, django_capture_on_commit_callbacks
):
    settings.HOURS = "open"
    data = form_of(laura, is_active="")
    with django_capture_on_commit_callbacks() as announced:
        page = supervisor.post(page_of(laura), data).text
    assert "S-PRUEBA" in page
    assert not announced
    laura.refresh_from_db()
    assert laura.is_active
    assert not Email.objects.exists()

    supervisor.post(page_of(laura), data | {"_hit_confirmed": str(booked.pk)})

    laura.refresh_from_db()
    assert not laura.is_active
    assert Email.objects.get().to == ["ana@papeleria-lopez.mx"]


def test_whoever_has_no_appointments_is_disabled_at_once(supervisor, laura):
    assert supervisor.post(page_of(laura), form_of(laura, is_active="")).status_code == 302
