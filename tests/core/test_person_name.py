"""The name box takes every real name and says what to do about the rest."""

import pytest

from core.fields import PersonNameField
from tests.core.words import refusal

REAL = [
    "Ana", "Li", "Xi", "José Ñúñez", "O'Brien", "María-José", "Juan de la Cruz", "J. Pérez", "Ng",
    "Lic. Rosa Medina", "Jürgen Groß", "李雷", "李", "Иван", "Soledad Prueba", "Test López", "Anna",
    "Eva", "Ada", "Sin Yi Chan",
]  # fmt: skip
FILLERS = [
    "test", "Test", "PRUEBA", "asdf", "asdfgh", "qwerty", "ytrewq", "nombre", "Cliente", "usuario", "xxx",
    "aaa", "Sin nombre", "n/a", "N.A.", "anónimo", "ANONIMA", "Anónimo", "x", "Aaaa Bbbb", "test test",
    "prueba 1", "zxcvbnm", "abcdef", "Ñññ", "no name", "usuario prueba",
]  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_a_real_name_passes(name):
    assert PersonNameField().clean(name) == name


@pytest.mark.parametrize("name", FILLERS)
def test_a_filler_is_refused(name):
    assert refusal(PersonNameField(), name) == (
        "Escriba su nombre real, para que el agente sepa con quién habla."
    )


@pytest.mark.parametrize("name", ["", "   ", "\n", "\u200b\u202e", "\x00"])
def test_an_empty_name_is_asked_for(name):
    assert refusal(PersonNameField(), name) == "Escriba su nombre."


@pytest.mark.parametrize("name", ["55 1234 5678", "---", "😀", "_"])
def test_a_name_without_letters_is_refused(name):
    assert refusal(PersonNameField(), name) == (
        "Un nombre lleva letras. Escriba su nombre, por ejemplo: María López."
    )


@pytest.mark.parametrize(
    "name",
    ["Gane en http://premio.mx", "www.premio.mx gratis", "rosa@premio.mx", "<b>Rosa</b>", "{{ Rosa }}"],
)
def test_a_name_cannot_carry_a_link_into_our_mails(name):
    assert refusal(PersonNameField(), name) == "Escriba solo su nombre, sin direcciones ni signos."


def test_a_name_that_is_too_long_is_refused_with_its_length():
    assert refusal(PersonNameField(), "Ana " * 21) == (
        "El nombre puede tener hasta 80 caracteres; el suyo tiene 83. Acórtelo."
    )


def test_a_name_of_the_greatest_length_passes():
    assert PersonNameField().clean(" " + "Rosa Medin" * 8 + " ") == "Rosa Medin" * 8


@pytest.mark.parametrize(
    "typed",
    [
        "  Rosa   Medina ",
        "Rosa\tMedina",
        "Rosa\u00a0Medina",
        "Rosa\r\nMedina",
        "Rosa\u2028Medina",
        "Rosa \u202eMedina\u202c",
        "Ro\u200bsa\x00 Medina\ufeff",
    ],
)
def test_a_name_becomes_one_line_without_invisible_characters(typed):
    assert PersonNameField().clean(typed) == "Rosa Medina"


def test_a_name_cannot_begin_a_mail_header():
    assert "\n" not in PersonNameField().clean("Rosa\r\nBcc: bruno")


def test_the_browser_neither_cuts_a_pasted_name_nor_has_to_be_told_what_it_is():
    attrs = PersonNameField().widget.attrs

    assert "maxlength" not in attrs
    assert attrs["autocomplete"] == "name"


def test_an_optional_name_may_be_left_empty():
    assert PersonNameField(required=False).clean("") == ""
