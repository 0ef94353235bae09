"""From comparisons of neighbours to one thread for each dimension, shelf and saved direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.records.history import DimensionThread, DirectionThread, History, ShelfThread
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.records.comparison import Comparison, DimensionStatus, Direction
    from tanaoroshi.records.words import Message, Text


def chain(steps: Sequence[Comparison], saved: Sequence[str]) -> History:
    """Join comparisons of neighbouring versions.

    Parameters
    ----------
    steps
        At least one, oldest first; the candidate of each is the base of the next.
    saved
        Names of the directions that were saved in the first version; each step must have been given
        what the step before made of them.
    """
    shelves = _shelves(steps)
    directions = tuple(_direction(name, steps) for name in saved)
    return History(
        versions=(steps[0].base, *(step.candidate for step in steps)),
        ids=(steps[0].base_id, *(step.candidate_id for step in steps)),
        attributes=steps[-1].attributes,
        steps=tuple(steps),
        dimensions=_dimensions(steps),
        shelves=shelves,
        directions=directions,
        summary=_sentences(steps, shelves, directions),
    )


def _dimensions(steps: Sequence[Comparison]) -> tuple[DimensionThread, ...]:
    """Follow every dimension from where it first stands to where it ends."""
    threads: list[tuple[str, list[int | None], list[DimensionStatus | None]]] = []
    here: dict[int, int] = {}  # dimension of the version at hand → its thread
    for k, step in enumerate(steps):
        after: dict[int, int] = {}
        for match in step.dimensions:
            if match.base is not None and match.base not in here:
                here[match.base] = len(threads)
                # One that nobody follows from before stands here for the first time.
                threads.append((f"{k + 1}.{match.base}", [*[None] * k, match.base], [None] * k))
            if match.base is not None:
                thread = here[match.base]
                threads[thread][1].append(match.candidate)
                threads[thread][2].append(match.status)
                if match.candidate is not None:
                    after[match.candidate] = thread
        for match in step.dimensions:
            if match.base is None and match.candidate is not None and match.candidate not in after:
                after[match.candidate] = len(threads)
                name = f"{k + 2}.{match.candidate}"
                threads.append((name, [*[None] * (k + 1), match.candidate], [*[None] * k, "new"]))
        here = after
    v = len(steps) + 1
    return tuple(
        DimensionThread(
            name,
            tuple(places + [None] * (v - len(places))),
            tuple(statuses + [None] * (v - 1 - len(statuses))),
        )
        for name, places, statuses in threads
    )


def _shelves(steps: Sequence[Comparison]) -> tuple[ShelfThread, ...]:
    """Follow the attributes that every version knows."""
    moves = [{move.attribute: move for move in step.shelves} for step in steps]
    names = [name for name in moves[0] if all(name in each for each in moves)]
    return tuple(
        ShelfThread(
            name,
            (moves[0][name].base, *(each[name].candidate for each in moves)),
            tuple(each[name].status for each in moves),
        )
        for name in names
    )


def _direction(name: str, steps: Sequence[Comparison]) -> DirectionThread:
    found: list[Direction] = []
    for step in steps:
        one = next((d for d in step.directions if d.name == name), None)
        if one is None:
            break
        found.append(one)
    return DirectionThread(name, tuple(found))


def _sentences(
    steps: Sequence[Comparison],
    shelves: Sequence[ShelfThread],
    directions: Sequence[DirectionThread],
) -> tuple[Message, ...]:
    labels = {spec.name: spec.label for spec in steps[-1].attributes}
    nothing = message("none")

    def named(threads: Sequence[ShelfThread]) -> tuple[Text | str, ...] | Message:
        return tuple(labels.get(t.attribute, t.attribute) for t in threads) or nothing

    steady = [t for t in shelves if set(t.changes) == {"kept"}]
    moved = [t for t in shelves if set(t.changes) <= {"kept", "moved"} and "moved" in t.changes]
    hurt = [t for t in shelves if {"broken", "weaker"} & set(t.changes)]
    said = [
        message(
            "Over {n} versions these shelves stayed where they were: {steady}; these moved and can "
            "be followed: {moved}.",
            n=len(steps) + 1,
            steady=named(steady),
            moved=named(moved),
        ),
        message("At some step these broke or became weaker: {hurt}.", hurt=named(hurt)),
    ]
    if directions:
        whole = [t.name for t in directions if _survives(t, len(steps))]
        gone = [t.name for t in directions if not _survives(t, len(steps))]
        said.append(
            message(
                "Saved directions that work in the newest version: {whole}; that don't, or only in "
                "part: {gone}.",
                whole=tuple(whole) or nothing,
                gone=tuple(gone) or nothing,
            )
        )
    return tuple(said)


def _survives(thread: DirectionThread, steps: int) -> bool:
    return len(thread.steps) == steps and all(one.status == "kept" for one in thread.steps)
