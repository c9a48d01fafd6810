"""The one shape of a broken rule: a code for programs and a sentence for people."""

from django.utils.functional import Promise

from core import measures


class RuleBroken(Exception):
    """A rule of the product said no. Views show `text`; sockets send `code` and `text`.

    `code` is ``noun.reason`` and never changes; `text` is for people, says what to do, and holds no secret.
    """

    code = "rule.broken"
    text: str | Promise = ""

    def __init__(self, text: str | Promise = "") -> None:
        super().__init__(self.code)
        measures.REFUSALS.labels(self.code).inc()
        if text:
            self.text = text
