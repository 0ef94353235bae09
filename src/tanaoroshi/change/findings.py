"""What a comparison found, in words: five sentences first, then each finding."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tanaoroshi.change.differences import is_changed
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.stocktake import Finding
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tanaoroshi.records.comparison import (
        Comparison,
        DimensionMatch,
        DimensionStatus,
        ShelfChange,
        ShelfMove,
    )
    from tanaoroshi.records.stocktake import Severity
    from tanaoroshi.records.words import Message, Text, Words

SEVERITY: dict[ShelfChange, Severity] = {
    "kept": "info",
    "moved": "warn",
    "weaker": "warn",
    "broken": "fail",
    "gained": "info",
    "never": "info",
    "undecided": "warn",
}
NAMED = 12
"""So many dimensions or attributes are named in a sentence before it says "and others"."""


def summarise_comparison(found: Comparison) -> Comparison:
    """Return the comparison with its five sentences."""
    sentences = (
        _dimensions(found),
        _gone(found),
        _shelves(found),
        _trouble(found),
        _directions(found),
    )
    return replace(found, summary=sentences)


def comparison_findings(found: Comparison) -> Comparison:
    """Return the comparison with its findings: shelves, dimensions, numbers, directions."""
    findings = (
        *_shelf_findings(found),
        *_dimension_findings(found),
        *_number_findings(found),
        *_share_findings(found),
        *_direction_findings(found),
    )
    return replace(found, findings=findings)


def _shelf_findings(found: Comparison) -> list[Finding]:
    """Tell of every shelf what became of it."""
    return [
        Finding(
            f"shelf-{move.attribute}",
            SEVERITY[move.status],
            move.attribute,
            move.text,
            {"status": move.status, "difference": move.difference},
        )
        for move in found.shelves
    ]


def _dimension_findings(found: Comparison) -> list[Finding]:
    """Tell which dimensions are mixed or lost."""
    return [
        Finding(
            f"dimension-{one.base}",
            "warn",
            f"dimension {one.base}",
            _dimension(one),
            {"status": one.status, "told": one.told, "agreement": one.agreement},
        )
        for one in found.dimensions
        if one.base is not None and one.status in ("lost", "mixed")
    ]


def _number_findings(found: Comparison) -> list[Finding]:
    """Tell which metrics and errors changed, the family considered."""
    return [
        Finding(
            f"metric-{name}",
            "warn",
            name,
            message(
                "{metric} changed by {change:+.3f} [{low:+.3f}, {high:+.3f}].",
                metric=name,
                change=one.difference.value,
                low=one.difference.low,
                high=one.difference.high,
            ),
            {
                "base": one.base,
                "candidate": one.candidate,
                "difference": one.difference,
                "p_adjusted": one.p_adjusted,
            },
        )
        for name, one in {**found.metrics, **found.reconstruction}.items()
        if isinstance(one.difference, Estimate) and is_changed(one)
    ]


def _share_findings(found: Comparison) -> list[Finding]:
    """Tell which shares of the collection changed, the family considered."""
    labels = {spec.name: spec for spec in found.attributes}
    return [
        Finding(
            f"share-{name}-{value}",
            "warn" if labels[name].protected else "info",
            name,
            message(
                "The share of {attribute} = {value} among the images changed by {change:+.1%} "
                "[{low:+.1%}, {high:+.1%}].",
                attribute=labels[name].label,
                value=labels[name].value_label(value),
                change=one.difference.value,
                low=one.difference.low,
                high=one.difference.high,
            ),
            {"base": one.base, "candidate": one.candidate, "difference": one.difference},
        )
        for (name, value), one in found.shares.items()
        if name in labels and is_changed(one) and isinstance(one.difference, Estimate)
    ]


def _direction_findings(found: Comparison) -> list[Finding]:
    """Tell which directions don't work as they did."""
    return [
        Finding(
            f"direction-{one.name}",
            "warn" if one.status != "lost" else "fail",
            one.name,
            one.text,
            {"status": one.status, "fidelity": one.fidelity},
        )
        for one in found.directions
        if one.status != "kept"
    ]


def _dimension(one: DimensionMatch) -> Words:
    j = -1 if one.base is None else one.base
    if one.status == "lost":
        return message("What dimension {j} said is not in the new code any more.", j=j)
    if not one.parts:
        return message("What dimension {j} said is spread over other dimensions now.", j=j)
    return message(
        "What dimension {j} said is still there, but spread over dimensions {parts}.",
        j=j,
        parts=tuple(str(k) for k in one.parts),
    )


def _of(found: Comparison, *statuses: DimensionStatus) -> list[DimensionMatch]:
    return [m for m in found.dimensions if m.base is not None and m.status in statuses]


def _dimensions(found: Comparison) -> Message:
    d = sum(m.base is not None for m in found.dimensions)
    if not found.n:
        return message(
            "{base} and {candidate} have no codes of the same images: which dimension went where "
            "can't be said.",
            base=_name(found.base.name, found.base.version),
            candidate=_name(found.candidate.name, found.candidate.version),
        )
    drawn = message("pictures that one of them drew")
    return message(
        "From {base} to {candidate}, on {n:,} {pictures}: of {d} dimensions, {same} are as they "
        "were, {moved} moved to another place or turned round, {rescaled} have another scale.",
        base=_name(found.base.name, found.base.version),
        candidate=_name(found.candidate.name, found.candidate.version),
        n=found.n,
        pictures=message("images that both know") if found.through == "images" else drawn,
        d=d,
        same=len(_of(found, "same")),
        moved=len(_of(found, "moved")),
        rescaled=len(_of(found, "rescaled")),
    )


def _name(name: str, version: str) -> str:
    return f"{name} ({version})"


def _gone(found: Comparison) -> Message:
    mixed, lost, open_ = _of(found, "mixed"), _of(found, "lost"), _of(found, "undecided")
    new = [m for m in found.dimensions if m.base is None and m.status == "new"]
    kept = found.subspace
    if isinstance(kept, Estimate):
        return message(
            "{mixed} are mixed into others, {lost} are lost, {new} are new, {open} can't be told; "
            "all together, the new code still tells {kept:.0%} of what the old one said.",
            mixed=len(mixed),
            lost=len(lost),
            new=len(new),
            open=len(open_),
            kept=max(kept.value, 0.0),
        )
    return message("How much of the old code is still in the new one was not measured.")


def _labels(found: Comparison, moves: Iterable[ShelfMove]) -> tuple[Text | str, ...]:
    labels = {spec.name: spec.label for spec in found.attributes}
    names = [labels.get(move.attribute, move.attribute) for move in moves]
    return (*names[:NAMED], "…") if len(names) > NAMED else tuple(names)


def _with(found: Comparison, *statuses: ShelfChange) -> list[ShelfMove]:
    return [move for move in found.shelves if move.status in statuses]


def _shelves(found: Comparison) -> Message:
    kept, moved, gained = (_with(found, s) for s in ("kept", "moved", "gained"))
    if not (kept or moved or gained):
        return message("No attribute has a shelf of its own in both, and none gained one.")
    nothing = message("none")
    return message(
        "Shelves that stayed: {kept}; that moved: {moved}; that are new: {gained}.",
        kept=_labels(found, kept) or nothing,
        moved=_labels(found, moved) or nothing,
        gained=_labels(found, gained) or nothing,
    )


def _trouble(found: Comparison) -> Message:
    broken, weaker, open_ = (_with(found, s) for s in ("broken", "weaker", "undecided"))
    if not (broken or weaker or open_):
        return message("No shelf broke, and none became weaker.")
    nothing = message("none")
    return message(
        "Shelves that broke: {broken}; that became weaker: {weaker}; that can't be told from so "
        "few images: {open}.",
        broken=_labels(found, broken) or nothing,
        weaker=_labels(found, weaker) or nothing,
        open=_labels(found, open_) or nothing,
    )


def _directions(found: Comparison) -> Message:
    if not found.directions:
        return message("There was no direction to carry over.")
    labels = {spec.name: spec.label for spec in found.attributes}
    fail = tuple(labels.get(d.name, d.name) for d in found.directions if d.status != "kept")
    kept = sum(d.status == "kept" for d in found.directions)
    if not fail:
        return message(
            "All {n} directions of the old model can be carried over.", n=len(found.directions)
        )
    return message(
        "{kept} of {n} directions of the old model can be carried over; not, or not whole: {fail}.",
        kept=kept,
        n=len(found.directions),
        fail=fail,
    )
