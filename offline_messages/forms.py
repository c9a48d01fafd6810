"""What customers and agents type about offline messages, checked."""

from typing import Any
from uuid import UUID, uuid4

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.errors import RuleBroken
from core.fields import PersonNameField, RealEmailField
from core.text import FreeTextField

# The limit of a chat's lines, so that what was begun in the chat fits here as well.
TEXT_MAX_CHARS = settings.CHAT_MAX_MESSAGE_CHARS


class ClientIdField(forms.UUIDField):
    """The sender's own id of what it sends; broken ones are replaced: nobody can correct them."""

    widget = forms.HiddenInput

    def clean(self, value: object) -> UUID:
        """The id, or a new one."""
        try:
            return super().clean(value) or uuid4()
        except ValidationError:
            return uuid4()


class OfflineMessageForm(forms.Form):
    """*Dejar mensaje*: "un nombre, una cuenta de correo y el texto del mensaje" (manual)."""

    name = PersonNameField()
    email = RealEmailField(help_text=_("Ahí recibirá una copia y nuestra respuesta."))
    text = FreeTextField(
        max_length=TEXT_MAX_CHARS,
        label=_("Mensaje"),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Diga qué programa y versión usa, qué estaba haciendo y qué dice el error."),
    )
    client_id = ClientIdField(initial=uuid4)

    def refuse(self, broken: RuleBroken) -> None:
        """Show why nothing was stored; the same page sent again counts as a new message."""
        self.add_error(None, str(broken.text))
        self.data = dict(self.data.items()) | {self.add_prefix("client_id"): str(uuid4())}


class ReplyForm(forms.Form):
    """What an agent answers by mail."""

    text = FreeTextField(
        max_length=TEXT_MAX_CHARS,
        label=_("Respuesta"),
        widget=forms.Textarea(attrs={"rows": 10}),
        error_messages={
            "required": _("Escriba la respuesta."),
            "max_length": _(
                "La respuesta puede tener hasta %(limit_value)d caracteres; la suya tiene %(show_value)d. "
                "Acórtela."
            ),
        },
    )

    def __init__(self, *args: Any, action: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_action = action
        self.helper.attrs = {"novalidate": ""}
        self.helper.add_input(Submit("send", _("Enviar respuesta por correo")))

    def refuse(self, broken: RuleBroken) -> None:
        """Show why nothing was sent."""
        self.add_error(None, str(broken.text))
