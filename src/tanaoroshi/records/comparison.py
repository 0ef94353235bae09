"""What became of a model after an update, and whether it may ship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tanaoroshi.records.attributes import Attribute
from tanaoroshi.records.estimates import Measured
from tanaoroshi.records.stocktake import CollectionRef, Finding, ModelRef, Shelf
from tanaoroshi.records.words import Words

DimensionStatus = Literal["same", "moved", "rescaled", "mixed", "lost", "new", "undecided"]
ShelfChange = Literal["kept", "moved", "weaker", "broken", "gained", "never", "undecided"]
DirectionStatus = Literal["kept", "weaker", "lost", "undecided"]
VerdictWord = Literal["pass", "warn", "fail", "undecided"]


@dataclass(frozen=True, slots=True)
class DimensionMatch:
    """Where a dimension of the base went, or where one of the candidate came from.

    Attributes
    ----------
    base, candidate
        Index in either model; ``None`` where there is no counterpart.
    status
        See :mod:`tanaoroshi.change.matching`.
    sign
        1, or -1 where the candidate counts the other way; ``None`` without a counterpart.
    scale
        Spread of the candidate's dimension, in spreads of the base's.
    agreement
        Absolute rank correlation with the counterpart (without one: with the nearest), 0 to 1.
    told
        Held-out share of its variation that all of the other model's dimensions tell, 0 to 1.
    own
        The part of that which the counterpart tells by itself, 0 to 1.
    parts
        Dimensions of the other model that tell part of it, most first.
    curved
        The counterpart follows it along a curve, not a line.
    images_needed
        For ``undecided``: how many images would decide, if that can be said.
    """

    base: int | None
    candidate: int | None
    status: DimensionStatus
    sign: int | None
    scale: float | None
    agreement: Measured
    told: Measured
    own: Measured
    parts: tuple[int, ...] = ()
    curved: bool = False
    images_needed: int | None = None


@dataclass(frozen=True, slots=True)
class ShelfMove:
    """One attribute's shelf before and after.

    ``difference``: score of the candidate's shelf minus that of the base's; where one is a
    dimension and the other a direction, that of the best directions of both.
    """

    attribute: str
    status: ShelfChange
    base: Shelf
    candidate: Shelf
    difference: Measured
    text: Words
    images_needed: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A number before and after; ``difference`` is candidate minus base.

    ``p_adjusted``: the chance of so large a difference anywhere in its family (metrics and
    reconstruction are one, ties another) where nothing changed; ``None`` where there is none.
    """

    base: Measured
    candidate: Measured
    difference: Measured
    p_adjusted: float | None = None


@dataclass(frozen=True, slots=True)
class Direction:
    """A direction of the base, carried over to the candidate.

    Attributes
    ----------
    name
        The attribute whose shelf it is, or the name that somebody gave it.
    migrated
        Unit vector of the candidate's latent, or empty where none could be fitted.
    scale
        How far to go along ``migrated`` for one unit of the base's direction.
    fidelity
        How much of the base's direction the candidate's codes can express, at most 1; see
        :mod:`tanaoroshi.change.directions`.
    effect
        How much of what it did to the pictures it still does, 1 where all; see
        :mod:`tanaoroshi.change.effects`. It decides about the status where it was measured.
    """

    name: str
    migrated: tuple[float, ...]
    scale: float
    fidelity: Measured
    status: DirectionStatus
    text: Words
    effect: Measured


@dataclass(frozen=True, slots=True)
class Comparison:
    """A base and a candidate on the same images.

    Attributes
    ----------
    base, candidate
        Which models; ``base_id`` and ``candidate_id`` are their stocktakes, where recorded.
    collection
        That of the candidate.
    n
        How many images (or drawn pictures) both have codes of.
    subspace
        Share of the base's active dimensions' variation that the candidate's codes tell, 0 to 1.
    similarity
        Of the two sets of codes as wholes, for context: ``linear_cka``, ``procrustes``.
    ties, shares
        Of the two collections: by pair of attributes, and by attribute and value.
    images
        Rows that moved most, with how far: in standard deviations, after matching.
    through
        Whether the codes are of common images, or of pictures that one of the models drew; see
        :mod:`tanaoroshi.change.pictures`.
    """

    base: ModelRef
    candidate: ModelRef
    base_id: str
    candidate_id: str
    collection: CollectionRef
    n: int
    settings: Mapping[str, object]
    attributes: tuple[Attribute, ...]
    dimensions: tuple[DimensionMatch, ...]
    shelves: tuple[ShelfMove, ...]
    subspace: Measured
    similarity: Mapping[str, Measured]
    metrics: Mapping[str, Difference]
    reconstruction: Mapping[str, Difference]
    ties: Mapping[tuple[str, str], Difference]
    shares: Mapping[tuple[str, str], Difference]
    directions: tuple[Direction, ...]
    images: tuple[tuple[int, float], ...]
    through: Literal["images", "pictures"]
    findings: tuple[Finding, ...]
    summary: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule of a policy says.

    ``images_needed``: for ``undecided``, how many images would decide, if that can be said.
    """

    id: str
    verdict: VerdictWord
    severity: Literal["warn", "fail"]
    text: Words
    evidence: Mapping[str, object]
    images_needed: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """May it ship? ``verdict`` is the worst of its rules; ``level`` is that of the policy."""

    verdict: VerdictWord
    rules: tuple[RuleVerdict, ...]
    base_id: str
    candidate_id: str
    level: float = 0.95


__all__ = [
    "Comparison",
    "Difference",
    "DimensionMatch",
    "DimensionStatus",
    "Direction",
    "DirectionStatus",
    "RuleVerdict",
    "ShelfChange",
    "ShelfMove",
    "Verdict",
    "VerdictWord",
]
