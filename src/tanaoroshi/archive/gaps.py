"""Gaps: combinations of values that are absent, or much rarer than the values themselves say.

Cells of every two attributes are held against independence; cells of every three against what
their ties in pairs would give. How far a count may stray by chance alone grows with how alike the
rows of one group are in *all* the attributes of the cell: the design effect of a product,
``1 + (rows that share a group - 1) × product of intraclass correlations``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.archive.classes import Classed, pair_size
from tanaoroshi.archive.counts import (
    FALSE_DISCOVERIES,
    LEVEL,
    count_interval,
    deal_blocks,
    jackknife,
    rare_p,
)
from tanaoroshi.archive.loglinear import free_moments, pairs_only
from tanaoroshi.archive.tables import decides, frequent, kept_table, pair_table, tables_without
from tanaoroshi.records.archive import Decided, Gap, Gaps
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.stats.multiple_tests import benjamini_hochberg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.records.progress import Progress

LEAST_EXPECTED = 5.0
"""Of fewer expected independent images nothing can be said: none at all would be no surprise."""
RARE = 0.75
"""A gap surely has less than this part of what was expected: its interval lies below."""
LEVELS = 10
"""Of three attributes, so many most frequent values each are asked."""
MOST = 300
"""So many gaps are kept, the most important first."""
BLOCKS = 30


def find_gaps(
    classes: Sequence[Classed],
    index: Ints | None,
    *,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Gaps:
    """Look for combinations that are missing.

    Parameters
    ----------
    classes
        The attributes, as :func:`~tanaoroshi.archive.classes.classed` makes them; n rows.
    index
        int64 (n,): the group of each row, 0..m-1; ``None``: each stands alone.
    rng
        Source of chance: the blocks of the jackknife for the expectation's interval.
    progress
        Told after each pair and triple.

    Returns
    -------
    Gaps with an adjusted p of at most ``FALSE_DISCOVERIES`` (Benjamini and Hochberg, over all cells
    of two and three attributes together) of which surely less than ``RARE`` of what was expected
    is there. A pair of which one attribute decides the other rules combinations out by its
    making: it is listed in ``decided``, and its cells, as those of three attributes that hold
    such a pair, are not asked.
    """
    pairs = list(combinations(range(len(classes)), 2))
    triples = list(combinations(range(len(classes)), 3))
    work = len(pairs) + len(triples)
    found, decided, bound = _Asked(), [], set()
    for done, (a, b) in enumerate(pairs):
        table = pair_table(classes[a], classes[b])
        by = decides(classes[a], classes[b], table)
        if by:
            decided += [_decided(classes[a], classes[b], table, by)]
            bound.add((a, b))
        else:
            _ask_pair(found, (a, b), classes, table, index)
        if progress is not None:
            progress(done + 1, work, "combinations")
    for done, triple in enumerate(triples):
        if not bound.intersection(combinations(triple, 2)):
            _ask_triple(found, triple, classes, index)
        if progress is not None:
            progress(len(pairs) + done + 1, work, "combinations")
    return _judge(found, classes, index, tuple(decided), rng)


@dataclass(slots=True)
class _Cells:
    """Cells of one pair or triple that are rare enough to be looked at again."""

    members: tuple[int, ...]
    places: Ints
    observed: Floats
    expected: Floats
    scale: Floats
    p: Floats
    which: Ints


class _Asked:
    """All p-values, and the cells of the small ones."""

    def __init__(self) -> None:
        self.p: list[Floats] = []
        self.cells: list[_Cells] = []
        self.asked = 0
        self.too_rare = 0

    def add(
        self,
        members: tuple[int, ...],
        observed: Floats,
        expected: Floats,
        moments: tuple[Floats, Floats],
        effect: Floats,
    ) -> None:
        """Judge a table's cells of which enough images would be expected.

        ``moments`` of independent rows are variance and step (see ``rare_p``); ``effect`` is the
        design effect, 1 or more, that both grow by.
        """
        variance, step = (moment * effect for moment in moments)
        # A count that its sums hardly let move is no question either.
        ask = (expected >= LEAST_EXPECTED * effect) & (variance > 1)
        self.too_rare += int(((expected > 0) & ~ask).sum()) if len(members) == 2 else 0
        if not ask.any():
            return
        p = rare_p(observed[ask], expected[ask], variance[ask], step[ask])
        few = np.flatnonzero(p <= FALSE_DISCOVERIES)
        places = np.argwhere(ask)[few]
        seen, mean, scale = (x[ask][few] for x in (observed, expected, effect))
        which = self.asked + few
        self.cells.append(_Cells(members, places, seen, mean, scale, p[few], which))
        self.p.append(p)
        self.asked += len(p)


def _ask_pair(
    found: _Asked,
    pair: tuple[int, ...],
    classes: Sequence[Classed],
    table: Floats,
    index: Ints | None,
) -> None:
    a, b = (classes[i] for i in pair)
    n = table.sum()
    if n < 2:
        return
    p, q = table.sum(axis=1) / n, table.sum(axis=0) / n
    joined = pair_size(np.flatnonzero((a.codes >= 0) & (b.codes >= 0)), index)
    effect = 1 + (joined - 1) * np.outer(_alike(a), _alike(b))
    expected = n * np.outer(p, q)
    variance = expected * np.outer(1 - p, 1 - q) * n / (n - 1)
    found.add(pair, table, expected, (variance, np.outer(1 - 2 * p, 1 - 2 * q)), effect)


def _ask_triple(
    found: _Asked, triple: tuple[int, ...], classes: Sequence[Classed], index: Ints | None
) -> None:
    kept = [frequent(classes[i], LEVELS) for i in triple]
    table, rows = kept_table([classes[i] for i in triple], kept)
    if table.sum() < 2 * LEAST_EXPECTED:
        return
    fit = pairs_only(table)
    alike = [_alike(classes[i])[values] for i, values in zip(triple, kept, strict=True)]
    joined = pair_size(rows, index) if index is not None else 1.0
    effect = 1 + (joined - 1) * two_largest(alike)
    whole = np.zeros((5, *(len(classes[i].counts) for i in triple)))
    for into, values in zip(whole, (table, fit, *free_moments(fit), effect), strict=True):
        into[np.ix_(*kept)] = values
    seen, expected, variance, step, effects = whole
    found.add(triple, seen, expected, (variance, step), effects)


def two_largest(alike: Sequence[Floats]) -> Floats:
    """Return the product of the two largest of three intraclass correlations, (I, J, K).

    Where two of three attributes are tied, their product is about as alike as one of them: the
    product of all three would make groups look too independent.
    """
    x, y, z = np.ix_(*alike)
    return np.asarray(np.maximum(np.maximum(x * y, x * z), y * z))


def _alike(one: Classed) -> Floats:
    """Of a rare value, how alike groups are is uncertain; it counts at least as the attribute's."""
    return np.maximum(one.alike, one.overall)


def _decided(a: Classed, b: Classed, table: Floats, way: int) -> Decided:
    occurring = (table.sum(axis=1) > 0).sum() * (table.sum(axis=0) > 0).sum()
    names = (a.spec.name, b.spec.name) if way > 0 else (b.spec.name, a.spec.name)
    return Decided(*names, int(occurring - (table > 0).sum()))


@dataclass(frozen=True, slots=True)
class _Cell:
    members: tuple[int, ...]
    place: tuple[int, ...]
    observed: float
    expected: float
    scale: float
    p: float
    adjusted: float


def _judge(
    found: _Asked,
    classes: Sequence[Classed],
    index: Ints | None,
    decided: tuple[Decided, ...],
    rng: np.random.Generator,
) -> Gaps:
    adjusted = benjamini_hochberg(np.concatenate(found.p)) if found.p else np.empty(0)
    rare = [cell for cells in found.cells for cell in _rare(cells, adjusted[cells.which])]

    def rank(cell: _Cell) -> tuple[bool, bool, float, float]:
        specs = [classes[i].spec for i in cell.members]
        # What can be read off a picture goes together by nature, as light tones and lightness do.
        simple = any(spec.tier == "simple" for spec in specs)
        return not any(spec.protected for spec in specs), simple, cell.p, -cell.expected

    rare.sort(key=rank)
    block = np.zeros(0, dtype=np.int64)
    if rare:
        block = deal_blocks(len(classes[0].codes), index, BLOCKS, rng=rng)
    told = tuple(_gap(cell, classes, block) for cell in rare[:MOST])
    return Gaps(told, len(rare), found.asked, found.too_rare, decided)


def _rare(cells: _Cells, adjusted: Floats) -> list[_Cell]:
    _, high = count_interval(cells.observed, cells.scale)
    keep = np.flatnonzero((adjusted <= FALSE_DISCOVERIES) & (high <= RARE * cells.expected))
    return [
        _Cell(
            cells.members,
            tuple(cells.places[i].tolist()),
            float(cells.observed[i]),
            float(cells.expected[i]),
            float(cells.scale[i]),
            float(cells.p[i]),
            float(adjusted[i]),
        )
        for i in keep
    ]


def _gap(cell: _Cell, classes: Sequence[Classed], block: Ints) -> Gap:
    members = [classes[i] for i in cell.members]
    expected = _expected(members, cell, block)
    low, high = count_interval(np.array(cell.observed), np.array(cell.scale))
    ratio = Estimate(
        cell.observed / cell.expected,
        float(low) / cell.expected,
        float(high) / cell.expected,
        1.0,
        expected.n,
        "observed / expected, Garwood interval at the effective number of independent images",
        LEVEL,
    )
    return Gap(
        cell={m.spec.name: m.names[k] for m, k in zip(members, cell.place, strict=True)},
        observed=int(cell.observed),
        expected=expected,
        ratio=ratio,
        p=cell.p,
        p_adjusted=cell.adjusted,
        against="independence" if len(members) == 2 else "pairs",
    )


def _expected(members: Sequence[Classed], cell: _Cell, block: Ints) -> Estimate:
    """Return the expected count with its interval: jackknife of its logarithm over blocks."""
    if len(members) == 2:
        tables = tables_without(members, [np.arange(len(m.counts)) for m in members], block)
        place = cell.place
        fit = tables.sum(axis=2)[:, place[0]] * tables.sum(axis=1)[:, place[1]]
        means = fit / np.maximum(tables.sum(axis=(1, 2)), 1) ** 2
        method = "independence of the two attributes"
    else:
        kept = [frequent(m, LEVELS) for m in members]
        tables = tables_without(members, kept, block)
        place = tuple(int(np.searchsorted(k, x)) for k, x in zip(kept, cell.place, strict=True))
        means = pairs_only(tables)[:, place[0], place[1], place[2]]
        means = means / np.maximum(tables.sum(axis=(1, 2, 3)), 1)
        method = "no three-way interaction, iterative proportional fitting"
    n = tables[-1].sum()
    # Around 0 a logarithm knows no bound; half an image in all of them is as near as counts come.
    logs = np.log(np.maximum(means * n, 0.5))
    _, half = jackknife(logs[-1], logs[:-1])
    low, high = (float(cell.expected * np.exp(sign * half)) for sign in (-1, 1))
    method = f"{method}; jackknife of its logarithm over {len(logs) - 1} blocks of groups"
    return Estimate(cell.expected, low, high, None, int(n), method, LEVEL)
