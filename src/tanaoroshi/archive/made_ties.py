"""Ties among made pictures, by what readers say of them, beside those of the collection.

As with shares (:mod:`~tanaoroshi.archive.made`): readers err, and the two readers of one picture
may err together. So we look at how often they say (r, s) of a known picture that is (a, b), and
take that table of values of both attributes under which what they say of made pictures is most
likely. A combination that few known pictures show borrows from what each reader does by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from tanaoroshi.archive.made import LEAST_KNOWN, likeliest
from tanaoroshi.records.attributes import Ints
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.made import MadeTie, TieChange
from tanaoroshi.stats.resample import bootstrap_weights, group_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Floats

CLASSES = 4
"""Each attribute enters with its most frequent values; the others are one class."""
MARGIN = 0.1
"""Ties within a tenth of the collection's are alike."""
BORROWED = 5.0
"""As many pictures the two readers, each by itself, count for in every combination."""
DRAWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What is true and what a reader says of one attribute, as classes; -1 unknown.

    Attributes
    ----------
    attribute
        Its name.
    collection
        int64 (N,): of all images of the collection that were looked at.
    truth, read
        int64 (n,): of known pictures, and what the reader says of their reconstructions.
    made
        int64 (k,): what it says of made pictures.
    """

    attribute: str
    collection: Ints
    truth: Ints
    read: Ints
    made: Ints


def made_ties(
    said: Sequence[Said], group: Ints | None, *, level: float, rng: np.random.Generator
) -> tuple[MadeTie, ...]:
    """Estimate the tie of every two attributes among made pictures.

    Parameters
    ----------
    said
        The attributes; all in the same rows.
    group
        int64 (n,) or ``None``: of the known pictures.
    level
        Confidence level; whether a tie changed is judged at the one for all pairs (Bonferroni).
    rng
        Source of chance: bootstrap of groups and of made pictures.

    Returns
    -------
    For every pair with enough known pictures Cramér's V (root of φ² over the smaller number of
    classes less one) in the collection and among the made pictures, the latter with the reader's
    errors taken out and the bootstrap's estimate of its own bias taken off the square.
    """
    index = None if group is None else group_index(len(group), group)
    pairs = list(combinations(said, 2))
    strict = 1 - (1 - level) / max(len(pairs), 1)
    found = (_tie(a, b, index, level, strict, rng) for a, b in pairs)
    return tuple(tie for tie in found if tie is not None)


def _tie(
    a: Said, b: Said, index: Ints | None, level: float, strict: float, rng: np.random.Generator
) -> MadeTie | None:
    known = (a.truth >= 0) & (a.read >= 0) & (b.truth >= 0) & (b.read >= 0)
    groups = np.arange(len(known)) if index is None else index
    places = [_places(one, known, groups) for one in (a, b)]
    if any(place is None for place in places):
        return None
    first, second = (place for place in places if place is not None)
    shape = int(first.max()) + 1, int(second.max()) + 1

    def cells(x: Ints, y: Ints) -> Ints:
        return first[x] * shape[1] + second[y]

    truth = cells(a.truth[known], b.truth[known])
    read = cells(a.read[known], b.read[known])
    drawn = (a.made >= 0) & (b.made >= 0)
    whole = (a.collection >= 0) & (b.collection >= 0)
    if drawn.sum() < LEAST_KNOWN:
        return None
    states = shape[0] * shape[1]
    counts = np.bincount(cells(a.made[drawn], b.made[drawn]), minlength=states).astype(np.float64)
    weights = bootstrap_weights(int(known.sum()), groups[known], DRAWS, rng=rng)
    every = np.concatenate([np.ones((1, weights.shape[1])), weights])
    errors = _errors(truth, read, shape, every)
    # Jeffreys' half a picture a cell would tie nothing: the marginal shares stand for it.
    smooth = np.outer(
        counts.reshape(shape).sum(axis=1) + 0.5, counts.reshape(shape).sum(axis=0) + 0.5
    ).ravel()
    redrawn = rng.dirichlet(counts + smooth / smooth.sum(), size=DRAWS)
    tables = likeliest(errors, np.concatenate([counts[None] / counts.sum(), redrawn]))
    squared = _squared(tables.reshape(-1, *shape))
    value = float(2 * squared[0] - squared[1:].mean())
    spread = float(squared[1:].std(ddof=1))

    def ends(at: float) -> tuple[float, float, float]:
        half = float(norm.ppf((1 + at) / 2)) * spread
        low, middle, high = (
            float(np.sqrt(np.clip(x, 0, 1))) for x in (value - half, value, value + half)
        )
        return low, middle, high

    low, middle, high = ends(level)
    table = np.bincount(cells(a.collection[whole], b.collection[whole]), minlength=states)
    there = float(np.sqrt(_squared((table / max(table.sum(), 1)).reshape(1, *shape))[0]))
    method = (
        f"Cramér's V of {shape[0]} × {shape[1]} classes, readers' errors on {int(known.sum())} "
        f"known reconstructions corrected by maximum likelihood; bootstrap over groups and made "
        f"pictures, {DRAWS} draws"
    )
    estimate = Estimate(middle, low, high, 0.0, int(drawn.sum()), method, level)
    return MadeTie(a.attribute, b.attribute, there, estimate, _change(ends(strict), there))


def _places(one: Said, known: NDArray[np.bool_], groups: Ints) -> Ints | None:
    """Return the class of each value, int64 (m,): the most frequent ones, then all others.

    ``None`` where known pictures don't show at least two classes often enough.
    """
    m = int(max(one.collection.max(), one.truth.max(), one.read.max(), one.made.max())) + 1
    truth = one.truth[known]
    shown = np.array([len(np.unique(groups[known][truth == v])) for v in range(m)])
    often = np.argsort(-shown, kind="stable")[: CLASSES - 1]
    often = often[shown[often] >= LEAST_KNOWN]
    rest = int(shown.sum() - shown[often].sum())
    place = np.full(m, len(often))
    place[often] = np.arange(len(often))
    if rest < LEAST_KNOWN and len(often):
        # Too few to be a class: they join the last one.
        place = np.minimum(place, len(often) - 1)
    return place.astype(np.int64) if place.max() > 0 else None


def _errors(truth: Ints, read: Ints, shape: tuple[int, int], weights: Floats) -> Floats:
    """Return how often a picture of state v is read as r; weights (B, n) → (B, s, s), never 0."""
    s = shape[0] * shape[1]
    table = (weights @ np.eye(s * s)[truth * s + read]).reshape(-1, *shape, *shape)
    alone = (table.sum(axis=(2, 4)), table.sum(axis=(1, 3)))  # (B, a, r) and (B, b, s)
    alone = tuple((x + 0.5 / x.shape[2]) / (x.sum(axis=2, keepdims=True) + 0.5) for x in alone)
    apart = np.einsum("bik,bjl->bijkl", *alone)
    table = (table + BORROWED * apart).reshape(-1, s, s)
    return np.asarray(table / table.sum(axis=2, keepdims=True))


def _squared(tables: Floats) -> Floats:
    """Return Cramér's V², float (B,), of tables of shares (B, c, d)."""
    apart = tables.sum(axis=2)[:, :, None] * tables.sum(axis=1)[:, None, :]
    phi = ((tables - apart) ** 2 / np.maximum(apart, 1e-12)).sum(axis=(1, 2))
    return np.asarray(phi / (min(tables.shape[1:]) - 1))


def _change(ends: tuple[float, float, float], there: float) -> TieChange:
    low, _, high = ends
    if low > there + MARGIN:
        return "stronger"
    if high < there - MARGIN:
        return "weaker"
    return "alike" if low >= there - MARGIN and high <= there + MARGIN else "undecided"
