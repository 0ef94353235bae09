"""A chain of versions: what each dimension, shelf and saved direction became, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from tanaoroshi.records.attributes import Attribute
from tanaoroshi.records.comparison import Comparison, DimensionStatus, Direction, ShelfChange
from tanaoroshi.records.stocktake import ModelRef, Shelf
from tanaoroshi.records.words import Words


@dataclass(frozen=True, slots=True)
class DimensionThread:
    """One dimension through all versions, under one identity.

    Attributes
    ----------
    name
        ``{version}.{index}``: the version (counted from 1) where it first stood, its index there.
    places
        Its index in each version; ``None`` before it came and after it ended.
    statuses
        For each step what became of it; ``None`` where it was not there.
    """

    name: str
    places: tuple[int | None, ...]
    statuses: tuple[DimensionStatus | None, ...]


@dataclass(frozen=True, slots=True)
class ShelfThread:
    """One attribute's shelf in each version, and for each step what became of it."""

    attribute: str
    shelves: tuple[Shelf, ...]
    changes: tuple[ShelfChange, ...]


@dataclass(frozen=True, slots=True)
class DirectionThread:
    """A direction saved in the first version, carried over step by step.

    ``steps`` end where it was lost: a direction that is gone is not carried further.
    """

    name: str
    steps: tuple[Direction, ...]


@dataclass(frozen=True, slots=True)
class History:
    """Versions from the oldest to the newest, with what became of everything in between.

    Attributes
    ----------
    versions, ids
        v models and their stocktakes.
    steps
        v - 1 comparisons, each from one version to the next.
    """

    versions: tuple[ModelRef, ...]
    ids: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    steps: tuple[Comparison, ...]
    dimensions: tuple[DimensionThread, ...]
    shelves: tuple[ShelfThread, ...]
    directions: tuple[DirectionThread, ...]
    summary: tuple[Words, ...]
