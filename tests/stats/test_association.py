from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LinearRegression

from tanaoroshi.stats.association import (
    circular_circular,
    circular_linear,
    correlation_ratio,
    cramers_v,
    spearman,
)

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_spearman_agrees_with_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 6, (30, 3)).astype(float), rng.integers(0, 4, 30).astype(float)
    expected = [stats.spearmanr(column, y).statistic for column in x.T]
    assert np.allclose(spearman(x, y), expected)
    assert np.isclose(spearman(x[:, 0], y), expected[0])


@given(seeds)
def test_circular_linear_is_the_multiple_correlation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, 40)
    x = np.column_stack([rng.normal(size=40), np.sin(angle + 1) + 0.2 * rng.normal(size=40)])
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    expected = [np.sqrt(LinearRegression().fit(circle, c).score(circle, c)) for c in x.T]
    assert np.allclose(circular_linear(x, angle), expected)
    turned = circular_linear(x, angle + 2)
    assert np.allclose(turned, expected)


@given(seeds, st.floats(-10, 10))
def test_circular_circular_agrees_with_the_sum_over_pairs(seed: int, turn: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0, 2 * np.pi, (2, 15))
    i, j = np.triu_indices(15, 1)
    s, t = np.sin(a[i] - a[j]), np.sin(b[i] - b[j])
    expected = np.sum(s * t) / np.sqrt(np.sum(s**2) * np.sum(t**2))
    assert np.isclose(circular_circular(a, b), expected)
    assert np.isclose(circular_circular(a + turn, b), expected)
    assert np.isclose(circular_circular(a, a + turn), 1)
    assert np.isclose(circular_circular(a, turn - a), -1)


@given(seeds)
def test_cramers_v_is_one_for_copies_and_blind_to_names(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 5, 200)
    b = np.where(rng.random(200) < 0.5, a, rng.integers(0, 5, 200))
    assert np.isclose(cramers_v(a, a), 1)
    assert np.isclose(cramers_v(a, b), cramers_v(b, a))
    assert np.isclose(cramers_v(a, b), cramers_v(10 - 2 * a, b))


def test_cramers_v_by_hand() -> None:
    a, b = np.repeat([0, 0, 1, 1], [30, 10, 20, 40]), np.repeat([0, 1, 0, 1], [30, 10, 20, 40])
    chi2 = stats.chi2_contingency([[30, 10], [20, 40]], correction=False).statistic
    phi2 = chi2 / 100 - 1 / 99
    assert np.isclose(cramers_v(a, b), np.sqrt(phi2 / (1 - 1 / 99)))


def test_cramers_v_has_no_bias_by_many_classes() -> None:
    rng = np.random.default_rng(0)
    drawn = [cramers_v(rng.integers(0, 20, 300), rng.integers(0, 20, 300)) for _ in range(100)]
    plain = np.sqrt(19 * 19 / 300 / 19)
    assert np.mean(drawn) < 0.05 < plain


@given(seeds)
def test_correlation_ratio_agrees_with_the_f_test(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes = np.concatenate([[0, 1, 2], rng.integers(0, 3, 27)])
    x = rng.normal(size=(30, 2)) + classes[:, None] * [0.0, 1.0]
    f = stats.f_oneway(*(x[classes == c] for c in range(3))).statistic
    assert np.allclose(correlation_ratio(x, classes) ** 2, 2 * f / (2 * f + 27))


def test_undefined_is_nan_never_zero() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([np.full(20, 0.1), rng.normal(size=20)])
    y = rng.normal(size=20)
    for found in (spearman(x, y), circular_linear(x, y), correlation_ratio(x, np.arange(20) % 2)):
        assert np.isnan(found[0])
        assert np.isfinite(found[1])
    assert np.isnan(spearman(y, np.full(20, 0.1)))
    assert np.isnan(circular_linear(y, np.pi * np.repeat([0.0, 1.0], 10)))
    assert np.isnan(circular_circular(np.full(20, 0.1), y))
    assert np.isnan(cramers_v(np.zeros(20, dtype=np.int64), np.arange(20)))
    assert np.isnan(cramers_v(np.array([1]), np.array([2])))


@pytest.mark.parametrize("measure", [spearman, circular_linear])
def test_sign_and_order_of_rows_do_not_matter(measure: object) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(50, 2)), rng.uniform(0, 6, 50)
    order = rng.permutation(50)
    assert callable(measure)
    assert np.allclose(np.abs(measure(-x[order], y[order])), np.abs(measure(x, y)))
