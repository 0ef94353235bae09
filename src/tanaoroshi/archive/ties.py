"""Which attributes go together in the collection, pair by pair."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.stocktake import Tie
from tanaoroshi.stats.association import (
    circular_circular,
    circular_linear,
    correlation_ratio,
    cramers_v,
    spearman,
)
from tanaoroshi.stats.multiple_tests import benjamini_hochberg
from tanaoroshi.stats.resample import group_folds, group_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Attributes, Floats, Ints, Kind
    from tanaoroshi.records.progress import Progress

LEVEL = 0.95
PERMUTATIONS = 300
CHANCE_PERMUTATIONS = 20
"""For the chance level: its mean is then known to a quarter of its own spread, which is small."""
BLOCKS = 40
"""Of the jackknife: t intervals with 39 degrees of freedom."""
FEWEST = 8
"""Images on which both attributes are known; below it no tie is reported."""


class _Measure(NamedTuple):
    name: str
    strength: Callable[[Floats, Floats], float]
    """Of columns a and b without missing values: 0 to 1, or NaN where undefined."""
    sign: Callable[[Floats, Floats], float]


def find_ties(
    attributes: Attributes, *, rng: np.random.Generator, progress: Progress | None = None
) -> tuple[Tie, ...]:
    """Measure how strongly every two attributes go together, strongest first.

    ===================================  ========================================
    kinds                                measure (0 to 1)
    ===================================  ========================================
    nominal and nominal                  bias-corrected Cramér's V
    nominal and ordinal or continuous    correlation ratio of the ranks
    nominal and circular                 length of the mean vectors between classes, as a ratio
    ordinal, continuous                  Spearman's rank correlation, without its sign
    circular and ordinal or continuous   Mardia's circular–linear correlation with the ranks
    circular and circular                Fisher and Lee's correlation, without its sign
    ===================================  ========================================

    A pair is measured on the images where both are known. The interval is a delete-a-group
    jackknife over blocks of whole groups, on Fisher's z scale. The p-value compares with deals in
    which every group takes the values of another group, on one statistic for all kinds (the squared
    covariance of whitened indicators, ranks, cosines and sines: Pillai's trace), its tail by a
    Pearson III curve through the deals' first three moments; then Benjamini and Hochberg over all
    pairs. Unlike the permutations for shelves these do not hold the size of groups fixed: that an
    attribute belongs to large groups (only people come in skin tones) is itself a tie.

    References
    ----------
    P. S. Kott, The Delete-a-Group Jackknife, J. Official Statistics 17, 2001. J. Josse, J. Pagès,
    F. Husson, Testing the significance of the RV coefficient, CSDA 53, 2008 (the Pearson III
    tail). W. Bergsma 2013; K. V. Mardia 1976; N. I. Fisher, A. J. Lee 1983.
    """
    columns = [j for j, spec in enumerate(attributes.specs) if spec.kind != "text"]
    p_values = _pillai_p(attributes, columns, rng)
    drawn = [
        _dealt_rows(len(attributes), attributes.group, rng) for _ in range(CHANCE_PERMUTATIONS)
    ]
    block = _blocks(attributes, rng)
    pairs = [pair for pair in combinations(columns, 2) if pair in p_values]
    adjusted = benjamini_hochberg([p_values[pair] for pair in pairs])
    ties: list[Tie] = []
    for done, (pair, p) in enumerate(zip(pairs, adjusted, strict=True), start=1):
        tie = _tie(attributes, pair, float(p), drawn, block)
        if tie is not None:
            ties.append(tie)
        if progress is not None:
            progress(done, len(pairs), "ties")
    return tuple(sorted(ties, key=lambda t: -t.estimate.value))


def _tie(
    attributes: Attributes,
    pair: tuple[int, int],
    p: float,
    drawn: list[Ints],
    block: Ints,
) -> Tie | None:
    """Measure one pair; nothing where the measure is undefined (a constant column)."""
    i, j = pair
    a, b = attributes.values[:, i], attributes.values[:, j]
    measure, swap = _measure(attributes.specs[i].kind, attributes.specs[j].kind)
    if swap:
        a, b = b, a
    known = np.isfinite(a) & np.isfinite(b)
    value = measure.strength(a[known], b[known])
    if not np.isfinite(value):
        return None
    low, high = _jackknife(measure, a[known], b[known], block[known], value)
    estimate = Estimate(
        value=value,
        low=low,
        high=high,
        chance=_chance(measure, a, b, drawn),
        n=int(known.sum()),
        method=f"{measure.name}; delete-a-group jackknife, {BLOCKS} blocks, Fisher's z",
        level=LEVEL,
    )
    return Tie(
        a=attributes.specs[i].name,
        b=attributes.specs[j].name,
        measure=measure.name,
        estimate=estimate,
        p_adjusted=p,
        sign=int(np.sign(measure.sign(a[known], b[known]))),
    )


def _chance(measure: _Measure, a: Floats, b: Floats, drawn: list[Ints]) -> float:
    """Mean strength when one column is dealt out anew."""
    under_null = []
    for order in drawn:
        dealt = b[order]
        known = np.isfinite(a) & np.isfinite(dealt)
        under_null.append(measure.strength(a[known], dealt[known]) if known.sum() > 1 else np.nan)
    found = np.asarray(under_null)[np.isfinite(under_null)]
    return float(found.mean()) if len(found) else 0.0


def _jackknife(
    measure: _Measure, a: Floats, b: Floats, block: Ints, value: float
) -> tuple[float, float]:
    """Return the ends of the interval, leaving out one block of whole groups at a time."""
    if value >= 1 - 1e-9:
        return 1.0, 1.0
    blocks = np.unique(block)
    left = np.array([measure.strength(a[block != k], b[block != k]) for k in blocks])
    left = left[np.isfinite(left)]
    r = len(left)
    if r < 2:
        return 0.0, 1.0
    z = np.arctanh(np.minimum(left, 1 - 1e-9))
    centre = np.arctanh(value)
    se = np.sqrt((r - 1) / r * np.square(z - centre).sum())
    half = float(stats.t.ppf(0.5 + LEVEL / 2, r - 1)) * se
    return max(0.0, float(np.tanh(centre - half))), float(np.tanh(centre + half))


def _blocks(attributes: Attributes, rng: np.random.Generator) -> Ints:
    n = len(attributes)
    groups = int(group_index(n, attributes.group).max(initial=-1)) + 1
    if groups < 2:
        return np.zeros(n, dtype=np.int64)
    return group_folds(n, attributes.group, min(BLOCKS, groups), rng=rng)


# --- the measures -----------------------------------------------------------------------------


def _measure(a: Kind, b: Kind) -> tuple[_Measure, bool]:
    """Return the measure of two kinds, and whether the columns must change places for it."""
    family = {"nominal": 0, "circular": 1, "ordinal": 2, "continuous": 2}
    x, y = family[a], family[b]
    return MEASURES[min(x, y), max(x, y)], x > y


def _no_sign(a: Floats, b: Floats) -> float:
    return 0.0


def _circular_ratio(classes: Floats, angle: Floats) -> float:
    """Correlation ratio of the unit vectors given classes; 0 to 1."""
    vectors = np.column_stack([np.cos(angle), np.sin(angle)])
    centred = vectors - vectors.mean(axis=0)
    total = float(np.square(centred).sum())
    if total <= 1e-12 * len(angle) or len(np.unique(classes)) < 2:
        return float("nan")
    _, index, counts = np.unique(classes, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(index, centred[:, k]) for k in range(2)], axis=1)
    return float(np.sqrt(min(1.0, float((np.square(sums) / counts[:, None]).sum()) / total)))


def _ratio_of_ranks(classes: Floats, x: Floats) -> float:
    if len(np.unique(classes)) < 2:
        return float("nan")
    return float(correlation_ratio(stats.rankdata(x), classes.astype(np.int64)))


def _mardia_of_ranks(angle: Floats, x: Floats) -> float:
    return float(circular_linear(stats.rankdata(x), angle))


MEASURES: dict[tuple[int, int], _Measure] = {
    (0, 0): _Measure(
        "Cramér's V (bias-corrected)",
        lambda a, b: cramers_v(a.astype(np.int64), b.astype(np.int64)),
        _no_sign,
    ),
    (0, 1): _Measure("circular correlation ratio", _circular_ratio, _no_sign),
    (0, 2): _Measure("correlation ratio of ranks", _ratio_of_ranks, _no_sign),
    (1, 1): _Measure(
        "circular correlation (Fisher-Lee)",
        lambda a, b: abs(circular_circular(a, b)),
        circular_circular,
    ),
    (1, 2): _Measure("circular-linear correlation of ranks", _mardia_of_ranks, _no_sign),
    (2, 2): _Measure(
        "Spearman's rank correlation",
        lambda a, b: abs(float(spearman(a, b))),
        lambda a, b: float(spearman(a, b)),
    ),
}


# --- one test for all kinds ---------------------------------------------------------------------


def _pillai_p(
    attributes: Attributes, columns: list[int], rng: np.random.Generator
) -> dict[tuple[int, int], float]:
    """Return the p-value of every pair of columns that both vary on enough common images."""
    embedded = [_whitened(attributes.values[:, j], attributes.specs[j].kind) for j in columns]
    known = np.isfinite(attributes.values[:, columns]).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum([e.shape[1] for e in embedded])])
    everything = np.concatenate(embedded, axis=1).astype(np.float32)
    observed = _statistics(everything, known, starts, np.arange(len(known)))
    null = np.stack(
        [
            _statistics(
                everything,
                known,
                starts,
                _dealt_rows(len(known), attributes.group, rng),
            )
            for _ in range(PERMUTATIONS)
        ]
    )
    common = known.T @ known
    return {
        (columns[i], columns[j]): _pearson_iii_tail(observed[i, j], null[:, i, j])
        for i, j in combinations(range(len(columns)), 2)
        if common[i, j] >= FEWEST and embedded[i].shape[1] and embedded[j].shape[1]
    }


def _dealt_rows(n: int, group: Ints | None, rng: np.random.Generator) -> Ints:
    """Return for each row another row, so that each group takes its values from one other group.

    The partner's rows are shuffled, and repeated or cut to the size of the group: the dependence
    within groups, and with it the spread of any statistic, stays as it is.
    """
    if group is None:
        return rng.permutation(n)
    index = group_index(n, group)
    order = np.lexsort((rng.random(n), index))
    sizes = np.bincount(index)
    starts = np.cumsum(sizes) - sizes
    partner = rng.permutation(len(sizes))[index[order]]
    within = np.arange(n) - starts[index[order]]
    dealt = np.empty(n, dtype=np.int64)
    dealt[order] = order[starts[partner] + within % sizes[partner]]
    return dealt


def _whitened(column: Floats, kind: Kind) -> NDArray[np.float64]:
    """Return the column as centred, uncorrelated features, 0 where missing; none if constant."""
    known = np.isfinite(column)
    x = column[known]
    if kind == "nominal":
        features = (x[:, None] == np.unique(x)).astype(np.float64)
    elif kind == "circular":
        features = np.column_stack([np.cos(x), np.sin(x)])
    else:
        features = stats.rankdata(x)[:, None] if len(x) else np.empty((0, 1))
    if len(np.unique(x)) < 2:
        return np.zeros((len(column), 0))
    left, size, _ = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    kept = left[:, size > 1e-9 * size[0]]
    whitened = np.zeros((len(column), kept.shape[1]))
    whitened[known] = kept * np.sqrt(len(x))
    return whitened


def _statistics(
    everything: NDArray[np.float32],
    known: NDArray[np.float32],
    starts: NDArray[np.int64],
    order: Ints,
) -> NDArray[np.float64]:
    """Pillai's trace of every two columns, the second one in another order of rows, (k, k)."""
    cross = np.square(everything.T @ everything[order], dtype=np.float64)
    common = (known.T @ known[order]).astype(np.float64)
    ends = starts[:-1]
    if not cross.size:
        return np.zeros_like(common)
    padded = np.pad(cross, (0, 1)).cumsum(axis=0).cumsum(axis=1)
    corner = np.pad(padded, ((1, 0), (1, 0)))
    upper = starts[1:]
    total = (
        corner[np.ix_(upper, upper)]
        - corner[np.ix_(ends, upper)]
        - corner[np.ix_(upper, ends)]
        + corner[np.ix_(ends, ends)]
    )
    result: NDArray[np.float64] = total / np.square(np.maximum(common, 1.0))
    return result


def _pearson_iii_tail(observed: float, null: Floats) -> float:
    """Chance that a Pearson III variable with the moments of the null reaches the observed."""
    mean, spread = float(null.mean()), float(null.std(ddof=1))
    if spread <= 1e-12 * max(mean, 1e-300):
        return 1.0
    skew = float(np.clip(stats.skew(null), 1e-3, None))
    tail = float(stats.pearson3.sf((observed - mean) / spread, skew))
    # As certain as the permutations themselves allow, where they reach as far.
    reached = int((null >= observed).sum())
    return (reached + 1) / (len(null) + 1) if reached >= 10 else min(1.0, max(tail, 1e-300))
