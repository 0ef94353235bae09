"""A rise as a share of the base: how often its interval holds the true share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from tanaoroshi.change.differences import difference
from tanaoroshi.gate import bounds
from tanaoroshi.records.estimates import Estimate

Z = norm.ppf(0.975)
BASE, SPREAD = 1.0, 0.05


def number(value: float, deviation: float) -> Estimate:
    return Estimate(value, value - Z * deviation, value + Z * deviation, None, 100, "made up")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("correlation", [-1.0, -0.5, 0.0, 0.5, 1.0])
def test_at_the_limit_it_holds_its_level_whatever_the_correlation(
    share: float, correlation: float
) -> None:
    """A rise by exactly the limit is called kept or violated in one of forty cases each at most."""
    rng, runs = np.random.default_rng(0), 4000
    moved = 0.08
    first, second = rng.standard_normal((2, runs))
    base = BASE + SPREAD * first
    mixed = correlation * first + np.sqrt(1 - correlation**2) * second
    rise = share * BASE + moved * mixed
    outcomes = [
        bounds.at_most(bounds.relative_rise(number(b, SPREAD), number(d, moved), share), share)
        for b, d in zip(base.tolist(), rise.tolist(), strict=True)
    ]
    violated, kept = (outcomes.count(word) / runs for word in ("violated", "kept"))
    # 2.5 %, and three standard errors.
    assert max(violated, kept) <= 0.025 + 0.0075
    if share == 0 or correlation == -1:  # exact there, not only safe
        assert violated + kept == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_two_errors_on_the_same_images(correlation: float) -> None:
    """The whole way: two means, their difference as of independent ones, its share of the base."""
    rng, runs, images, limit = np.random.default_rng(1), 2000, 60, 0.1
    wrong = 0
    for _ in range(runs):
        base, other = rng.standard_normal((2, images))
        candidate = correlation * base + np.sqrt(1 - correlation**2) * other
        errors = [1 + 0.3 * base, (1 + limit) * (1 + 0.3 * candidate)]
        told = [number(float(x.mean()), float(x.std(ddof=1)) / np.sqrt(images)) for x in errors]
        change = difference(told[0], told[1])
        assert isinstance(change, Estimate)
        wrong += bounds.at_most(bounds.relative_rise(told[0], change, limit), limit) == "violated"
    assert wrong / runs <= 0.025 + 0.0105


@given(
    st.floats(0.01, 10), st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1), st.floats(0, 2),
    st.floats(0.01, 100),
)  # fmt: skip
def test_units_do_not_matter_and_the_interval_holds_the_value(
    base: float, base_half: float, rise: float, half: float, limit: float, unit: float
) -> None:
    found = bounds.relative_rise(number(base, base_half), number(rise, half), limit)
    assert found.low <= found.value <= found.high
    again = bounds.relative_rise(
        number(base * unit, base_half * unit), number(rise * unit, half * unit), limit
    )
    assert (again.low, again.high) == pytest.approx((found.low, found.high), rel=1e-6, abs=1e-9)
