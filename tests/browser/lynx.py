"""lynx, driven by its own key scripts: it moves with Tab, types, and saves what it shows as text."""

import os
import pty
import re
import subprocess
from pathlib import Path
from threading import Thread

from tests.browser.conftest import Site

# What Tab stops at: links and fields, which are numbered.
STOP = re.compile(r"\[\d+\]")
KEYS = {" ": "<space>", "\n": "^J", "\t": "<tab>"}


class Lynx:
    """A customer with lynx. Cookies are kept in a file between its runs."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.address = f"{site.url}/chat/"
        self.folder = folder
        self.cookies = folder / "cookies"
        self.cookies.touch()
        self.config = folder / "lynx.cfg"
        # It lets a reader read each of its own sentences for a second or more.
        pauses = "".join(f"{name}SECS:0\n" for name in ("INFO", "MESSAGE", "ALERT", "REPLAY"))
        self.config.write_text(f"PERSISTENT_COOKIES:TRUE\n{pauses}")

    def read(self) -> str:
        """The chat's page as it stands, with its links and fields numbered."""
        return self._run("-dump", self.address)

    def do(self, *steps: str) -> str:
        """Act on the chat's page and the pages that follow; return what is shown at the end.

        A step is "Label=text" to fill a field, "→" or another name to follow a button or link. After a button
        or a link another page is there, and the way so far is walked again to look at it first.
        """
        keys, page = "", self.read()
        at = 0
        for step in steps:
            label, _, text = step.partition("=")
            stop = _field(page, label) if text else _button(page, label)
            keys += "\t" * (stop - at) + text
            at = stop
            if not text:
                page = self._walk(keys + "\n")
                keys, at = keys + "\n", 0
        return page

    def _walk(self, keys: str) -> str:
        """Press the keys on a fresh page and save the last page that they lead to."""
        saved, script = self.folder / "saved.txt", self.folder / "keys"
        saved.unlink(missing_ok=True)
        # P)rint, its first choice "Save to a local file", the name instead of the one offered, Q)uit.
        script.write_text(
            _pressed(keys) + _pressed("p\n") + "key ^U\n" + _pressed(f"{saved}\n") + _pressed("Q")
        )
        self._run(f"-cmd_script={script}", self.address)
        return saved.read_text()

    def _run(self, *arguments: str) -> str:
        command = ["lynx", "-number_fields", "-delay=0", "-accept_all_cookies", "-width=100"]
        command += [
            f"-cfg={self.config}",
            f"-cookie_file={self.cookies}",
            f"-cookie_save_file={self.cookies}",
        ]
        command += ["-display_charset=utf-8", *arguments]
        env = os.environ | {"TERM": "xterm", "LANG": "C.UTF-8", "HOME": str(self.folder), "LINES": "60"}
        if "-dump" in arguments:
            return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
        return _in_a_terminal(command, env)


def _in_a_terminal(command: list[str], env: dict[str, str]) -> str:
    screen, terminal = pty.openpty()
    process = subprocess.Popen(command, env=env, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown: list[bytes] = []
    reader = Thread(target=_drain, args=(screen, shown))
    reader.start()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        raise AssertionError(b"".join(shown)[-3000:]) from None
    finally:
        process.kill()
        process.wait()
        reader.join()
        os.close(screen)
    return ""


def _drain(screen: int, shown: list[bytes]) -> None:
    try:
        while data := os.read(screen, 65536):
            shown.append(data)
    except OSError:
        return  # how a terminal says that its other end is closed


def _pressed(keys: str) -> str:
    return "".join(f"key {KEYS.get(key, key)}\n" for key in keys)


def _stops(page: str) -> list[int]:
    """Where Tab stops, as positions in the text. The lines of one text area are one stop."""
    body = page.split("\nReferences\n")[0]
    stops: list[int] = []
    was_area = False
    for line in re.finditer(r".*\n?", body):
        found = [line.start() + stop.start() for stop in STOP.finditer(line[0])]
        is_field = bool(re.fullmatch(r"\s*\[\d+\]\S*_+\s*", line[0]))
        stops += [] if is_field and was_area else found
        was_area = is_field
    return stops


def _field(page: str, label: str) -> int:
    """The first stop after the label."""
    at = re.search(rf"^\s*{re.escape(label)}\b", page, re.MULTILINE)
    assert at, f"no field «{label}» in:\n{page}"
    return next(number for number, stop in enumerate(_stops(page)) if stop >= at.start())


def _button(page: str, name: str) -> int:
    """The stop that is followed by the name."""
    for number, stop in enumerate(_stops(page)):
        shown = re.sub(r"^\[\d+\](BUTTON\))?\s*", "", page[stop:])
        if shown.startswith(name):
            return number
    raise AssertionError(f"no button «{name}» in:\n{page}")
