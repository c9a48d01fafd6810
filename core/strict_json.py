"""Reads JSON from browsers without the surprises of Python's decoder."""

import json
import math
from typing import Any, NoReturn

from django.utils.translation import gettext_lazy as _

from core.errors import RuleBroken

MAX_DEPTH = 6


class BadFrame(RuleBroken):
    code = "frame.malformed"
    text = _("El mensaje no se pudo leer. Recargue la página e intente de nuevo.")


def loads_strict(raw: str | bytes, *, max_chars: int) -> dict[str, Any]:
    """Return the object in `raw`.

    Raises BadFrame for anything else: other JSON values, NaN and infinities, lone surrogates, NUL,
    nesting deeper than MAX_DEPTH, and texts longer than `max_chars`. Each of these has poisoned a reader
    or a database somewhere.
    """
    if len(raw) > max_chars:
        raise BadFrame
    try:
        value = _DECODER.decode(raw if isinstance(raw, str) else raw.decode())
    except (ValueError, RecursionError):
        raise BadFrame from None
    if not isinstance(value, dict):
        raise BadFrame
    _check(value, 1)
    return value


def _refuse(_constant: str) -> NoReturn:
    raise BadFrame


def _finite(digits: str) -> float:
    number = float(digits)
    # A large enough exponent is an infinity under another name.
    return number if math.isfinite(number) else _refuse(digits)


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadFrame
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadFrame from None
    if "\x00" in text:
        raise BadFrame
