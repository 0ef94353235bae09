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
from scipy import sparse

from tanaoroshi.records.attributes import Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.records.attributes import Kind

TOLERANCE = 1e-6
SWEEPS = 1000
FOLDS = 5


class Targets(NamedTuple):
    """Attributes as numbers: sparse (n, t), each one's first column, and where it is known."""

    columns: sparse.csr_matrix
    starts: Ints
    known: Ints


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


def moments(codes: Floats, wanted: Targets, batches: Ints) -> list[Moments]:
    """Add up products batch by batch; one :class:`Moments` for each pattern of missing rows."""
    patterns, pattern = np.unique(wanted.known, axis=1, return_inverse=True)
    found = []
    for p in range(patterns.shape[1]):
        mine = np.flatnonzero(pattern.ravel() == p)
        width = wanted.starts[mine + 1] - wanted.starts[mine]
        chosen = np.concatenate([np.arange(wanted.starts[a], wanted.starts[a + 1]) for a in mine])
        y = wanted.columns[:, chosen]
        sums = []
        for b in range(int(batches.max()) + 1):
            rows = np.flatnonzero((batches == b) & patterns[:, p])
            z, part = codes[rows], y[rows]
            squares = np.asarray(part.multiply(part).sum(axis=0)).ravel()
            total = np.asarray(part.sum(axis=0)).ravel()
            sums.append((len(rows), z.sum(axis=0), z.T @ z, total, squares, (part.T @ z).T))
        stacked = (
            np.stack([np.asarray(s, dtype=np.float64) for s in part])
            for part in zip(*sums, strict=True)
        )
        starts = np.concatenate([[0], np.cumsum(width)])
        found.append(Moments(mine, starts, *stacked))
    return found


def importance(parts: Sequence[Moments], weights: Floats, k: int, penalty: float) -> Floats:
    """Size of the coefficients in resamples, for standardised codes and attributes.

    Parameters
    ----------
    parts
        From :func:`moments`.
    weights
        float (r, b): how often each batch counts.
    k
        Number of attributes.
    penalty
        Weight of the sum of sizes against half the mean squared error.

    Returns
    -------
    float64 (r, d, k), 0 or more.
    """
    sizes = np.zeros((len(weights), parts[0].x.shape[1], k))
    for part in parts:
        standard = _standardise(part.weighted(weights), part.starts)
        coefficients = solve(standard.gram, standard.cross, part.starts, penalty)
        sizes[:, :, part.attributes] = _size(coefficients, part.starts)
    return sizes


def held_out(parts: Sequence[Moments], k: int, penalty: float) -> tuple[Floats, Floats]:
    """Squared error of prediction on folds not trained on, and that of the mean.

    Returns
    -------
    float64 (b, k) each: a line for each batch.
    """
    b = len(parts[0].n)
    fold = np.arange(b) % min(FOLDS, b)
    train = (fold[None, :] != np.arange(fold.max() + 1)[:, None]).astype(np.float64)
    error, spread = np.zeros((b, k)), np.zeros((b, k))
    for part in parts:
        fitted = part.weighted(train)
        standard = _standardise(fitted, part.starts)
        b_std = solve(standard.gram, standard.cross, part.starts, penalty)
        scale = standard.target_scale[:, None, :] / standard.code_scale[:, :, None]
        slope = (b_std * scale)[fold]
        rows = np.maximum(fitted.n, 1)[:, None]
        mean_y, mean_x = (fitted.y / rows)[fold], (fitted.x / rows)[fold]
        start = mean_y - np.einsum("bd,bdt->bt", mean_x, slope)
        n = part.n[:, None]
        linear = np.einsum("bd,bdt->bt", part.x, slope)
        square = np.einsum("bdt,bde,bet->bt", slope, part.xx, slope, optimize=True)
        crossed = np.einsum("bdt,bdt->bt", slope, part.xy)
        missed = (
            part.yy - 2 * start * part.y - 2 * crossed + n * start**2 + 2 * start * linear + square
        )
        around = part.yy - 2 * mean_y * part.y + n * mean_y**2
        error[:, part.attributes] = np.add.reduceat(missed, part.starts[:-1], axis=1)
        spread[:, part.attributes] = np.add.reduceat(around, part.starts[:-1], axis=1)
    return error, spread


def solve(gram: Floats, cross: Floats, starts: Ints, penalty: float) -> Floats:
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

    Returns
    -------
    float64 (r, d, t).
    """
    found = np.zeros_like(cross)
    width = np.diff(starts)
    diagonal = np.einsum("rjj->rj", gram)
    active = np.flatnonzero((diagonal > 0).any(axis=0))
    for _ in range(SWEEPS):
        moved = 0.0
        for j in active:
            old = found[:, j]
            pull = cross[:, j] - (gram[:, None, j] @ found)[:, 0] + diagonal[:, j, None] * old
            size = np.sqrt(np.add.reduceat(pull**2, starts[:-1], axis=1))
            keep = np.maximum(1 - penalty / np.maximum(size, 1e-300), 0)
            new = pull * np.repeat(keep, width, axis=1)
            moved = max(moved, float(np.abs(new - old).max()))
            found[:, j] = new
        if moved < TOLERANCE:
            break
    return found


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


def _size(coefficients: Floats, starts: Ints) -> Floats:
    return np.asarray(np.sqrt(np.add.reduceat(coefficients**2, starts[:-1], axis=2)))
