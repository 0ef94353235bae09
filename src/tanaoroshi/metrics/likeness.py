"""How alike the dimensions of two trainings are: lasso coefficients, or rank correlations.

Of all images, without each batch of images, and with the images of one permuted.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso

from tanaoroshi.metrics.covariance import covariances_without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.metrics.question import Convention
    from tanaoroshi.records.attributes import Floats, Ints

    Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

SWEEPS, TOLERANCE = 1000, 1e-10


class Likeness(NamedTuple):
    """Similarity of two trainings' dimensions, 0 or more.

    ``whole`` (d, t); ``without`` (b, d, t): without each batch of images; ``null`` (draws, d, t):
    with the images of one permuted.
    """

    whole: Floats
    without: Floats
    null: Floats


class Ranks(NamedTuple):
    """Rows of each column (n, d) in rising order; where the equals of each row begin and end."""

    order: Ints
    first: Ints
    after: Ints

    @property
    def middle(self) -> Floats:
        """Rank of each row; equals share one."""
        return np.asarray((self.first + self.after) / 2)


def lasso_likeness(
    other: Floats,
    mine: Floats,
    batches: Ints,
    orders: Sequence[Ints],
    penalty: float,
    convention: Convention,
) -> Likeness:
    """Size of the coefficients that predict each of ``mine`` (n, t) from all of ``other`` (n, d).

    Parameters
    ----------
    other, mine
        Standardised columns; constant ones are 0.
    batches
        int (n,).
    orders
        Permutations of the rows, int (n,) each.
    penalty
        Of the lasso.
    convention
        ``paper``: solved to the end. ``disentanglement_lib``: by scikit-learn, to its tolerance.
    """
    n, d = other.shape
    both = np.hstack([other, mine])
    tables = np.concatenate(
        [(both.T @ both / (n - 1))[None], covariances_without(both, batches)[0]]
    )
    root = np.sqrt(np.einsum("rjj->rj", tables))
    root = np.where(root > TOLERANCE, root, 1)
    tables /= root[:, :, None] * root[:, None, :]
    found = np.abs(lasso(tables[:, :d, :d], tables[:, :d, d:], penalty))
    whole = found[0]
    if convention == "disentanglement_lib" and d:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = Lasso(alpha=penalty).fit(other, mine)
        whole = np.abs(model.coef_.reshape(-1, d).T)
    cross = np.stack([other[order].T @ mine / n for order in orders])
    gram = np.broadcast_to(tables[:1, :d, :d], (len(orders), d, d))
    return Likeness(whole, found[1:], np.abs(lasso(gram, cross, penalty)))


def rank_likeness(other: Floats, mine: Floats, batches: Ints, orders: Sequence[Ints]) -> Likeness:
    """Size of the rank correlations; parameters as for :func:`lasso_likeness`."""
    first, second = _ranks(other), _ranks(mine)
    without = []
    for b in range(int(batches.max()) + 1):
        left = batches != b
        x, y = (_unit(_ranks_without(ranks, ~left)[left]) for ranks in (first, second))
        without.append(np.abs(x.T @ y))
    x, y = _unit(first.middle), _unit(second.middle)
    null = [np.abs(x[order].T @ y) for order in orders]
    return Likeness(np.abs(x.T @ y), np.stack(without), np.stack(null))


def lasso(gram: Floats, cross: Floats, penalty: float) -> Floats:
    """Minimise ½ b'Gb - c'b + penalty |b|₁ for many targets at once, by coordinate descent.

    Parameters
    ----------
    gram
        float (r, d, d).
    cross
        float (r, d, t).
    penalty
        0 or more.

    Returns
    -------
    float64 (r, d, t).
    """
    found, left = np.zeros_like(cross), cross.copy()
    diagonal = np.einsum("rjj->rj", gram)
    there = diagonal > TOLERANCE
    for _ in range(SWEEPS):
        moved = 0.0
        for j in np.flatnonzero(there.any(axis=0)):
            size = np.where(there[:, j], diagonal[:, j], 1)[:, None]
            pull = left[:, j] + size * found[:, j]
            new = np.sign(pull) * np.maximum(np.abs(pull) - penalty, 0) / size
            step = np.where(there[:, j, None], new - found[:, j], 0)
            # Most coefficients stay 0: only what moves costs anything.
            moving = np.flatnonzero(step.any(axis=0))
            if len(moving):
                found[:, j] += step
                left[:, :, moving] -= gram[:, :, j, None] * step[:, None, moving]
                moved = max(moved, float(np.abs(step).max()))
        if moved < TOLERANCE:
            break
    return np.asarray(found)


def _ranks(columns: Floats) -> Ranks:
    order = np.argsort(columns, axis=0, kind="stable")
    ends = np.empty((2, *columns.shape), dtype=np.int64)
    for j, column in enumerate(columns.T):
        rising = column[order[:, j]]
        ends[0, :, j] = np.searchsorted(rising, column, side="left")
        ends[1, :, j] = np.searchsorted(rising, column, side="right")
    return Ranks(order, ends[0], ends[1])


def _ranks_without(ranks: Ranks, gone: Bools) -> Floats:
    """Middle ranks once some rows are gone; what the gone rows get means nothing."""
    before = np.zeros((len(gone) + 1, ranks.order.shape[1]))
    np.cumsum(gone[ranks.order], axis=0, out=before[1:])
    lost = [np.take_along_axis(before, end, axis=0) for end in (ranks.first, ranks.after)]
    return np.asarray(ranks.middle - (lost[0] + lost[1]) / 2)


def _unit(columns: Floats) -> Floats:
    """Centre columns and give them length 1; a constant one becomes 0."""
    centred = columns - columns.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    return np.asarray(np.where(size > TOLERANCE, centred / np.where(size > 0, size, 1), 0))
