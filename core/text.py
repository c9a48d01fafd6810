"""What every text that a person typed passes before anything else looks at it."""

import re
import unicodedata
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

# Marks and overrides of writing direction (UAX #9) let a text show something else than it says.
_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# Line ends are kept out of it: they are turned into \n below.
_CONTROL = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
# Surrogates and noncharacters cannot be stored or sent as UTF-8 or XML.
_UNSTORABLE = "\ud800-\udfff\ufffe\uffff"
_REMOVED = re.compile(f"[{_DIRECTION}{_CONTROL}{_UNSTORABLE}\u200b\ufeff]")
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})


def clean_text(raw: str) -> str:
    """`raw` with ``\\n`` as its only line end, without what is invisible or not storable, and stripped.

    A text in which nothing can be seen comes back empty. Whether empty or long texts are welcome is up to
    the form.
    """
    text = _LINE_END.sub("\n", _REMOVED.sub("", raw)).strip()
    return text if any(map(_is_visible, text)) else ""


def one_line(raw: str) -> str:
    """`raw` as one line fit for a name or a mail header: single spaces, no controls or invisible marks."""
    spaced = " ".join(_LINE_END.sub(" ", raw).split())
    shown = "".join(char for char in spaced if char == " " or _is_visible(char))
    return " ".join(shown.split())


def small_months(words: str) -> str:
    """A date with its names as the language writes them: Django's are large, Spanish has them small."""
    return words.lower() if (get_language() or "").startswith("es") else words


def _is_visible(char: str) -> bool:
    return unicodedata.category(char) not in _INVISIBLE_CATEGORIES


class FreeTextField(forms.CharField):
    """Text of several lines, counted after cleaning, so that a line end is one character in every browser."""

    widget = forms.Textarea
    default_error_messages = {
        "required": _("Escriba su mensaje."),
        "max_length": _(
            "El mensaje puede tener hasta %(limit_value)d caracteres; el suyo tiene %(show_value)d. "
            "Acórtelo o envíelo en partes."
        ),
    }

    def to_python(self, value: object) -> str:
        """The cleaned text."""
        return clean_text(str(value)) if value not in self.empty_values else ""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Without ``maxlength``: browsers cut what is pasted without saying so."""
        attrs = super().widget_attrs(widget)
        attrs.pop("maxlength", None)
        return attrs
