"""Mutual information gap (Chen, Li, Grosse & Duvenaud 2018, arXiv 1802.04942)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from tanaoroshi.metrics.gaps import Scores, answer_gaps, batch_sums, nothing_usable
from tanaoroshi.metrics.question import Answer, Convention, Question, question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Kind
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.stats.information import Bias, Information

MigNormaliser = Literal["attribute", "code"]


def mig(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    normalise: MigNormaliser = "attribute",
    bias: Bias | None = None,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """How much more the best dimension tells about an attribute than the next best; the mean.

    Parameters
    ----------
    codes
        float (n, d).
    attributes
        (n, k), NaN missing.
    rng
        Source of chance: of the interval and the chance level, not of the value (where rows come
        in groups, the size of the bias is simulated too).
    kinds
        Of each attribute; ``None``: whole numbers are nominal, others continuous.
    bins
        For the codes, and for continuous and circular attributes.
    normalise
        By the entropy of the ``attribute`` (the paper) or of each ``code`` dimension.
    bias
        ``jackknife`` takes the bias of finite tables off; ``none`` is plug-in. ``None``: the
        first for ``paper``, the second for ``disentanglement_lib``.
    convention
        ``paper``: bins of equal counts, each kind of attribute in its own way.
        ``disentanglement_lib``: bins of equal width between the extremes, attributes' raw values
        as classes.
    group
        (n,): rows of one group are not independent.
    permutations
        For the chance level.

    Returns
    -------
    Estimate in [0, 1], or Unmeasured with the reason. Attributes that can't be measured
    (constant, all missing, ...) are left out of the mean.

    Raises
    ------
    InputError
        When the arrays do not fit together.
    """
    asked = question(
        codes,
        attributes,
        rng=rng,
        kinds=kinds,
        group=group,
        convention=convention,
        bins=bins,
        permutations=permutations,
    )
    return answer_mig(asked, normalise=normalise, bias=bias).total


def answer_mig(
    asked: Question, *, normalise: MigNormaliser = "attribute", bias: Bias | None = None
) -> Answer:
    """Answer for all attributes and for each."""
    if not len(asked.usable):
        return nothing_usable(asked)
    bias = bias or ("jackknife" if asked.convention == "paper" else "none")
    jack = asked.crossing.information(asked.counts, bias="jackknife")
    swell = _swell(asked)
    corrected = _shares(jack.mutual, jack, normalise, asked.information.mutual, swell)
    null = asked.null
    if bias == "jackknife":
        value = corrected
        excess = (null.plain - null.corrected) * swell
        whole = null.attribute_entropy if normalise == "attribute" else null.code_entropy
        chance = _divide(null.plain - excess, whole)
    else:
        value = asked.information.normalised(normalise)
        sides = {"attribute": asked.information.attribute, "code": asked.information.code}
        chance = _divide(null.plain, np.broadcast_to(sides[normalise], null.plain.shape))
    scores = Scores(
        value=value,
        centre=_settled(asked, jack, corrected, normalise),
        null=chance,
        floor=np.zeros(len(asked.usable)),
        variation=_variation(asked, normalise),
    )
    method = f"mig ({asked.convention}; {asked.bins} {asked.how} bins; "
    method += f"by {normalise} entropy; bias {bias})"
    return answer_gaps(asked, scores, method)


def _settled(asked: Question, jack: Information, shares: Floats, normalise: str) -> Floats:
    """Take off what the jackknife leaves of the bias in sparse tables, for the interval.

    Under the null that is the mean over permutations; it fades as the code tells more, since
    ever fewer cells are then sparse. The third power was found by simulation (docs/metrics).
    """
    null, whole = asked.null, jack.attribute[None, :] if normalise == "attribute" else jack.code
    there = whole > 1e-9
    left = null.corrected.mean(axis=0) if asked.group is None else np.zeros_like(shares)
    left = np.clip(np.where(there, left / np.where(there, whole, 1), 0), 0, 0.9)
    fading = np.clip(1 - (shares - left) / (1 - left), 0, 1) ** 3
    return np.asarray(np.clip(shares - left * fading, 0, 1))


def _swell(asked: Question) -> Floats:
    """How much larger the bias is than with independent rows, (d, k); 1 without groups.

    Under the null the plug-in is all bias; what the jackknife over rows sees of it is the
    difference of the two.
    """
    if asked.group is None:
        return np.ones_like(asked.information.mutual)
    seen = (asked.null.plain - asked.null.corrected).mean(axis=0)
    plain = asked.null.plain.mean(axis=0)
    return np.asarray(np.maximum(plain / np.where(seen > 0, seen, np.inf), 1))


def _shares(
    jack: Floats, sides: Information, normalise: MigNormaliser, plain: Floats, swell: Floats
) -> Floats:
    whole = sides.attribute[None, :] if normalise == "attribute" else sides.code
    return _divide(plain - (plain - jack) * swell, np.broadcast_to(whole, plain.shape))


def _divide(information: Floats, whole: Floats) -> Floats:
    there = whole > 1e-9
    return np.asarray(np.where(there, np.clip(information / np.where(there, whole, 1), 0, 1), 0))


def _variation(asked: Question, normalise: MigNormaliser) -> Floats:
    """First-order effect of each batch on the normalised informations, (batches, d, k)."""
    crossing, found = asked.crossing, asked.information
    counts = asked.counts
    parts = []
    for a, (start, width) in enumerate(zip(crossing.starts, crossing.classes, strict=True)):
        table = counts[start : start + width].astype(np.float64)
        n = found.n[a]
        of_class = np.maximum(table.sum(axis=-1, keepdims=True), 1)
        of_bin = np.maximum(table.sum(axis=0, keepdims=True), 1)
        tells = np.log(np.maximum(table * n / (of_class * of_bin), 1e-12))
        if normalise == "attribute":
            surprise, whole = -np.log(of_class / n), np.full((found.code.shape[0]), 1.0)
            whole = whole * found.attribute[a]
        else:
            surprise, whole = -np.log(of_bin / n), found.code[:, a]
        whole = np.maximum(whole, 1e-12)[None, :, None]
        share = found.mutual[None, :, a, None] / whole
        effect = np.zeros((width + 1, *table.shape[1:]))
        effect[:width] = (tells - share * surprise) / (whole * n)
        line = crossing.lines[:, a] - crossing.lines.dtype.type(start * table[0].size)
        rows = effect.ravel()[line[:, None] + crossing.cells]
        parts.append(batch_sums(rows, asked.batches))
    return np.stack(parts, axis=-1)
