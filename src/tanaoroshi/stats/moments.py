"""Means and second moments of rows that come in parts, merged without loss of digits.

Sums of squares are kept around the mean of the rows they come from; merging moves both to the
common mean by the pairwise formula of Chan, Golub & LeVeque (1983, Am. Stat. 37). A mean far from
zero costs no digits, and neither does the order in which parts come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.records.attributes import Floats

if TYPE_CHECKING:
    from tanaoroshi.stats.discretize import Reals

# The first mean of a part is that of about so many of its rows; it need not be exact.
GLANCE = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Moments of d columns of codes, and of r attributes with up to two numbers each.

    An attribute's moments, and those of the codes beside it, are over the rows where it is known.

    Attributes
    ----------
    n
        Rows.
    mean, square
        float64 (d,) and (d, d): of the codes; ``square`` sums products of deviations.
    known
        float64 (r,): rows where each attribute is known.
    code_mean, code_square
        float64 (r, d): of the codes in those rows.
    mark_mean, mark_square
        float64 (r, 2) and (r, 2, 2): of the attribute's numbers.
    cross
        float64 (r, 2, d): products of the two.
    """

    n: float
    mean: Floats
    square: Floats
    known: Floats
    code_mean: Floats
    code_square: Floats
    mark_mean: Floats
    mark_square: Floats
    cross: Floats


def no_moments(d: int, r: int) -> Moments:
    """Return the moments of no rows."""
    return Moments(
        0.0,
        np.zeros(d),
        np.zeros((d, d)),
        np.zeros(r),
        np.zeros((r, d)),
        np.zeros((r, d)),
        np.zeros((r, 2)),
        np.zeros((r, 2, 2)),
        np.zeros((r, 2, d)),
    )


def moments_of(columns: Reals, marks: Floats) -> Moments:
    """Take the moments of some rows.

    Parameters
    ----------
    columns
        float (d, n), n at least 1: the codes, a row a dimension.
    marks
        float64 (r, 2, n): the numbers of each attribute (an angle's cosine and sine; else a number
        and 0), NaN where it is missing.
    """
    d, n = columns.shape
    near = columns[:, :: max(1, n // GLANCE)].mean(axis=1, dtype=np.float64)
    off = np.subtract(columns, near[:, None], dtype=np.float64)
    total = off.sum(axis=1)
    square = off @ off.T
    found = no_moments(d, len(marks))
    for a, mark in enumerate(marks):
        _attribute(found, a, mark, off, total, np.diagonal(square))
        found.code_mean[a] += near * (found.known[a] > 0)
    return Moments(
        float(n),
        near + total / n,
        square - np.outer(total, total / n),
        found.known,
        found.code_mean,
        found.code_square,
        found.mark_mean,
        found.mark_square,
        found.cross,
    )


def merge_moments(a: Moments, b: Moments) -> Moments:
    """Return the moments of the rows of both."""
    if not a.n or not b.n:
        return b if not a.n else a
    n = a.n + b.n
    apart = b.mean - a.mean
    known = a.known + b.known
    share = b.known / np.maximum(known, 1)
    weight = a.known * share
    code, mark = b.code_mean - a.code_mean, b.mark_mean - a.mark_mean
    return Moments(
        n,
        a.mean + apart * (b.n / n),
        a.square + b.square + np.outer(apart, apart * (a.n * b.n / n)),
        known,
        a.code_mean + code * share[:, None],
        a.code_square + b.code_square + code**2 * weight[:, None],
        a.mark_mean + mark * share[:, None],
        a.mark_square + b.mark_square + mark[:, :, None] * mark[:, None, :] * weight[:, None, None],
        a.cross + b.cross + mark[:, :, None] * code[:, None, :] * weight[:, None, None],
    )


def _attribute(
    found: Moments, a: int, mark: Floats, off: Floats, total: Floats, power: Floats
) -> None:
    """Write the moments of one attribute, codes as deviations."""
    seen = ~np.isnan(mark[0])
    n = int(seen.sum())
    if not n:
        return
    if n < off.shape[1]:
        mark, off = mark[:, seen], off[:, seen]
        total, power = off.sum(axis=1), np.einsum("ij,ij->i", off, off)
    middle = mark.mean(axis=1)
    mark = mark - middle[:, None]
    found.known[a] = n
    found.code_mean[a] = total / n
    found.code_square[a] = power - total**2 / n
    found.mark_mean[a] = middle
    found.mark_square[a] = mark @ mark.T
    found.cross[a] = mark @ off.T - np.outer(mark.sum(axis=1), total / n)
