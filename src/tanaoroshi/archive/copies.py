"""Exact and near copies in a collection, and pictures that are like no other.

1. **Exact copies** have the same key (of their stored bytes) or the same pixels. All are found.
2. **Candidates** for near copies are the nearest neighbours of each picture and of its mirror
   image by a description that light and recompression hardly change
   (:mod:`~tanaoroshi.archive.prints`, :mod:`~tanaoroshi.archive.neighbours`).
3. **Every candidate is looked at**, those that no small edit explains only briefly
   (:mod:`~tanaoroshi.archive.tangent`): one thumbnail is cropped, lightened and blurred like the
   other, and what is left at the worst place is the distance
   (:mod:`~tanaoroshi.archive.alignment`).
4. **The limit** of that distance is 1, or lower where the collection's own look-alikes crowd
   there: from the pairs just beyond it, where copies are rare, a power law (as distances of
   neighbours follow: E. Levina and P. Bickel, Maximum Likelihood Estimation of Intrinsic
   Dimension, 2004) says how many that are no copies lie below it; at most ``false_share`` of what
   is found may be. This is a rate of false discoveries estimated from the data (after J. D.
   Storey, A Direct Approach to False Discovery Rates, 2002).

Pictures of one colour are copies only where their pixels are the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from threadpoolctl import threadpool_limits

from tanaoroshi.archive.alignment import Fit, compare
from tanaoroshi.archive.neighbours import nearest, nearest_to
from tanaoroshi.archive.odd import odd_rows
from tanaoroshi.archive.prints import GREY, Prints, Singles, describe, join_prints, prints_of
from tanaoroshi.archive.tangent import reduced, tangent_distance
from tanaoroshi.errors import InputError
from tanaoroshi.records.copies import Copies, Copy, Edit, OddOneOut

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Ints
    from tanaoroshi.records.progress import Progress

__all__ = ["CopySettings", "Prints", "find_copies", "join_prints", "prints_of"]

Number = TypeVar("Number", np.uint8, np.float32)

AT_ONCE = 256
"""Pairs that are compared at once: what they need stays in the processor's cache."""
OUTSIDE = 1.5
"""Up to so many limits beyond it, look-alikes are counted: few copies lie there."""
EXPONENT = 6
"""Of the power law by which look-alikes grow rare below the limit: as the number of emoji in
another skin tone or with another face does, from 1.5 to 0.5."""


@dataclass(frozen=True, slots=True)
class CopySettings:
    """What counts as a near copy, and as odd.

    Attributes
    ----------
    neighbours
        How many are looked at, of each picture and of its mirror image.
    reach
        Greatest distance of descriptions (0 to 2) at which a pair is looked at: 99 in 100 crops by
        up to a tenth stay within 0.38, all other edits within 0.25.
    limit
        Greatest distance of a near copy; the unit is such that 97 in 100 single edits stay below
        1.
    least_limit, false_share
        Of the near copies, how many may be none. The limit is lowered until so few are expected,
        but not below ``least_limit``, which 9 in 10 edits stay below.
    flat
        Contrast in grey levels (standard deviation) below which only equal pixels are copies.
    odd_level
        How many odd pictures a collection without any may have, on average. By simulation of
        collections with 2 to 67 dimensions, 0.02 keeps at least 95 in 100 free of them.
    """

    neighbours: int = 6
    reach: float = 0.4
    tangent_reach: float = 0.5
    limit: float = 1.0
    least_limit: float = 0.85
    false_share: float = 0.01
    flat: float = 2.0
    odd_level: float = 0.02


def find_copies(
    prints: Prints,
    keys: NDArray[np.bytes_] | None = None,
    *,
    group: Ints | None = None,
    settings: CopySettings | None = None,
    progress: Progress | None = None,
) -> Copies:
    """Find exact copies, near copies and odd ones out.

    Parameters
    ----------
    prints
        Of n pictures: :func:`~tanaoroshi.archive.prints.prints_of` makes them, batch by batch.
    keys
        S (n,): keys of the stored bytes, :func:`~tanaoroshi.engine.identity.image_keys`; ``None``:
        only pixels are compared.
    group
        int64 (n,): the collection declares pictures of one group to be variants of one another, so
        these are not listed as near copies. Exact ones always are.
    settings
        See :class:`CopySettings`.
    progress
        Called with (done, total, what) while pairs are compared.

    Raises
    ------
    InputError
        When keys or groups are not as many as the pictures.
    """
    settings = settings or CopySettings()
    _check(prints, keys, group)
    first = _first_alike(prints, keys)
    exact = tuple(
        Copy("exact", (int(first[row]), int(row)), 0.0)
        for row in np.flatnonzero(first != np.arange(len(first)))
    )
    described, contrast = describe(prints.thumbs)
    rows = np.flatnonzero((first == np.arange(len(first))) & (contrast >= settings.flat))
    described = described[rows]
    near: tuple[Copy, ...] = ()
    odd: tuple[OddOneOut, ...] = ()
    limit = settings.limit
    # Small products of matrices, thousands of them: threads inside would spin more than they work.
    with threadpool_limits(1, user_api="blas"):
        if len(rows) > 1:
            k = min(settings.neighbours + 1, len(rows))
            upright, mirrored = nearest(described, k)
            pairs = _candidates(upright, mirrored, rows, group, settings.reach)
            pairs = _promising(prints, pairs, settings.tangent_reach)
            fits = _looked_at(prints, pairs, progress)
            pairs, fits = _better_way(pairs, fits)
            limit = _limit(fits.distance, settings)
            near = _near(prints, pairs, fits, limit)
            odd = _odd(described, rows, upright, settings)
    return Copies(
        len(prints), exact, near, _groups(len(prints), exact + near), odd,
        {**asdict(settings), "limit_used": limit, "declared_groups": group is not None},
    )  # fmt: skip


def _check(prints: Prints, keys: NDArray[np.bytes_] | None, group: Ints | None) -> None:
    if keys is not None and len(keys) != len(prints):
        raise InputError(
            "{n} pictures, but {m} keys: give one for each picture.", n=len(prints), m=len(keys)
        )
    if group is not None and len(group) != len(prints):
        raise InputError(
            "{n} pictures, but {m} groups: give one for each picture.", n=len(prints), m=len(group)
        )


def _first_alike(prints: Prints, keys: NDArray[np.bytes_] | None) -> Ints:
    """Return for each row the first one with the same bytes or pixels, over any chain of these."""
    n = len(prints)
    labels = [np.unique(x, return_inverse=True)[1] for x in (prints.pixels, keys) if x is not None]
    # Rows and contents are the two sides of a graph; what hangs together is alike.
    ends, start = [], n
    for label in labels:
        ends.append(start + label)
        start += n
    links = (np.tile(np.arange(n), len(ends)), np.concatenate(ends))
    graph = coo_array((np.ones(len(links[0]), np.int8), links), shape=(start, start))
    part = connected_components(graph, directed=False)[1][:n]
    _, firsts, inverse = np.unique(part, return_index=True, return_inverse=True)
    return np.asarray(firsts[inverse], np.int64)


def _candidates(
    upright: tuple[Ints, Singles],
    mirrored: tuple[Ints, Singles],
    rows: Ints,
    group: Ints | None,
    reach: float,
) -> Ints:
    """Return pairs to look at, int64 (m, 3), sorted: two rows of the collection, 1 if mirrored."""
    found = []
    for flipped, (others, near) in enumerate((upright, mirrored)):
        here, place = np.nonzero(near <= reach)
        there = others[here, place]
        ends = np.sort(np.column_stack([rows[here], rows[there]]), axis=1)
        found.append(np.column_stack([ends, np.full(len(ends), flipped)]))
    pairs = np.unique(np.concatenate(found), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    if group is not None:
        pairs = pairs[group[pairs[:, 0]] != group[pairs[:, 1]]]
    return np.asarray(pairs, np.int64)


def _both(pictures: NDArray[Number], pairs: Ints) -> tuple[NDArray[Number], NDArray[Number]]:
    """Return both pictures, (n, h, w, c), of some pairs; the second mirrored where asked."""
    first, second = pictures[pairs[:, 0]], pictures[pairs[:, 1]]
    flipped = pairs[:, 2] == 1
    second[flipped] = second[flipped][:, :, ::-1]
    return first, second


def _promising(prints: Prints, pairs: Ints, reach: float) -> Ints:
    """Return the pairs that small edits may explain."""
    cells = reduced(prints.thumbs)
    parts = [pairs[at : at + AT_ONCE] for at in range(0, len(pairs), AT_ONCE)]
    kept = [part[tangent_distance(*_both(cells, part)) <= reach] for part in parts]
    return np.concatenate(kept) if kept else pairs


def _looked_at(prints: Prints, pairs: Ints, progress: Progress | None) -> Fit:
    """Compare every pair."""
    fits = []
    for at in range(0, max(len(pairs), 1), AT_ONCE):
        fits.append(compare(*_both(prints.thumbs, pairs[at : at + AT_ONCE])))
        if progress is not None:
            progress(min(at + AT_ONCE, len(pairs)), len(pairs), "Comparing pictures")
    return Fit(*(np.concatenate(parts) for parts in zip(*fits, strict=True)))


def _better_way(pairs: Ints, fits: Fit) -> tuple[Ints, Fit]:
    """Keep of each two rows one way: mirrored only where that fits better."""
    order = np.lexsort((pairs[:, 2], fits.distance, pairs[:, 1], pairs[:, 0]))
    ends = pairs[order, :2]
    keep = order[np.r_[True, (ends[1:] != ends[:-1]).any(axis=1)][: len(order)]]
    return pairs[keep], Fit(*(part[keep] for part in fits))


def _limit(distance: Singles, settings: CopySettings) -> float:
    """Return the greatest distance of a near copy, by what lies beyond it."""
    z = np.sort(distance.astype(np.float64)) / settings.limit
    outside = np.count_nonzero((z > 1) & (z <= OUTSIDE))
    below = z[z <= 1]
    if outside == 0 or len(below) == 0:
        return settings.limit
    alike = outside / (OUTSIDE**EXPONENT - 1) * below**EXPONENT
    # A twentieth of a pair may be expected even where nearly nothing is found.
    allowed = np.maximum(settings.false_share * np.arange(1, len(below) + 1), 0.05)
    if outside / (OUTSIDE**EXPONENT - 1) <= allowed[-1]:
        return settings.limit
    fine = below[alike <= allowed]
    lowered = fine[-1] * settings.limit if len(fine) else 0.0
    return float(max(lowered, settings.least_limit))


def _near(prints: Prints, pairs: Ints, fits: Fit, limit: float) -> tuple[Copy, ...]:
    kept = np.flatnonzero(fits.distance <= limit)
    kept = kept[np.lexsort((pairs[kept, 1], pairs[kept, 0], fits.distance[kept]))]
    found = []
    for at in kept.tolist():
        i, j, flipped = pairs[at].tolist()
        level = float((prints.thumbs[i] @ GREY).mean())
        edits = _edits(Fit(*(part[at] for part in fits)), level, flipped=bool(flipped))
        found.append(Copy("near", (i, j), round(float(fits.distance[at]), 4), edits))
    return tuple(found)


def _edits(fit: Fit, level: float, *, flipped: bool) -> tuple[Edit, ...]:
    """Name what turns the first picture, of a mean grey level, into the second."""
    gain, offset = float(fit.gain), float(fit.offset)
    seen: list[Edit] = ["flipped"] if flipped else []
    if np.abs(fit.frame[0::2] - 1).max() > 0.015:
        seen.append("cropped")
    elif abs(float(fit.blur)) > 0.05:
        seen.append("blurred")
    # Contrast turns about the mean level, brightness moves it.
    lighter = (gain - 1) * level + offset
    if abs(lighter) > 5:
        seen.append("brighter" if lighter > 0 else "darker")
    elif abs(gain - 1) > 0.05:
        seen.append("more contrast" if gain > 1 else "less contrast")
    return tuple(seen) or ("same",)


def _groups(n: int, copies: tuple[Copy, ...]) -> tuple[tuple[int, ...], ...]:
    """Return what hangs together by copies, the largest first."""
    ends = np.array([copy.rows for copy in copies], np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(n, n))
    part = connected_components(graph, directed=False)[1] if n else np.empty(0, np.int64)
    held = np.unique(ends)
    held = held[np.argsort(part[held], kind="stable")]
    groups = [tuple(rows) for _, rows in groupby(held.tolist(), key=lambda row: part[row])]
    return tuple(sorted(groups, key=lambda rows: (-len(rows), rows)))


def _odd(
    described: Singles, rows: Ints, upright: tuple[Ints, Singles], settings: CopySettings
) -> tuple[OddOneOut, ...]:
    others, near = upright
    others, near = np.where(others < 0, others[:, :1], others)[:, 1:], near[:, 1:]
    distance = np.median(near, axis=1)
    # What the search by cells found may be too far; those that matter are measured exactly.
    suspects, _ = odd_rows(np.minimum(distance, 2), others, level=settings.odd_level)
    if len(suspects):
        distance[suspects] = np.median(nearest_to(described, suspects, near.shape[1]), axis=1)
    odd, times = odd_rows(np.minimum(distance, 2), others, level=settings.odd_level)
    return tuple(
        OddOneOut(int(rows[at]), round(float(distance[at]), 4), round(float(far), 2))
        for at, far in zip(odd.tolist(), times.tolist(), strict=True)
    )
