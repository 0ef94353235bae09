"""Counting all dimensions against all attributes, several pairs in one pass.

One pass of :func:`numpy.bincount` over the rows costs about the same for a small table as for one
that still fits into the processor's cache. So several dimensions and several attributes are counted
together in one table of all their combinations, and what is asked for (each dimension against each
attribute) is added up from it afterwards. With 20 bins and attributes of 8 values a pass serves
four pairs at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tanaoroshi.records.attributes import Ints
    from tanaoroshi.stats.discretize import Classes

Combined = NDArray[np.integer[Any]]

# Cells of a common table: as many as fit into the second cache, and into a number of 16 bits.
CELLS = 1 << 16
# With fewer rows the common tables cost more than they save.
MANY = 1 << 14
# Rows that are counted at a time: they stay in the cache.
ROWS = 1 << 17


@dataclass(frozen=True, slots=True)
class Packing:
    """Which dimensions and which attributes are counted together.

    Attributes
    ----------
    bins
        Classes of a dimension.
    lines
        Classes of each attribute, one for missing values included.
    dimensions, attributes
        Groups of positions.
    """

    bins: int
    lines: tuple[int, ...]
    dimensions: tuple[tuple[int, ...], ...]
    attributes: tuple[tuple[int, ...], ...]


@cache
def packing(dimensions: int, bins: int, lines: tuple[int, ...]) -> Packing:
    """Choose groups so that few passes do, each with a table of at most ``CELLS`` cells."""
    choices = []
    for together in (1, 2, 3):
        room = CELLS // bins**together
        if together > 1 and room < max(lines, default=1):
            break
        places = range(dimensions)
        groups = tuple(tuple(places[j : j + together]) for j in range(0, dimensions, together))
        choices.append(Packing(bins, lines, groups, _filled(lines, room)))
    return min(choices, key=lambda p: len(p.dimensions) * len(p.attributes))


def count_pairs(cells: Classes, lines: Sequence[Classes], widths: Sequence[int], bins: int) -> Ints:
    """Count every dimension against every attribute, pair by pair.

    Parameters
    ----------
    cells
        uint (d, n): classes of the codes.
    lines
        Of each attribute, uint (n,): its classes; the last one is for missing values.
    widths
        Number of classes of each attribute, that one included.
    bins
        Number of classes of the codes.

    Returns
    -------
    int64 (sum of widths, d, bins).
    """
    total, d = sum(widths), len(cells)
    counts = np.zeros((total, d, bins), dtype=np.int64)
    if not len(lines):
        return counts
    starts = np.cumsum([0, *widths])[:-1]
    line = np.stack(
        [(part + start) * bins for part, start in zip(_wide(lines), starts, strict=True)]
    )
    for j, column in enumerate(_wide(cells)):
        index = (line + column).ravel()
        counts[:, j] = np.bincount(index, minlength=total * bins).reshape(total, bins)
    return counts


def count_together(cells: Classes, lines: Classes | Sequence[Classes], plan: Packing) -> list[Ints]:
    """Count groups of dimensions against groups of attributes; arrays as for count_pairs.

    Returns
    -------
    One table of all combinations for each group of attributes with each of dimensions.
    """
    return count_combined(*combined(cells, lines, plan), plan)


def combined(
    cells: Classes, lines: Classes | Sequence[Classes], plan: Packing
) -> tuple[list[Combined], list[Combined]]:
    """Give each row's combination of classes its number, for each group of a plan."""
    return (
        [_combined(cells, group, (plan.bins,) * len(group)) for group in plan.dimensions],
        [_combined(lines, g, tuple(plan.lines[a] for a in g)) for g in plan.attributes],
    )


def count_combined(
    codes: Sequence[Combined], attributes: Sequence[Combined], plan: Packing
) -> list[Ints]:
    """Count what :func:`combined` has numbered; as :func:`count_together`."""
    tables = []
    for attribute, group in zip(attributes, plan.attributes, strict=True):
        lines = math.prod(plan.lines[a] for a in group)
        for code, members in zip(codes, plan.dimensions, strict=True):
            span = plan.bins ** len(members)
            table = np.zeros(lines * span, dtype=np.int64)
            kind = np.uint16 if len(table) <= CELLS else np.int64
            for begin in range(0, len(code), ROWS):
                rows = slice(begin, begin + ROWS)
                index = np.multiply(attribute[rows], span, dtype=kind, casting="unsafe")
                np.add(index, code[rows], out=index, casting="unsafe")
                table += np.bincount(index, minlength=len(table))
            tables.append(table)
    return tables


def pairs_of(tables: Sequence[Ints], plan: Packing) -> Ints:
    """Add up common tables to what :func:`count_pairs` gives."""
    d = sum(len(group) for group in plan.dimensions)
    starts = np.cumsum([0, *plan.lines])
    counts = np.zeros((starts[-1], d, plan.bins), dtype=np.int64)
    rest = iter(tables)
    for group in plan.attributes:
        for members in plan.dimensions:
            shape = [plan.lines[a] for a in group] + [plan.bins] * len(members)
            table = next(rest).reshape(shape)
            axes = range(len(shape))
            for x, a in enumerate(group):
                of_attribute = table.sum(axis=tuple(i for i in axes[: len(group)] if i != x))
                for y, j in enumerate(members):
                    others = tuple(1 + i for i in range(len(members)) if i != y)
                    counts[starts[a] : starts[a + 1], j] = of_attribute.sum(axis=others)
    return counts


def _wide(classes: Classes | Sequence[Classes]) -> Iterator[Ints]:
    """Return classes as numbers that can be indices, one column after the other."""
    return (column.astype(np.int64) for column in classes)


def _filled(lines: Sequence[int], room: int) -> tuple[tuple[int, ...], ...]:
    """Put attributes into groups whose combinations are no more than ``room``, largest first."""
    groups: list[list[int]] = []
    sizes: list[int] = []
    for a in sorted(range(len(lines)), key=lambda a: -lines[a]):
        for i, size in enumerate(sizes):
            if size * lines[a] <= room:
                groups[i].append(a)
                sizes[i] *= lines[a]
                break
        else:
            groups.append([a])
            sizes.append(lines[a])
    return tuple(tuple(group) for group in groups)


def _combined(
    classes: Classes | Sequence[Classes], group: Sequence[int], widths: Sequence[int]
) -> Combined:
    """Return the number of each row's combination of the classes of a group."""
    kind = np.uint16 if int(np.prod(widths)) <= CELLS else np.int64
    index: Combined = classes[group[0]].astype(kind)
    for a, width in zip(group[1:], widths[1:], strict=True):
        np.multiply(index, width, out=index)
        np.add(index, classes[a], out=index, casting="unsafe")
    return index
