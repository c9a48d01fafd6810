"""The README's table names every setting that is read from the environment, and no other."""

import ast
import re

from tests.servers import ROOT


def read_by_settings() -> set[str]:
    """The first argument of every `env.…()` and `_seconds()`, and what `os.environ` is asked for."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / "facturando_support/settings.py").read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called == "_seconds" or re.fullmatch(r"env\.\w+", called):
                names.add(str(node.args[0].value))
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            names.add(ast.literal_eval(node.slice))
    return names


def table() -> set[str]:
    section = (ROOT / "README.md").read_text().split("\n## Settings\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in first for name in re.findall(r"`([A-Z_…]+)`", cell)}


def test_the_table_and_the_settings_name_the_same():
    read = {"LIMIT_…" if name.startswith("LIMIT_") else name for name in read_by_settings()}

    assert table() == read
    assert "LIMIT_…" in read
    assert len(read) > 30
