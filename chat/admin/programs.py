"""The catalogue of programs that customers choose from when they identify."""

from typing import Any, override

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from chat.models import Program
from core.admin import SupervisorAdmin


class ProgramForm(forms.ModelForm):
    class Meta:
        model = Program
        fields = ["name", "is_active", "position"]
        help_texts = {
            "is_active": gettext_lazy(
                "Sin esta marca deja de ofrecerse a los clientes; los chats lo conservan."
            ),
            "position": gettext_lazy("Los clientes ven primero el número menor."),
        }

    def clean_name(self) -> str:
        """The chat answers "Facturando" with the manual's words and so would never accept it."""
        name: str = " ".join(self.cleaned_data["name"].split())
        if name.casefold() == "facturando":
            raise ValidationError(
                _("Facturando es la empresa, no el programa. Escriba el nombre del programa.")
            )
        return name


@admin.register(Program)
class ProgramAdmin(SupervisorAdmin, admin.ModelAdmin):
    form = ProgramForm
    list_display = ["name", "position", "is_active", "chats"]
    list_editable = ["position", "is_active"]
    search_fields = ["name"]
    actions = None
    list_filter = ["is_active"]
    show_facets = admin.ShowFacets.NEVER
    change_form_template = "admin/chat/program/change_form.html"

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Program]:
        return super().get_queryset(request).annotate(uses=Count("chats"))

    @admin.display(description=gettext_lazy("chats"), ordering="uses")
    def chats(self, program: Any) -> int:
        return int(program.uses)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_used = obj is not None and obj.chats.exists()
        return not is_used and super().has_delete_permission(request, obj)

    @override
    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say why a program in use stays, instead of a bare refusal."""
        program = self.get_object(request, unquote(object_id))
        if program is not None and program.chats.exists():
            self.message_user(request, in_use(program), messages.ERROR)
            return redirect("admin:chat_program_change", program.pk)
        return super().delete_view(request, object_id, *args, **kwargs)

    @override
    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        program = self.get_object(request, unquote(object_id))
        note = in_use(program) if program is not None and program.chats.exists() else ""
        kwargs["extra_context"] = (kwargs.get("extra_context") or {}) | {"in_use": note}
        return super().change_view(request, object_id, *args, **kwargs)


def in_use(program: Program) -> str:
    """Why it cannot be deleted, and what to do instead."""
    count = program.chats.count()
    text = ngettext(
        "%(count)d chat nombra este programa, así que no se puede eliminar. "
        "Para dejar de ofrecerlo, quite la marca «Se ofrece».",
        "%(count)d chats nombran este programa, así que no se puede eliminar. "
        "Para dejar de ofrecerlo, quite la marca «Se ofrece».",
        count,
    )
    return text % {"count": count}
