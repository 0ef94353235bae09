from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanaoroshi.errors import InputError
from tanaoroshi.stats.cuts import Cut, Grid, cut_of, cuts_of, edges_of, place, width_edges
from tanaoroshi.stats.discretize import How, Reals, discretize, discretize_codes

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Kind

HOWS: tuple[How, ...] = ("quantile", "width")


def sample(n: int = 501, seed: int = 0) -> Floats:
    """Draw columns of all sorts: smooth, skewed, with ties, constant, far from zero."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5))
    x[:, 1] = np.exp(2 * x[:, 1])
    x[:, 2] = np.round(x[:, 2] * 2)
    x[:, 3] = -7.25
    x[:, 4] += 1e6
    return x


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bins", [2, 3, 20, 300])
def test_same_classes_as_cutting_all_rows_at_once(how: How, dtype: type, bins: int) -> None:
    x: Reals = sample().astype(dtype)
    found = Grid(edges_of(x, bins, how)).place(np.ascontiguousarray(x.T))
    expected = discretize_codes(x.astype(np.float64), bins, how=how)
    for j in range(x.shape[1]):
        np.testing.assert_array_equal(np.unique(found[j], return_inverse=True)[1], expected[:, j])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_on_an_edge_and_beside_it(dtype: type) -> None:
    """Where arithmetic rounds, the comparison decides."""
    edges = width_edges(np.array([0.1, -5.0, 3.0]), np.array([0.7, 1e-3, 3.0]), 20)
    lines = [line if len(line) else np.full(19, 3.0) for line in edges]
    on: Reals = np.stack([line.astype(dtype) for line in lines])
    x = np.concatenate(
        [on, np.nextafter(on, dtype(np.inf)), np.nextafter(on, dtype(-np.inf))], axis=1
    )
    found = Grid(edges).place(x)
    for column, classes, line in zip(x, found, edges, strict=True):
        expected = np.searchsorted(line, column.astype(np.float64), side="right")
        np.testing.assert_array_equal(classes, expected)


@given(st.integers(0, 2**32 - 1), st.integers(1, 400), st.booleans(), st.booleans())
def test_any_edges(seed: int, bins: int, even: bool, single: bool) -> None:  # noqa: FBT001
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-6, 7)
    x: Reals = rng.normal(size=(2, 60)) * scale + rng.normal() * scale * 100
    if single:
        x = x.astype(np.float32)
    if even:
        edges = width_edges(x.min(axis=1).astype(float), x.max(axis=1).astype(float), bins)
    else:
        edges = tuple(np.unique(rng.choice(line, min(bins, 60)).astype(float)) for line in x)
    found = Grid(edges).place(x)
    for column, classes, line in zip(x, found, edges, strict=True):
        expected = np.searchsorted(line, column.astype(np.float64), side="right")
        np.testing.assert_array_equal(classes, expected)


def test_what_lies_far_outside_is_in_the_first_or_last_bin() -> None:
    edges = width_edges(np.array([0.0]), np.array([1.0]), 10)
    x = np.array([[-1e38, -0.1, 1.1, 3e38]], dtype=np.float32)
    assert Grid(edges).place(x).tolist() == [[0, 0, 9, 9]]


@pytest.mark.parametrize("kind", ["nominal", "ordinal", "continuous", "circular"])
@pytest.mark.parametrize("how", HOWS)
def test_attributes_of_every_kind(kind: Kind, how: How) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=400) if kind == "continuous" else rng.random(400) * 8 - 1
    if kind in ("nominal", "ordinal"):
        x = np.floor(x) * 2.5
    x[rng.random(400) < 0.2] = np.nan
    cut = cut_of(x, kind, 7, how=how)
    found = place(x, cut, "a").astype(np.int64)
    expected = discretize(x, kind, 7, how=how)
    there = expected >= 0
    np.testing.assert_array_equal(found == cut.classes, ~there)
    np.testing.assert_array_equal(np.unique(found[there], return_inverse=True)[1], expected[there])


def test_a_circle_is_not_cut_at_its_seam() -> None:
    rng = np.random.default_rng(0)
    x = np.mod(rng.normal(size=300) * 0.5, 2 * np.pi)
    cut = cut_of(x, "circular", 5)
    turned = cut_of(x - 1.0, "circular", 5)
    np.testing.assert_array_equal(place(x, cut, "a"), place(x - 1.0, turned, "a"))
    assert cut_of(np.full(9, 1.0), "circular", 5).classes == 1


def test_whole_numbers_of_any_type() -> None:
    cut = Cut("nominal", np.arange(3.0))
    for dtype in ("u1", "i8", "f4", "f8"):
        assert place(np.array([2, 0, 1]).astype(dtype), cut, "a").tolist() == [2, 0, 1]
    assert place(np.array([np.nan, 1.0]), cut, "a").tolist() == [3, 1]
    assert place(np.array([4.0, np.nan]), Cut("text", np.empty(0)), "a").tolist() == [0, 0]
    assert place(np.array([np.nan]), Cut("nominal", np.empty(0)), "a").tolist() == [0]


@pytest.mark.parametrize("wrong", [-1.0, 3.0, 0.5, np.inf])
def test_unknown_classes_are_refused(wrong: float) -> None:
    for points in (np.arange(3.0), np.array([0.0, 1.0, 7.0])):
        with pytest.raises(InputError, match="shape has the value"):
            place(np.array([0.0, np.nan, wrong]), Cut("nominal", points), "shape")


def test_what_can_not_be_cut() -> None:
    with pytest.raises(InputError, match="infinite"):
        place(np.array([1.0, np.inf]), Cut("continuous", np.array([0.0])), "a")
    with pytest.raises(InputError, match="one column"):
        cuts_of(np.zeros((4, 2)), ["nominal"])
    assert edges_of(np.zeros((0, 2)))[0].size == 0


def test_cuts_tell_whether_they_are_the_same() -> None:
    a, b = cuts_of(np.array([[0.0, 0.1], [1.0, 0.2], [0.0, 0.3]]), ["nominal", "continuous"], 2)
    assert a.same(Cut("nominal", np.array([0.0, 1.0])))
    assert not a.same(b)
    assert not a.same(Cut("ordinal", a.points))
