"""Diversity: how many values an attribute has in effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.archive.counts import LEVEL, deal_blocks, jackknife
from tanaoroshi.records.archive import Diversity
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.stats.information import entropy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.archive.classes import Classed
    from tanaoroshi.records.attributes import Floats, Ints

BLOCKS = 60
LEAST_GROUPS = 8
"""Of fewer independent images, nothing is told."""


def diversity_of(
    classes: Sequence[Classed], index: Ints | None, *, rng: np.random.Generator
) -> tuple[Diversity, ...]:
    """Count the values of each nominal or ordinal attribute, each by how much it is used.

    Parameters
    ----------
    classes
        The attributes, as :func:`~tanaoroshi.archive.classes.classed` makes them; n rows.
    index
        int64 (n,): the group of each row, 0..m-1; ``None``: each stands alone.
    rng
        Source of chance: the blocks of the jackknife.

    Returns
    -------
    One for each attribute that enough independent images show. Hill numbers of orders 1 and 2;
    entropy and log of the Simpson concentration are corrected for bias, and given an interval, by
    the jackknife over blocks of groups (M. H. Quenouille 1956; S. Zahl, Jackknifing an Index of
    Diversity, Ecology 58, 1977), then taken to the power of e. Values that were never seen are
    not guessed.

    References
    ----------
    M. O. Hill, Diversity and Evenness, Ecology 54, 1973; L. Jost, Entropy and diversity, Oikos 113,
    2006; A. Chao, C.-H. Chiu, L. Jost, Annu. Rev. Ecol. Evol. Syst. 45, 2014.
    """
    found = []
    for one in classes:
        rows = np.flatnonzero(one.codes >= 0)
        members = None if index is None else np.unique(index[rows], return_inverse=True)[1]
        groups = len(rows) if members is None else int(members.max()) + 1
        if one.spec.kind not in ("nominal", "ordinal") or groups < LEAST_GROUPS:
            continue
        block = deal_blocks(len(rows), members, BLOCKS, rng=rng)
        blocks = int(block.max()) + 1
        m = len(one.counts)
        parts = np.bincount(block * m + one.codes[rows], minlength=blocks * m).reshape(blocks, m)
        found.append(_diversity(one, parts.astype(np.float64)))
    return tuple(found)


def _diversity(one: Classed, parts: Floats) -> Diversity:
    whole = parts.sum(axis=0)
    values, n = int((whole > 0).sum()), int(whole.sum())

    def number(order: int) -> Estimate:
        measure = entropy if order == 1 else _simpson
        middle, half = jackknife(measure(whole), measure(whole - parts))
        # The correction must not promise more values than there are, or less than one.
        value, low, high = np.clip(np.exp([middle, middle - half, middle + half]), 1, values)
        method = f"Hill number of order {order}, jackknife over {len(parts)} blocks of groups"
        return Estimate(float(value), float(low), float(high), None, n, method, LEVEL)

    effective = number(1)
    evenness = Estimate(
        effective.value / values,
        effective.low / values,
        effective.high / values,
        None,
        n,
        f"effective number over {values} values; {effective.method}",
        LEVEL,
    )
    return Diversity(one.spec.name, values, effective, number(2), evenness)


def _simpson(counts: Floats) -> Floats:
    share = counts / counts.sum(axis=-1, keepdims=True)
    return np.asarray(-np.log((share**2).sum(axis=-1)))
