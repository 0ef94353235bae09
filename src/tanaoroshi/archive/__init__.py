"""What the collection is made of: shares of values, and ties between attributes."""

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
    """Count what the collection holds.

    Parameters
    ----------
    attributes
        The table; text columns are left aside.
    rng
        Source of chance, for the ties' intervals and tests.
    progress
        Told while ties are tested.

    Returns
    -------
    Shares of nominal and ordinal values, how many images lack each attribute, and the ties of
    every two attributes. See :mod:`~tanaoroshi.archive.shares`, :mod:`~tanaoroshi.archive.ties`.
    """
    measured = [spec for spec in attributes.specs if spec.kind != "text"]
    return Archive(
        shares={
            spec.name: shares_of(attributes.column(spec.name), spec, attributes.group)
            for spec in measured
            if spec.kind in ("nominal", "ordinal")
        },
        missing={s.name: int(np.isnan(attributes.column(s.name)).sum()) for s in measured},
        ties=find_ties(attributes, rng=rng, progress=progress),
    )
