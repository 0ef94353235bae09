"""Attributes as columns that add up, and codes on a scale where all directions are comparable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc
from scipy.stats import rankdata
from scipy.stats import t as student

from tanaoroshi.records.attributes import Attribute, Floats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tanaoroshi.archive.classes import Classed

LEVELS = 40
"""Values of an attribute that have a column of their own; the others share one."""
COLUMN = 3
"""Independent images that a value needs for a column of its own."""
LEAST = 20
"""Independent images that a value needs to be asked about by itself."""
KNOTS = 8
"""Of the curve along a number or a circle."""


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """One attribute as columns that add up to 1 where it is known.

    Attributes
    ----------
    spec
        Its meaning.
    table
        float64 (n, p), 0 where it is missing or does not apply. Values: a 0 and 1 for each.
        Numbers and circles: how near each of ``KNOTS`` knots is, so that a sum of columns is a
        curve of straight pieces (a number's along its ranks).
    values
        Names of the values that have a column of their own, in the order of the columns; empty for
        numbers and circles.
    scores
        float64 (p,): place of each column along a number or an order; ``None`` where there is none.
    """

    spec: Attribute
    table: Floats
    values: tuple[str, ...]
    scores: Floats | None

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where the attribute is known and applies, (n,)."""
        return np.asarray(self.table.any(axis=1))


def marks_of(classes: Sequence[Classed], values: Sequence[Floats]) -> list[Marks]:
    """Write attributes as columns.

    Parameters
    ----------
    classes
        As :func:`~tanaoroshi.archive.classes.classed` makes them: missing and inapplicable values
        are told there.
    values
        float (n,) for each: its numbers, as in the table of attributes.
    """
    return [_marks(one, column) for one, column in zip(classes, values, strict=True)]


def _marks(one: Classed, values: Floats) -> Marks:
    known = one.codes >= 0
    if one.spec.kind == "continuous":
        place = np.zeros(len(values))
        place[known] = (rankdata(values[known]) - 0.5) / max(int(known.sum()), 1)
        knots = np.linspace(0, 1, KNOTS)
        return Marks(one.spec, _hats(place * (KNOTS - 1), KNOTS) * known[:, None], (), knots)
    if one.spec.kind == "circular":
        turn = np.where(known, values, 0) * KNOTS / (2 * np.pi)
        table = _hats(turn, KNOTS + 1)
        table[:, 0] += table[:, -1]  # the circle closes
        return Marks(one.spec, table[:, :-1] * known[:, None], (), None)
    kept = np.flatnonzero(one.shown >= COLUMN)
    kept = np.sort(kept[np.argsort(-one.counts[kept], kind="stable")][:LEVELS])
    others = known & ~np.isin(one.codes, kept)
    table = np.column_stack([one.codes[:, None] == kept, others[:, None]]).astype(np.float64)
    scores = None
    if one.spec.kind == "ordinal":
        # Rare values keep the place that they have on average.
        rest = one.codes[others].mean() if others.any() else 0.0
        scores = np.append(kept, rest) / max(len(one.names) - 1, 1)
    return Marks(one.spec, table, tuple(one.names[k] for k in kept), scores)


def _hats(place: Floats, knots: int) -> Floats:
    """Return how near places 0..knots-1 are to each knot, (n, knots): 1 on it, 0 at the next."""
    return np.asarray(np.maximum(1 - np.abs(place[:, None] - np.arange(knots)), 0))


def whitening(codes: Floats) -> Floats:
    """Return what turns and scales codes so that every direction has variance 1.

    Cosines and shares of variance then don't depend on units, on the choice of axes, or on any
    other invertible linear map of the code; two random directions are as likely to make an angle
    as on a sphere.

    Parameters
    ----------
    codes
        float (n, d): active dimensions only; a collapsed one would be noise blown up.

    Returns
    -------
    float64 (d, r): ``(codes - mean) @ whitening(codes)`` has the identity as its covariance; r is
    less than d where dimensions are constant, copies or sums of others.
    """
    off = codes - codes.mean(axis=0)
    spread = off.std(axis=0)
    unit = np.divide(1.0, spread, out=np.zeros(len(spread)), where=spread > 0)
    off = off * unit
    values, vectors = np.linalg.eigh(off.T @ off / max(len(off), 1))
    kept = values > 1e-8 * values.max(initial=1e-300)
    return np.asarray(unit[:, None] * vectors[:, kept] / np.sqrt(values[kept]))


def alignment_p(cosine: Floats, error: Floats, r: int, blocks: int) -> Floats:
    """Return how often two random directions seem to be so much alike, or so opposite.

    Parameters
    ----------
    cosine, error
        float (...): measured cosines and their standard errors.
    r
        Dimensions; directions are uniform on the sphere.
    blocks
        Parts from which the errors come: their noise is Student's t of one less.
    """
    # The middle of each of 200 equal parts of the noise; for each the exact tail of the cosine.
    noise = student.ppf((np.arange(200) + 0.5) / 200, blocks - 1)
    x = np.abs(cosine)[..., None] - np.asarray(error)[..., None] * noise
    return np.asarray(np.minimum(2 * cosine_tail(x, r), 1).mean(axis=-1))


def cosine_tail(x: Floats, r: int) -> Floats:
    """Return the chance that the cosine of two random directions in r dimensions is x or more."""
    inside = np.clip(x, -1, 1)
    if r == 1:
        return np.where(x > 1, 0.0, np.where(x > -1, 0.5, 1.0))
    half = 0.5 * betainc((r - 1) / 2, 0.5, 1 - inside**2)
    tail = np.where(inside >= 0, half, 1 - half)
    return np.where(x > 1, 0.0, np.where(x <= -1, 1.0, tail))


def mean_cosine(r: int) -> float:
    """Return the mean size of the cosine of two random directions in r dimensions."""
    from scipy.special import gammaln

    if r == 1:
        return 1.0
    return float(np.exp(gammaln(r / 2) - gammaln((r + 1) / 2)) / np.sqrt(np.pi))
