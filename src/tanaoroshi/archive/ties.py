"""Ties: how strongly every two attributes go together in the collection."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.stats import pearson3, skew
from scipy.stats import t as student

from tanaoroshi.archive.moments import MEASURE, ORDER, Column, column_of, rising, strength
from tanaoroshi.records.attributes import Ints
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.stocktake import Tie
from tanaoroshi.stats.multiple_tests import benjamini_hochberg
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Attributes, Floats
    from tanaoroshi.records.progress import Progress

    Bools = NDArray[np.bool_]

LEVEL = 0.95
PERMUTATIONS = 199
BLOCKS = 60
"""Parts that the jackknife leaves out one by one: whole groups, dealt out at random."""
LEAST_GROUPS = 8
"""Of fewer independent images where both are known, no tie is told."""
FAR = 0.1
"""Below this, a p-value is read off a curve through the permutations, not counted."""


def find_ties(
    attributes: Attributes, *, rng: np.random.Generator, progress: Progress | None = None
) -> tuple[Tie, ...]:
    """Measure and test the tie of every two attributes.

    Parameters
    ----------
    attributes
        n rows; text is left aside, and so is what has a single value.
    rng
        Source of chance: permutations, blocks of the jackknife.
    progress
        Told after each permutation.

    Returns
    -------
    One tie for each pair that has a strength, in the order of the columns. The strength is the
    root of :func:`~tanaoroshi.archive.moments.strength`, 0 to 1; 1 with the measure ``function``
    where one of the two decides the other in all images. Intervals: jackknife over blocks of
    groups on the squared scale. ``p_adjusted``: deals of whole groups, shared by all pairs,
    false discovery rate over all pairs.

    References
    ----------
    J. Shao, C. F. J. Wu, A General Theory for Jackknife Variance Estimation, Ann. Stat. 17, 1989;
    J. Josse, J. Pagès, F. Husson, Testing the significance of the RV coefficient, CSDA 53, 2008
    (Pearson's type III curve for permutations); Benjamini, Hochberg 1995.
    """
    specs = [spec for spec in attributes.specs if spec.kind != "text"]
    columns = [column_of(attributes.column(spec.name), spec.kind) for spec in specs]
    index = group_index(len(attributes), attributes.group)
    if len(specs) < 2:
        return ()
    sums = _Sums(columns)
    pairs = [
        _Pair(*sorted(pair, key=lambda i: ORDER.index(columns[i].form)))
        for pair in combinations(range(len(specs)), 2)
        if _enough(sums.known[pair[0]] & sums.known[pair[1]], index)
    ]
    if not pairs:
        return ()
    blocks = sums.of_blocks(_blocks(index, rng))
    whole = blocks.sum(axis=0)
    null = _null(sums, pairs, attributes.group, rng, progress)
    ties, p = [], []
    for pair, drawn in zip(pairs, null.T, strict=True):
        told = _estimate(sums, pair, whole, blocks, drawn, index)
        if told is None:
            continue
        a, b = sorted((pair.a, pair.b))
        p.append(_p_value(told.squared, drawn))
        ties.append((specs[a], specs[b], told))
    adjusted = benjamini_hochberg(np.array(p)) if p else ()
    found = (
        Tie(a.name, b.name, told.measure, told.estimate, float(q), told.sign)
        for (a, b, told), q in zip(ties, adjusted, strict=True)
    )
    return tuple(sorted(found, key=lambda tie: -tie.estimate.value))


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two columns, in the order that ``strength`` expects."""

    a: int
    b: int


@dataclass(frozen=True, slots=True)
class _Told:
    measure: str
    estimate: Estimate
    squared: float
    sign: int


class _Sums:
    """What is known of all columns, their products, and where each pair's lie.

    The columns lie in the order of their forms, so that the second of a pair lies behind the first.
    Two columns of classes are counted rather than multiplied: the same numbers, much sooner.
    """

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns
        self.known = [_known(column) for column in columns]
        self.labels = [_labels(*one) for one in zip(columns, self.known, strict=True)]
        order = sorted(range(len(columns)), key=lambda i: ORDER.index(columns[i].form))
        self.table = np.hstack([columns[i].table for i in order])
        ends = np.cumsum([columns[i].table.shape[1] for i in order]).tolist()
        starts = [0, *ends[:-1]]
        places = {i: slice(*ends_of) for i, *ends_of in zip(order, starts, ends, strict=True)}
        self.places = [places[i] for i in range(len(columns))]
        self.classes = [
            (places[i], self.labels[i].label) for i in order if columns[i].form == "classes"
        ]
        self.first_number = self.classes[-1][0].stop if self.classes else 0
        # Most cells are 0: a row has one class of each attribute.
        self.indicators = csr_array(self.table[:, : self.first_number]).T.tocsr()
        self.numbers = np.ascontiguousarray(self.table[:, self.first_number :])

    def of_blocks(self, block: Ints) -> Floats:
        """Return the products of each block's rows, float (blocks, q, q)."""
        parts = [self.table[block == k] for k in range(int(block.max()) + 1)]
        return np.stack([part.T @ part for part in parts])

    def permuted(self, order: Ints) -> Floats:
        """Return the products with the second of each pair in another order, float (q, q).

        Those of other pairs, most of them, are left at 0.
        """
        q, first = self.table.shape[1], self.first_number
        out = np.zeros((q, q))
        numbers = self.numbers[order]
        out[:first, first:] = self.indicators @ numbers
        out[first:, first:] = self.numbers.T @ numbers
        dealt = [codes[order] for _, codes in self.classes]
        for i, (rows, codes) in enumerate(self.classes):
            for (columns, _), other in zip(self.classes[i + 1 :], dealt[i + 1 :], strict=True):
                out[rows, columns] = _table(codes, other, out[rows, columns].shape)
        return out

    def squared(self, pair: _Pair, sums: Floats) -> Floats:
        """Return the squared strength of a pair, sums float (draws, q, q)."""
        part = sums[:, self.places[pair.a], self.places[pair.b]]
        return strength(self.columns[pair.a].form, self.columns[pair.b].form, part)


def _table(a: Ints, b: Ints, shape: tuple[int, ...]) -> Floats:
    """Count the pairs of classes; -1: unknown."""
    wide = shape[1] + 1
    counts = np.bincount((a + 1) * wide + (b + 1), minlength=(shape[0] + 1) * wide)
    return counts.reshape(-1, wide)[1:, 1:].astype(np.float64)


def _enough(known: Bools, index: Ints) -> bool:
    return int(np.count_nonzero(np.bincount(index[known]))) >= LEAST_GROUPS


def _known(column: Column) -> Bools:
    if column.form == "classes":
        return np.asarray(column.table.any(axis=1))
    return np.asarray(column.table[:, 0] > 0)


def _blocks(index: Ints, rng: np.random.Generator) -> Ints:
    """Deal groups out to blocks, the largest first, so that blocks have about one size."""
    sizes = np.bincount(index)
    count = min(BLOCKS, len(sizes))
    order = np.lexsort((rng.random(len(sizes)), -sizes))
    block = np.empty(len(sizes), dtype=np.int64)
    block[order] = np.arange(len(sizes)) % count
    return block[index]


def dealt_rows(n: int, group: Ints | None, *, rng: np.random.Generator) -> Ints:
    """Return for each row another row, so that each group takes its values from one other group.

    The partner's rows are shuffled, and repeated or cut to the size of the group: the dependence
    within groups, and with it the spread of any statistic, stays as it is. Unlike
    :func:`~tanaoroshi.stats.resample.permuted_rows` this does not hold the size of groups fixed:
    that an attribute belongs to large groups (only people come in skin tones) is itself a tie.

    Parameters
    ----------
    n, group
        Number of rows; int64 (n,), or ``None`` when each row stands alone.

    Returns
    -------
    int64 (n,); a permutation where rows stand alone.
    """
    if group is None:
        return rng.permutation(n)
    index = group_index(n, group)
    order = np.lexsort((rng.random(n), index))
    sizes = np.bincount(index)
    starts = np.cumsum(sizes) - sizes
    partner = rng.permutation(len(sizes))[index[order]]
    within = np.arange(n) - starts[index[order]]
    dealt = np.empty(n, dtype=np.int64)
    dealt[order] = order[starts[partner] + within % sizes[partner]]
    return dealt


def _null(
    sums: _Sums,
    pairs: list[_Pair],
    group: Ints | None,
    rng: np.random.Generator,
    progress: Progress | None,
) -> Floats:
    """Return the squared strengths under permutations, float (permutations, pairs)."""
    n, chunk = len(sums.table), 20
    found = []
    for at in range(0, PERMUTATIONS, chunk):
        count = min(chunk, PERMUTATIONS - at)
        drawn = np.stack([sums.permuted(dealt_rows(n, group, rng=rng)) for _ in range(count)])
        found.append(np.stack([sums.squared(pair, drawn) for pair in pairs], axis=1))
        if progress is not None:
            progress(at + count, PERMUTATIONS, "ties")
    return np.concatenate(found)


def _estimate(
    sums: _Sums, pair: _Pair, whole: Floats, blocks: Floats, drawn: Floats, index: Ints
) -> _Told | None:
    a, b = sums.columns[pair.a], sums.columns[pair.b]
    squared = float(sums.squared(pair, whole[None])[0])
    left_out = sums.squared(pair, whole - blocks)
    left_out = left_out[np.isfinite(left_out)]
    chance = drawn[np.isfinite(drawn)]
    if not np.isfinite(squared) or len(left_out) < 2 or not len(chance):
        return None
    count = len(left_out)
    spread = np.sqrt((count - 1) / count * np.sum((left_out - left_out.mean()) ** 2))
    half = float(student.ppf((1 + LEVEL) / 2, count - 1)) * float(spread)
    value, low, high = (
        float(np.sqrt(np.clip(x, 0, 1))) for x in (squared, squared - half, squared + half)
    )
    measure = MEASURE[a.form, b.form]
    n = int((sums.known[pair.a] & sums.known[pair.b]).sum())
    by_chance = float(np.sqrt(np.maximum(chance, 0)).mean())
    method = f"{measure}, jackknife over {count} blocks of groups"
    sign = 0
    if measure == "spearman":
        sign = 1 if rising(whole[sums.places[pair.a], sums.places[pair.b]]) else -1
    first, second = sums.labels[pair.a], sums.labels[pair.b]
    if _decides(first, second, index) or _decides(second, first, index):
        measure, value, low, high = "function", 1.0, 1.0, 1.0
        method = f"one decides the other in all images; {method}"
    return _Told(measure, Estimate(value, low, high, by_chance, n, method, LEVEL), squared, sign)


def _decides(a: _Labels, b: _Labels, index: Ints) -> bool:
    """Whether each value of a goes with a single value of b, and that is no accident.

    Counted on values that several independent images show; most images must have such a value.
    """
    rows = a.order[(a.label >= 0)[a.order] & (b.label >= 0)[a.order]]
    first, second = a.label[rows], b.label[rows]
    if not len(rows) or (second == second[0]).all():
        return False
    if ((first[1:] == first[:-1]) & (second[1:] != second[:-1])).any():
        return False
    shown = np.unique(np.column_stack([first, index[rows]]), axis=0)[:, 0]
    often = np.flatnonzero(np.bincount(shown) > 1)
    return bool(np.isin(first, often).mean() > 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class _Labels:
    """The value of each row as a number, int64 (n,), -1 unknown; ``order`` sorts the rows by it."""

    label: Ints
    order: Ints


def _labels(column: Column, known: Bools) -> _Labels:
    """Return the number of each value; an angle has none and counts as unknown."""
    label = np.full(len(known), -1, dtype=np.int64)
    if not known.any():
        return _Labels(label, np.arange(len(known)))
    if column.form == "classes":
        label[known] = column.table[known].argmax(axis=1)
    elif column.form == "ranks":
        label[known] = np.unique(column.table[known, 1], return_inverse=True)[1]
    return _Labels(label, np.argsort(label, kind="stable"))


def _p_value(squared: float, drawn: Floats) -> float:
    """Return the chance of at least such a strength among unrelated attributes.

    Counted among the permutations; where these are too few to tell how small it is, read off the
    Pearson type III curve with their mean, variance and skewness.
    """
    drawn = drawn[np.isfinite(drawn)]
    counted = float((1 + np.sum(drawn >= squared - 1e-12)) / (1 + len(drawn)))
    spread = float(drawn.std())
    if counted >= FAR or spread <= 1e-12:
        return counted
    bend = max(float(skew(drawn)), 1e-3)
    curve = float(pearson3.sf((squared - drawn.mean()) / spread, bend))
    return float(np.clip(curve, 1e-12, counted))
