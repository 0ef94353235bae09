"""What share of the images has each value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from tanaoroshi.records.estimates import Estimate
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Attributes

LEVEL = 0.95


def shares_of(attributes: Attributes) -> Mapping[str, Mapping[str, Estimate]]:
    """Return the share of each value of each nominal and ordinal attribute.

    The share is among the images where the attribute is known. The interval is Wilson's, with the
    effective number of images in place of their number where rows come in groups (Kish's design
    effect, from the variance of the group sums), so that twenty variants of one picture do not
    count as twenty pictures.

    References
    ----------
    E. B. Wilson, Probable Inference, JASA 22, 1927; E. L. Korn, B. I. Graubard, Confidence
    Intervals for Proportions with Small Expected Number of Positive Counts, Survey Methodology
    24, 1998 (the effective sample size).
    """
    group = group_index(len(attributes), attributes.group)
    found: dict[str, Mapping[str, Estimate]] = {}
    for spec, column in zip(attributes.specs, attributes.values.T, strict=True):
        if spec.kind not in ("nominal", "ordinal"):
            continue
        known = np.isfinite(column)
        classes = column[known].astype(np.int64)
        if len(classes):
            found[spec.name] = {
                value: share(classes == index, group[known])
                for index, value in enumerate(spec.values)
            }
    return found


def share(hits: NDArray[np.bool_], group: NDArray[np.int64]) -> Estimate:
    """Return the share of true among rows in groups, with Wilson's interval.

    Parameters
    ----------
    hits
        bool (n,), n at least 1.
    group
        int64 (n,): rows of one group are not independent.
    """
    n, p = len(hits), float(hits.mean())
    effective = _effective_number(hits, group)
    z = float(norm.ppf(0.5 + LEVEL / 2))
    centre = (p + z**2 / (2 * effective)) / (1 + z**2 / effective)
    half = z / (1 + z**2 / effective) * np.sqrt(p * (1 - p) / effective + z**2 / (4 * effective**2))
    groups = len(np.unique(group))
    return Estimate(
        value=p,
        low=float(max(0.0, min(p, centre - half))),
        high=float(min(1.0, max(p, centre + half))),
        chance=None,
        n=n,
        method=f"share; Wilson interval at effective n {effective:.0f}, {groups} groups",
        level=LEVEL,
    )


def _effective_number(hits: NDArray[np.bool_], group: NDArray[np.int64]) -> float:
    """Return the number of independent images that would be as informative, 1 to n."""
    n, p = len(hits), float(hits.mean())
    _, index = np.unique(group, return_inverse=True)
    m = int(index.max()) + 1
    if m == n:
        return float(n)
    if m == 1:
        return 1.0
    sums = np.bincount(index, weights=hits - p, minlength=m)
    clustered = float(np.square(sums).sum()) * m / (m - 1) / n**2
    if p in (0.0, 1.0) or clustered <= 0:
        # No variance to go by: each group counts once.
        return float(m)
    return float(np.clip(p * (1 - p) / clustered, 1.0, n))
