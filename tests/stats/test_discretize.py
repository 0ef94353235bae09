from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tanaoroshi.errors import InputError
from tanaoroshi.stats.discretize import How, code_classes, discretize, discretize_codes, levels

RNG = np.random.default_rng(7)
COLUMNS = hnp.arrays(
    np.float64, st.integers(1, 60), elements=st.integers(-1000, 1000).map(lambda x: x / 8)
)


def partition(classes: np.ndarray) -> set[frozenset[int]]:
    """Return what belongs together, whatever the names of the classes."""
    return {frozenset(np.flatnonzero(classes == c).tolist()) for c in np.unique(classes)}


@settings(deadline=None)  # the first call imports
@given(COLUMNS, st.integers(1, 25))
def test_quantile_classes_stay_when_mirrored_moved_and_scaled(x: np.ndarray, bins: int) -> None:
    classes = discretize(x, "continuous", bins)
    assert partition(discretize(-x, "continuous", bins)) == partition(classes)
    np.testing.assert_array_equal(discretize(4 * x + 32, "continuous", bins), classes)


@given(st.integers(0, 2**32 - 1), st.integers(2, 900), st.integers(1, 25))
def test_quantile_classes_stay_under_rising_maps_that_open_no_gap(
    seed: int, n: int, bins: int
) -> None:
    # Evenly strewn, so that no step is near the thirtyfold of its neighbours' that counts as a gap:
    # a bend could carry it across.
    rng = np.random.default_rng(seed)
    x = 2 * (rng.permutation(n) + rng.uniform(0.1, 0.9, n)) / n - 1
    classes = discretize(x, "continuous", bins)
    for bent in (np.arctan(x), np.exp(x), x**3 + x):
        np.testing.assert_array_equal(discretize(bent, "continuous", bins), classes)


def test_a_cut_falls_between_clusters() -> None:
    """Six clusters in twenty bins: none holds images of two clusters."""
    cluster = RNG.choice(6, 2000, p=[0.3, 0.1, 0.17, 0.11, 0.21, 0.11])
    classes = discretize(cluster + 0.05 * RNG.normal(size=2000), "continuous", 20)
    assert all(len(set(cluster[classes == c])) == 1 for c in np.unique(classes))


@given(COLUMNS, st.integers(1, 25), st.sampled_from(["quantile", "width"]))
def test_classes_are_ordered_gapless_and_never_part_equal_values(
    x: np.ndarray, bins: int, how: How
) -> None:
    classes = discretize(x, "continuous", bins, how=how)
    assert set(classes) == set(range(classes.max() + 1))
    assert classes.max() <= bins
    order = np.argsort(x, kind="stable")
    assert (np.diff(classes[order]) >= 0).all()
    assert all(len(set(classes[x == v])) == 1 for v in x)


def test_quantile_bins_hold_equal_counts() -> None:
    x = RNG.normal(size=1000)
    assert np.bincount(discretize(x, "continuous", 20)).tolist() == [50] * 20


def test_few_distinct_values_are_a_class_each() -> None:
    x = np.array([3.0, 1.0, 3.0, 2.0, 1.0, 1.0])
    assert discretize(x, "continuous", 3).tolist() == [2, 0, 2, 1, 0, 0]


def test_a_heavy_value_has_a_class_of_its_own() -> None:
    x = np.concatenate([np.zeros(600), RNG.normal(size=400)])
    classes = discretize(x, "continuous", 10)
    assert set(np.flatnonzero(classes == classes[0])) == set(range(600))


def test_a_constant_column_is_one_class() -> None:
    for how in ("quantile", "width"):
        assert set(discretize(np.full(9, 4.2), "continuous", 20, how=how)) == {0}


def test_missing_is_minus_one_and_does_not_shift_the_others() -> None:
    x = RNG.normal(size=200)
    holes = x.copy()
    holes[::3] = np.nan
    classes = discretize(holes, "continuous", 5)
    assert (classes[::3] == -1).all()
    kept = np.delete(x, np.arange(0, 200, 3))
    np.testing.assert_array_equal(classes[classes >= 0], discretize(kept, "continuous", 5))
    assert (discretize(np.full(4, np.nan), "circular", 5) == -1).all()


def test_nominal_and_ordinal_keep_every_value_whatever_the_bins() -> None:
    x = np.array([9.0, 2.0, np.nan, 5.0, 9.0])
    assert discretize(x, "nominal", 1).tolist() == [2, 0, -1, 1, 2]
    assert discretize(x, "ordinal", 1).tolist() == [2, 0, -1, 1, 2]


@given(
    st.integers(0, 2**32 - 1),
    st.floats(0, 2 * np.pi),
    st.integers(2, 20),
    st.sampled_from(["quantile", "width"]),
)
def test_circular_classes_do_not_depend_on_the_zero(
    seed: int, turn: float, bins: int, how: How
) -> None:
    angle = np.mod(np.random.default_rng(seed).vonmises(1, 0.7, 80), 2 * np.pi)
    turned = discretize(np.mod(angle + turn, 2 * np.pi), "circular", bins, how=how)
    assert partition(turned) == partition(discretize(angle, "circular", bins, how=how))


@given(st.integers(0, 2**32 - 1), st.integers(0, 359))
def test_circular_classes_of_whole_degrees_do_not_depend_on_the_zero(seed: int, turn: int) -> None:
    degrees = np.random.default_rng(seed).integers(0, 90, 150)
    first = discretize(np.radians(degrees), "circular", 12)
    turned = discretize(np.radians((degrees + turn) % 360), "circular", 12)
    assert partition(turned) == partition(first)


def test_a_circle_is_not_cut_at_its_seam() -> None:
    angle = np.mod(RNG.normal(0, 0.05, 400), 2 * np.pi)
    assert (angle > 6).any()
    assert (angle < 0.2).any()
    classes = discretize(angle, "circular", 5)
    # The seam runs through the middle of the crowd, and so through the middle one of five classes.
    near = (angle < 0.005) | (angle > 2 * np.pi - 0.005)
    assert near.sum() > 5
    assert len(set(classes[near])) == 1
    assert np.bincount(classes).tolist() == [80] * 5


def test_width_is_that_of_numpy_histogram() -> None:
    x = RNG.normal(size=500)
    counts = np.histogram(x, 20)[0]
    ours = np.bincount(discretize(x, "continuous", 20, how="width"))
    np.testing.assert_array_equal(ours, counts[counts > 0])


def test_codes_are_cut_column_by_column() -> None:
    codes = RNG.normal(size=(50, 3))
    bins = discretize_codes(codes, 6)
    for j in range(3):
        np.testing.assert_array_equal(bins[:, j], discretize(codes[:, j], "continuous", 6))
    assert discretize_codes(np.empty((5, 0)), 6).shape == (5, 0)
    assert discretize_codes(np.empty((0, 2)), 6).shape == (0, 2)


def test_what_cannot_be_cut_is_refused() -> None:
    with pytest.raises(InputError, match="text"):
        discretize(np.zeros(3), "text", 4)
    with pytest.raises(InputError, match="infinite"):
        discretize(np.array([1.0, np.inf]), "continuous", 4)
    with pytest.raises(ValueError, match="bins"):
        discretize(np.zeros(3), "continuous", 0)


@given(
    hnp.arrays(
        np.float64,
        st.integers(0, 60),
        elements=st.one_of(
            st.integers(-40, 40).map(lambda x: x / 4),
            st.floats(-1e300, 1e300),
            st.integers(-8, 8).map(float),
        ),
    )
)
def test_levels_are_the_distinct_values(x: np.ndarray) -> None:
    for values in (x, np.round(x), np.round(x) + 0.5):
        np.testing.assert_array_equal(levels(values), np.unique(values))


def test_classes_to_count_are_the_classes() -> None:
    codes = RNG.normal(size=(5000, 3)).round(1)
    counted = code_classes(codes, 20)
    assert counted.dtype == np.uint8
    assert counted.flags.c_contiguous
    np.testing.assert_array_equal(counted.T, discretize_codes(codes, 20))
    for j in range(3):
        np.testing.assert_array_equal(counted[j], discretize(codes[:, j], "continuous", 20))
