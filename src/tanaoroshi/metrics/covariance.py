"""Covariances of the codes: what total and Wasserstein correlation share.

Sums of products are taken once, batch by batch; leaving a batch out is then a subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.metrics.intervals import jackknife
from tanaoroshi.metrics.question import FEWEST
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.resample import group_folds, permuted_rows

if TYPE_CHECKING:
    from tanaoroshi.metrics.question import Question

# So many batches tell a standard error to within some 7 %.
BATCHES = 100
# Numbers in all covariances without a batch (128 MiB): many dimensions leave fewer batches.
NUMBERS = 2**24
# Permuted copies of the codes for the chance level, and numbers permuted for it.
DRAWS = 10
PERMUTED = 2_000_000
# A dimension that varies by less of its size than rounding does is constant.
CONSTANT = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Second moments of the dimensions that vary, each divided by its standard deviation.

    Attributes
    ----------
    n
        Number of rows.
    constant
        How many dimensions are left out, because they do not vary.
    scale
        float64 (a,): standard deviations (n - 1 in the denominator).
    whole
        float64 (a, a): correlations.
    without
        float64 (b, a, a): covariances without the rows of each batch.
    left
        float64 (b,): how many rows are left then.
    null
        float64 (draws, a, a): correlations when each dimension's rows are permuted on their own,
        whole groups at a time.
    """

    n: int
    constant: int
    scale: Floats
    whole: Floats
    without: Floats
    left: Floats
    null: Floats

    @property
    def settings(self) -> str:
        """Say what was done, for the ``method`` of an estimate."""
        left_out = f"; {self.constant} constant dimensions left out" if self.constant else ""
        draws = f"chance: dimensions permuted apart, {len(self.null)} draws"
        return f"{len(self.scale)} dimensions{left_out}; {draws}"


def spread(asked: Question) -> Spread | Unmeasured:
    """Take all sums of products; or say why there is nothing to measure."""
    n = len(asked.codes)
    groups = asked.units
    if groups < FEWEST:
        return too_few(groups)
    centred = asked.codes - asked.codes.mean(axis=0)
    size = np.abs(asked.codes).max(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0) / (n - 1))
    varies = (np.ptp(asked.codes, axis=0) > 0) & (scale > CONSTANT * size)
    if not varies.any():
        return Unmeasured(message("no dimension of the codes varies"))
    scale = scale[varies]
    z = centred[:, varies] / scale
    batches = fold_batches(asked, z.shape[1])
    without, left = covariances_without(z, batches)
    return Spread(
        n=n,
        constant=int((~varies).sum()),
        scale=scale,
        whole=z.T @ z / (n - 1),
        without=without,
        left=left,
        null=_independent(z, asked),
    )


def too_few(groups: int) -> Unmeasured:
    """Say that an interval would mean nothing."""
    return Unmeasured(
        message(
            "there are only {n} independent images; at least {fewest} are needed",
            n=groups,
            fewest=FEWEST,
        )
    )


def fold_batches(asked: Question, d: int, most: int = BATCHES) -> Ints:
    """Put whole groups into batches whose (d, d) tables fit into memory, int64 (n,)."""
    groups = asked.units
    fitting = max(FEWEST, NUMBERS // max(d * d, 1))
    count = min(most, fitting, groups)
    return group_folds(len(asked.codes), asked.group, count, rng=asked.stream("covariance"))


def centred_jackknife(value: float, without: Floats) -> tuple[float, float]:
    """Return interval ends around the value less its bias, as the jackknife sees it.

    Parameters
    ----------
    value
        Of all rows.
    without
        float (b,): the same without each batch.
    """
    b = len(without)
    centre = b * value - (b - 1) * float(without.mean())
    half = float(jackknife(np.asarray(centre), without)[1]) - centre
    # A sum of squares is skewed: its standard error grows with it, as on a logarithmic scale.
    skew = half**2 / (2 * max(centre, half)) if half > 0 else 0.0
    return centre - half, centre + half + skew


def covariances_without(z: Floats, batches: Ints) -> tuple[Floats, Floats]:
    """Covariances of columns (n, d) near 0 without each batch, (b, d, d); rows left then, (b,)."""
    order = np.argsort(batches, kind="stable")
    parts = np.split(z[order], np.flatnonzero(np.diff(batches[order])) + 1)
    rows = np.array([len(part) for part in parts], dtype=np.float64)
    sums = np.stack([part.sum(axis=0) for part in parts])
    products = np.empty((len(parts), z.shape[1], z.shape[1]))
    for b, part in enumerate(parts):
        np.matmul(part.T, part, out=products[b])
    left = rows.sum() - rows
    mean = (sums.sum(axis=0) - sums) / left[:, None]
    np.subtract(products.sum(axis=0), products, out=products)
    products -= mean[:, :, None] * (mean * left[:, None])[:, None, :]
    products /= (left - 1)[:, None, None]
    return products, left


def _independent(z: Floats, asked: Question) -> Floats:
    """Draw correlations of dimensions that have nothing to do with one another."""
    n, d = z.shape
    rng = asked.stream("independent")
    draws = max(1, min(DRAWS, asked.permutations, PERMUTED // (n * d)))
    null = np.empty((draws, d, d))
    for table in null:
        moved = z.copy()
        for j in range(1, d):
            moved[:, j] = z[permuted_rows(n, asked.group, rng=rng), j]
        table[:] = moved.T @ moved / (n - 1)
    return null
