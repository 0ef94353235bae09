"""What the rate of an autoencoder is made of: Hoffman & Johnson 2016; Chen et al. 2018, 1802.04942.

The mean KL divergence of the posteriors from the prior is the sum of three terms, each about the
aggregate posterior q(z), the mean of the posteriors of all images: the index-code mutual
information, the total correlation, and the dimension-wise KL divergence. q(z) is the mixture of
the posteriors themselves, evaluated at samples of theirs. Seen as an estimate for all the images
there could be, a mixture that holds the sample's own posterior is too high there, one without it
too low (Poole et al. 2019, arXiv 1905.06922); the two ends of an interval take one each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from scipy.stats import t as student

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.intervals import LEVEL, bounded, sandwich
from tanaoroshi.metrics.posteriors import (
    ROOT_TURN,
    Posteriors,
    blended,
    draw_posteriors,
    gaussian_density,
    joint_density,
    marginal_density,
    permuted_posteriors,
)
from tanaoroshi.metrics.question import FEWEST, Answer, Question, question
from tanaoroshi.records.estimates import Measured, Unmeasured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Ints

Aggregate = Literal["mixture", "minibatch_weighted", "minibatch_stratified"]

MINIBATCH = 64
# Permuted copies of the posteriors for the chance level, and samples from each.
DRAWS, PERMUTED = 3, 1000


@dataclass(frozen=True, slots=True)
class Elbo:
    """The three terms of the rate, in nats; and the last one for each dimension.

    Attributes
    ----------
    index_code_mi
        I(z; n): what a code tells of which image it comes from.
    total_correlation
        KL(q(z) ‖ Π q(z_j)), of the aggregate posterior.
    aggregate_kl
        Σ KL(q(z_j) ‖ p(z_j)), Chen's dimension-wise KL.
    per_dimension
        KL(q(z_j) ‖ p(z_j)), of each dimension.
    """

    index_code_mi: Answer
    total_correlation: Answer
    aggregate_kl: Answer
    per_dimension: tuple[Measured, ...]


class Basis(NamedTuple):
    """What estimates rest on.

    ``row`` (m,): which posterior each sample is from; ``batches`` (n,): units of sampling
    variation; ``images``, ``units``: how many there are in all, and how many independent ones;
    ``floor`` and ``settings`` of estimates.
    """

    row: Ints
    batches: Ints
    images: int
    units: int
    floor: float | None
    settings: str


def elbo_decomposition(
    codes: ArrayLike,
    logvar: ArrayLike,
    *,
    rng: np.random.Generator,
    estimator: Aggregate = "mixture",
    minibatch: int = MINIBATCH,
    group: ArrayLike | None = None,
) -> Elbo:
    """Split the mean KL divergence of the posteriors from N(0, I) into its three terms.

    Parameters
    ----------
    codes
        float (n, d), posterior means.
    logvar
        float (n, d), logarithm of the posterior variances.
    rng
        Source of chance.
    estimator
        ``mixture``: of all posteriors (where there are many: of so many drawn at random as there
        is time for, 10,000 for ten dimensions, at a sample from one in eight). The terms then are
        those of Chen et al. 2018, section 3, but for the samples' chance.
        ``minibatch_weighted``, ``minibatch_stratified``: the estimators of their appendix C,
        made for training.
    minibatch
        Rows in a minibatch; fewer where there would be less than ten minibatches.
    group
        (n,): rows of one group are not independent.

    Returns
    -------
    Elbo. ``mixture``: 0 or more each, the index-code mutual information no more than log n; the
    intervals are for all the images there could be. ``minibatch_…``: any number, the intervals
    are for what the estimator gives on average. The chance level of the total correlation is
    what the same dimensions give when the rows of each are permuted on their own.

    Raises
    ------
    InputError
        When the arrays do not fit together, or there is no such estimator.
    """
    if estimator not in ("mixture", "minibatch_weighted", "minibatch_stratified"):
        raise InputError(
            "There is no estimator {name}: use mixture, minibatch_weighted or minibatch_stratified",
            name=estimator,
        )
    nothing = np.empty((len(np.asarray(codes)), 0))
    asked = question(codes, nothing, logvar=logvar, group=group, rng=rng)
    return answer_elbo(asked, estimator=estimator, minibatch=minibatch)


def answer_elbo(
    asked: Question, *, estimator: Aggregate = "mixture", minibatch: int = MINIBATCH
) -> Elbo:
    """Answer with all terms; they have no values for single attributes."""
    drawn = draw_posteriors(asked)
    if isinstance(drawn, Unmeasured):
        nothing = Answer(drawn)
        return Elbo(nothing, nothing, nothing, (drawn,) * asked.codes.shape[1])
    if estimator == "mixture":
        return _by_mixture(asked, drawn)
    return _by_minibatches(asked, drawn, estimator, minibatch)


def answer_minibatch_total(asked: Question, *, minibatch: int = MINIBATCH) -> Answer:
    """Answer with the total correlation by minibatch-weighted sampling alone."""
    found = answer_elbo(asked, estimator="minibatch_weighted", minibatch=minibatch)
    return found.total_correlation


def minibatch_logs(
    drawn: Posteriors, pieces: Sequence[Ints], weights: Sequence[Floats]
) -> tuple[Floats, Floats]:
    """Estimate log q(z) and log q(z_j) at each sample from its minibatch alone.

    Parameters
    ----------
    drawn
        With one sample from each posterior, in order.
    pieces
        int (m,) each: the rows of a minibatch.
    weights
        float (m, m) each: logarithm of the weight of each posterior (columns) for each sample.

    Returns
    -------
    float64 (n,) and (n, d).
    """
    joint, marginal = np.empty(len(drawn.row)), np.empty(drawn.mean.shape)
    z, size = drawn.z, np.log(drawn.std) + ROOT_TURN
    for piece, weight in zip(pieces, weights, strict=True):
        away = (z[piece, None] - drawn.mean[piece]) / drawn.std[piece]
        logs = -(away**2) / 2 - size[piece]
        joint[piece] = _log_sum(logs.sum(axis=2) + weight)
        marginal[piece] = _log_sum(logs + weight[:, :, None])
    return joint, marginal


def log_weights(m: int, n: int, estimator: Aggregate) -> Floats:
    """Logarithms of the weights of Chen et al. 2018, appendix C: sample × posterior, (m, m).

    Weighted: 1 / nm. Stratified: 1 / n for the sample's own posterior, (n - m + 1) / (n (m - 1))
    for the next one, 1 / (m - 1) for the others.
    """
    if estimator == "minibatch_weighted":
        return np.full((m, m), -np.log(n * m))
    rest = m - 1
    weight = np.full((m, m), 1 / rest)
    each = np.arange(m)
    weight[each, (each + 1) % m] = (n - rest) / (n * rest)
    weight[each, each] = 1 / n
    return np.asarray(np.log(weight))


def _log_sum(logs: Floats) -> Floats:
    """Add up the second axis; scipy's does the same at several times the cost."""
    top = logs.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(logs - top).sum(axis=1)) + top[:, 0])


def _by_mixture(asked: Question, drawn: Posteriors) -> Elbo:
    own, prior = drawn.own, drawn.prior
    joint = joint_density(drawn)
    single = [marginal_density(drawn, j) for j in range(own.shape[1])]
    gaussian, normal = gaussian_density(drawn)
    bound = blended(joint.other, gaussian)
    bounds = [blended(one.other, g) for one, g in zip(single, normal.T, strict=True)]
    whole, least = np.sum([one.whole for one in single], axis=0), np.sum(bounds, axis=0)
    told, far = own.sum(axis=1), prior.sum(axis=1)
    settings = f"mixture of {len(drawn.rows)} posteriors, {len(own)} samples; nats"
    on = Basis(drawn.row, asked.batches[drawn.rows], len(asked.codes), asked.units, 0.0, settings)
    total = [joint.whole - whole, bound - whole, joint.whole - least]
    chance = max(_independent(asked, drawn) - float(whole.mean()), 0.0)
    return Elbo(
        _answer("index_code_mi", [told - joint.whole, told - bound], on),
        _answer("aggregate_total_correlation", total, on, chance),
        _answer("aggregate_kl", [whole - far, least - far], on),
        tuple(
            _answer("aggregate_kl, one dimension", [one.whole - p, b - p], on).total
            for one, b, p in zip(single, bounds, prior.T, strict=True)
        ),
    )


def _by_minibatches(
    asked: Question, drawn: Posteriors, estimator: Aggregate, minibatch: int
) -> Elbo:
    n, d = drawn.mean.shape
    rng = asked.stream("minibatches")
    drawn = drawn._replace(row=np.arange(n), noise=rng.standard_normal((n, d)))
    size = max(2, min(minibatch, n // FEWEST))
    turn = rng.permutation(int(drawn.group.max()) + 1)[drawn.group]
    pieces = np.array_split(np.argsort(turn, kind="stable"), max(n // size, 1))
    bare = estimator == "minibatch_weighted" and asked.convention == "disentanglement_lib"
    images = len(asked.codes)
    weights = [log_weights(len(piece), images, estimator) * (not bare) for piece in pieces]
    joint, marginal = minibatch_logs(drawn, pieces, weights)
    null = []
    for _ in range(DRAWS):
        apart = permuted_posteriors(drawn, drawn.row, grouped=asked.group is not None, rng=rng)
        logs = minibatch_logs(apart, pieces, weights)
        null.append(logs[0].mean() - logs[1].sum(axis=1).mean())
    batches = np.empty(n, dtype=np.int64)
    for b, piece in enumerate(pieces):
        batches[piece] = b
    settings = f"{asked.convention}; {estimator}, minibatches of {size}; nats"
    on = Basis(drawn.row, batches, images, asked.units, None, settings)
    prior, whole = drawn.prior, marginal.sum(axis=1)
    return Elbo(
        _answer("index_code_mi", [drawn.own.sum(axis=1) - joint], on),
        _answer("total_correlation", [joint - whole], on, float(np.mean(null))),
        _answer("aggregate_kl", [whole - prior.sum(axis=1)], on),
        tuple(
            _answer("aggregate_kl, one dimension", [one - p], on).total
            for one, p in zip(marginal.T, prior.T, strict=True)
        ),
    )


def _answer(name: str, parts: Sequence[Floats], on: Basis, chance: float | None = None) -> Answer:
    """Answer with the mean of the first part; the interval holds those of all parts, each (m,).

    That q(z) is estimated too adds nothing to first order: what a posterior more or less does to
    the mean log density averages out over the samples.
    """
    n, m = len(on.batches), len(on.row)
    quantile = student.ppf((1 + LEVEL) / 2, len(np.unique(on.batches)) - 1)
    ends = []
    for part in parts:
        mean = part.mean()
        rows = np.bincount(on.row, part - mean, minlength=n) / m
        half = quantile * sandwich(rows, on.batches)
        ends += [mean - half, mean + half]
    method = f"{name} ({on.settings}{'' if chance is None else '; chance: dimensions apart'})"
    value, low, high = float(parts[0].mean()), float(min(ends)), float(max(ends))
    estimate = bounded(
        value,
        low,
        high,
        chance=chance,
        n=on.images,
        method=method,
        units=on.units,
        floor=on.floor,
        top=None,
    )
    return Answer(estimate)


def _independent(asked: Question, drawn: Posteriors) -> float:
    """Mean log density of the mixture, were the dimensions independent."""
    rng = asked.stream("independent posteriors")
    found = []
    for _ in range(DRAWS):
        row = rng.permutation(len(drawn.rows))[:PERMUTED]
        apart = permuted_posteriors(drawn, row, grouped=asked.group is not None, rng=rng)
        found.append(joint_density(apart).whole.mean())
    return float(np.mean(found))
