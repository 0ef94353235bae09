from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanaoroshi.stats import tally
from tanaoroshi.stats.information import Bias, Crossing, informations

RNG = np.random.default_rng(0)


@given(
    st.integers(1, 7), st.integers(2, 40), st.lists(st.integers(2, 300), max_size=6), st.integers()
)
def test_common_tables_add_up_to_the_pairs(d: int, bins: int, widths: list[int], seed: int) -> None:
    rng = np.random.default_rng(abs(seed))
    n = 500
    cells = rng.integers(0, bins, (d, n)).astype(np.uint8)
    lines = [rng.integers(0, w, n).astype(np.uint16) for w in widths]
    plan = tally.packing(d, bins, tuple(widths))
    assert sorted(j for group in plan.dimensions for j in group) == list(range(d))
    assert sorted(a for group in plan.attributes for a in group) == list(range(len(widths)))
    pairs = tally.count_pairs(cells, lines, widths, bins)
    common = tally.pairs_of(tally.count_together(cells, lines, plan), plan)
    np.testing.assert_array_equal(pairs, common)
    starts = np.cumsum([0, *widths])
    for a, line in enumerate(lines):
        for j in range(d):
            expected = np.zeros((widths[a], bins), dtype=np.int64)
            np.add.at(expected, (line, cells[j]), 1)
            np.testing.assert_array_equal(pairs[starts[a] : starts[a + 1], j], expected)


def test_four_pairs_a_pass_where_tables_are_small() -> None:
    plan = tally.packing(10, 20, (9,) * 5)
    assert len(plan.dimensions) * len(plan.attributes) == 15
    # Too large for a common table: a pass for itself, with wider indices.
    alone = tally.packing(2, 20, (9000,))
    assert alone.dimensions == ((0,), (1,))


def layout(k: int, classes: int, bins: int) -> Crossing:
    codes, labels = (np.empty((width, 0), dtype=np.uint8) for width in (3, k))
    starts = np.arange(k, dtype=np.int64) * (classes + 1)
    return Crossing(codes, labels, starts, np.full(k, classes), bins)


@pytest.mark.parametrize("bias", ["none", "jackknife"])
def test_large_counts_are_worked_out_as_small_ones_are_looked_up(bias: Bias) -> None:
    counts = RNG.integers(0, 5_000, (10, 3, 6))
    # With many empty bins beside them the same counts are looked up.
    sparse = np.pad(counts, ((0, 0), (0, 0), (0, 1_000)))
    found = informations(layout(2, 4, 6), counts, bias)
    for x, y in zip(found, informations(layout(2, 4, 1_006), sparse, bias), strict=True):
        np.testing.assert_allclose(x, y, atol=1e-12)


def test_hundreds_of_millions_of_rows_keep_their_digits() -> None:
    """Many copies of a table have its plug-in; the jackknife takes the classical bias off it."""
    table = layout(1, 4, 6)
    counts = np.concatenate([RNG.integers(5, 30, (4, 1, 6)), np.zeros((1, 1, 6), dtype=np.int64)])
    one = informations(table, counts, "none")[0]
    many = counts * 1_000_000
    plain, jack = (informations(table, many, bias)[0] for bias in ("none", "jackknife"))
    np.testing.assert_allclose(plain, one, rtol=1e-12)
    classical = 3 * 5 / (2 * many.sum())
    np.testing.assert_allclose(plain - jack, classical, rtol=1e-4)
