"""Shares told, with intervals that respect groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from tanaoroshi.records.estimates import Estimate
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints


def ratio_estimate(
    top: Floats,
    bottom: Floats,
    group: Ints | None,
    *,
    level: float,
    method: str,
    chance: float | None = None,
) -> Estimate:
    """Estimate the ratio of two sums over rows, each row a part of an independent group.

    Held-out skills, their differences and normalised informations all have this form.

    Parameters
    ----------
    top, bottom
        float (n,); the sum of ``bottom`` is positive.
    group
        int64 (n,) or ``None``.
    level
        Confidence level.
    method
        What is recorded as the method.
    chance
        See :class:`~tanaoroshi.records.estimates.Estimate`.

    Returns
    -------
    Estimate
        Interval by the delta method on sums of groups with Student's t. For cross-validated
        losses this is the interval of Bayle, Bayle, Janson and Mackey, Cross-validation
        Confidence Intervals for Test Error (2020, arXiv 2007.12671): it speaks of the skill of
        probes trained on this much data.
    """
    whole = float(bottom.sum())
    value = float(top.sum()) / whole
    residual = np.bincount(group_index(len(top), group), weights=top - value * bottom)
    count = len(residual)
    spread = float(np.sqrt(count / max(count - 1, 1) * np.sum(residual**2))) / whole
    half = float(student.ppf((1 + level) / 2, max(count - 1, 1))) * spread
    return Estimate(value, value - half, value + half, chance, len(top), method, level)
