"""Entropy and mutual information from counts of any size.

:mod:`tanaoroshi.stats.information` looks the logarithms of all counts up to the largest in a table,
and takes near numbers apart for the jackknife. With hundreds of millions of rows that table is
larger than the counts, and the difference of two such numbers has few digits left; here each count
is worked out by itself, the jackknife by a form without differences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import xlog1py, xlogy

from tanaoroshi.stats.information import Crossing, Information

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.stats.information import Bias

# Up to so many rows in a cell looking up is exact enough, and faster.
LARGE = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Table(Crossing):
    """A crossing without rows: only its arithmetic on counts, also for very large ones."""

    def information(self, counts: Floats | Ints, *, bias: Bias = "none") -> Information:
        """Turn counts into entropies, as :meth:`Crossing.information` does."""
        if counts.max(initial=0) <= LARGE:
            return Crossing.information(self, counts, bias=bias)
        mutual, code, attribute = informations(self, counts, bias)
        n = [counts[s : s + w, 0].sum() for s, w in zip(self.starts, self.classes, strict=True)]
        return Information(
            np.maximum(mutual, 0) if bias == "none" else mutual,
            code,
            attribute[0],
            np.array(n, dtype=np.float64),
        )


def informations(
    crossing: Crossing, counts: Floats | Ints, bias: Bias
) -> tuple[Floats, Floats, Floats]:
    """Return mutual informations and entropies of code and attribute, each (d, k), in nats.

    Parameters
    ----------
    crossing
        The layout of the table.
    counts
        (lines, d, m); dimensions need not agree on an attribute's counts.
    bias
        See :meth:`Crossing.information`; informations may be below 0 by rounding or correction.
    """
    found = []
    for start, width in zip(crossing.starts, crossing.classes, strict=True):
        table = np.moveaxis(counts[start : start + width], 1, 0)
        code = _entropy(table.sum(axis=1), bias)
        attribute = _entropy(table.sum(axis=2), bias)
        joint = _entropy(table.reshape(len(table), -1), bias)
        found.append((code + attribute - joint, code, attribute))
    mutual, code, attribute = (np.stack(part, -1) for part in zip(*found, strict=True))
    return mutual, code, attribute


def _entropy(counts: Floats | Ints, bias: Bias) -> Floats:
    """Entropy over the last axis, plug-in or jackknife, without taking near numbers apart."""
    x = counts.astype(np.float64)
    n = np.maximum(x.sum(axis=-1), 1)
    if bias == "none":
        return np.asarray(np.maximum(np.log(n) - xlogy(x, x).sum(axis=-1) / n, 0))
    return np.asarray(_step(n) - (x * _step(x)).sum(axis=-1) / n)


def _step(x: Floats) -> Floats:
    """Return x log x - (x - 1) log (x - 1), 0 at 0."""
    y = np.maximum(x, 1)
    return np.asarray(np.log(y) - xlog1py(y - 1, -1 / y))
