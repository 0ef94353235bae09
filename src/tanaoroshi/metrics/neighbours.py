"""Mutual information of a number with classes, from nearest neighbours (Ross 2014).

B. C. Ross 2014, PLoS ONE 9(2): e87357: of each row, how far is its k-th neighbour among the rows of
its own class, and how many rows of any class lie as near? One dimension at a time this is a problem
of sorted arrays: no tree is needed. Where no two values are equal the estimate is the one of
``sklearn.feature_selection.mutual_info_classif`` before it adds its noise. Equal values are counted
with all their ties (as Gao, Kannan, Oh & Viswanath 2017, arXiv 1709.06212, do), so that rounded
values need no noise and the same rows always give the same number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma

if TYPE_CHECKING:
    from tanaoroshi.metrics.question import Bools
    from tanaoroshi.records.attributes import Floats, Ints

SMALL = 2**15


def pointwise(codes: Floats, labels: Ints, k: int, order: Ints | None = None) -> Floats:
    """Return what each row adds to the information of each dimension about the class, in nats.

    Parameters
    ----------
    codes
        float (n, d).
    labels
        int (n,), classes from 0; -1 missing.
    k
        Which neighbour; fewer in a class of no more than k rows.
    order
        int (n, d): ``np.argsort(codes, axis=0)``, where that is known.

    Returns
    -------
    float64 (n, d). The mean over the rows with a class that has two rows or more is the estimate
    (it may fall below 0); NaN in all other rows.
    """
    found = np.full(codes.shape, np.nan)
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    used = (labels >= 0) & (sizes[labels] > 1)
    n = int(used.sum())
    if not n:
        return found
    order = np.argsort(codes, axis=0) if order is None else order
    psi = np.concatenate([[0.0], digamma(np.arange(1, n + 1))])
    for j, rows in enumerate(order.T):
        here = rows[used[rows]]
        own = labels[here]
        near, all_near = _counts(codes[here, j], own, k)
        found[here, j] = psi[n] - psi[sizes[own]] + psi[near] - psi[all_near]
    return found


def _counts(x: Floats, labels: Ints, k: int) -> tuple[Ints, Ints]:
    """Count, for sorted values, the rows of the same class and of any class within reach.

    A row's reach is the distance to its k-th neighbour of its class; the row itself is left out.
    """
    # Small integers are sorted by counting.
    small = labels.astype(np.int16) if labels.max() < SMALL else labels
    by_class = np.argsort(small, kind="stable")
    own, reach, mine = labels[by_class], np.empty(len(x)), np.empty(len(x), dtype=np.int64)
    reach[by_class], mine[by_class], tied = _kth(x[by_class], own, k)
    first, last = _within(x, reach)
    if tied.any():
        # The places of a class among all rows, one class after the other: sorted as a whole.
        base = own.astype(np.int64) * (len(x) + 1)
        rows = by_class[tied]
        ends = (np.searchsorted(base + by_class, base[tied] + e[rows]) for e in (first, last))
        mine[rows] = -np.subtract(*ends) - 1
    return mine, last - first - 1


def _kth(y: Floats, labels: Ints, k: int) -> tuple[Floats, Ints, Bools]:
    """Find the k-th neighbour within runs of sorted values, one run a class.

    Returns its distance, how many neighbours lie no farther (k; all in a class of k rows or
    fewer), and where there are more, because several lie at that distance.
    """
    n = len(y)
    ends = np.cumsum(np.bincount(labels))
    sizes = np.diff(ends, prepend=0)
    # k + 1 values in a row hold a value and k neighbours, if all are of one class.
    windows = max(n - k, 0)
    far = np.full((k + 1, n), np.inf)
    for t in range(k + 1 if windows else 0):
        here = slice(t, t + windows)
        far[t, here] = np.maximum(y[here] - y[:windows], y[k:] - y[here])
        far[t, here][labels[:windows] != labels[k:]] = np.inf
    best = far.argmin(axis=0)
    reach = far[best, np.arange(n)]
    # One more on either side of the best window.
    before = np.arange(n) - best - 1
    after = before + k + 2
    inside = after < n
    after = np.where(inside, after, 0)
    tied = (before >= 0) & (labels[before] == labels) & (y - y[before] <= reach)
    tied |= inside & (labels[after] == labels) & (y[after] - y <= reach)
    few = (sizes <= k)[labels]
    own = labels[few]
    first, last = y[(ends - sizes)[own]], y[ends[own] - 1]
    reach[few], tied[few] = np.maximum(y[few] - first, last - y[few]), False
    return reach, np.minimum(sizes - 1, k)[labels], tied


def _within(x: Floats, reach: Floats) -> tuple[Ints, Ints]:
    """Return from where to where sorted values lie within reach of each: first, and one after last.

    Distances are compared as they are rounded when subtracted, so that the neighbour that gave the
    reach always lies within it.
    """
    is_new = np.concatenate([[True], np.diff(x) > 0])
    points = x[is_new]
    starts = np.append(np.flatnonzero(is_new), len(x))
    low = np.searchsorted(points, x - reach)
    high = np.searchsorted(points, x + reach, side="right")
    fenced = np.concatenate([[-np.inf], points, [np.inf]])
    while (less := x - fenced[low + 1] > reach).any():
        low += less
    while (more := x - fenced[low] <= reach).any():
        low -= more
    while (less := fenced[high] - x > reach).any():
        high -= less
    while (more := fenced[high + 1] - x <= reach).any():
        high += more
    return starts[low], starts[high]
