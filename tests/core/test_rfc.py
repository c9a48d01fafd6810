"""The RFC box forgives how an RFC is written and says which part of it is wrong."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st
from stdnum.mx import rfc as stdnum_rfc

from core.fields import RfcField, rfc_check_digit_matches
from tests.core.words import refusal

COMPANY = "QZX150630AB1"
PERSON = "QEZX850213AB1"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (COMPANY, COMPANY),
        (PERSON, PERSON),
        (" qezx-850213-ab1 ", PERSON),
        ("QEZX 850213 AB1", PERSON),
        ("q.z.x. 150630 ab1", COMPANY),
        ("QZX\u2013150630\u2013AB1", COMPANY),
        ("QZX\u00a0150630\u200bAB1", COMPANY),
        ("ñ&ñ150630ab1", "Ñ&Ñ150630AB1"),
        ("N\u0303&X150630AB1", "Ñ&X150630AB1"),
        ("xaxx010101000", "XAXX010101000"),
        ("XEXX-010101-000", "XEXX010101000"),
        ("QEZX000229AB1", "QEZX000229AB1"),
    ],
)
def test_an_rfc_passes_however_it_is_written(typed, kept):
    assert RfcField().clean(typed) == kept


@pytest.mark.parametrize("typed", ["", "  ", "- -"])
def test_an_empty_rfc_is_asked_for(typed):
    assert refusal(RfcField(), typed) == (
        "Escriba el RFC de la empresa o persona a la que corresponde su consulta."
    )


@pytest.mark.parametrize(
    ("typed", "found"), [("QZX150630A#1", "#"), ("QÉX150630AB1", "É"), ("QZX15063٠AB1", "٠")]
)
def test_a_foreign_character_is_named(typed, found):
    assert refusal(RfcField(), typed) == (
        f"El RFC solo lleva letras y números, y el suyo tiene «{found}». Corríjalo."
    )


@pytest.mark.parametrize("typed", ["QZX150630", "QEZX850213"])
def test_a_missing_homoclave_is_named(typed):
    assert refusal(RfcField(), typed) == (
        "Al RFC le falta la homoclave, que son los 3 últimos caracteres. Escríbalo completo."
    )


@pytest.mark.parametrize(("typed", "length"), [("QZX150630AB", 11), ("QEZX850213AB12", 14), ("Q", 1)])
def test_a_wrong_length_is_counted(typed, length):
    assert refusal(RfcField(), typed) == (
        "El RFC tiene 12 caracteres si es de una empresa y 13 si es de una persona; "
        f"el suyo tiene {length}. Escríbalo completo."
    )


@pytest.mark.parametrize(
    ("typed", "letters"), [("QZX15O630AB1", 3), ("Q0X150630AB1", 3), ("QEZ8850213AB1", 4)]
)
def test_a_letter_in_place_of_a_number_is_pointed_at(typed, letters):
    assert refusal(RfcField(), typed) == (
        f"El RFC empieza con {letters} letras seguidas de 6 números. "
        "Revise que no haya un cero en lugar de una letra O, o al revés."
    )


@pytest.mark.parametrize(("typed", "date"), [("QZX151330AB1", "151330"), ("QEZX850230AB1", "850230")])
def test_a_date_that_does_not_exist_is_shown(typed, date):
    assert refusal(RfcField(), typed) == (
        f"La fecha del RFC no existe: «{date}» debe ser año, mes y día, con dos números cada uno. Corríjala."
    )


def test_letters_that_the_tax_office_never_gives_are_shown():
    assert refusal(RfcField(), "MULA850213AB1") == (
        "Las letras «MULA» no pueden ser el comienzo de un RFC. Corríjalas."
    )


def test_a_date_is_named_before_letters_that_are_wrong_as_well():
    assert "850230" in refusal(RfcField(), "MULA850230AB1")


def test_an_optional_rfc_may_be_left_empty():
    assert RfcField(required=False).clean("") == ""


@pytest.mark.parametrize("rfc", ["XAXX010101000", "XEXX010101000", "xaxx-010101-000"])
def test_the_generic_rfcs_count_as_fitting(rfc):
    assert rfc_check_digit_matches(rfc)


def test_a_check_digit_that_fits_is_told_from_one_that_does_not():
    fitting = "QEZX850213AB" + stdnum_rfc.calc_check_digit("QEZX850213AB")
    other = "QEZX850213AB" + ("1" if fitting[-1] != "1" else "2")

    assert rfc_check_digit_matches(fitting)
    assert not rfc_check_digit_matches(other)
    assert RfcField().clean(other) == other


@pytest.mark.parametrize("rfc", ["", "QZX", "¿?", "QZX151330AB1"])
def test_the_remark_about_the_check_digit_takes_any_text(rfc):
    assert not rfc_check_digit_matches(rfc)


LETTERS = st.text("ABCDEFGHIJKLMNÑ&OPQRSTUVWXYZ", min_size=3, max_size=3)
HOMOCLAVES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=3, max_size=3)


@given(LETTERS, st.dates(), HOMOCLAVES, st.sampled_from([" ", "-", ".", "", " - "]))
def test_every_company_rfc_passes_with_any_separator_and_case(letters, date, homoclave, separator):
    digits = f"{date.year % 100:02}{date:%m%d}"
    # 1900 had no 29 February, but 2000 had: two digits do not tell.
    typed = separator.join([letters, digits, homoclave]).lower()

    assert RfcField().clean(typed) == letters + digits + homoclave


@given(st.text())
def test_any_text_is_kept_in_form_or_refused_in_words(typed):
    kept, sentences = outcome(typed)

    assert bool(kept) != bool(sentences)
    assert all(sentence.endswith(".") for sentence in sentences)
    assert not kept or (len(kept) in (12, 13) and outcome(kept) == (kept, []))


def outcome(typed: str) -> tuple[str, list[str]]:
    try:
        return RfcField().clean(typed), []
    except ValidationError as refused:
        return "", refused.messages
