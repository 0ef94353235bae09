"""Quantiles of columns that come in chunks, in bounded memory, with a bound that always holds.

Rows are collected into blocks; a full block is sorted and every sixteenth value kept, which then
stands for sixteen rows. Two such buffers of like weight are merged and every second value of both
is kept, first or second of each pair in turn, with twice the weight; and so on, like the digits of
a binary counter (Munro & Paterson 1980; Manku, Rajagopalan & Lindsay 1998). Nothing is drawn at
random. Each step moves a rank by a known number of rows at most, up or down, and the sketch adds
these up: the bound of :func:`rank_error` is counted, not estimated.

Two sketches merge into one of all their rows; the bounds add up as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.records.attributes import Floats
from tanaoroshi.stats.cuts import width_edges
from tanaoroshi.stats.discretize import Reals

if TYPE_CHECKING:
    from tanaoroshi.stats.discretize import How

SIZE = 16_384
# One in so many values of a sorted block is kept.
FIRST = 16


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """What is kept of the rows seen so far; made by :func:`start`.

    Attributes
    ----------
    dimensions
        Number of columns.
    size
        Values kept in a buffer.
    rows
        Rows seen.
    low, high
        float64 (d,): extremes of each column, exact.
    fresh
        Rows that fill no block yet, float (any, d) each.
    levels
        Sorted values (d, size) of weight ``FIRST``, twice, four times that, ...; ``None``: empty.
    turns
        Which of each pair the next merger of a level keeps: 0 first, 1 second.
    above, below
        By how many rows a rank can have been moved up and down.
    """

    dimensions: int
    size: int
    rows: int
    low: Floats
    high: Floats
    fresh: tuple[Reals, ...] = ()
    levels: tuple[Reals | None, ...] = ()
    turns: tuple[int, ...] = ()
    above: int = 0
    below: int = 0


def start(dimensions: int, *, size: int = SIZE) -> Sketch:
    """Make an empty sketch.

    Parameters
    ----------
    dimensions
        Number of columns.
    size
        Values kept in a buffer. The bound of the ranks' error falls with it: of 100 million rows it
        is 0.02 % of the rows with the default; the memory is at most
        ``(16 + log2(rows / size)) * size * dimensions`` numbers.
    """
    if dimensions < 1 or size < 2:
        raise InputError("A sketch needs at least one dimension, and buffers of at least 2 values")
    return Sketch(dimensions, size, 0, np.full(dimensions, np.inf), np.full(dimensions, -np.inf))


def update(sketch: Sketch, codes: Reals) -> Sketch:
    """Add rows, float (n, d), finite.

    Raises
    ------
    InputError
        When the columns are not those of the sketch, or a number is not finite.
    """
    codes = np.asarray(codes)
    if codes.dtype.kind != "f":
        codes = codes.astype(np.float64)
    if codes.ndim != 2 or codes.shape[1] != sketch.dimensions:
        raise InputError("each chunk must have {d} columns", d=sketch.dimensions)
    if not len(codes):
        return sketch
    low, high = codes.min(axis=0), codes.max(axis=0)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise InputError("A chunk holds numbers that are not finite: leave such images out")
    seen = replace(
        sketch,
        rows=sketch.rows + len(codes),
        low=np.minimum(sketch.low, low),
        high=np.maximum(sketch.high, high),
    )
    return _take_in(seen, codes)


def merge(a: Sketch, b: Sketch) -> Sketch:
    """Return the sketch of all rows of both.

    Raises
    ------
    InputError
        When they have not the same columns and size.
    """
    if (a.dimensions, a.size) != (b.dimensions, b.size):
        raise InputError("Sketches can be merged when they have the same dimensions and size")
    merged = replace(
        a,
        rows=a.rows + b.rows,
        low=np.minimum(a.low, b.low),
        high=np.maximum(a.high, b.high),
        above=a.above + b.above,
        below=a.below + b.below,
    )
    for h, buffer in enumerate(b.levels):
        if buffer is not None:
            merged = _push(merged, buffer, h)
    for rows in b.fresh:
        merged = _take_in(merged, rows)
    return merged


def edges(sketch: Sketch, bins: int = 20, *, how: How = "quantile") -> tuple[Floats, ...]:
    """Return inner edges of each dimension's bins.

    Parameters
    ----------
    sketch
        With at least one row.
    bins
        Number of bins.
    how
        ``quantile``: equal counts, each cut within :func:`rank_error` of its place. ``width``:
        equal width between the extremes, exact.

    Returns
    -------
    One float64 array for each dimension, rising, fewer than ``bins`` long; a value's class is how
    many edges it has reached. A value that many rows have is never parted: it stands where the
    middle of its ranks falls.
    """
    if how == "width":
        return width_edges(sketch.low, sketch.high, bins)
    values, weights = _kept(sketch)
    return tuple(_cuts(column, weights, bins) for column in values)


def rank_error(sketch: Sketch) -> float:
    """Return the bound: the share of rows that can lie on the wrong side of an edge.

    Where values are distinct, an edge that should have r rows below it has r ± this share of all.
    """
    if not sketch.rows:
        return 0.0
    heaviest = FIRST << (len(sketch.levels) - 1) if sketch.levels else 1
    return (max(sketch.above, sketch.below) + heaviest / 2) / sketch.rows


def _take_in(sketch: Sketch, codes: Reals) -> Sketch:
    """Put rows to the fresh ones, and turn full blocks into buffers."""
    block = FIRST * sketch.size
    waiting = sum(len(rows) for rows in sketch.fresh)
    begin = 0
    while waiting + len(codes) - begin >= block:
        end = begin + block - waiting
        rows = [*sketch.fresh, codes[begin:end]]
        columns = np.concatenate([part.T for part in rows], axis=1)
        columns.sort(axis=1)
        sketch = _push(replace(sketch, fresh=()), columns[:, FIRST // 2 - 1 :: FIRST].copy(), 0)
        # A kept value stands for those up to half a step before and behind it.
        sketch = replace(sketch, above=sketch.above + FIRST // 2, below=sketch.below + FIRST // 2)
        begin, waiting = end, 0
    rest = codes[begin:]
    # A copy: the caller may use his array again.
    return replace(sketch, fresh=(*sketch.fresh, rest.copy())) if len(rest) else sketch


def _push(sketch: Sketch, buffer: Reals, h: int) -> Sketch:
    """Add a buffer at a level; two of one level become one of the next."""
    missing = max(h + 1 - len(sketch.levels), 0)
    levels = [*sketch.levels, *(None,) * missing]
    turns = [*sketch.turns, *(0,) * missing]
    above, below = sketch.above, sketch.below
    while (other := levels[h]) is not None:
        both = np.concatenate([other, buffer], axis=1)
        both.sort(axis=1)
        buffer = both[:, turns[h] :: 2].copy()
        above += (FIRST << h) * (turns[h] == 0)
        below += (FIRST << h) * (turns[h] == 1)
        turns[h] = 1 - turns[h]
        levels[h] = None
        h += 1
        if h == len(levels):
            levels.append(None)
            turns.append(0)
    levels[h] = buffer
    return replace(sketch, levels=tuple(levels), turns=tuple(turns), above=above, below=below)


def _kept(sketch: Sketch) -> tuple[Floats, Floats]:
    """Return all values (d, any) and how many rows each stands for (any,)."""
    values = [rows.T.astype(np.float64) for rows in sketch.fresh]
    weights = [np.ones(len(rows)) for rows in sketch.fresh]
    for h, buffer in enumerate(sketch.levels):
        if buffer is not None:
            values.append(buffer.astype(np.float64))
            weights.append(np.full(sketch.size, float(FIRST << h)))
    if not values:
        raise InputError("The sketch has seen no rows yet")
    return np.concatenate(values, axis=1), np.concatenate(weights)


def _cuts(values: Floats, weights: Floats, bins: int) -> Floats:
    """Cut at the least value whose middle rank has reached each place."""
    levels, place = np.unique(values, return_inverse=True)
    weight = np.bincount(place, weights)
    middle = np.cumsum(weight) - weight / 2
    at = np.searchsorted(middle, weights.sum() * np.arange(1, bins) / bins, side="left")
    return np.asarray(levels[np.unique(at[(at > 0) & (at < len(levels))])])
