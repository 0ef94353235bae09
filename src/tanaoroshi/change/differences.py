"""Differences of two estimates, when all that is known of each is its interval."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from scipy.special import ndtri

from tanaoroshi.records.comparison import Difference
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = TypeVar("Key")


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
    """Return an estimate with its interval at another level, by normal scaling.

    Either side of the interval is stretched by the ratio of the normal quantiles, so a lopsided
    interval stays lopsided.
    """
    if abs(level - estimate.level) < 1e-12:  # not even the last digit changes
        return replace(estimate, level=level)
    stretch = float(ndtri((1 + level) / 2) / ndtri((1 + estimate.level) / 2))
    middle = min(max(estimate.value, estimate.low), estimate.high)
    low = middle - stretch * (middle - estimate.low)
    high = middle + stretch * (estimate.high - middle)
    return replace(estimate, low=low, high=high, level=level)


def differences(
    base: Mapping[Key, Measured], candidate: Mapping[Key, Measured]
) -> dict[Key, Difference]:
    """Return before, after and difference of everything that both measured."""
    return {
        name: Difference(base[name], candidate[name], difference(base[name], candidate[name]))
        for name in base
        if name in candidate
    }
