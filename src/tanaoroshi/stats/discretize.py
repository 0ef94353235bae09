"""From numbers to classes, for tables of counts.

Nominal and ordinal values are classes already. Continuous ones are cut into bins of equal counts
(``quantile``) or of equal width (``width``). Circular ones are cut the same way on the circle: the
place of the first cut is chosen from the values, never at the seam, so that turning the zero
changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from tanaoroshi.errors import InputError

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints, Kind

How = Literal["quantile", "width"]

TURN = 2 * np.pi
# Gaps between angles that differ by less than rounding are equal.
SAME_GAP = 1e-9
# A gap so many times as wide as usual lies between clusters; where values are spread without gaps,
# none of a million is.
WIDE_GAP = 30
FEWEST_STEPS = 3


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
    known = ~np.isnan(values)
    x = values[known].astype(np.float64)
    if not np.isfinite(x).all():
        raise InputError("An attribute holds infinite values: leave the cell empty instead")
    if kind == "circular":
        x = _unroll(x, how)
    classes = np.full(len(values), -1, dtype=np.int64)
    if kind in ("nominal", "ordinal"):
        classes[known] = np.unique(x, return_inverse=True)[1]
    elif how == "quantile":
        classes[known] = _equal_counts(x, bins)
    else:
        span = (0.0, TURN) if kind == "circular" else None
        classes[known] = _equal_width(x, bins, span)
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
    columns = [discretize(column, "continuous", bins, how=how) for column in codes.T]
    if not columns:
        return np.empty((len(codes), 0), dtype=np.int64)
    return np.stack(columns, axis=1)


def _equal_counts(x: Floats, bins: int) -> Ints:
    """Cut at ranks: the class of a value is where the middle of its ranks falls."""
    n = len(x)
    if n == 0:
        return np.empty(0, dtype=np.int64)
    order = np.argsort(x)
    is_new = np.diff(x[order]) > 0
    first = np.concatenate([[0], np.flatnonzero(is_new) + 1])
    after = np.concatenate([first[1:], [n]])
    if len(first) <= bins:
        level = np.arange(len(first))
    else:
        # bins × (middle rank) in whole numbers, so that a value on a cut is known to lie on it:
        # the cuts are mirrored at the median, and what lies on the median's cut belongs to neither
        # side.
        middle, cuts = bins * (first + after), _cuts(x[order], bins)
        place = np.searchsorted(cuts, middle, side="right")
        on_cut = np.append(cuts, -1)[place - 1] == middle
        level = 2 * place
        level[on_cut & (2 * place < bins)] -= 2
        level[on_cut & (2 * place == bins)] -= 1
        level = np.cumsum(np.concatenate([[0], np.diff(level) > 0]))
    classes = np.empty(n, dtype=np.int64)
    classes[order] = np.repeat(level, after - first)
    return classes


def _cuts(x: Floats, bins: int) -> Ints:
    """Place the cuts between sorted values, in units of 1 / (2 × bins) of a rank.

    A cut falls into a wide gap that lies within half a bin of it, so that clusters are not parted.
    """
    n = len(x)
    cuts = 2 * n * np.arange(1, bins)
    reach = n // (2 * bins) + 1
    if reach < FEWEST_STEPS or bins < 2:
        return cuts
    # A boundary has so many values below it; mirrored values have mirrored boundaries.
    below = (cuts // (2 * bins))[:, None] + np.arange(-reach, reach + 2)[None, :]
    inside = (np.abs(2 * bins * below - cuts[:, None]) <= n) & (below > 0) & (below < n)
    steps = np.where(inside, np.diff(x)[np.clip(below - 1, 0, n - 2)], np.nan)
    # Of very many steps a part tells what is usual.
    some = steps[:, :: max(1, steps.shape[1] // 1000)]
    usual, widest = np.nanmedian(some, axis=1), np.nanmax(steps, axis=1)
    alone = (steps == widest[:, None]).sum(axis=1) == 1
    moved = (usual > 0) & (widest > WIDE_GAP * usual) & alone
    gap = np.take_along_axis(below, np.nanargmax(steps, axis=1)[:, None], 1)[:, 0]
    return np.unique(np.where(moved, 2 * bins * gap, cuts))


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
