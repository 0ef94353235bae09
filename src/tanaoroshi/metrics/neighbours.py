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
# Values looked at together, of as many dimensions as give them.
TOGETHER = 2**14


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
    lines = order.T
    for begin in range(0, len(lines), step := max(1, TOGETHER // n)):
        rows = lines[begin : begin + step]
        here = rows[used[rows]].reshape(-1, n)
        column = np.arange(begin, begin + len(here))[:, None]
        near, all_near = _counts(codes[here, column], labels[here], k)
        found[here, column] = psi[n] - psi[sizes[labels[here]]] + psi[near] - psi[all_near]
    return found


def _counts(x: Floats, labels: Ints, k: int) -> tuple[Ints, Ints]:
    """Count, for sorted values, the rows of the same class and of any class within reach.

    A row's reach is the distance to its k-th neighbour of its class; the row itself is left out.
    All arrays are (dimensions, n); dimensions know nothing of one another.
    """
    d, n = x.shape
    first_place = n * np.arange(d)[:, None]
    # Small integers are sorted by counting.
    small = labels.astype(np.int16) if labels.max() < SMALL else labels
    by_class = (np.argsort(small, axis=1, kind="stable") + first_place).ravel()
    # From here on one dimension stands after the other, each with classes of its own.
    flat = (labels + (int(labels.max()) + 1) * np.arange(d)[:, None]).ravel()
    own, reach, mine = flat[by_class], np.empty(d * n), np.empty(d * n, dtype=np.int64)
    reach[by_class], mine[by_class], tied = _kth(x.ravel()[by_class], own, k)
    first, last = _within(x, reach.reshape(d, n))
    if tied.any():
        # The places of a class among all rows, one class after the other: sorted as a whole.
        base = own.astype(np.int64) * (d * n + 1)
        rows = by_class[tied]
        ends = (np.searchsorted(base + by_class, base[tied] + e[rows]) for e in (first, last))
        mine[rows] = -np.subtract(*ends) - 1
    return mine.reshape(d, n), (last - first - 1).reshape(d, n)


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
    reach always lies within it. Arrays (dimensions, n); places are counted through all dimensions.
    """
    d, n = x.shape
    is_new = np.ones((d, n), dtype=np.bool_)
    is_new[:, 1:] = np.diff(x, axis=1) > 0
    points = x[is_new]
    starts = np.append(np.flatnonzero(is_new), d * n)
    # Where the points of each dimension end; each has a fence on either side.
    ends = np.cumsum(is_new.sum(axis=1))
    fenced = np.insert(points, np.repeat(np.append(0, ends), 2)[1:-1], [-np.inf, np.inf] * d)
    owner = np.repeat(np.arange(d), n)
    low, high, begin = np.empty(d * n, dtype=np.int64), np.empty(d * n, dtype=np.int64), 0
    for j, end in enumerate(ends):
        here = slice(j * n, j * n + n)
        low[here] = begin + np.searchsorted(points[begin:end], x[j] - reach[j])
        high[here] = begin + np.searchsorted(points[begin:end], x[j] + reach[j], side="right")
        begin = end
    x, reach, past = x.ravel(), reach.ravel(), 2 * owner
    while (less := x - fenced[low + past + 1] > reach).any():
        low += less
    while (more := x - fenced[low + past] <= reach).any():
        low -= more
    while (less := fenced[high + past] - x > reach).any():
        high -= less
    while (more := fenced[high + past + 1] - x <= reach).any():
        high += more
    return starts[low], starts[high]
