"""What we lean on: every locked package is in the list of what was looked at, at the version that is locked.

No database of advisories can be reached from where the tests run, so nothing here finds an advisory: it keeps
a version from coming in, or from staying for long, without anybody having looked.
"""

import re
import tomllib
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

from tests.servers import ROOT

LIST = Path(__file__).with_name("dependencies.toml")
LOCK = ROOT / "requirements.lock"
# Django supports a release for no longer.
GOOD_FOR = timedelta(days=480)


def locked():
    """The versions of each package; some have another one for another interpreter."""
    versions = defaultdict(set)
    for name, version in re.findall(r"^([a-z0-9._-]+)==([^ ;\\\n]+)", LOCK.read_text(), re.MULTILINE):
        versions[name].add(version)
    return dict(versions)


def looked_at():
    return tomllib.loads(LIST.read_text())["package"]


def test_every_locked_package_was_looked_at_in_the_version_that_is_locked():
    assert len(locked()) > 40
    assert {name: set(entry["versions"]) for name, entry in looked_at().items()} == locked()


def test_what_was_looked_at_says_when_and_what_it_sees_of_strangers():
    for name, entry in looked_at().items():
        assert set(entry) == {"versions", "checked", "sees"}, name
        assert isinstance(entry["checked"], date), name
        assert entry["sees"].endswith("."), name


def test_nothing_was_looked_at_long_before_the_rest():
    """Against each other and not against today: what is kept as it is does not break by growing old."""
    dates = [entry["checked"] for entry in looked_at().values()]

    assert max(dates) - min(dates) <= GOOD_FOR


def test_every_locked_package_comes_by_its_hash_from_no_place_of_its_own():
    for lock in (LOCK, ROOT / "requirements-dev.lock"):
        blocks = re.split(r"\n(?=[a-z0-9])", lock.read_text())
        assert all("--hash=sha256:" in block for block in blocks if "==" in block.split("\n")[0])
        assert not re.search(
            r"^[^#\n]*(?:--(?:extra-)?index-url|--find-links|https?:)", lock.read_text(), re.MULTILINE
        )
