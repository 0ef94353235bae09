from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanaoroshi.stats.moments import Moments, merge_moments, moments_of, no_moments

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats


def sample(n: int, seed: int, shift: float) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(3, n)) + shift
    z[2] = shift / 3
    marks = np.zeros((2, 2, n))
    marks[0, 0] = z[0] + rng.normal(size=n)
    marks[1] = np.cos(z[1]), np.sin(z[1])
    marks[:, :, rng.random(n) < 0.3] = np.nan
    marks[1, :, rng.random(n) < 0.3] = np.nan
    return z, marks


def plainly(z: Floats, marks: Floats) -> Moments:
    """Write all of them out."""
    found = no_moments(len(z), len(marks))
    off = z - z.mean(axis=1, keepdims=True)
    for a, mark in enumerate(marks):
        seen = np.isfinite(mark[0])
        if seen.any():
            code, own = z[:, seen], mark[:, seen]
            found.known[a] = seen.sum()
            found.code_mean[a], found.mark_mean[a] = code.mean(axis=1), own.mean(axis=1)
            code = code - code.mean(axis=1, keepdims=True)
            own = own - own.mean(axis=1, keepdims=True)
            found.code_square[a] = (code**2).sum(axis=1)
            found.mark_square[a], found.cross[a] = own @ own.T, own @ code.T
    return Moments(
        z.shape[1],
        z.mean(axis=1),
        off @ off.T,
        found.known,
        found.code_mean,
        found.code_square,
        found.mark_mean,
        found.mark_square,
        found.cross,
    )


@settings(deadline=None)
@given(
    st.integers(1, 300), st.integers(1, 8), st.sampled_from([0.0, 1e3, -1e6]), st.integers(0, 99)
)
def test_parts_merge_to_the_whole(n: int, parts: int, shift: float, seed: int) -> None:
    z, marks = sample(n, seed, shift)
    rng = np.random.default_rng(seed)
    owner = rng.integers(0, parts, n)
    pieces = [
        moments_of(np.ascontiguousarray(z[:, owner == p]), marks[:, :, owner == p])
        for p in rng.permutation(parts)
        if (owner == p).any()
    ]
    found = reduce(merge_moments, pieces, no_moments(3, 2))
    expected = plainly(z, marks)
    for name in Moments.__slots__:
        ours, theirs = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * n, err_msg=name)
    assert np.diagonal(found.square)[2] <= 1e-20 * n * max(shift**2, 1)


def test_single_precision_is_summed_in_double() -> None:
    z = np.random.default_rng(0).normal(size=(2, 50_000)).astype(np.float32) + np.float32(100)
    found = moments_of(z, np.empty((0, 2, 50_000)))
    np.testing.assert_allclose(found.square, np.cov(z.astype(np.float64)) * 49_999, rtol=1e-12)
    assert found.mean == pytest.approx(z.astype(np.float64).mean(axis=1), rel=1e-13)
