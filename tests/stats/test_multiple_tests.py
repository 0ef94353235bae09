from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import false_discovery_control

from tanaoroshi.stats.multiple_tests import benjamini_hochberg, holm, max_statistic_p

p_values = hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1))


@given(p_values)
def test_benjamini_hochberg_agrees_with_scipy(p: np.ndarray) -> None:
    assert np.allclose(benjamini_hochberg(p), false_discovery_control(p))


@given(p_values)
def test_holm_agrees_with_its_definition(p: np.ndarray) -> None:
    order = np.argsort(p)
    expected = np.empty(len(p))
    worst = 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        expected[i] = worst
    assert np.allclose(holm(p), expected)


def test_shapes_are_kept_and_bad_values_refused() -> None:
    assert benjamini_hochberg(np.full((2, 3), 0.5)).shape == (2, 3)
    assert holm([]).shape == (0,)
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.1, np.nan])
    with pytest.raises(ValueError, match="null must be"):
        max_statistic_p([1.0, 2.0], [[1.0]])


def test_max_statistic_by_hand() -> None:
    null = np.array([[0.0, 5.0], [1.0, 0.0], [2.0, 0.0]])
    # Largest of each arrangement: observed 4, then 5, 1, 2.
    assert np.allclose(max_statistic_p([1.5, 4.0], null), [3 / 4, 2 / 4])


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-10, 10))
def test_scaled_p_does_not_depend_on_the_units(seed: int, factor: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    seen, null = rng.normal(size=3), rng.normal(size=(19, 3))
    units, zero = np.array([1, factor, 1]), np.array([0, shift, 0])
    first = max_statistic_p(seen, null, scale=True)
    assert np.allclose(first, max_statistic_p(seen * units + zero, null * units + zero, scale=True))


def test_a_question_that_never_varies_finds_nothing_and_hides_nothing() -> None:
    rng = np.random.default_rng(0)
    seen, null = np.array([10.0, 0.1]), np.column_stack([rng.normal(size=99), np.full(99, 0.1)])
    p = max_statistic_p(seen, null, scale=True)
    assert p[0] == 0.01
    assert p[1] > 0.5


@pytest.mark.parametrize("scale", [False, True])
def test_familywise_error_is_held(*, scale: bool) -> None:
    rng = np.random.default_rng(3)
    draws = rng.normal(size=(1000, 40, 12)) * (1 if not scale else np.geomspace(1, 100, 12))
    false = [max_statistic_p(x[0], x[1:], scale=scale).min() <= 0.1 for x in draws]
    assert 0.07 <= np.mean(false) <= 0.13
