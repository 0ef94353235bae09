"""What a closer look at the table of attributes finds: gaps, trends, spread, three-way ties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tanaoroshi.records.attributes import Kind
from tanaoroshi.records.estimates import Estimate

Against = Literal["independence", "pairs"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A combination of values that is absent, or much rarer than it should be.

    Attributes
    ----------
    cell
        Two or three attributes, and the value of each; of an attribute that was cut into classes,
        the range (``0.12–0.35``).
    observed
        How many images show the combination.
    expected
        How many would: if the two attributes had nothing to do with each other
        (``independence``), or if three were tied in pairs only (``pairs``).
    ratio
        ``observed / expected``; its interval speaks of the pictures that a maker like this one's
        would add.
    p
        Chance of so few or fewer, for this cell alone.
    p_adjusted
        The same, for the false discovery rate over all cells that were asked.
    against
        What the expectation rests on.
    """

    cell: Mapping[str, str]
    observed: int
    expected: Estimate
    ratio: Estimate
    p: float
    p_adjusted: float
    against: Against


@dataclass(frozen=True, slots=True)
class Decided:
    """An attribute whose values decide those of another; what they rule out is no gap.

    ``impossible`` counts the combinations of occurring values that the table can't show.
    """

    by: str
    attribute: str
    impossible: int


@dataclass(frozen=True, slots=True)
class Gaps:
    """All gaps, and how many questions were asked to find them.

    Attributes
    ----------
    found
        Protected attributes first; those of which all need a culture to be seen before those
        that can be read off a picture; then the most surprising. At most
        :data:`~tanaoroshi.archive.gaps.MOST`.
    total
        How many there are in all.
    asked
        Cells that were judged: enough images would be expected.
    too_rare
        Cells of values that occur, but too seldom to expect enough images of both.
    decided
        Pairs in which one attribute is a function of the other.
    """

    found: tuple[Gap, ...]
    total: int
    asked: int
    too_rare: int
    decided: tuple[Decided, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """The share of a value along an attribute that stands for time.

    Attributes
    ----------
    attribute, value
        Whose share.
    time
        The ordinal attribute that stands for time.
    steps
        Its values, in order; neighbours with few images are one step (``2022–2024``).
    shares
        The share of the value among the images of each step, as many as ``steps``.
    change
        Share of the last step minus that of the first.
    p, p_adjusted
        Test of a trend, two-sided; adjusted for the false discovery rate over all that were asked.
    """

    attribute: str
    value: str
    time: str
    steps: tuple[str, ...]
    shares: tuple[Estimate, ...]
    change: Estimate
    p: float
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class Trends:
    """All trends that were found, the attributes taken for time, and how many were asked."""

    found: tuple[Trend, ...]
    time: tuple[str, ...]
    asked: int


@dataclass(frozen=True, slots=True)
class Diversity:
    """How many values an attribute has in effect.

    Attributes
    ----------
    values
        How many occur.
    effective
        Hill number of order 1, exp of the entropy: so many equally frequent values would be as
        varied.
    dominant
        Hill number of order 2: the same where rare values hardly count.
    evenness
        ``effective / values``: 1 where all are equally frequent.
    """

    attribute: str
    values: int
    effective: Estimate
    dominant: Estimate
    evenness: Estimate


@dataclass(frozen=True, slots=True)
class Common:
    """How strongly two attributes go together, on one scale for all kinds.

    ``information`` is mutual information above chance, over what it could be at most: 0 unrelated,
    1 each decides the other.
    """

    a: str
    b: str
    information: Estimate


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """Two attributes whose tie depends on the value of a third.

    Attributes
    ----------
    a, b
        The two.
    given
        The third.
    strong, weak
        Its value among whose images the two are tied most, and least; ``weak`` is empty where all
        images together show less than those of any value (the ties of the values cancel out).
    strongest, weakest
        Bias-corrected Cramér's V there.
    difference
        ``strongest - weakest``.
    p, p_adjusted
        Test of no three-way interaction; adjusted for the false discovery rate over all triples
        that were asked.
    """

    a: str
    b: str
    given: str
    strong: str
    weak: str
    strongest: Estimate
    weakest: Estimate
    difference: Estimate
    p: float
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class ThreeWays:
    """All three-way ties that were found, and of how many triples it was asked."""

    found: tuple[ThreeWay, ...]
    asked: int


@dataclass(frozen=True, slots=True)
class Examined:
    """Everything that the table of attributes says beyond shares and ties.

    ``not_applicable`` names the values that mean "this attribute does not apply here": such images
    are not asked about it.
    """

    gaps: Gaps
    trends: Trends
    diversity: tuple[Diversity, ...]
    common: tuple[Common, ...]
    three_way: ThreeWays
    not_applicable: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far several annotators agree on an attribute.

    Attributes
    ----------
    attribute, kind
        What was annotated.
    annotators
        How many took part.
    alpha
        Krippendorff's alpha: 1 full agreement, 0 as by chance; ``n`` counts the images that at
        least two annotated.
    ceiling
        Largest share of variation in one annotator's answers that anything can predict.
    ceiling_of_mean
        The same for the mean of all answers to an image (votes, where values are classes).
    """

    attribute: str
    kind: Kind
    annotators: int
    alpha: Estimate
    ceiling: Estimate
    ceiling_of_mean: Estimate
