"""Free text arrives as the person saw it, and safe to store, send and show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import FreeTextField, clean_text, one_line
from tests.core.words import refusal


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("  No timbra.\r\nSale error 301.\r", "No timbra.\nSale error 301."),
        ("uno\u2028dos\u2029tres\x85cuatro\x0bcinco\x0cseis", "uno\ndos\ntres\ncuatro\ncinco\nseis"),
        ("a\tb", "a\tb"),
        ("No\x00 tim\x1bbra\x7f\x9f", "No timbra"),
        ("factura\u202efdp.exe\u202c", "facturafdp.exe"),
        ("\ufeffhola\u200b\ud800\uffff", "hola"),
        ("\u200d\u2060\u00ad", ""),
        ("\r\x00\n", ""),
        ("👩\u200d💻 ñ é", "👩\u200d💻 ñ é"),
        ("", ""),
    ],
)
def test_text_is_cleaned(raw, cleaned):
    assert clean_text(raw) == cleaned


@given(st.text(st.characters(codec=None)))
def test_any_text_comes_out_storable_and_the_same_the_second_time(raw):
    cleaned = clean_text(raw)

    assert cleaned.encode() is not None
    assert cleaned == cleaned.strip()
    assert {char for char in cleaned if unicodedata.category(char) == "Cc"} <= {"\n", "\t"}
    assert len(cleaned.splitlines()) <= cleaned.count("\n") + 1
    assert clean_text(cleaned) == cleaned


@given(st.text(st.characters(codec=None)))
def test_a_single_line_is_one_and_stays_the_same(raw):
    line = one_line(raw)

    assert len(line.splitlines()) <= 1
    assert line == " ".join(line.split())
    assert one_line(line) == line


@pytest.mark.parametrize("typed", ["", " \r\n ", "\u200b", "\x00"])
def test_an_empty_message_is_asked_for(typed):
    assert refusal(FreeTextField(max_length=10), typed) == "Escriba su mensaje."


def test_a_message_that_is_too_long_is_refused_with_its_length():
    assert refusal(FreeTextField(max_length=10), "once letras") == (
        "El mensaje puede tener hasta 10 caracteres; el suyo tiene 11. Acórtelo o envíelo en partes."
    )


def test_characters_are_counted_after_cleaning():
    assert FreeTextField(max_length=3).clean("  a\r\nb\x00\u202e ") == "a\nb"


def test_the_browser_does_not_cut_what_is_pasted():
    assert "maxlength" not in FreeTextField(max_length=10).widget.attrs


def test_an_optional_text_may_be_left_empty():
    assert FreeTextField(max_length=10, required=False).clean(" ") == ""
