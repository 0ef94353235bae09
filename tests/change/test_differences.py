"""Differences of two estimates: their intervals, their p-values, and their families."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from scipy.stats import t as student

from tanaoroshi.change.differences import (
    at_level,
    difference,
    differences,
    is_changed,
    p_value,
)
from tanaoroshi.records.comparison import Difference
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import Text

NONE = Unmeasured(Text("none", "なし"))
ends = st.tuples(st.floats(-100, 100), st.floats(0, 10), st.floats(0, 10))


def number(value: float, down: float = 0.1, up: float | None = None) -> Estimate:
    return Estimate(value, value - down, value + (down if up is None else up), None, 100, "made up")


def told(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    return measured


@given(ends, ends)
def test_turning_base_and_candidate_round_turns_the_sign(
    a: tuple[float, float, float], b: tuple[float, float, float]
) -> None:
    there, back = told(difference(number(*a), number(*b))), told(difference(number(*b), number(*a)))
    assert (there.value, there.low, there.high) == (-back.value, -back.high, -back.low)
    assert there.low <= there.value <= there.high


def test_the_interval_is_that_of_two_independent_means() -> None:
    found = told(difference(number(1.0, 0.3), number(3.0, 0.4)))
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 1.5, 2.5))
    # Of a lopsided one the sides that face each other count (Zou, Donner 2008).
    found = told(difference(number(1.0, 0.1, 0.3), number(3.0, 0.4, 0.2)))
    assert (found.low, found.high) == pytest.approx((1.5, 2.0 + np.hypot(0.2, 0.1)))


def test_the_interval_covers_and_the_p_value_is_uniform() -> None:
    rng = np.random.default_rng(0)
    runs, size = 3000, 40
    hits, p = 0, []
    for _ in range(runs):
        one, other = rng.standard_normal((2, size))
        half = norm.ppf(0.975) / np.sqrt(size)
        found = told(difference(number(float(one.mean()), half), number(float(other.mean()), half)))
        hits += found.low <= 0 <= found.high
        p.append(p_value(found))
    assert hits / runs == pytest.approx(0.95, abs=0.015)
    assert np.quantile(p, [0.01, 0.25, 0.5, 0.9]) == pytest.approx([0.01, 0.25, 0.5, 0.9], abs=0.03)


@given(ends)
def test_the_p_value_agrees_with_the_interval(one: tuple[float, float, float]) -> None:
    found = number(*one)
    # At an end of exactly 0 rounding decides.
    if min(abs(found.low), abs(found.high)) > 1e-9:
        assert (p_value(found) <= 0.05) == (found.low > 0 or found.high < 0)


@given(st.floats(0.01, 5), st.floats(0.01, 2), st.floats(0.5, 0.999))
def test_the_p_value_does_not_depend_on_the_level(value: float, half: float, level: float) -> None:
    found = number(value, half)
    assert p_value(at_level(found, level)) == pytest.approx(p_value(found), rel=1e-6, abs=1e-300)


def test_a_sure_difference_and_none_at_all() -> None:
    assert p_value(number(0.0, 0.0)) == 1
    assert p_value(number(0.3, 0.0)) == 0


def test_the_level_of_an_interval_can_be_changed_and_changed_back() -> None:
    lopsided = number(0.5, 0.1, 0.3)
    wide = at_level(lopsided, 0.999)
    stretch = student.ppf(0.9995, 19) / student.ppf(0.975, 19)
    assert (wide.low, wide.high) == pytest.approx((0.5 - 0.1 * stretch, 0.5 + 0.3 * stretch))
    back = at_level(wide, 0.95)
    assert (back.low, back.high) == pytest.approx((lopsided.low, lopsided.high))
    assert at_level(lopsided, 0.95) == lopsided


def test_only_what_both_measured_is_compared() -> None:
    found = differences({"a": number(0), "b": NONE, "c": number(0)}, {"a": number(1), "b": NONE})
    assert list(found) == ["a", "b"]
    assert isinstance(found["b"].difference, Unmeasured)
    assert found["b"].p_adjusted is None
    assert not is_changed(found["b"])
    assert is_changed(found["a"])


def test_holm_over_what_could_be_told() -> None:
    half = 0.1 / np.sqrt(2)
    base: dict[str, Measured] = {name: number(0, half) for name in "abcd"}
    moved = {"a": 0.2, "b": 0.11, "c": 0.0}
    found = differences(base, {**{k: number(v, half) for k, v in moved.items()}, "d": NONE})
    alone = [p_value(told(found[name].difference)) for name in "abc"]
    assert [found[name].p_adjusted for name in "abc"] == pytest.approx(
        [3 * alone[0], 2 * alone[1], 1.0]
    )
    # By itself b would be named: its interval leaves 0 out.
    assert told(found["b"].difference).low > 0
    assert [is_changed(found[name]) for name in "abcd"] == [True, False, False, False]


def test_thirty_numbers_without_a_change_rarely_name_one() -> None:
    rng = np.random.default_rng(1)
    half, named, alone = norm.ppf(0.975), 0, 0
    for _ in range(1000):
        x, y = rng.standard_normal((2, 30))
        found = differences(
            {k: number(float(v), half) for k, v in enumerate(x)},
            {k: number(float(v), half) for k, v in enumerate(y)},
        )
        named += any(map(is_changed, found.values()))
        alone += any(told(d.difference).low > 0 or told(d.difference).high < 0
                     for d in found.values())  # fmt: skip
    assert named <= 65  # 5 %, and three standard errors of 1,000 runs
    assert alone > 600


def test_a_difference_without_a_p_value_is_not_named() -> None:
    one = Difference(number(0), number(1), number(1, 0.1))
    assert not is_changed(one)
    assert is_changed(replace(one, p_adjusted=0.04))
