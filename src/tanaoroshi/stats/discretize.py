"""From numbers to classes, for tables of counts.

Nominal and ordinal values are classes already. Continuous ones are cut into bins of equal counts
(``quantile``) or of equal width (``width``). Circular ones are cut the same way on the circle: the
place of the first cut is chosen from the values, never at the seam, so that turning the zero
changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tanaoroshi.records.attributes import Floats, Ints, Kind

How = Literal["quantile", "width"]
Reals = NDArray[np.floating[Any]]
Classes = NDArray[np.unsignedinteger[Any]]

TURN = 2 * np.pi
# Gaps between angles that differ by less than rounding are equal.
SAME_GAP = 1e-9
# A gap so many times as wide as usual lies between clusters; where values are spread without gaps,
# none of a million is.
WIDE_GAP = 30
FEWEST_STEPS = 3
# With more edges than this a search in them beats one comparison with each.
COMPARED = 128
# Values that are compared at a time: they stay in the cache.
BLOCK = 1 << 16
# Larger whole numbers have no halves beside them.
WHOLE = 2.0**52
# Numbers that are turned on their side together, and rows of them at a time.
COPIED, ROWS = 1 << 22, 1 << 11


def discretize(values: Floats, kind: Kind, bins: int, *, how: How = "quantile") -> Ints:
    """Put one column into classes.

    Parameters
    ----------
    values
        float (n,); NaN = missing. Circular: radians.
    kind
        Nominal and ordinal values keep a class each, in rising order, whatever ``bins`` says.
    bins
        Number of bins for continuous and circular values, at least 1. Where there are no more
        distinct values than bins, each value is a class of its own.
    how
        ``quantile``: equal counts. Equal values are never parted, and a value stands where the
        middle of its ranks falls; so the classes stay the same under every rising or falling map
        of the values. A value that holds the median exactly on a cut is a class of its own,
        hence up to ``bins + 1`` classes. ``width``: equal width between the extremes.

    Returns
    -------
    int64 (n,): 0..m-1 without gaps, in rising order of the values; -1 where missing.

    Raises
    ------
    InputError
        For text, which is kept but not measured, and for infinite values.
    ValueError
        When ``bins`` is below 1.

    Notes
    -----
    Circular values: the first cut lies in the largest gap between neighbours (of gaps of one
    size, in the one farthest from the mean direction); from there on as above. By ``width`` the
    mean direction is the middle of an arc. Values spread so evenly that they have no mean
    direction leave the start to the zero of the scale.
    """
    if kind == "text":
        raise InputError(
            "An attribute of kind text cannot be measured: give it the kind nominal, ordinal, "
            "continuous or circular"
        )
    if bins < 1:
        msg = f"bins must be at least 1, got {bins}"
        raise ValueError(msg)
    x = np.ascontiguousarray(values, dtype=np.float64)
    missing = None
    if not np.isfinite(x).all():
        missing = np.isnan(x)
        x = x[~missing]
        if not np.isfinite(x).all():
            raise InputError("An attribute holds infinite values: leave the cell empty instead")
    found = _classes(x, kind, bins, how).astype(np.int64, copy=False)
    if missing is None:
        return found
    classes = np.full(len(values), -1, dtype=np.int64)
    classes[~missing] = found
    return classes


def discretize_codes(codes: Floats, bins: int, *, how: How = "quantile") -> Ints:
    """Put each dimension of the codes into classes, as :func:`discretize` does for continuous.

    Parameters
    ----------
    codes
        float (n, d), finite.
    bins
        Number of bins.
    how
        ``quantile`` (equal counts) or ``width`` (between each dimension's extremes).

    Returns
    -------
    int64 (n, d), classes 0..m_j-1 in each dimension.
    """
    return code_classes(codes, bins, how=how).T.astype(np.int64)


def code_classes(codes: Floats, bins: int, *, how: How = "quantile") -> Classes:
    """Return the same as unsigned (d, n) of few bytes: fast to count, too small to calculate with.

    Each dimension lies in one piece.
    """
    classes = np.empty(codes.shape[::-1], dtype=np.min_scalar_type(bins))
    for line, column in zip(classes, columns_of(codes), strict=True):
        line[:] = _classes(column, "continuous", bins, how)
    return classes


def columns_of(table: Floats) -> Iterator[Floats]:
    """Return the columns of (n, d), each in one piece; some are copied at a time, row by row."""
    n, d = table.shape
    together = max(1, COPIED // max(n, 1))
    for j in range(0, d, together):
        part = table[:, j : j + together]
        lines = np.empty(part.shape[::-1])
        for begin in range(0, n, ROWS):
            lines[:, begin : begin + ROWS] = part[begin : begin + ROWS].T
        yield from lines


def levels(x: Floats) -> Floats:
    """Return the distinct values in rising order, as :func:`numpy.unique`, of finite float (n,).

    Whole numbers that lie close together, which is usual for classes, are counted, not sorted.
    """
    low, high = x.min(initial=np.inf), x.max(initial=-np.inf)
    if 0 <= high - low <= len(x) and abs(low) < WHOLE:
        whole = (x - low).astype(np.int64)
        if (whole + low == x).all():
            return np.asarray(np.flatnonzero(np.bincount(whole)) + low)
    return np.unique(x)


def reached(columns: Reals, edges: Reals, classes: np.dtype[Any]) -> Classes:
    """Count the edges that each value has reached, float (d, n) and (d, m); unsigned (d, n).

    Comparing with one edge after the other, on columns in the cache, beats any search while there
    are no more than ``COMPARED``.
    """
    found = np.zeros(columns.shape, dtype=classes)
    over = np.empty(columns.shape, dtype=bool)
    for i in range(edges.shape[1]):
        np.greater_equal(columns, edges[:, i, None], out=over)
        np.add(found, over.view(np.uint8), out=found)
    return found


def _classes(x: Floats, kind: Kind, bins: int, how: How) -> Ints | Classes:
    """Put finite values of one kind into classes from 0, (n,)."""
    if not len(x):
        return np.empty(0, dtype=np.int64)
    if kind in ("nominal", "ordinal"):
        return _between(x, levels(x)[1:])
    if kind == "circular":
        x = _unroll(x, how)
    if how == "quantile":
        return _equal_counts(x, bins)
    return _equal_width(x, bins, (0.0, TURN) if kind == "circular" else None)


def _between(x: Floats, edges: Floats) -> Ints | Classes:
    """Return how many of rising edges each value has reached, (n,)."""
    if len(edges) > COMPARED:
        return np.searchsorted(edges, x, side="right")
    found = np.empty(len(x), dtype=np.uint8)
    for begin in range(0, len(x), BLOCK):
        here = slice(begin, begin + BLOCK)
        found[here] = reached(x[None, here], edges[None], found.dtype)[0]
    return found


def _equal_counts(x: Floats, bins: int) -> Ints | Classes:
    """Cut at ranks: the class of a value is where the middle of its ranks falls."""
    n, ranked = len(x), np.sort(x)
    begins = [0]
    while len(begins) <= bins and begins[-1] < n:
        begins.append(int(np.searchsorted(ranked, ranked[begins[-1]], side="right")))
    if begins[-1] == n:
        return _between(x, ranked[begins[1:-1]])
    cuts = _cuts(ranked, bins)

    def run(place: Ints) -> tuple[Ints, Ints]:
        """Find where the values that equal the one at a place begin and end."""
        value = ranked[place]
        return np.searchsorted(ranked, value), np.searchsorted(ranked, value, side="right")

    def level(place: Ints) -> Ints:
        # bins × (middle rank) in whole numbers, so that a value on a cut is known to lie on it: the
        # cuts are mirrored at the median; what lies on the median's cut belongs to neither side.
        middle = bins * np.add(*run(place))
        above = np.searchsorted(cuts, middle, side="right")
        on_cut = np.append(cuts, -1)[above - 1] == middle
        lower = np.where(2 * above < bins, 2, np.where(2 * above == bins, 1, 0))
        return np.asarray(2 * above - on_cut * lower)

    # A class begins with the first value whose middle has reached a cut, or with the next: the
    # value in whose ranks the cut falls, the one after it, or the one after that.
    here, after = run(np.minimum(cuts // (2 * bins), n - 1))
    last = run(np.minimum(after, n - 1))[1]
    first = np.unique(np.concatenate([here, after, last]))
    first = first[(first > 0) & (first < n)]
    return _between(x, ranked[first[level(first) > level(first - 1)]])


def _cuts(x: Floats, bins: int) -> Ints:
    """Place the cuts between sorted values, in units of 1 / (2 × bins) of a rank.

    A cut falls into a wide gap that lies within half a bin of it, so that clusters are not parted.
    """
    n = len(x)
    cuts = 2 * n * np.arange(1, bins)
    reach = n // (2 * bins) + 1
    if reach < FEWEST_STEPS or bins < 2:
        return cuts
    # Of very many steps a part tells what is usual.
    part = max(1, (2 * reach + 2) // 1000)
    for i, cut in enumerate(cuts.tolist()):
        # A boundary has so many values below it; mirrored values have mirrored boundaries.
        low = max(-((n - cut) // (2 * bins)), 1)
        high = min((cut + n) // (2 * bins), n - 1)
        steps = x[low : high + 1] - x[low - 1 : high]
        some = steps[(cut // (2 * bins) - reach - low) % part :: part]
        widest = steps.max()
        # Where too many steps are too wide for it, there is no need to look for their median.
        if 2 * np.count_nonzero(some < widest / (WIDE_GAP - 1)) < len(some):
            continue
        if widest > WIDE_GAP * np.median(some) > 0 and (steps == widest).sum() == 1:
            cuts[i] = 2 * bins * (low + int(steps.argmax()))
    return np.unique(cuts)


def _equal_width(x: Floats, bins: int, span: tuple[float, float] | None) -> Ints:
    """Cut between the extremes with the edges of :func:`numpy.histogram`."""
    edges = np.histogram_bin_edges(x, bins, span)
    return np.unique(np.searchsorted(edges[:-1], x, side="right"), return_inverse=True)[1]


def _unroll(angle: Floats, how: How) -> Floats:
    """Turn the circle so that its cut lies where the values say; radians in [0, 2π)."""
    resultant = np.exp(1j * angle).mean()
    mean = float(np.angle(resultant)) if abs(resultant) > SAME_GAP else None
    if how == "width":
        return np.mod(angle - (0.0 if mean is None else mean + np.pi), TURN)
    points = np.unique(np.mod(angle, TURN))
    gaps = np.diff(points, append=points[0] + TURN)
    middles = points + gaps / 2
    widest = middles[gaps >= gaps.max() - SAME_GAP]
    away = np.zeros(len(widest)) if mean is None else -np.cos(widest - mean)
    return np.asarray(np.mod(angle - widest[np.argmax(away)], TURN))
