"""Joint entropy minus mutual information gap (Do & Tran 2020, arXiv 1908.09961)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from tanaoroshi.metrics.intervals import leads, nothing_usable
from tanaoroshi.metrics.mutual import Entropies, answer_from
from tanaoroshi.metrics.question import Answer, Convention, Question, question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Kind
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.stats.information import Bias

Form = Literal["printed", "normalised", "turned"]


def jemmig(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
    form: Form = "printed",
    bias: Bias | None = None,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """Measure what is unsaid or said twice: H(z*, a) - I(z*; a) + I(z°; a), mean over attributes.

    z* is the dimension that tells most of the attribute a, z° the next best.

    Parameters
    ----------
    codes, attributes, rng, kinds, bins, numeric_bins, bias, convention, group, permutations
        As for :func:`tanaoroshi.metrics.mig.mig`.
    form
        ``printed``: in nats, **lower is better**, 0 is best. ``normalised``: divided by its
        largest possible value H(a) + ln(bins), 0 to 1, lower is better. ``turned``: 1 less that.

    Returns
    -------
    Estimate, or Unmeasured with the reason.

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
    return answer_jemmig(asked, form=form, bias=bias).total


def answer_jemmig(asked: Question, *, form: Form = "printed", bias: Bias | None = None) -> Answer:
    """Answer for all attributes and for each."""
    if not len(asked.usable):
        return nothing_usable(asked)

    def each(found: Entropies) -> Floats:
        nats = unsaid(found)
        if form == "printed":
            return nats
        part: Floats = np.clip(nats / (found.attribute + np.log(asked.bins)), 0, 1)
        return 1 - part if form == "turned" else part

    better = "higher" if form == "turned" else "lower"
    unit = " in nats" if form == "printed" else ""
    return answer_from(
        asked,
        lambda found: each(found).mean(axis=-1),
        each,
        f"jemmig ({asked.tables_method}; {form}{unit}, {better} is better",
        bias=bias,
        top=None if form == "printed" else 1.0,
    )


def unsaid(found: Entropies) -> Floats:
    """Return each attribute's joint entropy less its gap, nats (..., k); at least 0."""
    # Of dimensions that tell nothing, one that varies: a constant one has nothing to leave unsaid.
    best = (found.mutual + 1e-9 * found.code).argmax(axis=-2)[..., None, :]
    code, mutual = (np.take_along_axis(x, best, -2)[..., 0, :] for x in (found.code, found.mutual))
    gap = leads(np.swapaxes(found.mutual, -1, -2))
    return np.asarray(np.maximum(code + found.attribute - mutual - gap, 0))
