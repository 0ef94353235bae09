from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from archive_truth import classes_of, table, within
from tanaoroshi.archive.common import common_scale
from tanaoroshi.archive.three_way import find_three_way, tail_p

if TYPE_CHECKING:
    from tanaoroshi.records.archive import ThreeWays


def ties_of(columns: dict[str, np.ndarray], group: np.ndarray | None = None) -> ThreeWays:
    classes, index = classes_of(table(columns, group))
    return find_three_way(classes, index, rng=np.random.default_rng(0))


@pytest.mark.parametrize("grouped", [False, True])
def test_a_tie_within_one_value_is_found(grouped: bool) -> None:  # noqa: FBT001
    rng = np.random.default_rng(0)
    runs, found, covered, false = 30, 0, 0, 0
    for _ in range(runs):
        columns, group = within(3000, rng, grouped=grouped)
        ties = ties_of(columns, group)
        assert ties.asked == 4
        false += any("d" in (tie.a, tie.b, tie.given) for tie in ties.found)
        mine = [tie for tie in ties.found if {tie.a, tie.b, tie.given} == {"a", "b", "c"}]
        for tie in mine:
            found += (tie.given, tie.strong) == ("c", "2")
            covered += tie.strongest.low <= 0.5 <= tie.strongest.high
            assert tie.difference.low > 0.1
    assert found >= 0.9 * runs
    assert covered >= 0.88 * found
    assert false <= 3


def test_ties_that_cancel_out_are_found() -> None:
    rng = np.random.default_rng(1)
    a, c = rng.integers(0, 2, (2, 1500))
    b = np.where(rng.random(1500) < 0.9, a ^ c, 1 - (a ^ c))
    (tie,) = ties_of({"a": a, "b": b, "c": c}).found
    assert tie.weak == ""
    assert tie.strongest.low <= 0.8 <= tie.strongest.high
    assert tie.weakest.value < 0.1


def test_ties_in_pairs_are_no_three_way_ties() -> None:
    rng = np.random.default_rng(2)
    false = 0
    for _ in range(30):
        a = rng.integers(0, 3, 800)
        b = np.where(rng.random(800) < 0.6, a, rng.integers(0, 3, 800))
        c = np.where(rng.random(800) < 0.6, b, rng.integers(0, 3, 800))
        false += bool(ties_of({"a": a, "b": b, "c": c}).found)
    assert false <= 3


def test_the_tail_of_a_chi_squared_is_its_own() -> None:
    draws = np.random.default_rng(3).chisquare(6, 20_000)
    assert tail_p(12.592, draws) == pytest.approx(0.05, abs=0.005)
    assert tail_p(1.0, np.zeros(9)) == 1.0


def test_one_scale_runs_from_strangers_to_copies() -> None:
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(300), 3)
    a, b = rng.integers(0, 5, (2, 300))[:, group]
    half = np.where(rng.random(300)[group] < 0.5, a, b)
    columns = {"a": a, "b": b, "copy": 4 - a, "half": half}
    classes, index = classes_of(table(columns, group))
    found = {(c.a, c.b): c.information for c in common_scale(classes, index, rng=rng)}
    assert found["a", "copy"].value == pytest.approx(1)
    assert found["a", "b"].value < 0.02
    assert found["a", "b"].low == 0
    assert 0.1 < found["a", "half"].low < found["a", "half"].high < 0.5
    assert found["copy", "half"].value == pytest.approx(found["a", "half"].value, abs=0.01)
