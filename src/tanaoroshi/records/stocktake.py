"""The audit of one model on one collection, as it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.records.attributes import Attribute
from tanaoroshi.records.estimates import Estimate, Measured
from tanaoroshi.records.words import Words

ShelfStatus = Literal[
    "own_dimension", "own_direction", "shared", "spread", "tied", "none", "undecided"
]
OWN: tuple[ShelfStatus, ...] = ("own_dimension", "own_direction")
"""What counts as a shelf of its own."""
Severity = Literal["info", "warn", "fail"]
Pictures = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model: its name, version, and a digest of all its files."""

    name: str
    version: str
    digest: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class CollectionRef:
    """Which collection: its name, how many images were used, and a digest of the content."""

    name: str
    n: int
    digest: str


@dataclass(frozen=True, slots=True)
class Dimension:
    """Axis ``index`` of the latent; ``kl`` is its mean KL(q(z_j|x) ‖ p(z_j)) in nats, if known."""

    index: int
    state: Literal["active", "collapsed"]
    kl: float | None
    spread: float


@dataclass(frozen=True, slots=True)
class Reader:
    """What says of a picture which value an attribute has, without the model's help.

    ``skill`` is its held-out share of explained variation (see :mod:`tanaoroshi.shelves`).
    """

    attribute: str
    how: Literal["measure", "classifier", "regressor"]
    skill: Measured


@dataclass(frozen=True, slots=True)
class Control:
    """What moving a shelf does to the pictures.

    Attributes
    ----------
    effect
        How far the attribute moves along the shelf, in standard deviations of the attribute,
        minus the same for random directions of equal picture change.
    side_effects
        The same for each other attribute that a reader can read.
    steps
        float, in units of the code: where the shelf was set.
    response
        For each readable attribute: mean reading at each step, as many as ``steps``.
    """

    effect: Measured
    side_effects: Mapping[str, Measured]
    steps: tuple[float, ...]
    response: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The place of an attribute in the latent, with its estimates.

    Attributes
    ----------
    attribute
        Name of the attribute.
    status
        See :mod:`tanaoroshi.shelves.judge` for what each means.
    dimension
        The best single dimension, where one holds the attribute.
    direction
        Unit vector (d,) of the best direction, where one was fitted.
    dimensions
        All dimensions that hold part of the attribute, best first.
    score
        Held-out share of the attribute's variation that the shelf predicts, 0 to 1.
    evidence
        The other estimates that led to the status, by name: ``association`` (normalised mutual
        information of the best dimension), ``rank_correlation``, ``best_dimension``,
        ``best_direction``, ``all_dimensions`` (held-out skills), ``gap`` (best dimension minus
        next).
    association
        Normalised mutual information with each dimension, (d,), 0 to 1.
    others
        Attributes that share the dimension, or that this one is tied to.
    p_adjusted
        Familywise-adjusted p-value of the association over all dimensions × attributes.
    n_needed
        For ``undecided``: how many images would decide, if that can be said.
    """

    attribute: str
    status: ShelfStatus
    dimension: int | None
    direction: tuple[float, ...] | None
    dimensions: tuple[int, ...]
    score: Measured
    evidence: Mapping[str, Measured]
    association: tuple[float, ...]
    others: tuple[str, ...]
    p_adjusted: float | None
    n_needed: int | None
    text: Words
    control: Measured | Control


@dataclass(frozen=True, slots=True)
class Finding:
    """A judged statement."""

    id: str
    severity: Severity
    subject: str
    text: Words
    evidence: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tie:
    """How strongly two attributes go together in the collection, from 0 to 1.

    ``sign`` says, where both have an order, whether they rise together (1) or against one another
    (-1); 0 where that has no meaning.
    """

    a: str
    b: str
    measure: str
    estimate: Estimate
    p_adjusted: float
    sign: int = 0


@dataclass(frozen=True, slots=True)
class Archive:
    """What the collection is made of.

    ``shares`` holds for nominal and ordinal attributes the share of each value among the images
    where it is known; ``missing`` the number of images without a value.
    """

    shares: Mapping[str, Mapping[str, Estimate]]
    missing: Mapping[str, int]
    ties: tuple[Tie, ...]


@dataclass(frozen=True, slots=True)
class Stocktake:
    """Everything that one audit found. Immutable once recorded.

    Attributes
    ----------
    summary
        The sentences that stand first.
    metrics, metrics_per_attribute
        Disentanglement metrics by name (and attribute).
    reconstruction
        ``mse`` and such, by name; empty without a decoder or an encoder.
    left_out
        What could not be used (unreadable pictures, …), one sentence each.
    """

    model: ModelRef
    collection: CollectionRef
    settings: Mapping[str, object]
    attributes: tuple[Attribute, ...]
    dimensions: tuple[Dimension, ...]
    shelves: tuple[Shelf, ...]
    metrics: Mapping[str, Measured]
    metrics_per_attribute: Mapping[str, Mapping[str, Measured]]
    reconstruction: Mapping[str, Measured]
    archive: Archive
    readers: tuple[Reader, ...]
    findings: tuple[Finding, ...]
    summary: tuple[Words, ...]
    left_out: tuple[Words, ...]
    id: str = ""
    recorded_at: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Exhibit:
    """Pictures that belong to a stocktake: a table of frames of one size.

    Attributes
    ----------
    frames
        uint8 (m, h, w, c), c 1 or 3, row after row.
    columns
        Frames in a row; a traversal has a row for each starting picture, a column for each step.
    captions
        One for each frame, or none.
    """

    frames: Pictures
    columns: int
    captions: tuple[str, ...] = ()
