from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score, normalized_mutual_info_score

from tanaoroshi.stats import information
from tanaoroshi.stats.information import (
    Normaliser,
    association_matrix,
    association_null,
    count_tables,
    cross,
    entropy,
    miller_madow,
    mutual_information,
    normalised_mutual_information,
)
from tanaoroshi.stats.resample import turned_rows

RNG = np.random.default_rng(3)
N, D, K = 300, 4, 3
CODES = RNG.integers(0, 6, (N, D))
ATTRIBUTES = np.where(RNG.random((N, K)) < 0.1, -1, (CODES[:, :K] + RNG.integers(0, 3, (N, K))) % 5)


def brute_force(x: np.ndarray, y: np.ndarray) -> float:
    """Mutual information by its definition, one pair of values at a time."""
    total = 0.0
    for a, b in product(set(x), set(y)):
        p = float(np.mean((x == a) & (y == b)))
        if p:
            total += p * math.log(p / (float(np.mean(x == a)) * float(np.mean(y == b))))
    return total


def test_tables_hold_the_counts() -> None:
    tables = count_tables(CODES, ATTRIBUTES[:, 0])
    for j, code, value in product(range(D), range(6), range(5)):
        expected = np.sum((CODES[:, j] == code) & (ATTRIBUTES[:, 0] == value))
        assert tables[j, code, value] == expected


def test_weights_count_rows_that_many_times() -> None:
    weights = RNG.integers(0, 4, N).astype(np.float64)
    repeated = np.repeat(np.arange(N), weights.astype(int))
    np.testing.assert_array_equal(
        count_tables(CODES, ATTRIBUTES[:, 1], weights),
        count_tables(CODES[repeated], ATTRIBUTES[repeated, 1]),
    )
    np.testing.assert_allclose(
        association_matrix(CODES, ATTRIBUTES, weights=weights),
        association_matrix(CODES[repeated], ATTRIBUTES[repeated]),
        atol=1e-12,
    )


def test_mutual_information_three_ways() -> None:
    for a in range(K):
        known = ATTRIBUTES[:, a] >= 0
        y = ATTRIBUTES[known, a]
        ours = mutual_information(count_tables(CODES, ATTRIBUTES[:, a]))
        for j in range(D):
            x = CODES[known, j]
            assert ours[j] == pytest.approx(mutual_info_score(x, y), abs=1e-12)
            assert ours[j] == pytest.approx(brute_force(x, y), abs=1e-12)


def test_closed_forms() -> None:
    assert entropy(np.full(8, 5)) == pytest.approx(math.log(8))
    assert entropy(np.array([7, 0, 0])) == 0
    assert entropy(np.zeros(3)) == 0
    assert mutual_information(np.diag([3, 3, 3])) == pytest.approx(math.log(3))
    assert mutual_information(np.outer([1, 2, 3], [4, 5])) == pytest.approx(0, abs=1e-12)
    # A binary symmetric channel with error 1/8: ln 2 - h(1/8).
    h = -(0.125 * math.log(0.125) + 0.875 * math.log(0.875))
    channel = np.array([[7, 1], [1, 7]])
    assert mutual_information(channel) == pytest.approx(math.log(2) - h)


@pytest.mark.parametrize("normalise", ["mean", "min", "joint", "attribute", "code"])
def test_normalisers(normalise: Normaliser) -> None:
    table = count_tables(CODES, ATTRIBUTES[:, 0])
    ours = normalised_mutual_information(table, normalise)
    known = ATTRIBUTES[:, 0] >= 0
    y = ATTRIBUTES[known, 0]
    for j in range(D):
        x = CODES[known, j]
        hx, hy, mi = mutual_info_score(x, x), mutual_info_score(y, y), mutual_info_score(x, y)
        expected = {
            "attribute": mi / hy,
            "code": mi / hx,
            "joint": mi / (hx + hy - mi),
            "mean": normalized_mutual_info_score(x, y),
            "min": mi / min(hx, hy),
        }[normalise]
        assert ours[j] == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(
        association_matrix(CODES, ATTRIBUTES, normalise=normalise)[:, 0], ours, atol=1e-12
    )


def test_nothing_to_tell_is_zero() -> None:
    constant = np.zeros((N, 1), dtype=np.int64)
    assert (association_matrix(CODES, constant) == 0).all()
    assert (association_matrix(constant, ATTRIBUTES) == 0).all()
    assert (association_matrix(CODES, constant - 1) == 0).all()
    assert association_matrix(CODES[:, :0], ATTRIBUTES).shape == (0, K)
    assert (association_matrix(CODES[:0], ATTRIBUTES[:0]) == 0).all()


def test_null_draws_are_the_matrix_of_permuted_rows() -> None:
    orders = [RNG.permutation(N) for _ in range(3)]
    null = association_null(CODES, ATTRIBUTES, orders)
    for draw, order in zip(null, orders, strict=True):
        np.testing.assert_allclose(draw, association_matrix(CODES, ATTRIBUTES[order]), atol=1e-12)
    assert association_null(CODES, ATTRIBUTES, []).shape == (0, D, K)


def test_blocks_bound_memory_not_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = association_matrix(CODES, ATTRIBUTES)
    order = RNG.permutation(N)
    null = association_null(CODES, ATTRIBUTES, [order])
    monkeypatch.setattr(information, "BLOCK", 50)
    np.testing.assert_allclose(association_matrix(CODES, ATTRIBUTES), whole, atol=1e-12)
    np.testing.assert_allclose(association_null(CODES, ATTRIBUTES, [order]), null, atol=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_mutual_information_is_symmetric_and_blind_to_names(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 6, (4, 5))
    table[0, 0] += 1
    value = mutual_information(table)
    assert mutual_information(table.T) == pytest.approx(value, abs=1e-12)
    shuffled = table[rng.permutation(4)][:, rng.permutation(5)]
    assert mutual_information(shuffled) == pytest.approx(value, abs=1e-12)
    assert 0 <= value <= min(entropy(table.sum(0)), entropy(table.sum(1))) + 1e-12


def test_the_jackknife_is_that_of_leaving_out_each_row() -> None:
    x, y = CODES[:60, :2], ATTRIBUTES[:60, :1]
    kept = np.flatnonzero(y[:, 0] >= 0)
    crossing = cross(x, y)
    ours = crossing.information(crossing.counts(), bias="jackknife").mutual[:, 0]
    n = len(kept)
    for j in range(2):
        left_out = [
            mutual_info_score(np.delete(x[kept, j], i), np.delete(y[kept, 0], i)) for i in range(n)
        ]
        expected = n * mutual_info_score(x[kept, j], y[kept, 0]) - (n - 1) * np.mean(left_out)
        assert ours[j] == pytest.approx(expected, abs=1e-10)


def test_miller_madow_takes_off_most_of_the_bias_under_independence() -> None:
    tables = np.stack(
        [count_tables(RNG.integers(0, 8, (500, 1)), RNG.integers(0, 5, 500))[0] for _ in range(200)]
    )
    raw, corrected = mutual_information(tables).mean(), miller_madow(tables).mean()
    assert raw == pytest.approx(7 * 4 / 1000, rel=0.1)
    assert abs(corrected) < 0.1 * raw


@given(st.integers(0, 2**32 - 1), st.sampled_from([-1, 0]))
def test_counts_under_turns_are_those_of_their_orders(seed: int, least: int) -> None:
    rng = np.random.default_rng(seed)
    n = 300
    labels = rng.integers(least, (4, 2, 6), (n, 3))
    crossing = cross(rng.integers(0, 7, (n, 5)), labels)
    turns = turned_rows(n, 3, rng=rng)
    for order, counts in zip(turns.orders(), crossing.counts_under(turns), strict=True):
        np.testing.assert_array_equal(counts, crossing.counts(order))
