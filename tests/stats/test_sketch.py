from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanaoroshi.errors import InputError
from tanaoroshi.stats import sketch
from tanaoroshi.stats.cuts import Grid, edges_of
from tanaoroshi.stats.information import association_matrix

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats


def sketched(x: Floats, chunk: int, size: int) -> sketch.Sketch:
    found = sketch.start(x.shape[1], size=size)
    for begin in range(0, len(x), chunk):
        found = sketch.update(found, x[begin : begin + chunk])
    return found


def worst(x: Floats, edges: tuple[Floats, ...], bins: int) -> float:
    """By what share of rows a place has no edge; values are distinct.

    Where two places share an edge it serves both, and the ends serve as well.
    """
    off = []
    for column, line in zip(x.T, edges, strict=True):
        below = np.concatenate([[0.0], (column < line[:, None]).mean(axis=1), [1.0]])
        places = np.arange(1, bins) / bins
        off.append(np.abs(below[:, None] - places).min(axis=0).max())
    return float(max(off))


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 5000),
    st.integers(2, 40),
    st.sampled_from(["random", "rising", "falling", "saw"]),
)
def test_no_edge_is_off_by_more_than_the_bound(seed: int, n: int, size: int, order: str) -> None:
    """Whatever order the rows come in, in whatever chunks, merged in whatever way."""
    rng = np.random.default_rng(seed)
    x = np.stack([rng.permutation(n) + 0.5, rng.normal(size=n)], axis=1)
    if order != "random":
        x.sort(axis=0)
    if order == "falling":
        x = x[::-1]
    if order == "saw":
        x = x[np.argsort(np.arange(n) % 7, kind="stable")]
    parts = [
        sketched(part, int(rng.integers(100, 2000)), size)
        for part in np.array_split(x, int(rng.integers(1, 6)))
    ]
    found = reduce(sketch.merge, [parts[i] for i in rng.permutation(len(parts))])
    assert found.rows == n
    assert worst(x, sketch.edges(found, 8), 8) <= sketch.rank_error(found) + 1e-12
    np.testing.assert_array_equal(found.low, x.min(axis=0))
    np.testing.assert_array_equal(found.high, x.max(axis=0))


def test_the_bound_is_what_the_page_says() -> None:
    """Of the order of log(n / size) / size; the sketch is far better than that on random rows."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400_000, 2))
    found = sketched(x, 50_000, 1024)
    n, size = len(x), 1024
    stated = (1 / 2 + np.log2(n / (16 * size)) / 4 + 1) / size
    assert sketch.rank_error(found) <= stated
    assert worst(x, sketch.edges(found), 20) < sketch.rank_error(found) / 2


def test_few_rows_are_cut_exactly() -> None:
    x = np.random.default_rng(1).normal(size=(1003, 3))
    found = sketched(x, 100, 1024)
    assert sketch.rank_error(found) <= 0.5 / 1003
    for ours, exact in zip(sketch.edges(found, 10), edges_of(x, 10), strict=True):
        assert len(ours) == 9
        # The median itself may be a class of its own there.
        assert np.isin(ours, np.concatenate([exact, np.sort(x.ravel())])).all()
    assert worst(x, sketch.edges(found, 10), 10) <= 0.5 / 1003 + 1e-12


def test_ties_are_never_parted_and_constants_have_no_edges() -> None:
    rng = np.random.default_rng(2)
    x = np.stack([rng.integers(0, 3, 5000), np.ones(5000), rng.integers(0, 60, 5000)], 1)
    x = x.astype(np.float64)
    edges = sketch.edges(sketched(x, 999, 64))
    assert edges[0].tolist() == [1, 2]
    assert edges[1].tolist() == []
    assert (np.diff(edges[2]) > 0).all()


def test_equal_width_is_exact() -> None:
    x = np.random.default_rng(3).normal(size=(3000, 2))
    for ours, exact in zip(
        sketch.edges(sketched(x, 70, 8), 20, how="width"), edges_of(x, 20, "width"), strict=True
    ):
        np.testing.assert_allclose(ours, exact, rtol=1e-12)


def test_information_is_off_by_no_more_than_the_page_says() -> None:
    """Fano's inequality bounds what moved edges can do; here it is far less."""
    rng = np.random.default_rng(4)
    n, bins = 200_000, 20
    v = rng.integers(0, 8, (n, 2))
    x = np.hstack([v + rng.normal(size=(n, 2)), rng.normal(size=(n, 1))])
    found = sketched(x, 33_333, 512)
    columns = np.ascontiguousarray(x.T)
    exact, ours = (
        association_matrix(Grid(edges).place(columns).T.astype(np.int64), v)
        for edges in (edges_of(x, bins), sketch.edges(found, bins))
    )
    share = (bins - 1) * sketch.rank_error(found)
    bound = -share * np.log(share) - (1 - share) * np.log(1 - share) + share * np.log(bins - 1)
    gap = np.abs(exact - ours).max() * np.log(8)
    assert gap <= bound
    assert gap < 0.002


def test_a_state_is_never_changed() -> None:
    x = np.random.default_rng(5).normal(size=(2000, 1))
    first = sketched(x, 300, 16)
    before = sketch.edges(first)[0].copy()
    again = sketch.update(first, x + 5)
    sketch.merge(first, again)
    x += 100
    np.testing.assert_array_equal(sketch.edges(first)[0], before)


def test_what_does_not_fit_is_refused() -> None:
    empty = sketch.start(2, size=4)
    assert sketch.rank_error(empty) == 0
    assert sketch.update(empty, np.empty((0, 2))) is empty
    assert sketch.update(empty, np.array([[1, 2]])).rows == 1
    with pytest.raises(InputError, match="no rows"):
        sketch.edges(empty)
    with pytest.raises(InputError, match="2 columns"):
        sketch.update(empty, np.zeros((3, 1)))
    with pytest.raises(InputError, match="not finite"):
        sketch.update(empty, np.array([[0.0, np.nan]]))
    with pytest.raises(InputError, match="same dimensions"):
        sketch.merge(empty, sketch.start(2, size=8))
    with pytest.raises(InputError, match="at least"):
        sketch.start(0)
