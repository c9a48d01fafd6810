"""What every response of the project gets and Django does not do by itself."""

from collections.abc import Callable
from http.cookies import Morsel

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# Python 3.14's Morsel knows the attribute; earlier ones must be told
# (CHIPS, draft-cutler-httpbis-partitioned-cookies).
Morsel._reserved.setdefault("partitioned", "Partitioned")  # type: ignore[attr-defined]
Morsel._flags.add("partitioned")  # type: ignore[attr-defined]


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


class PartitionedCookiesMiddleware:
    """Mark cookies that must work inside a frame on another site: SameSite=None; Secure; Partitioned."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.EMBED_ORIGINS:
            for cookie in response.cookies.values():
                if cookie["samesite"] == "None":
                    cookie["secure"] = True
                    cookie["partitioned"] = True
        return response
