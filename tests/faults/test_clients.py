"""The clients are as patient as the browsers are, and those are patient enough."""

from random import Random

from tests.faults.clients import retry_pause
from tests.faults.scenarios.table import RECOVERY_SECONDS

BROWSERS = [Random(seed) for seed in range(1000)]  # noqa: S311  jitter, not secrecy
# A connection and a first answer, on a machine that serves everybody at once.
CONNECTING_SECONDS = 2.0


def test_whoever_was_away_for_long_is_back_within_the_time_demanded():
    longest = max(retry_pause(failures, browser) for browser in BROWSERS for failures in range(1, 12))

    assert longest + CONNECTING_SECONDS <= RECOVERY_SECONDS


def test_a_thousand_browsers_that_lost_the_server_at_once_come_back_spread_out():
    for failures in range(1, 8):
        tenths = [int(retry_pause(failures, browser) * 10) for browser in BROWSERS]
        crowded = max(tenths.count(tenth) for tenth in set(tenths))

        assert crowded < 0.25 * len(BROWSERS)


def test_the_first_try_comes_soon():
    assert max(retry_pause(1, browser) for browser in BROWSERS) <= 1
