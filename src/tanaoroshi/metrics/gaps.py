"""The gap between the best dimension and the next, with an interval that knows of the choice.

A gap is a difference of maxima: where two dimensions are nearly as good, it is biased upwards, it
is not normal, and the naive bootstrap fails. Here the scores of all dimensions × attributes move
together by their joint sampling variation (Gaussian multipliers on whole batches of groups:
Chernozhukov, Chetverikov & Kato 2013, arXiv 1212.6906), and the best and the next are chosen anew
in every draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from tanaoroshi.metrics.question import Answer, Question
from tanaoroshi.records.attributes import Floats
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Ints

DRAWS = 1000
LEVEL = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """How well each dimension serves each usable attribute.

    Attributes
    ----------
    value
        float64 (d, k).
    centre
        float64 (d, k): the same with its bias taken off; what the interval is built around.
    null
        float64 (B, d, k): ``value`` under permutations.
    floor
        float64 (k,): what a constant dimension scores.
    variation
        float64 (batches, d, k): what each batch adds to ``value``; sums to about 0.
    """

    value: Floats
    centre: Floats
    null: Floats
    floor: Floats
    variation: Floats


def gaps(scores: Floats, floor: Floats) -> Floats:
    """Return best minus next over dimensions: (..., d, k) → (..., k); at least 0.

    A constant dimension always counts as one more, so that adding one changes nothing.
    """
    low = np.broadcast_to(floor, (*scores.shape[:-2], 2, scores.shape[-1]))
    best = np.partition(np.concatenate([scores, low], axis=-2), -2, axis=-2)
    return np.asarray(best[..., -1, :] - best[..., -2, :])


def answer_gaps(question: Question, scores: Scores, method: str, top: float = 1.0) -> Answer:
    """Turn scores into the gap of each attribute and their mean, with interval and chance."""
    if not len(question.usable):
        return nothing_usable(question)
    value = gaps(scores.value, scores.floor)
    centre = gaps(scores.centre, scores.floor)
    draws = _draw(scores, question.stream(method))
    chance = gaps(scores.null, scores.floor).mean(axis=0)
    low, high = _interval(centre, draws)
    luck = _luck(scores)
    high = high + luck
    measured = [
        _estimate(value[i], low[i], high[i], chance[i], question.known(int(a)), method, top)
        for i, a in enumerate(question.usable)
    ]
    # Where a tie can't be excluded the gap may be all chance, and the mean would add up the bias
    # of all such attributes: for the lower end they count nothing.
    sure = np.where(low > 0, centre, 0).mean()
    mean = draws.mean(axis=1)
    low_mean, high_mean = _interval(centre.mean(keepdims=True), mean[:, None])
    cautious = sure - norm.ppf((1 + LEVEL) / 2) * mean.std()
    rows = int(np.isfinite(question.values[:, question.usable]).any(axis=1).sum())
    total = _estimate(
        value.mean(),
        min(low_mean[0], cautious),
        high_mean[0] + luck.mean(),
        chance.mean(),
        rows,
        method,
        top,
    )
    return Answer(total, question.spread_out(measured))


def nothing_usable(question: Question) -> Answer:
    """Answer for a table in which no attribute can be measured."""
    reasons = [why for why in question.refused if why is not None]
    why = reasons[0] if len(reasons) == 1 else message("no attribute can be measured")
    return Answer(Unmeasured(why), question.spread_out([]))


def batch_sums(rows: Floats, batches: Ints) -> Floats:
    """Add up rows (n, ...) by batch: (batches, ...)."""
    order = np.argsort(batches, kind="stable")
    starts = np.flatnonzero(np.diff(batches[order], prepend=-1))
    return np.asarray(np.add.reduceat(rows[order], starts, axis=0))


def _draw(scores: Scores, rng: np.random.Generator) -> Floats:
    b, d, k = scores.variation.shape
    flat = (scores.variation - scores.variation.mean(axis=0)).reshape(b, d * k)
    multipliers = rng.standard_normal((DRAWS, b)) * np.sqrt(b / (b - 1))
    moved = scores.centre + (multipliers @ flat).reshape(DRAWS, d, k)
    return gaps(moved, scores.floor)


def _interval(centre: Floats, draws: Floats) -> tuple[Floats, Floats]:
    """Take ends from draws (DRAWS, k); the choice biases these upwards: the low end is mirrored."""
    tail = (1 - LEVEL) / 2
    below, above = np.quantile(draws, [tail, 1 - tail], axis=0)
    return 2 * centre - above, np.maximum(above, 2 * centre - below)


def _luck(scores: Scores) -> Floats:
    """By how much the next best may owe its place to chance, (k,).

    Where the next best does not beat the best of the permutations, its score is about the
    largest of so many noises, and the gap is that much too small.
    """
    noise = scores.null - scores.null.mean(axis=0)
    best = noise.max(axis=1)
    floor = np.broadcast_to(scores.floor, (1, len(scores.floor)))
    ranked = np.sort(np.concatenate([scores.centre, floor, floor]), axis=0)
    beaten = ranked[-2] - scores.floor > np.quantile(best, 0.95, axis=0)
    return np.where(beaten, 0, np.maximum(best.mean(axis=0), 0))


def _estimate(
    value: float, low: float, high: float, chance: float, n: int, method: str, top: float
) -> Estimate:
    value = float(min(max(value, 0.0), top))
    return Estimate(
        value=value,
        low=float(np.clip(min(low, value), 0, top)),
        high=float(np.clip(max(high, value), 0, top)),
        chance=float(chance),
        n=n,
        method=method,
        level=LEVEL,
    )
