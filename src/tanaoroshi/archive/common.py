"""One scale for the ties of all kinds: normalised mutual information above chance."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.archive.counts import LEVEL, deal_blocks, jackknife
from tanaoroshi.archive.tables import pair_table, tables_without
from tanaoroshi.archive.ties import LEAST_GROUPS, dealt_rows
from tanaoroshi.records.archive import Common
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.stats.information import entropy, mutual_information

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.archive.classes import Classed
    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.progress import Progress

PERMUTATIONS = 19
BLOCKS = 20


def common_scale(
    classes: Sequence[Classed],
    index: Ints | None,
    *,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> tuple[Common, ...]:
    """Measure the tie of every two attributes on one scale.

    Parameters
    ----------
    classes
        The attributes, as :func:`~tanaoroshi.archive.classes.classed` makes them; n rows.
    index
        int64 (n,): the group of each row, 0..m-1; ``None``: each stands alone.
    rng
        Source of chance: deals of whole groups, blocks of the jackknife.
    progress
        Told after each pair.

    Returns
    -------
    One for each pair that enough groups show: ``(I - I₀) / ((H(a) + H(b)) / 2 - I₀)`` with the mean
    information I₀ of dealt groups; cut off at 0. Interval: jackknife over blocks of groups.

    References
    ----------
    N. X. Vinh, J. Epps, J. Bailey, Information Theoretic Measures for Clusterings Comparison, JMLR
    11, 2010 (adjusted mutual information; here the chance level is drawn, for rows in groups).
    """
    n = len(classes[0].codes) if classes else 0
    block = deal_blocks(n, index, BLOCKS, rng=rng) if n else np.zeros(0, dtype=np.int64)
    deals = [dealt_rows(n, index, rng=rng) for _ in range(PERMUTATIONS)] if n else []
    found = []
    pairs = list(combinations(classes, 2))
    for done, (a, b) in enumerate(pairs):
        known = (a.codes >= 0) & (b.codes >= 0)
        groups = int(known.sum()) if index is None else len(np.unique(index[known]))
        if groups >= LEAST_GROUPS:
            chance = np.mean([mutual_information(pair_table(a, b, order=o)) for o in deals])
            found.append(Common(a.spec.name, b.spec.name, _estimate(a, b, block, float(chance))))
        if progress is not None:
            progress(done + 1, len(pairs), "ties on one scale")
    return tuple(found)


def _estimate(a: Classed, b: Classed, block: Ints, chance: float) -> Estimate:
    tables = tables_without((a, b), [np.arange(len(one.counts)) for one in (a, b)], block)
    value, *left_out = _above_chance(tables[[-1, *range(len(tables) - 1)]], chance)
    _, half = jackknife(np.array(value), np.array(left_out))
    low, high = (float(np.clip(value + sign * half, 0, 1)) for sign in (-1, 1))
    method = (
        f"normalised mutual information above chance ({PERMUTATIONS} deals of groups), "
        f"arithmetic mean of entropies, jackknife over {len(left_out)} blocks of groups"
    )
    n = int(tables[-1].sum())
    return Estimate(min(max(float(value), 0.0), 1.0), low, high, 0.0, n, method, LEVEL)


def _above_chance(tables: Floats, chance: float) -> Floats:
    most = (entropy(tables.sum(axis=-1)) + entropy(tables.sum(axis=-2))) / 2
    room = most - chance
    above = mutual_information(tables) - chance
    return np.divide(above, room, out=np.zeros_like(above), where=room > 1e-9)
