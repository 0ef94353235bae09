"""Mutual information gap (Chen, Li, Grosse & Duvenaud 2018, arXiv 1802.04942)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from tanaoroshi.metrics.intervals import leads, nothing_usable
from tanaoroshi.metrics.mutual import Entropies, answer_from, share
from tanaoroshi.metrics.question import Answer, Convention, Question, question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Kind
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.stats.information import Bias

MigNormaliser = Literal["attribute", "code"]


def mig(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
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
        Source of chance: of the interval and the chance level, not of the value (but of more than
        50 groups, which are left out in batches to take off the bias).
    kinds
        Of each attribute; ``None``: whole numbers are nominal, others continuous.
    bins
        Of the dimensions.
    numeric_bins
        Of continuous and circular attributes; ``None``: ``bins``, a quarter of it with fewer than
        500 independent images.
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
        numeric_bins=numeric_bins,
        permutations=permutations,
    )
    return answer_mig(asked, normalise=normalise, bias=bias).total


def answer_mig(
    asked: Question, *, normalise: MigNormaliser = "attribute", bias: Bias | None = None
) -> Answer:
    """Answer for all attributes and for each."""
    if not len(asked.usable):
        return nothing_usable(asked)
    method = f"mig ({asked.tables_method}; by {normalise} entropy"
    return answer_from(
        asked,
        lambda found: gap(found, normalise).mean(axis=-1),
        lambda found: gap(found, normalise),
        method,
        bias=bias,
    )


def gap(found: Entropies, normalise: MigNormaliser = "attribute") -> Floats:
    """Return each attribute's gap, (..., k)."""
    whole = found.code if normalise == "code" else found.attribute[..., None, :]
    parts = share(found.mutual, np.broadcast_to(whole, found.mutual.shape))
    return leads(np.swapaxes(parts, -1, -2))
