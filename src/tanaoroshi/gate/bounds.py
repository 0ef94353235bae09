"""Numbers against bounds: kept, violated, or not to be told yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from tanaoroshi.change import differences
from tanaoroshi.shelves.skills import images_needed

if TYPE_CHECKING:
    from tanaoroshi.records.estimates import Estimate

Outcome = Literal["kept", "violated", "undecided"]
Better = Literal["higher", "lower"]

LOWER_IS_BETTER = frozenset(
    {
        "jemmig",  # in nats, as it is printed
        "total_correlation",
        "gaussian_wasserstein_correlation",
        "code_mutual_information",
        "aggregate_total_correlation",
        "aggregate_kl",
    }
)
"""Metrics that get worse when they rise."""
NEITHER_IS_BETTER = frozenset({"dimension_wise_kl", "index_code_mi"})
"""How much the codes say at all: no bound on a drop makes sense, only ``min`` and ``max``."""
MOST_TIMES = 100.0
"""Beyond so many times the images, no number is named: the intervals' growth with n is not known
well enough."""


def rule_level(level: float, questions: int) -> float:
    """Return the level of each interval, so that all hold together at ``level`` (Bonferroni)."""
    return 1 - (1 - level) / max(questions, 1)


def at_level(
    estimate: Estimate, level: float, *, least: float | None = None, most: float | None = None
) -> Estimate:
    """Return an estimate with its interval at another level, by Student's t.

    What is known of the number's range (``least``, ``most``) cuts what the stretching adds, never
    what was there.
    """
    found = differences.at_level(estimate, level)
    low, high = found.low, found.high
    if least is not None:
        low = max(low, min(least, estimate.low))
    if most is not None:
        high = min(high, max(most, estimate.high))
    return replace(found, low=low, high=high)


def at_most(estimate: Estimate, limit: float) -> Outcome:
    """Say whether a number is at most ``limit``, by its whole interval."""
    if estimate.high <= limit:
        return "kept"
    return "violated" if estimate.low > limit else "undecided"


def at_least(estimate: Estimate, limit: float) -> Outcome:
    """Say whether a number is at least ``limit``, by its whole interval."""
    return at_most(turned(estimate), -limit)


def turned(estimate: Estimate) -> Estimate:
    """Return the number with the other sign."""
    return replace(estimate, value=-estimate.value, low=-estimate.high, high=-estimate.low)


def relative_rise(base: Estimate, difference: Estimate, limit: float) -> Estimate:
    """Return a difference as a share of the base, with an interval that holds near ``limit``.

    A rise by more than the share r is candidate - (1 + r) base > 0, that is D - r B > 0 with the
    difference D and the base B, which are not independent. Whatever their correlation, the standard
    deviation of D - r B is at most sd(D) + r sd(B), so half intervals are added in that way: the
    interval is never too narrow, and a little wide. Both must be at the same level, the base above
    0.
    """
    share = difference.value / base.value
    below = difference.value - difference.low + limit * (base.high - base.value)
    above = difference.high - difference.value + limit * (base.value - base.low)
    return replace(
        difference,
        value=share,
        low=share - below / base.value,
        high=share + above / base.value,
        method=f"{difference.method}, as a share of the base",
    )


def needed(estimate: Estimate, limit: float) -> int | None:
    """Return how many images would decide, where it is foreseeable.

    ``None`` when the value lies so near to the limit that :data:`MOST_TIMES` as many would not do.
    """
    distance = abs(estimate.value - limit)
    half = (estimate.high - estimate.low) / 2
    if half**2 >= MOST_TIMES * distance**2:
        return None
    return images_needed(estimate, distance)
