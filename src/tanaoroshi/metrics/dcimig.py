"""DCIMIG, also called 3CharM (Sepliarskaia, Kiseleva & de Rijke 2019, arXiv 1910.05587)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.metrics.intervals import leads, nothing_usable
from tanaoroshi.metrics.mutual import Entropies, answer_from, share
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Kind
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.stats.information import Bias


def dcimig(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
    bias: Bias | None = None,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """How much of all attributes is told by dimensions that tell of one attribute alone.

    Parameters
    ----------
    codes, attributes, rng, kinds, bins, numeric_bins, bias, convention, group, permutations
        As for :func:`tanaoroshi.metrics.mig.mig`.

    Returns
    -------
    Estimate in [0, 1], or Unmeasured: with one attribute no dimension can tell of another.

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
    return answer_dcimig(asked, bias=bias).total


def answer_dcimig(asked: Question, *, bias: Bias | None = None) -> Answer:
    """Answer for all attributes together, and for each."""
    if not len(asked.usable):
        return nothing_usable(asked)
    if len(asked.usable) < 2:
        why = Unmeasured(message("it compares attributes: at least two are needed"))
        return Answer(why, asked.spread_out([why]))

    def total(found: Entropies) -> Floats:
        return share(served(found).sum(axis=-1), found.attribute.sum(axis=-1))

    return answer_from(
        asked,
        total,
        lambda found: share(served(found), found.attribute),
        f"dcimig ({asked.tables_method}",
        bias=bias,
    )


def served(found: Entropies) -> Floats:
    """Return what the best dimension of its own tells of each attribute, nats (..., k).

    A dimension belongs to the attribute of which it tells most; what it tells of that beyond the
    next attribute is what counts. An attribute takes the best of its dimensions, 0 if it has none.
    """
    lead = leads(found.mutual)[..., None]
    own = found.mutual.argmax(axis=-1)[..., None] == np.arange(found.mutual.shape[-1])
    return np.asarray(np.where(own, lead, 0).max(axis=-2))
