"""Interventional robustness score (Suter, Miladinović, Schölkopf & Bauer 2019, 1811.00007).

Of each dimension: how far it can stray while one attribute is held fixed, beside how far it strays
at all. A worst case (the farthest image, or a high quantile), averaged over the values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.sparse import csr_array

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.intervals import bounded, jackknife, nothing_usable
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.discretize import columns_of, discretize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Kind
    from tanaoroshi.records.estimates import Measured

IrsWeights = Literal["frequency", "equal"]

# Folds of whole groups for the jackknife.
FOLDS = 20
# Orders for the chance level: it varies little from one to the next.
ORDERS = 10
# Rows × dimensions × attributes from which fewer orders have to do; of quantiles.
DEAR, DEAR_QUANTILES = 5_000_000, 1_500_000
# Rows at either end of a value that are looked at beside twice as many as are asked for.
SPARE = 20
# Values up to which each is ranked by itself.
SEGMENTS = 64


def irs(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
    quantile: float | None = None,
    weights: IrsWeights | None = None,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """Measure how little each dimension strays while one attribute is held fixed.

    Parameters
    ----------
    codes
        float (n, d).
    attributes
        (n, k), NaN missing.
    rng
        Source of chance: of the interval and the chance level.
    kinds
        Of each attribute; ``None``: whole numbers are nominal, others continuous.
    bins, numeric_bins
        Classes of continuous and circular attributes, in which one is held fixed; see
        :class:`~tanaoroshi.metrics.question.Question`. ``disentanglement_lib``: ``bins`` of equal
        width, for every attribute.
    quantile
        Of the deviations from the mean of one value, above 0. ``None``: 1 (the paper: the
        farthest image), 0.99 (``disentanglement_lib``). The deviation at all, to which it is
        compared, is always the farthest.
    weights
        Of the values: by ``frequency``, or ``equal``. ``None``: the first (the paper takes the
        expectation over the attribute), the second (``disentanglement_lib``).
    convention
        ``paper`` or ``disentanglement_lib``.
    group
        (n,): rows of one group are not independent.
    permutations
        For the chance level; no more than 10 are used.

    Returns
    -------
    Estimate in [-1, 1], below 0 for very skew codes only; the interval is for other collections of
    the same size. Or Unmeasured: when all dimensions are constant.

    Raises
    ------
    InputError
        When the arrays do not fit together, or a number makes no sense.
    """
    asked = question(
        codes,
        attributes,
        rng=rng,
        kinds=kinds,
        group=group,
        convention=convention,
        bins=bins,
        numeric_bins=numeric_bins,
        permutations=permutations,
    )
    return answer_irs(asked, quantile=quantile, weights=weights).total


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Rows in which an attribute is known, value after value.

    Attributes
    ----------
    rows
        int64 (m,).
    starts
        int64 (values,): where the rows of each value begin.
    """

    rows: Ints
    starts: Ints

    @property
    def sizes(self) -> Ints:
        """Rows of each value."""
        return np.diff(self.starts, append=len(self.rows))


def answer_irs(
    asked: Question, *, quantile: float | None = None, weights: IrsWeights | None = None
) -> Answer:
    """Answer for all dimensions together; it is a score of dimensions, with none for attributes."""
    if not len(asked.usable):
        return Answer(nothing_usable(asked).total)
    library = asked.convention == "disentanglement_lib"
    q = (0.99 if library else 1.0) if quantile is None else quantile
    kind: IrsWeights = weights or ("equal" if library else "frequency")
    if not 0 < q <= 1:
        raise InputError("quantile must lie above 0 and be at most 1")
    varies = np.ptp(asked.codes, axis=0) > 0
    if not varies.any():
        return Answer(Unmeasured(message("all dimensions are constant: none tells anything")))
    # A dimension a line, in one piece: rows are taken out of these many times.
    codes = np.stack([column - column.mean() for column in columns_of(asked.codes[:, varies])])
    classes = _classes(asked)
    held = [_held(column) for column in classes.T]
    value = _score(codes, held, q, kind)
    null = [
        _score(codes, [_held(column[order]) for column in classes.T], q, kind)
        for order in _orders(asked, q)
    ]
    without = _jackknifed(asked, codes, held, q, kind)
    low, high = jackknife(np.asarray(value), without)
    rows = int(np.isfinite(asked.values[:, asked.usable]).any(axis=1).sum())
    cut = f"{asked.bins} width bins" if library else f"values or {asked.cuts} quantile bins"
    method = (
        f"irs ({asked.convention}; quantile {q:g}, {kind} weights of {cut}; "
        f"{int(varies.sum())} of {len(varies)} dimensions; interval for collections of this size)"
    )
    estimate = bounded(
        value,
        float(low),
        float(high),
        chance=float(np.mean(null)),
        n=rows,
        method=method,
        units=asked.units,
        floor=-1.0,
    )
    return Answer(estimate)


def _orders(asked: Question, q: float) -> tuple[Ints, ...]:
    few = (DEAR if q == 1 else DEAR_QUANTILES) // (
        len(asked.codes) * asked.codes.shape[1] * len(asked.usable)
    )
    return asked.orders[: min(ORDERS, max(2, few))]


def _jackknifed(
    asked: Question, codes: Floats, held: list[Held], q: float, kind: IrsWeights
) -> Floats:
    """Return the score without each fold of whole groups in turn."""
    fold = asked.batches % FOLDS
    return _without(codes, held, fold, q, kind)[np.unique(fold)]


def _classes(asked: Question) -> Ints:
    if asked.convention == "paper":
        return asked.attribute_bins
    columns = [
        discretize(asked.values[:, a], "continuous", asked.bins, how="width") for a in asked.usable
    ]
    return np.stack(columns, axis=1)


def _held(classes: Ints) -> Held:
    # Small whole numbers are sorted by their digits; rows of a value stay in their order, so that
    # they are read one after the other.
    small = (classes + 1).astype(np.min_scalar_type(int(classes.max()) + 1))
    rows = np.argsort(small, kind="stable")[np.count_nonzero(classes < 0) :]
    return Held(rows, np.flatnonzero(np.diff(classes[rows], prepend=-1)))


def _score(codes: Floats, held: list[Held], q: float, kind: IrsWeights) -> float:
    """Return the score of centred codes, (d, n)."""
    start = np.zeros(1, dtype=np.int64)
    farthest = _stray(codes, start, 1)[:, 0]
    strays, at_all = [], []
    for h in held:
        x = _taken(codes, h.rows)
        strays.append(_stray(x, h.starts, q) @ _shares(h.sizes, kind))
        whole = len(h.rows) == codes.shape[1]
        at_all.append(farthest if whole else _stray(x, start, 1)[:, 0])
    return float(_total(np.array(strays), np.array(at_all), farthest))


def _total(strays: Floats, at_all: Floats, farthest: Floats) -> Floats:
    """Return the score from deviations (..., k, d) and the largest over all rows, (..., d)."""
    there = at_all > 0
    robust = np.where(there, 1 - strays / np.where(there, at_all, 1), 0)
    return np.asarray((robust.max(axis=-2) * farthest).sum(axis=-1) / farthest.sum(axis=-1))


def _stray(x: Floats, starts: Ints, q: float) -> Floats:
    """Return the quantile of the deviations from each value's own mean: (d, rows) → (d, values)."""
    sizes = np.diff(starts, append=x.shape[1])
    mean = np.add.reduceat(x, starts, axis=1) / sizes
    if q == 1:
        above = np.maximum.reduceat(x, starts, axis=1) - mean
        return np.asarray(np.maximum(above, mean - np.minimum.reduceat(x, starts, axis=1)))
    place = q * (sizes - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, sizes - 1)
    if len(starts) <= SEGMENTS:
        ends = np.empty((2, *mean.shape))
        for i, (start, size) in enumerate(zip(starts, sizes, strict=True)):
            ranked = x[:, start : start + size] - mean[:, [i]]
            np.abs(ranked, out=ranked)
            ranked.partition(low[i], axis=1)
            ends[:, :, i] = ranked[:, low[i]], ranked[:, high[i] :].min(axis=1)
        return np.asarray(ends[0] + (ends[1] - ends[0]) * (place - low))
    deviation = np.abs(x - np.repeat(mean, sizes, axis=1))
    # One sort for all values: those of one lie between its number and the next.
    number, most = np.arange(len(starts)), 2 * np.maximum(deviation.max(axis=1), 1e-300)[:, None]
    ranked = np.sort(np.repeat(number, sizes) + deviation / most, axis=1)
    lower, upper = ranked[:, starts + low], ranked[:, starts + high]
    return np.asarray((lower + (upper - lower) * (place - low) - number) * most)


def _shares(sizes: Ints, kind: IrsWeights) -> Floats:
    weights = _weights(sizes, kind)
    return np.asarray(weights / weights.sum())


def _weights(sizes: Ints, kind: IrsWeights) -> Floats:
    return sizes.astype(np.float64) if kind == "frequency" else np.ones(len(sizes))


def _taken(codes: Floats, rows: Ints) -> Floats:
    """Return some rows of (d, n): (d, rows)."""
    return np.take(codes, rows, axis=1)


def _without(codes: Floats, held: list[Held], fold: Ints, q: float, kind: IrsWeights) -> Floats:
    """Return the score without each fold in turn, (FOLDS,)."""
    all_rows = Held(np.arange(codes.shape[1]), np.zeros(1, dtype=np.int64))
    farthest = _strays_without(codes, all_rows, fold, kind)
    strays, at_all = [], []
    for h in held:
        strays.append(
            _strays_without(codes, h, fold, kind)
            if q == 1
            else _quantiles_without(codes, h, fold, q, kind)
        )
        one = Held(h.rows, all_rows.starts)
        whole = len(h.rows) == codes.shape[1]
        at_all.append(farthest if whole else _strays_without(codes, one, fold, kind))
    return _total(np.stack(strays, axis=1), np.stack(at_all, axis=1), farthest)


def _strays_without(codes: Floats, held: Held, fold: Ints, kind: IrsWeights) -> Floats:
    """Return the mean over values of the farthest deviation, without each fold; (FOLDS, d).

    Cells of one value and one fold are enough: without a cell, the extremes of its value are the
    next cell's where they were its own.
    """
    values = len(held.starts)
    cell = np.repeat(np.arange(values), held.sizes) * FOLDS + fold[held.rows]
    # Small whole numbers are sorted by their digits, which is much faster.
    order = np.argsort(cell.astype(np.min_scalar_type(values * FOLDS)), kind="stable")
    cell = cell[order]
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    of_fold, of_value = cell[starts] % FOLDS, cell[starts] // FOLDS
    first = np.flatnonzero(np.diff(of_value, prepend=-1))
    x = _taken(codes, held.rows[order])
    size, total = np.diff(starts, append=x.shape[1]), np.add.reduceat(x, starts, axis=1)
    left = held.sizes[of_value] - size
    mean = (np.add.reduceat(total, first, axis=1)[:, of_value] - total) / np.maximum(left, 1)
    top = _next_best(np.maximum.reduceat(x, starts, axis=1), first, of_value)
    bottom = -_next_best(-np.minimum.reduceat(x, starts, axis=1), first, of_value)
    stray = np.where(left > 0, np.maximum(top - mean, mean - bottom), 0)
    # Where a value loses no row it stays as it is; where it loses all, it is gone.
    weight = _weights(held.sizes, kind)
    weighted = _stray(x, held.starts, 1) * weight
    changed = np.where(left > 0, _weights(left, kind), 0)
    gain = csr_array(
        (np.ones(len(starts)), (of_fold, np.arange(len(starts)))), shape=(FOLDS, len(starts))
    )
    sums = gain @ (stray * changed - weighted[:, of_value]).T + weighted.sum(axis=1)
    mass = gain @ (changed - weight[of_value]) + weight.sum()
    return np.asarray(sums / mass[:, None])


def _quantiles_without(codes: Floats, held: Held, fold: Ints, q: float, kind: IrsWeights) -> Floats:
    """Return the mean over values of the quantile without each fold; (FOLDS, d)."""
    x, own = _taken(codes, held.rows), fold[held.rows]
    sums, mass = np.zeros((FOLDS, len(x))), np.zeros(FOLDS)
    for start, size in zip(held.starts, held.sizes, strict=True):
        y, f = x[:, start : start + size], own[start : start + size]
        member = (f[:, None] == np.arange(FOLDS)).astype(np.float64)
        left = size - np.bincount(f, minlength=FOLDS)
        mean = (y.sum(axis=1) - (y @ member).T) / np.maximum(left, 1)[:, None]
        weight = np.where(left > 0, _weights(left, kind), 0)
        sums += weight[:, None] * _quantile_without(y, f, mean, left, q)
        mass += weight
    return np.asarray(sums / np.maximum(mass, 1e-300)[:, None])


def _quantile_without(x: Floats, fold: Ints, mean: Floats, left: Ints, q: float) -> Floats:
    """Return the quantile of one value's rows (d, m) around their means (FOLDS, d), fold by fold.

    ``left`` (FOLDS,): rows without each fold. The largest deviations are those of rows far up or
    down, wherever the mean is: a few more of these than are asked for do for all folds.
    """
    m, number = x.shape[1], np.arange(FOLDS)
    place = q * np.maximum(left - 1, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(left - 1, 0))
    most = int((left - low).max())
    kept, f = 2 * most + SPARE, np.broadcast_to(fold, x.shape)
    if 2 * kept < m:
        ranked = np.partition(x, (kept - 1, m - kept), axis=1)
        ends = (x <= ranked[:, [kept - 1]]) | (x >= ranked[:, [m - kept]])
        # Where values are tied there are more.
        if np.count_nonzero(ends) == 2 * kept * len(x):
            at = np.nonzero(ends)[1].reshape(len(x), -1)
            lost = (fold[at][..., None] == number).sum(axis=1).max()
            if lost <= kept - most:
                x, f = np.take_along_axis(x, at, axis=1), fold[at]
    deviation = np.abs(x - mean[:, :, None])
    deviation[f == number[:, None, None]] = -1
    deviation.sort(axis=2)
    # Counted from the largest, since what is left out stands first.
    lower, upper = (deviation[number, :, rank - left] for rank in (low, high))
    return np.asarray(lower + (upper - lower) * (place - low)[:, None])


def _next_best(top: Floats, first: Ints, of_value: Ints) -> Floats:
    """Return the largest of each value's other cells, (d, cells); where there are none, its own."""
    best = np.maximum.reduceat(top, first, axis=1)[:, of_value]
    is_best = top == best
    ties = np.add.reduceat(is_best, first, axis=1, dtype=np.int64)[:, of_value]
    others = np.where(is_best, -np.inf, top)
    second = np.maximum.reduceat(others, first, axis=1)[:, of_value]
    other = np.where(is_best & (ties == 1), second, best)
    return np.asarray(np.where(np.isfinite(other), other, best))
