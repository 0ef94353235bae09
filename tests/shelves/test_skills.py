from __future__ import annotations

import numpy as np
import pytest

from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.shelves.intervals import ratio_estimate
from tanaoroshi.shelves.settings import ShelfSettings
from tanaoroshi.shelves.skills import (
    answer,
    images_needed,
    information_estimate,
    rank_correlation,
)

SETTINGS = ShelfSettings()


def estimate(value: float, half: float, n: int = 100) -> Estimate:
    return Estimate(value, value - half, value + half, None, n, "")


@pytest.mark.parametrize("grouped", [False, True])
def test_ratio_intervals_cover_the_truth(*, grouped: bool) -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(60), rng.integers(1, 6, 60)) if grouped else None
    n = 200 if group is None else len(group)
    hits = 0
    for _ in range(400):
        shared = rng.normal(size=n) if group is None else rng.normal(size=60)[group]
        bottom = 1 + rng.random(n)
        top = 0.3 * bottom + shared
        found = ratio_estimate(top, bottom, group, level=0.95, method="")
        hits += found.low <= 0.3 <= found.high
    assert 0.91 <= hits / 400 <= 0.98


def test_ignoring_groups_would_not_cover() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(40), 10)
    hits = 0
    for _ in range(200):
        found = ratio_estimate(
            rng.normal(size=40)[group], np.ones(400), None, level=0.95, method=""
        )
        hits += found.low <= 0 <= found.high
    assert hits / 200 < 0.7


def test_a_wide_interval_across_the_line_is_unclear() -> None:
    assert answer(estimate(0.2, 0.1), SETTINGS) == "yes"
    assert answer(estimate(-0.2, 0.1), SETTINGS) == "no"
    assert answer(estimate(0.05, 0.2), SETTINGS) == "unclear"
    assert answer(estimate(0.05, 0.09), SETTINGS) == "yes"
    assert answer(estimate(-0.05, 0.09), SETTINGS) == "no"


def test_images_needed_grow_with_the_square() -> None:
    assert images_needed(estimate(0.0, 0.2, 100), 0.1) == 400
    assert images_needed(estimate(0.0, 0.31, 100), 0.1) == 970
    assert images_needed(estimate(0.0, 0.05, 100), 0.1) == 101


def test_information_is_nothing_by_chance_and_all_for_a_copy() -> None:
    rng = np.random.default_rng(0)
    code, other = rng.integers(0, 8, 2000), rng.integers(0, 5, 2000)
    expected = 7 * 4 / (2 * 2000) / np.log(5)
    chance = information_estimate(code, other, expected, None, SETTINGS)
    assert chance.low < 0 < chance.high
    copy = information_estimate(code, code, 0.01, None, SETTINGS)
    assert copy.value == pytest.approx(1)


def test_rank_correlation_by_kind() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    falling = rank_correlation(x, -np.exp(x), "continuous", None, SETTINGS)
    assert isinstance(falling, Estimate)
    assert falling.value == pytest.approx(-1)
    angle = rng.uniform(0, 2 * np.pi, 400)
    circle = rank_correlation(np.cos(angle - 1), angle, "circular", None, SETTINGS)
    assert isinstance(circle, Estimate)
    assert circle.value > 0.95
    assert circle.low <= circle.value <= circle.high
    assert isinstance(rank_correlation(x, x, "nominal", None, SETTINGS), Unmeasured)
    assert isinstance(rank_correlation(np.ones(400), x, "ordinal", None, SETTINGS), Unmeasured)


def test_rank_correlation_interval_covers() -> None:
    rng = np.random.default_rng(1)
    truth = 6 / np.pi * np.arcsin(0.6 / 2)
    hits = 0
    for _ in range(300):
        x = rng.normal(size=150)
        y = 0.6 * x + 0.8 * rng.normal(size=150)
        found = rank_correlation(x, y, "continuous", None, SETTINGS)
        assert isinstance(found, Estimate)
        hits += found.low <= truth <= found.high
    assert 0.90 <= hits / 300 <= 0.985
