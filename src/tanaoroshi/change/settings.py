"""All thresholds of a comparison in one table, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """What counts as the same. Recorded with every comparison; docs/change.md explains it.

    Attributes
    ----------
    level
        Confidence level of all intervals.
    max_rows
        Most images that dimensions are matched on (whole groups, drawn by chance): agreement is
        then known to a hundredth, and more images would only cost time.
    min_groups
        Fewest independent images or groups that we judge by, as for shelves.
    folds
        Parts of the images; what one code tells of the other is told for each from the others.
    knots
        Points that bend the curve from one dimension to another.
    nonlinear_rows
        Most images for what a code tells of another along curves and by nearness together.
    kept
        Least share of a dimension that the other code must tell, else it is lost: a quarter. Of
        two that were put into one, half of each can still be told.
    own
        Least part of that which one dimension must tell by itself to be its counterpart: a
        dimension that was turned by more than 13 degrees into another is not.
    part
        Least part of what is told that a dimension must tell to be named as one of several.
    exact
        Agreement from which two dimensions are the same whatever their spread: so a dimension
        that was merely scaled down is not taken for one that sleeps.
    same_scale, same_place
        Scale (as a ratio) and shift (in standard deviations) within which a dimension stays as it
        was: what nobody would notice on a slider.
    curved
        Least gain of a curve over a line, as a share of variation, to call it curved.
    rows_a_dimension
        Fewest images for each dimension of the other code before we say that something is lost:
        fewer can't teach a map.
    wide
        Widest half interval with which a borderline case is still called one way or the other.
    score_margin
        A shelf whose score falls by more is weaker: a tenth of the attribute's variation.
    moved_images
        How many of the images that moved most are named.
    """

    level: float = 0.95
    max_rows: int = 20_000
    min_groups: int = 30
    folds: int = 5
    knots: int = 12
    nonlinear_rows: int = 10_000
    kept: float = 0.25
    own: float = 0.95
    part: float = 0.1
    exact: float = 0.99
    same_scale: float = 1.05
    same_place: float = 0.05
    curved: float = 0.01
    rows_a_dimension: int = 10
    wide: float = 0.05
    score_margin: float = 0.1
    moved_images: int = 24
