"""Pictures that are like no other, by how far their neighbours are.

A picture's distance is the median of those to its nearest neighbours; ``times`` is that over the
same of these neighbours, as in the local outlier factor (M. Breunig, H.-P. Kriegel, R. Ng and J.
Sander, LOF: Identifying Density-Based Local Outliers, 2000), so that a sparse region is not odd
as a whole. How much is too much comes from the collection: the logarithm's upper tail is taken
to fall exponentially, at the rate at which it falls from the upper quarter to the upper twentieth
(outliers don't touch these; B. M. Hill, 1975, fits such tails), and a picture is odd where fewer
than ``level`` of a whole collection would lie beyond it. Homogeneous collections so have none in
at least 95 of 100 cases; ``tests/archive/test_copies.py`` simulates it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.archive.prints import Singles
    from tanaoroshi.records.attributes import Floats, Ints

FEWEST = 50
"""With fewer pictures, nothing is usual."""
FROM, TO = 0.75, 0.95
"""Quantiles between which the tail's fall is measured."""
LEAST = 1.2
"""How many times the usual distance matters at all."""


def odd_rows(
    distance: Singles, neighbours: Ints, *, level: float
) -> tuple[Ints, NDArray[np.float64]]:
    """Find pictures whose neighbours are unusually far.

    Parameters
    ----------
    distance
        float (n,): a picture's distance to its neighbours; above 0.
    neighbours
        int64 (n, k): which these are.
    level
        How many are found, on average, in a collection without odd ones; 0.05.

    Returns
    -------
    The rows, oddest first, and how many times as far as usual each is.
    """
    none = np.empty(0, np.int64), np.empty(0)
    if len(distance) < FEWEST:
        return none
    times = times_usual(distance, neighbours)
    far = np.log(times)
    start, end = np.quantile(far, [FROM, TO])
    fall = (end - start) / np.log((1 - FROM) / (1 - TO))
    if fall <= 0:
        return none
    beyond = len(far) * (1 - FROM) * np.exp(-(far - start) / fall)
    rows = np.flatnonzero((beyond <= level) & (times >= LEAST))
    rows = rows[np.argsort(-times[rows], kind="stable")]
    return rows, times[rows]


def times_usual(distance: Singles, neighbours: Ints) -> Floats:
    """Return each distance over the median of its neighbours' distances, float64 (n,)."""
    usual = np.median(distance[neighbours].astype(np.float64), axis=1)
    return np.asarray(np.maximum(distance, 1e-6) / np.maximum(usual, 1e-6))
