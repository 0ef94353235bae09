"""Codes as the columns that the probes are linear in; made without looking at any attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats

# Most curve features of the smooth probe: with many dimensions the curves get fewer knots, and
# beyond half as many dimensions as this there is nearness only.
MAX_CURVES = 512


def hats(x: Floats, knots: Floats) -> Floats:
    """Return the hat functions of one column: piecewise linear, one peak at each knot.

    Parameters
    ----------
    x
        float (n,).
    knots
        float (q,), rising; see :func:`knots_of`. Beyond the ends the outermost hat stays at 1.

    Returns
    -------
    float64 (n, q); each line sums to 1.
    """
    if len(knots) == 1:
        return np.ones((len(x), 1))
    left = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)
    share = np.clip((x - knots[left]) / (knots[left + 1] - knots[left]), 0, 1)
    out = np.zeros((len(x), len(knots)))
    rows = np.arange(len(x))
    out[rows, left] = 1 - share
    out[rows, left + 1] = share
    return out


def knots_of(x: Floats, count: int) -> Floats:
    """Return up to ``count`` knots at equal shares of the values of x, float64 (q,), rising."""
    return np.unique(np.quantile(x, (np.arange(count) + 0.5) / count))


def standardise(codes: Floats) -> Floats:
    """Return each dimension with mean 0 and standard deviation 1; constant ones as 0."""
    centred = codes - codes.mean(axis=0)
    spread = np.where(np.ptp(codes, axis=0) > 0, centred.std(axis=0), 0.0)
    return np.where(spread > 0, centred / np.where(spread > 0, spread, 1), 0.0)


def nonlinear(codes: Floats, knots: int, landmarks: int, *, rng: np.random.Generator) -> Floats:
    """Return features for a probe that may use all dimensions together.

    A curve for each dimension (hat functions), and the nearness (Gaussian) to codes drawn by
    chance, at two widths: half the median distance and the whole of it. Each part has the same
    weight.

    Parameters
    ----------
    codes
        float (n, d).
    knots
        Hat functions for each dimension, fewer with many dimensions.
    landmarks
        How many codes; no more than one in five.
    rng
        Source of chance.

    Returns
    -------
    float64 (n, q).
    """
    z = standardise(codes)
    bends = min(knots, MAX_CURVES // z.shape[1])
    curves = [hats(column, knots_of(column, bends)) for column in z.T] if bends > 1 else []
    chosen = z[rng.choice(len(z), min(landmarks, max(len(z) // 5, 1)), replace=False)]
    squared = cdist(z, chosen, "sqeuclidean")
    middle = float(np.median(squared)) or 1.0
    near = [np.exp(-squared / (2 * middle * width**2)) for width in (0.5, 1.0)]
    parts = [np.hstack(curves), *near] if curves else near
    return np.hstack([_weighted(part) for part in parts])


def _weighted(part: Floats) -> Floats:
    total = float(np.sqrt(part.var(axis=0).sum()))
    return part / total if total > 0 else part
