"""Three attributes that are tied in pairs only: the counts such a table would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats

ROUNDS = 200
CLOSE = 1e-4
"""Fitted sums of pairs miss the counted ones by no more than this part of an image."""


def pairs_only(tables: Floats, *, rounds: int = ROUNDS) -> Floats:
    """Fit the log-linear model without three-way interaction by iterative proportional fitting.

    Parameters
    ----------
    tables
        Counts, float (..., I, J, K).
    rounds
        Most rounds; fewer where all sums fit before.

    Returns
    -------
    float64 (..., I, J, K): the same sums over each axis as the counts, and odds ratios of every
    two attributes that do not depend on the third. Where a sum is 0, so are its cells.

    References
    ----------
    W. E. Deming, F. F. Stephan, On a Least Squares Adjustment of a Sampled Frequency Table When
    the Expected Marginal Totals Are Known, Ann. Math. Stat. 11, 1940; Y. M. M. Bishop, S. E.
    Fienberg, P. W. Holland, Discrete Multivariate Analysis, 1975.
    """
    fit = np.ones_like(tables)
    wanted = {axis: tables.sum(axis=axis, keepdims=True) for axis in (-1, -2, -3)}
    for _ in range(rounds):
        off = 0.0
        for axis, sums in wanted.items():
            have = fit.sum(axis=axis, keepdims=True)
            off = max(off, float(np.abs(have - sums).max(initial=0.0)))
            fit *= np.divide(sums, have, out=np.zeros_like(sums), where=have > 0)
        if off < CLOSE:
            break
    return fit


def free_moments(fit: Floats) -> tuple[Floats, Floats]:
    """Return variance and skew of a cell's count when all sums of pairs are given.

    Parameters
    ----------
    fit
        float (I, J, K), as :func:`pairs_only` gives it.

    Returns
    -------
    Two float64 (I, J, K). The variance: for each cell that of the table of eight cells which it
    and the rest of each attribute make, ``1 / Σ 1/m`` (of the conditional distribution, to first
    order); 0 where a cell can't move. Finer sums leave no more room than these, so it errs on
    the large side. The third cumulant over the variance: ``variance² Σ ±1/m²``, plus where a cell
    grows with the count, minus where it shrinks.
    """
    ij, ik, jk = (fit.sum(axis=axis, keepdims=True) for axis in (2, 1, 0))
    i, j, k = (fit.sum(axis=axes, keepdims=True) for axes in ((1, 2), (0, 2), (0, 1)))
    eight = (
        fit,
        ij - fit,
        ik - fit,
        jk - fit,
        i - ij - ik + fit,
        j - ij - jk + fit,
        k - ik - jk + fit,
        fit.sum() - i - j - k + ij + ik + jk - fit,
    )
    # A part of no image is what rounding leaves of none.
    free = np.all([part > 1e-6 for part in eight], axis=0)
    inverse = [1 / np.where(free, part, 1) for part in eight]
    variance = np.where(free, 1 / np.sum(inverse, axis=0), 0.0)
    grows = (1, -1, -1, -1, 1, 1, 1, -1)
    skew = np.sum([sign * part**2 for sign, part in zip(grows, inverse, strict=True)], axis=0)
    return variance, variance**2 * skew
