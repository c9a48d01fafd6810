"""Nobody leaves a customer's hour outside our hours without having read whose it is."""

from collections.abc import Callable, Iterable
from typing import Any, override

from django.contrib import admin, messages
from django.contrib.messages.storage import default_storage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scheduling import services
from scheduling.models import Appointment
from scheduling.services.booking import lock_agents

# Names of what the page posts: the appointments that were read, and the wish to change the form after all.
CONFIRMED = "_hit_confirmed"
BACK = "_hit_back"
NOTHING_SAVED = gettext_lazy("Todavía no se guarda nada. Cambie lo que haga falta y guarde otra vez.")


class AsksBeforeHitting(admin.ModelAdmin):
    """A page whose change may leave appointments outside hours and shifts, or without their agent.

    The change is made and undone: what it would leave outside is listed, and stored only when a supervisor
    has confirmed that very list. Then its customers are told. Whatever a page changes, and in whatever way,
    is therefore asked about the same.
    """

    @override
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._ask(
            request, lambda: super(AsksBeforeHitting, self).changeform_view(request, *args, **kwargs)
        )

    @override
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._ask(
            request, lambda: super(AsksBeforeHitting, self).delete_view(request, *args, **kwargs)
        )

    @override
    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._ask(
            request, lambda: super(AsksBeforeHitting, self).changelist_view(request, *args, **kwargs)
        )

    @override
    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        return _reopened(form) if BACK in request.POST else form

    def _ask(self, request: HttpRequest, do: Callable[[], HttpResponse]) -> HttpResponse:
        if request.method != "POST":
            return do()
        now = timezone.now()
        told = 0
        with transaction.atomic():
            # Whoever books meanwhile waits, and then books by the hours that are stored.
            lock_agents()
            outside = {row.pk for row in services.hit_by(now=now)}
            response = do()
            hit = [row for row in services.hit_by(now=now) if row.pk not in outside]
            is_read = _has_read(request, hit)
            if not is_read:
                transaction.set_rollback(True)
            elif hit:
                told = services.tell_hit(appointments=hit, now=now)
        if not is_read:
            return self._confirmation(request, hit)
        if told:
            self.message_user(request, _told_in_words(told), messages.WARNING)
        return response

    def _confirmation(self, request: HttpRequest, hit: list[Appointment]) -> HttpResponse:
        # Without what the change that was undone has said.
        request._messages = default_storage(request)  # type: ignore[attr-defined]
        is_form = request.resolver_match is not None and str(request.resolver_match.url_name).endswith(
            ("_add", "_change")
        )
        posted = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name not in {"csrfmiddlewaretoken", CONFIRMED, BACK}
        ]
        context = self.admin_site.each_context(request) | {
            "title": _("Citas que quedan fuera"),
            "opts": self.opts,
            "appointments": hit,
            "posted": posted,
            "confirmed": ",".join(str(row.pk) for row in hit),
            "confirmed_name": CONFIRMED,
            "back_name": BACK if is_form else "",
        }
        return TemplateResponse(request, "admin/scheduling/hit_confirmation.html", context)


def _has_read(request: HttpRequest, hit: Iterable[Appointment]) -> bool:
    """Whether each of them was on the list that was confirmed: others may have come since."""
    return {str(row.pk) for row in hit} <= set(request.POST.get(CONFIRMED, "").split(","))


def _told_in_words(told: int) -> str:
    text = ngettext(
        "Se avisa por correo a %(told)d cliente y se le ofrecen otras horas.",
        "Se avisa por correo a %(told)d clientes y se les ofrecen otras horas.",
        told,
    )
    return text % {"told": told}


def _reopened(form: Any) -> Any:
    """The same form, which comes back as it was filled in instead of being stored."""

    class Reopened(form):
        def clean(self) -> Any:
            cleaned = super().clean()
            self.add_error(None, NOTHING_SAVED)
            return cleaned

    return Reopened
