"""Entropy and mutual information from tables of counts, in nats.

One pass over the rows counts all dimensions against all attributes (:class:`Crossing`); everything
else is arithmetic on the tables. What is missing (-1) in an attribute is left out for that
attribute alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import xlog1py, xlogy

from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.stats.discretize import Classes
from tanaoroshi.stats.tally import MANY, Packing, combined, count_combined, packing, pairs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tanaoroshi.stats.resample import Turns
    from tanaoroshi.stats.tally import Combined

Normaliser = Literal["attribute", "code", "joint", "mean", "min"]
Bias = Literal["none", "jackknife"]

# Rows × dimensions that are counted at a time: bounds the memory, not the answer.
BLOCK = 50_000
# Stands in for a total of nothing.
TINY = 1e-300


def entropy(counts: Floats | Ints, axis: int = -1) -> Floats:
    """Entropy of the shares that counts stand for (plug-in), in nats.

    Parameters
    ----------
    counts
        Non-negative, any shape; zeros add nothing.
    axis
        The axis of the classes.

    Returns
    -------
    float64, ``counts`` without that axis; 0 where nothing was counted.
    """
    total = np.maximum(np.sum(counts, axis=axis, dtype=np.float64), TINY)
    mass = xlogy(counts, counts).sum(axis=axis)
    return np.asarray(np.maximum(np.log(total) - mass / total, 0))


def count_tables(code_bins: Ints, attribute_bins: Ints, weights: Floats | None = None) -> Floats:
    """Count every dimension against one attribute.

    Parameters
    ----------
    code_bins
        int (n, d), classes from 0.
    attribute_bins
        int (n,), classes from 0; rows with -1 are left out.
    weights
        float (n,): what each row counts; ``None``: one.

    Returns
    -------
    float64 (d, m, c), where m and c are the numbers of classes of codes and attribute.
    """
    crossing = cross(code_bins, attribute_bins[:, None])
    return np.moveaxis(crossing.counts(weights=weights)[:-1], 0, -1).astype(np.float64)


def mutual_information(tables: Floats | Ints) -> Floats:
    """Mutual information of the two last axes (plug-in), in nats.

    Parameters
    ----------
    tables
        Counts (..., m, c).

    Returns
    -------
    float64 (...), 0 or more.
    """
    joint = entropy(tables.reshape(*tables.shape[:-2], -1))
    sides = entropy(tables.sum(axis=-1)) + entropy(tables.sum(axis=-2))
    return np.maximum(sides - joint, 0)


def normalised_mutual_information(
    tables: Floats | Ints, normalise: Normaliser = "attribute"
) -> Floats:
    """Mutual information as a share of an entropy.

    Parameters
    ----------
    tables
        Counts (..., m, c): codes × attribute.
    normalise
        Which entropy: of the ``attribute`` (share of the attribute that the code tells), of the
        ``code``, of both (``joint``), their arithmetic ``mean``, or the smaller one (``min``).

    Returns
    -------
    float64 (...) in [0, 1]; 0 where that entropy is 0 (nothing to tell).
    """
    code, attribute = entropy(tables.sum(axis=-1)), entropy(tables.sum(axis=-2))
    information = mutual_information(tables)
    return _share(information, code, attribute, normalise)


def miller_madow(tables: Floats | Ints) -> Floats:
    """Mutual information with the first-order bias taken off (Miller 1955), in nats.

    Each entropy is raised by (occupied classes - 1) / 2n.

    Parameters
    ----------
    tables
        Counts (..., m, c).

    Returns
    -------
    float64 (...); may fall below 0.
    """
    n = tables.sum(axis=(-1, -2), dtype=np.float64)
    occupied = (
        (tables.sum(axis=-1) > 0).sum(axis=-1)
        + (tables.sum(axis=-2) > 0).sum(axis=-1)
        - (tables > 0).sum(axis=(-1, -2))
        - 1
    )
    corrected: Floats = mutual_information(tables) + occupied / (2 * np.maximum(n, 1))
    return corrected


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """All dimensions against all attributes, ready to be counted any number of times.

    Made by :func:`cross`. The tables of all attributes stand in one array: attribute a has the
    lines ``starts[a]`` to ``starts[a] + classes[a] - 1``, and one more for its missing rows.

    Attributes
    ----------
    codes
        uint (d, n): classes of the codes.
    labels
        uint (k, n): classes of the attributes, ``classes[a]`` where missing.
    starts, classes
        int64 (k,): where the lines of each attribute begin, and how many classes it has.
    bins
        Most classes of a dimension.
    """

    codes: Classes
    labels: Classes
    starts: Ints
    classes: Ints
    bins: int

    @property
    def total_lines(self) -> int:
        """Lines of the table, those of missing rows included."""
        return int(self.classes.sum()) + len(self.classes)

    def counts(self, order: Ints | None = None, weights: Floats | None = None) -> Floats | Ints:
        """Count in one pass.

        Parameters
        ----------
        order
            int (n,): which row's attributes stand beside each row's codes; ``None``: its own.
        weights
            float (n,): what each row counts; ``None``: one.

        Returns
        -------
        (lines, d, m): int64 without weights, float64 with.
        """
        d, n = self.codes.shape
        labels = self.labels if order is None else np.take(self.labels, order, axis=1)
        if weights is None and n >= MANY:
            plan = self._plan()
            return self._placed(*combined(self.codes, labels, plan), plan)
        step = max(1, BLOCK // max(1, d))
        cells = self.codes + (np.arange(d) * self.bins)[:, None]
        table = np.zeros(
            (self.total_lines, d * self.bins), dtype=np.int64 if weights is None else np.float64
        )
        # A block of one attribute stays in the processor's cache: a third faster than all at once.
        index = np.empty((d, min(step, n)), dtype=np.int64)
        for label, start, width in zip(labels, self.starts, self.classes, strict=True):
            line = label.astype(np.int64) * table.shape[1]
            part = table[start : start + width + 1].reshape(-1)
            for begin in range(0, n, step):
                rows = slice(begin, begin + step)
                here = index[:, : min(step, n - begin)]
                np.add(cells[:, rows], line[rows], out=here)
                weight = None if weights is None else np.tile(weights[rows], d)
                part += np.bincount(here.ravel(), weights=weight, minlength=part.size)
        return table.reshape(self.total_lines, d, self.bins)

    def counts_under(self, turns: Turns) -> Iterator[Ints]:
        """Count under each of the orders, as :meth:`counts` does; for MANY rows."""
        plan = self._plan()
        codes, lines = combined(self.codes, self.labels, plan)
        codes = [np.take(code, turns.takers) for code in codes]
        lines = [np.take(line, turns.givers) for line in lines]
        for step in turns.steps:
            yield self._placed(codes, [np.roll(line, -step) for line in lines], plan)

    def _plan(self) -> Packing:
        """Plan the counting; an attribute that is known everywhere has no line for missing rows."""
        used = self.labels.max(axis=1, initial=0).astype(np.int64) + 1
        return packing(len(self.codes), self.bins, tuple(used.tolist()))

    def _placed(self, codes: Sequence[Combined], lines: Sequence[Combined], plan: Packing) -> Ints:
        found = pairs_of(count_combined(codes, lines, plan), plan)
        counts = np.zeros((self.total_lines, *found.shape[1:]), dtype=np.int64)
        used = np.array(plan.lines)
        counts[np.arange(used.sum()) + np.repeat(self.starts - (used.cumsum() - used), used)] = (
            found
        )
        return counts

    def rows_of(self, effect: Floats, a: int) -> Iterator[Floats]:
        """Look up what each row has by its classes of attribute ``a`` and of each dimension.

        Parameters
        ----------
        effect
            float64 (classes + 1, d, m), the last line for missing rows.

        Yields
        ------
        float64 (n,), one dimension after the other.
        """
        line = self.labels[a].astype(np.intp) * self.bins
        cell = np.empty_like(line)
        for j, column in enumerate(self.codes):
            np.add(line, column, out=cell)
            yield np.take(effect[:, j].ravel(), cell)

    def information(self, counts: Floats | Ints, *, bias: Bias = "none") -> Information:
        """Turn counts into entropies and mutual informations.

        Parameters
        ----------
        counts
            (lines, d, m), as :meth:`counts` gives them; whole numbers for the jackknife.
        bias
            ``none``: plug-in. ``jackknife``: every entropy is its delete-one jackknife, which
            has a closed form in the counts; a mutual information may then fall below 0.
        """
        mutual, code, attribute = informations(self, counts, bias)
        # Of one attribute: the same rows in every dimension.
        n = self.added(counts.sum(axis=2)).astype(np.float64)
        of_attribute = [x[:, 0] if len(code) else np.zeros(len(x)) for x in (attribute.T, n)]
        return Information(np.maximum(mutual, 0) if bias == "none" else mutual, code, *of_attribute)

    def added(self, lines: Floats | Ints) -> Floats | Ints:
        """Add up the lines of each attribute but the missing one, (lines, ...) → (k, ...)."""
        sums = np.zeros((len(self.starts), *lines.shape[1:]), dtype=lines.dtype)
        for line, start, width in zip(sums, self.starts, self.classes, strict=True):
            line[...] = lines[start : start + width].sum(axis=0)
        return sums


@dataclass(frozen=True, slots=True, eq=False)
class Information:
    """Entropies and mutual informations of d dimensions and k attributes, in nats.

    Attributes
    ----------
    mutual
        float64 (d, k).
    code
        float64 (d, k): entropy of each dimension among the rows where the attribute is known.
    attribute
        float64 (k,): entropy of each attribute.
    n
        float64 (k,): rows (or their weights) where the attribute is known.
    """

    mutual: Floats
    code: Floats
    attribute: Floats
    n: Floats

    def normalised(self, normalise: Normaliser = "attribute") -> Floats:
        """Return (d, k) in [0, 1], as :func:`normalised_mutual_information` says."""
        return _share(self.mutual, self.code, self.attribute[None, :], normalise)


def cross(code_bins: Ints | Classes, attribute_bins: Ints) -> Crossing:
    """Prepare the counting of all dimensions against all attributes.

    Parameters
    ----------
    code_bins
        int (n, d), classes from 0.
    attribute_bins
        int (n, k), classes from 0, -1 missing.

    Returns
    -------
    Crossing
    """
    n, k = attribute_bins.shape
    bins = int(code_bins.max()) + 1 if code_bins.size else 1
    classes = attribute_bins.max(axis=0, initial=-1).astype(np.int64) + 1
    labels = np.empty((k, n), dtype=np.min_scalar_type(int(classes.max(initial=0))))
    for line, column, width in zip(labels, attribute_bins.T, classes, strict=True):
        line[:] = np.where(column < 0, width, column)
    return Crossing(
        codes=_compact(code_bins.T, bins),
        labels=labels,
        starts=np.concatenate([[0], np.cumsum(classes + 1)[:-1]]).astype(np.int64)[:k],
        classes=classes,
        bins=bins,
    )


def informations(
    crossing: Crossing, counts: Floats | Ints, bias: Bias
) -> tuple[Floats, Floats, Floats]:
    """Return mutual informations and entropies of code and attribute, each (d, k), in nats.

    Parameters
    ----------
    crossing
        The layout of the table.
    counts
        (lines, d, m); dimensions need not agree on an attribute's counts.
    bias
        See :meth:`Crossing.information`; informations may be below 0 by rounding or correction.
    """
    of_class = counts.sum(axis=2)
    n = crossing.added(of_class).astype(np.float64)
    n = np.where(n > 0, n, 1)
    whole = _whole(n, bias)
    code = whole - _mass(crossing.added(counts), bias).sum(axis=2) / n
    attribute = whole - crossing.added(_mass(of_class, bias)) / n
    joint = whole - crossing.added(_mass(counts, bias).sum(axis=2)) / n
    return (code + attribute - joint).T, code.T, attribute.T


def last_row(counts: Floats) -> Floats:
    """Return what the last row of each count adds to the jackknifed entropy's :func:`_mass`.

    ``counts``: float (...) ≥ 0, of independent rows; below 1 as 1.
    """
    x = np.maximum(counts, 1)
    return np.asarray(_mass_of(x, "jackknife") - _mass_of(x - 1, "jackknife"))


def association_matrix(
    code_bins: Ints,
    attribute_bins: Ints,
    *,
    weights: Floats | None = None,
    normalise: Normaliser = "attribute",
) -> Floats:
    """Normalised mutual information of every dimension with every attribute (plug-in).

    Parameters
    ----------
    code_bins
        int (n, d), classes from 0.
    attribute_bins
        int (n, k), classes from 0; -1 is missing, and left out for that attribute alone.
    weights
        float (n,): what each row counts.
    normalise
        See :func:`normalised_mutual_information`.

    Returns
    -------
    float64 (d, k) in [0, 1]; 0 where the normalising entropy is 0.
    """
    crossing = cross(code_bins, attribute_bins)
    return crossing.information(crossing.counts(weights=weights)).normalised(normalise)


def association_null(
    code_bins: Ints,
    attribute_bins: Ints,
    orders: Iterable[Ints],
    *,
    normalise: Normaliser = "attribute",
) -> Floats:
    """Draw the same matrix under orders of the attributes' rows, shared by all pairs.

    Parameters
    ----------
    code_bins, attribute_bins
        As for :func:`association_matrix`.
    orders
        Permutations int (n,), as :func:`tanaoroshi.stats.resample.permuted_rows` draws them.
    normalise
        See :func:`normalised_mutual_information`.

    Returns
    -------
    float64 (B, d, k).
    """
    crossing = cross(code_bins, attribute_bins)
    draws = [crossing.information(crossing.counts(o)).normalised(normalise) for o in orders]
    shape = (0, code_bins.shape[1], attribute_bins.shape[1])
    return np.stack(draws) if draws else np.empty(shape)


def _compact(classes: Ints | Classes, most: int) -> Classes:
    """Keep a row of classes together, in as few bytes as hold the largest."""
    return np.ascontiguousarray(classes, dtype=np.min_scalar_type(most))


def _mass(counts: Floats | Ints, bias: Bias = "none") -> Floats:
    """Return what each count takes off the entropy; looked up where that is less to work out."""
    if counts.dtype.kind == "f" or counts.max(initial=0) > counts.size:
        return _mass_of(counts.astype(np.float64), bias)
    return np.asarray(_mass_of(np.arange(counts.max(initial=0) + 1.0), bias)[counts])


def _mass_of(x: Floats, bias: Bias) -> Floats:
    return np.asarray(xlogy(x, x) if bias == "none" else x * _step(x))


def _whole(n: Floats, bias: Bias) -> Floats:
    """Return the entropy's other term: ``H = _whole(n) - sum(_mass(counts)) / n``."""
    return np.asarray(np.log(n) if bias == "none" else _step(n))


def _step(x: Floats) -> Floats:
    """Return x log x - (x - 1) log (x - 1), 0 at 0, without taking near numbers apart.

    With hundreds of millions of rows their difference would have few digits left.
    """
    y = np.maximum(x, 1)
    return np.asarray(np.log(y) - xlog1py(y - 1, -1 / y))


def _share(information: Floats, code: Floats, attribute: Floats, normalise: Normaliser) -> Floats:
    whole = {
        "attribute": np.broadcast_to(attribute, information.shape),
        "code": code,
        "joint": code + attribute - information,
        "mean": (code + attribute) / 2,
        "min": np.minimum(code, attribute),
    }[normalise]
    # An entropy of rounding size is none: a constant column, not a share of 1e-16.
    there = whole > 1e-12
    return np.where(there, np.clip(information / np.where(there, whole, 1), 0, 1), 0)
