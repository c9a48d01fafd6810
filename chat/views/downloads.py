"""Files out of a chat: to the browser of its customer, and to staff who may read the chat."""

from urllib.parse import quote

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET

from chat import access
from chat.models import Attachment
from chat.views import visitors

# Even opened in a tab, a file may run nothing and load nothing.
_SANDBOX: dict[str, list[str] | str] = {"default-src": ["'none'"], "sandbox": "allow-downloads"}


@never_cache
@require_GET
@csp_override(_SANDBOX)
def customer_file(request: HttpRequest, public_id: str) -> HttpResponseBase:
    return _download(request, access.attachment_for_visitor(visitors.visitor(request), public_id))


@never_cache
@require_GET
@login_required
@csp_override(_SANDBOX)
def staff_file(request: HttpRequest, public_id: str) -> HttpResponseBase:
    return _download(request, access.attachment_for_staff(request.user, public_id))


def _download(request: HttpRequest, attachment: Attachment | None) -> HttpResponseBase:
    if attachment is None:
        raise Http404
    if not attachment.is_released:
        return _held(request, attachment)
    response = FileResponse(attachment.content.open("rb"), content_type=attachment.content_type)
    response["Content-Length"] = str(attachment.size)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(attachment.name)}"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _held(request: HttpRequest, attachment: Attachment) -> HttpResponse:
    """Why a file stays here: it is being looked at, or somebody did and found a virus."""
    status = 409 if attachment.scan == Attachment.Scan.WAITING else 410
    return render(request, "chat/file_held.html", {"attachment": attachment}, status=status)
