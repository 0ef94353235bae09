"""Fixed edges: where columns are cut into classes, however many rows are still to come.

:mod:`tanaoroshi.stats.discretize` sees all rows before it says where the cuts lie; here the cuts
are known first, so that rows may come in chunks. On the rows that the cuts were taken from both
give the same classes (tests hold them equal).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.records.attributes import Floats, Ints, Kind
from tanaoroshi.stats.discretize import COMPARED, TURN, Classes, How, Reals, discretize, reached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Arithmetic that is this share of a step in doubt finds no bins: comparisons do.
DOUBT = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Where an attribute is cut into classes.

    Attributes
    ----------
    kind
        Kind of the attribute.
    points
        float64 (m,), rising. Nominal and ordinal: the values, a class each. Continuous: the inner
        edges; a value's class is how many of them it has reached, so there are m + 1. Circular:
        the same, as angles from ``origin`` on. Text: none.
    origin
        Circular: where the first class begins, radians.
    """

    kind: Kind
    points: Floats
    origin: float = 0.0

    @property
    def classes(self) -> int:
        """Number of classes."""
        edges = self.kind in ("continuous", "circular")
        return 0 if self.kind == "text" else len(self.points) + edges

    def same(self, other: Cut) -> bool:
        """Whether both give the same classes."""
        alike = self.kind == other.kind and self.origin == other.origin
        return alike and np.array_equal(self.points, other.points)


def cut_of(values: Floats, kind: Kind, bins: int = 20, *, how: How = "quantile") -> Cut:
    """Take the cuts of one attribute from some of its values, or all.

    Parameters
    ----------
    values
        float (n,), NaN missing; circular in radians.
    kind, bins, how
        See :func:`tanaoroshi.stats.discretize.discretize`.

    Returns
    -------
    Cut; text has no classes, and counts as missing everywhere.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    if kind == "text":
        return Cut(kind, np.empty(0))
    if kind in ("nominal", "ordinal"):
        return Cut(kind, np.unique(known))
    if kind == "continuous":
        return Cut(kind, _inner_edges(known, bins, how))
    classes = discretize(known, kind, bins, how=how)
    angle = np.mod(known, TURN)
    round_trip = classes[np.argsort(angle)]
    begins = np.flatnonzero((round_trip == 0) & (np.roll(round_trip, 1) != 0))
    origin = float(np.sort(angle)[begins[0]]) if len(begins) else 0.0
    return Cut(kind, _first_of_each(np.mod(angle - origin, TURN), classes)[1:], origin)


def cuts_of(
    attributes: Floats, kinds: Sequence[Kind], bins: int = 20, *, how: How = "quantile"
) -> tuple[Cut, ...]:
    """Take the cuts of all attributes, float (n, k); see :func:`cut_of`."""
    table = np.asarray(attributes, dtype=np.float64)
    return tuple(cut_of(column, kind, bins, how=how) for column, kind in _paired(table, kinds))


def edges_of(codes: Reals, bins: int = 20, how: How = "quantile") -> tuple[Floats, ...]:
    """Take the inner edges of each dimension from some of the codes, or all.

    Parameters
    ----------
    codes
        float (n, d), finite.
    bins
        Number of bins, at least 1.
    how
        ``quantile`` (equal counts) or ``width`` (between the extremes).

    Returns
    -------
    One float64 array of inner edges for each dimension, rising, at most ``bins`` long; none where
    a dimension is constant. A value's class is how many of them it has reached: on the same rows
    the classes of :func:`tanaoroshi.stats.discretize.discretize_codes`, but that a bin without
    rows keeps its place.
    """
    return tuple(_inner_edges(column.astype(np.float64), bins, how) for column in codes.T)


def width_edges(low: Floats, high: Floats, bins: int = 20) -> tuple[Floats, ...]:
    """Return inner edges of bins of equal width between given extremes, float (d,) each."""
    return tuple(
        np.linspace(a, b, bins + 1)[1:-1] if a < b else np.empty(0)
        for a, b in zip(low, high, strict=True)
    )


def place(values: Reals | Ints, cut: Cut, name: str) -> Classes:
    """Put values of an attribute into the classes of its cut.

    Parameters
    ----------
    values
        (n,), NaN missing.
    cut
        Of that attribute.
    name
        Of the attribute, for the sentence when something is wrong.

    Returns
    -------
    Unsigned (n,): 0 to ``cut.classes - 1``, and ``cut.classes`` where missing.

    Raises
    ------
    InputError
        For a value that is none of the given classes, or infinite.
    """
    if cut.kind == "text":
        return np.zeros(len(values), dtype=np.uint8)
    if cut.kind in ("nominal", "ordinal"):
        return _positions(values, cut, name)
    missing = np.isnan(values)
    x = np.where(missing, 0, values).astype(np.float64)
    if not np.isfinite(x).all():
        raise InputError("An attribute holds infinite values: leave the cell empty instead")
    if cut.kind == "circular":
        x = np.mod(np.mod(x, TURN) - cut.origin, TURN)
    found = Grid((cut.points,)).place(x[None])[0].astype(_smallest(cut.classes))
    found[missing] = cut.classes
    return np.asarray(found)


@dataclass(frozen=True, eq=False)
class Grid:
    """Inner edges of all dimensions, ready to place columns of codes between them.

    Attributes
    ----------
    edges
        Of each dimension, float64, rising, of any length.
    """

    edges: tuple[Floats, ...]

    @cached_property
    def classes(self) -> int:
        """Most classes that a dimension has."""
        return 1 + max((len(e) for e in self.edges), default=0)

    @cached_property
    def padded(self) -> Floats:
        """Edges of all dimensions, float64 (d, classes - 1), infinite where there are fewer."""
        table = np.full((len(self.edges), self.classes - 1), np.inf)
        for line, edges in zip(table, self.edges, strict=True):
            line[: len(edges)] = edges
        return table

    @cached_property
    def single(self) -> NDArray[np.float32]:
        """The same for float32: the least such number that has reached the edge."""
        with np.errstate(over="ignore"):
            near = self.padded.astype(np.float32)
        return np.where(near < self.padded, np.nextafter(near, np.float32(np.inf)), near)

    @cached_property
    def steps(self) -> tuple[Floats, Floats, Floats] | None:
        """Low end, bins a unit, and rounding of evenly spaced edges, (d,); ``None``: uneven."""
        low, rate, off = np.zeros((3, len(self.edges)))
        for j, edges in enumerate(self.edges):
            if not len(edges):
                continue
            if len(edges) != self.classes - 1 or len(edges) < 2:
                return None
            step = (edges[-1] - edges[0]) / (len(edges) - 1)
            low[j], rate[j] = edges[0] - step, 1 / step
            off[j] = np.abs((edges - low[j]) * rate[j] - np.arange(1, len(edges) + 1)).max()
        return low, rate, off

    def place(self, columns: Reals) -> Classes:
        """Put columns of codes into bins.

        Parameters
        ----------
        columns
            float32 or float64 (d, n), finite; a row a dimension.

        Returns
        -------
        Unsigned (d, n): how many edges each value has reached, exact for either precision.
        """
        edges = self.single if columns.dtype == np.float32 else self.padded
        classes = _smallest(self.classes)
        if self.steps is not None:
            low, rate, off = self.steps
            ends = np.maximum(np.abs(low), np.abs(low + self.classes / np.maximum(rate, 1e-300)))
            slack = off + 8 * np.finfo(columns.dtype).eps * (ends * rate + self.classes)
            if slack.max(initial=0) < DOUBT:
                return _by_steps(columns, edges, (low, rate, slack), classes)
        if edges.shape[1] <= COMPARED:
            return reached(columns, edges, classes)
        found = np.empty(columns.shape, dtype=classes)
        for line, column, ends in zip(found, columns, edges, strict=True):
            line[:] = np.searchsorted(ends, column, side="right")
        return found


def _by_steps(
    columns: Reals, edges: Reals, steps: tuple[Floats, Floats, Floats], classes: np.dtype[Any]
) -> Classes:
    """Compute the bin; where rounding may have moved it, compare with the edges."""
    low, rate, slack = (x.astype(columns.dtype)[:, None] for x in steps)
    most = edges.shape[1] + 1
    # Whatever lies outside of the edges is in the first or last bin, without doubt.
    with np.errstate(over="ignore"):
        t = columns - low
        np.multiply(t, rate, out=t)
    np.clip(t, 0.5, most - 0.5, out=t)
    t -= slack
    found = t.astype(classes)
    t += 2 * slack
    doubtful = np.flatnonzero(found != t.astype(classes))
    if len(doubtful):
        j, i = np.divmod(doubtful, columns.shape[1])
        found[j, i] = (columns[j, i][:, None] >= edges[j]).sum(axis=1)
    return found


def _inner_edges(x: Floats, bins: int, how: How) -> Floats:
    if len(x) == 0 or x.min() == x.max():
        return np.empty(0)
    if how == "width":
        return np.asarray(np.histogram_bin_edges(x, bins)[1:-1])
    return _first_of_each(x, discretize(x, "continuous", bins, how=how))[1:]


def _first_of_each(x: Floats, classes: Ints) -> Floats:
    """Return the least value of each class."""
    least = np.full(classes.max(initial=-1) + 1, np.inf)
    np.minimum.at(least, classes, x)
    return least


def _positions(values: Reals | Ints, cut: Cut, name: str) -> Classes:
    """Return each value's place among the levels, and one more where it is missing."""
    levels, kind = cut.points, _smallest(cut.classes)
    some = values.dtype.kind == "f" and bool(np.isnan(values).any())
    missing = np.isnan(values) if some else np.zeros(len(values), dtype=bool)
    x = np.where(missing, levels[0] if len(levels) else 0, values) if some else values
    if not len(levels):
        wrong = ~missing
        found = np.zeros(len(x), dtype=kind)
    elif levels[-1] == len(levels) - 1 and np.array_equal(levels, np.arange(len(levels))):
        if x.min(initial=0) >= 0 and x.max(initial=0) <= levels[-1]:
            found = x.astype(kind)
            wrong = found != x
        else:
            wrong = (x < 0) | (x > levels[-1])
    else:
        found = np.minimum(np.searchsorted(levels, x), len(levels) - 1).astype(kind)
        wrong = levels[found] != x
    if wrong.any():
        raise InputError(
            "{attribute} has the value {value}, which is none of the values it was given",
            attribute=name,
            value=float(values[np.argmax(wrong)]),
        )
    if some:
        found[missing] = cut.classes
    return found


def _smallest(most: int) -> np.dtype[Any]:
    """Return the least unsigned type that holds a number."""
    return np.min_scalar_type(most)


def _paired(table: Floats, kinds: Sequence[Kind]) -> list[tuple[Floats, Kind]]:
    if table.ndim != 2 or table.shape[1] != len(kinds):
        raise InputError("attributes must be a table with one column for each of its kinds")
    return list(zip(table.T, kinds, strict=True))
