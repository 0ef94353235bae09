from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import chisquare

from tanaoroshi.stats.resample import (
    bootstrap_weights,
    group_folds,
    group_index,
    permuted_rows,
    turned_rows,
)

groups = hnp.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 12))


@given(groups, st.integers(0, 2**32 - 1))
def test_permutation_holds_every_row_once(group: np.ndarray, seed: int) -> None:
    order = permuted_rows(len(group), group, rng=np.random.default_rng(seed))
    assert sorted(order) == list(range(len(group)))


@given(st.integers(1, 40), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_groups_of_one_size_move_whole(m: int, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(m), size))
    order = permuted_rows(len(group), group, rng=rng)
    pairs = {(int(a), int(b)) for a, b in zip(group, group[order], strict=True)}
    assert len(pairs) == m


def test_sizes_that_many_groups_have_do_not_mix() -> None:
    group = np.concatenate([np.arange(30), 30 + np.repeat(np.arange(30), 6)])
    order = permuted_rows(len(group), group, rng=np.random.default_rng(0))
    assert np.array_equal(order < 30, np.arange(len(group)) < 30)


def test_a_group_without_its_like_keeps_its_place_but_not_its_order() -> None:
    group = np.repeat([0, 1, 2], [4, 20, 100])
    order = permuted_rows(len(group), group, rng=np.random.default_rng(0))
    assert np.array_equal(group[order], group)
    assert not np.array_equal(order, np.arange(len(group)))


def test_neighbouring_sizes_stay_mostly_whole() -> None:
    group = np.repeat(np.arange(10), np.arange(20, 30))
    order = permuted_rows(len(group), group, rng=np.random.default_rng(1))
    largest_share = [np.bincount(group[order][group == g]).max() / (20 + g) for g in range(10)]
    assert np.mean(largest_share) > 0.8
    assert not np.array_equal(group[order], group)


def test_without_groups_all_orders_occur() -> None:
    rng = np.random.default_rng(0)
    seen = {tuple(permuted_rows(3, None, rng=rng).tolist()) for _ in range(200)}
    assert len(seen) == 6


def _p_values(sizes: np.ndarray, *, whole_groups: bool) -> np.ndarray:
    rng = np.random.default_rng(7)
    group = np.repeat(np.arange(len(sizes)), sizes)
    found = []
    for _ in range(200):
        code, attribute = (
            rng.normal(size=len(sizes))[group] + 0.3 * rng.normal(size=len(group)) for _ in "ab"
        )
        null = [
            abs(np.corrcoef(code, attribute[order])[0, 1])
            for order in (
                permuted_rows(len(group), group if whole_groups else None, rng=rng)
                for _ in range(59)
            )
        ]
        found.append((1 + np.sum(null >= abs(np.corrcoef(code, attribute)[0, 1]))) / 60)
    return np.array(found)


@pytest.mark.parametrize(
    "sizes",
    [
        np.arange(1, 31),
        np.repeat([1, 4, 9], [60, 20, 12]),
        np.repeat([1, 40, 60, 90], [60, 1, 1, 1]),
    ],
    ids=["all sizes differ", "three sizes", "three giants"],
)
def test_p_values_hold_their_level_when_both_sides_are_clustered(sizes: np.ndarray) -> None:
    # 200 tests at level 0.1: 20 expected, 33 is three standard deviations above.
    assert np.sum(_p_values(sizes, whole_groups=True) <= 0.1) <= 33


def test_plain_permutation_would_not_hold_its_level() -> None:
    assert np.mean(_p_values(np.arange(1, 31), whole_groups=False) <= 0.1) > 0.3


@given(groups, st.integers(0, 2**32 - 1))
def test_weights_are_shared_within_a_group(group: np.ndarray, seed: int) -> None:
    weights = bootstrap_weights(len(group), group, 5, rng=np.random.default_rng(seed))
    index = group_index(len(group), group)
    for line in weights:
        assert all(len(set(line[index == g])) == 1 for g in range(index.max() + 1))
    first = np.unique(index, return_index=True)[1]
    assert np.all(weights[:, first].sum(axis=1) == len(first))


def test_weights_average_to_one() -> None:
    weights = bootstrap_weights(50, None, 4000, rng=np.random.default_rng(0))
    assert weights.shape == (4000, 50)
    assert np.allclose(weights.mean(axis=0), 1, atol=0.1)
    assert np.allclose(weights.var(axis=0), 1 - 1 / 50, atol=0.2)


@settings(max_examples=50)
@given(groups, st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_folds_keep_groups_whole(group: np.ndarray, folds: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    if len(np.unique(group)) < folds:
        with pytest.raises(ValueError, match="number of groups"):
            group_folds(len(group), group, folds, rng=rng)
        return
    fold = group_folds(len(group), group, folds, rng=rng)
    assert set(fold) == set(range(folds))
    assert all(len(set(fold[group == g])) == 1 for g in set(group))


def test_folds_are_of_like_size() -> None:
    rng = np.random.default_rng(0)
    sizes = np.repeat([1, 6, 26], [1500, 391, 20])
    fold = group_folds(sizes.sum(), np.repeat(np.arange(len(sizes)), sizes), 5, rng=rng)
    assert np.ptp(np.bincount(fold)) <= 40
    assert np.ptp(np.bincount(group_folds(101, None, 5, rng=rng))) <= 1


@given(st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_turned_rows_are_permutations_that_share_no_row(n: int, seed: int) -> None:
    turns = turned_rows(n, min(n, 5), rng=np.random.default_rng(seed))
    orders = np.array(list(turns.orders()))
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.tile(np.arange(n), (len(orders), 1)))
    assert all(len(set(column)) == len(orders) for column in orders.T)


def test_each_turned_order_is_a_random_permutation() -> None:
    """Three rows have six orders: each comes as often, also as the second of two."""
    rng = np.random.default_rng(0)
    drawn = [list(turned_rows(3, 2, rng=rng).orders()) for _ in range(3000)]
    for b in (0, 1):
        counts = np.unique([orders[b] for orders in drawn], axis=0, return_counts=True)[1]
        assert len(counts) == 6
        assert chisquare(counts).pvalue > 0.001


def test_means_over_turned_orders_vary_as_over_orders_drawn_one_by_one() -> None:
    """Rows that lie in runs of equal values do not make the turns of one draw alike."""
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(10), 20)
    values = np.repeat(np.arange(4), 50)

    def matched(orders: list[np.ndarray]) -> float:
        return float(np.mean([(codes < 5) @ (values[o] < 2) for o in orders]))

    turned = [matched(list(turned_rows(200, 5, rng=rng).orders())) for _ in range(2000)]
    single = [matched([rng.permutation(200) for _ in range(5)]) for _ in range(2000)]
    assert np.mean(turned) == pytest.approx(np.mean(single), abs=0.15)
    assert np.std(turned) == pytest.approx(np.std(single), rel=0.1)
