"""Supervisors read chats whole, find them by whatever they know of them, and change nothing."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chat import services
from chat.admin.transcripts import in_minutes
from chat.files import check_file
from chat.models import SUPERVISORS_GROUP, ChatSession, Message
from chat.services import Author
from offline_messages.models import OfflineMessage
from tests.chat.factories import (
    ANA,
    BETO,
    NOW,
    AgentFactory,
    Customer,
    ProgramFactory,
    attended,
    conversing,
    end,
    identify,
    later,
    note,
    say_as_agent,
    say_as_customer,
    start,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
LIST = "/admin/chat/chatsession/"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
MARIA = Customer("María Gómez Peña", "maria.gomez@contadores.mx", "maria-browser")


@pytest.fixture
def supervisor(client):
    client.force_login(AgentFactory.create(group=SUPERVISORS_GROUP, username="elena"))
    return client


def page_of(session: ChatSession) -> str:
    return reverse("admin:chat_chatsession_change", args=[session.pk])


def send_file(session: ChatSession) -> Message:
    checked = check_file(SimpleUploadedFile("captura.png", PNG))
    return services.post_file(
        session=session, author=Author(), checked=checked, client_id=uuid.uuid4(), now=later(minutes=3)
    )


@pytest.fixture
def whole(laura):
    """A chat with everything in it, ended by its customer nine minutes later."""
    session = identify(attended(laura), later(minutes=2))
    say_as_customer(session, "El folio fiscal no aparece", now=later(minutes=2))
    send_file(session)
    note(session, laura, "Ya había preguntado en octubre", now=later(minutes=4))
    say_as_agent(session, laura, "Actualice a la 5.3", now=later(minutes=5))
    end(session, later(minutes=9))
    return services.rate(session=session, rating="good", comment="Muy amable")


# The page of one chat.


def test_a_transcript_tells_who_asked_and_about_what(supervisor, whole):
    page = supervisor.get(page_of(whole)).text
    for words in (
        whole.folio,
        ANA.name,
        ANA.email,
        "EKU9003173C9",
        "Papelería López",
        "CFDI Escritorio",
        "5.2",
    ):
        assert words in page


def test_a_transcript_tells_when_and_why_it_ended(supervisor, whole):
    page = supervisor.get(page_of(whole)).text
    for words in (
        "24 nov 2026, 10:00:00",
        "24 nov 2026, 10:09:00",
        "duró 9 min",
        "Lo finalizó el cliente",
        "Laura Méndez",
        "Buena",
        "Muy amable",
    ):
        assert words in page


def test_a_transcript_shows_every_line_notes_and_the_system_s_included(supervisor, whole):
    page = supervisor.get(page_of(whole)).text
    assert "Nota interna" in page
    assert "Ya había preguntado en octubre" in page
    assert "martes 24 de noviembre de 2026" in page
    for text in whole.messages.filter(is_file=False).values_list("text", flat=True):
        assert text.split("«")[0][:40] in page
    assert page.count('data-role="line"') == whole.messages.count()


def test_a_transcript_offers_its_files(supervisor, whole):
    attachment = whole.messages.get(is_file=True).attachment
    address = reverse("chat:staff-file", args=[attachment.public_id.hex])
    page = supervisor.get(page_of(whole)).text
    assert f'href="{address}"' in page
    assert "captura.png" in page
    response = supervisor.get(address)
    assert b"".join(response.streaming_content) == PNG
    assert response["Content-Disposition"].startswith("attachment")


def test_a_transcript_leads_to_the_message_it_became(supervisor):
    session = services.leave_as_message(
        session=start(),
        reason=ChatSession.EndReason.LEFT_MESSAGE,
        line="Quedó como mensaje.",
        now=later(minutes=4),
    )
    page = supervisor.get(page_of(session)).text
    message = OfflineMessage.objects.get()
    assert message.folio in page
    assert reverse("admin:offline_messages_offlinemessage_change", args=[message.pk]) in page
    assert "El cliente lo dejó como mensaje" in page
    assert "nadie lo atendió" in page


def test_a_chat_in_progress_is_read_as_well(supervisor, laura):
    page = supervisor.get(page_of(attended(laura))).text
    assert "En curso" in page
    assert "El cliente no se identificó." in page
    assert "Por qué terminó" not in page


def test_what_a_customer_typed_is_never_markup(supervisor, laura):
    session = conversing(laura)
    say_as_customer(session, "<script>alert(1)</script><b>hola</b>")
    page = supervisor.get(page_of(session)).text
    assert "<script>alert" not in page
    assert "&lt;b&gt;hola" in page


def test_a_chat_that_is_not_there_sends_back_to_the_start(supervisor):
    assert supervisor.get(reverse("admin:chat_chatsession_change", args=[999])).status_code == 302


# Nothing is changed.


def test_a_transcript_cannot_be_changed_by_posting(supervisor, whole):
    before = ChatSession.objects.filter(pk=whole.pk).values().get()
    assert supervisor.post(page_of(whole), {"name": "Otra", "state": "waiting"}).status_code == 403
    assert ChatSession.objects.filter(pk=whole.pk).values().get() == before


def test_a_transcript_cannot_be_deleted_or_made_up(supervisor, whole):
    delete = reverse("admin:chat_chatsession_delete", args=[whole.pk])
    assert supervisor.post(delete, {"post": "yes"}).status_code == 403
    assert supervisor.post(f"{LIST}add/", {"name": "X"}).status_code == 403
    supervisor.post(LIST, {"action": "delete_selected", "_selected_action": str(whole.pk), "post": "yes"})
    assert ChatSession.objects.filter(pk=whole.pk).exists()


def test_the_pages_offer_no_change(supervisor, whole):
    for page in (supervisor.get(LIST).text, supervisor.get(page_of(whole)).text):
        assert "delete_selected" not in page
        assert 'name="_save"' not in page
        assert "/delete/" not in page
        assert "/add/" not in page


# Finding.


@pytest.fixture
def three(laura, diego):
    """María's chat with Laura, Beto's with Diego, and Ana's, whom nobody attended."""
    maria = identify(
        attended(laura, MARIA),
        legal_name="Gómez y Asociados",
        rfc="GOMP850101AB1",
        program=ProgramFactory.create(),
    )
    say_as_customer(maria, "Me sale CFDI40999 al cancelar")
    end(maria, later(minutes=5))
    beto = identify(attended(diego, BETO), program=ProgramFactory.create(name="Nómina CFDI"))
    services.end_chat(session=beto, reason=ChatSession.EndReason.AGENT, now=later(minutes=7), agent=diego)
    return {"maría": maria, "beto": beto, "ana": start(ANA, text="Quiero comprar otra licencia")}


def found(supervisor, three, **query: str) -> set[str]:
    """Whose chats the list shows for a query."""
    response = supervisor.get(LIST, query)
    assert response.status_code == 200
    assert "?e=1" not in response.get("Location", "")
    shown = [session.pk for session in response.context["cl"].result_list]
    assert len(shown) == len(set(shown)), "a chat is listed twice"
    return {name for name, session in three.items() if session.pk in shown}


@pytest.mark.parametrize(
    "words",
    [
        "GOMP850101AB1",
        "gomp850101ab1",
        "GOMP 850101 AB1",
        "gomp-850101-ab1",
        "GOMP850101",
        "María",
        "maria gomez",
        "PEÑA",
        "Asociados",
        "maria.gomez@contadores.mx",
        "contadores",
        "CFDI40999",
        "al cancelar",
        '"sale CFDI40999"',
        "gomez cancelar",
    ],
)
def test_a_chat_is_found_by(supervisor, three, words):
    assert found(supervisor, three, q=words) == {"maría"}


def test_a_chat_is_found_by_its_folio_in_small_letters(supervisor, three):
    assert found(supervisor, three, q=three["beto"].folio.lower()) == {"beto"}


def test_a_chat_is_found_by_the_folio_of_the_message_it_became(supervisor, three):
    session = services.leave_as_message(
        session=three["ana"], reason=ChatSession.EndReason.LEFT_MESSAGE, line="Quedó.", now=later(minutes=4)
    )
    assert session.offline_message
    assert found(supervisor, three, q=session.offline_message.folio) == {"ana"}


def test_a_chat_is_found_by_an_internal_note(supervisor, three, laura):
    note(three["maría"], laura, "Pidió factura global")
    assert found(supervisor, three, q="factura global") == {"maría"}


def test_many_lines_with_the_word_list_a_chat_once(supervisor, laura):
    session = conversing(laura)
    for number in range(3):
        say_as_customer(session, f"timbrar {number}")
    assert found(supervisor, {"ana": session}, q="timbrar") == {"ana"}


@pytest.mark.parametrize(
    "words", ['"nada que ver"', "100%", "_", "[a", "(", "\\", '"', "a" * 3000, "zqx " * 500]
)
def test_words_that_no_chat_has_find_nothing_and_break_nothing(supervisor, three, words):
    assert found(supervisor, three, q=words) == set()


def test_an_empty_search_lists_all(supervisor, three):
    assert found(supervisor, three, q="  ") == set(three)


def test_the_list_is_filtered(supervisor, three, diego):
    program = ProgramFactory.create(name="Nómina CFDI")
    assert found(supervisor, three, state__exact="waiting") == {"ana"}
    assert found(supervisor, three, end_reason__exact="agent") == {"beto"}
    assert found(supervisor, three, program__id__exact=str(program.pk)) == {"beto"}
    assert found(supervisor, three, agent__id__exact=str(diego.pk)) == {"beto"}
    assert found(supervisor, three, agent__isnull="True") == {"ana"}


def test_the_list_is_filtered_by_date_in_the_office_s_time(supervisor, three):
    """At 23:30 in Mexico City it is already the next day in UTC."""
    late = NOW.replace(hour=23, minute=30)
    ChatSession.objects.filter(pk=three["ana"].pk).update(created_at=late)
    old = NOW - timedelta(days=40)
    ChatSession.objects.filter(pk=three["beto"].pk).update(created_at=old)
    day = {"created_at__year": "2026", "created_at__month": "11", "created_at__day": "24"}
    assert found(supervisor, three, **day) == {"maría", "ana"}
    assert found(supervisor, three, created_at__year="2026", created_at__month="10") == {"beto"}


def test_the_filters_speak_of_people_by_name(supervisor, three):
    page = supervisor.get(LIST).text
    for words in ("Diego Paredes", "Nadie lo atendió", "Sin identificar", "lo finalizó el agente", "Fechas"):
        assert words in page


def test_the_list_shows_what_is_needed_to_choose(supervisor, three):
    page = supervisor.get(LIST).text
    for words in (
        three["maría"].folio,
        MARIA.name,
        MARIA.email,
        "GOMP850101AB1",
        "CFDI Escritorio",
        "Laura Méndez",
        "Finalizado",
        "lo finalizó el cliente",
        "24 nov 2026, 10:00",
        "5 min",
    ):
        assert words in page


def test_a_longer_list_costs_no_more_queries(supervisor, laura, django_assert_num_queries):
    def chats(first: int, last: int) -> None:
        for number in range(first, last):
            end(conversing(laura, Customer(f"Ana {number}", f"ana{number}@lopez.mx", f"browser-{number}")))

    chats(0, 2)
    with CaptureQueriesContext(connection) as few:
        supervisor.get(LIST)
    chats(2, 9)
    with django_assert_num_queries(len(few)):
        supervisor.get(LIST)


def test_a_longer_chat_costs_no_more_queries(supervisor, laura, django_assert_num_queries):
    session = conversing(laura)
    with CaptureQueriesContext(connection) as few:
        supervisor.get(page_of(session))
    for number in range(8):
        say_as_customer(session, f"línea {number}")
        send_file(session)
    with django_assert_num_queries(len(few)):
        supervisor.get(page_of(session))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "menos de 1 min"), (59, "menos de 1 min"), (60, "1 min"), (3599, "59 min"), (3900, "1 h 05 min")],
)
def test_durations_in_words(seconds, words):
    assert in_minutes(NOW, NOW + timedelta(seconds=seconds)) == words


def test_a_chat_without_end_has_no_duration():
    assert in_minutes(NOW, None) == ""
