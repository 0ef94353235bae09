"""What else a place carries, and whether that is the collection's own tie or the model's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanaoroshi.records.estimates import Estimate
from tanaoroshi.shelves.features import hats, knots_of
from tanaoroshi.shelves.intervals import ratio_estimate
from tanaoroshi.shelves.ridge import constant_losses, held_out_losses
from tanaoroshi.shelves.targets import embed

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints, Kind
    from tanaoroshi.shelves.settings import ShelfSettings

# Waves round the circle by which one circular attribute predicts another.
HARMONICS = 4
# Fewest steps of an ordered scale at which it is described by a curve instead of step by step.
MANY_STEPS = 30

Beyond = Literal["yes", "no", "unclear", "nothing_open"]
Relation = Literal["apart", "shared", "tied"]


@dataclass(frozen=True, slots=True)
class Company:
    """How a place that holds attribute a stands to another attribute b.

    Attributes
    ----------
    a_beyond_b
        What the place tells of a when b is known already, as a share of what b leaves open;
        ``None`` where b leaves nothing open.
    b_beyond_a
        The same the other way round.
    due_to_b
        How much of the place's own variation goes with b and not with a.
    relation
        ``apart``: whatever the place tells of b comes from the tie of b to a in the collection,
        or fills small gaps only. ``shared``: the place tells of each what the other does not, and
        varies with both. ``tied``: the place may as well be that of b.
    """

    a_beyond_b: Estimate | None
    b_beyond_a: Estimate | None
    due_to_b: Estimate
    relation: Relation


def keep_company(
    place: Floats,
    a: tuple[Floats, Kind],
    b: tuple[Floats, Kind],
    fold: Ints,
    group: Ints | None,
    *,
    settings: ShelfSettings,
) -> Company:
    """Tell the collection's tie between a and b from the model's.

    Parameters
    ----------
    place
        float64 (n,): where each code stands on the dimension or direction.
    a, b
        Values float64 (n,), nothing missing, and kind.
    fold, group
        int64 (n,); the groups or ``None``.
    settings
        See :class:`~tanaoroshi.shelves.settings.ShelfSettings`.

    Returns
    -------
    Company
    """
    a_beyond_b, a_answer = _beyond(place, a, b, fold, group, settings)
    b_beyond_a, b_answer = _beyond(place, b, a, fold, group, settings)
    due_to_b = _due(place, a, b, fold, group, settings)
    if b_answer == "yes":
        due_to_a = _due(place, b, a, fold, group, settings)
        if due_to_b.value < max(settings.carried, settings.minor * due_to_a.value):
            b_answer = "no"
    return Company(a_beyond_b, b_beyond_a, due_to_b, relate(a_answer, b_answer))


def relate(a_beyond_b: Beyond, b_beyond_a: Beyond) -> Relation:
    """Judge from what the place tells of each attribute when the other is known.

    Where b is a function of a, it is no second thing that the place could carry; where a is a
    function of b and the place tells nothing of b but a, the place is a's.
    """
    if b_beyond_a == "nothing_open":
        return "apart" if a_beyond_b in ("yes", "unclear") else "tied"
    if b_beyond_a == "no":
        return "apart" if a_beyond_b in ("yes", "nothing_open") else "tied"
    if a_beyond_b == "yes":
        return "shared" if b_beyond_a == "yes" else "apart"
    return "tied"


def _due(
    place: Floats,
    a: tuple[Floats, Kind],
    b: tuple[Floats, Kind],
    fold: Ints,
    group: Ints | None,
    settings: ShelfSettings,
) -> Estimate:
    target = embed(place, "continuous")
    with_a = _describe(*a)
    before = held_out_losses(with_a, target, fold)
    after = held_out_losses(np.hstack([with_a, _describe(*b)]), target, fold)
    return ratio_estimate(
        before - after,
        constant_losses(target, fold),
        group,
        level=settings.level,
        method="share of the place's variation that goes with the other attribute alone, held out",
        chance=0.0,
    )


def _beyond(
    place: Floats,
    of: tuple[Floats, Kind],
    known: tuple[Floats, Kind],
    fold: Ints,
    group: Ints | None,
    settings: ShelfSettings,
) -> tuple[Estimate | None, Beyond]:
    target = embed(*of)
    without = _describe(*known)
    curve = hats(place, knots_of(place, settings.knots))
    constant = constant_losses(target, fold)
    before = held_out_losses(without, target, fold)
    if before.sum() < settings.same_thing * constant.sum():
        return None, "nothing_open"
    after = held_out_losses(np.hstack([without, curve]), target, fold)
    told = ratio_estimate(
        before - after,
        before,
        group,
        level=settings.level,
        method="share of what the other attribute leaves open, held out",
        chance=0.0,
    )
    if told.low > 0 and told.value >= settings.carried:
        return told, "yes"
    return told, "no" if told.high < settings.carried else "unclear"


def _describe(values: Floats, kind: Kind) -> Floats:
    """Return features by which an attribute predicts another, standardised in all."""
    if kind == "circular":
        waves = np.arange(1, HARMONICS + 1) * values[:, None]
        return np.hstack([np.cos(waves), np.sin(waves)])
    if kind == "nominal" or len(np.unique(values)) <= MANY_STEPS:
        return embed(values, "nominal")
    return hats(values, knots_of(values, MANY_STEPS))
