"""InfoMEC: InfoM, InfoC, InfoE (Hsu, Dorrell, Whittington, Wu & Finn 2023, arXiv 2305.18378).

InfoM asks of every dimension how much of what it tells is of one attribute, InfoC of every
attribute how much of what is told of it is told by one dimension. Both read one table: mutual
informations of dimensions and attributes, as shares of the attributes' entropies, by nearest
neighbours (:mod:`tanaoroshi.metrics.informations`). InfoE, of all dimensions together, stands in
:mod:`tanaoroshi.metrics.infoe`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanaoroshi.metrics.infoe import answer_infoe
from tanaoroshi.metrics.informations import NEIGHBOURS, Informations, Table, informations
from tanaoroshi.metrics.intervals import answer_by_draws, nothing_usable
from tanaoroshi.metrics.logistic import MOST
from tanaoroshi.metrics.question import Answer, Bools, Convention, Question, question
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Kind
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.stats.information import Bias

Active = Literal["informative", "range", "all"]

# The authors' threshold: a dimension whose range is below this share of the largest is not active.
RANGE = 1 / 20


@dataclass(frozen=True, eq=False)
class Infomec:
    """The three scores; each is computed when it is first looked at.

    Attributes
    ----------
    asked
        What is asked.
    """

    asked: Question

    @cached_property
    def informations(self) -> Informations | None:
        """What InfoM and InfoC share; ``None`` where no attribute can be measured."""
        return informations(self.asked)

    @cached_property
    def infom(self) -> Answer:
        """Answer for all dimensions."""
        return answer_infom(self.asked, self.informations)

    @cached_property
    def infoe(self) -> Answer:
        """Answer for all attributes and for each."""
        return answer_infoe(self.asked)

    @cached_property
    def infoc(self) -> Answer:
        """Answer for all attributes and for each."""
        return answer_infoc(self.asked, self.informations)


def infom(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
    neighbours: int = NEIGHBOURS,
    active: Active = "informative",
    bias: Bias = "jackknife",
    most: int = MOST,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """Measure how much of what a dimension tells is of one attribute; mean over active dimensions.

    Parameters
    ----------
    codes
        float (n, d).
    attributes
        (n, k), NaN missing.
    rng
        Source of chance: of interval and chance level; of the value only where rows are drawn or
        come in groups.
    kinds
        Of each attribute; ``None``: whole numbers are nominal, others continuous.
    bins, numeric_bins
        See :class:`tanaoroshi.metrics.question.Question`: continuous and circular attributes are
        cut into classes. A dimension of no more than ``bins`` values is counted in a table.
    neighbours
        Which neighbour gives the distance (the authors: 10).
    active
        Dimensions that take part. ``informative``: those that tell of some attribute more than
        chance does. ``range``: as the authors' code, those whose range is above a twentieth of
        the largest. ``all`` that vary.
    bias
        ``jackknife`` takes the bias of finite tables off; ``none`` is plug-in (the authors).
    most
        Rows used at most, drawn by whole groups.
    convention
        Says how attributes are cut into classes; ``disentanglement_lib`` has no InfoM.
    group
        (n,): rows of one group are not independent; no row is another's neighbour in its group.
    permutations
        For the chance level, of which five are used, and for what is informative.

    Returns
    -------
    Estimate in [0, 1], or Unmeasured: with one attribute, or when no dimension is active.

    Raises
    ------
    InputError
        When the arrays do not fit together, or a setting makes no sense.
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
    return answer_infom(
        asked, informations(asked, neighbours=neighbours, bias=bias, most=most), active=active
    ).total


def infoc(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
    neighbours: int = NEIGHBOURS,
    active: Active = "informative",
    bias: Bias = "jackknife",
    most: int = MOST,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """Measure how much of what is told of an attribute one dimension tells; mean over attributes.

    Parameters
    ----------
    codes, attributes, rng, kinds, bins, numeric_bins, neighbours, active, bias, most, convention
        As for :func:`infom`.
    group, permutations
        As for :func:`infom`.

    Returns
    -------
    Estimate in [0, 1], or Unmeasured: when fewer than two dimensions are active.

    Raises
    ------
    InputError
        When the arrays do not fit together, or a setting makes no sense.
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
    return answer_infoc(
        asked, informations(asked, neighbours=neighbours, bias=bias, most=most), active=active
    ).total


def answer_infomec(asked: Question) -> Infomec:
    """Answer all three, each when it is looked at."""
    return Infomec(asked)


def answer_infom(
    asked: Question, table: Informations | None, *, active: Active = "informative"
) -> Answer:
    """Answer for all dimensions."""
    if table is None:
        return Answer(nothing_usable(asked).total)
    if len(table.asked.usable) < 2:
        return Answer(Unmeasured(message("it compares attributes: at least two are needed")))
    chosen = active_dimensions(table.asked, active)
    if not chosen.any():
        return Answer(_inactive(active))
    return _answer(
        table, lambda t: alone(shares(t, chosen)).mean(axis=-1), None, "infom", active, axis=1
    )


def answer_infoc(
    asked: Question, table: Informations | None, *, active: Active = "informative"
) -> Answer:
    """Answer for all attributes and for each."""
    if table is None:
        return nothing_usable(asked)
    chosen = active_dimensions(table.asked, active)
    if chosen.sum() < 2:
        why = _inactive(active)
        if chosen.any():
            why = Unmeasured(
                message("only one dimension is active: it compares dimensions, at least two")
            )
        return Answer(why, table.asked.spread_out([why] * len(table.asked.usable)))

    def each(t: Table) -> Floats:
        return alone(np.swapaxes(shares(t, chosen), -1, -2))

    return _answer(table, lambda t: each(t).mean(axis=-1), each, "infoc", active, axis=0)


def active_dimensions(asked: Question, active: Active) -> Bools:
    """Return which dimensions take part, bool (d,)."""
    if active == "informative":
        return asked.informative
    if active == "range":
        spread = np.ptp(asked.codes, axis=0)
        return np.asarray(spread > spread.max(initial=0) * RANGE)
    return asked.varying


def shares(table: Table, chosen: Bools) -> Floats:
    """Return the active dimensions' informations as shares of the entropies, (..., active, k)."""
    return np.asarray(
        table.mutual[..., chosen, :] / np.maximum(table.attribute, 1e-9)[..., None, :]
    )


def alone(parts: Floats) -> Floats:
    """Return the largest over the sum along the last axis, turned to 0..1; 0 for a sum of 0."""
    k = parts.shape[-1]
    whole = parts.sum(axis=-1)
    there = whole > 0
    ratio = np.where(there, parts.max(axis=-1) / np.where(there, whole, 1), 1 / k)
    return np.asarray((ratio - 1 / k) / (1 - 1 / k))


def _inactive(active: Active) -> Unmeasured:
    if active == "informative":
        return Unmeasured(message("no dimension tells more of any attribute than chance does"))
    return Unmeasured(message("all dimensions are constant"))


def _answer(
    table: Informations,
    total: Callable[[Table], Floats],
    each: Callable[[Table], Floats] | None,
    name: str,
    active: Active,
    axis: int,
) -> Answer:
    count = int(active_dimensions(table.asked, active).sum())
    return answer_by_draws(
        table.asked,
        total,
        each,
        value=table.value,
        null=table.null,
        spans=table.spans(axis),
        method=f"{name} ({table.settings}; {count} active ({active}) dimensions)",
    )
