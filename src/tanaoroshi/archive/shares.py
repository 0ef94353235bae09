"""Shares of the values of an attribute, with intervals that respect groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from tanaoroshi.records.estimates import Estimate
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Attribute, Floats, Ints

    Bools = NDArray[np.bool_]

LEVEL = 0.95


def shares_of(values: Floats, attribute: Attribute, group: Ints | None) -> Mapping[str, Estimate]:
    """Estimate the share of each value among the images where the attribute is known.

    Parameters
    ----------
    values
        float (n,): indices into ``attribute.values``, NaN where missing.
    attribute
        Nominal or ordinal.
    group
        int64 (n,) or ``None``.

    Returns
    -------
    An estimate for each of ``attribute.values``, those that never occur included; empty where the
    attribute is known for no image. Intervals are Wilson's at the effective number of images: as
    many independent ones as would give a share the variance that its groups give it (L. Kish,
    Survey Sampling, 1965; E. L. Korn, B. I. Graubard, 1998). Each holds for itself, not all at
    once. They speak of the pictures that a maker like this one's would add, not of these, which
    are counted in full.
    """
    known = np.isfinite(values)
    classes = values[known].astype(np.int64)
    if not len(classes):
        return {}
    index = group_index(int(known.sum()), None if group is None else group[known])
    sizes = np.bincount(index)
    found = {}
    for code, name in enumerate(attribute.values):
        hits = np.bincount(index, weights=classes == code).astype(np.float64)
        found[name] = _wilson(hits, sizes)
    return found


def share_of(hits: Bools, group: Ints | None) -> Estimate:
    """Estimate one share, with the interval of :func:`shares_of`.

    Parameters
    ----------
    hits
        bool (n,), n at least 1: which images have the value.
    group
        int64 (n,) or ``None``.
    """
    index = group_index(len(hits), group)
    return _wilson(np.bincount(index, weights=hits).astype(np.float64), np.bincount(index))


def _wilson(hits: Floats, sizes: Ints) -> Estimate:
    n, groups = int(sizes.sum()), len(sizes)
    share = float(hits.sum()) / n
    residual = hits - share * sizes
    variance = groups / max(groups - 1, 1) * float(np.sum(residual**2)) / n**2
    # No image of a value, or nothing but it: groups as a whole are what we have seen.
    independent = groups**2 / float(np.sum((sizes / sizes.mean()) ** 2))
    effective = share * (1 - share) / variance if variance > 0 else independent
    # Luck must not make the groups look better than independent images.
    effective = min(effective, float(n))
    quantile = float(student.ppf((1 + LEVEL) / 2, max(groups - 1, 1)))
    squared = quantile**2 / effective
    middle = (share + squared / 2) / (1 + squared)
    half = np.sqrt(share * (1 - share) * squared + squared**2 / 4) / (1 + squared)
    low, high = max(float(middle - half), 0.0), min(float(middle + half), 1.0)
    method = "share of known images, Wilson interval at the effective number of independent images"
    return Estimate(share, min(low, share), max(high, share), None, n, method, LEVEL)
