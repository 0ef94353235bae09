"""The nearest of many descriptions: of all, or beyond some thousand of those in cells near by.

Cells are those of an inverted file (J. Sivic and A. Zisserman, Video Google, 2003; H. Jégou, M.
Douze and C. Schmid, Product Quantization for Nearest Neighbor Search, 2011): centres found by
k-means on a part, every description in the cell of its nearest centre, and each compared with all
in the cells whose centres are nearest to its own. All of it is products of matrices, the same on
every machine and in any order of threads, which a graph (HNSW) that is built by several is not.
``docs/copies.md`` compares the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.neighbors import NearestNeighbors

from tanaoroshi.archive.prints import Singles, mirror_signs

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Ints

EXACT = 20_000
"""Up to here all distances are taken: seconds, and the answer is exact."""
A_CELL = 200
"""Descriptions in a cell, on average."""
CELLS = 24
"""Cells that are searched for each description."""
LEARNT_FROM = 20_000
"""Descriptions that the centres are learnt from; 10 rounds, as these need not be the best."""
ROUNDS = 10
AT_ONCE = 2**22
"""Similarities that are held at once: 16 MB."""


def nearest(described: Singles, k: int) -> tuple[tuple[Ints, Singles], tuple[Ints, Singles]]:
    """Find the nearest descriptions of each, and of each one's mirror image.

    Parameters
    ----------
    described
        float32 (n, q) of length 1.
    k
        How many; at most n.

    Returns
    -------
    Rows and distances (n, k), nearest first, for the pictures as they are (each is its own nearest)
    and for their mirror images. Beyond ``EXACT`` rows a few neighbours are missed; where so few are
    found, the row is -1 and the distance infinite.
    """
    mirrored = described * mirror_signs()
    if len(described) <= EXACT:
        search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(described)
        (near, rows), (near_m, rows_m) = (search.kneighbors(x) for x in (described, mirrored))
        return (rows, near.astype(np.float32)), (rows_m, near_m.astype(np.float32))
    centres = _centres(described)
    cell = _cell_of(described, centres)
    return (
        _search(described, cell, described, cell, centres, k),
        _search(mirrored, _cell_of(mirrored, centres), described, cell, centres, k),
    )


def nearest_to(described: Singles, rows: Ints, k: int) -> Singles:
    """Return the exact distances of some rows to their k nearest others, float32 (rows, k)."""
    search = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(described)
    return np.asarray(search.kneighbors(described[rows])[0][:, 1:], np.float32)


def _centres(described: Singles) -> Singles:
    from sklearn.cluster import KMeans  # a quarter of a second, for large collections only

    step = max(1, len(described) // LEARNT_FROM)
    # Any start will do, so it is fixed.
    found = KMeans(
        len(described) // A_CELL, init="random", n_init=1, max_iter=ROUNDS, random_state=0
    )
    return np.asarray(found.fit(described[::step]).cluster_centers_, np.float32)


def _cell_of(points: Singles, centres: Singles) -> Ints:
    half = (centres**2).sum(axis=1) / 2
    step = max(1, AT_ONCE // len(centres))
    parts = [
        (points[at : at + step] @ centres.T - half).argmax(axis=1)
        for at in range(0, len(points), step)
    ]
    return np.concatenate(parts)


def _search(
    wanted: Singles, cell: Ints, described: Singles, cell_of: Ints, centres: Singles, k: int
) -> tuple[Ints, Singles]:
    """Look for each wanted description, in a given cell, in the cells around."""
    rows = np.full((len(wanted), k), -1, np.int64)
    near = np.full((len(wanted), k), np.inf, np.float32)
    around = NearestNeighbors(n_neighbors=min(CELLS, len(centres)), algorithm="brute")
    around_cell = around.fit(centres).kneighbors(centres, return_distance=False)
    members, asking = _by_cell(cell_of, len(centres)), _by_cell(cell, len(centres))
    for those, cells in zip(asking, around_cell, strict=True):
        pool = np.concatenate([members[c] for c in cells])
        some = min(k, len(pool))
        step = max(1, AT_ONCE // max(1, len(pool)))
        for at in range(0, len(those), step):
            who = those[at : at + step]
            far = -(wanted[who] @ described[pool].T)
            best = np.argpartition(far, some - 1, axis=1)[:, :some]
            best = np.take_along_axis(best, np.take_along_axis(far, best, 1).argsort(axis=1), 1)
            rows[who, :some] = pool[best]
            apart = np.maximum(2 + 2 * np.take_along_axis(far, best, 1), 0)
            near[who, :some] = np.sqrt(apart)
    return rows, near


def _by_cell(cell: Ints, count: int) -> list[Ints]:
    """Return the rows of each cell."""
    order = np.argsort(cell, kind="stable")
    ends = np.bincount(cell, minlength=count).cumsum()
    return np.split(order, ends[:-1])
