"""Names, files, pages, user agents and messages that are script: in every place where they are shown.

The text itself is put into the rows, past the forms that would refuse some of it; then every page, frame of a
socket, mail and entry for a calendar is read as a browser or a program reads it.
"""

import json
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest
import vobject
from django.test import Client
from post_office.models import Email

from chat import emails, readers
from chat.models import SUPERVISORS_GROUP, Agent, ChatSession
from chat.templatetags.chat_lines import safe_links
from chat.views.widget import script
from offline_messages.services import answer
from scheduling import emails as appointment_emails
from scheduling.ics import calendar_file
from scheduling.models import Appointment
from tests.chat.conftest import browser_of
from tests.chat.factories import ANA, NOW, AgentFactory, end
from tests.security.answers import body_of
from tests.security.routes import ANYBODY, OWN, STAFF, SUPERVISORS, routes
from tests.security.world import make_world

# Each breaks out of another place: an element, an attribute of either quote, a script, a style, a comment, a
# template, a textarea, JSON, a URL. The planted element or attribute is found wherever it came to life.
PAYLOADS = {
    "an element": "<planted onx=1>",
    "an image": "<img src=x planted=1 onerror=planted()>",
    "a double quote": '" planted="1" x="',
    "a single quote": "' planted='1' x='",
    "no quote": "x planted=1 ",
    "the end of a script": "</script><planted>",
    "the end of a title": "</title></textarea></style><planted>",
    "the end of a comment": "--><planted><!--",
    "a link that runs": "javascript:planted()//https://a.mx/\" planted='1",
    "a link with a quote": "https://a.mx/\"planted='1'><planted>",
    "a template": "{{ 7|add:700770000 }}{% include 'chat/login.html' %}${7*100110001}#{7*100110001}",
    "an entity": "&lt;planted&gt;&#60;planted&#62;",
    "UTF-7": "+ADw-planted+AD4-",
    "overlong": "\uff1cplanted\uff1e \u2039planted\u203a",
    "a line separator": "\u2028</script>\u2029<planted>",
}


class Reader(HTMLParser):
    """Finds what the text made of the page: the planted, and handlers and addresses that run."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        names = {name: value or "" for name, value in attributes}
        if tag == "planted" or "planted" in names:
            self.found.append(f"<{tag}> {names}")
        self.found += [f"{tag} {name}" for name in names if name.startswith("on") or name == "srcdoc"]
        for name in ("href", "src", "action", "formaction", "data", "xlink:href"):
            address = names.get(name, "").strip().lower()
            if address.startswith(("javascript:", "vbscript:", "data:")) and address != "data:,":
                self.found.append(f"{tag} {name}={address}")


@pytest.fixture
def shown(clock, laura):
    """A world in which everything is one payload, the agent's own words included."""

    def make(payload):
        Agent.objects.filter(pk=laura.pk).update(
            first_name=payload[:150], last_name="", greeting=f"{{nombre}} {payload}"[:500]
        )
        laura.refresh_from_db()
        world = make_world(laura, payload, payload)
        answer(message=world.left, author=laura, text=payload, now=NOW)
        return world

    return make


# One of each place that a text can break out of; every payload is tried on forms, frames, links and mails.
ON_PAGES = [
    "an image",
    "a double quote",
    "a single quote",
    "the end of a script",
    "the end of a title",
    "a link with a quote",
    "a template",
    "an entity",
]


def shows_texts(route):
    """Of the admin's many pages, those on which customers' and agents' words stand."""
    return "/admin/" not in route.path or route.name.endswith(("_changelist", "_change", "_history"))


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ON_PAGES)
def test_a_text_that_is_script_comes_to_life_on_no_page(shown, browsers, kind):
    world = shown(PAYLOADS[kind])
    told = 0
    for part, open_to in {"customer": {OWN, ANYBODY}, "agent": {STAFF}, "supervisor": {SUPERVISORS}}.items():
        for route in (route for route in routes() if route.open_to in open_to and shows_texts(route)):
            # What stands in one chat, stands in all.
            for address in [*route.with_(world.ids)][-4 if open_to != {SUPERVISORS} else -1 :]:
                page = browsers[part].get(address)
                body = body_of(page)
                if "html" in page.headers.get("Content-Type", ""):
                    assert Reader(body).found == [], (part, address)
                    assert "700770007" not in body, (part, address)
                    told += "planted" in body or "7*100110001" in body
    assert told > 10


@pytest.mark.django_db
@pytest.mark.parametrize("kind", PAYLOADS)
def test_a_refused_form_comes_back_with_what_was_typed_and_nothing_else(clock, laura, kind):
    """Every form, refused for its other fields, shows the text again."""
    browser = browser_of(ANA)
    names = ["text", "name", "email", "rfc", "legal_name", "program", "program_version", "about", "page_url"]
    names += ["comment", "draft", "coached", "username", "next", "dia", "zona", "servicio"]
    typed = dict.fromkeys(names, PAYLOADS[kind])
    for address in (
        "/chat/iniciar/",
        "/chat/fuera-de-linea/",
        "/mensaje/",
        "/citas/",
        "/citas/datos/",
        "/agente/entrar/",
    ):
        for page in (browser.post(address, typed), browser.get(address, typed)):
            assert Reader(body_of(page)).found == [], address


@pytest.mark.django_db
def test_a_user_agent_or_referer_that_is_script_is_stored_and_shown_nowhere(shown, browsers):
    planted = "Mozilla/5.0 <planted>"
    headers = {"user-agent": planted, "referer": f"http://127.0.0.1/{planted}", "accept-language": planted}
    browser = Client(headers=headers)
    browser.get("/chat/")
    browser.post("/chat/iniciar/", {"text": "Hola a todos"})
    for address in ("/chat/", "/citas/", "/mensaje/", "/ayuda/", "/", "/nada/", "/agente/entrar/"):
        assert "planted" not in body_of(browser.get(address))


@pytest.mark.django_db
@pytest.mark.parametrize("kind", PAYLOADS)
def test_a_frame_of_a_socket_carries_text_as_text(shown, kind):
    """JSON, whose shape no text changes; scripts put it into the page as text (`textContent`)."""
    world = shown(PAYLOADS[kind])
    for for_staff in (False, True):
        for frame in readers.lines_after(world.open_chat.pk, 0, for_staff=for_staff):
            assert json.loads(json.dumps(frame)) == frame
            assert set(frame) == {
                *("type", "session", "number", "staff_number", "client_id", "author", "author_name"),
                *("text", "rule", "created_at", "attachment"),
            }
    polled = browser_of(ANA).get("/chat/eventos/", {"after": 0})
    assert polled["Content-Type"] == "application/json"
    assert PAYLOADS[kind] in [frame.get("text") for frame in polled.json()["frames"]]


@pytest.mark.parametrize("kind", PAYLOADS)
def test_a_link_in_a_message_is_a_page_and_nothing_else(kind):
    read = Reader(
        str(safe_links(f"{PAYLOADS[kind]} https://facturando.mx/{PAYLOADS[kind]} {PAYLOADS[kind]}"))
    )

    assert read.found == []


@pytest.mark.django_db
def test_the_script_for_other_sites_holds_nothing_that_a_request_can_say(rf):
    """Neither its query, its Host's case nor what is stored goes into it."""
    plain = script(rf.get("/widget.js")).content
    for request in (
        rf.get("/widget.js", {"callback": "planted", "lang": "</script>"}),
        rf.get("/widget.js", headers={"referer": "http://a.mx/planted", "accept-language": "planted"}),
    ):
        assert script(request).content == plain
    assert b"planted" not in plain


# --- Mails and entries for calendars --------------------------------------------------------------------

HEADERS = {
    "a header": "Ana\r\nBcc: otro@gil-asociados.mx\r\n\r\ncuerpo",
    "a folded header": "Ana\r\n Bcc: otro@gil-asociados.mx",
    "a bare line feed": "Ana\nBcc: otro@gil-asociados.mx",
    "a bare return": "Ana\rBcc: otro@gil-asociados.mx",
    "a line of Unicode": "Ana\u2028Bcc: otro@gil-asociados.mx\u0085Cc: otro@gil-asociados.mx",
    "an encoded word": "=?utf-8?Q?Ana=0D=0ABcc:_otro@gil-asociados.mx?=",
    "another part": "Ana\n--==\nContent-Type: text/html\n\n<planted>",
    "a dot alone": "Ana\n.\nMAIL FROM:<a@b.mx>\nDATA",
    "an entry of a calendar": "Ana\r\nEND:VEVENT\r\nBEGIN:VALARM\r\nACTION:PROCEDURE\r\nATTACH:file:///x",
    "a field of a calendar": "Ana\r\nATTENDEE:mailto:otro@gil-asociados.mx;X=\\n,;:",
    "a formula": '=HYPERLINK("http://a.mx","ver")',
    "a command": "@SUM(1+1)*cmd|' /C calc'!A0",
}


def every_mail(world):
    """Each mail of the product, about rows that hold the payload; nothing of the agent's is in an address."""
    AgentFactory.create(username="eva", group=SUPERVISORS_GROUP, email="eva@facturando.mx")
    row = world.appointment
    end(world.open_chat)
    emails.send_transcript(ChatSession.objects.get(pk=world.open_chat.pk))
    emails.tell_supervisors(ChatSession(folio="C-234567", name=row.name, appointment=row), row.agent)
    for queue in (
        appointment_emails.queue_confirmed,
        appointment_emails.queue_changed,
        appointment_emails.queue_cancelled,
        appointment_emails.queue_cancelled_by_us,
        appointment_emails.queue_reminder,
        appointment_emails.queue_missed,
    ):
        queue(row, NOW)
    appointment_emails.queue_hit(row, [], NOW)
    return list(Email.objects.order_by("pk"))


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [*HEADERS, *PAYLOADS])
def test_a_text_becomes_no_header_receiver_part_or_element_of_a_mail(shown, kind):
    world = shown({**HEADERS, **PAYLOADS}[kind])
    mails = every_mail(world)
    assert len(mails) >= 11
    for mail in mails:
        message = message_from_bytes(mail.email_message().message().as_bytes(), policy=policy.default)
        assert mail.to in ([ANA.email], ["eva@facturando.mx"])
        assert (mail.cc, mail.bcc, message["Bcc"], message["Cc"]) == ([], [], None, None)
        assert set(message.keys()) <= {
            *("Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To", "Date"),
            *("Message-ID", "Auto-Submitted"),
        }
        assert "\n" not in mail.subject + "".join(mail.to)
        parts = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
        assert sorted(parts) in (
            [["text/plain"], ["text/html", "text/plain"], ["application/ics", "text/html", "text/plain"]]
        )
        assert Reader(mail.html_message).found == []
        assert "700770007" not in mail.message + mail.html_message


@pytest.mark.django_db
@pytest.mark.parametrize("kind", HEADERS)
def test_a_text_becomes_no_line_of_a_calendars_entry(shown, kind):
    world = shown(HEADERS[kind])
    for state in (Appointment.State.BOOKED, Appointment.State.CANCELLED):
        world.appointment.state = state
        raw = calendar_file(world.appointment, NOW).decode()
        [entry] = vobject.readOne(raw).components()
        assert {child.name for child in entry.getChildren()} == {
            *("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "URL", "STATUS"),
        }
        assert raw.count("\r\nEND:") == raw.count("\r\nBEGIN:") + 1 == 2
        assert all(len(line.encode()) <= 75 for line in raw.split("\r\n"))
        assert "gil-asociados" not in raw


# --- Who is written to ----------------------------------------------------------------------------------

RECEIVERS = [
    "ana@papeleria-lopez.mx,otro@gil-asociados.mx",
    "ana@papeleria-lopez.mx;otro@gil-asociados.mx",
    "ana@papeleria-lopez.mx otro@gil-asociados.mx",
    "ana@papeleria-lopez.mx\notro@gil-asociados.mx",
    "ana@papeleria-lopez.mx\r\nBcc: otro@gil-asociados.mx",
    "ana@papeleria-lopez.mx%0ABcc:otro@gil-asociados.mx",
    "Ana <ana@papeleria-lopez.mx>",
    "<ana@papeleria-lopez.mx>",
    '"ana\\"@a.mx, otro"@gil-asociados.mx',
    "ana@papeleria-lopez.mx>,<otro@gil-asociados.mx",
    "ana@[127.0.0.1]",
    "ana@localhost",
    "ana@papeleria-lopez.mx\0",
    "ana(otro@gil-asociados.mx)@papeleria-lopez.mx",
    "ana@papeleria-lopez.mx?bcc=otro@gil-asociados.mx",
    "-oQ/tmp@papeleria-lopez.mx -X/tmp/x",
]


@pytest.mark.django_db
@pytest.mark.parametrize("typed", RECEIVERS, ids=range(len(RECEIVERS)))
def test_a_mail_field_names_one_receiver_or_is_refused(clock, laura, typed):
    """By every form that takes an address: what is queued goes to what one e-mail box holds."""
    browser = browser_of(ANA)
    form = {"name": "Ana López", "text": "Una duda de la factura A-1024", "email": typed}
    browser.post("/chat/iniciar/", form | {"client_id": "5f0c9a52-6a0b-4bfb-8ee0-5d4f2c7f2a11"})
    browser.post("/mensaje/", form)
    browser.post("/chat/fuera-de-linea/", form)
    told = [mail.to for mail in Email.objects.all()] + [[chat.email] for chat in ChatSession.objects.all()]

    assert all(len(to) == 1 and to[0].count("@") == 1 for to in told)
    assert not any("gil-asociados" in to[0] for to in told)
