"""What every test may use: private engines, a clean cache, and the one way to skip."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.test import override_settings
from pytest_django import Settings

from tests import servers

# Fast tests first: what is broken shows early, and the slow parts see code that works. A test belongs to the
# last of those it is marked for, and to the first without a mark.
STAGES = ("fast", "security", "process", "engines", "browser")
# The first wait for nobody and run side by side; the others start servers and browsers, which want a machine.
PARTS = {"parallel": STAGES[:2], "serial": STAGES[2:]}
PROGRAMS = {
    "chromium",
    "clamd",
    "firefox-esr",
    "lynx",
    "postgresql",
    "redis-server",
    "duk",
    "faketime",
    "nginx",
    "systemd-analyze",
}
# What a fixture starts, it needs.
FIXTURE_NEEDS = {"clamd": "clamd", "postgres_url": "postgresql", "redis_url": "redis-server"}
MISSING = "missing program"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", choices=PARTS, help="only the tests that run side by side, or only the others")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(*programs): skipped without these programs, or failed with REQUIRE_ALL=1"
    )
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        _take_a_place_of_its_own(int(worker.removeprefix("gw")))
    # A suite started in the background inherits an ignored Ctrl-C, and the servers it starts would as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _take_a_place_of_its_own(worker: int) -> None:
    """One process holds a data folder; what it clears or says must not be missing or heard in another.

    pytest-django does the same for the database.
    """
    folder = settings.VAR_DIR / f"worker-{worker}"
    changed: dict[str, Any] = {"VAR_DIR": folder, "MEDIA_ROOT": folder / "media"}
    if settings.REDIS_URL:
        # Number 0 is for whoever is alone.
        url = urlsplit(settings.REDIS_URL)._replace(path=f"/{worker + 1}").geturl()
        # Redis has one space of channels for all its databases.
        config = {"hosts": [url], "prefix": f"worker-{worker}"}
        changed |= {
            "REDIS_URL": url,
            "CACHES": {"default": settings.CACHES["default"] | {"LOCATION": url}},
            "CHANNEL_LAYERS": {"default": settings.CHANNEL_LAYERS["default"] | {"CONFIG": config}},
        }
    # Not by assignment: who has read a setting already is told to read it again.
    override_settings(**changed).enable()


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> None:
    """Slow hashes protect real passwords; these are made up, and there are many."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


# After the folders have marked their own, and before pytest looks for marks.
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(STAGES[_stage(item)])
    items.sort(key=_place)
    if part := config.getoption("part"):
        others = [item for item in items if STAGES[_stage(item)] not in PARTS[part]]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if STAGES[_stage(item)] in PARTS[part]]


def _stage(item: pytest.Item) -> int:
    return max((number for number, name in enumerate(STAGES) if item.get_closest_marker(name)), default=0)


def _place(item: pytest.Item) -> tuple[bool, bool, int]:
    """A test that commits empties the database after it, of what migrations filled in too: it comes last."""
    stage = _stage(item)
    database = item.get_closest_marker("django_db")
    commits = bool(database and database.kwargs.get("transaction"))
    return STAGES[stage] in PARTS["serial"], commits, stage


def pytest_runtest_setup(item: pytest.Item) -> None:
    marked = [program for marker in item.iter_markers("needs") for program in marker.args]
    implied = [
        program for name, program in FIXTURE_NEEDS.items() if name in getattr(item, "fixturenames", ())
    ]
    need(item.user_properties, *marked, *implied)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if missing := _missing(terminalreporter):
        named = ", ".join(f"{program} ({count})" for program, count in sorted(missing.items()))
        terminalreporter.write_line(f"Omitidas por falta de: {named}", yellow=True)


def _missing(reporter: pytest.TerminalReporter) -> Counter[str]:
    """How many tests missed each program, whichever process ran them."""
    reports = [report for some in reporter.stats.values() for report in some]
    setups = [report for report in reports if getattr(report, "when", None) == "setup"]
    return Counter(program for setup in setups for name, program in setup.user_properties if name == MISSING)


def need(properties: list[tuple[str, object]], *programs: str) -> None:
    """Skip the test that runs unless all `programs` are installed. No test skips in any other way.

    What is missing goes into the test's `properties`, which reach the summary from every process.
    """
    assert set(programs) <= PROGRAMS, f"unknown program in {programs}"
    missing = [program for program in programs if not servers.is_installed(program)]
    if not missing:
        return
    properties += [(MISSING, program) for program in missing]
    reason = f"needs {', '.join(missing)}"
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"{reason}, and REQUIRE_ALL=1 allows no skips", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    """Limits are counted in the cache; what one test used up must not be missing in the next."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def memory_layer(settings: Settings) -> None:
    """The channel layer that a test can look into, whatever engines the suite runs on."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "facturando_support.layers.LocalLayer"}}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """What is thrown away at the end need not reach the disk. Power cuts are for real processes."""
    if connection.vendor == "sqlite":
        connection.settings_dict["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """pytest-django's, and at the end no connection is left that would keep PostgreSQL's test database."""
    yield
    # Sockets of the tests' own process work in this thread, which keeps its connection.
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A private PostgreSQL with an empty database."""
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A private Redis."""
    with servers.redis() as url:
        yield url
