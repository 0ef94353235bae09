"""How a model's code lays out a collection: all that is asked of the codes themselves."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.archive.association_tests import find_associations
from tanaoroshi.archive.classes import classed, inapplicable
from tanaoroshi.archive.marks import marks_of, whitening
from tanaoroshi.archive.pointing import find_pointings
from tanaoroshi.archive.rooms import find_rooms
from tanaoroshi.archive.support import Emptiness, find_support
from tanaoroshi.archive.tables import decides, pair_table
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.coded import Coded
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.attributes import Attributes
    from tanaoroshi.records.progress import Progress

LEAST_ROWS = 100
"""Of fewer images nothing is asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """Codes of a collection's images, and of a model's prior; float64.

    Attributes
    ----------
    means
        (n, d): posterior means.
    deviations
        (n, d): posterior standard deviations; ``None`` where the model tells none.
    prior
        (m, d): codes drawn from the prior; ``None`` where it has none.
    active
        int64 (a,): the dimensions in use; the others are left aside.
    """

    means: Floats
    deviations: Floats | None
    prior: Floats | None
    active: Ints


def look_at_codes(
    space: Space,
    attributes: Attributes,
    *,
    rng: np.random.Generator,
    progress: Progress | None = None,
    not_applicable: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Coded, Mapping[str, Emptiness]] | None:
    """Ask of a code how it lays out a collection.

    Parameters
    ----------
    space
        The codes.
    attributes
        The table, n rows in the order of the codes.
    rng
        Source of chance.
    progress
        Told while it works.
    not_applicable
        As for :func:`~tanaoroshi.archive.examine.examine`.

    Returns
    -------
    What was found, and by source how empty the place of each code is that was asked about;
    ``None`` where there are too few images or no active dimensions. See
    :mod:`~tanaoroshi.archive.pointing`, :mod:`~tanaoroshi.archive.association_tests`,
    :mod:`~tanaoroshi.archive.rooms`, :mod:`~tanaoroshi.archive.support`.
    """
    n = len(attributes)
    if n < LEAST_ROWS or not len(space.active):
        return None
    means = space.means[:, space.active]
    turn = whitening(means)
    codes = (means - means.mean(axis=0)) @ turn
    classes = classed(attributes, inapplicable(attributes, not_applicable))
    marks = marks_of(classes, [attributes.column(one.spec.name) for one in classes])
    decided = frozenset(
        frozenset((a.spec.name, b.spec.name))
        for a, b in combinations(classes, 2)
        if decides(a, b, pair_table(a, b))
    )
    group = attributes.group
    index = None if group is None else group_index(n, group)
    pointings = find_pointings(codes, marks, group, decided=decided, rng=rng, progress=progress)
    associations = find_associations(
        codes, classes, group, decided=decided, rng=rng, progress=progress
    )
    rooms = find_rooms(codes, marks, index, decided=decided, rng=rng, progress=progress)
    drawn, scale = means, turn
    if space.deviations is not None:
        deviations = space.deviations[:, space.active]
        drawn = means + deviations * rng.standard_normal(means.shape)
        scale = np.diag(1 / np.sqrt(np.mean(deviations**2, axis=0)))
    supports = find_support(
        means,
        drawn,
        None if space.prior is None else space.prior[:, space.active],
        scale,
        tuple(space.active.tolist()),
        group,
        rng=rng,
    )
    found = Coded(
        dimensions=tuple(space.active.tolist()),
        rank=codes.shape[1],
        pointings=pointings,
        associations=associations,
        rooms=rooms,
        supports=tuple(support for support, _ in supports),
    )
    return found, {support.source: places for support, places in supports}
