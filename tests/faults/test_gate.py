"""The six sharpest faults, short: whoever breaks the delivery contract learns it from `make test`."""

import pytest

from tests.faults.runs import run
from tests.faults.scenarios import FAULTS

pytestmark = [pytest.mark.process, pytest.mark.faults]


@pytest.mark.parametrize(
    "name",
    [
        "web-killed-at-the-acknowledgement",
        "sockets-cut",
        "frames-repeated",
        "news-lost-and-reordered",
        "clock-killed-while-mailing",
        pytest.param(
            "redis-killed",
            marks=[pytest.mark.engines, pytest.mark.needs("postgresql", "redis-server")],
        ),
    ],
)
def test_nothing_is_lost_shown_twice_or_shown_to_the_wrong_person(name, tmp_path):
    outcome = run(FAULTS[name], tmp_path, is_quick=True)

    assert outcome.is_good, outcome.report()
    assert outcome.acknowledged > 0
    assert outcome.runs > 0
