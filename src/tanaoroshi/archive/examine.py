"""A closer look at the table of attributes: gaps, trends, diversity, three-way ties, one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.archive.classes import classed, inapplicable
from tanaoroshi.archive.common import common_scale
from tanaoroshi.archive.diversity import diversity_of
from tanaoroshi.archive.gaps import find_gaps
from tanaoroshi.archive.three_way import find_three_way
from tanaoroshi.archive.trends import find_trends, times_of
from tanaoroshi.records.archive import Examined
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from tanaoroshi.records.attributes import Attributes
    from tanaoroshi.records.progress import Progress


def examine(
    attributes: Attributes,
    *,
    rng: np.random.Generator,
    progress: Progress | None = None,
    time: Sequence[str] | None = None,
    not_applicable: Mapping[str, tuple[str, ...]] | None = None,
) -> Examined:
    """Look closer at what the collection holds.

    Parameters
    ----------
    attributes
        The table; text columns are left aside.
    rng
        Source of chance.
    progress
        Told while it works.
    time
        Names of the ordinal attributes that stand for time; ``None``: told by their names and
        units (:func:`~tanaoroshi.archive.trends.times_of`).
    not_applicable
        Values of each attribute that say that it does not apply to an image; ``None``: told by
        how they are called (:func:`~tanaoroshi.archive.classes.inapplicable`).

    Returns
    -------
    Everything found, and how many questions were asked; see :mod:`~tanaoroshi.archive.gaps`,
    :mod:`~tanaoroshi.archive.trends`, :mod:`~tanaoroshi.archive.diversity`,
    :mod:`~tanaoroshi.archive.three_way` and :mod:`~tanaoroshi.archive.common`. In words:
    :func:`~tanaoroshi.archive.sentences.examined_findings`.
    """
    left_aside = inapplicable(attributes, not_applicable)
    classes = classed(attributes, left_aside)
    index = None
    if attributes.group is not None:
        index = group_index(len(attributes), attributes.group)
    return Examined(
        gaps=find_gaps(classes, index, rng=rng, progress=progress),
        trends=find_trends(classes, index, times_of(attributes.specs, time)),
        diversity=diversity_of(classes, index, rng=rng),
        common=common_scale(classes, index, rng=rng, progress=progress),
        three_way=find_three_way(classes, index, rng=rng, progress=progress),
        not_applicable=left_aside,
    )
