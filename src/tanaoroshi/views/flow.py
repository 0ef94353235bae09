"""Shelves flowing from left to right: which dimension of one version became which of the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tanaoroshi.records.comparison import Comparison, DimensionMatch, DimensionStatus
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.stocktake import OWN, Shelf
from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.views.vocabulary import DIMENSION_CHANGE, StatusWord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tanaoroshi.records.attributes import Attribute

MOST_ROWS = 40
"""More dimensions than this, and those that stayed as they were and hold no shelf are not drawn."""


@dataclass(frozen=True, slots=True)
class Node:
    """A dimension of one version, and the attributes whose shelf it is."""

    index: int
    holds: tuple[tuple[Text, str], ...]


@dataclass(frozen=True, slots=True)
class Band:
    """What flows from a row of one column to a row of the next.

    ``start`` or ``end`` is ``None`` where it ends or begins in between; ``width`` is the share of
    the whole that flows here, 0 to 1; ``path`` draws it in a box of 100 × (10 · rows).
    """

    start: int | None
    end: int | None
    status: DimensionStatus
    width: float
    path: str
    text: Words


@dataclass(frozen=True, slots=True)
class Column:
    """The dimensions of one version, from above."""

    title: Text
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """Versions from left to right; ``bands[k]`` lead from column k to column k + 1.

    ``hidden`` counts dimensions that are not drawn, ``legend`` has the statuses that are.
    """

    columns: tuple[Column, ...]
    bands: tuple[tuple[Band, ...], ...]
    rows: int
    hidden: int
    legend: tuple[tuple[DimensionStatus, StatusWord], ...]


def flow(comparisons: Sequence[Comparison], anchors: Mapping[str, str]) -> Flow | None:
    """Lay out versions from left to right.

    Parameters
    ----------
    comparisons
        Each from one version to the next.
    anchors
        Where in the page each attribute is.

    Returns
    -------
    ``None`` where no dimension could be followed.
    """
    steps = [_steps(found) for found in comparisons]
    if not any(steps):
        return None
    specs = {spec.name: spec for found in comparisons for spec in found.attributes}
    # The shelves of a version in the middle are in two comparisons, and the same in both.
    shelves = [[move.base for move in comparisons[0].shelves]]
    shelves += [[move.candidate for move in found.shelves] for found in comparisons]
    held = [_held(each, specs, anchors) for each in shelves]
    seen, hidden = _seen(steps, held)
    places = [{j: row for row, j in enumerate(sorted(each))} for each in seen]
    bands = tuple(
        tuple(band for match in step for band in _bands(match, places[k], places[k + 1]))
        for k, step in enumerate(steps)
    )
    models = [comparisons[0].base, *(found.candidate for found in comparisons)]
    names = [f"{m.name} ({m.version})" if m.version else m.name for m in models]
    titles = [Text(name, name) for name in names]
    columns = tuple(
        Column(title, tuple(Node(j, tuple(held[k].get(j, ()))) for j in sorted(each)))
        for k, (title, each) in enumerate(zip(titles, seen, strict=True))
    )
    drawn = {band.status for each in bands for band in each}
    return Flow(
        columns,
        bands,
        max(map(len, places)),
        hidden,
        tuple((status, word) for status, word in DIMENSION_CHANGE.items() if status in drawn),
    )


def _steps(found: Comparison) -> list[DimensionMatch]:
    """Return the matches that can be drawn: of dimensions that carry something."""
    return [m for m in found.dimensions if m.status != "undecided" or m.candidate is not None]


def _held(
    shelves: Sequence[Shelf], specs: Mapping[str, Attribute], anchors: Mapping[str, str]
) -> dict[int, list[tuple[Text, str]]]:
    held: dict[int, list[tuple[Text, str]]] = {}
    for shelf in shelves:
        if shelf.status in OWN and shelf.dimension is not None and shelf.attribute in anchors:
            label = specs[shelf.attribute].label
            held.setdefault(shelf.dimension, []).append((label, anchors[shelf.attribute]))
    return held


def _seen(
    steps: Sequence[Sequence[DimensionMatch]], held: Sequence[Mapping[int, object]]
) -> tuple[list[set[int]], int]:
    """Choose the dimensions of each version that are drawn; count those that are not."""
    there: list[set[int]] = [set(each) for each in held]
    for k, step in enumerate(steps):
        for m in step:
            starts, ends = _ends(m)
            there[k] |= starts
            there[k + 1] |= ends
    if max(map(len, there)) <= MOST_ROWS:
        return there, 0
    kept: list[set[int]] = [set(each) for each in held]
    for k, step in enumerate(steps):
        for m in step:
            starts, ends = _ends(m)
            if m.status != "same" or starts & kept[k] or ends & kept[k + 1]:
                kept[k] |= starts
                kept[k + 1] |= ends
    drawn = [set(sorted(each)[:MOST_ROWS]) for each in kept]
    return drawn, sum(len(a) - len(b) for a, b in zip(there, drawn, strict=True))


def _ends(match: DimensionMatch) -> tuple[set[int], set[int]]:
    """Return the dimensions before and after that a match connects."""
    starts = set() if match.base is None else {match.base}
    if match.candidate is not None:
        return starts, {match.candidate}
    return starts, set(match.parts) if starts else set()


def _bands(
    match: DimensionMatch, before: Mapping[int, int], after: Mapping[int, int]
) -> list[Band]:
    told = match.told.value if isinstance(match.told, Estimate) else 1.0
    told = min(max(told, 0.0), 1.0)
    if match.base is None:
        row = after.get(match.candidate) if match.candidate is not None else None
        if row is None:
            return []
        path = f"M62,{10 * row + 5} L100,{10 * row + 5}"
        said = message("Dimension {k} is new.", k=match.candidate or 0)
        return [Band(None, row, match.status, 1.0, path, said)]
    start = before.get(match.base)
    if start is None:
        return []
    if match.candidate is not None and match.candidate in after:
        text = _said(match)
        return [_across(start, after[match.candidate], match.status, told, text)]
    parts = [j for j in match.parts if j in after]
    if match.status == "mixed" and parts:
        text = message(
            "Dimension {j} is spread over dimensions {parts} now.",
            j=match.base,
            parts=tuple(str(j) for j in parts),
        )
        share = told / len(parts)
        return [_across(start, after[j], match.status, share, text) for j in parts]
    path = f"M0,{10 * start + 5} L38,{10 * start + 5}"
    return [Band(start, None, match.status, 1.0, path, _said(match))]


def _across(start: int, end: int, status: DimensionStatus, width: float, text: Words) -> Band:
    y, z = 10 * start + 5, 10 * end + 5
    return Band(start, end, status, width, f"M0,{y} C50,{y} 50,{z} 100,{z}", text)


def _said(match: DimensionMatch) -> Words:
    if match.candidate is None:
        return message(
            "Dimension {j}: {status}.",
            j=match.base or 0,
            status=DIMENSION_CHANGE[match.status].word,
        )
    return message(
        "Dimension {j}: {status}, now dimension {k}{turned}.",
        j=match.base or 0,
        status=DIMENSION_CHANGE[match.status].word,
        k=match.candidate,
        turned=message(", turned round") if match.sign == -1 else "",
    )
