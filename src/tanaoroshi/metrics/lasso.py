"""Lasso of every attribute on the codes, from sums of products alone.

The sums are taken once, batch by batch; leaving a batch out, or training on some folds and testing
on others, is then adding and subtracting small arrays. An attribute of several columns (the
indicators of its classes, the cosine and sine of an angle) is one group: its coefficients on a
dimension are kept or dropped together (Yuan & Lin 2006), so neither the names of classes nor the
zero of a circle matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tanaoroshi.records.attributes import Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tanaoroshi.records.attributes import Kind

Bools = NDArray[np.bool_]

TOLERANCE = 1e-6
SWEEPS, ROUNDS = 1000, 100
FOLDS = 5
# Numbers held at a time: bounds the memory, not the answer.
BLOCK = 2_000_000


class Targets(NamedTuple):
    """Attributes as numbers: sparse (n, t), each one's first column, and where it is known."""

    columns: sparse.csr_matrix
    starts: Ints
    known: Bools

    def patterns(self) -> list[Ints]:
        """Attributes that are known in the same rows, together."""
        found: dict[bytes, list[int]] = {}
        for a, column in enumerate(self.known.T):
            found.setdefault(column.tobytes(), []).append(a)
        return [np.array(mine) for mine in found.values()]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Sums over each batch, for attributes known in the same rows.

    ``n`` (b,), ``x`` (b, d), ``xx`` (b, d, d), ``y`` (b, t), ``yy`` (b, t), ``xy`` (b, d, t);
    ``attributes``: which they are; ``starts``: their first columns among the t.
    """

    attributes: Ints
    starts: Ints
    n: Floats
    x: Floats
    xx: Floats
    y: Floats
    yy: Floats
    xy: Floats

    def weighted(self, weights: Floats) -> Moments:
        """Add up batches with weights (r, b): the sums of r resamples."""
        sums = (
            np.tensordot(weights, part, 1)
            for part in (self.n, self.x, self.xx, self.y, self.yy, self.xy)
        )
        return Moments(self.attributes, self.starts, *sums)


class Fitted(NamedTuple):
    """Sizes of coefficients (r, d, k), and shares of variation told on the same rows (r, k)."""

    sizes: Floats
    explained: Floats


class Standard(NamedTuple):
    """Correlations of the codes (r, d, d), their covariance with the targets (r, d, t), scales."""

    gram: Floats
    cross: Floats
    code_scale: Floats
    target_scale: Floats


def targets(values: Floats, kinds: Sequence[Kind]) -> Targets:
    """Write attributes as columns: classes as indicators, circular as cosine and sine.

    Parameters
    ----------
    values
        float64 (n, k), NaN missing; ordinal ones count by their place.
    kinds
        Of each.
    """
    known = np.isfinite(values)
    columns, starts = [], [0]
    for a, kind in enumerate(kinds):
        rows = np.flatnonzero(known[:, a])
        v = values[rows, a]
        if kind == "nominal":
            names, place = np.unique(v, return_inverse=True)
            data, shape = np.ones(len(rows)), (len(values), len(names))
            columns.append(sparse.csr_matrix((data, (rows, place)), shape=shape))
        else:
            if kind == "circular":
                dense = np.stack([np.cos(v), np.sin(v)], axis=1)
            else:
                dense = ((v - v.mean()) / max(v.std(), 1e-300))[:, None]
            block = np.zeros((len(values), dense.shape[1]))
            block[rows] = dense
            columns.append(sparse.csr_matrix(block))
        starts.append(starts[-1] + columns[-1].shape[1])
    return Targets(sparse.hstack(columns).tocsr(), np.array(starts), known)


def moments(codes: Floats, wanted: Targets, batches: Ints) -> Iterator[Moments]:
    """Add up products batch by batch; one :class:`Moments` for each pattern of missing rows."""
    size = int(batches.max()) + 1
    for mine in wanted.patterns():
        width = wanted.starts[mine + 1] - wanted.starts[mine]
        chosen = np.concatenate([np.arange(wanted.starts[a], wanted.starts[a + 1]) for a in mine])
        y = wanted.columns[:, chosen]
        there = np.flatnonzero(wanted.known[:, mine[0]])
        there = there[np.argsort(batches[there], kind="stable")]
        sums = []
        for rows in np.split(there, np.searchsorted(batches[there], np.arange(1, size))):
            z, part = codes[rows], y[rows]
            squares = np.asarray(part.multiply(part).sum(axis=0)).ravel()
            total = np.asarray(part.sum(axis=0)).ravel()
            sums.append((len(rows), z.sum(axis=0), z.T @ z, total, squares, (part.T @ z).T))
        stacked = (
            np.stack([np.asarray(s, dtype=np.float64) for s in part])
            for part in zip(*sums, strict=True)
        )
        yield Moments(mine, np.concatenate([[0], np.cumsum(width)]), *stacked)


def fit(part: Moments, weights: Floats, penalty: float) -> Fitted:
    """Fit resamples, for standardised codes and attributes.

    Parameters
    ----------
    part
        Out of :func:`moments`.
    weights
        float (r, b): how often each batch counts; the first line is the start for the others.
    penalty
        Weight of the sum of sizes against half the mean squared error.

    Returns
    -------
    Fitted.
    """
    d, t, k = part.xy.shape[1], part.xy.shape[2], len(part.attributes)
    step = max(1, BLOCK // (d * max(d, t)))
    sizes, explained = np.empty((len(weights), d, k)), np.empty((len(weights), k))
    start = None
    for first in [0, *range(1, len(weights), step)]:
        last = first + step if first else 1
        standard = _standardise(part.weighted(weights[first:last]), part.starts)
        found = solve(standard.gram, standard.cross, part.starts, penalty, start)
        start = found[:1] if start is None else start
        sizes[first:last] = np.sqrt(np.add.reduceat(found**2, part.starts[:-1], axis=2))
        told = (found * (2 * standard.cross - standard.gram @ found)).sum(axis=1)
        explained[first:last] = np.add.reduceat(told, part.starts[:-1], axis=1)
    return Fitted(sizes, explained)


def held_out(part: Moments, penalty: float) -> tuple[Floats, Floats]:
    """Squared error of prediction on folds not trained on, and that of the mean.

    Returns
    -------
    float64 (b, k) each: a line for each batch.
    """
    b = len(part.n)
    fold = np.arange(b) % min(FOLDS, b)
    error, spread = np.zeros((b, len(part.attributes))), np.zeros((b, len(part.attributes)))
    start = None
    for out in range(int(fold.max()) + 1):
        fitted = part.weighted((fold != out)[None].astype(np.float64))
        standard = _standardise(fitted, part.starts)
        start = solve(standard.gram, standard.cross, part.starts, penalty, start)
        scale = standard.target_scale[0][None, :] / standard.code_scale[0][:, None]
        slope = start[0] * scale
        rows = max(float(fitted.n[0]), 1.0)
        mean_y, mean_x = fitted.y[0] / rows, fitted.x[0] / rows
        base = mean_y - mean_x @ slope
        test = fold == out
        n, x, y, yy = part.n[test, None], part.x[test], part.y[test], part.yy[test]
        square = np.einsum("dt,bdt->bt", slope, part.xx[test] @ slope)
        crossed = np.einsum("dt,bdt->bt", slope, part.xy[test])
        missed = yy - 2 * base * y - 2 * crossed + n * base**2 + 2 * base * (x @ slope) + square
        around = yy - 2 * mean_y * y + n * mean_y**2
        error[test] = np.add.reduceat(missed, part.starts[:-1], axis=1)
        spread[test] = np.add.reduceat(around, part.starts[:-1], axis=1)
    return error, spread


def fit_all(
    codes: Floats, wanted: Targets, batches: Ints, penalty: float, *, whole: bool
) -> tuple[Floats, Floats, Floats]:
    """Fit all rows and, unless ``whole``, without each batch: sizes, shares told there, held out.

    Returns
    -------
    float64 (r, d, k), (r, k), (k,).
    """
    k, b = wanted.known.shape[1], int(batches.max()) + 1
    weights = np.ones((1, b)) if whole else np.vstack([np.ones((1, b)), 1 - np.eye(b)])
    sizes, inside = np.zeros((len(weights), codes.shape[1], k)), np.zeros((len(weights), k))
    told = np.zeros(k)
    for part in moments(codes, wanted, batches):
        sizes[:, :, part.attributes], inside[:, part.attributes] = fit(part, weights, penalty)
        error, spread = (rows.sum(axis=0) for rows in held_out(part, penalty))
        told[part.attributes] = np.where(spread > 0, 1 - error / np.maximum(spread, 1e-300), 0)
    return sizes, inside, told


def without_copies(codes: Floats) -> tuple[Floats, Ints]:
    """Standardise the codes and keep one of each set of copies (up to sign and scale).

    A lasso can't tell copies apart: which of them gets the weight would hang on their order.
    Returns the kept columns and, for each dimension, which of them is its copy.
    """
    centred = codes - codes.mean(axis=0)
    scale = centred.std(axis=0)
    floor = 1e-12 * np.maximum(np.abs(codes).max(axis=0), 1e-300)
    z = np.where(scale > floor, centred / np.where(scale > floor, scale, 1), 0)
    alike = np.abs(z.T @ z) / len(z) > 1 - 1e-9
    first = np.where(alike.any(axis=1), alike.argmax(axis=1), np.arange(z.shape[1]))
    kept, copies = np.unique(first, return_inverse=True)
    return z[:, kept], copies.ravel()


def share_out(sizes: Floats, copies: Ints) -> Floats:
    """Give each copy its equal part of the importance of what it is a copy of."""
    return np.asarray(sizes[:, copies] / np.bincount(copies)[copies][None, :, None])


def solve(
    gram: Floats, cross: Floats, starts: Ints, penalty: float, start: Floats | None = None
) -> Floats:
    """Minimise ½|B|²_gram - <cross, B> + penalty·Σ sizes by coordinate descent.

    Parameters
    ----------
    gram
        float (r, d, d), correlations; a row of zeros for a constant dimension.
    cross
        float (r, d, t).
    starts
        First column of each group of columns, and t.
    penalty
        0 or more.
    start
        float (r or 1, d, t): where to begin; ``None``: 0.

    Returns
    -------
    float64 (r, d, t).
    """
    found = np.zeros_like(cross)
    if start is not None:
        found += start
    # Only dimensions that pull more than the penalty can move; the others are looked at again
    # once these have come to rest.
    active, rested = (found != 0).any(axis=(0, 2)), False
    for _ in range(ROUNDS):
        pull = cross - gram @ found
        size = np.sqrt(np.add.reduceat(pull**2, starts[:-1], axis=2))
        late = (size > penalty * (1 + TOLERANCE)).any(axis=(0, 2)) & ~active
        if rested and not late.any():
            break
        active |= late
        rested = True
        _descend(gram, cross, starts, penalty, np.flatnonzero(active), found)
    return found


def _descend(
    gram: Floats, cross: Floats, starts: Ints, penalty: float, active: Ints, found: Floats
) -> None:
    """Move some dimensions of ``found``, in place, until none moves any more."""
    width = np.diff(starts)
    gram, cross = gram[:, active[:, None], active], cross[:, active]
    diagonal = np.einsum("rjj->rj", gram)
    part = found[:, active]
    for _ in range(SWEEPS):
        moved = 0.0
        for j in range(len(active)):
            old = part[:, j]
            pull = cross[:, j] - (gram[:, None, j] @ part)[:, 0] + diagonal[:, j, None] * old
            size = np.sqrt(np.add.reduceat(pull**2, starts[:-1], axis=1))
            keep = np.maximum(1 - penalty / np.maximum(size, 1e-300), 0)
            new = pull * np.repeat(keep, width, axis=1)
            moved = max(moved, float(np.abs(new - old).max()))
            part[:, j] = new
        if moved < TOLERANCE:
            break
    found[:, active] = part


def _standardise(sums: Moments, starts: Ints) -> Standard:
    n = np.maximum(sums.n, 1)[:, None]
    x, y = sums.x / n, sums.y / n
    covariance = sums.xx / n[:, :, None] - x[:, :, None] * x[:, None, :]
    between = sums.xy / n[:, :, None] - x[:, :, None] * y[:, None, :]
    variance = np.einsum("rjj->rj", covariance)
    there = variance > 1e-10
    scale = np.sqrt(np.where(there, variance, 1))
    spread = np.add.reduceat(np.maximum(sums.yy / n - y**2, 0), starts[:-1], axis=1)
    target = np.repeat(np.sqrt(np.where(spread > 1e-12, spread, 1)), np.diff(starts), axis=1)
    gram = covariance / (scale[:, :, None] * scale[:, None, :])
    gram = gram * there[:, :, None] * there[:, None, :]
    cross = between / (scale[:, :, None] * target[:, None, :]) * there[:, :, None]
    return Standard(gram, cross, scale, target)
