"""Prints of a collection's pictures, to find copies with; pictures themselves are not kept."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.archive.prints import Prints, join_prints, prints_of
from tanaoroshi.engine.batches import batches, quiet
from tanaoroshi.engine.encoding import left_out
from tanaoroshi.engine.identity import as_keys
from tanaoroshi.files import cores
from tanaoroshi.models import ImageSpec
from tanaoroshi.records.attributes import Ints
from tanaoroshi.records.words import Message

if TYPE_CHECKING:
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.sources import Collection

BATCH = 256
SIDE = 64
"""Pixels a side that pictures are read at: pixels alike at that size count as alike."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadPrints:
    """Prints of m pictures of a collection.

    Attributes
    ----------
    prints
        Of those that could be read.
    rows
        int64 (m,): their rows of the collection.
    keys
        S32 (m,): their keys (:func:`~tanaoroshi.engine.identity.picture_key`).
    left_out
        What could not be read, a sentence for each reason.
    """

    prints: Prints
    rows: Ints
    keys: NDArray[np.bytes_]
    left_out: tuple[Message, ...]


def read_prints(
    collection: Collection,
    rows: Ints | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> ReadPrints:
    """Read pictures and keep what finding copies needs: 3 KB of each.

    Parameters
    ----------
    collection
        Whose pictures.
    rows
        int64 (n,), rising; ``None``: all.
    workers
        Threads that decode; ``None``: one for each processor.
    progress
        Called with (done, total, what).

    Returns
    -------
    The prints of those that could be read, and what was left out.
    """
    rows = np.arange(len(collection)) if rows is None else rows
    pieces = [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]
    prepared = batches(
        collection.images, ImageSpec(SIDE, SIDE, 3), pieces, workers=workers or cores()
    )
    prints, read, keys, done = [], [np.empty(0, np.int64)], [as_keys([])], 0
    broken: dict[int, str] = {}
    with quiet(), closing(prepared):
        for batch in prepared:
            prints.append(prints_of(batch.pictures))
            read.append(batch.rows)
            keys.append(batch.keys)
            broken |= batch.broken
            done += len(batch.rows) + len(batch.broken)
            if progress is not None:
                progress(done, len(rows), "Reading pictures")
    return ReadPrints(
        join_prints(prints),
        np.concatenate(read),
        np.concatenate(keys),
        tuple(left_out(broken, collection)),
    )
