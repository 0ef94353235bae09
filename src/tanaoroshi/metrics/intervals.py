"""From a value and its sampling variation to an estimate: what all metrics share at their end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.sparse import csc_array
from scipy.stats import norm
from scipy.stats import t as student

from tanaoroshi.metrics.question import Answer, Question
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tanaoroshi.records.attributes import Floats, Ints

X = TypeVar("X")

LEVEL = 0.95
# Two are as good as each other while they lie so many standard errors apart.
NEAR = 2.5
# A dimension tells nothing of an attribute when permuted rows tell as much so often.
CHANCE = 0.05
DRAWS = 1000
# From so many independent images on the intervals of a metric held the true value in 93 % of
# simulations or more (docs/metrics/coverage.md); with fewer its method says so.
HELD_FROM = {"infoc": 1000, "code_mutual_information": 40}
HELD_FROM |= dict.fromkeys(("mig", "mig_sup", "dcimig", "jemmig", "modularity"), 100)
HELD_FROM_ELSE = 200
# Where they held it less often, however many images there are: the metric, a word of its method,
# and how often.
SHORT = (
    ("irs", "irs", "88 to 98 % of simulations"),
    ("jemmig", "disentanglement_lib", "88 to 100 % of simulations"),
    ("dci_informativeness", "forest", "84 % of 25 simulations of 200 images, 95 % of 40 of 1,000"),
)
# Above so many numbers in a draw it is dear.
WIDE = 5_000


def bounded(
    value: float,
    low: float,
    high: float,
    *,
    chance: float | None,
    n: int,
    method: str,
    units: int,
    floor: float | None = 0.0,
    top: float | None = 1.0,
) -> Estimate:
    """Make an estimate whose interval holds its value and keeps to the range of the metric.

    Parameters
    ----------
    value, low, high
        Finite.
    chance, n, method
        See :class:`~tanaoroshi.records.estimates.Estimate`; the method begins with the metric's
        name, and is told where the interval rests on few images.
    units
        How many independent images there are.
    floor, top
        Range of the metric; ``None``: without bound.
    """
    least = -np.inf if floor is None else floor
    most = np.inf if top is None else top
    value, low, high = (float(min(max(x, least), most)) for x in (value, low, high))
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        chance=None if chance is None else float(chance),
        n=n,
        method=method + caution(method, units),
        level=LEVEL,
    )


def caution(method: str, units: int) -> str:
    """Say in ``method`` where an interval is known, or likely, to hold the value too seldom."""
    name = method.partition(" ")[0]
    said = "".join(
        f"; intervals of 95 % held the value in {share}"
        for metric, word, share in SHORT
        if metric == name and word in method
    )
    least = HELD_FROM.get(name, HELD_FROM_ELSE)
    if units >= least:
        return said
    few = f"; only {units} independent images: below {least} the interval may be too narrow"
    return said + few


def nothing_usable(question: Question) -> Answer:
    """Answer for a table in which no attribute can be measured."""
    reasons = [why for why in question.refused if why is not None]
    why = reasons[0] if len(reasons) == 1 else message("no attribute can be measured")
    return Answer(Unmeasured(why), question.spread_out([]))


def batch_sums(rows: Floats, batches: Ints) -> Floats:
    """Add up rows (n, ...) by batch: (batches that have rows, ...)."""
    there = np.bincount(batches) > 0
    n, b = len(batches), len(there)
    # Of each row one entry, in the line of its batch: the product reads the rows as they lie.
    owner = csc_array((np.ones(n), batches, np.arange(n + 1)), shape=(b, n))
    sums = owner @ rows.reshape(n, math.prod(rows.shape[1:]))
    return np.asarray(sums[there].reshape(there.sum(), *rows.shape[1:]))


def wider(batches: int) -> float:
    """Return how much wider than a normal's an interval must be that rests on so many batches."""
    tail = (1 + LEVEL) / 2
    return float(student.ppf(tail, max(batches - 1, 1)) / norm.ppf(tail))


def jackknife(centre: Floats, without: Floats, *, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Return interval ends from the values with each batch left out in turn.

    Parameters
    ----------
    centre
        float (...): what the interval is built around.
    without
        float (b, ...): the same statistic without each of b batches of like size.
    level
        Confidence level.

    Returns
    -------
    Low and high end, float64 (...): Student's t with b - 1 degrees of freedom on the delete-group
    jackknife's standard error.
    """
    half = student.ppf((1 + level) / 2, len(without) - 1) * jackknife_error(without)
    return np.asarray(centre - half), np.asarray(centre + half)


def jackknife_error(without: Floats) -> Floats:
    """Return the standard error of a statistic from its values without each of b batches.

    ``without``: float (b, ...) → float64 (...). The delete-group jackknife (Tukey 1958; Shao & Wu
    1989, A General Theory for Jackknife Variance Estimation, Ann. Stat. 17).
    """
    b = len(without)
    squares = ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return np.asarray(np.sqrt((b - 1) / b * squares))


def sandwich(rows: Floats, batches: Ints) -> Floats:
    """Return the standard error of a mean from each row's part in it, over whole groups.

    Parameters
    ----------
    rows
        float (n, ...): what each row adds to the value, less the value's own share (sums to 0).
    batches
        int (n,): rows of one batch are not independent.

    Returns
    -------
    float64 (...).
    """
    sums = batch_sums(rows, batches)
    b = len(sums)
    return np.asarray(np.sqrt(b / max(b - 1, 1) * (sums**2).sum(axis=0)))


def best_by_chance(null: Floats) -> Floats:
    """Return what the best dimension reaches by chance in 5 % of permutations, (B, d, k) → (k,)."""
    line = np.quantile(null.max(axis=1), 1 - CHANCE, axis=0)
    return np.asarray(np.maximum(line, 1e-12))


def leads(scores: Floats) -> Floats:
    """Return the largest less the next over the last axis; one that tells nothing always runs."""
    nothing = np.zeros((*scores.shape[:-1], 2))
    best = np.partition(np.concatenate([scores, nothing], axis=-1), -2, axis=-1)
    return np.asarray(best[..., -1] - best[..., -2])


def deviations(variation: Floats, rng: np.random.Generator) -> Floats:
    """Draw how far estimates lie from the truth, together (Gaussian multipliers on batches).

    Parameters
    ----------
    variation
        float (b, ...): what each batch of whole groups adds to each estimate, to first order.

    Returns
    -------
    float64 (draws, ...), mean 0; fewer draws where there are very many estimates.

    References
    ----------
    V. Chernozhukov, D. Chetverikov, K. Kato 2013, arXiv 1212.6906.
    """
    b = len(variation)
    flat = variation.reshape(b, -1)
    flat = flat - flat.mean(axis=0)
    draws = max(DRAWS * WIDE // max(flat.shape[1], WIDE), 200)
    if flat.shape[1] < b:
        # Fewer multipliers give the same normal distribution: RᵀR = FᵀF.
        flat = np.asarray(np.linalg.qr(flat, mode="r"))
    multipliers = rng.standard_normal((draws, len(flat))) * np.sqrt(b / max(b - 1, 1))
    return np.asarray((multipliers @ flat).reshape(draws, *variation.shape[1:]))


def around(middle: Floats, drawn: Floats) -> tuple[Floats, Floats]:
    """Span the percentile interval of draws (draws, ...) and its mirror image at the middle.

    Where a choice of the best biases the draws, one of the two errs on each side.
    """
    tail = (1 - LEVEL) / 2
    below, above = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return np.minimum(below, 2 * middle - above), np.maximum(above, 2 * middle - below)


def pool(scores: Floats, moved: Floats, axis: int) -> Floats:
    """Give all that may be as large as the largest along an axis their common mean.

    The best of several like ones is too good by chance; what can't be told from it is made one
    with it (moment selection: Andrews & Soares 2010, Econometrica 78).

    Parameters
    ----------
    scores
        float (d, k).
    moved
        float (draws, d, k): their deviations.
    axis
        0 or 1.
    """
    best = np.expand_dims(scores.argmax(axis=axis), axis)
    behind = np.take_along_axis(scores, best, axis) - scores
    apart = moved - np.take_along_axis(moved, best[None], axis + 1)
    near = behind <= NEAR * apart.std(axis=0)
    mean = np.where(near, scores, 0).sum(axis, keepdims=True) / near.sum(axis, keepdims=True)
    return np.asarray(np.where(near, mean, scores))


def answer_by_draws(
    asked: Question,
    total: Callable[[X], Floats],
    each: Callable[[X], Floats] | None,
    *,
    value: X,
    null: X,
    spans: Sequence[tuple[X, X]],
    method: str,
    floor: float = 0.0,
    top: float | None = 1.0,
) -> Answer:
    """Turn a function of uncertain scores into an answer.

    Parameters
    ----------
    asked
        With at least one usable attribute.
    total, each
        From scores with leading axes (...) to the metric (...), and to its value for each usable
        attribute (..., k); ``None``: it has none.
    value, null
        The scores, and those under B permutations.
    spans
        Points that intervals are built around, each with its draws; the interval spans all.
    method, floor, top
        As for :func:`bounded`.
    """

    def estimates(score: Callable[[X], Floats], ns: Sequence[int]) -> list[Estimate]:
        lows, highs = zip(*(around(score(c), score(moved)) for c, moved in spans), strict=True)
        parts = (
            score(value),
            np.min(lows, axis=0),
            np.max(highs, axis=0),
            score(null).mean(axis=0),
        )
        rows = zip(*(np.atleast_1d(x) for x in parts), ns, strict=True)
        return [
            bounded(
                v,
                low,
                high,
                chance=c,
                n=n,
                method=method,
                units=asked.units,
                floor=floor,
                top=top,
            )
            for v, low, high, c, n in rows
        ]

    whole = estimates(total, [asked.rows])[0]
    if each is None:
        return Answer(whole)
    known = [asked.known(int(a)) for a in asked.usable]
    return Answer(whole, asked.spread_out(estimates(each, known)))
