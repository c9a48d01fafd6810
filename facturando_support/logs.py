"""How the log is written: one JSON object a line in production, and in neither form a person's data.

Our own messages are written to name nobody. Those of libraries name whom they please in their arguments, so
of these only numbers are shown; and of an exception its kind, its codes and the places it came through, since
its text may be what somebody typed.
"""

import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from core import trace

OUR_PACKAGES = {"chat", "core", "scheduling", "offline_messages", "facturando_support"}
# What our own records say beside their message.
FIELDS = ("route", "status", "milliseconds", "code", "process")
# The innermost ones; a recursion has thousands.
MOST_FRAMES = 25
MOST_CAUSES = 5
# Codes of errors: the system's, the databases', the mail server's, and ours. One is short and has no spaces.
CODES = ("errno", "sqlstate", "sqlite_errorname", "smtp_code", "code")
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BASE_DIR = Path(__file__).resolve().parent.parent

logger = logging.getLogger(__name__)


class PlainFormatter(logging.Formatter):
    """For whoever develops: everything, a record's message always on one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = _LINE_BREAKS.sub(_escaped, record.message)
        return super().formatMessage(record)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


class JsonFormatter(logging.Formatter):
    """One record as one JSON object on one line, in ASCII: no tool takes anything in it for a line's end."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage() if _is_ours(record) else message_without_persons(record),
            "request": trace.request_id.get(),
            "chat": trace.folio.get(),
            **_fields(record),
        }
        return json.dumps({name: value for name, value in entry.items() if value not in ("", None)})


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.split(".")[0] in OUR_PACKAGES


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = {name: getattr(record, name, None) for name in FIELDS} if _is_ours(record) else {}
    if (request := getattr(record, "request", None)) is not None:
        # Django's own records of a response.
        fields |= {"route": route_of(request), "status": getattr(record, "status_code", None)}
    if (error := _exception_of(record)) is not None:
        fields["error"] = described(error)
    return fields


def message_without_persons(record: logging.LogRecord) -> str:
    """A library's message with nothing but numbers for its arguments, and without the text of its error."""
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    message = _filled_in(record.msg, record.args)
    error = _exception_of(record)
    for link in _chain(error) if error else ():
        message = message.replace(str(link) or "\0", type(link).__name__)
    # What follows the first line is the representation of something.
    return message.split("\n")[0]


def _filled_in(template: str, args: Any) -> str:
    if not args:
        return template
    shown = {name: _shown(arg) for name, arg in args.items()} if isinstance(args, dict) else None
    try:
        return template % (shown if shown is not None else tuple(_shown(arg) for arg in args))
    except (TypeError, ValueError, KeyError):
        return template


def _shown(argument: Any) -> Any:
    return argument if isinstance(argument, int | float) else "…"


def _exception_of(record: logging.LogRecord) -> BaseException | None:
    if record.exc_info:
        return record.exc_info[1]
    # daphne writes the traceback itself, as the message, while it handles the exception.
    is_traceback = isinstance(record.msg, str) and record.msg.startswith("Traceback")
    return sys.exception() if is_traceback else None


def described(error: BaseException) -> list[dict[str, Any]]:
    """An exception and what it came from: kind, codes and places."""
    return [
        {"type": type(link).__qualname__, **_codes(link), "stack": _places(link.__traceback__)}
        for link in _chain(error)
    ]


def _chain(error: BaseException | None) -> list[BaseException]:
    links: list[BaseException] = []
    while error is not None and error not in links and len(links) < MOST_CAUSES:
        links.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return links


def _codes(error: BaseException) -> dict[str, Any]:
    found = {name: getattr(error, name, None) for name in CODES}
    return {name: code for name, code in found.items() if code is not None and _CODE.fullmatch(str(code))}


def _places(traceback: TracebackType | None) -> list[str]:
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{_short(code.co_filename)}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places[-MOST_FRAMES:]


def _short(filename: str) -> str:
    """A file as the project or its package names it."""
    path = Path(filename)
    if path.is_relative_to(_BASE_DIR) and "site-packages" not in path.parts:
        return str(path.relative_to(_BASE_DIR))
    return "/".join(path.parts[-3:])


def route_of(request: Any) -> str | None:
    """The name of the address that a request asked for; the address itself may hold a token."""
    match = getattr(request, "resolver_match", None)
    return (match.view_name or None) if match else None


def log_failed_threads() -> None:
    """Let what ends a thread go to the log: Python itself writes the error's text past it."""

    def log_failure(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value is not None and failed.exc_type is not SystemExit:
            error = (failed.exc_type, failed.exc_value, failed.exc_traceback)
            logger.error("A thread failed.", exc_info=error)

    threading.excepthook = log_failure
