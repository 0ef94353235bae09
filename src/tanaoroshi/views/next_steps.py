"""What to do next, said from the statuses of the shelves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.shelves.control import controls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.stocktake import Shelf, Stocktake

USABLE = ("own_dimension", "own_direction", "shared")


@dataclass(frozen=True, slots=True)
class NextStep:
    """One advice: what to do, and for which attributes."""

    title: Words
    why: Words
    attributes: tuple[tuple[Text, str], ...]


def next_steps(stocktake: Stocktake, anchors: Mapping[str, str]) -> tuple[NextStep, ...]:
    """Return the advice that the stocktake gives reason for, the most useful first."""
    specs = {spec.name: spec for spec in stocktake.attributes}
    steps = []
    for title, why, wanted in _ADVICE:
        who = [s for s in stocktake.shelves if wanted(s, specs[s.attribute])]
        if who:
            steps.append(NextStep(title, why, _links(who, specs, anchors)))
    if not steps:
        steps.append(
            NextStep(
                message("Give the collection attributes"),
                message(
                    "Without a table that says something about each image no shelf can be found. "
                    "Start with one attribute that matters to you."
                ),
                (),
            )
        )
    return tuple(steps)


def _links(
    shelves: Sequence[Shelf], specs: Mapping[str, Attribute], anchors: Mapping[str, str]
) -> tuple[tuple[Text, str], ...]:
    return tuple((specs[s.attribute].label, anchors[s.attribute]) for s in shelves)


def _works(shelf: Shelf, _: Attribute) -> bool:
    return shelf.status in USABLE and controls(shelf) == "moves"


def _fails(shelf: Shelf, _: Attribute) -> bool:
    return shelf.status in USABLE and controls(shelf) in ("does_not_move", "moves_others_more")


def _protected(shelf: Shelf, spec: Attribute) -> bool:
    return spec.protected and shelf.status not in ("none", "undecided")


def _tied(shelf: Shelf, _: Attribute) -> bool:
    return shelf.status == "tied"


def _trainable(shelf: Shelf, spec: Attribute) -> bool:
    return spec.tier != "contextual" and shelf.status in ("spread", "none")


def _open(shelf: Shelf, _: Attribute) -> bool:
    return shelf.status == "undecided"


_ADVICE: tuple[tuple[Words, Words, Callable[[Shelf, Attribute], bool]], ...] = (
    (
        message("Use these sliders"),
        message("They move what they say. Look at the side effects before you offer them."),
        _works,
    ),
    (
        message("Do not offer these as sliders"),
        message("Their place predicts the attribute, but moving it does not move it cleanly."),
        _fails,
    ),
    (
        message("Have these reviewed by the people responsible"),
        message(
            "The model holds attributes that laws or brands care about. Agree on what it may do "
            "with them, and keep this report with the decision."
        ),
        _protected,
    ),
    (
        message("Collect images that break the tie"),
        message(
            "In this collection these go together with another attribute. Images in which the two "
            "differ would show which of them the model holds."
        ),
        _tied,
    ),
    (
        message("If you need these, train for them"),
        message(
            "They can be seen in the pictures, but the model gives them no place of their own. "
            "Tying a dimension to the attribute in training does."
        ),
        _trainable,
    ),
    (
        message("Add images before you judge these"),
        message("There are too few to say; each section tells how many would do."),
        _open,
    ),
)
