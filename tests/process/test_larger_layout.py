"""Web and clock as processes of their own, on PostgreSQL and Redis."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests import servers

pytestmark = [pytest.mark.process, pytest.mark.engines]

FAST = "not browser and not engines and not process"


def wrong_parts(server: servers.Product) -> list[str]:
    try:
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=20) as response:  # noqa: S310 - our own
            return json.load(response)["wrong"]
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)["wrong"]


def test_web_processes_are_ready_once_a_clock_runs_beside_them(tmp_path, postgres_url, redis_url):
    env = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url}
    web = ("serve", "--migrate", "--without-clock")
    with (
        servers.product(tmp_path, env=env, command=web) as first,
        servers.product(tmp_path, env=env, command=web) as second,
    ):
        assert wrong_parts(first) == ["clock"]

        with servers.product(tmp_path, env=env, command=("clock",)) as clock:
            servers.wait_until(lambda: not wrong_parts(first) and not wrong_parts(second), "readiness")

            assert clock.stop() == 0


def test_the_fast_tests_pass_on_postgresql_and_redis(tmp_path, postgres_url, redis_url):
    env = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url, "VAR_DIR": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", FAST, "-p", "no:cacheprovider", "-q"],
        cwd=servers.ROOT,
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout[-20_000:]
