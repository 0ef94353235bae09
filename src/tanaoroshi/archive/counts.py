"""Counts beside what was expected: how unlikely so few are, and how far they may be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincc
from scipy.stats import chi2
from scipy.stats import t as student

from tanaoroshi.metrics.intervals import jackknife_error

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints

LEVEL = 0.95
FALSE_DISCOVERIES = 0.05 / 3
"""Of each kind of question; a closer look asks three (gaps, trends, three-way ties): 5 % in all."""


def rare_p(observed: Floats, expected: Floats, variance: Floats, step: Floats) -> Floats:
    """Return the chance of so few or fewer.

    Parameters
    ----------
    observed, expected, variance
        float (...): a count, and its mean and variance if it were not rare; all positive but the
        first.
    step
        float (...): third cumulant over variance, 1 for a Poisson variable; where it is small or
        negative the normal curve is as good.

    Returns
    -------
    float64 (...): lower tail of a shifted and scaled Poisson variable of that mean, variance and
    skewness, with the correction for whole numbers. (Without the skewness the far tail of a common
    cell would be too light: its count is limited on both sides.)
    """
    spread = np.sqrt(variance)
    jump = np.maximum(np.minimum(step, variance / expected), 0.05 * spread)
    events = variance / jump**2
    # Dependent rows (a step above 1) come and go in steps: half a row would be no correction.
    half = np.where(jump < 1, 0.5 / jump + 0.5, 1.0)
    # Below the least value that such a variable takes the chance is as good as 0.
    seen = np.maximum((observed - expected) / jump + events + half, 1e-6)
    return np.asarray(gammaincc(seen, events))


def count_interval(observed: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Return the ends of a count's interval (F. Garwood, Biometrika 28, 1936).

    Parameters
    ----------
    observed
        float (...), counts.
    scale
        float (...), 1 or more: variance over mean. The interval is that of ``observed / scale``
        independent images, scaled up again.
    """
    seen, tail = observed / scale, (1 - LEVEL) / 2
    low = np.where(seen > 0, chi2.ppf(tail, 2 * np.maximum(seen, 1e-12)) / 2, 0.0)
    return low * scale, chi2.ppf(1 - tail, 2 * seen + 2) / 2 * scale


def deal_blocks(n: int, index: Ints | None, most: int, *, rng: np.random.Generator) -> Ints:
    """Deal whole groups out to blocks of about one size; int64 (n,), 0..blocks-1.

    Parameters
    ----------
    n, index
        Number of rows; the group of each, 0..m-1, or ``None``.
    most
        Most blocks; no more than there are groups.
    rng
        Source of chance.
    """
    owner = np.arange(n) if index is None else index
    sizes = np.bincount(owner)
    order = np.lexsort((rng.random(len(sizes)), -sizes))
    block = np.empty(len(sizes), dtype=np.int64)
    block[order] = np.arange(len(sizes)) % min(most, len(sizes))
    return block[owner]


def jackknife(whole: Floats, left_out: Floats) -> tuple[Floats, Floats]:
    """Return bias-corrected values and half intervals from leaving out blocks of groups.

    Parameters
    ----------
    whole
        float (...), of all rows.
    left_out
        float (blocks, ...), without one block each.
    """
    k = len(left_out)
    half = float(student.ppf((1 + LEVEL) / 2, k - 1)) * jackknife_error(left_out)
    return k * whole - (k - 1) * left_out.mean(axis=0), half
