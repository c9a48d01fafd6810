"""Identification: RFC, nombre o razón social, programa and version, forgiving what is only writing."""

import pytest

from chat import services
from chat.forms import IdentificationForm
from chat.models import Program
from chat.services import ChatEnded, NotYourChat
from tests.chat.conftest import browser_of
from tests.chat.factories import (
    ANA,
    NOW,
    RFC,
    ProgramFactory,
    attended,
    conversing,
    end,
    fresh,
    identify,
    later,
    line_of,
    rules_of,
    say_as_customer,
    texts_of,
)

pytestmark = pytest.mark.django_db

GOOD = {"rfc": RFC, "legal_name": "Papelería López", "program": "CFDI Escritorio", "program_version": "5.2"}


@pytest.fixture(autouse=True)
def _catalogue():
    Program.objects.all().delete()
    for position, name in enumerate(["CFDI Escritorio", "CFDI en Línea", "Nómina CFDI"]):
        ProgramFactory.create(name=name, position=position)
    ProgramFactory.create(name="Programa retirado", is_active=False)


def form(**changes):
    return IdentificationForm(GOOD | changes)


def complaint(field, **changes):
    """The one sentence that is shown beside the field."""
    refused = form(**changes)
    assert not refused.is_valid()
    assert list(refused.errors) == [field]
    [sentence] = refused.errors[field]
    return sentence


# --- What is forgiven -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["EKU9003173C9", "eku9003173c9", " EKU 900317 3C9 ", "eku-900317-3c9", "EKU\u2013900317\u20133C9"],
)
def test_spaces_hyphens_and_case_of_the_rfc_are_forgiven(typed):
    accepted = form(rfc=typed)

    assert accepted.is_valid()
    assert accepted.cleaned_data["rfc"] == "EKU9003173C9"


@pytest.mark.parametrize("generic", ["XAXX010101000", "xexx-010101-000"])
def test_the_generic_rfcs_are_accepted_without_a_remark(laura, generic):
    accepted = form(rfc=generic)
    assert accepted.is_valid()

    session = identify(attended(laura), rfc=accepted.cleaned_data["rfc"])

    assert "identification.check-digit" not in rules_of(session)


def test_a_persons_rfc_has_thirteen_characters():
    assert form(rfc="GODE561231GR8").is_valid()


def test_a_failing_check_digit_is_a_remark_and_never_a_refusal(laura):
    accepted = form(rfc="EKU9003173C0")
    assert accepted.is_valid()

    session = identify(attended(laura), rfc=accepted.cleaned_data["rfc"])

    assert fresh(session).identified_at == NOW
    assert line_of(session, "identification.check-digit") == (
        "Revise por favor el RFC EKU9003173C0: su último carácter no coincide con el que se calcula. "
        "Si así aparece en su constancia, no necesita hacer nada."
    )


@pytest.mark.parametrize(
    ("typed", "program"),
    [
        ("CFDI Escritorio", "CFDI Escritorio"),
        ("cfdi  escritorio", "CFDI Escritorio"),
        ("escritorio", "CFDI Escritorio"),
        ("CFDI EN LINEA", "CFDI en Línea"),
        ("linea", "CFDI en Línea"),
        ("nomina", "Nómina CFDI"),
        ("NÓMINA", "Nómina CFDI"),
        ("no\u0301mina", "Nómina CFDI"),
    ],
)
def test_a_program_is_found_without_case_accents_or_its_whole_name(typed, program):
    accepted = form(program=typed)

    assert accepted.is_valid(), accepted.errors
    assert accepted.cleaned_data["program"].name == program


def test_a_legal_name_is_kept_on_one_line():
    accepted = form(legal_name="  Papelería\u200b   López\nS.A. de C.V. ")

    assert accepted.is_valid()
    assert accepted.cleaned_data["legal_name"] == "Papelería López S.A. de C.V."


# --- What is refused, and in which words ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Escriba el RFC de la empresa o persona a la que corresponde su consulta."),
        (
            "EKU9003173C",
            "El RFC tiene 12 caracteres si es de una empresa y 13 si es de una persona; "
            "el suyo tiene 11. Escríbalo completo.",
        ),
        (
            "GODE561231GR88",
            "El RFC tiene 12 caracteres si es de una empresa y 13 si es de una persona; "
            "el suyo tiene 14. Escríbalo completo.",
        ),
        (
            "EKU900317",
            "Al RFC le falta la homoclave, que son los 3 últimos caracteres. Escríbalo completo.",
        ),
        (
            "EKU9002303C9",
            "La fecha del RFC no existe: «900230» debe ser año, mes y día, con dos números cada uno. "
            "Corríjala.",
        ),
        ("EKU9003173*9", "El RFC solo lleva letras y números, y el suyo tiene «*». Corríjalo."),
    ],
)
def test_an_impossible_rfc_is_refused_with_what_is_wrong(typed, words):
    assert complaint("rfc", rfc=typed) == words


@pytest.mark.parametrize("typed", ["Facturando", "FACTURANDO", " facturando ", "Facturando\u200b"])
def test_facturando_is_the_company_and_not_the_program(typed):
    assert "Facturando es la empresa, no el programa." in complaint("program", program=typed)


def test_an_unknown_program_is_refused_with_those_that_there_are():
    assert complaint("program", program="Word") == (
        "No encontramos ese programa. Elija uno de estos: CFDI Escritorio, CFDI en Línea, Nómina CFDI."
    )


@pytest.mark.parametrize("typed", ["CFDI", "no", "Programa retirado", "\u200b"])
def test_an_ambiguous_short_retired_or_invisible_name_finds_no_program(typed):
    assert complaint("program", program=typed).startswith("No encontramos ese programa.")


def test_a_program_is_asked_for():
    assert complaint("program", program="") == "Escriba o elija el programa que usa."


@pytest.mark.parametrize("typed", ["", "   "])
def test_a_legal_name_is_asked_for(typed):
    assert complaint("legal_name", legal_name=typed) == (
        "Escriba el nombre o razón social que aparece en su RFC."
    )


@pytest.mark.parametrize("typed", ["12345", "---", "\u200b"])
def test_a_legal_name_has_letters(typed):
    assert complaint("legal_name", legal_name=typed) == "Escriba el nombre o razón social con letras."


@pytest.mark.parametrize("typed", ["", "  ", "\u200b", "\u2060\u200b"])
def test_a_version_is_asked_for_with_the_place_that_shows_it(typed):
    assert complaint("program_version", program_version=typed) == (
        "Escriba la versión: la muestra el menú Ayuda, opción «Acerca de…»."
    )


def test_the_page_says_where_the_version_is_shown(laura, clock):
    attended(laura)

    page = browser_of(ANA).get("/chat/").content.decode()

    assert "La versión se ve en el programa, menú Ayuda → Acerca de…" in page


def test_all_that_is_wrong_is_said_at_once():
    refused = IdentificationForm({})

    assert set(refused.errors) == {"rfc", "legal_name", "program", "program_version"}


# --- What it does to the chat ---------------------------------------------------------------------------


def test_identification_is_kept_and_read_back_in_the_chat(laura):
    session = identify(attended(laura), later(minutes=1))

    row = fresh(session)
    assert (row.rfc, row.legal_name, row.program_version) == (RFC, "Papelería López", "5.2")
    assert str(row.program) == "CFDI Escritorio"
    assert row.identified_at == later(minutes=1)
    assert line_of(session, "identification.received") == (
        "Identificación recibida: EKU9003173C9, Papelería López, CFDI Escritorio 5.2."
    )


def test_once_identified_the_customer_writes(laura):
    session = conversing(laura)

    assert say_as_customer(session, "Sale al timbrar").number == fresh(session).last_number


def test_identification_may_be_corrected(laura):
    session = conversing(laura)

    identify(session, later(minutes=2), rfc="GODE561231GR8")

    assert fresh(session).rfc == "GODE561231GR8"


def test_the_chats_agent_may_identify_the_customer(laura, diego):
    session = attended(laura)
    identification = services.Identification(
        rfc=RFC, legal_name="Papelería López", program=ProgramFactory.create(), program_version="5.2"
    )

    with pytest.raises(NotYourChat):
        services.identify(session=session, identification=identification, now=NOW, agent=diego)
    services.identify(session=session, identification=identification, now=NOW, agent=laura)

    assert fresh(session).identified_at == NOW


def test_an_ended_chat_is_not_identified(laura):
    session = end(attended(laura))

    with pytest.raises(ChatEnded):
        identify(session)


def test_the_form_comes_back_with_what_is_known(laura):
    session = conversing(laura)

    assert IdentificationForm.of(fresh(session)).initial == {
        "rfc": RFC,
        "legal_name": "Papelería López",
        "program": "CFDI Escritorio",
        "program_version": "5.2",
    }


def test_the_form_offers_the_programs_that_are_sold():
    assert IdentificationForm().programs == ["CFDI Escritorio", "CFDI en Línea", "Nómina CFDI"]


def test_the_same_identification_again_says_nothing_again(laura):
    session = conversing(laura)
    before = rules_of(session)

    identify(session, later(minutes=1))

    assert rules_of(session) == before


def test_a_correction_is_said(laura):
    session = conversing(laura)

    identify(session, later(minutes=1), legal_name="Papelería López e Hijos")

    assert rules_of(session)[-1] == "identification.received"
    assert "Papelería López e Hijos" in texts_of(session)[-1]
