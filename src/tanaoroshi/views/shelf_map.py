"""The shelf map: attributes × dimensions, read in one glance."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Literal

from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.views.vocabulary import STATUS, StatusWord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.stocktake import Dimension, Shelf, ShelfStatus

MOST_COLUMNS = 24
"""More dimensions than this, and the map shows those that matter."""

PLACED: tuple[ShelfStatus, ...] = ("own_dimension", "shared")

Mark = Literal["place", "part", ""]


@dataclass(frozen=True, slots=True)
class Cell:
    """One attribute in one dimension.

    ``size`` is the side of the square in percent of the cell, so that its area is the association;
    ``mark`` says whether this is the shelf's place, or one of several that hold part of it.
    """

    text: str
    size: float
    mark: Mark


@dataclass(frozen=True, slots=True)
class Column:
    """One dimension."""

    index: int
    collapsed: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute."""

    anchor: str
    label: Text
    protected: bool
    status: StatusWord
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Attributes of one sort, under one heading."""

    title: Words
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ShelfMap:
    """The whole map; ``hidden`` dimensions are left out since nothing has its place there."""

    columns: tuple[Column, ...]
    groups: tuple[RowGroup, ...]
    hidden: int


def shelf_map(
    shelves: Sequence[Shelf],
    attributes: Mapping[str, Attribute],
    dimensions: Sequence[Dimension],
    anchors: Mapping[str, str],
) -> ShelfMap:
    """Lay out attributes × dimensions: protected attributes first, then what can be seen.

    Dimensions stand in the order in which attributes have their place in them, so that shelves
    form a diagonal; what has no place follows, collapsed dimensions last.
    """
    groups = _groups(shelves, attributes)
    ordered = list(chain.from_iterable(members for _, members in groups))
    columns, hidden = _columns(ordered, dimensions)
    return ShelfMap(
        columns,
        tuple(
            RowGroup(title, tuple(_row(s, attributes[s.attribute], columns, anchors) for s in rows))
            for title, rows in groups
        ),
        hidden,
    )


def in_order(shelves: Sequence[Shelf]) -> list[Shelf]:
    """Return shelves as people want to see them: what can be used first, the surest first."""
    rank = {status: i for i, status in enumerate(STATUS)}
    return sorted(shelves, key=lambda s: (rank[s.status], -max(s.association, default=0.0)))


def _groups(
    shelves: Sequence[Shelf], attributes: Mapping[str, Attribute]
) -> list[tuple[Words, list[Shelf]]]:
    titles: dict[str, Words] = {
        "protected": message("Protected: laws or brands care about these"),
        "simple": message("Can be seen in the picture"),
        "contextual": message("Needs knowledge of the culture"),
        "": message("Other attributes"),
    }
    members: dict[str, list[Shelf]] = {key: [] for key in titles}
    for shelf in in_order(shelves):
        spec = attributes[shelf.attribute]
        members["protected" if spec.protected else spec.tier or ""].append(shelf)
    found = [(key, rows) for key, rows in members.items() if rows]
    if len(found) == 1 and found[0][0] == "":
        return [(message("Attributes"), found[0][1])]
    return [(titles[key], rows) for key, rows in found]


def _columns(
    shelves: Sequence[Shelf], dimensions: Sequence[Dimension]
) -> tuple[tuple[Column, ...], int]:
    placed = [s.dimension for s in shelves if s.status in PLACED and s.dimension is not None]
    parts = [j for s in shelves for j in s.dimensions[:3]]
    best = [
        max(range(len(s.association)), key=s.association.__getitem__)
        for s in shelves
        if s.association
    ]
    active = [d.index for d in dimensions if d.state == "active"]
    collapsed = [d.index for d in dimensions if d.state == "collapsed"]
    known = {d.index for d in dimensions}
    matter = [j for j in dict.fromkeys(placed) if j in known]
    if len(dimensions) <= MOST_COLUMNS:
        order = list(dict.fromkeys([*matter, *active, *collapsed]))
    else:
        rest = [j for j in [*parts, *best, *active, *collapsed] if j in known]
        order = list(dict.fromkeys([*matter, *rest]))[: max(MOST_COLUMNS, len(matter))]
    gone = set(collapsed)
    columns = tuple(Column(j, j in gone) for j in order)
    return columns, len(dimensions) - len(columns)


def _row(
    shelf: Shelf, spec: Attribute, columns: Sequence[Column], anchors: Mapping[str, str]
) -> Row:
    cells = []
    for column in columns:
        known = column.index < len(shelf.association)
        value = shelf.association[column.index] if known else 0.0
        mark: Mark = ""
        if shelf.status in PLACED and column.index == shelf.dimension:
            mark = "place"
        elif shelf.status in ("own_direction", "spread") and column.index in shelf.dimensions:
            mark = "part"
        cells.append(Cell(f"{value:.2f}", round(100 * max(value, 0.0) ** 0.5, 1), mark))
    return Row(
        anchors[shelf.attribute], spec.label, spec.protected, STATUS[shelf.status], tuple(cells)
    )
