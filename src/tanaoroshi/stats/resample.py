"""Permutations, bootstrap weights and folds that keep dependent rows together.

Rows of one group (variants of one picture, one person, one series) are not independent. Everything
that draws rows at random therefore draws groups; ``group=None`` says that each row stands alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints

# Groups change places with groups of like size: of the same size where at least EXCHANGEABLE have
# it, otherwise with neighbouring sizes, down to 1/SIZE_RATIO. Wider mixtures break up the large
# groups and then call noise a finding (simulated: docs/statistics.md); a group without its like
# keeps its place, and only its rows are shuffled.
EXCHANGEABLE = 10
SIZE_RATIO = 1.5


def group_index(n: int, group: Ints | None) -> Ints:
    """Return the groups numbered 0..m-1 in the order of their labels; int64 (n,)."""
    if group is None:
        return np.arange(n, dtype=np.int64)
    return np.unique(group, return_inverse=True)[1].astype(np.int64)


def permuted_rows(n: int, group: Ints | None, *, rng: np.random.Generator) -> Ints:
    """Draw an order of the rows as it could be if codes and attributes were unrelated.

    ``attributes[permuted_rows(...)]`` beside ``codes`` is a draw from the null hypothesis that the
    codes of a group are independent of the attributes of that group, given its size. Each group
    receives the rows of another group of the same size, in random order, so that the dependence
    within groups survives on both sides (a plain permutation destroys it, and then calls noise a
    finding). Where few groups have one size, neighbouring sizes change places with one another: a
    group receives as many rows of its partner as fit, and what is left over fills the gaps.

    Parameters
    ----------
    n
        Number of rows.
    group
        int64 (n,), or ``None`` when each row stands alone: then this is a plain permutation.
    rng
        Source of chance.

    Returns
    -------
    int64 (n,), a permutation of 0..n-1.

    Notes
    -----
    Exact where rows within a group and groups of one size are exchangeable; with neighbouring
    sizes mixed it is an approximation, whose error rate ``bench/false_shelves.py`` shows.
    """
    if group is None:
        return rng.permutation(n)
    index = group_index(n, group)
    sizes = np.bincount(index)
    stratum = _size_strata(sizes)
    # Takers and givers are rows in blocks of groups; givers are shuffled within each block.
    takers = np.argsort(index, kind="stable")
    givers = np.lexsort((rng.random(n), index))
    start = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.arange(n) - np.repeat(start, sizes)
    # The k-th group of a stratum receives from the k-th of a random order of that stratum.
    groups = np.lexsort((np.arange(len(sizes)), stratum))
    partner = np.empty(len(sizes), dtype=np.int64)
    partner[groups] = np.lexsort((rng.random(len(sizes)), stratum))
    owner = index[takers]
    fits = place < sizes[partner[owner]]
    source = np.full(n, -1, dtype=np.int64)
    source[fits] = start[partner[owner[fits]]] + place[fits]
    left = np.setdiff1d(np.arange(n), source[fits])
    # Left-over rows stay within their stratum: both sides in the order of strata, then shuffled.
    gaps = np.flatnonzero(~fits)
    gaps = gaps[np.lexsort((rng.random(len(gaps)), stratum[owner[gaps]]))]
    source[gaps] = left[np.lexsort((rng.random(len(left)), stratum[owner[left]]))]
    order = np.empty(n, dtype=np.int64)
    order[takers] = givers[source]
    return order


def bootstrap_weights(
    n: int, group: Ints | None, draws: int, *, rng: np.random.Generator
) -> Floats:
    """Draw bootstrap weights: how often each row occurs when whole groups are redrawn.

    Parameters
    ----------
    n
        Number of rows.
    group
        int64 (n,) or ``None``.
    draws
        Number of resamples.
    rng
        Source of chance.

    Returns
    -------
    float64 (draws, n); rows of one group share one weight. A line sums to n on average (exactly,
    where groups have one size).
    """
    index = group_index(n, group)
    m = int(index.max()) + 1 if n else 0
    counts = np.empty((draws, m), dtype=np.float64)
    for line in counts:
        line[:] = np.bincount(rng.integers(0, m, m), minlength=m)
    return counts if group is None else counts[:, index]


def group_folds(n: int, group: Ints | None, folds: int, *, rng: np.random.Generator) -> Ints:
    """Split rows into folds of about equal size, each group on one side.

    Parameters
    ----------
    n
        Number of rows.
    group
        int64 (n,) or ``None``.
    folds
        Number of folds, at least 2; no more than there are groups.
    rng
        Source of chance.

    Returns
    -------
    int64 (n,), the fold of each row, 0..folds-1.

    Raises
    ------
    ValueError
        When there are fewer groups than folds.
    """
    index = group_index(n, group)
    sizes = np.bincount(index)
    if folds < 2 or folds > len(sizes):
        msg = f"folds must lie between 2 and the number of groups ({len(sizes)}), got {folds}"
        raise ValueError(msg)
    # Largest first, to and fro (0 1 2 2 1 0 ...), so that no fold collects the large ones.
    lot = rng.random(len(sizes))
    order = np.argsort(lot) if np.ptp(sizes) == 0 else np.lexsort((lot, -sizes))
    turn = np.arange(len(sizes)) % (2 * folds)
    fold = np.empty(len(sizes), dtype=np.int64)
    fold[order] = np.minimum(turn, 2 * folds - 1 - turn)
    return fold[index]


def deal_groups(n: int, group: Ints | None, batches: int, *, rng: np.random.Generator) -> Ints:
    """Deal whole groups into batches of about as many groups each; int64 (n,), 0..batches-1."""
    index = group_index(n, group)
    return rng.permutation(int(index.max()) + 1)[index] % batches


def draw_groups(
    n: int, group: Ints | None, most: int, *, fewest: int = 1, rng: np.random.Generator
) -> Ints:
    """Draw whole groups until ``most`` rows are reached, but no fewer than ``fewest`` groups.

    Returns
    -------
    int64 (≤ n,), rising rows; all of them where there are no more than ``most``.
    """
    if n <= most:
        return np.arange(n)
    index = group_index(n, group)
    place = rng.permutation(int(index.max()) + 1)[index]
    last = np.sort(place)[most]
    return np.flatnonzero(place < max(last, fewest))


def spread_rows(rows: Ints, group: Ints, most: int, *, rng: np.random.Generator) -> Ints:
    """Draw up to ``most`` rows, of as many groups as possible.

    Parameters
    ----------
    rows
        int64 (m,): to draw from.
    group
        int64 (n,): the group of every row there is.

    Returns
    -------
    int64, rising.
    """
    rows = rng.permutation(rows)
    _, first = np.unique(group[rows], return_index=True)
    rest = np.setdiff1d(np.arange(len(rows)), first)
    drawn = np.concatenate([np.sort(first), rest])[:most]
    return np.sort(rows[drawn])


def _size_strata(sizes: Ints) -> Ints:
    """Put groups of like size together, largest first; the stratum of each group."""
    levels, counts = np.unique(sizes, return_counts=True)
    label = np.empty(len(levels), dtype=np.int64)
    current, held, top = 0, 0, levels[-1] if len(levels) else 0
    for position in range(len(levels) - 1, -1, -1):
        if held >= EXCHANGEABLE or levels[position] * SIZE_RATIO < top:
            current, held, top = current + 1, 0, levels[position]
        label[position] = current
        held += counts[position]
    return label[np.searchsorted(levels, sizes)]
