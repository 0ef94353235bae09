"""How alike two sets of codes are as wholes: context for what single dimensions say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.metrics.intervals import jackknife
from tanaoroshi.records.attributes import Floats
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.stats.resample import deal_groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.records.attributes import Ints
    from tanaoroshi.records.estimates import Measured

BATCHES = 20
"""Parts of the images, whole groups each, that are left out in turn for the intervals."""


def similarities(
    base: Floats, candidate: Floats, group: Ints | None, *, level: float, rng: np.random.Generator
) -> dict[str, Measured]:
    """Compare two sets of codes of the same images.

    Parameters
    ----------
    base, candidate
        float (n, d) and (n, e).
    group
        int64 (n,) or ``None``.
    level
        Confidence level.
    rng
        Source of chance: which groups are left out together.

    Returns
    -------
    ``linear_cka``: linear centred kernel alignment (S. Kornblith and others, 2019,
    arXiv 1905.00414), 0 to 1. ``procrustes``: 1 minus the squared distance after the best rotation
    and scale, both codes centred and of unit norm (J. C. Gower, 1975), 0 to 1. Neither sees a
    rotation: codes whose every shelf was broken by one score 1. Intervals by the jackknife over
    batches of groups; chance by pairing the images anew.
    """
    place = deal_groups(len(base), group, BATCHES, rng=rng)
    shuffled = candidate[rng.permutation(len(candidate))]
    found: dict[str, Measured] = {}
    measures: dict[str, Callable[[_Sums], float]] = {
        "linear_cka": _cka,
        "procrustes": _procrustes,
    }
    sums = [_Sums.of(base[place == b], candidate[place == b]) for b in range(BATCHES)]
    by_chance = _Sums.of(base, shuffled)
    total = sums[0]
    for part in sums[1:]:
        total = total.plus(part)
    for name, measure in measures.items():
        value = measure(total)
        left = [measure(total.plus(part, -1)) for part in sums if part.n]
        ends = jackknife(np.array(value), np.array(left), level=level)
        low, high = max(float(ends[0]), 0.0), min(float(ends[1]), 1.0)
        method = f"{name}, jackknife over {len(left)} batches of groups"
        found[name] = Estimate(value, low, high, measure(by_chance), len(base), method, level)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Counts, sums and products of rows: all that both measures need to know."""

    n: int
    x: Floats
    y: Floats
    products: tuple[Floats, Floats, Floats]

    @classmethod
    def of(cls, a: Floats, b: Floats) -> _Sums:
        return cls(len(a), a.sum(axis=0), b.sum(axis=0), (a.T @ a, b.T @ b, a.T @ b))

    def plus(self, other: _Sums, sign: int = 1) -> _Sums:
        first, second, across = (
            p + sign * q for p, q in zip(self.products, other.products, strict=True)
        )
        return _Sums(
            self.n + sign * other.n,
            self.x + sign * other.x,
            self.y + sign * other.y,
            (first, second, across),
        )

    def centred(self) -> tuple[Floats, Floats, Floats]:
        first, second, across = self.products
        return (
            first - np.outer(self.x, self.x) / self.n,
            second - np.outer(self.y, self.y) / self.n,
            across - np.outer(self.x, self.y) / self.n,
        )


def _cka(sums: _Sums) -> float:
    first, second, across = sums.centred()
    length = np.linalg.norm(first) * np.linalg.norm(second)
    return float(np.clip(np.sum(across**2) / length, 0, 1)) if length > 0 else 0.0


def _procrustes(sums: _Sums) -> float:
    first, second, across = sums.centred()
    length = np.trace(first) * np.trace(second)
    if length <= 0:
        return 0.0
    nuclear = np.linalg.svd(across, compute_uv=False).sum()
    return float(np.clip(nuclear**2 / length, 0, 1))
