"""The interventional robustness score by its formula, and what its interval promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.irs import FOLDS, answer_irs, irs
from tanaoroshi.metrics.question import question
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints

N = 300
RNG = np.random.default_rng(3)
V = np.stack([RNG.integers(0, 4, N), 2 * RNG.integers(0, 30, N), RNG.integers(0, 7, N) ** 2], 1)
V = V.astype(np.float64)
Z = np.hstack([V[:, :2], V[:, 2:] / 9]) + RNG.normal(size=(N, 3)) * [0.3, 2, 1]
Z = np.hstack([Z, RNG.normal(size=(N, 1))])


def estimate(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    return measured


def value(z: Floats, v: Floats, **more: object) -> float:
    return estimate(irs(z, v, rng=np.random.default_rng(0), **more)).value  # type: ignore[arg-type]


def plain(z: Floats, classes: Floats | Ints, q: float, *, frequency: bool) -> float:
    """Compute it as the paper and the library write it, one value at a time."""
    farthest = np.abs(z - z.mean(axis=0)).max(axis=0)
    robust = np.empty((z.shape[1], classes.shape[1]))
    for a, column in enumerate(classes.T):
        strays, sizes = [], []
        for x in np.unique(column):
            same = z[column == x]
            strays.append(np.percentile(np.abs(same - same.mean(axis=0)), 100 * q, axis=0))
            sizes.append(len(same))
        weights = sizes if frequency else np.ones(len(sizes))
        robust[:, a] = 1 - np.average(strays, axis=0, weights=weights) / farthest
    return float(np.average(robust.max(axis=1), weights=farthest))


@pytest.mark.parametrize("q", [0.99, 1.0, 0.5])
def test_the_library_convention_is_its_formula_on_histograms(q: float) -> None:
    bins = np.stack([np.digitize(v, np.histogram(v, 20)[1][:-1]) for v in V.T], 1)
    ours = value(Z, V, convention="disentanglement_lib", quantile=q)
    assert ours == pytest.approx(plain(Z, bins, q, frequency=False), abs=1e-12)
    if q == 0.99:
        assert value(Z, V, convention="disentanglement_lib") == ours


@pytest.mark.parametrize("q", [1.0, 0.9])
def test_the_paper_convention_is_its_formula(q: float) -> None:
    ours = value(Z, V, quantile=q)
    assert ours == pytest.approx(plain(Z, V, q, frequency=True), abs=1e-12)
    assert ours != pytest.approx(plain(Z, V, q, frequency=False), abs=1e-4)
    if q == 1:
        assert value(Z, V) == ours


def test_many_values_are_ranked_in_one_sort() -> None:
    v = np.stack([RNG.integers(0, 100, N), RNG.integers(0, 4, N)], 1).astype(np.float64)
    expected = plain(Z, v, 0.7, frequency=False)
    assert value(Z, v, quantile=0.7, weights="equal") == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("weights", ["frequency", "equal"])
def test_the_jackknife_is_that_of_leaving_out_rows(weights: str) -> None:
    """The shortcut through cells of a value and a fold, against as many computations."""
    z, v = Z.round(1), V.copy()
    v[:, 1] = RNG.integers(0, 90, N)
    v[RNG.random(v.shape) < 0.1] = np.nan
    asked = question(z, v, rng=np.random.default_rng(0), permutations=1)
    found = estimate(answer_irs(asked, weights=weights).total)  # type: ignore[arg-type]
    fold, without = asked.batches % FOLDS, []
    for f in range(FOLDS):
        x, y = z[fold != f], v[fold != f]
        part = question(x, y, rng=np.random.default_rng(0), permutations=1)
        without.append(estimate(answer_irs(part, weights=weights).total).value)  # type: ignore[arg-type]
    error = np.sqrt((FOLDS - 1) * np.var(without))
    assert (found.high - found.low) / 2 == pytest.approx(
        student.ppf(0.975, FOLDS - 1) * error, rel=1e-6
    )


def test_missing_values_are_left_out_of_their_attribute_only() -> None:
    v = V.copy()
    v[:60, 1] = np.nan
    parts = [plain(Z[rows], V[rows][:, [a]], 1, frequency=True) for a, rows in MISSING]
    assert 0 < value(Z, v) < 1
    one = Z[:, :1]
    # One dimension: the best attribute, each beside the deviation among its own rows.
    best = [plain(one[rows], V[rows][:, [a]], 1, frequency=True) for a, rows in MISSING]
    assert value(one, v) == pytest.approx(max(best), abs=1e-12)
    assert len(parts) == 3


MISSING = [(0, slice(None)), (1, slice(60, None)), (2, slice(None))]


def test_perfect_codes_score_one_and_unrelated_codes_chance() -> None:
    assert value(V[:, ::-1] * 2 + 1, V) == pytest.approx(1)
    z = RNG.normal(size=(4000, 4))
    v = RNG.integers(0, 5, (4000, 3)).astype(np.float64)
    found = estimate(irs(z, v, rng=RNG))
    assert found.chance is not None
    assert found.low <= found.chance <= found.high
    assert found.value == pytest.approx(found.chance, abs=0.02)
    # Fewer images a value have shorter extremes: the chance level is high and falls with n.
    few = estimate(irs(z[:100], v[:100], rng=RNG)).chance
    assert few is not None
    assert few > found.chance + 0.02


def test_invariances() -> None:
    base = value(Z, V)
    order = RNG.permutation(N)
    relabelled = V.copy()
    relabelled[:, 0] = (2 * V[:, 0] + 1) % 5
    for z, v in (
        (Z[order], V[order]),
        (Z[:, ::-1], V[:, ::-1]),
        (Z * [1, -1, -1, 1], V),
        (Z * 1000 + 5, V),
        (Z, relabelled),
        (np.hstack([np.full((N, 1), 3.3), Z]), V),
        (np.hstack([Z, np.full((N, 1), 3.3)]), V),
    ):
        assert value(z, v) == pytest.approx(base, abs=1e-9)
    # Its weights are the deviations themselves: a dimension drawn out counts more.
    assert value(Z * [1, 1, 1, 100], V) < base - 0.1


def test_a_very_skew_dimension_can_fall_below_zero() -> None:
    """Within a value that lies aside, images stray farther from its mean than from that of all."""
    z = np.r_[np.zeros(200), np.full(90, -1.0), np.ones(10)]
    v = np.r_[np.arange(200) % 2, np.full(100, 2)]
    found = estimate(irs(z, v, weights="equal", rng=RNG))
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_repeating_rows_in_a_group_does_not_sharpen_the_interval() -> None:
    rows = np.repeat(np.arange(N), 6)
    alone = estimate(irs(Z, V, rng=np.random.default_rng(0)))
    six = estimate(irs(Z[rows], V[rows], group=rows, rng=np.random.default_rng(0)))
    assert six.value == pytest.approx(alone.value, abs=1e-9)
    assert six.high - six.low > 0.6 * (alone.high - alone.low)


@pytest.mark.parametrize("n", [20, 30, 60])
@pytest.mark.parametrize("q", [1.0, 0.95])
def test_small_samples(n: int, q: float) -> None:
    v = np.stack([np.arange(n) % 2, np.arange(n) % 3], 1).astype(np.float64)
    z = np.random.default_rng(n).normal(size=(n, 2))
    for kw in ({}, {"group": np.arange(n) // 2}):
        found = irs(z, v, bins=2, quantile=q, rng=RNG, **kw)  # type: ignore[arg-type]
        assert -1 <= estimate(found).low <= estimate(found).high <= 1


def test_what_has_no_score_says_why() -> None:
    assert isinstance(irs(np.ones((N, 2)), V, rng=RNG), Unmeasured)
    assert isinstance(irs(Z[:8], V[:8], rng=RNG), Unmeasured)
    with pytest.raises(InputError, match="quantile"):
        irs(Z, V, quantile=0, rng=RNG)
    with pytest.raises(InputError, match="quantile"):
        irs(Z, V, quantile=1.5, rng=RNG)
    words = estimate(irs(Z, V, rng=RNG)).method
    assert "quantile 1, frequency" in words
    assert "this size" in words


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.5, 0.9, 0.99]),
    st.sampled_from(["frequency", "equal"]),
    st.sampled_from(["plain", "ties", "grouped", "holes"]),
)
def test_the_jackknife_of_quantiles_is_that_of_leaving_out_rows(
    seed: int, q: float, weights: str, case: str
) -> None:
    """The ends of each value are enough, against as many computations."""
    rng = np.random.default_rng(seed)
    n = 1200
    v = np.stack([rng.integers(0, 4, n), rng.integers(0, 2, n)], 1).astype(np.float64)
    z = np.stack([v[:, 0] + rng.normal(size=n), rng.standard_cauchy(n)], 1)
    group = None
    if case == "ties":
        z = np.clip(z.round(), -2, 3)
    if case == "holes":
        v[rng.random(v.shape) < 0.1] = np.nan
    if case == "grouped":  # a group's rows are alike: one fold holds a whole end
        group = np.arange(n) // 40
        z += 5 * rng.normal(size=(n // 40, 2))[group]
    asked = question(z, v, rng=np.random.default_rng(0), permutations=1, group=group)
    more = {"quantile": q, "weights": weights}
    found = estimate(answer_irs(asked, **more).total)  # type: ignore[arg-type]
    fold, without = asked.batches % FOLDS, []
    for f in range(FOLDS):
        left = fold != f
        part = question(z[left], v[left], rng=np.random.default_rng(0), permutations=1)
        without.append(estimate(answer_irs(part, **more).total).value)  # type: ignore[arg-type]
    error = np.sqrt((FOLDS - 1) * np.var(without))
    half = student.ppf(0.975, FOLDS - 1) * error
    assert found.high - found.value == pytest.approx(min(half, 1 - found.value), rel=1e-6)
