"""What every request and response of the project gets and Django does not do by itself."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from http.cookies import Morsel

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from core import trace
from facturando_support.health import live, ready
from facturando_support.logs import route_of
from facturando_support.metrics import show

# Python 3.14's Morsel knows the attribute; earlier ones must be told
# (CHIPS, draft-cutler-httpbis-partitioned-cookies).
Morsel._reserved.setdefault("partitioned", "Partitioned")  # type: ignore[attr-defined]
Morsel._flags.add("partitioned")  # type: ignore[attr-defined]

type GetResponse = Callable[[HttpRequest], HttpResponse]

_REQUEST_ID = re.compile(r"[0-9a-f]{32}")


class RequestLogMiddleware:
    """Number each request, tell its sender, and log what came of it: by route, never by address."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        trace.begin(_request_id(request))
        response = self.get_response(request)
        response["X-Request-ID"] = trace.request_id.get()
        milliseconds = round((time.monotonic() - started) * 1000, 1)
        about = {"route": route_of(request), "status": response.status_code, "milliseconds": milliseconds}
        trace.request_log.log(_level(request), "Answered.", extra=about)
        return response


def _level(request: HttpRequest) -> int:
    """Machines ask every few seconds, and would bury what people asked for."""
    return logging.DEBUG if request.path_info in MachinesMiddleware.views else logging.INFO


def _request_id(request: HttpRequest) -> str:
    """The proxy's number, so that its log and ours can be laid side by side; others' is not believed."""
    given = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


class MachinesMiddleware:
    """Answer machines first: they ask by address, whatever Host, and past the proxy that speaks TLS."""

    views = {"/healthz": live, "/readyz": ready, "/metrics": show}

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.views.get(request.path_info, self.get_response)(request)


# What no page of ours asks a browser for, nor may whoever is framed by one. Sounds are needed.
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "screen-wake-lock",
        "serial",
        "usb",
    )
)


class PermissionsPolicyMiddleware:
    """Ask for nothing of the device: Django has no setting for this header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response


class NoNulMiddleware:
    """An address with a NUL is nobody's, and PostgreSQL cannot even be asked for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise Http404
        return self.get_response(request)


class PartitionedCookiesMiddleware:
    """Mark cookies that must work inside a frame on another site: SameSite=None; Secure; Partitioned."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.EMBED_ORIGINS:
            for cookie in response.cookies.values():
                if cookie["samesite"] == "None":
                    cookie["secure"] = True
                    cookie["partitioned"] = True
        return response
