"""Reads a page as a person does: its words, and its forms with what stands in them."""

from html.parser import HTMLParser
from typing import Any

from django.http.response import HttpResponseBase

VOID = {"input", "br", "meta", "link", "hr", "img"}
HIDDEN = {"script", "style", "template", "title", "noscript", "head"}


class Page(HTMLParser):
    """`forms` maps an action to what its form would send; `words` is the text that is shown."""

    def __init__(self, response: HttpResponseBase) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: dict[str, dict[str, str]] = {}
        self.metas: list[dict[str, Any]] = []
        self.frames: list[str] = []
        self._shown: list[str] = []
        self._form: dict[str, str] | None = None
        self._text_box: str | None = None
        self._hidden = 0
        self.feed(response.content.decode())  # type: ignore[attr-defined]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self._shown).split())

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in pairs}
        if tag in HIDDEN:
            self._hidden += 1
        if tag == "meta":
            self.metas.append(attributes)
        if tag == "iframe":
            self.frames.append(attributes["src"])
        if tag == "form":
            self._form = self.forms.setdefault(attributes.get("action", ""), {})
        if self._form is not None and (name := attributes.get("name")):
            self._field(tag, name, attributes)

    def _field(self, tag: str, name: str, attributes: dict[str, str]) -> None:
        assert self._form is not None
        if tag == "textarea":
            self._text_box = name
            self._form[name] = ""
        elif tag == "input" and attributes.get("type") not in {"file", "radio"}:
            self._form[name] = attributes.get("value", "")
        elif attributes.get("type") == "radio" and "checked" in attributes:
            self._form[name] = attributes["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden -= 1
        if tag == "textarea":
            self._text_box = None
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._text_box is not None and self._form is not None:
            self._form[self._text_box] += data
        elif not self._hidden:
            self._shown.append(data)
