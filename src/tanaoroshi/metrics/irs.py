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
from tanaoroshi.stats.discretize import discretize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from tanaoroshi.records.attributes import Kind
    from tanaoroshi.records.estimates import Measured

    Mask = NDArray[np.bool_]

IrsWeights = Literal["frequency", "equal"]

# Folds of whole groups for the jackknife.
FOLDS = 20
# Orders for the chance level: it varies little from one to the next.
ORDERS = 10
# Rows × dimensions × attributes from which fewer orders and folds have to do.
DEAR = 5_000_000
FEW_FOLDS = 10
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
    # Rows in one piece: picked columns would lie side by side, and rows be slow to take.
    codes = np.ascontiguousarray(asked.codes[:, varies])
    codes -= codes.mean(axis=0)
    held = [_held(column) for column in _classes(asked).T]
    value = _score(codes, held, q, kind)
    null = [_score(codes, _moved(held, order), q, kind) for order in _orders(asked)]
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


def _orders(asked: Question) -> tuple[Ints, ...]:
    few = DEAR // (len(asked.codes) * asked.codes.shape[1] * len(asked.usable))
    return asked.orders[: min(ORDERS, max(2, few))]


def _moved(held: list[Held], order: Ints) -> list[Held]:
    """Return the same with the attributes' rows in another order."""
    back = np.argsort(order)
    return [Held(back[h.rows], h.starts) for h in held]


def _jackknifed(
    asked: Question, codes: Floats, held: list[Held], q: float, kind: IrsWeights
) -> Floats:
    """Return the score without each fold of whole groups in turn."""
    fold = asked.batches % FOLDS
    if q < 1:
        if codes.size * len(held) > DEAR:
            fold %= FEW_FOLDS
        kept = [fold != f for f in np.unique(fold)]
        return np.array([_score(codes, _within(held, k), q, kind, k) for k in kept])
    return _without(codes, held, fold, kind)[np.unique(fold)]


def _classes(asked: Question) -> Ints:
    if asked.convention == "paper":
        return asked.attribute_bins
    columns = [
        discretize(asked.values[:, a], "continuous", asked.bins, how="width") for a in asked.usable
    ]
    return np.stack(columns, axis=1)


def _held(classes: Ints) -> Held:
    order = np.argsort(classes, kind="stable")
    rows = order[np.searchsorted(classes[order], 0) :]
    return Held(rows, np.flatnonzero(np.diff(classes[rows], prepend=-1)))


def _within(held: list[Held], kept: Mask) -> list[Held]:
    """Leave out rows; values without rows are gone."""
    found = []
    for h in held:
        there = kept[h.rows]
        sizes = np.add.reduceat(there, h.starts, dtype=np.int64)
        sizes = sizes[sizes > 0]
        found.append(Held(h.rows[there], np.cumsum(sizes) - sizes))
    return found


def _score(
    codes: Floats, held: list[Held], q: float, kind: IrsWeights, kept: Mask | None = None
) -> float:
    """Return the score of centred codes; ``held`` has no rows but those ``kept``."""
    rows = np.arange(len(codes)) if kept is None else np.flatnonzero(kept)
    start = np.zeros(1, dtype=np.int64)
    farthest = _stray(_taken(codes, rows), start, 1)[:, 0]
    strays, at_all = [], []
    for h in held:
        x = _taken(codes, h.rows)
        strays.append(_stray(x, h.starts, q) @ _shares(h.sizes, kind))
        at_all.append(farthest if len(h.rows) == len(rows) else _stray(x, start, 1)[:, 0])
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
    deviation = np.abs(x - np.repeat(mean, sizes, axis=1))
    place = q * (sizes - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, sizes - 1)
    if len(starts) <= SEGMENTS:
        ends = np.empty((2, *mean.shape))
        for i, (start, size) in enumerate(zip(starts, sizes, strict=True)):
            ranked = np.partition(deviation[:, start : start + size], (low[i], high[i]), axis=1)
            ends[:, :, i] = ranked[:, low[i]], ranked[:, high[i]]
        return np.asarray(ends[0] + (ends[1] - ends[0]) * (place - low))
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
    """Return rows as columns, each dimension in one piece: (d, rows)."""
    return np.ascontiguousarray(np.take(codes, rows, axis=0).T)


def _without(codes: Floats, held: list[Held], fold: Ints, kind: IrsWeights) -> Floats:
    """Return the score without each fold in turn, (FOLDS,), for the farthest image."""
    all_rows = Held(np.arange(len(codes)), np.zeros(1, dtype=np.int64))
    farthest = _strays_without(codes, all_rows, fold, kind)
    strays, at_all = [], []
    for h in held:
        strays.append(_strays_without(codes, h, fold, kind))
        one = Held(h.rows, all_rows.starts)
        whole = len(h.rows) == len(codes)
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


def _next_best(top: Floats, first: Ints, of_value: Ints) -> Floats:
    """Return the largest of each value's other cells, (d, cells); where there are none, its own."""
    best = np.maximum.reduceat(top, first, axis=1)[:, of_value]
    is_best = top == best
    ties = np.add.reduceat(is_best, first, axis=1, dtype=np.int64)[:, of_value]
    others = np.where(is_best, -np.inf, top)
    second = np.maximum.reduceat(others, first, axis=1)[:, of_value]
    other = np.where(is_best & (ties == 1), second, best)
    return np.asarray(np.where(np.isfinite(other), other, best))
