"""What the collection is made of: shares of values, ties between attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.archive.shares import shares_of
from tanaoroshi.archive.ties import find_ties
from tanaoroshi.records.stocktake import Archive

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Attributes
    from tanaoroshi.records.progress import Progress

__all__ = ["take_archive"]


def take_archive(
    attributes: Attributes, *, rng: np.random.Generator, progress: Progress | None = None
) -> Archive:
    """Count what the collection holds, and find which attributes go together in it.

    Parameters
    ----------
    attributes
        The table; attributes of kind ``text`` are passed over.
    rng
        Source of the permutations and of the blocks of the jackknife.
    progress
        Called with (done, total, what) as pairs of attributes are done.
    """
    missing = {
        spec.name: int(np.isnan(column).sum())
        for spec, column in zip(attributes.specs, attributes.values.T, strict=True)
        if spec.kind != "text"
    }
    ties = find_ties(attributes, rng=rng, progress=progress)
    return Archive(shares_of(attributes), missing, ties)
