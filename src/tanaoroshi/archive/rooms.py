"""How much of the code each attribute occupies, and in how many directions.

*How much.* A regression on the attribute's columns (curves along numbers and circles, a mean for
each value; missing is a value too) foretells the whitened code z of groups that it has not seen;
the share is the sum of foretold · z over that of z · z, about the mean. What noise feigns in the
regression is unrelated to unseen groups, so the share is free of its bias: 0 on average where there
is nothing, and no larger for few images than for many. Every direction of the whitened code has
variance 1: it is the mean over its directions of the explained share of variance (R²). ``own`` is
what all attributes together explain more than all others. Sums of attributes only: what two say
together and neither alone counts as explained by none.

*In how many directions.* Let B be the covariance of what the attribute foretells; its eigenvalues
are squared canonical correlations with the code. (tr B)² / tr B² is their number in effect: 1 where
all lies in one direction, m where m hold it alike (participation ratio; as Hill's number of order
2). Noise would add directions, so that tr B is taken between two different quarters of the groups,
and tr B² between two pairs of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from tanaoroshi.archive.counts import LEVEL, deal_blocks
from tanaoroshi.metrics.intervals import jackknife_error
from tanaoroshi.records.attributes import Floats
from tanaoroshi.records.coded import Room, Rooms
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tanaoroshi.archive.marks import Marks
    from tanaoroshi.records.attributes import Ints
    from tanaoroshi.records.progress import Progress

BLOCKS = 20
PENALTY = 0.5
"""Independent images at the mean that join those of each column, so that rare values don't rave."""
DEALS = 3
"""Ways in which the blocks are dealt out to quarters."""
FAINT = 0.005
"""Directions of an attribute are counted where it surely foretells more of the code than this."""
WIDE = np.log(4)
"""Where the number may as well be four times as large, none is told."""


def find_rooms(
    codes: Floats,
    marks: Sequence[Marks],
    index: Ints | None,
    *,
    decided: Collection[frozenset[str]] = (),
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Rooms | None:
    """Measure what each attribute occupies of the code.

    Parameters
    ----------
    codes
        float (n, r), whitened: see :func:`~tanaoroshi.archive.marks.whitening`.
    marks
        The attributes, one at least.
    index
        int64 (n,): the group of each row, 0..m-1; ``None``: each stands alone.
    decided
        Pairs of attributes of which one is a function of the other: neither counts among "all
        others" of the other.
    rng
        Source of chance: which groups form a block.
    progress
        Told after each attribute.

    Returns
    -------
    For each attribute, in their order; ``None`` where there are fewer than 20 groups.
    """
    block = deal_blocks(len(codes), index, BLOCKS, rng=rng)
    if not marks or int(block.max(initial=-1)) + 1 < BLOCKS:
        return None
    tables = [np.column_stack([one.table, ~one.known]) for one in marks]
    owner = np.repeat(np.arange(len(marks)), [table.shape[1] for table in tables])
    sums = _sums(tables, codes, block, _penalty(index, len(codes)))
    everything = sums.foretold()
    deals = [rng.permutation(BLOCKS) % 4 for _ in range(DEALS)]
    n, r = codes.shape
    each = []
    for k, one in enumerate(marks):
        mine = sums.of(np.flatnonzero(owner == k))
        share = _share(mine.foretold(), sums.zz, n, r, "share of the whitened code")
        # What is the same thing by another name would leave nothing to call its own.
        same = [
            j
            for j, other in enumerate(marks)
            if frozenset((one.spec.name, other.spec.name)) in decided
        ]
        without = sums.of(np.flatnonzero(~np.isin(owner, [k, *same]))).foretold()
        beside = everything
        if same:
            beside = sums.of(np.flatnonzero(~np.isin(owner, same))).foretold()
        own = _share(beside - without, sums.zz, n, r, "the same beyond all other attributes")
        each.append(Room(one.spec.name, share, own, _directions(mine, deals, share)))
        if progress is not None:
            progress(k + 1, len(marks), "what each attribute occupies")
    together = _share(everything, sums.zz, n, r, "share of the whitened code, all attributes")
    return Rooms(tuple(each), together)


def _penalty(index: Ints | None, n: int) -> float:
    """Return how many rows are as good as ``PENALTY`` independent images."""
    if index is None:
        return PENALTY
    sizes = np.bincount(index).astype(np.float64)
    return PENALTY * float((sizes**2).sum() / n)


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Products of columns and codes by block, and the regressions that they allow.

    ``n`` (K,), ``x`` (K, p), ``z`` (K, r), ``xx`` (K, p, p), ``xz`` (K, p, r), ``zz`` (K,).
    """

    n: Floats
    x: Floats
    z: Floats
    xx: Floats
    xz: Floats
    zz: Floats
    penalty: float

    def of(self, columns: Ints) -> _Sums:
        """Return the same of some columns."""
        xx = self.xx[:, columns[:, None], columns]
        return replace(self, x=self.x[:, columns], xx=xx, xz=self.xz[:, columns])

    def foretold(self) -> Floats:
        """Return the sum of foretold · z of each block when all others foretell it, float (K,)."""
        out = np.empty(len(self.n))
        parts = (self.n, self.x, self.z, self.xx, self.xz)
        whole = [part.sum(axis=0) for part in parts]
        for k in range(len(self.n)):
            n, x, z, xx, xz = (total - part[k] for total, part in zip(whole, parts, strict=True))
            x0, z0 = x / n, z / n
            square = xx - n * np.outer(x0, x0) + self.penalty * np.eye(len(x0))
            slopes = np.linalg.solve(square, xz - n * np.outer(x0, z0))
            seen = (
                self.xz[k]
                - np.outer(self.x[k], z0)
                - np.outer(x0, self.z[k])
                + self.n[k] * np.outer(x0, z0)
            )
            out[k] = np.sum(slopes * seen)
        return out

    def root(self) -> Floats:
        """Return a square root of the columns' covariance over all rows, (p, p)."""
        n, x0 = self.n.sum(), self.x.sum(axis=0) / self.n.sum()
        values, vectors = np.linalg.eigh(self.xx.sum(axis=0) / n - np.outer(x0, x0))
        return np.asarray(np.sqrt(np.maximum(values, 0))[:, None] * vectors.T)


def _sums(tables: Sequence[Floats], z: Floats, block: Ints, penalty: float) -> _Sums:
    found = []
    for k in range(BLOCKS):
        at = np.flatnonzero(block == k)
        x, codes = np.hstack([table[at] for table in tables]), z[at]
        found.append(
            (len(at), x.sum(axis=0), codes.sum(axis=0), x.T @ x, x.T @ codes, np.sum(codes**2))
        )
    n, x_sum, z_sum, xx, xz, zz = (
        np.array(part, dtype=np.float64) for part in zip(*found, strict=True)
    )
    return _Sums(n, x_sum, z_sum, xx, xz, zz, penalty)


def _share(foretold: Floats, whole: Floats, n: int, r: int, what: str) -> Estimate:
    """Return a ratio of sums over blocks, with its interval by the delta method.

    As P. Bayle, A. Bayle, L. Janson, L. Mackey (2020, arXiv 2007.12671) do with held-out errors.
    """
    value = float(foretold.sum() / whole.sum())
    off = foretold - value * whole
    error = float(np.sqrt(BLOCKS / (BLOCKS - 1) * np.sum(off**2)) / whole.sum())
    half = float(student.ppf((1 + LEVEL) / 2, BLOCKS - 1)) * error
    method = f"{what} ({r} directions) that is foretold of unseen groups, {BLOCKS} folds"
    return Estimate(value, value - half, value + half, 0.0, n, method, LEVEL)


def _directions(mine: _Sums, deals: Sequence[Ints], share: Estimate) -> Measured:
    """Return how many directions an attribute takes in effect."""
    few = Unmeasured(message("it occupies too little for its directions to be counted"))
    if share.low < FAINT:
        return few
    # Of each deal: all blocks, then without each; which blocks are in which quarter.
    kept = np.concatenate([np.ones((1, BLOCKS)), 1 - np.eye(BLOCKS)])
    quarter = np.stack([deal == np.arange(4)[:, None] for deal in deals])
    first, second = _traces(mine, kept[:, None] * quarter[:, None])
    number = np.log(
        np.maximum(first.mean(axis=0), 1e-9) ** 2 / np.maximum(second.mean(axis=0), 1e-12)
    )
    half = float(student.ppf((1 + LEVEL) / 2, BLOCKS - 1)) * float(jackknife_error(number[1:]))
    if half > WIDE:
        return few
    most = float(min(mine.x.shape[1] - 1, mine.z.shape[1]))
    low, middle, high = (
        float(np.clip(np.exp(x), 1.0, most))
        for x in (number[0] - half, number[0], number[0] + half)
    )
    method = (
        "participation ratio of squared canonical correlations, products of different quarters of "
        f"the groups, jackknife of its logarithm over {BLOCKS} blocks"
    )
    return Estimate(middle, low, high, None, share.n, method, LEVEL)


def _traces(mine: _Sums, blocks: Floats) -> tuple[Floats, Floats]:
    """Return tr B and tr B² between quarters; blocks 0 or 1 (..., 4, BLOCKS) → (...)."""
    n = (blocks @ mine.n)[..., None, None]
    x, z = blocks @ mine.x, blocks @ mine.z
    xx = np.tensordot(blocks, mine.xx, axes=1) - x[..., :, None] * x[..., None, :] / n
    xz = np.tensordot(blocks, mine.xz, axes=1) - x[..., :, None] * z[..., None, :] / n
    slopes = np.linalg.solve(xx + mine.penalty * np.eye(x.shape[-1]), xz)
    maps = np.moveaxis(mine.root() @ slopes, -3, 0)
    pairs = list(combinations(range(4), 2))
    crossed = {(i, j): np.swapaxes(maps[i], -1, -2) @ maps[j] for i, j in pairs}
    first = np.mean([np.trace(b, axis1=-2, axis2=-1) for b in crossed.values()], axis=0)
    halves = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
    second = np.mean(
        [
            np.sum(crossed[p] * (crossed[q] + np.swapaxes(crossed[q], -1, -2)), axis=(-2, -1)) / 2
            for p, q in halves
        ],
        axis=0,
    )
    return np.asarray(first), np.asarray(second)
