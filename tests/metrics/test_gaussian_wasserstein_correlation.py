"""Wasserstein correlation by second routes: scipy's matrix root, transport of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.linalg import sqrtm

from tanaoroshi.metrics.covariance import spread
from tanaoroshi.metrics.gaussian_wasserstein_correlation import (
    answer_gaussian_wasserstein_correlation,
    gaussian_distance,
    gaussian_wasserstein_correlation,
)
from tanaoroshi.metrics.question import Convention, question
from tanaoroshi.records.estimates import Estimate, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats

MIX = np.random.default_rng(5).normal(size=(4, 4)) * 0.5 + np.eye(4)
Z = np.random.default_rng(0).normal(size=(300, 4)) @ MIX + 3


def estimate(z: Floats, seed: int = 0, **settings: object) -> Estimate:
    rng = np.random.default_rng(seed)
    found = gaussian_wasserstein_correlation(z, rng=rng, **settings)  # type: ignore[arg-type]
    assert isinstance(found, Estimate)
    assert 0 <= found.low <= found.value <= found.high
    assert found.chance is not None
    return found


@pytest.mark.parametrize("convention", ["paper", "disentanglement_lib"])
def test_the_value_is_the_librarys(convention: Convention) -> None:
    c = np.cov(Z.T)
    root = sqrtm(c * np.expand_dims(np.diag(c), axis=1))
    theirs = 2 * np.trace(c) - 2 * np.trace(root)
    assert estimate(Z, convention=convention).value == pytest.approx(theirs, abs=1e-6)
    by_trace = estimate(Z, normalise=True, convention=convention).value
    assert by_trace == pytest.approx(theirs / np.trace(c), abs=1e-6)


def test_it_is_the_cost_of_the_best_linear_transport() -> None:
    """The map from N(0, C) to N(0, D) is D½ (D½ C D½)^-½ D½."""
    c = np.cov(Z.T)
    half = np.diag(np.sqrt(np.diag(c)))
    move = half @ np.linalg.inv(np.real(sqrtm(half @ c @ half))) @ half - np.eye(4)
    assert gaussian_distance(c) == pytest.approx(np.trace(move @ c @ move.T), abs=1e-9)


def test_two_dimensions_by_closed_form() -> None:
    for r in (0, 0.3, -0.9, 1):
        c = 4 * np.array([[1, r], [r, 1]])
        expected = 16 - 8 * (np.sqrt(1 + r) + np.sqrt(1 - r))
        assert gaussian_distance(c) == pytest.approx(expected, abs=1e-7)


def test_copies_of_one_dimension_reach_the_top() -> None:
    z = np.repeat(Z[:, :1], 5, axis=1) * [1, -1, 1, 1, -1]
    assert estimate(z, normalise=True).value == pytest.approx(2 * (1 - 5**-0.5), abs=1e-6)


def test_row_order_dimension_order_sign_and_constant_columns_change_nothing() -> None:
    value = estimate(Z).value
    constant = np.full((len(Z), 1), 3.3)
    for other in (
        Z[np.random.default_rng(1).permutation(len(Z))],
        Z[:, ::-1],
        Z * [-1, 1, -1, 1] + 100,
        np.hstack([constant, Z]),
        np.hstack([Z[:, :2], constant, Z[:, 2:]]),
    ):
        assert estimate(other).value == pytest.approx(value, abs=1e-7)
    assert estimate(3 * Z).value == pytest.approx(9 * value)
    shared = estimate(3 * Z, normalise=True).value
    assert shared == pytest.approx(estimate(Z, normalise=True).value)


def test_independent_dimensions_give_chance_and_an_interval_from_0() -> None:
    z = np.random.default_rng(2).normal(size=(400, 6)) * [1, 2, 3, 1, 1, 1]
    found = estimate(z)
    assert found.low == 0
    assert found.value == pytest.approx(found.chance, rel=0.5)
    alone = estimate(z[:, :1])
    assert (alone.value, alone.low, alone.high) == (0, 0, 0)


def test_repeating_rows_in_a_group_does_not_sharpen_the_interval() -> None:
    z = Z[:120]
    rows = np.repeat(np.arange(120), 6)
    alone, six, blind = (
        estimate(part, group=group) for part, group in ((z, None), (z[rows], rows), (z[rows], None))
    )
    assert six.high - six.low > 0.75 * (alone.high - alone.low)
    assert blind.high - blind.low < 0.75 * (alone.high - alone.low)


@pytest.mark.parametrize("n", [1, 2, 9, 10, 20])
@pytest.mark.parametrize("d", [1, 3, 30])
def test_small_samples_get_a_number_or_a_reason(n: int, d: int) -> None:
    z = np.random.default_rng(n).normal(size=(n, d))
    found = gaussian_wasserstein_correlation(z, rng=np.random.default_rng(0))
    assert isinstance(found, Unmeasured) == (n < 10)
    constant = gaussian_wasserstein_correlation(np.ones((30, d)), rng=np.random.default_rng(0))
    assert isinstance(constant, Unmeasured)


def test_the_same_seed_gives_the_same_numbers_and_moments_can_be_shared() -> None:
    assert estimate(Z, 7) == estimate(Z, 7)
    asked = question(Z, np.empty((300, 0)), rng=np.random.default_rng(7))
    shared = answer_gaussian_wasserstein_correlation(asked, spread(asked))
    assert shared.total == estimate(Z, 7)
