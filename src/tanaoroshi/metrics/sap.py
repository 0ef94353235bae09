"""Separated attribute predictability (Kumar, Sattigeri & Balakrishnan 2018, arXiv 1711.00848)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.svm import LinearSVC

from tanaoroshi.metrics.intervals import (
    answer_by_draws,
    batch_sums,
    best_by_chance,
    deviations,
    leads,
    nothing_usable,
    pool,
)
from tanaoroshi.metrics.question import (
    Answer,
    Convention,
    Question,
    question,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Ints, Kind
    from tanaoroshi.records.estimates import Measured


class Part(NamedTuple):
    """How well each dimension predicts one attribute, or all of them (then with a last axis k).

    ``value`` (d,); ``centre`` (d,): its bias taken off; ``null`` (B, d): under permutations;
    ``floor``: what a constant dimension scores; ``variation`` (batches, d): what each batch adds.
    """

    value: Floats
    centre: Floats
    null: Floats
    floor: Floats
    variation: Floats


def sap(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    continuous_factors: bool = False,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """How much better the best dimension predicts an attribute than the next best; the mean.

    Parameters
    ----------
    codes
        float (n, d).
    attributes
        (n, k), NaN missing.
    rng
        Source of chance: of interval and chance level; in ``disentanglement_lib`` also of the
        solver.
    kinds
        Of each attribute; ``None``: whole numbers are nominal, others continuous.
    bins
        Nominal attributes, ``paper``: thresholds lie between bins of equal counts.
    continuous_factors
        ``disentanglement_lib``: its setting of that name.
    convention
        ``paper``: a dimension's score is the squared correlation with a continuous attribute (or
        with the places of an ordinal one, or the multiple one with the cosine and sine of a
        circular one), and for a nominal one the balanced accuracy of the best classes between
        thresholds, on the same rows. ``disentanglement_lib``: the squared correlation on the
        first 80 % of rows where ``continuous_factors``, otherwise the accuracy on the rest of a
        linear support vector classifier (C = 0.01, balanced) of the raw values as classes.
    group
        (n,): rows of one group are not independent.
    permutations
        For the chance level.

    Returns
    -------
    Estimate in [0, 1] (a nominal attribute of c values reaches 1 - 1/c), or Unmeasured.

    Raises
    ------
    InputError
        When the arrays do not fit together.
    """
    asked = question(
        codes,
        attributes,
        rng=rng,
        kinds=kinds,
        group=group,
        convention=convention,
        bins=bins,
        permutations=permutations,
    )
    return answer_sap(asked, continuous_factors=continuous_factors).total


def answer_sap(asked: Question, *, continuous_factors: bool = False) -> Answer:
    """Answer for all attributes and for each."""
    if not len(asked.usable):
        return nothing_usable(asked)
    parts = []
    for i, a in enumerate(asked.usable):
        classes = asked.kinds[a] == "nominal"
        if asked.convention == "paper":
            parts.append(_thresholds(asked, i) if classes else _correlation(asked, int(a)))
        elif continuous_factors:
            parts.append(_correlation(asked, int(a)))
        else:
            parts.append(_support_vectors(asked, i))
    how = f"{asked.bins} quantile bins"
    if asked.convention == "disentanglement_lib":
        how = "squared correlation" if continuous_factors else "LinearSVC C=0.01"
    return answer_scores(asked, Part(*(np.stack(x, -1) for x in zip(*parts, strict=True))), how)


def answer_scores(asked: Question, scores: Part, how: str) -> Answer:
    """Turn scores of all attributes into gaps, with interval and chance level."""
    floor = scores.floor
    value, null, centre = (x - floor for x in (scores.value, scores.null, scores.centre))
    moved = deviations(scores.variation, asked.stream("sap"))
    # The best of many noises is no next best; the best of several like ones is too good.
    settled = np.where(centre > best_by_chance(null), centre, 0)
    centres = (centre, settled, pool(settled, moved, axis=0))
    return answer_by_draws(
        asked,
        lambda gaps: gaps.mean(axis=-1),
        lambda gaps: gaps,
        value=_gaps(value),
        null=_gaps(null),
        spans=[(_gaps(c), _gaps(c + moved)) for c in centres],
        method=f"sap ({asked.convention}; {how})",
    )


def _gaps(scores: Floats) -> Floats:
    """Return each attribute's gap between dimensions, (..., d, k) → (..., k)."""
    return leads(np.swapaxes(scores, -1, -2))


def _thresholds(asked: Question, i: int) -> Part:
    """Balanced accuracy between thresholds, out of the table of counts."""
    crossing = asked.crossing
    start, width = int(crossing.starts[i]), int(crossing.classes[i])
    table = asked.counts[start : start + width]
    of_class = np.maximum(table.sum(axis=-1, keepdims=True), 1)
    value = asked.accuracy[:, i]
    null = asked.null_accuracy[:, :, i]
    floor = 1 / width
    # Fitted and scored on the same rows: what chance gains by that, a perfect score can't.
    gained = null.mean(axis=0)
    centre = value - (gained - floor) * (1 - value) / np.maximum(1 - gained, 1e-9)
    guess = (table / of_class).argmax(axis=0)
    right = guess[None, :, :] == np.arange(width)[:, None, None]
    share = (right * table).sum(axis=-1, keepdims=True) / of_class
    effect = np.zeros((width + 1, *table.shape[1:]))
    effect[:width] = (right - share) / (of_class * width)
    variation = asked.cell_sums(effect, i)
    return Part(value, centre, null, np.array(floor), variation)


def _correlation(asked: Question, a: int) -> Part:
    """Squared (multiple) correlation of every dimension with a column of numbers."""
    column = asked.values[:, a]
    used = np.isfinite(column)
    if asked.convention == "disentanglement_lib":
        used &= np.arange(len(column)) < _split(len(column))
    target = column[used][:, None]
    if asked.kinds[a] == "circular" and asked.convention == "paper":
        target = np.hstack([np.cos(target), np.sin(target)])
    basis = np.zeros((len(column), target.shape[1]))
    basis[used] = _orthonormal(target)
    n, q = int(used.sum()), target.shape[1]
    codes = asked.codes - asked.codes[used].mean(axis=0)
    power = (codes[used] ** 2).sum(axis=0)
    there = power > 1e-12 * n
    z = np.where(there, codes / np.sqrt(np.where(there, power, 1)), 0) * used[:, None]
    fitted = basis.T @ z
    value = np.clip((fitted**2).sum(axis=0), 0, 1)
    centre = np.where(there, 1 - (1 - value) * (n - 1) / max(n - q - 1, 1), 0)
    rest = z - basis @ fitted
    variation = batch_sums((1 - value) * z**2 - rest**2, asked.batches)
    # Other rows are known under a permutation: their share of the power, on average.
    free = asked.codes - asked.codes.mean(axis=0)
    whole = (free**2).sum(axis=0) * n / len(column)
    scaled = np.where(there, free / np.sqrt(np.where(there, whole, 1)), 0)
    null = [np.minimum(((basis[o].T @ scaled) ** 2).sum(axis=0), 1) for o in asked.orders]
    return Part(value, centre, np.stack(null), np.array(0.0), variation)


def _support_vectors(asked: Question, i: int) -> Part:
    """Accuracy on the last fifth of a linear classifier on one dimension, fitted on the first."""
    labels = asked.attribute_bins[:, i]
    n, d = asked.codes.shape
    split = _split(n)
    train = np.flatnonzero((labels >= 0) & (np.arange(n) < split))
    test = np.flatnonzero((labels >= 0) & (np.arange(n) >= split))
    state = int(asked.stream("solver").integers(2**31))
    guess = np.empty((len(test), d), dtype=np.int64)
    for j in range(d):
        guess[:, j] = _predict(asked.codes[:, [j]], labels, train, test, state)
    right = guess == labels[test][:, None]
    value = right.mean(axis=0) if len(test) else np.zeros(d)
    rows = np.zeros((n, d))
    rows[test] = (right - value) / max(len(test), 1)
    rng = asked.stream("truths")
    truths = [rng.permutation(labels[test]) for _ in asked.orders]
    null = [(guess == t[:, None]).mean(axis=0) if len(test) else np.zeros(d) for t in truths]
    return Part(value, value, np.stack(null), np.array(0.0), batch_sums(rows, asked.batches))


def _predict(codes: Floats, labels: Ints, train: Ints, test: Ints, state: int) -> Ints:
    seen = np.unique(labels[train])
    if len(seen) < 2 or not len(test):
        return np.full(len(test), seen[0] if len(seen) else -1)
    machine = LinearSVC(C=0.01, class_weight="balanced", random_state=state)
    machine.fit(codes[train], labels[train])
    return np.asarray(machine.predict(codes[test]), dtype=np.int64)


def _split(n: int) -> int:
    return int(np.ceil(0.8 * n))


def _orthonormal(target: Floats) -> Floats:
    """Return columns that span the centred target; none for what does not vary."""
    left, size, _ = np.linalg.svd(target - target.mean(axis=0), full_matrices=False)
    return np.asarray(left * (size > 1e-9 * max(size[0], 1e-300)))
