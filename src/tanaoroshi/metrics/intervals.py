"""From a value and its sampling variation to an estimate: what all metrics share at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from tanaoroshi.metrics.question import Answer, Question
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints

LEVEL = 0.95


def bounded(
    value: float,
    low: float,
    high: float,
    *,
    chance: float | None,
    n: int,
    method: str,
    floor: float | None = 0.0,
    top: float | None = 1.0,
) -> Estimate:
    """Make an estimate whose interval holds its value and keeps to the range of the metric.

    Parameters
    ----------
    value, low, high
        Finite.
    chance, n, method
        See :class:`~tanaoroshi.records.estimates.Estimate`.
    floor, top
        Range of the metric; ``None``: without bound.
    """
    least = -np.inf if floor is None else floor
    most = np.inf if top is None else top
    value, low, high = (float(min(max(x, least), most)) for x in (value, low, high))
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        chance=None if chance is None else float(chance),
        n=n,
        method=method,
        level=LEVEL,
    )


def nothing_usable(question: Question) -> Answer:
    """Answer for a table in which no attribute can be measured."""
    reasons = [why for why in question.refused if why is not None]
    why = reasons[0] if len(reasons) == 1 else message("no attribute can be measured")
    return Answer(Unmeasured(why), question.spread_out([]))


def batch_sums(rows: Floats, batches: Ints) -> Floats:
    """Add up rows (n, ...) by batch: (batches, ...)."""
    order = np.argsort(batches, kind="stable")
    starts = np.flatnonzero(np.diff(batches[order], prepend=-1))
    return np.asarray(np.add.reduceat(rows[order], starts, axis=0))


def jackknife(centre: Floats, without: Floats) -> tuple[Floats, Floats]:
    """Return interval ends from the values with each batch left out in turn.

    Parameters
    ----------
    centre
        float (...): what the interval is built around.
    without
        float (b, ...): the same statistic without each of b batches of like size.

    Returns
    -------
    Low and high end, float64 (...): Student's t with b - 1 degrees of freedom on the delete-group
    jackknife's standard error (Tukey 1958; Shao & Wu 1989, Ann. Stat. 17).
    """
    b = len(without)
    error = np.sqrt((b - 1) / b * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    half = student.ppf((1 + LEVEL) / 2, b - 1) * error
    return np.asarray(centre - half), np.asarray(centre + half)


def sandwich(rows: Floats, batches: Ints) -> Floats:
    """Return the standard error of a mean from each row's part in it, over whole groups.

    Parameters
    ----------
    rows
        float (n, ...): what each row adds to the value, less the value's own share (sums to 0).
    batches
        int (n,): rows of one batch are not independent.

    Returns
    -------
    float64 (...).
    """
    sums = batch_sums(rows, batches)
    b = len(sums)
    return np.asarray(np.sqrt(b / max(b - 1, 1) * (sums**2).sum(axis=0)))
