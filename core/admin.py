"""What the pages of the supervisors' admin share, and the mails that went out."""

from typing import Any, override

from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.auth import admin as auth_admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from post_office import admin as post_office_admin
from post_office.models import STATUS, Email

MAIL_STATES = {
    STATUS.sent: _("enviado"),
    STATUS.failed: _("no se pudo enviar"),
    STATUS.queued: _("por enviar"),
    STATUS.requeued: _("se intentará de nuevo"),
}


class SupervisorAdmin(BaseModelAdmin):
    """Open to whom the site lets in: supervisors have no permission rows, and need none."""

    @override
    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    @override
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    @override
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)


class ReadOnlyAdmin(SupervisorAdmin):
    """A record of what people wrote and what happened: nobody adds, changes or removes anything."""

    @override
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MailStateFilter(admin.SimpleListFilter):
    title = _("estado")
    parameter_name = "estado"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(state), words) for state, words in MAIL_STATES.items()]

    @override
    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(status=self.value()) if self.value() in map(str, MAIL_STATES) else queryset


class MailAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    """Whether a mail went out. Its text stays closed: it may hold a link that opens a customer's chat."""

    list_display = ["recipients", "about", "state", "queued_at"]
    list_display_links = None
    list_filter = [MailStateFilter]
    search_fields = ["to", "subject"]
    search_help_text = _("Correo del destinatario o asunto")
    fields = ["recipients", "about", "state", "queued_at"]
    show_full_result_count = False

    @admin.display(description=_("para"), ordering="to")
    def recipients(self, email: Email) -> str:
        return ", ".join(email.to)

    @admin.display(description=_("asunto"))
    def about(self, email: Email) -> str:
        return email.subject

    @admin.display(description=_("estado"), ordering="status")
    def state(self, email: Email) -> str:
        return str(MAIL_STATES.get(email.status, _("por enviar")))

    @admin.display(description=_("creado"), ordering="created")
    def queued_at(self, email: Email) -> Any:
        return email.created


# What other people's apps brought: supervisors need none of it, and some of it would raise rights.
admin.site.unregister(
    [auth_admin.Group, *(model for model in admin.site._registry if model._meta.app_label == "post_office")]
)
admin.site.register(Email, MailAdmin)
