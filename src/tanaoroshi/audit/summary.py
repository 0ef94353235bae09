"""The five sentences that stand first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.records.estimates import Estimate, Measured
from tanaoroshi.records.stocktake import (
    Archive,
    CollectionRef,
    Control,
    Dimension,
    ModelRef,
    Shelf,
)
from tanaoroshi.records.words import Message, Text, message
from tanaoroshi.shelves.control import controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tanaoroshi.records.attributes import Attribute

OWN = ("own_dimension", "own_direction")


def summarise(
    model: ModelRef,
    collection: CollectionRef,
    dimensions: tuple[Dimension, ...],
    shelves: tuple[Shelf, ...],
    archive: Archive,
    specs: tuple[Attribute, ...],
    reconstruction: Mapping[str, Measured],
) -> tuple[Message, ...]:
    """Say in five sentences what was audited, where the shelves are, what holds and what ties."""
    labels = {spec.name: spec.label for spec in specs}
    return (
        _what(model, collection, dimensions, reconstruction),
        _own(shelves, labels),
        _elsewhere(shelves, labels),
        _moves(shelves, labels),
        _ties(archive, specs),
    )


def _names(shelves: Iterable[Shelf], labels: Mapping[str, Text]) -> tuple[Text, ...]:
    return tuple(labels[s.attribute] for s in shelves)


def _what(
    model: ModelRef,
    collection: CollectionRef,
    dimensions: tuple[Dimension, ...],
    reconstruction: Mapping[str, Measured],
) -> Message:
    active = sum(d.state == "active" for d in dimensions)
    mse = reconstruction.get("mse")
    if isinstance(mse, Estimate) and mse.chance:
        return message(
            "{model} (version {version}) uses {active} of its {d} dimensions to describe the "
            "{n:,} images of {collection}; its reconstructions remove {kept:.0%} of the "
            "difference that another image's reconstruction would show.",
            model=model.name,
            version=model.version,
            active=active,
            d=len(dimensions),
            n=collection.n,
            collection=collection.name,
            kept=1 - mse.value / mse.chance,
        )
    return message(
        "{model} (version {version}) uses {active} of its {d} dimensions to describe the {n:,} "
        "images of {collection}.",
        model=model.name,
        version=model.version,
        active=active,
        d=len(dimensions),
        n=collection.n,
        collection=collection.name,
    )


def _own(shelves: tuple[Shelf, ...], labels: Mapping[str, Text]) -> Message:
    own = [s for s in shelves if s.status in OWN]
    if not shelves:
        return message("No attribute could be looked for: the collection has none to measure.")
    if not own:
        return message("None of the {k} attributes has a shelf of its own.", k=len(shelves))
    return message(
        "{count} of {k} attributes have a shelf of their own: {names}.",
        count=len(own),
        k=len(shelves),
        names=_names(own, labels),
    )


def _elsewhere(shelves: tuple[Shelf, ...], labels: Mapping[str, Text]) -> Message:
    held = [s for s in shelves if s.status in ("shared", "spread", "tied")]
    none = [s for s in shelves if s.status == "none"]
    open_ = [s for s in shelves if s.status == "undecided"]
    parts: list[Message] = []
    if held:
        parts.append(
            message(
                "present without a shelf of their own (shared, spread or tied): {names}",
                names=_names(held, labels),
            )
        )
    if none:
        parts.append(message("no shelf: {names}", names=_names(none, labels)))
    if open_:
        parts.append(message("undecided: {names}", names=_names(open_, labels)))
    if not parts:
        return message("No attribute is without a shelf of its own.")
    return message("The others: {parts}.", parts=tuple(parts))


def _moves(shelves: tuple[Shelf, ...], labels: Mapping[str, Text]) -> Message:
    tested = [s for s in shelves if isinstance(s.control, Control)]
    if not tested:
        return message("Whether a shelf moves the picture could not be tested.")
    verdicts = {s.attribute: controls(s) for s in tested}
    clean = [s for s in tested if verdicts[s.attribute] == "moves"]
    if not clean:
        return message(
            "Of {count} places that were moved, none changes its attribute in the picture "
            "more than other attributes.",
            count=len(tested),
        )
    rest = [s for s in tested if verdicts[s.attribute] != "moves"]
    if not rest:
        return message(
            "Moving the place of an attribute moves it in the picture for all of: {names}.",
            names=_names(clean, labels),
        )
    return message(
        "Moving the place of an attribute moves it in the picture for {names}; not, or not "
        "cleanly, for {rest}.",
        names=_names(clean, labels),
        rest=_names(rest, labels),
    )


def _ties(archive: Archive, specs: tuple[Attribute, ...]) -> Message:
    by_name = {spec.name: spec for spec in specs}
    ties = [t for t in archive.ties if t.p_adjusted <= 0.05 and t.estimate.low > 0]
    if not ties:
        return message("No two attributes of the collection go together beyond chance.")
    # Protected attributes first; of those, a tie between two of the same family (skin tone and
    # its level) says nothing new, so a perfect one stands behind.
    ties.sort(
        key=lambda t: (
            not (by_name[t.a].protected or by_name[t.b].protected),
            t.estimate.high > 0.95,
            -t.estimate.value,
        )
    )
    first = ties[0]
    return message(
        "In the collection, {a} and {b} go together ({value:.2f} [{low:.2f}, {high:.2f}] on a "
        "scale from 0 to 1): a model can hardly tell apart what its pictures show together.",
        a=by_name[first.a].label,
        b=by_name[first.b].label,
        value=first.estimate.value,
        low=first.estimate.low,
        high=first.estimate.high,
    )
