"""Loss of probes of rising capacity: what DCI-ES draws its loss-capacity curves from.

A probe predicts attributes, written as columns of numbers, from all codes. Its loss is the squared
error on images that it was not fitted on, held out by whole groups. The probe of no capacity at
all, the mean, stands first.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.ensemble import RandomForestRegressor
from threadpoolctl import threadpool_limits

from tanaoroshi.records.attributes import Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tanaoroshi.metrics.lasso import Targets
    from tanaoroshi.metrics.question import Bools

FOLDS = 5
# A probe may have one parameter for so many independent images.
ROOM = 4
# Parameters double from probe to probe, the linear one first, so often.
DOUBLINGS = 5
# An attribute is predicted when a probe's gain is so many standard errors (by chance: about once in
# 1,000 attributes, since a probe that learns nothing loses by it).
CLEAR = 2.0
# Columns of attributes that are predicted at a time: bounds the memory for many classes.
COLUMNS = 512
# A probe of few waves is fitted with so many choices of them at most.
CHOICES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """Losses of the mean and of s probes, added up over batches of whole groups.

    Attributes
    ----------
    capacity
        float64 (s,), of the probes, rising.
    settled
        float64 (draws, b, 1 + s, k): without what learning from few images costs.
    held_out
        float64 (draws, b, 1 + s, k): plain squared error on images not fitted on.
    counts
        float64 (b,): images in each batch.
    """

    capacity: Floats
    settled: Floats
    held_out: Floats
    counts: Floats


class Rows(NamedTuple):
    """Rows in the order of their folds: ``order``, ``folds`` of them, ``starts`` of batches."""

    order: Ints
    folds: tuple[slice, ...]
    starts: Ints
    batches: Ints


class Design(NamedTuple):
    """Columns that probes predict from, (n, p), and their products, of each fold (p, p)."""

    columns: Floats
    products: Floats
    ridge: float


def ladder(dimensions: int, images: int, waves: Sequence[int] | None) -> tuple[int, ...]:
    """Choose how many waves each probe adds to the linear one.

    Parameters
    ----------
    dimensions
        That vary.
    images
        Independent ones.
    waves
        As wished, rising; ``None``: each probe has twice the parameters of the one before.

    Returns
    -------
    The number of waves of each probe that so many images can train.
    """
    linear = dimensions + 1
    wished = [linear * (2**t - 1) for t in range(DOUBLINGS + 1)] if waves is None else waves
    return tuple(w for w in wished if ROOM * (linear + w) <= images)


def wave_losses(
    codes: Floats,
    wanted: Targets,
    batches: Ints,
    *,
    waves: Sequence[int],
    bandwidth: float,
    penalty: float,
    draws: int,
    rng: np.random.Generator,
) -> Losses:
    """Fit ridge regressions on the codes and on growing numbers of random waves of them.

    Parameters
    ----------
    codes
        float64 (n, d), from :func:`standard`.
    wanted
        Attributes as columns, known in all rows.
    batches
        int64 (n,), whole groups.
    waves
        For each probe; 0: linear.
    bandwidth
        Standard deviation of the waves' arguments.
    penalty
        On the mean square of each coefficient, against the mean squared error.
    draws
        How often all waves are drawn anew.
    rng
        Source of the waves.

    Returns
    -------
    Losses; the capacity is the logarithm of the number of parameters.
    """
    rows = _rows(batches)
    z, k = codes[rows.order], len(wanted.starts) - 1
    found = np.zeros((draws, 2, int(batches.max()) + 1, 1 + len(waves), k))
    blocks = list(_blocks(wanted, rows.order))
    # Many small products: more threads wait for one another longer than they work.
    with threadpool_limits(1, user_api="blas"):
        for sums in found:
            design = _design(z, max(waves), bandwidth, penalty, rows.folds, rng)
            for target, owner in blocks:
                _add_losses(sums, design, target, owner, rows, waves)
    capacity = np.log(z.shape[1] + 1.0 + np.array(waves))
    return Losses(capacity, found[:, 0], found[:, 1], np.bincount(batches).astype(np.float64))


def forest_losses(
    codes: Floats,
    wanted: Targets,
    batches: Ints,
    *,
    depths: Sequence[int],
    trees: int,
    state: int,
) -> Losses:
    """Grow forests and read them at several depths; the capacity is the depth.

    A regression tree cut off at a depth is the tree that would have been grown to that depth, so
    one forest for each fold and attribute serves all.
    """
    rows = _rows(batches)
    z, k = codes[rows.order], len(wanted.starts) - 1
    sums = np.zeros((int(batches.max()) + 1, 1 + len(depths), k))
    columns = wanted.columns.tocsc()
    for a in range(k):
        target = columns[:, wanted.starts[a] : wanted.starts[a + 1]][rows.order].toarray()
        loss = np.empty((len(z), 1 + len(depths)))
        for fold in rows.folds:
            train = np.ones(len(z), dtype=np.bool_)
            train[fold] = False
            mean = target[train].mean(axis=0)
            loss[fold, 0] = ((target[fold] - mean) ** 2).sum(axis=1)
            forest = RandomForestRegressor(trees, max_depth=max(depths), random_state=state)
            forest.fit(z[train], target[train] if target.shape[1] > 1 else target[train, 0])
            for s, guess in enumerate(_at_depths(forest, z[fold], depths)):
                loss[fold, 1 + s] = ((target[fold] - guess) ** 2).sum(axis=1)
        sums[rows.batches, :, a] = np.add.reduceat(loss, rows.starts, axis=0)
    counts = np.bincount(batches).astype(np.float64)
    return Losses(np.array(depths, dtype=np.float64), sums[None], sums[None], counts)


def predicted(losses: Losses) -> Bools:
    """Say which attributes some probe predicts clearly better than their mean does, bool (k,)."""
    sums = losses.held_out.mean(axis=0)
    gain = sums[:, :1] - sums[:, 1:]
    total = gain.sum(axis=0)
    share = losses.counts / losses.counts.sum()
    error = np.sqrt(((gain - share[:, None, None] * total) ** 2).sum(axis=0))
    floor = 1e-9 * sums[:, 0].sum(axis=0)
    return np.asarray((total > np.maximum(CLEAR * error, floor)).any(axis=0))


def standard(codes: Floats) -> Floats:
    """Scale the dimensions that vary to mean 0 and variance 1, and stand them in a fixed way.

    Which wave meets which dimension must not hang on the dimensions' order or sign: each one is
    turned so that its first row lies above its mean, and they are sorted by their first rows.
    Constant dimensions are left out.
    """
    centred = codes - codes.mean(axis=0)
    scale = centred.std(axis=0)
    there = scale > 1e-12 * np.abs(codes).max(axis=0)
    z = centred[:, there] / scale[there]
    first = (np.abs(z) > 1e-6).argmax(axis=0)
    z *= np.sign(z[first, np.arange(z.shape[1])])
    return np.asarray(z[:, np.lexsort(np.round(z[15::-1], 9))])


def _rows(batches: Ints) -> Rows:
    present, batch = np.unique(batches, return_inverse=True)
    fold = batch % FOLDS
    order = np.lexsort((batch, fold))
    edges = np.searchsorted(fold[order], np.arange(min(FOLDS, len(present)) + 1))
    folds = tuple(slice(int(a), int(b)) for a, b in pairwise(edges))
    starts = np.flatnonzero(np.diff(batch[order], prepend=-1))
    return Rows(order, folds, starts, present[batch[order][starts]])


def _blocks(wanted: Targets, order: Ints) -> Iterator[tuple[Floats, Floats]]:
    """Cut all columns into blocks (n, t), each with whose they are, (t, k)."""
    k = len(wanted.starts) - 1
    owner = np.repeat(np.eye(k), np.diff(wanted.starts), axis=0)
    columns = wanted.columns.tocsc()
    for start in range(0, columns.shape[1], COLUMNS):
        cut = slice(start, start + COLUMNS)
        yield columns[:, cut][order].toarray(), owner[cut]


def _design(
    z: Floats,
    waves: int,
    bandwidth: float,
    penalty: float,
    folds: Sequence[slice],
    rng: np.random.Generator,
) -> Design:
    n, d = z.shape
    frequency = rng.normal(size=(d, waves)) * bandwidth / np.sqrt(d)
    bent = np.cos(z @ frequency + rng.random(waves) * 2 * np.pi) * np.sqrt(2)
    columns = np.hstack([np.ones((n, 1)), z, bent])
    return Design(columns, np.stack([columns[f].T @ columns[f] for f in folds]), penalty)


def _add_losses(
    sums: Floats, design: Design, target: Floats, owner: Floats, rows: Rows, waves: Sequence[int]
) -> None:
    """Add the losses of a block of columns to ``sums`` (2, b, 1 + s, k)."""
    crossed = np.stack([design.columns[f].T @ target[f] for f in rows.folds])
    linear = design.columns.shape[1] - max(waves)
    for s, choices in enumerate(_probes(linear, waves)):
        for columns in choices:
            pair = _pair(design, target, crossed, columns, rows.folds)
            for kind, loss in enumerate(pair):
                part = np.add.reduceat(loss @ owner, rows.starts, axis=0)
                sums[kind, rows.batches, s] += part / len(choices)


def _probes(linear: int, waves: Sequence[int]) -> Iterator[list[tuple[slice, slice]]]:
    """Say which columns each probe sees: the mean's, then ``linear`` ones and a choice of waves.

    All waves serve every probe: a small one is fitted with several choices of them, so that its
    loss hangs less on their luck.
    """
    yield [(slice(0, 1), slice(0, 0))]
    for w in waves:
        count = min(max(waves) // w, CHOICES) if w else 1
        first = (linear + w * c for c in range(count))
        yield [(slice(0, linear), slice(a, a + w)) for a in first]


def _pair(
    design: Design,
    target: Floats,
    crossed: Floats,
    columns: tuple[slice, slice],
    folds: Sequence[slice],
) -> tuple[Floats, Floats]:
    """Return the losses of one probe, settled and held out, (n, t) each.

    ``crossed``: products of all columns with the targets, of each fold (p, t).

    A squared error on images that were fitted is too small by the noise that the fit took in, one
    on others too large by as much. The product of both residuals, of the fit of all images and of
    the fit without the fold, is neither: for a linear smoother with hat matrix H the residuals of
    a fold are (1 - H)e and (1 - H)^-1 times that, and their product has the mean of e².
    """
    line, bent = columns
    x = [part for part in (design.columns[:, line], design.columns[:, bent]) if part.shape[1]]
    chosen = np.r_[line, bent]
    products, rights = design.products[:, chosen[:, None], chosen], crossed[:, chosen]
    sizes = [f.stop - f.start for f in folds]
    whole, right, n = products.sum(axis=0), rights.sum(axis=0), sum(sizes)

    def rest(weights: Floats, f: slice) -> Floats:
        guess = x[0][f] @ weights[: x[0].shape[1]]
        if len(x) > 1:
            guess += x[1][f] @ weights[x[0].shape[1] :]
        return np.asarray(target[f] - guess)

    seen = rest(_solve(whole, right, design.ridge * n), slice(0, n))
    unseen = np.empty_like(seen)
    for f, size, own, own_right in zip(folds, sizes, products, rights, strict=True):
        left = _solve(whole - own, right - own_right, design.ridge * (n - size))
        unseen[f] = rest(left, f)
    return seen * unseen, unseen**2


def _solve(products: Floats, right: Floats, ridge: float) -> Floats:
    """Solve ridge equations; the first column, the constant, is not shrunk."""
    lifted = products.copy()
    lifted[np.arange(1, len(lifted)), np.arange(1, len(lifted))] += ridge
    return np.asarray(cho_solve(cho_factor(lifted, check_finite=False), right, check_finite=False))


def _at_depths(forest: Any, codes: Floats, depths: Sequence[int]) -> Iterator[Floats]:  # noqa: ANN401
    """Predict with all trees of a forest cut off at each of several rising depths."""
    leaves = forest.apply(codes)
    guesses = []
    for place, grown in enumerate(forest.estimators_):
        tree = grown.tree_
        parent, depth = np.zeros(tree.node_count, dtype=np.int64), np.zeros(tree.node_count)
        level = np.zeros(1, dtype=np.int64)
        while len(level):
            level = level[tree.children_left[level] >= 0]
            for children in (tree.children_left[level], tree.children_right[level]):
                parent[children], depth[children] = level, depth[level] + 1
            level = np.concatenate([tree.children_left[level], tree.children_right[level]])
        node, values = leaves[:, place], []
        for most in reversed(depths):
            while (deep := depth[node] > most).any():
                node = np.where(deep, parent[node], node)
            values.append(tree.value[node, :, 0])
        guesses.append(values[::-1])
    for same_depth in zip(*guesses, strict=True):
        yield np.mean(same_depth, axis=0)
