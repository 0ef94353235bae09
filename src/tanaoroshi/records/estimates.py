"""A number with its interval and its chance level; or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tanaoroshi.records.words import Words


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured number.

    Attributes
    ----------
    value
        The estimate itself; finite.
    low, high
        Ends of its confidence interval, at ``level``.
    chance
        Mean of the same statistic when codes and attributes have nothing to do with each other;
        ``None`` where that has no meaning.
    n
        How many images it rests on.
    method
        Name, convention and settings: enough to compute it again.
    level
        Confidence level of the interval.
    """

    value: float
    low: float
    high: float
    chance: float | None
    n: int
    method: str
    level: float = 0.95

    def __post_init__(self) -> None:
        numbers = [self.value, self.low, self.high]
        if self.chance is not None:
            numbers.append(self.chance)
        if not all(math.isfinite(x) for x in numbers):
            msg = f"an estimate holds finite numbers, got {numbers} ({self.method})"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """What can't be measured here, and why, in plain words."""

    reason: Words


Measured = Estimate | Unmeasured
