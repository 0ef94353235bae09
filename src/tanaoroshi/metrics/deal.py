"""How the rows of a stream are dealt to batches, whose sums differ by sampling alone.

In runs: one row to each batch, then runs of one, two, four, ... rows to each, twice as long in
every round. So each batch has about as many rows as any other (at worst twice as many) however long
the stream is, runs are soon long enough to be counted fast, and neighbours in the stream, which may
be alike, stay together. Where rows come in groups, all rows of a group go to one batch, by a hash
of the group's number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from tanaoroshi.records.attributes import Ints

# Batch, first row and the one after the last.
Run = tuple[int, int, int]
# Runs shorter than this are put together, batch by batch: few rows are dear to count on their own.
SHORT = 1024


def in_turn(seen: int, rows: int, batches: int) -> tuple[Ints | None, list[Run]]:
    """Deal the next rows to batches, those of short runs in another order.

    Parameters
    ----------
    seen, rows, batches
        See :func:`runs`.

    Returns
    -------
    int64 (rows,), the order in which to take the rows, ``None``: as they come; and where in it the
    rows of each batch lie.
    """
    spans = list(runs(seen, rows, batches))
    head = min(max(batches * SHORT - seen, 0), rows)
    if not head:
        return None, spans
    short = [span for span in spans if span[1] < head]
    owner, first, last = np.array(short).T
    order, together = _by_batch(np.repeat(owner, last - first), batches)
    return np.concatenate([order, np.arange(head, rows)]), together + spans[len(short) :]


def runs(seen: int, rows: int, batches: int) -> Iterator[Run]:
    """Deal the next rows to batches.

    Parameters
    ----------
    seen
        Rows that came before.
    rows
        Rows that come now.
    batches
        Number of batches.

    Returns
    -------
    Batch, first of its rows and the one after the last, counted from the first that comes now.
    """
    at = seen
    while at < seen + rows:
        # The first round ends at ``batches`` rows, each further one doubles what was dealt.
        doubled = (at // batches).bit_length()
        begin = batches << (doubled - 1) if doubled else 0
        length = 1 << max(doubled - 1, 0)
        b = (at - begin) // length
        end = min(begin + (b + 1) * length, seen + rows)
        yield b, at - seen, end - seen
        at = end


def by_group(group: ArrayLike, n: int, batches: int) -> tuple[Ints, list[Run]]:
    """Order rows by the batch of their group.

    Parameters
    ----------
    group
        int (n,).
    n
        Rows that come now.
    batches
        Number of batches.

    Returns
    -------
    int64 (n,), the order; and where in it the rows of each batch lie.
    """
    label = np.asarray(group)
    if label.shape != (n,) or label.dtype.kind not in "iu":
        raise InputError("group must have one whole number for each of the {n} rows", n=n)
    # The finaliser of splitmix64 (Steele, Lea & Flood 2014): near numbers fall far apart.
    mixed = label.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return _by_batch(mixed % np.uint64(batches), batches)


def pieces(dealt: Iterable[Run], block: int) -> Iterator[Run]:
    """Split runs where blocks of rows end."""
    for b, first, last in dealt:
        at = first
        while at < last:
            end = min(last, (at // block + 1) * block)
            yield b, at, end
            at = end


def _by_batch(batch: Ints | NDArray[np.uint64], batches: int) -> tuple[Ints, list[Run]]:
    order = np.argsort(batch.astype(np.uint16), kind="stable")
    ends = np.cumsum(np.bincount(batch.astype(np.int64), minlength=batches))
    begins = np.concatenate([[0], ends[:-1]])
    spans = zip(range(batches), begins, ends, strict=True)
    return order, [(b, int(x), int(y)) for b, x, y in spans if x < y]
