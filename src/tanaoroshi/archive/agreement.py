"""Agreement of several annotators, and how far their disagreement lets anything be predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from tanaoroshi.archive.counts import LEVEL
from tanaoroshi.errors import InputError
from tanaoroshi.records.archive import Agreement
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.resample import bootstrap_weights, group_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Attribute, Floats, Ints, Kind

    Bools = NDArray[np.bool_]

DRAWS = 999
CHUNK = 50
"""Draws at a time: bounds the memory, not the answer."""
LEAST_GROUPS = 8
"""Of fewer independent images no interval is told."""


def krippendorff_alpha(ratings: Floats, kind: Kind) -> float:
    """Krippendorff's alpha of several annotators.

    Parameters
    ----------
    ratings
        float (n, m): images × annotators, NaN where one did not annotate an image; circular in
        radians. An image with fewer than two answers is left out.
    kind
        ``nominal``: answers agree or not. ``ordinal``: distance of ranks. ``continuous``: squared
        distance (Krippendorff's interval metric). ``circular``: squared sine of half the angle.

    Returns
    -------
    float at most 1: 1 full agreement, 0 as by chance, below 0 worse than that; NaN where no two
    answers to one image exist, or all answers are equal (there is nothing to disagree on).

    Notes
    -----
    All four metrics are squared distances of points: one axis for each value, mid-ranks, the
    numbers, the circle. Sums of squares over all pairs then need one pass over the answers, and
    any number of values. Published worked examples are in the tests.

    References
    ----------
    K. Krippendorff, Content Analysis, 2nd ed. 2004, chapter 11; Computing Krippendorff's
    Alpha-Reliability, 2011, repository.upenn.edu/asc_papers/43; A. F. Hayes, K. Krippendorff,
    Answering the Call for a Standard Reliability Measure for Coding Data, 2007.
    """
    kept = _pairable(ratings, kind)
    return float(_alphas(kept, kind, np.ones((1, len(kept))))[0])


def agreement_of(
    ratings: Floats, spec: Attribute, group: Ints | None, *, rng: np.random.Generator
) -> Agreement | Unmeasured:
    """Measure how far annotators agree, and what that leaves to be predicted.

    Parameters
    ----------
    ratings
        float (n, m), as for :func:`krippendorff_alpha`.
    spec
        The attribute.
    group
        int64 (n,) or ``None``: rows of one group are redrawn together.
    rng
        Source of chance: bootstrap of groups.

    Returns
    -------
    Alpha with its percentile bootstrap interval, and two ceilings.

    Notes
    -----
    Let each answer be what the picture has by itself plus the annotator's deviation, annotators
    being interchangeable. Alpha is then (nearly) the share of the variance of answers that lies
    between pictures, the intraclass correlation; whatever looks at pictures only can't predict
    more of *one* annotator's answers than that. In particular the skill of a shelf (share of
    explained variation; Goodman and Kruskal's tau for classes) is at most alpha, its correlation
    at most the root of alpha (C. Spearman, The Proof and Measurement of Association between Two
    Things, 1904). Of the mean of m answers (of the votes, for classes) it is at most
    ``m α / (1 + (m - 1) α)`` (C. Spearman; W. Brown, Brit. J. Psych. 3, 1910). With different
    numbers of answers an image, m is their harmonic mean.
    """
    kept = np.isfinite(ratings).sum(axis=1) >= 2 if ratings.ndim == 2 else np.zeros(0, dtype=bool)
    points = _pairable(ratings, spec.kind)
    members = None if group is None else group_index(int(kept.sum()), group[kept])
    groups = len(points) if members is None else len(np.unique(members))
    value = float(_alphas(points, spec.kind, np.ones((1, len(points))))[0]) if groups else np.nan
    if groups < LEAST_GROUPS:
        return Unmeasured(
            message(
                "Too few images were annotated by more than one person: {n}, and {least} are "
                "needed.",
                n=groups,
                least=LEAST_GROUPS,
            )
        )
    if not np.isfinite(value):
        return Unmeasured(message("All annotators gave all images the same value."))
    drawn = []
    for at in range(0, DRAWS, CHUNK):
        count = min(CHUNK, DRAWS - at)
        weights = bootstrap_weights(len(points), members, count, rng=rng)
        drawn.append(_alphas(points, spec.kind, weights))
    draws = np.concatenate(drawn)
    draws = draws[np.isfinite(draws)]
    tails = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(draws) else [value] * 2
    low, high = min(float(tails[0]), value), max(float(tails[1]), value)
    method = f"Krippendorff's alpha, {spec.kind}; percentile bootstrap of groups, {DRAWS} draws"
    alpha = Estimate(value, low, high, 0.0, len(points), method, LEVEL)
    answers = float(1 / np.mean(1 / np.isfinite(points).sum(axis=1)))
    return Agreement(
        attribute=spec.name,
        kind=spec.kind,
        annotators=int(np.isfinite(points).any(axis=0).sum()),
        alpha=alpha,
        ceiling=_ceiling(alpha, 1.0, "alpha: one annotator's answer"),
        ceiling_of_mean=_ceiling(
            alpha, answers, f"Spearman and Brown: the mean of {answers:.3g} answers"
        ),
    )


def _ceiling(alpha: Estimate, answers: float, method: str) -> Estimate:
    def of(value: float) -> float:
        floored = min(max(value, 0.0), 1.0)
        return answers * floored / (1 + (answers - 1) * floored)

    value, low, high = (of(x) for x in (alpha.value, alpha.low, alpha.high))
    return Estimate(value, low, high, 0.0, alpha.n, f"{method}; {alpha.method}", LEVEL)


def _pairable(ratings: Floats, kind: Kind) -> Floats:
    """Return the images with at least two answers."""
    if ratings.ndim != 2:
        raise InputError("ratings must be a table with one line an image, one column an annotator")
    if kind == "text":
        raise InputError("Agreement is not defined for text: give each answer a value")
    if np.isinf(ratings).any():
        raise InputError("ratings hold infinite values: leave the cell empty instead")
    return np.asarray(ratings[np.isfinite(ratings).sum(axis=1) >= 2])


def _alphas(ratings: Floats, kind: Kind, weights: Floats) -> Floats:
    """Return alpha under weights of images; ratings (n, m), weights (draws, n)."""
    known = np.isfinite(ratings)
    answers = known.sum(axis=1).astype(np.float64)
    if kind == "ordinal":
        return np.array([_one(_ranks(ratings, w), known, answers, w) for w in weights])
    points = _points(ratings, known, kind)
    return np.array([_one(points, known, answers, w) for w in weights])


def _points(ratings: Floats, known: Bools, kind: Kind) -> Floats:
    """Return where each answer lies, float64 (n, m, q); 0 where there is none."""
    filled = np.where(known, ratings, 0)
    if kind == "circular":
        points = np.stack([np.cos(filled), np.sin(filled)], axis=2)
    elif kind == "nominal":
        points = np.asarray(filled[:, :, None] == np.unique(ratings[known]), dtype=np.float64)
    else:
        points = filled[:, :, None] - (ratings[known].mean() if known.any() else 0)
    return np.asarray(np.where(known[:, :, None], points, 0))


def _ranks(ratings: Floats, weight: Floats) -> Floats:
    """Return mid-ranks among all answers, each counted as its image; (n, m, 1).

    Krippendorff's ordinal distance of two values, the number of answers from the middle of one to
    the middle of the other, is the distance of their mid-ranks.
    """
    known = np.isfinite(ratings)
    ranks = rankdata(ratings[known], method="dense") - 1
    times = np.bincount(ranks, weights=np.broadcast_to(weight[:, None], ratings.shape)[known])
    middles = np.cumsum(times) - times / 2
    found = np.zeros(ratings.shape)
    found[known] = middles[ranks] - times.sum() / 2
    return found[:, :, None]


def _one(
    points: Floats,
    known: Bools,
    answers: Floats,
    weight: Floats,
) -> float:
    sums = points.sum(axis=1)
    squares = (points**2).sum(axis=(1, 2))
    within = (answers * squares - (sums**2).sum(axis=1)) / np.where(answers > 1, answers - 1, 1)
    n = float(weight @ answers)
    total = n * float(weight @ squares) - float(((weight @ sums) ** 2).sum())
    scale = max(n * float(weight @ squares), 1e-300)
    if n < 2 or total <= 1e-12 * scale:
        return float("nan")
    return 1 - (n - 1) * float(weight @ within) / total
