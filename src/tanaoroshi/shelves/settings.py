"""All thresholds of the judgement in one table, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShelfSettings:
    """What counts as a shelf. Recorded with every stocktake; docs/statistics.md explains it.

    Attributes
    ----------
    level
        Confidence level of all intervals: the usual one.
    false_shelves
        Chance that anything at all is claimed when codes and attributes are unrelated: one
        stocktake in twenty, over all its questions together.
    permutations
        Arrangements of chance that are compared with the real one. 300 give p-values down to
        1/301 and fix the 5 % level to within a percentage point.
    bins
        Most classes that a dimension is cut into when association is measured; fewer with few
        images (about 5 images expected in each cell of the table). The usual 20 of the metrics.
    folds
        Parts of the collection; each is predicted from the others. 5: training on 80 %.
    knots
        Points that bend the curve from a dimension to an attribute. 12 follow any curve that a
        slider could be read by.
    landmarks
        Codes that the smooth probe of all dimensions measures nearness to.
    trees
        Trees that are tried beside each smooth probe where an association was found; the better
        of the two counts. Twice as many add less than a hundredth to their skill. A
        quarter of them for a single dimension or direction.
    max_rows
        Most images used for prediction (whole groups, drawn by chance): the intervals are then
        near ±0.02, and more images would only cost time. Association uses all images.
    min_groups
        Fewest independent images or groups that we judge by: below it, intervals that rest on
        group sums are too short.
    min_class
        Fewest images of a value of a nominal attribute; rarer values count as one value.
    max_classes
        Most values of a nominal attribute that are told apart; the rarest beyond count as one.
    min_skill
        Least share of an attribute's variation that all dimensions must tell together; below it
        there is no shelf. 0.2 is a correlation of 0.45: a slider that people would notice.
    own_share
        Least part of what all dimensions tell that the place must tell by itself: nearly all.
    own_gap
        Least lead of the best dimension over the next, as a part of its own skill. Without a
        lead two dimensions hold the attribute, and moving one of them contradicts the other.
    carried
        Least that another attribute must have to do with a place, beyond what the tie between the
        two in the collection explains, to share it: this share of the other attribute is told by
        the place, and this share of the place's own variation goes with the other attribute.
    minor
        Least variation of the place that goes with the other attribute alone, in units of that
        which goes with this one alone, to share it: a quarter. A dimension that is seven parts
        scale and one part shape is a dimension of scale.
    part
        Least part of what all dimensions tell that a dimension must tell to be named as one of
        several that hold the attribute.
    same_thing
        When one attribute leaves less than this share of another open, the two are too much
        alike in the collection for a judgement beyond their tie.
    wide
        Widest half interval with which a borderline case is still called one way or the other;
        wider ones are undecided. 0.1 of the attribute's variation.
    """

    level: float = 0.95
    false_shelves: float = 0.05
    permutations: int = 300
    bins: int = 20
    folds: int = 5
    knots: int = 12
    landmarks: int = 200
    trees: int = 20
    max_rows: int = 10_000
    min_groups: int = 30
    min_class: int = 5
    max_classes: int = 200
    min_skill: float = 0.2
    own_share: float = 0.8
    own_gap: float = 0.25
    carried: float = 0.1
    minor: float = 0.25
    part: float = 0.1
    same_thing: float = 0.05
    wide: float = 0.1
