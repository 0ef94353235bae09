"""Attributes as classes, and how alike the rows of one group are.

Combinations of values are counted, so every attribute becomes classes: nominal and ordinal values
as they are, continuous ones in quarters, circular ones in sixths of equal counts (cut where the
circle has a gap, never at its seam).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.records.attributes import Attribute, Floats, Ints
from tanaoroshi.stats.discretize import discretize
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.attributes import Attributes

QUARTERS = 4
"""Classes of a continuous attribute."""
TENTHS = 10
"""Classes of a date."""
SIXTHS = 6
"""Classes of a circular one: hues from red round to violet."""
NOT_APPLICABLE = frozenset(
    {"none", "n/a", "na", "not applicable", "does not apply", "対象外", "該当なし", "なし"}
)
"""Values that say that the attribute does not apply, where the caller does not name them."""


@dataclass(frozen=True, slots=True, eq=False)
class Classed:
    """One attribute as classes.

    Attributes
    ----------
    spec
        Its meaning.
    names
        Of each class: the value, or the range of values.
    codes
        int64 (n,): 0..m-1; -1 where missing or not applicable.
    counts
        int64 (m,).
    alike
        float64 (m,) in [0, 1]: correlation of two rows of one group, for each class (intraclass
        correlation over pairs of rows); 0 where each row stands alone.
    shown
        int64 (m,): in how many groups each class occurs.
    """

    spec: Attribute
    names: tuple[str, ...]
    codes: Ints
    counts: Ints
    alike: Floats
    shown: Ints

    @property
    def overall(self) -> float:
        """``alike`` of all classes together, each weighted by its variance."""
        share = self.counts / max(int(self.counts.sum()), 1)
        weight = share * (1 - share)
        return float((weight * self.alike).sum() / weight.sum()) if weight.sum() > 0 else 0.0


def inapplicable(
    attributes: Attributes, named: Mapping[str, tuple[str, ...]] | None
) -> dict[str, tuple[str, ...]]:
    """Return the values that say that an attribute does not apply.

    Parameters
    ----------
    attributes
        The table.
    named
        What the caller says; ``None``: nominal values that are called so (``NOT_APPLICABLE``).
    """
    if named is not None:
        return {name: tuple(values) for name, values in named.items() if values}
    found = {
        spec.name: spec.not_applicable
        or tuple(v for v in spec.values if v.strip().casefold() in NOT_APPLICABLE)
        for spec in attributes.specs
        if spec.kind == "nominal" or spec.not_applicable
    }
    return {name: values for name, values in found.items() if values}


def classed(attributes: Attributes, left_aside: Mapping[str, tuple[str, ...]]) -> list[Classed]:
    """Cut every attribute but text into classes.

    Parameters
    ----------
    attributes
        n rows.
    left_aside
        Values of each attribute that count as missing; see :func:`inapplicable`.

    Returns
    -------
    One for each attribute that has at least two classes, in the order of the columns.
    """
    index = None
    if attributes.group is not None:
        index = group_index(len(attributes), attributes.group)
    found = []
    for spec in attributes.specs:
        if spec.kind == "text":
            continue
        codes, names = _classes(attributes.column(spec.name), spec)
        gone = [names.index(v) for v in left_aside.get(spec.name, ()) if v in names]
        codes = np.where(np.isin(codes, gone), -1, codes)
        counts = np.bincount(codes[codes >= 0], minlength=len(names)).astype(np.int64)
        if (counts > 0).sum() < 2:
            continue
        alike, shown = _within(codes, counts, index)
        found.append(Classed(spec, names, codes, counts, alike, shown))
    return found


def pair_size(rows: Ints, index: Ints | None) -> float:
    """Return by how many rows of its own group a row is joined, on average (itself included)."""
    if index is None or not len(rows):
        return 1.0
    sizes = np.bincount(index[rows])
    return float((sizes.astype(np.float64) ** 2).sum() / len(rows))


def _classes(values: Floats, spec: Attribute) -> tuple[Ints, tuple[str, ...]]:
    known = np.isfinite(values)
    codes = np.full(len(values), -1, dtype=np.int64)
    if spec.kind in ("nominal", "ordinal"):
        codes[known] = values[known].astype(np.int64)
        return codes, spec.values
    bins = SIXTHS if spec.kind == "circular" else TENTHS if spec.time else QUARTERS
    if not known.any():
        return codes, ()
    codes[known] = discretize(values[known], spec.kind, bins)
    classes = range(int(codes.max()) + 1)
    return codes, _unlike(tuple(_range(values[codes == k], spec) for k in classes))


def _range(values: Floats, spec: Attribute) -> str:
    """Say which values a class holds; on a circle, from the end of its largest gap on."""
    ordered = np.sort(values)
    if spec.kind == "circular":
        around = np.append(np.diff(ordered), ordered[0] + 2 * np.pi - ordered[-1])
        first = (int(np.argmax(around)) + 1) % len(ordered)
        scale = (spec.period or 2 * np.pi) / (2 * np.pi)
        ends = ordered[first] * scale, ordered[first - 1] * scale
        return f"{ends[0]:.3g}–{ends[1]:.3g}"
    if spec.time:  # of 2024.5 three digits would leave the decade
        return f"{ordered[0]:.1f}–{ordered[-1]:.1f}"
    return f"{ordered[0]:.3g}–{ordered[-1]:.3g}"


def _unlike(names: tuple[str, ...]) -> tuple[str, ...]:
    """Put a number behind names that rounding made equal."""
    if len(set(names)) == len(names):
        return names
    return tuple(f"{name} ({k + 1}/{len(names)})" for k, name in enumerate(names))


def _within(codes: Ints, counts: Ints, index: Ints | None) -> tuple[Floats, Ints]:
    """Return how alike rows of one group are, and how many groups show each class."""
    m = len(counts)
    if index is None:
        return np.zeros(m), counts
    known = codes >= 0
    group, code = index[known], codes[known]
    n, sizes = len(code), np.bincount(group).astype(np.float64)
    # Only groups and classes that meet: groups × classes would not fit into memory.
    cells, hits = np.unique(group * m + code, return_counts=True)
    owner, which = np.divmod(cells, m)
    share = counts / max(n, 1)
    squares = np.bincount(which, weights=hits.astype(np.float64) ** 2, minlength=m)
    crossed = np.bincount(which, weights=hits * sizes[owner], minlength=m)
    pairs = float((sizes**2).sum()) - n
    of_groups = squares - 2 * share * crossed + share**2 * (sizes**2).sum()
    variance = share * (1 - share)
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = (of_groups - n * variance) / pairs / variance if pairs > 0 else np.zeros(m)
    alike = np.where(np.isfinite(alike), np.clip(alike, 0, 1), 0)
    return alike, np.bincount(which, minlength=m).astype(np.int64)
