from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from archive_truth import CELL, classes_of, table, thinned
from tanaoroshi.archive.counts import rare_p
from tanaoroshi.archive.gaps import find_gaps
from tanaoroshi.archive.loglinear import free_moments, pairs_only
from tanaoroshi.archive.tables import pair_table
from tanaoroshi.archive.ties import dealt_rows

if TYPE_CHECKING:
    from tanaoroshi.records.archive import Gaps


def gaps_of(columns: dict[str, np.ndarray], group: np.ndarray | None = None, seed: int = 0) -> Gaps:
    classes, index = classes_of(table(columns, group))
    return find_gaps(classes, index, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("grouped", [False, True])
def test_a_planted_gap_is_found_within_its_intervals(grouped: bool) -> None:  # noqa: FBT001
    rng = np.random.default_rng(0)
    runs, found, expected, ratio, others = 80, 0, 0, 0, 0
    for _ in range(runs):
        columns, group, share, truth = thinned(3000, rng, keep=0.15, grouped=grouped)
        gaps = {tuple(gap.cell.items()): gap for gap in gaps_of(columns, group).found}
        gap = gaps.pop(tuple(CELL.items()), None)
        others += bool(gaps)
        if gap is None:
            continue
        found += 1
        expected += gap.expected.low <= 3000 * share <= gap.expected.high
        ratio += gap.ratio.low <= truth <= gap.ratio.high
        assert gap.against == "independence"
    assert found >= 0.95 * runs
    assert expected >= 0.9 * found
    assert ratio >= 0.9 * found
    assert others <= 4


def test_a_gap_of_three_is_told_from_ties_of_two() -> None:
    rng = np.random.default_rng(1)
    # b follows a, and c follows b: no cell of three is missing beyond that.
    p = np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.2], [0.1, 0.2, 0.7]])
    joint = np.einsum("i,ij,jk->ijk", [0.4, 0.3, 0.3], p, p)
    for keep, wanted in ((1.0, False), (0.02, True)):
        shares = joint.copy()
        shares[1, 1, 1] *= keep
        cell = rng.choice(27, 4000, p=(shares / shares.sum()).ravel())
        columns = {"a": cell // 9, "b": cell // 3 % 3, "c": cell % 3}
        told = [gap for gap in gaps_of(columns).found if gap.against == "pairs"]
        assert bool(told) == wanted
    best = min(told, key=lambda gap: gap.p)
    assert best.cell == {"a": "1", "b": "1", "c": "1"}
    truth = 4000 * pairs_only(shares / shares.sum())[1, 1, 1]
    assert best.expected.low <= truth <= best.expected.high


def test_what_the_table_makes_impossible_is_no_gap() -> None:
    rng = np.random.default_rng(2)
    era = rng.integers(0, 6, 2000)
    kind = rng.integers(0, 2, 2000)
    # A tone applies to people only: "none" belongs to things.
    tone = np.where(kind == 1, rng.integers(1, 4, 2000), 0)
    columns = {"era": era, "year": era // 2, "kind": kind, "tone": tone}
    classes, index = classes_of(table(columns), aside={"tone": ("0",)})
    gaps = find_gaps(classes, index, rng=rng)
    assert gaps.found == ()
    assert [(d.by, d.attribute, d.impossible) for d in gaps.decided] == [("era", "year", 12)]
    # Where nobody says so, a tone decides whether it is a person.
    assert ("tone", "kind") in {(d.by, d.attribute) for d in gaps_of(columns).decided}


def test_a_value_that_only_goes_with_one_of_another_is_a_gap() -> None:
    rng = np.random.default_rng(5)
    role, gender = rng.integers(0, 4, 800), rng.integers(0, 2, 800)
    gender[role == 2] = 1  # all of one role are women
    (gap,) = gaps_of({"role": role, "gender": gender}).found
    assert (gap.cell, gap.observed) == ({"role": "2", "gender": "0"}, 0)


def test_the_tail_is_near_the_hypergeometric() -> None:
    n, rows, columns = 400, 80, 120
    observed = np.arange(5, 24)
    p, q = rows / n, columns / n
    mean = n * p * q
    variance = mean * (1 - p) * (1 - q) * n / (n - 1)
    step = np.array((1 - 2 * p) * (1 - 2 * q))
    mine = rare_p(observed.astype(float), np.array(mean), np.array(variance), step)
    theirs = hypergeom.cdf(observed, n, rows, columns)
    # Never much smaller; in the far tail rather larger.
    assert np.all((mine > 0.95 * theirs) & (mine < 4 * theirs))
    assert np.all(np.diff(mine) > 0)


def test_the_variance_of_a_cell_is_that_of_dealt_groups() -> None:
    rng = np.random.default_rng(3)
    m = 400
    group = np.repeat(np.arange(m), rng.integers(1, 8, m))
    a = (rng.random(m) < 0.3)[group]
    b = (rng.random(m) < 0.4)[group]
    b = np.where(rng.random(len(b)) < 0.3, rng.random(len(b)) < 0.4, b)  # alike, not equal
    classes, _ = classes_of(table({"a": a, "b": b}, group))
    size = np.bincount(group)
    joined = float((size.astype(float) ** 2).sum() / len(group))
    effect = 1 + (joined - 1) * classes[0].alike[1] * classes[1].alike[1]
    counts = []
    for _ in range(600):
        order = dealt_rows(len(group), group, rng=rng)
        counts.append(float((a & b[order]).sum()) - a.sum() * b[order].mean())
    p, q = a.mean(), b.mean()
    mine = len(a) * p * (1 - p) * q * (1 - q) * effect
    assert mine == pytest.approx(np.var(counts), rel=0.25)


def test_the_fit_has_the_sums_and_no_interaction() -> None:
    rng = np.random.default_rng(4)
    table3 = rng.integers(1, 30, (2, 3, 4)).astype(float)
    fit = pairs_only(table3)
    for axis in range(3):
        np.testing.assert_allclose(fit.sum(axis=axis), table3.sum(axis=axis), atol=1e-3)
    odds = fit[0, 0] * fit[1, 1] / (fit[0, 1] * fit[1, 0])
    np.testing.assert_allclose(odds, odds[0], rtol=1e-3)
    # Of unrelated attributes the variance has a closed form.
    p, q, r = np.array([0.3, 0.7]), np.array([0.2, 0.5, 0.3]), np.array([0.1, 0.9])
    variance, step = free_moments(1000 * np.einsum("i,j,k->ijk", p, q, r))
    parts = np.einsum("i,j,k->ijk", p * (1 - p), q * (1 - q), r * (1 - r))
    np.testing.assert_allclose(variance, 1000 * parts)
    skew = np.einsum("i,j,k->ijk", 1 - 2 * p, 1 - 2 * q, 1 - 2 * r)
    np.testing.assert_allclose(step, skew, atol=1e-12)


def told(gaps: Gaps, back: dict[str, dict[str, str]]) -> dict[frozenset[tuple[str, str]], float]:
    return {
        frozenset((name, back[name][value]) for name, value in gap.cell.items()): gap.p
        for gap in gaps.found
    }


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_names_and_orders_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 600
    group = rng.integers(0, 400, n)
    a, c = rng.integers(0, 4, 400)[group], rng.integers(0, 3, 400)[group]
    b = np.where(rng.random(n) < 0.7, a, rng.integers(0, 4, n))
    columns = {"a": a, "b": b, "c": c}
    same = {name: {str(v): str(v) for v in range(9)} for name in columns}
    plain = told(gaps_of(columns, group), same)
    assert plain
    order = rng.permutation(n)
    moved = {name: columns[name][order] for name in ("c", "a", "b")}
    again = told(gaps_of(moved, group[order]), same)
    assert again.keys() == plain.keys()
    assert list(again.values()) == pytest.approx([plain[k] for k in again], rel=1e-3)
    labels = {name: rng.permutation(4) for name in columns}
    renamed = {name: labels[name][values] for name, values in columns.items()}
    back = {name: {str(label[v]): str(v) for v in range(4)} for name, label in labels.items()}
    assert told(gaps_of(renamed, group), back).keys() == plain.keys()


def test_tables_without_pairs_have_no_gaps() -> None:
    for n in (0, 1, 40):
        gaps = gaps_of({"a": np.zeros(n, int), "b": np.arange(n) % 3})
        assert (gaps.found, gaps.asked) == ((), 0)


def test_missing_values_are_left_out_for_that_attribute() -> None:
    a, b = np.array([0.0, 1, np.nan, 1]), np.array([0.0, 0, 1, 1])
    classes, _ = classes_of(table({"a": a, "b": b}))
    np.testing.assert_array_equal(pair_table(*classes)[:2, :2], [[1, 0], [1, 1]])
