"""Rows sorted once along each dimension and cut into ranges, for all trees that grow on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from tanaoroshi.metrics.question import Bools
from tanaoroshi.records.attributes import Floats, Ints

# So many ranges along a dimension, or more of many rows.
RANGES = 500
# Each stage takes and gives back arrays up to this size. glibc returns large ones to the system
# every time, and fetching them again costs a third of the whole, until it has once been given back
# one as large (mallopt(3), M_MMAP_THRESHOLD); elsewhere this does nothing.
KEPT = 30_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """Rows to train on (n) and to predict (m), sorted and cut into ranges along each dimension.

    Attributes
    ----------
    x
        float64 (f, n + m): the f dimensions that vary and are no copies of others.
    order
        int64 (f, n): training rows by rising value.
    cut
        bool (f, n): whether the value rises after this place of the order.
    begin
        int64 (f, b + 1): first place of each range; empty ranges stand last.
    table
        (f·b, n): which rows lie in which range.
    width
        Largest number of rows in a range that holds more than one value.
    copies, dimensions
        For each dimension that varies, which of the f it is a copy of; and how many there are.
    """

    x: Floats
    order: Ints
    cut: Bools
    begin: Ints
    table: sparse.csr_matrix
    width: int
    copies: dict[int, int]
    dimensions: int

    def spread(self, credit: Floats) -> Floats:
        """Write credit (b, f) as shares of all dimensions (b, d), copies sharing alike."""
        shares = np.zeros((len(credit), self.dimensions))
        held = np.bincount(list(self.copies.values()), minlength=self.x.shape[0])
        for j, f in self.copies.items():
            shares[:, j] = credit[:, f] / held[f]
        return np.asarray(shares / np.maximum(shares.sum(), 1e-300))


def range_width(n: int) -> int:
    """Return how many of n rows a range holds."""
    return max(1, int(n / max(RANGES, 4 * np.sqrt(n))))


def sort_codes(codes: Floats, train: Ints, test: Ints, *, width: int | None = None) -> Sorted:
    """Prepare codes (n, d) for trees that train on some rows and predict others.

    ``width``: rows in a range; ``None``: see :func:`range_width`.
    """
    given_back = np.empty(KEPT, dtype=np.uint8)
    del given_back
    x = np.ascontiguousarray(codes[train].T)
    n = len(train)
    order = np.argsort(x, axis=1, kind="stable")
    values = np.take_along_axis(x, order, axis=1)
    cut = np.zeros(x.shape, dtype=np.bool_)
    cut[:, :-1] = values[:, :-1] < values[:, 1:]
    copies = _copies(order, cut)
    kept = np.array(sorted(set(copies.values())), dtype=np.int64)
    order, cut = order[kept], cut[kept]
    begin, width = _ranges(cut, width or range_width(n))
    f, b = len(kept), begin.shape[1] - 1
    ends = np.append(0, (begin[:, 1:] + n * np.arange(f)[:, None]).ravel())
    ones = np.ones(f * n, dtype=np.float32)
    table = sparse.csr_matrix((ones, order.ravel(), ends), shape=(f * b, n))
    return Sorted(
        x=np.hstack([x[kept], codes[test].T[kept]]),
        order=order,
        cut=cut,
        begin=begin,
        table=table,
        width=width,
        copies={j: int(np.searchsorted(kept, first)) for j, first in copies.items()},
        dimensions=codes.shape[1],
    )


def _copies(order: Ints, cut: Bools) -> dict[int, int]:
    """Find for each dimension that varies the first that splits rows alike, rising or falling."""
    first: dict[bytes, int] = {}
    copies = {}
    for j in range(len(order)):
        if not cut[j].any():
            continue
        level = np.empty(len(order[j]), dtype=np.int32)
        level[order[j]] = np.append(0, np.cumsum(cut[j])[:-1])
        falling = level.max() - level
        apart = int((level != falling).argmax())
        copies[j] = first.setdefault(min(level, falling, key=lambda x: x[apart]).tobytes(), j)
    return copies


def _ranges(cut: Bools, width: int) -> tuple[Ints, int]:
    """Cut each order into ranges of up to ``width`` rows, or one value: first places, widest."""
    n, widest = cut.shape[1], 0
    found = []
    for line in cut:
        ends = np.append(np.flatnonzero(line) + 1, n)
        begin = [0]
        while begin[-1] < n:
            reach = int(np.searchsorted(ends, begin[-1] + width, side="right")) - 1
            nearest = int(np.searchsorted(ends, begin[-1], side="right"))
            begin.append(int(ends[max(reach, nearest)]))
            if reach > nearest:
                widest = max(widest, begin[-1] - begin[-2])
        found.append(begin)
    most = max((len(begin) for begin in found), default=1)
    full = np.full((len(found), most), n, dtype=np.int64)
    for line, begin in zip(full, found, strict=True):
        line[: len(begin)] = begin
    return full, widest
