"""Supervisors read the appointments by day, count them, and act on them with a reason."""

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from scheduling import services
from scheduling.models import Service, Shift
from tests.scheduling.cast import ANA, BETO, NOW, TEN, acts_of, book, fresh, hold, last_mail, mails
from tests.scheduling.hours import at

pytestmark = pytest.mark.django_db
LIST = "/admin/scheduling/appointment/"
ELEVEN = at("2026-11-24 11:00")
LATE = at("2026-11-24 10:12")


@pytest.fixture(autouse=True)
def _eight_o_clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def carmen(supervisor):
    supervisor.first_name = "Carmen"
    supervisor.save()
    supervisor.groups.add(Group.objects.get(name="Supervisores"))
    return supervisor


@pytest.fixture
def browser(client, carmen):
    client.force_login(carmen)
    return client


def page_of(row):
    return reverse("admin:scheduling_appointment_change", args=[row.pk])


def post(browser, row, act, **fields):
    data = {"act": act} | {f"{act}-{name}": value for name, value in fields.items()}
    return browser.post(page_of(row), data, follow=True)


def folios(response):
    return [row.folio for row in response.context["cl"].result_list]


PAGES = ["appointment", "shift", "service", "businesshours", "specialday"]


@pytest.mark.parametrize("page", PAGES)
def test_agents_get_nothing_and_supervisors_all(client, laura, carmen, page):
    laura.groups.add(Group.objects.get(name="Agentes"))
    address = f"/admin/scheduling/{page}/"
    client.force_login(laura)
    assert client.get(address).status_code == 302
    client.force_login(carmen)
    assert client.get(address).status_code == 200


def test_an_agent_does_nothing_to_an_appointment(client, laura):
    laura.groups.add(Group.objects.get(name="Agentes"))
    client.force_login(laura)
    row = book()
    response = client.post(page_of(row), {"act": "cancel", "cancel-reason": "Sí"})
    assert response.status_code == 302
    assert fresh(row).state == "booked"


def test_what_comes_is_listed_by_hour_and_held_hours_are_not(browser, diego):
    late, early = book(ELEVEN, who=BETO), book(TEN)
    hold(at("2026-11-24 12:00"))
    response = browser.get(LIST)
    assert folios(response) == [early.folio, late.folio]
    for words in ("24 nov 2026, 10:00", "Agendada", "Ana López", "CFDI Escritorio", "laura"):
        assert words in response.text
    assert "Apartada" not in response.text
    assert "apartada" not in response.text


def test_a_held_hour_has_no_page(browser, laura):
    assert browser.get(page_of(hold())).status_code == 404


def test_days_are_chosen(browser, laura):
    today, tomorrow = book(), book(at("2026-11-25 09:00"), who=BETO)
    assert folios(browser.get(LIST, {"dia": "hoy"})) == [today.folio]
    assert folios(browser.get(LIST, {"dia": "manana"})) == [tomorrow.folio]
    assert folios(browser.get(LIST, {"dia": "semana"})) == [today.folio, tomorrow.folio]
    hierarchy = {"starts_at__year": 2026, "starts_at__month": 11, "starts_at__day": 24}
    with time_machine.travel(at("2026-11-26 08:00"), tick=False):
        assert folios(browser.get(LIST)) == []
        assert folios(browser.get(LIST, hierarchy)) == [today.folio]
        assert folios(browser.get(LIST, {"dia": "todos"})) == [today.folio, tomorrow.folio]
        assert folios(browser.get(LIST, {"q": today.folio})) == [today.folio]


def test_states_agents_and_services_are_chosen(browser, diego, laura, service):
    gone, stays = book(), book(who=BETO)
    services.cancel(appointment=gone, now=NOW)
    assert folios(browser.get(LIST, {"estado": "cancelled"})) == [gone.folio]
    assert folios(browser.get(LIST, {"agent__id__exact": fresh(stays).agent_id})) == [
        row.folio for row in (gone, stays) if fresh(row).agent_id == fresh(stays).agent_id
    ]
    other = Service.objects.create(name="Capacitación", slug="capacitacion")
    assert folios(browser.get(LIST, {"service__id__exact": other.pk})) == []
    assert len(folios(browser.get(LIST, {"service__id__exact": service.pk}))) == 2


@pytest.mark.parametrize("words", ["Ana", "papeleria-lopez", "EKU9003173C9", "eku-900317-3c9"])
def test_somebody_is_found(browser, diego, words):
    ana = book()
    book(who=BETO)
    assert folios(browser.get(LIST, {"q": words})) == [ana.folio]


def test_the_page_shows_data_arrival_and_history(browser, laura, carmen):
    row = book()
    services.reschedule(appointment=row, starts_at=ELEVEN, now=NOW, by=carmen, reason="Lo pidió por teléfono")
    services.arrive(appointment=fresh(row), key_hash="k", now=at("2026-11-24 10:55"))
    page = browser.get(page_of(row)).text
    for words in (
        ANA.email, ANA.rfc, ANA.legal_name, ANA.about, "Se agendó", "El cliente", "Cambió de hora", "Carmen",
        "Lo pidió por teléfono", "24 nov, 10:00 → 24 nov, 11:00", "24 nov 2026, 10:55:00",
    ):  # fmt: skip
        assert words in page


def test_one_is_cancelled(browser, laura, carmen):
    row = book()
    page = post(browser, row, "cancel", reason="Cierra la oficina").text
    assert "La cita está cancelada. Se avisa al cliente por correo." in page
    assert fresh(row).state == "cancelled"
    event = row.events.last()
    assert (event.act, event.by, event.reason) == ("cancel", carmen, "Cierra la oficina")
    assert "fue cancelada" in mails()[-1]


def test_one_is_moved_to_an_agent_who_is_free(browser, diego, laura):
    row = book()
    book(ELEVEN, who=BETO)
    assert [str(key) for key, _name in _choices(browser, row, "change-agent", "agent")] == [str(diego.pk)]
    page = post(browser, row, "change-agent", agent=diego.pk, reason="Vacaciones").text
    assert "La cita tiene otro agente." in page
    assert fresh(row).agent == diego


def _choices(browser, row, act, name):
    forms = browser.get(page_of(row)).context["act_forms"]
    form = next(form for form in forms if form.act == act)
    return form.fields[name].choices[1:]


def test_nobody_else_is_free(browser, laura):
    assert "Ningún otro agente está libre a esa hora." in browser.get(page_of(book())).text


def test_one_gets_another_hour_even_within_the_notice(browser, laura):
    row = book()
    with time_machine.travel(at("2026-11-24 08:45"), tick=False):
        (day, hours), *_others = _choices(browser, row, "reschedule", "hour")
        assert day == "martes 24 de noviembre"
        assert [words for _value, words in hours][:3] == ["09:00", "09:30", "10:30"]
        page = post(browser, row, "reschedule", hour=hours[0][0], reason="Lo pidió").text
    assert "La cita tiene otra hora." in page
    assert (fresh(row).starts_at, fresh(row).moves) == (at("2026-11-24 09:00"), 0)
    assert "cambió" in mails()[-1]


def test_a_missed_one_is_reopened(browser, laura):
    row = book()
    services.mark_missed(LATE)
    with time_machine.travel(LATE, tick=False):
        forms = browser.get(page_of(row)).context["act_forms"]
        assert [form.act for form in forms] == ["reopen", "mark-attended"]
        page = post(browser, row, "reopen", hour=ELEVEN.isoformat(), reason="Se le fue la luz").text
    assert "La cita está agendada otra vez." in page
    assert (fresh(row).state, fresh(row).starts_at) == ("booked", ELEVEN)
    assert acts_of(row) == ["book", "miss", "reopen"]


def test_one_is_marked_as_attended_once_its_hour_has_begun(browser, laura, carmen):
    row = book()
    assert "se marca como atendida desde que empieza" in browser.get(page_of(row)).text
    with time_machine.travel(TEN, tick=False):
        page = post(browser, row, "mark-attended", reason="Llamó por teléfono").text
    assert "La cita está marcada como atendida. No se avisa al cliente." in page
    assert "Se marcó como atendida" in page
    event = row.events.last()
    assert (fresh(row).state, event.by, event.reason) == ("attended", carmen, "Llamó por teléfono")
    assert len(mails()) == 1


def test_a_missed_one_is_marked_as_attended(browser, laura):
    row = book()
    services.mark_missed(LATE)
    with time_machine.travel(LATE, tick=False):
        post(browser, row, "mark-attended", reason="Llamó por teléfono")
    assert acts_of(row) == ["book", "miss", "amend"]


def test_whoever_came_and_left_is_marked_as_missed(browser, laura):
    row = services.arrive(appointment=book(), key_hash="k", now=TEN)
    with time_machine.travel(at("2026-11-24 10:10"), tick=False):
        page = post(browser, row, "mark-missed", reason="Se fue").text
        assert "Todavía no termina la tolerancia de la cita" in page
    with time_machine.travel(LATE, tick=False):
        page = post(browser, row, "mark-missed", reason="Se fue").text
        assert "La cita está marcada como no presentada. Se avisa al cliente por correo." in page
        forms = browser.get(page_of(row)).context["act_forms"]
    assert fresh(row).state == "missed"
    assert [(form.act, form.is_possible) for form in forms] == [("reopen", False), ("mark-attended", True)]


def test_no_other_hour_is_offered_once_the_customer_has_come(browser, laura):
    row = services.arrive(appointment=book(), key_hash="k", now=at("2026-11-24 09:52"))
    page = browser.get(page_of(row)).text
    assert "El cliente ya entró a la sala de espera de esta cita" in page
    assert 'name="reschedule-hour"' not in page
    page = post(browser, row, "reschedule", hour=ELEVEN.isoformat(), reason="Lo pidió").text
    assert "El cliente ya entró a la sala de espera de esta cita" in page
    assert fresh(row).starts_at == TEN


def test_the_history_says_who_did_what(browser, diego, laura, carmen):
    ours, missed = book(), book(who=BETO)
    Shift.objects.filter(agent=fresh(ours).agent).delete()
    services.mark_missed(LATE)
    attended = book(ELEVEN)
    services.reschedule(
        appointment=attended, starts_at=at("2026-11-24 12:00"), now=NOW, by=carmen, reason="Sí"
    )
    services.attend(appointment=fresh(attended), agent=diego, now=at("2026-11-24 12:00"))

    assert whos(browser, ours) == ["El cliente", "El reloj"]
    assert whos(browser, missed) == ["El cliente", "El reloj"]
    assert whos(browser, attended) == ["El cliente", "Carmen supervisor", "diego agente"]
    assert "Cambio en nuestro horario o en los turnos" in browser.get(page_of(ours)).text


def whos(browser, row):
    """Who did each act, as the page shows it."""
    return [
        strip_tags(str(event["who"]).replace("<br>", " "))
        for event in browser.get(page_of(row)).context["events"]
    ]


def test_those_outside_hours_and_shifts_are_listed(browser, diego, laura):
    hit, stays = book(), book(who=BETO)
    over = book(at("2026-11-24 09:00"))
    Shift.objects.filter(agent=laura).delete()
    assert folios(browser.get(LIST)) == [over.folio, hit.folio, stays.folio]
    with time_machine.travel(at("2026-11-24 09:05"), tick=False):
        response = browser.get(LIST, {"horario": "fuera"})
    assert folios(response) == [hit.folio]
    assert "Fuera de horario o de turno" in response.text


@pytest.mark.parametrize("act", ["cancel", "reschedule", "change-agent", "mark-attended", "mark-missed"])
def test_a_reason_is_asked_for(browser, diego, act):
    row = book()
    page = post(browser, row, act, reason="  ", hour=ELEVEN.isoformat(), agent=diego.pk).text
    assert "Escriba el motivo; quedará en la historia de la cita." in page
    assert acts_of(row) == ["book"]


def test_an_hour_that_is_taken_is_refused_and_the_reason_kept(browser, laura):
    row = book()
    book(ELEVEN, who=BETO)
    page = post(browser, row, "reschedule", hour=ELEVEN.isoformat(), reason="Lo pidió").text
    assert "Esa hora ya no está disponible." in page
    assert ">\nLo pidió</textarea>" in page
    assert fresh(row).starts_at == TEN


def test_an_agent_who_is_not_free_is_refused(browser, diego, laura):
    row = book()
    book(who=BETO)
    page = post(browser, row, "change-agent", agent=diego.pk, reason="Vacaciones").text
    assert "Ese agente no puede atender a esa hora" in page
    assert fresh(row).agent == laura


def test_what_is_over_is_refused_in_its_own_words(browser, laura):
    row = book()
    services.cancel(appointment=row, now=NOW)
    assert "Esta cita ya no está agendada." in post(browser, row, "cancel", reason="Otra vez").text
    page = post(browser, row, "reopen", hour=ELEVEN.isoformat(), reason="Otra vez").text
    assert "Solo se reabre una cita a la que el cliente no se presentó." in page
    assert fresh(row).state == "cancelled"


def test_what_is_late_is_refused_though_no_clock_has_acted(browser, laura):
    row = book()
    with time_machine.travel(LATE, tick=False):
        page = post(browser, row, "cancel", reason="Tarde").text
    assert "Pasaron los 10 minutos de tolerancia" in page


def test_an_unknown_act_changes_nothing(browser, laura):
    row = book()
    assert browser.post(page_of(row), {"act": "explode"}).status_code == 200
    assert acts_of(row) == ["book"]


def test_nobody_adds_or_deletes_one(browser, laura):
    row = book()
    assert browser.get(f"{LIST}add/").status_code == 403
    assert browser.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_what_happened_is_counted_by_program_and_agent(browser, diego, laura, carmen):
    attended, missed = book(), book(who=BETO)
    services.attend(appointment=attended, agent=laura, now=TEN)
    services.mark_missed(LATE)
    gone = book(at("2026-11-25 09:00"))
    services.reschedule(appointment=gone, starts_at=at("2026-11-25 10:00"), now=NOW)
    services.move_to_agent(
        appointment=fresh(gone),
        agent=diego if fresh(gone).agent == laura else laura,
        by=carmen,
        reason="X",
        now=NOW,
    )
    services.cancel(appointment=fresh(gone), now=NOW)
    context = browser.get(LIST).context
    total = context["total"]
    assert (total.attended, total.missed, total.cancelled, total.moved) == (1, 1, 1, 2)
    (_caption, programs), (_other, agents) = context["tables"]
    found = {name: (c.attended, c.missed, c.cancelled, c.moved) for name, c in programs}
    assert found == {"CFDI Escritorio": (1, 0, 1, 2), "CFDI Nómina": (0, 1, 0, 0)}
    assert sum(c.attended for _name, c in agents) == 1
    assert dict(agents)[fresh(missed).agent.username].missed == 1
    today = browser.get(LIST, {"dia": "hoy"}).context["total"]
    assert (today.attended, today.missed, today.cancelled, today.moved) == (1, 1, 0, 0)


def test_an_empty_list_counts_nothing(browser):
    response = browser.get(LIST)
    assert response.status_code == 200
    assert response.context["total"].moved == 0


def test_a_longer_list_costs_no_more_queries(browser, diego, django_assert_num_queries):
    book()
    with CaptureQueriesContext(connection) as few:
        browser.get(LIST)
    for hour in (11, 12, 13):
        row = book(at(f"2026-11-24 {hour}:00"), who=BETO)
        services.cancel(appointment=row, now=NOW)
    with django_assert_num_queries(len(few)):
        browser.get(LIST)


def test_a_longer_history_costs_no_more_queries(browser, laura, carmen, django_assert_num_queries):
    row = book()
    with CaptureQueriesContext(connection) as few:
        browser.get(page_of(row))
    for hour in (ELEVEN, TEN, ELEVEN):
        services.reschedule(appointment=fresh(row), starts_at=hour, now=NOW, by=carmen, reason="Así")
    with django_assert_num_queries(len(few)):
        browser.get(page_of(row))


def test_what_customers_wrote_is_shown_as_text(browser, laura):
    row = book()
    row.about = "<script>alert(1)</script>"
    row.name = "<b>Ana</b>"
    row.save()
    for address in (LIST, page_of(row)):
        page = browser.get(address).text
        assert "<script>alert(1)" not in page
        assert "<b>Ana" not in page
    assert last_mail().to == [ANA.email]
