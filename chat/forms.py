"""Checks of what people typed in the chat, for pages and sockets alike."""

import unicodedata
import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.coach import exact_message_request, is_vague
from chat.models import ChatSession, Program
from core.fields import PersonNameField, RealEmailField, RfcField
from core.text import FreeTextField, clean_text, one_line
from scheduling.services import Details


def message_field(**kwargs: Any) -> FreeTextField:
    widget = forms.Textarea(attrs={"rows": 3})
    maximum = settings.CHAT_MAX_MESSAGE_CHARS
    kwargs.setdefault("label", gettext_lazy("Mensaje"))
    return FreeTextField(max_length=maximum, widget=widget, **kwargs)


def first_sentence(form: forms.Form) -> str:
    """What is wrong with a form that was refused, in its first sentence."""
    return str(next(iter(form.errors.values()))[0])


class FirstMessageForm(forms.Form):
    """Step one: what the customer wants to say, before anything is asked."""

    text = message_field()


class PageUrlField(forms.CharField):
    """The page somebody wrote from, without its query: that may hold what is not ours to keep.

    It refuses nothing, since nobody could see or correct what is wrong with a hidden field.
    """

    widget = forms.HiddenInput

    def clean(self, value: Any) -> str:
        url = clean_text(str(value or "")).split("?")[0].split("#")[0]
        return url[:300] if url.startswith(("http://", "https://")) else ""


class StartForm(forms.Form):
    """Step two. Manual: "un nombre y una cuenta de correo, estos deberán de ser reales"."""

    name = PersonNameField()
    email = RealEmailField()
    text = message_field()
    client_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    page_url = PageUrlField()


class MessageForm(forms.Form):
    text = message_field()
    client_id = forms.UUIDField()


class ComposerForm(forms.Form):
    """The composer as a page posts it: a line, a file, or both."""

    text = message_field(required=False)
    client_id = forms.UUIDField()
    file = forms.FileField(required=False, allow_empty_file=True)
    file_client_id = forms.UUIDField(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("text") and not data.get("file"):
            raise ValidationError(_("Escriba su mensaje o elija un archivo."))
        return data


class MarksForm(forms.Form):
    delivered = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    read = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class TypingForm(forms.Form):
    is_typing = forms.BooleanField(required=False)


class FollowForm(forms.Form):
    after = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class AgentFollowForm(FollowForm):
    """By plain HTTP: which chat of an agent's console."""

    session = forms.IntegerField(min_value=1, max_value=2**63 - 1)


class ProgramField(forms.CharField):
    """A program of the catalogue by its name, forgiving case, accents and an incomplete name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=gettext_lazy("Programa"), max_length=80, **kwargs)
        self.error_messages["required"] = gettext_lazy("Escriba o elija el programa que usa.")

    def clean(self, value: Any) -> Any:
        name = super().clean(value)
        if _folded(name) == "facturando":
            raise ValidationError(_("Facturando es la empresa, no el programa. Elija el programa que usa."))
        programs = list(Program.objects.filter(is_active=True))
        found = _matching(programs, _folded(name))
        if found is None:
            names = ", ".join(program.name for program in programs)
            raise ValidationError(_("No encontramos ese programa. Elija uno de estos: %s.") % names)
        return found


def _matching(programs: list[Program], wanted: str) -> Program | None:
    exact = [program for program in programs if _folded(program.name) == wanted]
    partial = [program for program in programs if wanted in _folded(program.name)]
    if exact:
        return exact[0]
    return partial[0] if len(partial) == 1 and len(wanted) >= 3 else None


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", clean_text(text).casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


class IdentificationForm(forms.Form):
    """Manual: "deberás de identificarte capturando el RFC, el Nombre o Razón Social y programa que usas"."""

    rfc = RfcField()
    legal_name = forms.CharField(
        label=gettext_lazy("Nombre o Razón Social"),
        max_length=200,
        error_messages={"required": gettext_lazy("Escriba el nombre o razón social que aparece en su RFC.")},
    )
    program = ProgramField(widget=forms.TextInput(attrs={"autocomplete": "off"}))
    program_version = forms.CharField(
        label=gettext_lazy("Versión"),
        max_length=40,
        error_messages={
            "required": gettext_lazy("Escriba la versión: la muestra el menú Ayuda, opción «Acerca de…».")
        },
    )

    def __init__(self, *args: Any, programs_id: str = "programs", **kwargs: Any) -> None:
        """`programs_id` names the list of programs, apart where one page holds several of these forms."""
        super().__init__(*args, **kwargs)
        self.programs_id = programs_id
        self.fields["program"].widget.attrs["list"] = programs_id

    @classmethod
    def of(cls, session: ChatSession, **ids: str) -> "IdentificationForm":
        """The form filled in with what is known."""
        return cls(
            initial={
                "rfc": session.rfc,
                "legal_name": session.legal_name,
                "program": session.program.name if session.program else "",
                "program_version": session.program_version,
            },
            **ids,
        )

    @property
    def programs(self) -> list[str]:
        return list(Program.objects.filter(is_active=True).values_list("name", flat=True))

    def clean_legal_name(self) -> str:
        return self._with_letters("legal_name", _("Escriba el nombre o razón social con letras."))

    def clean_program_version(self) -> str:
        version = one_line(self.cleaned_data["program_version"])
        if not version:
            raise ValidationError(self.fields["program_version"].error_messages["required"])
        return version

    def _with_letters(self, field: str, complaint: str) -> str:
        text = one_line(self.cleaned_data[field])
        if not any(c.isalpha() for c in text):
            raise ValidationError(complaint)
        return text


class BookingForm(IdentificationForm):
    """What is needed to book: who comes, for which RFC and program, and what about."""

    name = PersonNameField()
    email = RealEmailField()
    about = message_field(label=gettext_lazy("¿Qué necesita consultar?"))
    client_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    # The words for which a better description was asked for once: insisted upon, they are taken.
    coached = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("name", "email", "rfc", "legal_name", "program", "program_version", "about")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        about = data.get("about", "")
        if is_vague(about) and data.get("coached") != about:
            self.data = {**self.data.dict(), "coached": about}  # type: ignore[attr-defined]
            self.add_error("about", exact_message_request())
        return data

    def details(self, zone: str) -> Details:
        data = self.cleaned_data
        return Details(
            name=data["name"],
            email=data["email"],
            rfc=data["rfc"],
            legal_name=data["legal_name"],
            program=data["program"].name,
            program_version=data["program_version"],
            about=data["about"],
            customer_zone=zone,
        )


class OfferedHourForm(forms.Form):
    """The hour that was chosen of those that the agent offers, by the names of its hidden fields."""

    hora = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M:%S.%fZ"])
    cita = forms.UUIDField()


class RatingForm(forms.Form):
    rating = forms.ChoiceField(
        label=gettext_lazy("¿Cómo fue la atención?"),
        choices=ChatSession.Rating,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Elija «buena» o «mala».")},
    )
    comment = FreeTextField(
        label=gettext_lazy("Comentario (opcional)"), max_length=300, required=False, widget=forms.TextInput
    )
