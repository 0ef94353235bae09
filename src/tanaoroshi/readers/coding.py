"""One attribute as a point in a space where distances mean the same for every kind.

=========== ============================================== ======================================
kind        point                                          scale (length 1)
=========== ============================================== ======================================
continuous  the value                                      its standard deviation
ordinal     middle rank of the value, 0 to 1               its standard deviation
circular    cosine and sine                                root of 1 - R², R the mean resultant
nominal     a share for each value (0 and 1 when known)    root of 1 - Σ p²
=========== ============================================== ======================================

The scale is always the root mean square distance of the collection's points from their mean, so a
move by 1 is as far as pictures of the collection differ from their mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tanaoroshi.records.attributes import Floats, Kind


@dataclass(frozen=True, slots=True, eq=False)
class Coding:
    """How the values of one attribute become points, and back.

    Attributes
    ----------
    kind
        Nominal, ordinal, continuous or circular.
    levels
        float (m,): nominal and ordinal values (class indices) that occur, rising.
    ranks
        float (m,): middle rank of each ordinal level, 0 to 1.
    mean, scale
        Of the collection's points: float (q,), and the root mean square distance from it.
    """

    kind: Kind
    levels: Floats
    ranks: Floats
    mean: Floats
    scale: float

    def points(self, values: Floats) -> Floats:
        """Return values (n,), none missing, as points float64 (n, q)."""
        return _points(values, self.kind, self.levels, self.ranks)

    def values(self, points: Floats) -> Floats:
        """Return points (n, q) as values float64 (n,), coded as in the table; NaN stays NaN."""
        known = np.isfinite(points).all(axis=1)
        found = np.full(len(points), np.nan)
        if self.kind == "nominal":
            found[known] = self.levels[points[known].argmax(axis=1)]
        elif self.kind == "circular":
            found[known] = np.arctan2(points[known, 1], points[known, 0]) % (2 * np.pi)
        elif self.kind == "ordinal":
            near = np.abs(points[known] - self.ranks).argmin(axis=1)
            found[known] = self.levels[near]
        else:
            found[known] = points[known, 0]
        return found


def coding_of(values: Floats, kind: Kind) -> Coding:
    """Learn the coding from values, float (n,), none missing."""
    levels, counts = np.unique(values, return_counts=True)
    if kind in ("continuous", "circular"):
        levels, counts = levels[:0], counts[:0]
    ranks = (np.cumsum(counts) - 0.5 * counts) / max(counts.sum(), 1)
    points = _points(values, kind, levels, ranks)
    if not len(values):
        return Coding(kind, levels, ranks, np.zeros(points.shape[1]), 0.0)
    mean = points.mean(axis=0)
    scale = float(np.sqrt(np.sum((points - mean) ** 2, axis=1).mean()))
    # A constant column leaves rounding errors, not zeros.
    scale = scale if np.ptp(values) > 0 else 0.0
    return Coding(kind, levels, ranks, mean, scale)


def _points(values: Floats, kind: Kind, levels: Floats, ranks: Floats) -> Floats:
    if kind == "nominal":
        return np.asarray(values[:, None] == levels, dtype=np.float64)
    if kind == "circular":
        return np.column_stack([np.cos(values), np.sin(values)])
    if kind == "ordinal":
        return ranks[np.searchsorted(levels, values), None]
    return np.asarray(values[:, None], dtype=np.float64)
