"""Every text is written in Spanish inside gettext calls, and the English catalogue has all of them."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

from chat.texts import script_texts

ROOT = Path(__file__).parents[1]
PACKAGES = ("chat", "core", "scheduling", "offline_messages", "facturando_support")
CATALOGUE = ROOT / "locale" / "en" / "LC_MESSAGES"
GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext"}
PLACEHOLDER = re.compile(r"%\(\w+\)\w+|%[sd]|\{\w+\}")
MARKUP = re.compile(r"</?\w+[^>]*>")
SPANISH_LETTERS = re.compile(r"[áéíóúñü¿¡«»]", re.IGNORECASE)
# Names of things in Mexico, and what a program of Facturando shows.
SPANISH_IN_ENGLISH = ("María López",)
# It needs nothing of the project to work, and so speaks the first language alone.
WITHOUT_CONTEXT = "500.html"
# Names that are the same in every language.
NAMES = {"Facturando", "RFC", "CFDI", "Escritorio", "en", "Línea", "Nómina"}

type Entries = dict[str, list[str]]


@pytest.fixture(scope="module")
def entries() -> Entries:
    return read_po((CATALOGUE / "django.po").read_text())


def read_po(po: str) -> Entries:
    """Each msgid with its translations: one, or one for each plural form."""
    found = {}
    for block in re.split(r"\n{2,}", po):
        parts = re.findall(r'^(msg\w+)(?:\[\d\])? ((?:".*"\n?)+)', block, re.MULTILINE)
        texts = [(kind, "".join(map(ast.literal_eval, text.splitlines()))) for kind, text in parts]
        [msgid] = [text for kind, text in texts if kind == "msgid"]
        found[msgid] = [text for kind, text in texts if kind == "msgstr"]
    return found


def texts_of_python() -> Iterator[str]:
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GETTEXT:
                yield ast.literal_eval(node.args[0])


def templates() -> list[Path]:
    return sorted([*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt")])


def texts_of_templates() -> Iterator[str]:
    for path in templates():
        code = templatize(path.read_text())
        for text in re.findall(r"\b(?:_|n?gettext)\((u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\")", code):
            yield ast.literal_eval(text)


def test_every_text_of_the_source_is_in_the_catalogue_and_nothing_else(entries):
    """After a change: makemessages -l en, English in the .po, compilemessages."""
    assert set(entries) - {""} == {*texts_of_python(), *texts_of_templates()}


def test_every_text_has_its_english(entries):
    assert not [msgid for msgid, english in entries.items() if not english or not all(english)]


def test_no_translation_waits_to_be_looked_at():
    assert "fuzzy" not in (CATALOGUE / "django.po").read_text()


def test_no_spanish_is_left_in_the_english(entries):
    english = [text for msgid, texts in entries.items() if msgid for text in texts]
    for name in SPANISH_IN_ENGLISH:
        english = [text.replace(name, "") for text in english]

    assert not [text for text in english if SPANISH_LETTERS.search(text)]


def test_what_is_filled_in_and_marked_up_is_the_same_in_english(entries):
    for msgid, texts in entries.items():
        for text in texts if msgid else []:
            for pattern in (PLACEHOLDER, MARKUP):
                assert sorted(pattern.findall(text)) == sorted(pattern.findall(msgid)), msgid


def test_the_compiled_catalogue_is_the_written_one(entries):
    with (CATALOGUE / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog
    # The head has a date that is not compiled.
    written = {"": compiled.get("")}
    for msgid, english in list(entries.items())[1:]:
        plural = {(msgid, number): text for number, text in enumerate(english)}
        written |= plural if len(english) > 1 else {msgid: english[0]}

    assert compiled == written


@pytest.mark.parametrize(
    "path",
    [path for path in templates() if path.name != WITHOUT_CONTEXT],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_template_says_nothing_outside_gettext(path):
    html = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    html = re.sub(r"\{% blocktranslate.*?\{% endblocktranslate %\}", "", html, flags=re.DOTALL)
    html = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", html)
    attributes = re.findall(
        r'\b(?:alt|aria-label|placeholder|title|data-t(?:ext|itle|oo-large))="(.*?)"', html
    )
    shown = re.sub(r'<[^>]*>|\s[\w-]+="[^"]*"', " ", html)

    assert set(re.findall(r"[^\W\d_]{2,}", " ".join([shown, *attributes]))) <= NAMES


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "static" / "chat").glob("*.js")), ROOT / "templates" / "chat" / "widget.js"],
    ids=lambda path: path.name,
)
def test_a_script_has_no_words_of_its_own(path):
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith(("//", "/*"))]
    code = "\n".join(lines)

    assert not SPANISH_LETTERS.search(code)
    assert "\\u00" not in code, "a Spanish letter in disguise"
    assert not re.findall(r'"[A-Z][a-z]+ [a-z][^"]*"', code), "a sentence"


def test_the_scripts_ask_for_keys_that_the_server_gives():
    code = "".join(path.read_text() for path in (ROOT / "static" / "chat").glob("*.js"))
    calls = re.findall(r"phrase\(([^)]*)", code)
    asked = {key for call in calls for key in re.findall(r'"([a-z]\w*)"', call)}
    asked |= set(re.findall(r'"(\w+)"', code.partition("const MARKS = [")[2].partition("]")[0]))

    assert asked == set(script_texts())
