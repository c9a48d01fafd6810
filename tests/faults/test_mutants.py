"""The suite itself: it finds out each build that breaks a promise."""

import pytest

from tests.faults.checker import Wrong
from tests.faults.mutants import MUTANTS
from tests.faults.runs import run
from tests.faults.scenarios import FAULTS

pytestmark = [pytest.mark.process, pytest.mark.faults]


@pytest.mark.parametrize(
    ("mutant", "fault", "wrong"),
    [
        ("acknowledge-before-commit", "web-killed-at-random", Wrong.LOST),
        ("store-the-same-id-again", "frames-repeated", Wrong.DUPLICATE),
        pytest.param("order-by-clock", "clock-1-hour-back", Wrong.HOLE, marks=pytest.mark.needs("faketime")),
        ("trust-the-news", "news-lost-and-reordered", Wrong.HOLE),
    ],
)
def test_a_build_that_breaks_a_promise_is_found_out(mutant, fault, wrong, tmp_path, monkeypatch):
    assert mutant in MUTANTS
    monkeypatch.setenv("MUTANT", mutant)

    outcome = run(FAULTS[fault], tmp_path, is_quick=True)

    assert outcome.count(wrong) > 0, outcome
