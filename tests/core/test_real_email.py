"""The e-mail box takes addresses that an answer can reach and says what to do about the rest."""

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from hypothesis import given
from hypothesis import strategies as st

from core.fields import RealEmailField
from tests.core.words import refusal


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("rosa@despacho-lopez.mx", "rosa@despacho-lopez.mx"),
        ("  Rosa.Medina@Despacho-Lopez.MX \n", "Rosa.Medina@despacho-lopez.mx"),
        ("o'brien+cfdi@contadores.com.mx", "o'brien+cfdi@contadores.com.mx"),
        ("rosa@despacho-muñoz.mx", "rosa@despacho-muñoz.mx"),
        ("rosa@despacho-lopez.mx\u200b", "rosa@despacho-lopez.mx"),
        ("test@despacho-lopez.mx", "test@despacho-lopez.mx"),
        ("correo@ferreteria-lopez.mx", "correo@ferreteria-lopez.mx"),
        ("rosa.medina@prueba.com.mx", "rosa.medina@prueba.com.mx"),
    ],
)
def test_a_real_address_passes_with_its_domain_in_lower_case(typed, kept):
    assert RealEmailField().clean(typed) == kept


@pytest.mark.parametrize("typed", ["", "  ", None])
def test_an_empty_address_is_asked_for(typed):
    assert refusal(RealEmailField(), typed) == "Escriba su correo electrónico."


@pytest.mark.parametrize(
    "typed",
    [
        "rosa", "rosa@", "@despacho-lopez.mx", "rosa@despacho", "rosa despacho-lopez.mx",
        "rosa@@despacho-lopez.mx",
        "rosa @despacho-lopez.mx", "rosa@despacho-lopez.mx, bruno@gil.mx", "Rosa <rosa@despacho-lopez.mx>",
        "rosa@[10.0.0.1]", '"rosa medina"@despacho-lopez.mx', "r" * 65 + "@despacho-lopez.mx",
        "rosa@" + "d" * 64 + ".mx", "rosa@despacho.test", "rosa@despacho.local", "rosa@despacho.invalid",
        "rosa@despacho-lopez..mx", ".rosa@despacho-lopez.mx",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed):
    assert refusal(RealEmailField(), typed) == (
        "Revise su correo electrónico: debe tener la forma nombre@empresa.com."
    )


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n", "\u2028", "\x0b", "\x85"])
def test_a_second_line_is_refused(line_end):
    typed = f"rosa@despacho-lopez.mx{line_end}Bcc: bruno@gil.mx"

    assert refusal(RealEmailField(), typed) == "Escriba un solo correo electrónico, en una sola línea."


def test_letters_that_mail_servers_do_not_carry_are_named():
    assert refusal(RealEmailField(), "begoña@despacho-lopez.mx") == (
        "Revise su correo electrónico: antes de la arroba no puede llevar acentos ni eñes."
    )


@pytest.mark.parametrize(
    "typed",
    ["rosa@example.com", "rosa@correo.EXAMPLE.org", "rosa@despacho.example", "rosa@servidor.internal"],
)
def test_a_reserved_domain_is_refused(typed):
    assert refusal(RealEmailField(), typed) == (
        "A ese correo no podemos escribirle. Escriba el correo electrónico que usted usa."
    )


@pytest.mark.parametrize("typed", ["rosa@yopmail.com", "rosa@YOPmail.com", "rosa@buzon.yopmail.com"])
def test_a_throw_away_domain_is_refused_with_its_subdomains(typed):
    assert refusal(RealEmailField(), typed) == (
        "Ese correo es temporal y nuestra respuesta se perdería. Escriba el correo electrónico que usted usa."
    )


@pytest.mark.parametrize(
    "typed", ["test@test.com", "asdf@asdf.com", "Correo@Correo.com.mx", "noreply@mail.com", "a@a.mx"]
)
def test_a_filler_at_a_filler_is_refused(typed):
    assert (
        refusal(RealEmailField(), typed)
        == "Escriba su correo electrónico real; ahí recibirá nuestra respuesta."
    )


def test_an_optional_address_may_be_left_empty():
    assert RealEmailField(required=False).clean("") == ""


@given(st.emails())
def test_whatever_passes_can_be_mailed_to_and_stays_the_same(typed):
    try:
        kept = RealEmailField().clean(typed)
    except ValidationError:
        return
    validate_email(kept)
    assert RealEmailField().clean(kept) == kept
