"""Modularity (Ridgeway & Mozer 2018, arXiv 1802.05312)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from tanaoroshi.metrics.intervals import nothing_usable
from tanaoroshi.metrics.mutual import Entropies, answer_from
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Kind
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.stats.information import Bias

Dimensions = Literal["informative", "all"]


def modularity(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
    dimensions: Dimensions | None = None,
    bias: Bias | None = None,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """Measure whether each dimension tells of one attribute only; mean over dimensions.

    Parameters
    ----------
    codes, attributes, rng, kinds, bins, numeric_bins, bias, convention, group, permutations
        As for :func:`tanaoroshi.metrics.mig.mig`.
    dimensions
        ``informative``: those that tell of some attribute more than chance does, since for the
        others it is a ratio of noises; ``all``: the others too, 0 for one that tells nothing.
        ``None``: the first for ``paper``, the second for ``disentanglement_lib``.

    Returns
    -------
    Estimate in [0, 1], or Unmeasured: with one attribute, or when no dimension tells anything.

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
    return answer_modularity(asked, dimensions=dimensions, bias=bias).total


def answer_modularity(
    asked: Question, *, dimensions: Dimensions | None = None, bias: Bias | None = None
) -> Answer:
    """Answer for all dimensions."""
    if not len(asked.usable):
        return Answer(nothing_usable(asked).total)
    if len(asked.usable) < 2:
        return Answer(Unmeasured(message("it compares attributes: at least two are needed")))
    chosen = dimensions or ("informative" if asked.convention == "paper" else "all")
    asks = asked.informative if chosen == "informative" else np.ones_like(asked.informative)
    if not asks.any():
        return Answer(
            Unmeasured(message("no dimension tells more of any attribute than chance does"))
        )
    method = f"modularity ({asked.tables_method}; {int(asks.sum())} {chosen} dimensions"
    return answer_from(
        asked,
        lambda found: alone(found)[..., asks].mean(axis=-1),
        None,
        method,
        bias=bias,
        noisy=chosen == "all",
    )


def alone(found: Entropies) -> Floats:
    """Return 1 less the mean square of the other informations over the largest's, (..., d).

    0 for a dimension that tells nothing.
    """
    square = found.mutual**2
    largest = square.max(axis=-1)
    others = square.sum(axis=-1) - largest
    there = largest > 0
    ratio = others / np.where(there, largest, 1) / (square.shape[-1] - 1)
    return np.asarray(np.where(there, 1 - ratio, 0))
