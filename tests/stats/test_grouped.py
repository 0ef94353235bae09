"""The jackknife over groups, held against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from tanaoroshi.stats.grouped import design_effect, jackknife_groups, leave_even
from tanaoroshi.stats.information import cross, last_row

RNG = np.random.default_rng(3)
N = 120
CODES = RNG.integers(0, 6, (N, 3))
LABELS = np.stack([CODES[:, 0] // 2, RNG.integers(-1, 4, N)], axis=1)


def test_one_row_a_group_is_the_closed_form() -> None:
    crossing = cross(CODES, LABELS)
    ours = jackknife_groups(crossing, np.arange(N))
    closed = crossing.information(crossing.counts(), bias="jackknife")
    for name in ("mutual", "code", "attribute", "n"):
        np.testing.assert_allclose(getattr(ours, name), getattr(closed, name), atol=1e-10)


def test_copies_of_a_row_change_nothing_and_are_worth_one() -> None:
    times = 4
    crossing = cross(CODES.repeat(times, 0), LABELS.repeat(times, 0))
    group = np.arange(N).repeat(times)
    ours, once = jackknife_groups(crossing, group), cross(CODES, LABELS)
    closed = once.information(once.counts(), bias="jackknife")
    np.testing.assert_allclose(ours.mutual, closed.mutual, atol=1e-10)
    rows = crossing.information(crossing.counts(), bias="jackknife")
    worth = design_effect(crossing.information(crossing.counts()), rows, ours, np.bincount(group))
    np.testing.assert_allclose(worth, times, rtol=0.35)


def test_an_order_moves_the_attributes_alone() -> None:
    order = RNG.permutation(N)
    parts = np.arange(N) % 10
    moved = jackknife_groups(cross(CODES, LABELS[order]), parts)
    np.testing.assert_allclose(
        jackknife_groups(cross(CODES, LABELS), parts, order).mutual, moved.mutual, atol=1e-12
    )


def test_parts_of_unequal_size_take_the_bias_off() -> None:
    """Of unrelated classes an information of 0 is left, whatever the parts."""
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        crossing = cross(rng.integers(0, 4, (300, 1)), rng.integers(0, 4, (300, 1)))
        parts = rng.choice(20, 300, p=np.arange(1, 21) / 210)
        found.append(jackknife_groups(crossing, parts).mutual[0, 0])
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(200)
    assert np.mean(found) < 0.003  # the plug-in: 9 / 600


def test_entropies_of_equal_counts_stay() -> None:
    codes = np.stack([np.arange(N) % 6, CODES[:, 1]], axis=1)
    crossing = cross(codes, (np.arange(N) // 30)[:, None])
    counts = crossing.counts()
    found = leave_even(crossing, counts, crossing.information(counts, bias="jackknife"))
    assert found.code[0, 0] == pytest.approx(np.log(6), abs=1e-12)
    assert found.attribute[0] == pytest.approx(np.log(4), abs=1e-12)
    assert found.code[1, 0] > crossing.information(counts).code[1, 0]


def test_the_last_row_is_a_difference_of_jackknifed_entropies() -> None:
    def mass(x: float) -> float:
        return x * (x * np.log(x) - (x - 1) * np.log(x - 1)) if x > 1 else 0.0

    for x in (1.0, 2.0, 3.5, 40.0):
        assert last_row(np.array([x]))[0] == pytest.approx(mass(x) - mass(x - 1), abs=1e-9)
    assert last_row(np.array([0.2]))[0] == 0
