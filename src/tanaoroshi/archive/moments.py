"""All sums that ties need, in one matrix, and the squared strength of a tie out of them.

Each attribute becomes some columns, 0 where it is missing; the products of all columns, summed
over rows, hold for every pair the sums over the rows where both are known. A permutation, or the
rows without some groups, is then one matrix product for all pairs together. For complete columns
the strengths are those of :mod:`tanaoroshi.stats.association` (tests hold them equal); that module
works on rows, this one on some thousand draws.

=================== ======================================================================
kinds               strength²
=================== ======================================================================
nominal × nominal   Bergsma's bias-corrected Cramér's V², before it is cut off at 0
nominal × others    bias-corrected share of variance between classes (ε²: T. L. Kelley, An
                    Unbiased Correlation Ratio Measure, PNAS 21, 1935), of ranks or on the circle
ranks × ranks       Spearman's ρ²
circular × ranks    Mardia's circular-linear R² with ranks
circular × circular square of Fisher and Lee's correlation
=================== ======================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import rankdata

from tanaoroshi.records.attributes import Floats

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Kind

Form = Literal["classes", "ranks", "angle"]
MEASURE = {
    ("classes", "classes"): "cramers_v",
    ("classes", "ranks"): "correlation_ratio",
    ("classes", "angle"): "correlation_ratio",
    ("ranks", "ranks"): "spearman",
    ("ranks", "angle"): "circular_linear",
    ("angle", "angle"): "circular_circular",
}
ORDER: tuple[Form, ...] = ("classes", "ranks", "angle")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One attribute as columns, float (n, q).

    ``classes``: a 0 and 1 for each class. ``ranks``: known, x, x². ``angle``: known, cos, sin,
    cos², sin², cos·sin.
    """

    form: Form
    table: Floats


def column_of(values: Floats, kind: Kind) -> Column:
    """Return the columns of an attribute; values float (n,), NaN where missing."""
    known = np.isfinite(values)
    if kind == "nominal":
        levels = np.unique(values[known])
        return Column("classes", np.asarray(values[:, None] == levels, dtype=np.float64))
    if kind == "circular":
        c, s = np.where(known, np.cos(values), 0), np.where(known, np.sin(values), 0)
        return Column("angle", np.column_stack([known, c, s, c * c, s * s, c * s]))
    x = np.zeros(len(values))
    # Centred, so that sums of squares keep their digits.
    x[known] = (rankdata(values[known]) - (known.sum() + 1) / 2) / max(known.sum(), 1)
    return Column("ranks", np.column_stack([known, x, x * x]))


def strength(a: Form, b: Form, sums: Floats) -> Floats:
    """Return the squared strength of a tie out of its sums.

    Parameters
    ----------
    a, b
        Forms of the two columns, in the order classes, ranks, angle.
    sums
        float (draws, columns of a, columns of b).

    Returns
    -------
    float64 (draws,), at most 1; below 0 possible where a bias is subtracted; NaN where undefined.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if a == "classes":
            found = _cramers_v(sums) if b == "classes" else _correlation_ratio(sums, b)
        elif b == "ranks":
            found = _correlation(sums) ** 2
        else:
            found = _mardia(sums) if a == "ranks" else _fisher_lee(sums) ** 2
    return np.where(np.isfinite(found), np.minimum(found, 1.0), np.nan)


def rising(sums: Floats) -> bool:
    """Whether one rank rises with the other; sums float (3, 3)."""
    return bool(_correlation(sums[None])[0] >= 0)


def _cramers_v(table: Floats) -> Floats:
    n = table.sum(axis=(1, 2))
    rows, columns = table.sum(axis=2), table.sum(axis=1)
    expected = rows[:, :, None] * columns[:, None, :] / n[:, None, None]
    parts = np.divide(table**2, expected, out=np.zeros_like(table), where=expected > 0)
    r, c = (rows > 0).sum(axis=1), (columns > 0).sum(axis=1)
    phi2 = parts.sum(axis=(1, 2)) / n - 1 - (r - 1) * (c - 1) / (n - 1)
    smaller = np.minimum(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return np.asarray(phi2 / np.where(smaller > 0, smaller, np.nan))


def _correlation_ratio(sums: Floats, b: Form) -> Floats:
    counts = sums[:, :, 0]
    columns = (1,) if b == "ranks" else (1, 2)
    squares = (2,) if b == "ranks" else (3, 4)
    n, classes = counts.sum(axis=1), (counts > 0).sum(axis=1)
    whole, within = np.zeros(len(sums)), np.zeros(len(sums))
    for place, square in zip(columns, squares, strict=True):
        total = sums[:, :, square].sum(axis=1)
        part = sums[:, :, place]
        means = np.divide(part**2, counts, out=np.zeros_like(part), where=counts > 0)
        whole += total - part.sum(axis=1) ** 2 / n
        within += total - means.sum(axis=1)
    share = 1 - (within / (n - classes)) / (whole / (n - 1))
    return np.where((whole > 1e-9 * n) & (classes > 1) & (n > classes), share, np.nan)


def _centred(n: Floats, x: Floats, y: Floats, xy: Floats) -> Floats:
    return xy / n - x * y / n**2


def _pearson(n: Floats, xy: Floats, xx: Floats, yy: Floats) -> Floats:
    small = 1e-9
    return np.where((xx > small) & (yy > small), xy / np.sqrt(xx * yy), np.nan)


def _correlation(m: Floats) -> Floats:
    n = m[:, 0, 0]
    xy = _centred(n, m[:, 1, 0], m[:, 0, 1], m[:, 1, 1])
    xx = _centred(n, m[:, 1, 0], m[:, 1, 0], m[:, 2, 0])
    yy = _centred(n, m[:, 0, 1], m[:, 0, 1], m[:, 0, 2])
    return _pearson(n, xy, xx, yy)


def _mardia(m: Floats) -> Floats:
    n, x = m[:, 0, 0], m[:, 1, 0]
    c, s = m[:, 0, 1], m[:, 0, 2]
    xx = _centred(n, x, x, m[:, 2, 0])
    cc, ss = _centred(n, c, c, m[:, 0, 3]), _centred(n, s, s, m[:, 0, 4])
    r_xc = _pearson(n, _centred(n, x, c, m[:, 1, 1]), xx, cc)
    r_xs = _pearson(n, _centred(n, x, s, m[:, 1, 2]), xx, ss)
    r_cs = _pearson(n, _centred(n, c, s, m[:, 0, 5]), cc, ss)
    squared = (r_xc**2 + r_xs**2 - 2 * r_xc * r_xs * r_cs) / (1 - r_cs**2)
    return np.where(r_cs**2 < 1 - 1e-12, squared, np.nan)


def _fisher_lee(m: Floats) -> Floats:
    n = m[:, 0, 0]
    top = 4 * (m[:, 1, 1] * m[:, 2, 2] - m[:, 1, 2] * m[:, 2, 1])
    spread_a = n**2 - (m[:, 3, 0] - m[:, 4, 0]) ** 2 - (2 * m[:, 5, 0]) ** 2
    spread_b = n**2 - (m[:, 0, 3] - m[:, 0, 4]) ** 2 - (2 * m[:, 0, 5]) ** 2
    enough = np.minimum(spread_a, spread_b) > 1e-12 * n**2
    return np.where(enough, top / np.sqrt(spread_a * spread_b), np.nan)
