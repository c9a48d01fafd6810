"""What every test may use: private engines, a clean cache, and the one way to skip."""

import os
import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from pytest_django import Settings

from tests import servers

# Fast tests first: what is broken shows early, and the slow parts see code that works.
STAGES = ("process", "engines", "browser")
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
MISSING = pytest.StashKey[Counter[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(*programs): skipped without these programs, or failed with REQUIRE_ALL=1"
    )
    config.stash[MISSING] = Counter()
    # A suite started in the background inherits an ignored Ctrl-C, and the servers it starts would as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> None:
    """Slow hashes protect real passwords; these are made up, and there are many."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


# Last, after the folders have marked their own.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_stage)


def _stage(item: pytest.Item) -> int:
    return max((number for number, name in enumerate(STAGES, 1) if item.get_closest_marker(name)), default=0)


def pytest_runtest_setup(item: pytest.Item) -> None:
    marked = [program for marker in item.iter_markers("needs") for program in marker.args]
    implied = [
        program for name, program in FIXTURE_NEEDS.items() if name in getattr(item, "fixturenames", ())
    ]
    need(item.config.stash, *marked, *implied)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if missing := config.stash[MISSING]:
        named = ", ".join(f"{program} ({count})" for program, count in sorted(missing.items()))
        terminalreporter.write_line(f"Omitidas por falta de: {named}", yellow=True)


def need(stash: pytest.Stash, *programs: str) -> None:
    """Skip the test that runs unless all `programs` are installed. No test skips in any other way."""
    assert set(programs) <= PROGRAMS, f"unknown program in {programs}"
    missing = [program for program in programs if not servers.is_installed(program)]
    if not missing:
        return
    stash[MISSING].update(missing)
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
