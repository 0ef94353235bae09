"""Differences of two estimates, when all that is known of each is its interval.

A comparison holds dozens of such differences, and where nothing changed, one in twenty of their
intervals leaves 0 out. So each has a p-value, adjusted over its family, and only what survives is
named (:mod:`tanaoroshi.change.findings`). The adjustment is Holm's: of all updates without a change
at most 1 - level name anything at all. A false discovery rate would be the wrong promise here: a
finding sends somebody to look for a cause. The numbers of the model (metrics and reconstruction)
are one family; the ties and the shares, which are the collection's, two others.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.special import stdtr, stdtrit

from tanaoroshi.records.comparison import Difference
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.multiple_tests import holm

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = TypeVar("Key")

FREEDOM = 19
"""Degrees of freedom with which an interval's tails are followed beyond its own level. An interval
does not say what its width rests on; the fewest that any of ours does are 20 batches. Normal tails
would be too short: a width that came out small by chance makes a small difference look sure."""


def difference(base: Measured, candidate: Measured) -> Measured:
    """Estimate candidate minus base.

    The interval recovers each estimate's spread from its own interval (G. Y. Zou, A. Donner,
    Construction of confidence limits about effect measures, Statistics in Medicine 27, 2008). It
    takes the two for independent; on the same images they rise and fall together, and then it is
    too wide: it errs on the side of ``undecided``.

    Returns
    -------
    ``Unmeasured`` where either is.
    """
    if isinstance(base, Unmeasured):
        return Unmeasured(message("The base has no figure: {reason}", reason=base.reason))
    if isinstance(candidate, Unmeasured):
        return Unmeasured(message("The candidate has no figure: {reason}", reason=candidate.reason))
    value = candidate.value - base.value
    down = math.hypot(candidate.value - candidate.low, base.high - base.value)
    up = math.hypot(candidate.high - candidate.value, base.value - base.low)
    method = "candidate minus base; intervals as of independent estimates (Zou, Donner 2008)"
    n = min(base.n, candidate.n)
    return Estimate(
        value, value - down, value + up, 0.0, n, method, min(base.level, candidate.level)
    )


def at_level(estimate: Estimate, level: float) -> Estimate:
    """Return an estimate with its interval at another level.

    Either side of the interval is stretched by the ratio of the quantiles of Student's t with
    :data:`FREEDOM` degrees of freedom, so a lopsided interval stays lopsided.
    """
    if abs(level - estimate.level) < 1e-12:  # not even the last digit changes
        return replace(estimate, level=level)
    stretch = _quantile(level) / _quantile(estimate.level)
    middle = min(max(estimate.value, estimate.low), estimate.high)
    low = middle - stretch * (middle - estimate.low)
    high = middle + stretch * (estimate.high - middle)
    return replace(estimate, low=low, high=high, level=level)


def _quantile(level: float) -> float:
    """Return half the interval of a level, in standard errors."""
    return float(stdtrit(FREEDOM, (1 + level) / 2))


def p_value(difference: Estimate) -> float:
    """Return how likely so large a difference is, two-sided, where there is none.

    Read off the interval's end on the side of 0 (D. G. Altman, J. M. Bland, How to obtain the P
    value from a confidence interval, BMJ 343, 2011), by Student's t as in :func:`at_level`: it is
    at most 1 - level exactly where the interval leaves 0 out, also where the interval is lopsided.
    """
    far = abs(difference.value)
    toward = difference.low if difference.value > 0 else difference.high
    half = abs(difference.value - toward)
    if half == 0:
        return 1.0 if far == 0 else 0.0
    return float(2 * stdtr(FREEDOM, -far / half * _quantile(difference.level)))


def differences(
    base: Mapping[Key, Measured], candidate: Mapping[Key, Measured]
) -> dict[Key, Difference]:
    """Return before, after and difference of everything that both measured: one family.

    ``p_adjusted`` is Holm's, over all differences that could be told.
    """
    found = {name: difference(base[name], candidate[name]) for name in base if name in candidate}
    told = {name: p_value(one) for name, one in found.items() if isinstance(one, Estimate)}
    adjusted = dict(zip(told, holm(np.array(list(told.values()))).tolist(), strict=True))
    return {
        name: Difference(base[name], candidate[name], one, adjusted.get(name))
        for name, one in found.items()
    }


def is_changed(one: Difference) -> bool:
    """Say whether a difference survives the adjustment, at the level of its interval."""
    if one.p_adjusted is None or isinstance(one.difference, Unmeasured):
        return False
    return one.p_adjusted <= 1 - one.difference.level
