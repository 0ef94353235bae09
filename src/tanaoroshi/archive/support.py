"""Where the latent is empty: what is drawn farther from all pictures than unseen pictures are.

Whole groups of pictures are held out; the rest are the support. A code counts as empty where it
lies farther from its nearest picture than 95 % of held-out codes do from theirs, so that 5 % is
what pictures themselves would show. Distances are in the model's own scale: each active dimension
in units of its posterior's standard deviation, where the model tells it; else in the whitened code.
Codes of the prior are laid beside *drawn* codes of held-out pictures (mean and posterior noise:
what the prior stands for), points midway between two held-out pictures beside their means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tanaoroshi.archive.counts import LEVEL
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.coded import Support
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.stats.resample import bootstrap_weights, draw_groups, group_folds, group_index

FOLDS = 5
MOST = 10_000
"""Pictures (whole groups) that are the support."""
ASKED = 3_000
"""Codes of each kind that are looked at."""
DRAWS = 300
LEAST_GROUPS = 50
USUAL, FAR = 0.05, 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Emptiness:
    """How empty the places of the codes are that were asked about.

    Attributes
    ----------
    far
        float (q,): distance to the nearest picture, over the 95 % quantile of unseen pictures':
        above 1 it is empty.
    pairs
        int64 (q, 2): the two pictures that a code is midway between; ``None`` for the prior's.
    """

    far: Floats
    pairs: Ints | None


def find_support(
    means: Floats,
    drawn: Floats,
    prior: Floats | None,
    scale: Floats,
    dimensions: tuple[int, ...],
    group: Ints | None,
    *,
    rng: np.random.Generator,
) -> tuple[tuple[Support, Emptiness], ...]:
    """Measure how much of what is drawn lies where no picture is.

    Parameters
    ----------
    means, drawn
        float (n, d): codes of pictures, and the same with posterior noise (the same again where
        the model tells none); active dimensions.
    prior
        float (m, d): codes of the prior; ``None`` where there is none.
    scale
        float (d, e): what turns codes into places with comparable distances.
    dimensions
        d names of the dimensions, for the record.
    group
        int64 (n,) or ``None``.
    rng
        Source of chance: folds, pairs of pictures, bootstrap of groups and of codes.

    Returns
    -------
    One for each kind of codes; none where there are fewer than ``LEAST_GROUPS`` groups.
    """
    rows = draw_groups(len(means), group, MOST, rng=rng)
    index = group_index(len(rows), None if group is None else group[rows])
    if int(index.max(initial=-1)) + 1 < LEAST_GROUPS:
        return ()
    means, drawn = means[rows], drawn[rows]
    fold = group_folds(len(rows), index, FOLDS, rng=rng)
    found = []
    if prior is not None:
        part = np.arange(len(prior)) % FOLDS
        held = _Held(means, drawn, fold, index, scale, dimensions)
        support, far = _ask("prior", held, prior, part, rng)
        found.append((support, Emptiness(far, None)))
    pairs = _pairs(fold, index, rng)
    held = _Held(means, means, fold, index, scale, dimensions)
    support, far = _ask("midway", held, means[pairs].mean(axis=1), fold[pairs[:, 0]], rng)
    return (*found, (support, Emptiness(far, rows[pairs])))


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Pictures in folds: each fold's ``unseen`` codes are laid beside the others' ``means``."""

    means: Floats
    unseen: Floats
    fold: Ints
    index: Ints
    scale: Floats
    dimensions: tuple[int, ...]


def _pairs(fold: Ints, index: Ints, rng: np.random.Generator) -> Ints:
    """Return pairs of pictures of one fold and of different groups, int64 (q, 2)."""
    first = rng.integers(0, len(fold), 2 * ASKED)
    second = np.empty(len(first), dtype=np.int64)
    for f in range(FOLDS):
        there, mine = np.flatnonzero(fold == f), fold[first] == f
        second[mine] = there[rng.integers(0, len(there), int(mine.sum()))]
    pairs = np.stack([first, second], axis=1)
    return np.asarray(pairs[index[first] != index[second]][:ASKED])


def _ask(
    source: Literal["prior", "midway"],
    held: _Held,
    codes: Floats,
    part: Ints,
    rng: np.random.Generator,
) -> tuple[Support, Floats]:
    """Lay codes beside held-out ones, fold by fold: both have the same pictures as support."""
    usual, far = np.empty(len(held.unseen)), np.empty(len(codes))
    theirs, step = np.empty(held.unseen.shape), np.empty(codes.shape)
    length = np.linalg.norm(held.scale, axis=1)
    for f in range(FOLDS):
        support = held.means[held.fold != f]
        for x, at, distance, by_dimension in (
            (held.unseen, held.fold == f, usual, theirs),
            (codes, part == f, far, step),
        ):
            distance[at], near = _nearest(x[at] @ held.scale, support @ held.scale)
            by_dimension[at] = ((x[at] - support[near]) * length) ** 2
    line = float(np.quantile(usual, 1 - USUAL))
    share, void = (_share(usual, far, held.index, level, source, rng) for level in (USUAL, FAR))
    empty = far > line
    where = _where(step[empty], theirs, held.dimensions) if empty.any() else ()
    return Support(source, share, void, where), far / max(line, 1e-300)


def _nearest(x: Floats, support: Floats) -> tuple[Floats, Ints]:
    """Return the distance to the nearest of the support, and which it is."""
    distance, near = np.empty(len(x)), np.empty(len(x), dtype=np.int64)
    of_support = np.sum(support**2, axis=1)
    for at in range(0, len(x), 500):
        part = slice(at, at + 500)
        squared = of_support - 2 * x[part] @ support.T
        near[part] = squared.argmin(axis=1)
        # From the difference itself: the product loses digits where codes lie close together.
        distance[part] = np.linalg.norm(x[part] - support[near[part]], axis=1)
    return distance, near


def _share(
    usual: Floats, far: Floats, index: Ints, level: float, source: str, rng: np.random.Generator
) -> Estimate:
    """Return the share beyond a quantile of the held-out; bootstrap of groups and of codes."""
    order = np.argsort(usual, kind="stable")
    weights = bootstrap_weights(len(usual), index, DRAWS, rng=rng)[:, order]
    mass = np.cumsum(weights, axis=1)
    place = (mass < (1 - level) * mass[:, -1:]).sum(axis=1)
    lines = usual[order][np.minimum(place, len(usual) - 1)]
    ordered = np.sort(far)
    beyond = 1 - np.searchsorted(ordered, lines, side="right") / len(far)
    spread = rng.binomial(len(far), beyond) / len(far)
    value = float((far > np.quantile(usual, 1 - level)).mean())
    low, high = np.quantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    method = (
        f"share of {len(far)} codes ({source}) farther from the nearest picture than "
        f"{1 - level:.0%} of {len(usual)} held-out ones; bootstrap of groups and codes"
    )
    return Estimate(
        value, min(float(low), value), max(float(high), value), level, len(far), method, LEVEL
    )


def _where(
    step: Floats, usual: Floats, dimensions: tuple[int, ...]
) -> tuple[tuple[int, float, float], ...]:
    """Return each dimension's part of the squared distance, there and usually."""
    parts = [each.sum(axis=0) / max(float(each.sum()), 1e-300) for each in (step, usual)]
    order = np.argsort(parts[1] - parts[0], kind="stable")
    return tuple((dimensions[j], float(parts[0][j]), float(parts[1][j])) for j in order)
