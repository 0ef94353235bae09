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
    missing = np.isnan(values)
    some = bool(missing.any())
    x = (values[~missing] if some else values).astype(np.float64)
    if not np.isfinite(x).all():
        raise InputError("An attribute holds infinite values: leave the cell empty instead")
    if kind == "circular":
        x = _unroll(x, how)
    if kind in ("nominal", "ordinal"):
        found = _between(x, np.unique(x)[1:])
    elif how == "quantile":
        found = _equal_counts(x, bins)
    else:
        found = _equal_width(x, bins, (0.0, TURN) if kind == "circular" else None)
    if not some:
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
    classes = np.empty(codes.shape[::-1], dtype=np.int64)
    for line, column in zip(classes, codes.T, strict=True):
        line[:] = discretize(column, "continuous", bins, how=how)
    return classes.T


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


def _between(x: Floats, edges: Floats) -> Ints:
    """Return how many of rising edges each value has reached, int64 (n,)."""
    if len(edges) > COMPARED:
        return np.searchsorted(edges, x, side="right")
    found = np.empty(len(x), dtype=np.int64)
    for begin in range(0, len(x), BLOCK):
        here = slice(begin, begin + BLOCK)
        found[here] = reached(x[None, here], edges[None], np.dtype(np.uint8))[0]
    return found


def _equal_counts(x: Floats, bins: int) -> Ints:
    """Cut at ranks: the class of a value is where the middle of its ranks falls."""
    n = len(x)
    if n == 0:
        return np.empty(0, dtype=np.int64)
    ranked = np.sort(x)
    rises = ranked[1:] > ranked[:-1]
    # Without ties, which is usual, there is nothing to look for.
    first = np.arange(n) if rises.all() else np.append(0, np.flatnonzero(rises) + 1)
    if len(first) <= bins:
        return _between(x, ranked[first[1:]])
    # bins × (middle rank) in whole numbers, so that a value on a cut is known to lie on it: the
    # cuts are mirrored at the median, and what lies on the median's cut belongs to neither side.
    middle, cuts = bins * (first + np.append(first[1:], n)), _cuts(ranked, bins)

    def level(value: Ints) -> Ints:
        place = np.searchsorted(cuts, middle[value], side="right")
        on_cut = np.append(cuts, -1)[place - 1] == middle[value]
        lower = np.where(2 * place < bins, 2, np.where(2 * place == bins, 1, 0))
        return np.asarray(2 * place - on_cut * lower)

    # A class begins with the first value whose middle has reached a cut, or with the next.
    begins = np.searchsorted(middle, cuts)
    begins = np.unique(np.concatenate([begins, begins + 1]))
    begins = begins[(begins > 0) & (begins < len(first))]
    return _between(x, ranked[first[begins[level(begins) > level(begins - 1)]]])


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
        usual = np.median(steps[(cut // (2 * bins) - reach - low) % part :: part])
        widest = steps.max()
        if widest > WIDE_GAP * usual > 0 and (steps == widest).sum() == 1:
            cuts[i] = 2 * bins * (low + int(steps.argmax()))
    return np.unique(cuts)


def _equal_width(x: Floats, bins: int, span: tuple[float, float] | None) -> Ints:
    """Cut between the extremes with the edges of :func:`numpy.histogram`."""
    if len(x) == 0:
        return np.empty(0, dtype=np.int64)
    edges = np.histogram_bin_edges(x, bins, span)
    return np.unique(np.searchsorted(edges[:-1], x, side="right"), return_inverse=True)[1]


def _unroll(angle: Floats, how: How) -> Floats:
    """Turn the circle so that its cut lies where the values say; radians in [0, 2π)."""
    if len(angle) == 0:
        return angle
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
