"""Unsupervised disentanglement ranking across trainings (Duan et al. 2020, arXiv 1905.12614).

What several trainings of one method find alike, dimension by dimension, is taken to be in the
data. Every dimension of one training is matched with those of another; a training scores high
where each of its dimensions has one counterpart, and one only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.covariance import BATCHES, fold_batches, too_few
from tanaoroshi.metrics.intervals import bounded, jackknife
from tanaoroshi.metrics.likeness import Likeness, lasso_likeness, rank_likeness
from tanaoroshi.metrics.question import FEWEST, Answer, Convention, Question, question
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.resample import permuted_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.estimates import Measured

Similarity = Literal["lasso", "spearman"]

PENALTY = 0.1
# Mean KL divergence of a dimension's posteriors from which on it tells something, in nats.
INFORMATIVE = 0.01
DRAWS = 10
# Draws of the noise in all similarities, and numbers in them.
SIMULATED, NUMBERS = 200, 20_000_000
# Rows × columns × batches to be ranked anew: with many rows, fewer batches.
RANKED, FEWEST_BATCHES = 200_000_000, 20
# Largest log-variance.
FLAT = 60.0


class Settings(NamedTuple):
    """How trainings are compared."""

    similarity: Similarity
    penalty: float
    informative: float


class Scores(NamedTuple):
    """Scores of two trainings.

    ``value`` (); ``centres`` (3,): the same, and with what noise does to it taken off, cautiously
    and fully (a similarity that is all noise is above 0 still, and takes from the others'
    shares); ``null`` (draws,); ``without`` (b,).
    """

    value: Floats
    centres: Floats
    null: Floats
    without: Floats


def udr(
    codes: Sequence[ArrayLike],
    *,
    rng: np.random.Generator,
    logvars: Sequence[ArrayLike | None] | None = None,
    similarity: Similarity = "lasso",
    penalty: float = PENALTY,
    informative: float = INFORMATIVE,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """How far other trainings find the same dimensions as the first one, one by one.

    Parameters
    ----------
    codes
        float (n, d_m) of each of two or more trainings: the same images in the same order.
    rng
        Source of chance: of interval and chance level, not of the value.
    logvars
        float (n, d_m) of each, or ``None``: tells which dimensions are informative.
    similarity
        ``lasso``: size of the coefficients that predict a dimension of this training from all of
        the other, all standardised. ``spearman``: rank correlation of each two dimensions.
    penalty
        Of the lasso.
    informative
        Dimensions count whose posteriors diverge from N(0, 1) by more than this, on average, in
        nats. Without log-variances: whose variance is more than twice this share of the largest.
    convention
        ``paper``: the mean over all dimensions of both trainings; constant dimensions are left
        out. ``disentanglement_lib``: the mean of both trainings' means; the lasso is
        scikit-learn's with its own tolerance.
    group
        (n,): rows of one group are not independent.
    permutations
        At most so many give the chance level.

    Returns
    -------
    Estimate for the first training, 0 to about 1 (a perfect match reaches 1 - ``penalty`` with
    the lasso): the median over the others. Its interval is for other images, not for other
    trainings. Unmeasured with one training alone.

    Raises
    ------
    InputError
        When the arrays do not fit together.
    """
    return udr_scores(
        codes,
        rng=rng,
        logvars=logvars,
        similarity=similarity,
        penalty=penalty,
        informative=informative,
        convention=convention,
        group=group,
        permutations=permutations,
        only=1,
    )[0]


def udr_scores(
    codes: Sequence[ArrayLike],
    *,
    rng: np.random.Generator,
    logvars: Sequence[ArrayLike | None] | None = None,
    similarity: Similarity = "lasso",
    penalty: float = PENALTY,
    informative: float = INFORMATIVE,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
    only: int | None = None,
) -> tuple[Measured, ...]:
    """Return the score of each training, or of the first ``only``; otherwise as :func:`udr`."""
    if not len(codes):
        raise InputError("codes must hold the codes of two or more trainings of the same images")
    variances = [None] * len(codes) if logvars is None else list(logvars)
    if len(variances) != len(codes):
        raise InputError("logvars must have one entry for each training: an array, or None")
    seed = int(rng.integers(2**63))
    scores = []
    for m in range(len(codes) if only is None else only):
        asked = question(
            codes[m],
            np.empty((len(np.asarray(codes[m])), 0)),
            rng=np.random.default_rng(seed),
            logvar=variances[m],
            group=group,
            convention=convention,
            permutations=permutations,
        )
        others = [c for o, c in enumerate(codes) if o != m]
        beside = [v for o, v in enumerate(variances) if o != m]
        answer = answer_udr(
            asked,
            others,
            beside,
            similarity=similarity,
            penalty=penalty,
            informative=informative,
        )
        scores.append(answer.total)
    return tuple(scores)


def answer_udr(
    asked: Question,
    others: Sequence[ArrayLike],
    logvars: Sequence[ArrayLike | None] | None = None,
    *,
    similarity: Similarity = "lasso",
    penalty: float = PENALTY,
    informative: float = INFORMATIVE,
) -> Answer:
    """Answer for the training that is asked about, beside others of the same images."""
    if similarity not in ("lasso", "spearman"):
        raise InputError(
            "There is no similarity {name}: use lasso or spearman", name=str(similarity)
        )
    settings = Settings(similarity, penalty, informative)
    if not others:
        return Answer(Unmeasured(message("there is one training only; at least two are compared")))
    n = len(asked.codes)
    groups = asked.units
    if groups < FEWEST:
        return Answer(too_few(groups))
    mine = _columns(asked, settings)
    if not mine.shape[1]:
        return Answer(Unmeasured(message("no dimension of the codes tells anything")))
    beside = [None] * len(others) if logvars is None else logvars
    theirs = [
        _columns(_other(asked, codes, logvar), settings)
        for codes, logvar in zip(others, beside, strict=True)
    ]
    rng = asked.stream("udr")
    batches = _fold(asked, mine.shape[1] + max(one.shape[1] for one in theirs), settings)
    parts = [_compare(asked, other, mine, batches, settings, rng) for other in theirs]
    value, centres, null, without = (np.median(part, axis=0) for part in zip(*parts, strict=True))
    low, high = jackknife(centres, without)
    how = f"lasso {penalty:g}" if similarity == "lasso" else "spearman"
    estimate = bounded(
        float(value),
        float(low.min()),
        float(high.max()),
        chance=float(null.mean()),
        n=n,
        method=f"udr ({asked.convention}; {how}; {1 + len(others)} trainings; "
        f"{mine.shape[1]} of {asked.codes.shape[1]} dimensions; interval over images)",
        units=asked.units,
        top=1.0 if similarity == "spearman" else None,
    )
    return Answer(estimate)


def relative_strength(likeness: Floats, *, pooled: bool) -> Floats:
    """Score of two trainings: how far each dimension has one counterpart only.

    Parameters
    ----------
    likeness
        float (..., d, t), 0 or more.
    pooled
        The mean over all d + t dimensions (the paper); otherwise the mean of the mean over d and
        that over t (disentanglement_lib).

    Returns
    -------
    float64 (...): of max² / sum, over the lines and columns; 0 where there is nothing.
    """
    shares = []
    for axis in (-1, -2):
        whole = likeness.sum(axis=axis)
        best = likeness.max(axis=axis, initial=0)
        shares.append(np.where(whole > 0, best**2 / np.where(whole > 0, whole, 1), 0))
    if pooled:
        return np.asarray(np.concatenate(shares, axis=-1).mean(axis=-1))
    return np.asarray(sum(share.sum(axis=-1) / max(share.shape[-1], 1) for share in shares) / 2)


def _other(asked: Question, codes: ArrayLike, logvar: ArrayLike | None) -> Question:
    """Check the codes of another training."""
    n = len(np.asarray(codes))
    if n != len(asked.codes):
        raise InputError(
            "One training has codes of {n} images, another of {m}: give all the same images",
            n=len(asked.codes),
            m=n,
        )
    return question(
        codes,
        np.empty((n, 0)),
        rng=np.random.default_rng(0),
        logvar=logvar,
        convention=asked.convention,
    )


def _columns(asked: Question, settings: Settings) -> Floats:
    """Return the informative dimensions, standardised; a constant one is 0, or left out."""
    codes, logvar = asked.codes, asked.logvar
    scale = codes.std(axis=0)
    constant = (np.ptp(codes, axis=0) == 0) | (scale <= 1e-12 * np.abs(codes).max(axis=0))
    if logvar is None:
        # Where the prior has variance 1, a variance v of the means makes the divergence v / 2 or
        # more; the widest dimension stands for that.
        counts = scale**2 > 2 * settings.informative * (scale**2).max()
    else:
        divergence = (codes**2 + np.exp(np.minimum(logvar, FLAT)) - 1 - logvar) / 2
        counts = divergence.mean(axis=0) > settings.informative
    if asked.convention == "paper":
        counts &= ~constant
    columns = (codes - codes.mean(axis=0)) / np.where(constant, 1, scale)
    return np.asarray(np.where(constant, 0, columns)[:, counts])


def _fold(asked: Question, width: int, settings: Settings) -> Ints:
    """Put whole groups into batches, the same for all pairs of trainings, int64 (n,)."""
    if settings.similarity == "lasso":
        return fold_batches(asked, width)
    most = max(FEWEST_BATCHES, RANKED // max(len(asked.codes) * width, 1))
    return fold_batches(asked, width, min(most, BATCHES))


def _compare(
    asked: Question,
    other: Floats,
    mine: Floats,
    batches: Ints,
    settings: Settings,
    rng: np.random.Generator,
) -> Scores:
    draws = min(DRAWS, asked.permutations)
    orders = [permuted_rows(len(mine), asked.group, rng=rng) for _ in range(draws)]
    if settings.similarity == "lasso":
        likeness = lasso_likeness(other, mine, batches, orders, settings.penalty, asked.convention)
    else:
        likeness = rank_likeness(other, mine, batches, orders)
    return _scores(likeness, pooled=asked.convention == "paper", rng=rng)


def _scores(likeness: Likeness, *, pooled: bool, rng: np.random.Generator) -> Scores:
    """Score two trainings; see :class:`Scores`.

    How much noise changes the score is simulated, with the noise that the batches show, about
    similarities less noisy than those found. What these are nobody knows: once the square of the
    noise is taken off theirs, once those below twice the noise are taken for nothing.
    """
    whole, shape, b = likeness.whole, likeness.whole.shape, len(likeness.without)
    away = (likeness.without - likeness.without.mean(axis=0)).reshape(b, -1)
    away *= np.sqrt((b - 1) / b)
    draws = int(np.clip(NUMBERS // max(whole.size, 1), 10, SIMULATED))
    noise = (rng.standard_normal((draws, b)) @ away).reshape(draws, *shape)
    size = np.sqrt((away**2).sum(axis=0)).reshape(shape)
    value = relative_strength(whole, pooled=pooled)
    centres = [value]
    for base in (np.sqrt(np.maximum(whole**2 - size**2, 0)), whole * (whole > 2 * size)):
        noisy = relative_strength(np.abs(base + noise), pooled=pooled).mean()
        centres.append(value - noisy + relative_strength(base, pooled=pooled))
    null, without = (
        relative_strength(part, pooled=pooled) for part in (likeness.null, likeness.without)
    )
    return Scores(value, np.stack(centres), null, without)
