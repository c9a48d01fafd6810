"""The pages for leaving a message and, for agents, for answering it."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractUser
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.errors import RuleBroken
from core.limits import LimitExceeded, client_address
from offline_messages import services
from offline_messages.access import may_answer
from offline_messages.forms import OfflineMessageForm, ReplyForm
from offline_messages.models import OfflineMessage
from scheduling.services import current_calendar
from scheduling.wording import instant_in_words, weekly_hours_in_words

# The folio for the page of thanks: signed and kept out of the address, which others may see.
COOKIE_NAME = "fs_mensaje"
COOKIE_SALT = "offline_messages.thanks"
COOKIE_SECONDS = 3600

MESSAGES_PER_PAGE = 25


@never_cache
def leave(request: HttpRequest) -> HttpResponse:
    """*Dejar mensaje*. Works without scripts; what was typed stays on the page until it is stored."""
    now = timezone.now()
    form = OfflineMessageForm(request.POST if request.method == "POST" else None)
    if not (form.is_bound and form.is_valid()):
        return _leave_page(request, form, now)
    try:
        message = _store(request, form, now)
    except (services.OfflineMessageConflict, LimitExceeded) as broken:
        return _refused_page(request, form, broken, now)
    return _redirect_to_thanks(message)


@require_safe
@never_cache
def thanks(request: HttpRequest) -> HttpResponse:
    """The folio of the message this browser left last, and when it will be read."""
    folio = request.get_signed_cookie(COOKIE_NAME, default="", salt=COOKIE_SALT, max_age=COOKIE_SECONDS)
    message = OfflineMessage.objects.filter(folio=folio).first()
    if message is None:
        return redirect("offline_messages:leave")
    context = {"folio": message.folio, "opening": _opening_in_words(message.opening_at, message.created_at)}
    return render(request, "offline_messages/thanks.html", context)


def staff_only[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Agents and supervisors only; to others who are signed in the page does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not may_answer(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return never_cache(login_required(guarded))


@staff_only
@require_safe
def message_list(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, or with ``?estado=contestados`` what was answered."""
    is_answered = request.GET.get("estado") == "contestados"
    rows = OfflineMessage.objects.answered() if is_answered else OfflineMessage.objects.waiting()
    page = Paginator(rows, MESSAGES_PER_PAGE).get_page(request.GET.get("pagina"))
    return render(request, "offline_messages/list.html", {"page": page, "is_answered": is_answered})


@staff_only
@require_safe
def detail(request: HttpRequest, folio: str) -> HttpResponse:
    """One message with its answers. To open it is to read it."""
    message = get_object_or_404(OfflineMessage, folio=folio)
    services.mark_read(message)
    return _detail_page(request, message, _reply_form(message))


@staff_only
@require_POST
def answer(request: HttpRequest, folio: str) -> HttpResponse:
    """Mail the answer; what was typed stays on the page when it is refused."""
    message = get_object_or_404(OfflineMessage, folio=folio)
    form = _reply_form(message, request)
    if not form.is_valid():
        return _detail_page(request, message, form)
    try:
        _send_answer(request, message, form.cleaned_data["text"])
    except services.OfflineMessageAnswered as broken:
        form.refuse(broken)
        return _detail_page(request, message, form, status=409)
    messages.success(
        request, _("Su respuesta a %(folio)s va en camino por correo.") % {"folio": message.folio}
    )
    return redirect("offline_messages:list")


@staff_only
@require_POST
def mark_unread(request: HttpRequest, folio: str) -> HttpResponse:
    """Leave the message for later, or for another answer."""
    message = get_object_or_404(OfflineMessage, folio=folio)
    services.mark_unread(message)
    messages.success(request, _("El mensaje %(folio)s quedó por contestar.") % {"folio": folio})
    return redirect("offline_messages:list")


def _store(request: HttpRequest, form: OfflineMessageForm, now: datetime) -> OfflineMessage:
    services.check_message_limits(client_address(request), form.cleaned_data["email"])
    return services.leave_message(**form.cleaned_data, now=now)


def _leave_page(request: HttpRequest, form: OfflineMessageForm, now: datetime) -> HttpResponse:
    calendar = current_calendar()
    context = {
        "form": form,
        "is_open": calendar.is_open(now),
        "opening": _opening_in_words(calendar.next_opening(now), now),
        "hours": weekly_hours_in_words(calendar),
    }
    return render(request, "offline_messages/leave.html", context)


def _refused_page(
    request: HttpRequest, form: OfflineMessageForm, broken: RuleBroken, now: datetime
) -> HttpResponse:
    form.refuse(broken)
    response = _leave_page(request, form, now)
    response.status_code = 409
    if isinstance(broken, LimitExceeded):
        response.status_code = 429
        response["Retry-After"] = str(broken.retry_after_seconds)
    return response


def _opening_in_words(opening_at: datetime | None, now: datetime) -> str:
    return instant_in_words(opening_at, now) if opening_at else ""


def _redirect_to_thanks(message: OfflineMessage) -> HttpResponse:
    response = redirect("offline_messages:thanks")
    response.set_signed_cookie(
        COOKIE_NAME,
        message.folio,
        salt=COOKIE_SALT,
        max_age=COOKIE_SECONDS,
        path=reverse("offline_messages:leave"),
        httponly=True,
        secure=settings.IS_HTTPS,
        samesite="Lax",
    )
    return response


def _reply_form(message: OfflineMessage, request: HttpRequest | None = None) -> ReplyForm:
    action = reverse("offline_messages:answer", args=[message.folio])
    return ReplyForm(request.POST if request else None, action=action)


def _send_answer(request: HttpRequest, message: OfflineMessage, text: str) -> None:
    author = cast(AbstractUser, request.user)
    services.answer(message=message, author=author, text=text, now=timezone.now())


def _detail_page(
    request: HttpRequest, message: OfflineMessage, form: ReplyForm, status: int = 200
) -> HttpResponse:
    context = {"message": message, "replies": message.replies.select_related("author"), "form": form}
    return render(request, "offline_messages/detail.html", context, status=status)
