"""Which other attributes a place tells anything of, and what that means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.shelves.company import Company, keep_company
from tanaoroshi.shelves.features import hats, knots_of
from tanaoroshi.shelves.intervals import ratio_estimate
from tanaoroshi.shelves.ridge import constant_losses, held_out_losses
from tanaoroshi.shelves.targets import embed
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.attributes import Attributes
    from tanaoroshi.shelves.cases import Asked, Case
    from tanaoroshi.shelves.settings import ShelfSettings


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A dimension or a direction.

    Attributes
    ----------
    rows
        int64 (n,): images that are looked at.
    position
        float64 (n,): where their codes stand.
    dimension
        Which dimension, or ``None`` for a direction.
    """

    rows: Ints
    position: Floats
    dimension: int | None


def find_company(
    place: Place,
    case: Case,
    asked: Mapping[int, Asked],
    attributes: Attributes,
    settings: ShelfSettings,
) -> dict[str, Company]:
    """Look at every other attribute that the place tells of, by name.

    Only rows where both attributes are known are used; where these are too few to judge by, the
    other attribute is passed over.
    """
    found = {}
    for column, other in asked.items():
        if column == case.target.column or not _worth_asking(place, other, settings):
            continue
        both = np.isfinite(other.target.values[place.rows])
        rows = place.rows[both]
        group = None if attributes.group is None else attributes.group[rows]
        index = group_index(len(rows), group)
        fold = case.block.fold[both]
        if len(np.unique(index)) < settings.min_groups or len(np.unique(fold)) < settings.folds:
            continue
        position = place.position[both]
        a, b = case.target.values[rows], other.target.values[rows]
        if np.ptp(a) == 0 or np.ptp(b) == 0:
            continue
        if _told(position, other, b, fold, group, settings):
            pair = (a, case.spec.kind), (b, other.spec.kind)
            found[other.spec.name] = keep_company(position, *pair, fold, group, settings=settings)
    return found


def _worth_asking(place: Place, other: Asked, settings: ShelfSettings) -> bool:
    """Spare the work where the place tells no more than chance."""
    if place.dimension is None:
        return bool(other.p.min() <= settings.false_shelves)
    return bool(other.p[place.dimension] <= settings.false_shelves)


def _told(
    position: Floats,
    other: Asked,
    values: Floats,
    fold: Ints,
    group: Ints | None,
    settings: ShelfSettings,
) -> bool:
    target = embed(values, other.spec.kind)
    constant = constant_losses(target, fold)
    losses = held_out_losses(hats(position, knots_of(position, settings.knots)), target, fold)
    told = ratio_estimate(
        constant - losses, constant, group, level=settings.level, method="told by the place"
    )
    return told.low > 0 and told.value >= settings.carried
