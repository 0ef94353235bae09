"""Is there any association at all? All questions at once, against shared permutations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.shelves.features import nonlinear, standardise
from tanaoroshi.shelves.targets import embed
from tanaoroshi.stats.discretize import discretize, discretize_codes
from tanaoroshi.stats.information import cross
from tanaoroshi.stats.resample import permuted_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.records.attributes import Kind
    from tanaoroshi.shelves.settings import ShelfSettings

# Nearness features of the test for what only several dimensions together tell; few, since the
# test needs to see something, not to predict it.
TEST_LANDMARKS = 64
TEST_KNOTS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """Statistics of k attributes that are known for the same rows.

    Attributes
    ----------
    information
        float64 (d, k): normalised mutual information (plug-in).
    null
        float64 (B, d, k): the same under permutations.
    joint
        float64 (2, k): share of the attribute that a ridge regression on all dimensions fits,
        linear and nonlinear.
    joint_null
        float64 (B, 2, k).
    code_bins, attribute_bins
        The classes that were counted, (n, d) and (n, k).
    """

    information: Floats
    null: Floats
    joint: Floats
    joint_null: Floats
    code_bins: Ints
    attribute_bins: Ints

    @property
    def statistics(self) -> Floats:
        """All statistics, (d + 2, k)."""
        return np.concatenate([self.information, self.joint])

    @property
    def null_statistics(self) -> Floats:
        """All statistics under permutations, (B, d + 2, k)."""
        return np.concatenate([self.null, self.joint_null], axis=1)

    @property
    def expected(self) -> Floats:
        """Mean information under chance, (d, k)."""
        return np.asarray(self.null.mean(axis=0), dtype=np.float64)

    @property
    def adjusted(self) -> Floats:
        """Information above chance, 0 to 1, (d, k), as :func:`adjust` defines it."""
        return np.clip(adjust(self.information, self.expected), 0, 1)


def adjust(information: Floats, expected: Floats) -> Floats:
    """Put chance at 0 and everything at 1 (N. X. Vinh, J. Epps, J. Bailey, JMLR 11, 2010)."""
    return (information - expected) / np.maximum(1 - expected, 1e-12)


def measure_chance(
    codes: Floats,
    values: Floats,
    kinds: list[Kind],
    group: Ints | None,
    *,
    settings: ShelfSettings,
    rng: np.random.Generator,
    tick: Callable[[], None],
) -> Chance:
    """Measure association of every dimension, and of all together, with k attributes.

    Parameters
    ----------
    codes
        float64 (n, d).
    values
        float64 (n, k), nothing missing. Permutations draw among these rows alone, so that which
        values are missing may have to do with the codes.
    kinds
        k kinds.
    group
        int64 (n,) or ``None``.
    settings, rng
        See :class:`~tanaoroshi.shelves.settings.ShelfSettings`.
    tick
        Called after each permutation.

    Returns
    -------
    Chance
    """
    n, k = values.shape
    bins = max(2, min(settings.bins, int(np.sqrt(n / 5))))
    code_bins = discretize_codes(codes, bins)
    attribute_bins = np.column_stack([discretize(values[:, a], kinds[a], bins) for a in range(k)])
    crossing = cross(code_bins, attribute_bins)
    targets = [embed(values[:, a], kinds[a]) for a in range(k)]
    centred = np.hstack([(t - t.mean(axis=0)) / np.sqrt(t.var(axis=0).sum()) for t in targets])
    ends = np.cumsum([0, *(t.shape[1] for t in targets)])[:-1]
    probes = [
        _smoother(standardise(codes)),
        _smoother(nonlinear(codes, TEST_KNOTS, TEST_LANDMARKS, rng=rng)),
    ]
    widths = np.cumsum([probe.shape[1] for probe in probes])[:-1]
    hat = np.ascontiguousarray(np.hstack(probes).T)

    def joint(target: Floats) -> Floats:
        squared = np.add.reduceat((hat @ target) ** 2, ends, axis=1) / n
        return np.stack([part.sum(axis=0) for part in np.split(squared, widths)])

    null = np.empty((settings.permutations, codes.shape[1], k))
    joint_null = np.empty((settings.permutations, 2, k))
    for b in range(settings.permutations):
        order = permuted_rows(n, group, rng=rng)
        null[b] = crossing.information(crossing.counts(order)).normalised()
        joint_null[b] = joint(centred[order])
        tick()
    return Chance(
        information=crossing.information(crossing.counts()).normalised(),
        null=null,
        joint=joint(centred),
        joint_null=joint_null,
        code_bins=code_bins,
        attribute_bins=attribute_bins,
    )


def _smoother(features: Floats) -> Floats:
    """Return (n, q) whose products with a target give what ridge regression fits of it."""
    left, values, _ = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    squared = values**2
    penalty = 0.1 * max(float(squared.mean()), 1e-12)
    return np.asarray(left * np.sqrt(squared / (squared + penalty)), dtype=np.float64)
