"""The five sentences that stand first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.stocktake import OWN, Control
from tanaoroshi.records.words import Message, Text, message
from tanaoroshi.shelves.control import controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.stocktake import Archive, Shelf, Stocktake
    from tanaoroshi.records.words import Arg


def summarise(stocktake: Stocktake) -> tuple[Message, ...]:
    """Say in five sentences what was audited, where the shelves are, what holds and what ties."""
    labels = {spec.name: spec.label for spec in stocktake.attributes}
    return (
        _what(stocktake),
        _own(stocktake.shelves, labels),
        _elsewhere(stocktake.shelves, labels),
        _moves(stocktake.shelves, labels),
        _ties(stocktake.archive, stocktake.attributes),
    )


def contrast(main: Stocktake, other: Stocktake) -> Message:
    """Say how many shelves another model has of the same collection."""
    return message(
        "For contrast, {other} has a shelf of its own for {theirs} of {k} attributes, {main} for "
        "{ours}: the same pictures, another training.",
        other=other.model.name,
        main=main.model.name,
        theirs=sum(s.status in OWN for s in other.shelves),
        ours=sum(s.status in OWN for s in main.shelves),
        k=len(main.shelves),
    )


def _names(shelves: Iterable[Shelf], labels: Mapping[str, Text]) -> tuple[Text, ...]:
    return tuple(labels[s.attribute] for s in shelves)


def _what(stocktake: Stocktake) -> Message:
    facts: dict[str, Arg] = {
        "model": stocktake.model.name,
        "version": stocktake.model.version,
        "active": sum(d.state == "active" for d in stocktake.dimensions),
        "d": len(stocktake.dimensions),
        "n": stocktake.collection.n,
        "collection": stocktake.collection.name,
    }
    mse = stocktake.reconstruction.get("mse")
    if isinstance(mse, Estimate) and mse.chance:
        return message(
            "{model} (version {version}) uses {active} of its {d} dimensions to describe the "
            "{n:,} images of {collection}; the pictures that it gives back keep {kept:.0%} of what "
            "tells one image from another.",
            kept=max(1 - mse.value / mse.chance, 0.0),
            **facts,
        )
    return message(
        "{model} (version {version}) uses {active} of its {d} dimensions to describe the {n:,} "
        "images of {collection}.",
        **facts,
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
                "present, but shared, spread or tied ({names})",
                names=_names(held, labels),
            )
        )
    if none:
        parts.append(message("without a shelf ({names})", names=_names(none, labels)))
    if open_:
        parts.append(message("undecided ({names})", names=_names(open_, labels)))
    if not parts:
        return message("No attribute is without a shelf of its own.")
    told = parts[0]
    for part in parts[1:]:
        told = message("{first}; {next}", first=told, next=part)
    return message("The others are {parts}.", parts=told)


def _moves(shelves: tuple[Shelf, ...], labels: Mapping[str, Text]) -> Message:
    tested = [s for s in shelves if isinstance(s.control, Control)]
    if not tested:
        return message("Whether a shelf moves the picture could not be tested.")
    verdicts = {s.attribute: controls(s) for s in tested}
    clean = [s for s in tested if verdicts[s.attribute] == "moves"]
    if not clean:
        return message(
            "Places that were moved: {count}. None of them cleanly changes its own attribute in "
            "the picture.",
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
