"""Differences of two estimates, when all that is known of each is its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy.stats import norm

from tanaoroshi.records.comparison import Difference
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    """Return the estimate with its interval at another level, as of a normal distribution."""
    factor = float(norm.ppf((1 + level) / 2) / norm.ppf((1 + estimate.level) / 2))
    low = estimate.value - factor * (estimate.value - estimate.low)
    high = estimate.value + factor * (estimate.high - estimate.value)
    return Estimate(estimate.value, low, high, estimate.chance, estimate.n, estimate.method, level)


def differences(
    base: Mapping[str, Measured], candidate: Mapping[str, Measured]
) -> dict[str, Difference]:
    """Return before, after and difference of everything that both measured."""
    return {
        name: Difference(base[name], candidate[name], difference(base[name], candidate[name]))
        for name in base
        if name in candidate
    }
