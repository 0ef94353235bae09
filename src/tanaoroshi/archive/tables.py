"""Tables of counts of classes, and whether one attribute decides another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.archive.classes import Classed
    from tanaoroshi.records.attributes import Floats, Ints


def pair_table(a: Classed, b: Classed, *, order: Ints | None = None) -> Floats:
    """Count the images of every two values, float64 (classes of a, classes of b).

    ``order``: int64 (n,): the second of each pair is taken from this row; ``None``: from its own.
    """
    m = len(b.counts)
    # One line and one column more for what is missing (-1).
    second = b.codes if order is None else b.codes[order]
    cell = (a.codes + 1) * (m + 1) + second + 1
    table = np.bincount(cell, minlength=(len(a.counts) + 1) * (m + 1))
    return table.reshape(len(a.counts) + 1, m + 1)[1:, 1:].astype(np.float64)


def surplus(table: Floats) -> tuple[Floats, Floats]:
    """Return how far each count lies above what unrelated attributes would give, in its roots.

    Parameters
    ----------
    table
        float (r, c) of counts.

    Returns
    -------
    ``(observed - expected) / sqrt(expected)`` and ``expected``, both float64 (r, c).
    """
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(float(table.sum()), 1)
    return (table - expected) / np.sqrt(np.maximum(expected, 1e-9)), expected


def decides(a: Classed, b: Classed, table: Floats) -> int:
    """Say whether one of two attributes is a function of the other.

    Parameters
    ----------
    a, b
        The attributes.
    table
        Of both, as :func:`pair_table` counts it.

    Returns
    -------
    1 where a decides b, -1 where b decides a, 0 otherwise: each value goes with a single value of
    the other in all images, most images have a value that several groups show, and the other
    takes at least two values.
    """
    for way, counts, shown in ((1, table, a.shown), (-1, table.T, b.shown)):
        of_value = counts.sum(axis=1)
        single = ((counts > 0).sum(axis=1) <= 1).all()
        often = of_value[shown > 1].sum() > 0.5 * of_value.sum()
        if single and often and (counts.sum(axis=0) > 0).sum() > 1:
            return way
    return 0


def frequent(one: Classed, levels: int) -> Ints:
    """Return the so many most frequent classes, in rising order; those that occur."""
    order = np.argsort(-one.counts, kind="stable")[:levels]
    return np.sort(order[one.counts[order] > 0])


def kept_table(members: Sequence[Classed], kept: Sequence[Ints]) -> tuple[Floats, Ints]:
    """Count the images of every combination of some values.

    Returns
    -------
    float64 (values of the first, of the second, ...), and int64 (m,), the rows that were counted.

    Notes
    -----
    Leaving out the images of rarer values changes no odds ratio among the others, so that a table
    without a three-way interaction stays one. (Pooling them would not.)
    """
    cell, rows = _cells(members, kept)
    shape = [len(values) for values in kept]
    table = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)
    return table.astype(np.float64), rows


def tables_without(members: Sequence[Classed], kept: Sequence[Ints], block: Ints) -> Floats:
    """Count as :func:`kept_table` does without each block, and last of all rows.

    Parameters
    ----------
    members, kept
        Attributes, and the values of each that are counted.
    block
        int64 (n,), the block of each row.

    Returns
    -------
    float64 (blocks + 1, ...).
    """
    cell, rows = _cells(members, kept)
    shape = [len(values) for values in kept]
    blocks, size = int(block.max()) + 1, int(np.prod(shape))
    counted = np.bincount(block[rows] * size + cell, minlength=blocks * size)
    parts = counted.reshape(blocks, *shape).astype(np.float64)
    whole = parts.sum(axis=0, keepdims=True)
    return np.concatenate([whole - parts, whole])


def _cells(members: Sequence[Classed], kept: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Return the combination of each row whose values are all among those kept, and these rows."""
    n = len(members[0].codes)
    cell, inside = np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool)
    for one, values in zip(members, kept, strict=True):
        place = np.full(len(one.counts) + 1, -1, dtype=np.int64)
        place[values] = np.arange(len(values))
        mine = place[one.codes]  # -1, missing, finds the last place: -1 again
        inside &= mine >= 0
        cell = cell * len(values) + mine
    rows = np.flatnonzero(inside)
    return cell[rows], rows
