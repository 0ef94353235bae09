"""What a model makes of a collection: shares among its pictures, who comes back worse, copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tanaoroshi.records.coded import Coded
from tanaoroshi.records.estimates import Estimate, Measured

ShareChange = Literal["more", "fewer", "alike", "undecided"]
TieChange = Literal["stronger", "weaker", "alike", "undecided"]


@dataclass(frozen=True, slots=True)
class MadeShare:
    """How often a value is among the pictures that a model makes, beside the collection.

    Attributes
    ----------
    attribute, value
        Which.
    collection
        Its share in the collection, counted, 0 to 1.
    made
        Its share among the made pictures, the reader's errors corrected for; 0 to 1.
    change
        ``more`` or ``fewer``: the interval of ``made``, widened for all values asked, lies beyond
        the margin around ``collection``. ``alike``: it lies within. ``undecided``: neither.
    """

    attribute: str
    value: str
    collection: float
    made: Measured
    change: ShareChange


@dataclass(frozen=True, slots=True)
class MadeTie:
    """How strongly two attributes go together among made pictures, beside the collection.

    Attributes
    ----------
    a, b
        The two.
    collection
        Cramér's V of the same classes in the collection, 0 to 1.
    made
        Among the made pictures, the readers' errors corrected for.
    change
        ``stronger`` or ``weaker``: the interval of ``made``, widened for all pairs asked, lies
        beyond the margin around ``collection``. ``alike``: within. ``undecided``: neither.
    """

    a: str
    b: str
    collection: float
    made: Estimate
    change: TieChange


@dataclass(frozen=True, slots=True)
class Worse:
    """How well pictures with a value come back through the model, beside all others.

    ``ratio``: their mean squared error over that of the others; above 1 they come back worse.
    ``p_adjusted``: over all values asked (false discovery rate).
    """

    attribute: str
    value: str
    n: int
    ratio: Estimate
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Whether made pictures lie nearer to those trained on than unseen pictures do.

    Attributes
    ----------
    nearer
        Chance that a made picture lies nearer to its nearest trained one than an unseen picture
        does; 0.5: no nearer. The statistic C_T of the source is a scaled version of it.
    c_t
        That statistic: about normal with spread 1 where nothing is copied, far below 0 where
        something is.
    pairs
        Made picture, row of the trained one, distance: the nearest first.
    """

    nearer: Measured
    c_t: float | None
    pairs: tuple[tuple[int, int, float], ...]


@dataclass(frozen=True, slots=True)
class Made:
    """What a model makes of a collection.

    Attributes
    ----------
    shares
        By what was drawn from: ``posterior`` (codes of the collection's images, with their noise)
        and ``prior``. Empty where much of what was drawn looks like nothing that readers know.
    ties
        By the same sources.
    unlike
        For each source the share of pictures that look so; 0.05 where they are like the images.
    worse
        Every value that could be asked about.
    coded
        How its code lays out the collection; ``None`` where there are too few images.
    """

    model: str
    version: str
    shares: Mapping[str, tuple[MadeShare, ...]]
    ties: Mapping[str, tuple[MadeTie, ...]]
    unlike: Mapping[str, float]
    worse: tuple[Worse, ...]
    memory: Memory
    coded: Coded | None = None
