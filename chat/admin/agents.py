"""Supervisors make agents, group them, and disable them; nobody is deleted and no right is raised."""

from typing import Any, override

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm, UsernameField
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.models import AGENTS_GROUP, SUPERVISORS_GROUP, Agent, ChatSession
from chat.services.agents import access_changed, set_group
from core.admin import SupervisorAdmin, short_instant
from scheduling.admin.hits import AsksBeforeHitting

GROUPS = [(AGENTS_GROUP, gettext_lazy("Agente")), (SUPERVISORS_GROUP, gettext_lazy("Supervisor"))]
PROFILE = ["capacity", "greeting"]
PERSON = ["username", "first_name", "last_name", "email"]
EMAIL_HELP = gettext_lazy(
    "Solo para avisos: a los supervisores se les escribe cuando un cliente llega a su cita y ningún agente "
    "está disponible. Los clientes no lo ven. Obligatorio para los supervisores."
)


def group_field() -> forms.ChoiceField:
    """One of the two groups: Django's rights stay out of sight."""
    return forms.ChoiceField(
        label=gettext_lazy("Grupo"),
        choices=GROUPS,
        initial=AGENTS_GROUP,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Los agentes atienden chats. Los supervisores, además, entran a estas páginas de supervisión."
        ),
    )


class PersonForm(forms.ModelForm):
    """An agent's first name is what customers read ("Le atiende …"), and supervisors can be written to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "first_name" in self.fields:
            self.fields["first_name"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        has_none = "email" in cleaned and not cleaned["email"]
        if has_none and cleaned.get("group") == SUPERVISORS_GROUP:
            self.add_error(
                "email", _("Escriba el correo electrónico: un supervisor debe recibir los avisos.")
            )
        return cleaned


class NewAgentForm(PersonForm, UserCreationForm):
    group = group_field()

    class Meta:
        model = Agent
        fields = [*PERSON, *PROFILE]
        help_texts = {
            "username": gettext_lazy("Con este nombre entra el agente. Letras, números y @/./+/-/_."),
            "email": EMAIL_HELP,
        }


class AgentForm(PersonForm):
    # Whoever fills the form in; put there by `AgentAdmin.get_form`.
    supervisor: Agent | None = None
    group = group_field()

    class Meta:
        model = Agent
        fields = [*PERSON, "is_active", *PROFILE]
        field_classes = {"username": UsernameField}
        labels = {"is_active": gettext_lazy("Cuenta habilitada")}
        help_texts = {
            "username": gettext_lazy("Con este nombre entra el agente. Letras, números y @/./+/-/_."),
            "email": EMAIL_HELP,
            "is_active": gettext_lazy(
                "Quite la marca para deshabilitarla: la persona ya no podrá entrar, lo que tenga abierto "
                "termina en menos de un minuto y sus chats en curso vuelven a la cola. "
                "Sus conversaciones se conservan."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "group" in self.fields:
            self.initial["group"] = group_of(self.instance)

    def clean_is_active(self) -> bool:
        is_active: bool = self.cleaned_data["is_active"]
        if self._is_oneself() and not is_active:
            raise ValidationError(_("No puede deshabilitar su propia cuenta. Pídalo a otro supervisor."))
        return is_active

    def clean_group(self) -> str:
        group: str = self.cleaned_data["group"]
        if self._is_oneself() and group != SUPERVISORS_GROUP:
            raise ValidationError(
                _("No puede quitarse a usted mismo la supervisión. Pídalo a otro supervisor.")
            )
        return group

    def _is_oneself(self) -> bool:
        return self.supervisor is not None and self.supervisor.pk == self.instance.pk


class NewPasswordForm(AdminPasswordChangeForm):
    """Without Django's choice of an account that has no password: nobody could enter it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)

    @override
    def save(self, commit: bool = True) -> Any:
        agent = super().save(commit)
        access_changed(agent=agent)
        return agent


def group_of(agent: Agent) -> str | None:
    """The group as a supervisor understands it; reads what the list has prefetched."""
    names = {group.name for group in agent.groups.all()}
    if agent.is_superuser or SUPERVISORS_GROUP in names:
        return SUPERVISORS_GROUP
    return AGENTS_GROUP if AGENTS_GROUP in names else None


@admin.register(Agent)
class AgentAdmin(AsksBeforeHitting, SupervisorAdmin, UserAdmin):
    form = AgentForm
    add_form = NewAgentForm
    add_form_template = None
    change_password_form = NewPasswordForm
    change_user_password_template = "admin/chat/agent/change_password.html"  # noqa: S105  a file's name
    list_display = ["username", "shown_name", "email", "group", "presence", "seen_at", "chats_at_hand"]
    list_display_links = ["username", "shown_name"]
    list_filter = ["is_active", "groups", "is_available"]
    show_facets = admin.ShowFacets.NEVER
    search_fields = PERSON
    search_help_text = gettext_lazy("Usuario, nombre o correo electrónico")
    actions = None
    readonly_fields = ["new_password", "presence", "seen_at", "chats_at_hand"]
    fieldsets = (
        (None, {"fields": tuple(PERSON)}),
        (gettext_lazy("Acceso"), {"fields": ("group", "is_active", "new_password")}),
        (gettext_lazy("Chats"), {"fields": ("capacity", "greeting")}),
        (gettext_lazy("Estado"), {"fields": ("presence", "seen_at", "chats_at_hand")}),
    )
    add_fieldsets = (
        (None, {"fields": (*PERSON, "password1", "password2")}),
        (gettext_lazy("Acceso"), {"fields": ("group",)}),
        (gettext_lazy("Chats"), {"fields": ("capacity", "greeting")}),
    )

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        at_hand = Count("chats", filter=Q(chats__state=ChatSession.State.ACTIVE))
        return super().get_queryset(request).annotate(load=at_hand).prefetch_related("groups")

    @override
    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A class made for this request, which therefore may know who asks."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.supervisor = request.user
        return form

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # A form that may not be saved shows its own field as text.
        closed = [] if obj is None or self.has_change_permission(request, obj) else ["group"]
        return [*self.readonly_fields, *closed]

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A superuser's name or password in the hands of a supervisor would be a superuser's rights."""
        is_above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not is_above and super().has_change_permission(request, obj)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Agents are disabled: what they wrote keeps its author."""
        return False

    @override
    def save_model(self, request: HttpRequest, obj: Agent, form: Any, change: bool) -> None:
        changed = set(form.changed_data) - {"group"}
        if not change:
            obj.save()
        elif changed:
            # Named fields: the console writes signs of life on the same row.
            obj.save(update_fields=changed)
        if not change or {"group", "is_active"} & set(form.changed_data):
            set_group(agent=obj, name=form.cleaned_data["group"])

    @admin.display(description=gettext_lazy("nombre"), ordering="first_name")
    def shown_name(self, agent: Agent) -> str:
        return agent.get_full_name()

    @admin.display(description=gettext_lazy("grupo"))
    def group(self, agent: Agent) -> str:
        return str(dict(GROUPS).get(group_of(agent) or "", _("ninguno")))

    @admin.display(description=gettext_lazy("estado"))
    def presence(self, agent: Agent) -> str:
        if not agent.is_active:
            return _("Deshabilitado")
        if not _has_open_console(agent):
            return _("Sin conexión")
        return _("Disponible") if agent.is_available else _("Ausente")

    @admin.display(description=gettext_lazy("última señal"), ordering="last_seen_at")
    def seen_at(self, agent: Agent) -> str:
        return short_instant(agent.last_seen_at) or _("nunca")

    @admin.display(description=gettext_lazy("contraseña"))
    def new_password(self, agent: Agent) -> str:
        url = reverse("admin:auth_user_password_change", args=[agent.pk])
        return format_html('<a href="{}">{}</a>', url, _("Cambiar la contraseña"))

    @admin.display(description=gettext_lazy("chats en curso"), ordering="load")
    def chats_at_hand(self, agent: Any) -> str:
        return _("%(load)d de %(capacity)d") % {"load": agent.load, "capacity": agent.capacity}


def _has_open_console(agent: Agent) -> bool:
    since = timezone.now() - settings.CHAT_AGENT_VANISHED
    return agent.last_seen_at is not None and agent.last_seen_at > since
