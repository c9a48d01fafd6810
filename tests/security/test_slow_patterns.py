"""Text that is made to keep a regular expression, or a field, busy for ever: twice the text, twice the time.

Times are this thread's own, whatever else the machine does, and are compared with each other: the cheapest
of several runs of a size with the cheapest of the size four times as large. Linear is a ratio of 4, quadratic
of 16; the limit lies between, and what is too quick to measure is passed over.
"""

import ast
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from chat import files
from chat import forms as chat_forms
from chat.admin.transcripts import forgiving_pattern, matching
from chat.models import Program
from chat.templatetags import chat_lines
from core import fields, text
from core.errors import RuleBroken
from offline_messages.forms import OfflineMessageForm, ReplyForm
from tests.servers import ROOT

SMALL, GROWTH, RUNS = 2_000, 4, 3
# Between the ratios of linear (4) and quadratic (16) growth.
MOST_RATIO = 9
# What takes less than this at the larger size is no attack, and its times are noise.
NOTICEABLE_SECONDS = 0.02

ACCENTS = "\u0301", "\u0327"
# Beginnings of what patterns look for, without the end that they wait for.
PATHOLOGICAL: dict[str, Callable[[int], str]] = {
    "one letter": lambda n: "a" * n,
    "spaces": lambda n: "a" + " " * n + "a",
    "line ends": lambda n: "\r\n" * (n // 2),
    "dots": lambda n: "." * n,
    "a link of dots": lambda n: "https://" + "." * n,
    "links": lambda n: "http://" * (n // 7),
    "links of dots": lambda n: "http://... " * (n // 11),
    "open tags": lambda n: "<" * n,
    "a tag of spaces": lambda n: "<" + " " * n,
    "tags of spaces": lambda n: "<   " * (n // 4),
    "half keys": lambda n: "-----BEGIN " * (n // 11),
    "a key of capitals": lambda n: "-----BEGIN " + "A " * (n // 2),
    "folders": lambda n: "/\\" * (n // 2),
    "hyphens": lambda n: "-" * n,
    "www": lambda n: "www" * (n // 3),
    "at signs": lambda n: "a@" * (n // 2),
    "domains": lambda n: "a@" + "a." * (n // 2),
    "quotes": lambda n: '"' * n,
    "half greetings": lambda n: "buenas " * (n // 7),
    "greetings": lambda n: "por favor " * (n // 10),
    "braces": lambda n: "{" * n,
    "words": lambda n: "ab " * (n // 3),
    "digits": lambda n: "9" * n,
    "accents in their order": lambda n: "a" + ACCENTS[1] * n,
    "accents out of their order": lambda n: "a" + ACCENTS[0] * (n // 2) + ACCENTS[1] * (n // 2),
    "invisible": lambda n: "\u200b\u202e" * (n // 2),
    "full width": lambda n: "\uff21" * n,
    "ligatures": lambda n: "\ufdfa" * n,
}


def grows_too_fast(act: Callable[[str], object], make: Callable[[int], str]) -> bool:
    few, many = make(SMALL), make(SMALL * GROWTH)
    if (slow := _cheapest(act, many)) < NOTICEABLE_SECONDS:
        return False
    return slow > MOST_RATIO * _cheapest(act, few)


def _cheapest(act: Callable[[str], object], typed: str) -> float:
    return min(_seconds(act, typed) for _run in range(RUNS))


def _seconds(act: Callable[[str], object], typed: str) -> float:
    begin = time.thread_time()
    with suppress(ValidationError, RuleBroken):
        act(typed)
    return time.thread_time() - begin


def test_the_measure_tells_a_slow_pattern_from_a_quick_one():
    assert grows_too_fast(re.compile(r"(?:\s+)$").search, PATHOLOGICAL["spaces"])
    assert not grows_too_fast(re.compile(r"a+").search, PATHOLOGICAL["one letter"])


# --- Regular expressions --------------------------------------------------------------------------------

SOURCES = [ROOT / name for name in ("chat", "core", "scheduling", "offline_messages", "facturando_support")]


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re."):
            yield node


@cache
def patterns_of_python() -> dict[str, re.Pattern[str] | re.Pattern[bytes]]:
    """Every pattern that is written in the source, evaluated with the names of its module."""
    found = {}
    for path in sorted(path for folder in SOURCES for path in folder.rglob("*.py")):
        for call in _calls(ast.parse(path.read_text())):
            if call.func.attr == "escape":  # type: ignore[attr-defined]
                continue
            place = f"{path.relative_to(ROOT)}:{call.lineno}"
            names = vars(__import__(_module_of(path), fromlist=["x"])) | {"re": re}
            pattern = eval(compile(ast.Expression(call.args[0]), place, "eval"), names)  # noqa: S307
            flags = [argument for argument in call.args[1:] if "re." in ast.unparse(argument)]
            chosen = eval(compile(ast.Expression(flags[0]), place, "eval"), names) if flags else 0  # noqa: S307
            found[place] = re.compile(pattern, chosen)
    return found


def _module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


# A literal after what a value may come after; division comes after a name or a bracket.
_LITERAL = re.compile(r"(?<=[(=,:!&|?;{}]) ?/((?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)/([a-z]*)")


@cache
def patterns_of_scripts() -> dict[str, re.Pattern[str]]:
    """Every literal of our scripts. Python's engine backtracks as browsers' do."""
    found = {}
    scripts = [*(ROOT / "static").rglob("*.js"), ROOT / "templates/chat/widget.js"]
    for path in sorted(scripts):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = line if "/*" not in line and not line.lstrip().startswith("//") else ""
            for source, flags in _LITERAL.findall(code):
                place = f"{path.relative_to(ROOT)}:{number}"
                # Python has no classes by property: any class of as many letters takes as many steps.
                source = source.replace(r"\/", "/").replace(r"\p{C}", r"\x00-\x1f")
                found[place] = re.compile(source, re.IGNORECASE if "i" in flags else 0)
    return found


def test_the_patterns_of_the_source_are_found():
    python, scripts = patterns_of_python(), patterns_of_scripts()

    assert {place.split(":")[0] for place in python} >= {
        "chat/coach.py",
        "chat/files.py",
        "chat/templatetags/chat_lines.py",
        "core/fields.py",
        "core/text.py",
    }
    assert {chat_lines._LINK.pattern, files._MARKUP.pattern} <= {found.pattern for found in python.values()}
    assert {place.split(":")[0] for place in scripts} >= {
        "static/chat/timeline.js",
        "static/chat/composer.js",
    }
    assert "new RegExp" not in "".join(path.read_text() for path in (ROOT / "static").rglob("*.js"))


@pytest.mark.parametrize("kind", PATHOLOGICAL)
def test_a_text_made_to_keep_a_pattern_busy_does_not(kind):
    slow = []
    for place, pattern in (patterns_of_python() | patterns_of_scripts()).items():
        is_text = isinstance(pattern.pattern, str)

        def look(typed, pattern=pattern, is_text=is_text):
            # From every place of the text, as `sub`, `split` and `findall` do.
            for _match in pattern.finditer(typed if is_text else typed.encode()):
                pass

        if grows_too_fast(look, PATHOLOGICAL[kind]):
            slow.append(place)
    assert slow == []


def test_a_search_made_to_keep_the_database_busy_makes_a_pattern_without_repetition():
    """What supervisors look for becomes a pattern: of their signs, none is one of its own."""
    pattern = forgiving_pattern("(a+)+$ .* [x]{9} á|b")

    assert re.search(r"(?<!\\)[*+?{(|]", pattern) is None
    assert re.fullmatch(pattern, "(A+)+$ .* [x]{9} a|b", re.IGNORECASE)


# --- Fields: all that a text passes until it is refused -------------------------------------------------

FIELDS: dict[str, Callable[[str], object]] = {
    "name": fields.PersonNameField().clean,
    "RFC": fields.RfcField().clean,
    "e-mail": fields.RealEmailField().clean,
    "domain": lambda typed: fields.RealEmailField().clean(f"ana@{typed}.mx"),
    "message": text.FreeTextField(max_length=4000).clean,
    "page": lambda typed: chat_forms.PageUrlField().clean(f"https://{typed}"),
    "file's name": files.shown_name,
    "file": lambda typed: files.check_file(SimpleUploadedFile("a.txt", typed.encode() or b"x")),
    "file of markup": lambda typed: files.check_file(SimpleUploadedFile("a.xml", b"<a>" + typed.encode())),
    "line as a link": chat_lines.safe_links,
    "search": matching,
}
FORMS: dict[str, Callable[[dict[str, str]], forms.Form]] = {
    "first message": chat_forms.FirstMessageForm,
    "start": chat_forms.StartForm,
    "line": chat_forms.MessageForm,
    "composer": chat_forms.ComposerForm,
    "identification": chat_forms.IdentificationForm,
    "booking": chat_forms.BookingForm,
    "rating": chat_forms.RatingForm,
    "offered hour": chat_forms.OfferedHourForm,
    "offline message": OfflineMessageForm,
    "answer": lambda data: ReplyForm(data, action="/"),
}


@pytest.mark.parametrize("kind", PATHOLOGICAL)
def test_a_text_made_to_keep_a_field_busy_does_not(kind):
    assert [name for name, clean in FIELDS.items() if grows_too_fast(clean, PATHOLOGICAL[kind])] == []


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["accents out of their order", "ligatures", "spaces", "domains"])
def test_a_form_filled_in_to_keep_us_busy_does_not(kind):
    Program.objects.get_or_create(name="CFDI Escritorio")
    slow = []
    for name, form in FORMS.items():

        def fill(typed, form=form):
            given = form({})
            form(dict.fromkeys(given.fields, typed)).is_valid()

        if grows_too_fast(fill, PATHOLOGICAL[kind]):
            slow.append(name)
    assert slow == []


@pytest.mark.django_db
def test_the_coach_reads_no_more_than_a_message_may_hold(settings, monkeypatch):
    """Folding takes the square of a row of accents, so it comes after the limit of a message."""
    asked = []
    monkeypatch.setattr(chat_forms, "is_vague", lambda typed: asked.append(typed) or False)
    longer = PATHOLOGICAL["accents out of their order"](settings.CHAT_MAX_MESSAGE_CHARS + 1)

    assert not chat_forms.BookingForm({"about": longer}).is_valid()
    assert asked == [""]
    assert not chat_forms.MessageForm({"text": longer}).is_valid()
