"""What an answer holds, files included."""

from typing import Any


def body_of(answer: Any) -> str:
    """All of it as text; a file is read and closed."""
    body = answer.getvalue() if answer.streaming else answer.content
    if answer.streaming:
        # Not the answer itself: that would close the test's database as well.
        for close in answer._resource_closers:
            close()
    return str(body.decode("utf-8", "replace"))
