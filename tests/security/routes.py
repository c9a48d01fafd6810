"""Every address of the product, out of the URL resolver, and for whom each is.

A new address that is missing in `OPEN_TO` fails a test: whoever adds one says here who may open it.
"""

import itertools
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from django.urls import URLPattern, URLResolver, get_resolver

# Anybody: holds nothing of anybody's. One's own: the browser's cookie decides what it is about.
ANYBODY, OWN, STAFF, SUPERVISORS, MACHINES = "anybody", "one's own", "staff", "supervisors", "machines"

OPEN_TO = {
    "demo": ANYBODY,
    "widget": ANYBODY,
    "help": ANYBODY,
    "healthz": MACHINES,
    "readyz": MACHINES,
    "offline_messages:leave": ANYBODY,
    "offline_messages:thanks": OWN,
    "offline_messages:list": STAFF,
    "offline_messages:detail": STAFF,
    "offline_messages:answer": STAFF,
    "offline_messages:mark-unread": STAFF,
    "chat:page": OWN,
    "chat:start": OWN,
    "chat:send": OWN,
    "chat:identify": OWN,
    "chat:stay": OWN,
    "chat:keep-waiting": OWN,
    "chat:leave-message": OWN,
    "chat:offline": OWN,
    "chat:book-offered": OWN,
    "chat:decline-offered": OWN,
    "chat:end": OWN,
    "chat:rate": OWN,
    "chat:transcript": OWN,
    "chat:put-away": OWN,
    "chat:conversation": OWN,
    "chat:lines": OWN,
    "chat:poll": OWN,
    "chat:command": OWN,
    "chat:open-link": OWN,
    "chat:past": OWN,
    "chat:file": OWN,
    "chat:book": OWN,
    "chat:book-hold": OWN,
    "chat:book-data": OWN,
    "chat:appointment": OWN,
    "chat:appointment-calendar": OWN,
    "chat:appointment-reschedule": OWN,
    "chat:appointment-cancel": OWN,
    "chat:appointment-enter": OWN,
    "chat:login": ANYBODY,
    "chat:logout": ANYBODY,
    "chat:console": STAFF,
    "chat:agenda": STAFF,
    "chat:set-available": STAFF,
    "chat:lists": STAFF,
    "chat:list-item": STAFF,
    "chat:agenda-list": STAFF,
    "chat:agent-poll": STAFF,
    "chat:agent-command": STAFF,
    "chat:pane": STAFF,
    "chat:pane-lines": STAFF,
    "chat:accept": STAFF,
    "chat:agent-send": STAFF,
    "chat:agent-identify": STAFF,
    "chat:offer-hours": STAFF,
    "chat:agent-end": STAFF,
    "chat:staff-file": STAFF,
    "admin:login": ANYBODY,
    "admin:logout": ANYBODY,
}

# What an address's argument may be that nobody's row has: of other types, shapes and sizes.
WRONG = [
    "0",
    "-1",
    "9" * 30,
    "x",
    "C-AAAAAA",
    "' OR 1=1 --",
    "../../etc/passwd",
    "\0",
    "ñ",
    uuid.UUID(int=0).hex,
]


@dataclass(frozen=True)
class Route:
    name: str
    path: str
    arguments: tuple[str, ...]

    @property
    def open_to(self) -> str | None:
        """For whom it is; None when nobody has said so. All of the admin is the supervisors'."""
        return OPEN_TO.get(self.name) or (SUPERVISORS if self.name.startswith("admin:") else None)

    def with_(self, values: Mapping[str, list[str]]) -> Iterator[str]:
        """The address with each combination of values for its arguments."""
        for chosen in itertools.product(*(values.get(name, ["1"]) for name in self.arguments)):
            address = self.path
            for name, value in zip(self.arguments, chosen, strict=True):
                address = address.replace(f"<{name}>", quote(value, safe=""))
            yield address


def routes() -> list[Route]:
    return list(_below(get_resolver(), "/", ""))


def _below(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        path = prefix + _readable(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _below(pattern, path, inner)
        elif isinstance(pattern, URLPattern):
            yield Route(f"{namespace}{pattern.name}", path, tuple(re.findall(r"<(\w+)>", path)))


def _readable(pattern: str) -> str:
    """A route as `name/<argument>/`: without converters, and out of a regular expression."""
    pattern = re.sub(r"<\w+:(\w+)>", r"<\1>", pattern)
    pattern = re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", pattern)
    return pattern.removeprefix("^").removesuffix("$")
