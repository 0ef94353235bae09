"""Ridge regression from sums over folds: held-out, with everything that is chosen chosen inside.

A fold enters only by its sums (counts, means, products), so that leaving one or two folds out is
a subtraction, and the strength of the penalty or the best of several designs is chosen by an
inner cross-validation that never saw the held-out fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.records.attributes import Floats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.records.attributes import Ints

# The penalty in units of the mean eigenvalue of the products of the features. From hardly any to
# one that leaves nothing but the mean.
PENALTIES = np.array([1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0])


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What ridge regression needs to know of some rows: x float (n, p), y float (n, m)."""

    n: float
    x: Floats
    y: Floats
    xx: Floats
    xy: Floats
    yy: Floats

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.n + other.n,
            self.x + other.x,
            self.y + other.y,
            self.xx + other.xx,
            self.xy + other.xy,
            self.yy + other.yy,
        )

    def __sub__(self, other: Sums) -> Sums:
        return Sums(
            self.n - other.n,
            self.x - other.x,
            self.y - other.y,
            self.xx - other.xx,
            self.xy - other.xy,
            self.yy - other.yy,
        )

    def about(self, x0: Floats, y0: Floats) -> Sums:
        """Return the sums of the same rows, measured from another origin."""
        x, y = self.x - self.n * x0, self.y - self.n * y0
        return Sums(
            self.n,
            x,
            y,
            self.xx - np.outer(self.x, x0) - np.outer(x0, x),
            self.xy - np.outer(self.x, y0) - np.outer(x0, y),
            self.yy - 2 * y0 * self.y + self.n * y0**2,
        )


def fold_sums(features: Floats, target: Floats, fold: Ints) -> list[Sums]:
    """Return the sums of each fold; features float (n, p), target float (n, m), fold (n,)."""
    found = []
    for f in range(int(fold.max()) + 1):
        x, y = features[fold == f], target[fold == f]
        found.append(
            Sums(len(x), x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y, np.sum(y**2, axis=0))
        )
    return found


def total_of(sums: Sequence[Sums]) -> Sums:
    """Return the sums of all folds."""
    return reduce(add, sums)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Ridge fits of some rows, one for each penalty.

    Attributes
    ----------
    x0, y0
        Means of the rows, float (p,) and (m,).
    slopes
        float (penalties, p, m).
    """

    x0: Floats
    y0: Floats
    slopes: Floats

    def losses(self, rows: Sums) -> Floats:
        """Return the squared errors on other rows, float (penalties, m)."""
        there = rows.about(self.x0, self.y0)
        crossed = np.sum(self.slopes * there.xy, axis=1)
        squared = np.sum(self.slopes * (there.xx @ self.slopes), axis=1)
        return np.asarray(there.yy - 2 * crossed + squared, dtype=np.float64)


def fit(rows: Sums) -> Fit:
    """Fit all penalties at once."""
    x0, y0 = rows.x / rows.n, rows.y / rows.n
    here = rows.about(x0, y0)
    values, vectors = np.linalg.eigh(here.xx)
    values = np.maximum(values, 0)
    penalty = PENALTIES * max(float(values.mean()), 1e-9 * rows.n)
    turned = vectors.T @ here.xy
    slopes = vectors @ (turned / (values[:, None] + penalty[:, None, None]))
    return Fit(x0, y0, slopes)


@dataclass(frozen=True, slots=True, eq=False)
class Nested:
    """Fits of one design without each fold, and without each pair of folds.

    ``inner`` float (folds, penalties, m): squared errors by an inner cross-validation over the
    folds other than this one.
    """

    outer: list[Fit]
    pairs: dict[tuple[int, int], Fit]
    inner: Floats


def nest(sums: list[Sums]) -> Nested:
    """Fit one design without each fold and each pair of folds."""
    total = total_of(sums)
    inner = np.zeros((len(sums), len(PENALTIES), len(total.y)))
    pairs = {}
    for f in range(len(sums)):
        for g in range(f):
            found = fit(total - sums[f] - sums[g])
            pairs[f, g] = pairs[g, f] = found
            inner[f] += found.losses(sums[g])
            inner[g] += found.losses(sums[f])
    return Nested([fit(total - part) for part in sums], pairs, inner)


def best_penalty(nested: Nested, columns: slice) -> Ints:
    """Return the penalty chosen for each held-out fold, int (folds,), for some target columns."""
    return np.asarray(nested.inner[:, :, columns].sum(axis=2).argmin(axis=1), dtype=np.int64)


def row_losses(
    features: Floats, target: Floats, fold: Ints, nested: Nested, columns: slice, chosen: Ints
) -> Floats:
    """Return the held-out squared error of each row, float64 (n,)."""
    out = np.empty(len(features))
    for f, fitted in enumerate(nested.outer):
        rows = fold == f
        slope = fitted.slopes[chosen[f]][:, columns]
        guess = fitted.y0[columns] + (features[rows] - fitted.x0) @ slope
        out[rows] = np.sum((target[rows][:, columns] - guess) ** 2, axis=1)
    return out


def held_out_losses(features: Floats, target: Floats, fold: Ints) -> Floats:
    """Return the held-out squared error of each row for one design and one target, (n,)."""
    nested = nest(fold_sums(features, target, fold))
    everything = slice(None)
    chosen = best_penalty(nested, everything)
    return row_losses(features, target, fold, nested, everything, chosen)


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """What a design says of rows that nobody learnt from.

    ``guess`` float64 (q, m); ``inner``: its squared error by cross-validation on the rows that it
    learnt from.
    """

    guess: Floats
    inner: float


def foretell(features: Floats, targets: Sequence[Floats], fold: Ints, at: Floats) -> list[Foretold]:
    """Learn several targets from some rows, each with its own penalty, and predict other rows.

    Parameters
    ----------
    features, targets, fold
        float (n, p), each float (n, m), int (n,): the rows to learn from; the penalty is chosen by
        cross-validation over their folds.
    at
        float (q, p): the others.
    """
    sums = fold_sums(features, np.hstack(targets), fold)
    total = total_of(sums)
    errors = reduce(add, (fit(total - part).losses(part) for part in sums))
    fitted = fit(total)
    ends = np.cumsum([0, *(target.shape[1] for target in targets)]).tolist()
    found = []
    for columns in map(slice, ends[:-1], ends[1:]):
        inner = errors[:, columns].sum(axis=1)
        slopes = fitted.slopes[int(inner.argmin())][:, columns]
        found.append(Foretold(fitted.y0[columns] + (at - fitted.x0) @ slopes, float(inner.min())))
    return found


def constant_losses(target: Floats, fold: Ints) -> Floats:
    """Return the squared error of each row when the other folds' mean is the guess, (n,)."""
    out = np.empty(len(target))
    for f in range(int(fold.max()) + 1):
        rows = fold == f
        out[rows] = np.sum((target[rows] - target[~rows].mean(axis=0)) ** 2, axis=1)
    return out
