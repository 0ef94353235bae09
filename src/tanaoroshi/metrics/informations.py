"""What every dimension tells of every attribute, by nearest neighbours, and how sure we are of it.

InfoM and InfoC (Hsu et al. 2023, arXiv 2305.18378) read this table. A dimension of many values is
measured by its neighbours (:mod:`tanaoroshi.metrics.neighbours`), a quantised one by a table of
counts, as the authors do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.intervals import batch_sums, deviations, pool, sandwich
from tanaoroshi.metrics.logistic import MOST, drawn, thinned
from tanaoroshi.metrics.neighbours import pointwise
from tanaoroshi.metrics.question import Bools, Question
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.stats.information import Bias

NEIGHBOURS = 10
# Permutations for the chance level; fewer where there are many pairs.
NULLS, PAIRS = 5, 250
# Rows of one group are looked at apart, in so many parts at most.
LAYERS = 10


class Layer(NamedTuple):
    """Rows of which no two are of one group; their codes (m, d), and the order of each column."""

    rows: Ints
    codes: Floats
    order: Ints


class Table(NamedTuple):
    """Informations (..., d, k) and entropies of the attributes (..., k), in nats."""

    mutual: Floats
    attribute: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Informations:
    """The table that InfoM and InfoC read, and how sure we are of it.

    Attributes
    ----------
    asked
        The question that it answers: about all rows, or some that were drawn.
    value
        Informations are 0 or more.
    null
        Under B permutations.
    moved
        Joint sampling deviations, mean 0.
    tells
        bool (d, k): which dimension tells of which attribute more than chance does.
    settings
        In words for ``method``.
    """

    asked: Question
    value: Table
    null: Table
    moved: Table
    tells: Bools
    settings: str

    def spans(self, axis: int) -> list[tuple[Table, Table]]:
        """Return points that intervals are built around, with draws.

        Beside the estimates: what can't be told from chance set to 0, and of this, what can't be
        told from the best along an axis made one with it.
        """
        settled = np.where(self.tells, self.value.mutual, 0)
        pooled = pool(settled, self.moved.mutual, axis=axis)
        attribute = np.maximum(self.value.attribute + self.moved.attribute, 0)
        return [
            (
                Table(centre, self.value.attribute),
                Table(np.maximum(centre + self.moved.mutual, 0), attribute),
            )
            for centre in (self.value.mutual, settled, pooled)
        ]


def informations(
    asked: Question,
    *,
    neighbours: int = NEIGHBOURS,
    bias: Bias = "jackknife",
    most: int = MOST,
) -> Informations | None:
    """Fill the table that InfoM and InfoC read; ``None`` where no attribute can be measured."""
    if neighbours < 1 or most < 1:
        raise InputError("neighbours and most must be at least 1")
    if not len(asked.usable):
        return None
    whole, asked = asked, thinned(asked, most)
    if not len(asked.usable):
        return None
    known = asked.knowledge
    counted = np.array([_few(column, asked.bins) for column in asked.codes.T])
    layers = _layers(asked, asked.codes[:, ~counted])
    found, tables = (
        (known.plain, known.null_plain)
        if bias == "none"
        else (known.corrected, known.null_corrected)
    )
    mutual, variation = found.mutual.copy(), []
    for a, labels in enumerate(asked.attribute_bins.T):
        rows = np.empty(asked.codes.shape)
        rows[:, counted] = tabled(asked.code_bins[:, counted], labels)
        rows[:, ~counted] = _in_layers(layers, labels, neighbours)
        mutual[~counted, a] = _mean(rows[:, ~counted])
        variation.append(batch_sums(_effects(rows), asked.batches))
    chance, excess = _null(asked, layers, neighbours)
    null = tables.mutual[: len(chance)].copy()
    null[:, ~counted] = chance
    value = Table(np.maximum(mutual, 0), found.attribute)
    noise = np.where(counted[:, None], 0, excess)
    return Informations(
        asked=asked,
        value=value,
        null=Table(np.maximum(null, 0), np.broadcast_to(value.attribute, null[:, 0].shape)),
        moved=_moved(asked, np.stack(variation, axis=-1), noise),
        tells=known.tells,
        settings=_settings(asked, neighbours, bias, counted) + drawn(asked, whole),
    )


def _null(asked: Question, layers: Sequence[Layer], neighbours: int) -> tuple[Floats, Floats]:
    """Return the estimates by neighbours under permutations, (B, d, k), and their excess, (k,).

    Neighbours share neighbours: an estimate varies more than its rows would if they were
    independent. By how much (a standard deviation) is seen under permutations.
    """
    pairs = asked.codes.shape[1] * len(asked.usable)
    orders = asked.orders[: max(1, min(NULLS, NULLS * PAIRS // pairs))]
    d = layers[0].codes.shape[1]
    found = np.zeros((len(orders), d, len(asked.usable)))
    simple = np.zeros_like(found)
    for b, order in enumerate(orders):
        for a, labels in enumerate(asked.attribute_bins[order].T):
            rows = _in_layers(layers, labels, neighbours)
            found[b, :, a] = _mean(rows)
            simple[b, :, a] = sandwich(_effects(rows), asked.batches) ** 2
    flat = found.reshape(-1, found.shape[-1])
    if len(flat) < 2:
        return found, np.zeros(found.shape[-1])
    excess = flat.var(axis=0, ddof=1) - simple.mean(axis=(0, 1))
    return found, np.sqrt(np.maximum(excess, 0))


def tabled(classes: Ints, labels: Ints) -> Floats:
    """Return what each row adds to the information of counted dimensions about a class, in nats.

    Parameters
    ----------
    classes
        int (n, d), from 0.
    labels
        int (n,), from 0; -1 missing.

    Returns
    -------
    float64 (n, d), NaN where the class is missing. The mean is the plug-in.
    """
    found = np.full(classes.shape, np.nan)
    used = np.flatnonzero(labels >= 0)
    own = labels[used]
    width = int(own.max(initial=0)) + 1
    for j, column in enumerate(classes[used].T):
        cell = column * width + own
        together, alike = np.bincount(cell)[cell], np.bincount(column)[column]
        found[used, j] = np.log(together * len(used) / (alike * np.bincount(own)[own]))
    return found


def _in_layers(layers: Sequence[Layer], labels: Ints, k: int) -> Floats:
    """Look for neighbours among the rows of the same layer."""
    n = sum(len(layer.rows) for layer in layers)
    rows = np.empty((n, layers[0].codes.shape[1]))
    for layer in layers:
        rows[layer.rows] = pointwise(layer.codes, labels[layer.rows], k, layer.order)
    return rows


def _layers(asked: Question, codes: Floats) -> list[Layer]:
    """Part the rows so that no layer holds two of one group; one layer without groups.

    Copies of a picture are each other's nearest neighbours and would pass for information.
    """
    layer = _apart(asked)
    parts = [np.flatnonzero(layer == i) for i in range(int(layer.max()) + 1)]
    return [Layer(rows, codes[rows], np.argsort(codes[rows], axis=0)) for rows in parts]


def _apart(asked: Question) -> Ints:
    """Give each row the number of its layer, int (n,)."""
    n = len(asked.codes)
    if asked.group is None:
        return np.zeros(n, dtype=np.int64)
    group, rng = group_index(n, asked.group), asked.stream("layers")
    sizes = np.bincount(group)
    count = min(int(sizes.max()), LAYERS)
    order = np.lexsort((rng.random(n), group))
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.asarray((place + rng.integers(0, count, len(sizes))[group]) % count)


def _few(column: Floats, most: int) -> bool:
    return len(np.unique(column)) <= most


def _mean(rows: Floats) -> Floats:
    """Mean over the rows that take part; 0 where none does."""
    part = np.isfinite(rows)
    return np.asarray(np.where(part, rows, 0).sum(axis=0) / np.maximum(part.sum(axis=0), 1))


def _effects(rows: Floats) -> Floats:
    """Return how far each row moves the mean, to first order."""
    part = np.isfinite(rows)
    off = np.where(part, rows - _mean(rows), 0)
    return np.asarray(off / np.maximum(part.sum(axis=0), 1))


def _moved(asked: Question, variation: Floats, noise: Floats) -> Table:
    """Draw how far all lie from the truth, together; (draws, ...)."""
    b, d, k = variation.shape
    rare = np.full((len(asked.codes), k), np.nan)
    for a, labels in enumerate(asked.attribute_bins.T):
        known = labels >= 0
        rare[known, a] = -np.log(np.bincount(labels[known])[labels[known]] / known.sum())
    both = np.hstack([variation.reshape(b, -1), batch_sums(_effects(rare), asked.batches)])
    rng = asked.stream("infomec")
    moved = deviations(both, rng)
    mutual = moved[:, : d * k].reshape(-1, d, k)
    return Table(mutual + noise * rng.standard_normal(mutual.shape), moved[:, d * k :])


def _settings(asked: Question, neighbours: int, bias: Bias, counted: Bools) -> str:
    """Say how the table was filled, in words for ``method``."""
    tables = f"{int(counted.sum())} dimensions in tables, bias {bias}"
    how = tables if counted.all() else f"{neighbours} neighbours"
    if counted.any() and not counted.all():
        how = f"{how}, {tables}"
    library = "" if asked.convention == "paper" else ", which defines none"
    return f"{asked.convention}{library}; {how}"
