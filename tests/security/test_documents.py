"""What SECURITY.md and the list of attacks say is there."""

import re
from pathlib import Path

from django.conf import settings

from tests.servers import ROOT

SECURITY = (ROOT / "SECURITY.md").read_text()
HERE = Path(__file__).parent


def test_every_limit_of_the_settings_is_in_the_account_of_security_with_its_number():
    for name, limit in settings.LIMITS.items():
        number = limit.split("/")[0]
        # Sockets of an address stand in the row of those that are open as well.
        assert re.search(rf"LIMIT_{name.upper()}` \({number} ", SECURITY), name


def test_every_setting_that_the_account_of_security_names_is_one():
    read = (ROOT / "facturando_support/settings.py").read_text()
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", SECURITY))

    assert len(named) > 15
    assert {name for name in named if name not in read} == set()


def test_every_file_of_attacks_is_in_their_list_and_what_the_list_names_is_there():
    listed = (HERE / "README.md").read_text()
    for path in HERE.glob("test_*.py"):
        assert path.name in listed or path == Path(__file__)
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(re.findall(r"\btest_\w+\.py", listed)) <= tests
