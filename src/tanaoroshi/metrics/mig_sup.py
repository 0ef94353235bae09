"""MIG-sup, the supplement of the mutual information gap (Li, Murkute, Gyawali & Wang 2020).

arXiv 2002.10549. The gap is taken the other way round: of each dimension, between the attribute of
which it tells most and the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

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

Dimensions = Literal["all", "informative"]


def mig_sup(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
    dimensions: Dimensions = "all",
    bias: Bias | None = None,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """How much more a dimension tells of its attribute than of the next; mean over dimensions.

    Parameters
    ----------
    codes, attributes, rng, kinds, bins, numeric_bins, bias, convention, group, permutations
        As for :func:`tanaoroshi.metrics.mig.mig`.
    dimensions
        ``all`` that vary (the paper's formula), or only the ``informative`` ones: those that tell
        of some attribute more than chance does.

    Returns
    -------
    Estimate in [0, 1], or Unmeasured: with one attribute there is no next.

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
    return answer_mig_sup(asked, dimensions=dimensions, bias=bias).total


def answer_mig_sup(
    asked: Question, *, dimensions: Dimensions = "all", bias: Bias | None = None
) -> Answer:
    """Answer for all dimensions."""
    if len(asked.usable) < 2:
        return Answer(_too_few(asked))
    asks = asked.informative if dimensions == "informative" else asked.varying
    if not asks.any():
        return Answer(
            Unmeasured(message("no dimension tells more of any attribute than chance does"))
        )
    method = f"mig_sup ({asked.tables_method}; by attribute entropy; {int(asks.sum())} dimensions"
    return answer_from(
        asked, lambda found: gap(found)[..., asks].mean(axis=-1), None, method, bias=bias
    )


def gap(found: Entropies) -> Floats:
    """Return each dimension's gap, (..., d)."""
    whole = np.broadcast_to(found.attribute[..., None, :], found.mutual.shape)
    return leads(share(found.mutual, whole))


def _too_few(asked: Question) -> Unmeasured:
    if not len(asked.usable):
        nothing = nothing_usable(asked).total
        assert isinstance(nothing, Unmeasured)
        return nothing
    return Unmeasured(message("it compares attributes: at least two are needed"))
