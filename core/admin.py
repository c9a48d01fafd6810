"""What the pages of the supervisors' admin share, and the mails that went out."""

from datetime import datetime
from typing import Any, override

# Imported so that what they register can be taken out again below.
import django.contrib.auth.admin  # noqa: F401
import post_office.admin  # noqa: F401
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from post_office.models import STATUS, Email

from core.text import small_months

MAIL_STATES = {
    STATUS.sent: _("enviado"),
    STATUS.failed: _("no se pudo enviar"),
    STATUS.queued: _("por enviar"),
    STATUS.requeued: _("se intentará de nuevo"),
}


def short_instant(moment: datetime | None) -> str:
    """ "24 nov 2026, 16:48" in the office's time, so that a column stays narrow."""
    return small_months(date_format(localtime(moment), "j M Y, H:i")) if moment else ""


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
        chosen = self.value()
        return queryset.filter(status=chosen) if chosen in {str(state) for state in MAIL_STATES} else queryset


class MailAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    """Whether a mail went out. Its text stays closed: it may hold a link that opens a customer's chat."""

    list_display = ["recipients", "about", "state", "queued_at"]
    list_display_links = None
    list_filter = [MailStateFilter]
    search_fields = ["to", "subject"]
    search_help_text = _("Correo del destinatario o asunto")
    # The one that post_office brings offers to send again.
    change_form_template = "admin/change_form.html"
    fields = ["recipients", "about", "state", "queued_at"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    @override
    def has_module_permission(self, request: HttpRequest) -> bool:
        """The index links to it in Spanish; the app's own heading is somebody else's."""
        return False

    @override
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"title": _("Correos enviados"), **(extra_context or {})})

    @admin.display(description=_("para"), ordering="to")
    def recipients(self, email: Email) -> str:
        return ", ".join(email.to)

    @admin.display(description=_("asunto"))
    def about(self, email: Email) -> str:
        return email.subject

    @admin.display(description=_("estado"), ordering="status")
    def state(self, email: Email) -> str:
        # What was withdrawn keeps the state that it had, and an end.
        is_withdrawn = email.expires_at is not None and email.status != STATUS.sent
        return str(_("retirado") if is_withdrawn else MAIL_STATES.get(email.status, _("por enviar")))

    @admin.display(description=_("creado"), ordering="created")
    def queued_at(self, email: Email) -> str:
        return short_instant(email.created)


# What other people's apps brought: supervisors need none of it, and some of it would raise rights.
admin.site.unregister(
    [Group, *(model for model in admin.site._registry if model._meta.app_label == "post_office")]
)
admin.site.register(Email, MailAdmin)
