"""Entropies and informations of rows that come in groups: their bias and what a row adds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.stats.information import Crossing, Information, informations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tanaoroshi.records.attributes import Floats, Ints


def jackknife_groups(crossing: Crossing, parts: Ints, order: Ints | None = None) -> Information:
    """Take the bias off entropies by leaving out parts of the rows in turn.

    Parameters
    ----------
    crossing
        All dimensions × attributes.
    parts
        int (n,), from 0: whole groups of rows that are not independent, in parts of any size.
    order
        int (n,): which row's attributes stand beside each row's codes; ``None``: its own.

    Returns
    -------
    Information; a mutual information may fall below 0.
    """
    labels = crossing.labels if order is None else crossing.labels[:, order]

    def counts_of(part: int) -> Floats | Ints:
        here = np.flatnonzero(parts == part)
        return replace(crossing, codes=crossing.codes[:, here], labels=labels[:, here]).counts()

    tables = (counts_of(part) for part in range(int(parts.max()) + 1))
    return jackknife_tables(crossing, crossing.counts(order), tables)


def jackknife_tables(
    crossing: Crossing, counts: Floats | Ints, parts: Iterable[Floats | Ints]
) -> Information:
    """Do the same with the table of all rows and those of each part, (lines, d, m).

    References
    ----------
    F. Busing, E. Meijer, R. van der Leeden 1999, Delete-m jackknife for unequal m, Statistics and
    Computing 9.
    """
    whole = informations(crossing, counts, "none")
    n = crossing.added(counts.sum(axis=2)).T
    sums = [x.copy() for x in whole]
    for part in parts:
        kept = 1 - crossing.added(part.sum(axis=2)).T / np.maximum(n, 1)
        without = informations(crossing, counts - part, "none")
        for total, full, rest in zip(sums, whole, without, strict=True):
            total += kept * (full - rest)
    mutual, code, attribute = sums
    return Information(mutual, code, attribute[0], n[0].astype(np.float64))


def design_effect(
    plain: Information, rows: Information, groups: Information, sizes: Ints
) -> Floats:
    """How much more bias a jackknife over groups sees than one over rows, (d, k).

    The design effect of Rao & Scott 1981, J. Am. Stat. Assoc. 76: so many rows of a cell are worth
    an independent one. Between 1 and what it is where the rows of a group are copies; ``sizes``:
    int (groups,).
    """
    seen = plain.mutual - rows.mutual
    there = np.abs(seen) > 1e-12
    ratio = np.where(there, plain.mutual - groups.mutual, 1) / np.where(there, seen, 1)
    return np.asarray(np.clip(ratio, 1, (sizes**2).sum() / sizes.sum()))


def leave_even(crossing: Crossing, counts: Floats | Ints, found: Information) -> Information:
    """Take corrections back from entropies of equal counts, which have no bias.

    Bins of equal counts are cut into equal counts again in any other rows.
    """
    plain = crossing.information(counts)
    code = _apart(crossing.added(counts), 2).T <= 1
    of_class = counts[:, 0].sum(axis=-1)
    parts = zip(crossing.starts, crossing.classes, strict=True)
    attribute = np.array([_apart(of_class[s : s + w], 0) <= 1 for s, w in parts], dtype=np.bool_)
    return replace(
        found,
        code=np.where(code, plain.code, found.code),
        attribute=np.where(attribute, plain.attribute, found.attribute),
    )


def _apart(counts: Floats | Ints, axis: int) -> Floats | Ints:
    """Return how far the counts of the classes that occur lie apart."""
    top = counts.max(axis, keepdims=True)
    return np.asarray((top - np.where(counts > 0, counts, top)).max(axis))
