"""An update that changes nothing does not fail: the small version of ``bench/no_change.py``."""

from __future__ import annotations

import pytest

from no_change import Tally, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["same", "fresh"])
def tally(request: pytest.FixtureRequest) -> Tally:
    return run(request.param, updates=8, n=300, times=1, seed=1)


def test_no_false_alarm_beyond_the_level(tally: Tally) -> None:
    """Eight updates show only what is grossly wrong: three alarms come once in 170 at 5 %."""
    assert tally.updates == 8
    assert max(tally.alarms.values()) <= 2, tally.alarms
    assert tally.alarms["the usual policy fails"] == 0


def test_every_kind_of_rule_was_judged(tally: Tally) -> None:
    for kind in ("shelf", "metric", "tie", "reconstruction"):
        lines = [line for name, line in tally.rules.items() if name.startswith(f"usual: {kind}")]
        assert lines
        assert sum(line["pass"] for line in lines) > 0
    assert tally.shelves["size"]["kept"] >= 7
