"""Form fields for what people say about themselves; each refusal says what to do instead."""

import re
import unicodedata
from typing import Any

from disposable_email_domains import blocklist
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email as validate_email_for_mail
from django.utils.translation import gettext_lazy as _
from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from stdnum.exceptions import InvalidComponent, InvalidFormat
from stdnum.mx import rfc as stdnum_rfc

from core.text import one_line

# fmt: off
# Words that people type to get past a name box. Few: a refused real name is worse than a false one.
FILLER_WORDS = frozenset({
    "abc", "admin", "anonima", "anonimo", "anonymous", "apellido", "asd", "ayuda", "cliente", "contacto",
    "demo", "ejemplo", "empresa", "error", "hola", "invitado", "na", "name", "nadie", "ninguna", "ninguno",
    "no", "nombre", "none", "null", "prueba", "pruebas", "qwe", "sin", "soporte", "test", "tester", "testing",
    "user", "usuario", "visitante", "xyz", "zxc",
})
# Refused only together: somebody's real address may well begin with correo@ or lie at prueba.com.
FILLER_LOCAL_PARTS = frozenset({
    "a", "aaa", "abc", "asd", "asdf", "correo", "ejemplo", "email", "mail", "nadie", "no-reply", "nombre",
    "noreply", "prueba", "qwerty", "test", "user", "usuario", "x", "xxx",
})
FILLER_DOMAIN_NAMES = frozenset({
    "a", "aaa", "abc", "asd", "asdf", "correo", "dominio", "ejemplo", "email", "empresa", "mail", "prueba",
    "qwerty", "test", "x", "xxx",
})
# fmt: on
_KEYBOARD_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz")
# Shorter runs are syllables of real names.
_KEYBOARD_RUN_MIN = 4

# The name opens our mails: whoever types somebody else's address must not send them a link under our name.
_SIGNS_OF_ADDRESSES = re.compile(r"[<>{}\[\]@/\\=]|www\.", re.IGNORECASE)

# RFC 5321, 4.5.3.1.3. Longer ones would keep the parser busy before it refuses them.
_EMAIL_MOST_CHARS = 254
# RFC 2606 and RFC 6761, as far as email-validator lets them pass, and ICANN's private-use name.
RESERVED_DOMAINS = frozenset({"example", "example.com", "example.net", "example.org", "internal"})

GENERIC_RFCS = frozenset({"XAXX010101000", "XEXX010101000"})
_RFC_SEPARATORS = re.compile(r"[\s.\-_/\u2010-\u2015\u2212]+")
_RFC_FOREIGN = re.compile(r"[^A-ZÑ&0-9]")
_RFC_COMPANY_LENGTH, _RFC_PERSON_LENGTH = 12, 13
_RFC_DATE_LENGTH, _RFC_HOMOCLAVE_LENGTH = 6, 3
# Normalizing a row of accents takes the square of its length: what is longer than anybody types stays as it
# is, and is refused for it.
_RFC_MOST_TYPED = 100


class PersonNameField(forms.CharField):
    """A name of a person, on one line. Manual: "estos deberán de ser reales"."""

    default_error_messages = {
        "required": _("Escriba su nombre."),
        "max_length": _(
            "El nombre puede tener hasta %(limit_value)d caracteres; el suyo tiene %(show_value)d. Acórtelo."
        ),
        "no_letters": _("Un nombre lleva letras. Escriba su nombre, por ejemplo: María López."),
        "filler": _("Escriba su nombre real, para que el agente sepa con quién habla."),
        "signs": _("Escriba solo su nombre, sin direcciones ni signos."),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Nombre"))
        kwargs.setdefault("max_length", 80)
        super().__init__(**kwargs)
        self.widget.attrs.setdefault("autocomplete", "name")

    def to_python(self, value: object) -> str:
        """The name without surrounding, doubled or invisible characters."""
        return one_line(str(value)) if value not in self.empty_values else ""

    def validate(self, value: str) -> None:
        """Refuse what is no name at all."""
        super().validate(value)
        # Too long is told by a validator, which runs after this.
        if not value or (self.max_length is not None and len(value) > self.max_length):
            return
        words = re.findall(r"[^\W\d_]+", _folded(value))
        if not words:
            raise ValidationError(self.error_messages["no_letters"], code="no_letters")
        if all(map(_is_filler, words)):
            raise ValidationError(self.error_messages["filler"], code="filler")
        if _SIGNS_OF_ADDRESSES.search(value):
            raise ValidationError(self.error_messages["signs"], code="signs")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Without ``maxlength``: browsers cut what is pasted without saying so."""
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


class RealEmailField(forms.CharField):
    """An address that can receive an answer. Manual: "estos deberán de ser reales"."""

    widget = forms.EmailInput
    default_error_messages = {
        "required": _("Escriba su correo electrónico."),
        "invalid": _("Revise su correo electrónico: debe tener la forma nombre@empresa.com."),
        "line_break": _("Escriba un solo correo electrónico, en una sola línea."),
        "not_ascii": _("Revise su correo electrónico: antes de la arroba no puede llevar acentos ni eñes."),
        "reserved": _("A ese correo no podemos escribirle. Escriba el correo electrónico que usted usa."),
        "disposable": _(
            "Ese correo es temporal y nuestra respuesta se perdería. "
            "Escriba el correo electrónico que usted usa."
        ),
        "filler": _("Escriba su correo electrónico real; ahí recibirá nuestra respuesta."),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Correo electrónico"))
        super().__init__(**kwargs)
        self.widget.attrs.setdefault("autocomplete", "email")

    def clean(self, value: object) -> str:
        """The normalized address, its domain in lower case."""
        typed = super().clean(value)
        if len(typed.splitlines()) > 1:
            raise self._refusal("line_break")
        return self._checked(self._parsed(one_line(typed))).normalized if typed else ""

    def _parsed(self, typed: str) -> ValidatedEmail:
        # Without SMTPUTF8 on the whole way there, a letter outside ASCII before the @ cannot be delivered.
        is_local_part_ascii = typed.rpartition("@")[0].isascii()
        if len(typed) > _EMAIL_MOST_CHARS:
            raise self._refusal("invalid")
        try:
            address = validate_email(typed, check_deliverability=False, allow_smtputf8=False, strict=True)
            # What it accepts and Django does not would fail only when a mail is queued.
            validate_email_for_mail(address.normalized)
        except (EmailNotValidError, ValidationError) as error:
            raise self._refusal("invalid" if is_local_part_ascii else "not_ascii") from error
        return address

    def _checked(self, address: ValidatedEmail) -> ValidatedEmail:
        domains = _with_parents(address.ascii_domain)
        if not RESERVED_DOMAINS.isdisjoint(domains):
            raise self._refusal("reserved")
        if not blocklist.isdisjoint(domains):
            raise self._refusal("disposable")
        if (
            address.local_part.lower() in FILLER_LOCAL_PARTS
            and domains[0].split(".")[0] in FILLER_DOMAIN_NAMES
        ):
            raise self._refusal("filler")
        return address

    def _refusal(self, code: str) -> ValidationError:
        return ValidationError(self.error_messages[code], code=code)


class RfcField(forms.CharField):
    """A complete RFC (Código Fiscal de la Federación, art. 27), however it is spaced and capitalised.

    The check digit is not looked at: the SAT itself has issued some that fail (`rfc_check_digit_matches`).
    """

    default_error_messages = {
        "required": _("Escriba el RFC de la empresa o persona a la que corresponde su consulta."),
        "characters": _("El RFC solo lleva letras y números, y el suyo tiene «%(found)s». Corríjalo."),
        "no_homoclave": _(
            "Al RFC le falta la homoclave, que son los 3 últimos caracteres. Escríbalo completo."
        ),
        "length": _(
            "El RFC tiene 12 caracteres si es de una empresa y 13 si es de una persona; "
            "el suyo tiene %(length)d. Escríbalo completo."
        ),
        "shape": _(
            "El RFC empieza con %(letters)d letras seguidas de 6 números. "
            "Revise que no haya un cero en lugar de una letra O, o al revés."
        ),
        "date": _(
            "La fecha del RFC no existe: «%(date)s» debe ser año, mes y día, con dos números cada uno. "
            "Corríjala."
        ),
        "letters": _("Las letras «%(letters)s» no pueden ser el comienzo de un RFC. Corríjalas."),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("RFC"))
        super().__init__(**kwargs)

    def to_python(self, value: object) -> str:
        """The bare RFC in capitals."""
        return _compact_rfc(str(value)) if value not in self.empty_values else ""

    def validate(self, value: str) -> None:
        """Say which part of the RFC is wrong."""
        super().validate(value)
        if value:
            self._check_characters(value)
            self._check_length(value)
            self._check_structure(value)

    def _check_characters(self, value: str) -> None:
        if found := _RFC_FOREIGN.search(value):
            raise self._refusal("characters", found=found.group())

    def _check_length(self, value: str) -> None:
        if len(value) in (
            _RFC_COMPANY_LENGTH - _RFC_HOMOCLAVE_LENGTH,
            _RFC_PERSON_LENGTH - _RFC_HOMOCLAVE_LENGTH,
        ):
            raise self._refusal("no_homoclave")
        if len(value) not in (_RFC_COMPANY_LENGTH, _RFC_PERSON_LENGTH):
            raise self._refusal("length", length=len(value))

    def _check_structure(self, value: str) -> None:
        letters = len(value) - _RFC_DATE_LENGTH - _RFC_HOMOCLAVE_LENGTH
        date = value[letters : letters + _RFC_DATE_LENGTH]
        try:
            stdnum_rfc.validate(value, validate_check_digits=False)
        except InvalidFormat as error:
            raise self._refusal("shape", letters=letters) from error
        except InvalidComponent as error:
            # The same exception tells of the date and of letters that make a bad word, which the SAT avoids.
            if _is_rfc_date(date):
                raise self._refusal("letters", letters=value[:letters]) from error
            raise self._refusal("date", date=date) from error

    def _refusal(self, code: str, **params: object) -> ValidationError:
        return ValidationError(self.error_messages[code], code=code, params=params)


def rfc_check_digit_matches(rfc: str) -> bool:
    """Whether the last character fits the others: a remark for the agent. The generic RFCs count as fitting.

    About 1.5 % of the RFCs in use do not fit, so nothing may be refused because of this.
    """
    compact = _compact_rfc(rfc)
    return compact in GENERIC_RFCS or stdnum_rfc.is_valid(compact, validate_check_digits=True)


def _folded(text: str) -> str:
    """Lower case and without accents, for comparing."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _is_filler(word: str) -> bool:
    is_one_letter = word.isascii() and len(set(word)) == 1
    return word in FILLER_WORDS or is_one_letter or _is_keyboard_run(word)


def _is_keyboard_run(word: str) -> bool:
    return len(word) >= _KEYBOARD_RUN_MIN and any(word in row or word[::-1] in row for row in _KEYBOARD_ROWS)


def _with_parents(domain: str) -> list[str]:
    labels = domain.lower().split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def _compact_rfc(typed: str) -> str:
    # NFKC joins an N and its tilde typed apart, and narrows full-width letters.
    line = one_line(typed)
    if len(line) <= _RFC_MOST_TYPED:
        line = unicodedata.normalize("NFKC", line)
    return _RFC_SEPARATORS.sub("", line).upper()


def _is_rfc_date(digits: str) -> bool:
    """Whether stdnum takes the six digits for a date, asked with letters that it never refuses."""
    return bool(stdnum_rfc.is_valid(f"AAA{digits}AAA"))
