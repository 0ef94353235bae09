"""A chain of versions as one page model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.views.attribute_views import place
from tanaoroshi.views.figures import Figure, figure
from tanaoroshi.views.flow import Flow, flow
from tanaoroshi.views.vocabulary import (
    DIRECTION_CHANGE,
    GLOSSARY,
    SHELF_CHANGE,
    STATUS,
    StatusWord,
    Term,
)

if TYPE_CHECKING:
    from tanaoroshi.records.history import DirectionThread, History, ShelfThread


@dataclass(frozen=True, slots=True)
class Stage:
    """A shelf in one version; ``change`` says what the step to it did, ``None`` at the first."""

    change: StatusWord | None
    level: str
    status: StatusWord
    place: Words | None
    score: str


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """One attribute through all versions."""

    anchor: str
    label: Text
    protected: bool
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class DirectionStep:
    """What one step did to a saved direction."""

    change: StatusWord
    level: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class DirectionRow:
    """One saved direction through all versions; shorter where it was lost."""

    name: str
    steps: tuple[DirectionStep, ...]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Everything that the page shows, in the order in which it is shown."""

    versions: tuple[tuple[str, str, str], ...]
    summary: tuple[Words, ...]
    flow: Flow | None
    shelves: tuple[ShelfRow, ...]
    directions: tuple[DirectionRow, ...]
    glossary: tuple[Term, ...]


def history_page(found: History) -> HistoryPage:
    """Make the page model of a chain of versions."""
    specs = {spec.name: spec for spec in found.attributes}
    known = [thread for thread in found.shelves if thread.attribute in specs]
    anchors = {thread.attribute: f"shelf-{i}" for i, thread in enumerate(known, 1)}
    return HistoryPage(
        versions=tuple(
            (model.name, model.version, id_)
            for model, id_ in zip(found.versions, found.ids, strict=True)
        ),
        summary=found.summary,
        flow=flow(found.steps, anchors),
        shelves=tuple(
            ShelfRow(
                anchors[thread.attribute],
                specs[thread.attribute].label,
                specs[thread.attribute].protected,
                _stages(thread),
            )
            for thread in known
        ),
        directions=tuple(_direction(thread) for thread in found.directions),
        glossary=GLOSSARY,
    )


def _stages(thread: ShelfThread) -> tuple[Stage, ...]:
    changes = (None, *thread.changes)
    return tuple(
        Stage(
            None if change is None else SHELF_CHANGE[change],
            change or "",
            STATUS[shelf.status],
            place(shelf),
            figure(message("score"), shelf.score, style="percent").text,
        )
        for change, shelf in zip(changes, thread.shelves, strict=True)
    )


def _direction(thread: DirectionThread) -> DirectionRow:
    title = message("The new code can express it")
    return DirectionRow(
        thread.name,
        tuple(
            DirectionStep(DIRECTION_CHANGE[one.status], one.status, figure(title, one.fidelity))
            for one in thread.steps
        ),
    )
