"""How a model's code lays out a collection: directions, associations, room, empty regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tanaoroshi.records.estimates import Estimate, Measured

Explained = Literal["beyond", "others", "tie", "undecided"]
"""``beyond``: more than the collection's ties explain. ``others``: more than the tie of the two,
but not once all other attributes are held. ``tie``: it is gone, or surely less, once the tie is
taken out. ``undecided``: the images don't tell."""


@dataclass(frozen=True, slots=True)
class Pointing:
    """Two attributes along which the code moves the same way.

    Attributes
    ----------
    a, b
        Names of the two; a protected one first.
    value_a, value_b
        A value against all others; empty: the attribute as it rises.
    raw
        Cosine of the two directions in the whitened code, -1 to 1; ``chance``: the mean size of
        the cosine of two random directions.
    apart
        The same after the collection's own tie of the two is taken out.
    held
        The same with all other attributes held too; asked of what is ``beyond`` the tie of the two.
    left
        How long the shorter of the two directions still is then, as a share of what it was.
    n_a, n_b
        Images that show the values (that have the attribute, where it rises), both being known.
    p_adjusted
        Chance of so large a cosine of two random directions, measured as these are; of ``apart``
        (``beyond``) or of ``raw``. False discovery rate over all that were asked.
    """

    a: str
    value_a: str
    b: str
    value_b: str
    raw: Estimate
    apart: Measured
    held: Estimate | None
    left: float
    n_a: int
    n_b: int
    p_adjusted: float
    explained: Explained


@dataclass(frozen=True, slots=True)
class Pointings:
    """What was found, the surest first; of how many pairs it was asked.

    ``inseparable``: pairs of attributes of which one (nearly) decides the other: not asked.
    """

    found: tuple[Pointing, ...]
    asked: int
    inseparable: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Association:
    """Pictures of two values, of which one lies nearer to one value of a protected attribute.

    Attributes
    ----------
    attribute, x, y
        Those pictures; x lies nearer to ``a``, y to ``b``.
    protected, a, b
        The protected attribute.
    raw
        Effect size of the test, in standard deviations; ``chance``: its mean size along random
        directions.
    balanced
        The same among pictures alike in the protected attribute.
    n_x, n_y, n_a, n_b
        Independent pictures (groups) of each.
    p_adjusted
        The larger of two chances, that of labels dealt out anew and that of random directions; of
        ``balanced`` (``beyond``) or of ``raw``. False discovery rate over all that were asked.
    """

    protected: str
    a: str
    b: str
    attribute: str
    x: str
    y: str
    raw: Estimate
    balanced: Measured
    n_x: int
    n_y: int
    n_a: int
    n_b: int
    p_adjusted: float
    explained: Explained


@dataclass(frozen=True, slots=True)
class Associations:
    """What was found, the strongest first; of how many quadruples it was asked."""

    found: tuple[Association, ...]
    asked: int


@dataclass(frozen=True, slots=True)
class Room:
    """What an attribute occupies of the code.

    Attributes
    ----------
    share
        Share of the whitened code that the attribute foretells, held out; 0 by chance.
    own
        The part of it that all other attributes together don't foretell.
    directions
        In how many directions it lies, in effect; 1 or more.
    """

    attribute: str
    share: Estimate
    own: Estimate
    directions: Measured


@dataclass(frozen=True, slots=True)
class Rooms:
    """What each attribute occupies; ``together``: all of them, by held-out shares."""

    each: tuple[Room, ...]
    together: Estimate


@dataclass(frozen=True, slots=True)
class Support:
    """How much of what is drawn lies where no picture is.

    Attributes
    ----------
    source
        ``prior``: codes of the prior. ``midway``: halfway between two pictures.
    empty, void
        Share that lies farther from all pictures than 95 % (99 %) of unseen pictures do;
        ``chance`` 0.05 (0.01).
    where
        Dimension, and its share of the squared distance to the nearest picture of what lies
        there, beside the same share for unseen pictures; the most telling first.
    """

    source: Literal["prior", "midway"]
    empty: Estimate
    void: Estimate
    where: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True, slots=True)
class Coded:
    """How the code lays out a collection.

    Attributes
    ----------
    dimensions
        Active ones, on which all of this rests.
    rank
        Directions of the whitened code: fewer than dimensions where some are copies of others.
    rooms, supports
        None where there are too few independent pictures.
    """

    dimensions: tuple[int, ...]
    rank: int
    pointings: Pointings
    associations: Associations
    rooms: Rooms | None
    supports: tuple[Support, ...]
