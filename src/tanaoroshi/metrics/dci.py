"""Disentanglement, completeness, informativeness (Eastwood & Williams 2018, ICLR).

One regressor per attribute gives a matrix of importances, dimensions × attributes. Disentanglement
asks of every dimension whether it serves one attribute alone, completeness of every attribute
whether one dimension holds it alone, informativeness how well the codes predict it at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import xlogy
from scipy.stats import t as student

from tanaoroshi.metrics.gaps import LEVEL, batch_sums, nothing_usable
from tanaoroshi.metrics.lasso import FOLDS, held_out, importance, moments, targets
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.metrics.trees import grow, library_fit
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.resample import group_folds, group_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.metrics.trees import Trees
    from tanaoroshi.records.attributes import Kind

Regressor = Literal["lasso", "random_forest", "boosted_trees"]

# Eastwood & Williams' own published notebook, on standardised codes and factors.
PENALTY = 0.02
# How many times the mean square that chance gives is taken off for the interval (simulated).
CHANCE = 4
# Batches of groups that are left out in turn; trees are refitted for each, so fewer.
LEFT_OUT, LEFT_OUT_TREES = 40, 5
NULLS, NULLS_TREES = 10, 2


@dataclass(frozen=True, slots=True)
class Dci:
    """The three scores."""

    disentanglement: Answer
    completeness: Answer
    informativeness: Answer


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What the fits of all usable attributes gave.

    Attributes
    ----------
    importance, null
        float64 (d, k), (B, d, k) under permutations.
    centre, without
        float64 (d, k), (batches, d, k): what the interval is built around, all rows and each
        batch left out; for the lasso without what chance gives.
    hits, trials
        float64 (batches, k): informativeness is the ratio of their sums.
    hits_null
        float64 (B, k): informativeness under permutations.
    method
        What was fitted.
    """

    importance: Floats
    centre: Floats
    without: Floats
    null: Floats
    hits: Floats
    trials: Floats
    hits_null: Floats
    method: str


def dci(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    regressor: Regressor | None = None,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
) -> Dci:
    """Measure disentanglement, completeness and informativeness with one set of fits.

    Parameters
    ----------
    codes
        float (n, d).
    attributes
        (n, k), NaN missing.
    rng
        Source of chance: of batches, permutations and trees.
    kinds
        Of each attribute; ``None``: whole numbers are nominal, others continuous.
    regressor
        ``lasso`` (default; penalty 0.02 on standardised columns; classes as a group of
        indicators, angles as cosine and sine), ``random_forest`` (10 trees), ``boosted_trees``.
        The same codes give very different scores with each.
    convention
        ``paper``, or ``disentanglement_lib``: boosted trees that classify raw values, trained on
        the first 80 % of rows; informativeness is the accuracy on the rest.
    group
        (n,): rows of one group are not independent.

    Returns
    -------
    Dci, of answers with ``total`` and ``per_attribute``. In the paper's convention
    informativeness is the held-out share of variation explained, at most 1; it can fall a little
    below 0.

    Raises
    ------
    InputError
        When the arrays do not fit together.
    """
    asked = question(codes, attributes, rng=rng, kinds=kinds, group=group, convention=convention)
    return answer_dci(asked, regressor=regressor)


def answer_dci(asked: Question, *, regressor: Regressor | None = None) -> Dci:
    """Answer for all attributes and for each."""
    if not len(asked.usable):
        nothing = nothing_usable(asked)
        return Dci(Answer(nothing.total), nothing, nothing)
    fit = _fit(asked, regressor)
    return Dci(_disentanglement(asked, fit), _completeness(asked, fit), _informed(asked, fit))


def disentanglement(importances: Floats) -> Floats:
    """Score matrices of importances (..., d, k): 1 - entropy of each line, weighted by its sum.

    0 where all importances are 0. A line of zeros (a constant dimension) has no weight, wherever
    it stands.
    """
    weight = importances.sum(axis=-1)
    share = weight / np.maximum(weight.sum(axis=-1, keepdims=True), 1e-300)
    return np.asarray((share * _one_sided(importances)).sum(axis=-1))


def completeness(importances: Floats) -> Floats:
    """Score each attribute, (..., d, k) → (..., k): 1 - entropy of its column, base d.

    0 for an attribute that no dimension predicts.
    """
    return _one_sided(np.swapaxes(importances, -1, -2))


def _one_sided(lines: Floats) -> Floats:
    total = lines.sum(axis=-1, keepdims=True)
    share = lines / np.maximum(total, 1e-300)
    entropy = -xlogy(share, share).sum(axis=-1) / np.log(lines.shape[-1])
    return np.asarray(np.where(total[..., 0] > 0, 1 - entropy, 0))


def _disentanglement(asked: Question, fit: Fit) -> Answer:
    if len(asked.usable) < 2:
        return Answer(
            Unmeasured(message("disentanglement compares attributes: at least two are needed"))
        )
    value = float(disentanglement(fit.importance))
    low, high = _jackknife(disentanglement(fit.centre), disentanglement(fit.without))
    estimate = Estimate(
        value=value,
        low=float(np.clip(min(low, value), 0, 1)),
        high=float(np.clip(max(high, value), 0, 1)),
        chance=float(disentanglement(fit.null).mean()),
        n=_rows(asked),
        method=f"dci_disentanglement ({fit.method})",
        level=LEVEL,
    )
    return Answer(estimate)


def _completeness(asked: Question, fit: Fit) -> Answer:
    if asked.codes.shape[1] < 2:
        why = Unmeasured(message("completeness compares dimensions: at least two are needed"))
        return Answer(why, asked.spread_out([why] * len(asked.usable)))
    each, without, null = (completeness(m) for m in (fit.importance, fit.without, fit.null))
    centre = completeness(fit.centre)
    weight = np.ones((1, len(asked.usable)))
    if asked.convention == "disentanglement_lib":
        weight = fit.importance.sum(axis=0)[None, :]
        weight = weight if weight.sum() > 0 else np.ones_like(weight)
    return _assemble(asked, each, centre, without, null, weight / weight.sum(), "completeness", fit)


def _informed(asked: Question, fit: Fit) -> Answer:
    trials = np.maximum(fit.trials.sum(axis=0), 1e-300)
    each = fit.hits.sum(axis=0) / trials
    rest = fit.trials.sum(axis=0) - fit.trials
    without = (fit.hits.sum(axis=0) - fit.hits) / np.maximum(rest, 1e-300)
    weight = np.full((1, len(each)), 1 / len(each))
    # What learning from so few rows costs is seen under permutations, where there is nothing to
    # learn; the interval makes up for it as far as there is something left to explain.
    centre = each - np.minimum(fit.hits_null.mean(axis=0), 0) * (1 - np.clip(each, 0, 1))
    return _assemble(asked, each, centre, without, fit.hits_null, weight, "informativeness", fit)


def _assemble(
    asked: Question,
    each: Floats,
    centre: Floats,
    without: Floats,
    null: Floats,
    weight: Floats,
    name: str,
    fit: Fit,
) -> Answer:
    method = f"dci_{name} ({fit.method})"
    floor = -np.inf if name == "informativeness" else 0.0

    def estimate(value: float, middle: float, left: Floats, chance: float, n: int) -> Measured:
        low, high = _jackknife(np.array(middle), left)
        return Estimate(
            value=value,
            low=float(np.clip(min(low, value), floor, 1)),
            high=float(np.clip(max(high, value), floor, 1)),
            chance=chance,
            n=n,
            method=method,
            level=LEVEL,
        )

    measured = [
        estimate(
            float(each[i]),
            float(centre[i]),
            without[:, i],
            float(null[:, i].mean()),
            asked.known(int(a)),
        )
        for i, a in enumerate(asked.usable)
    ]
    w = weight[0]
    total = estimate(
        float(each @ w), float(centre @ w), without @ w, float((null @ w).mean()), _rows(asked)
    )
    return Answer(total, asked.spread_out(measured))


def _jackknife(value: Floats, without: Floats) -> tuple[float, float]:
    """Interval from the values with each batch left out, around ``value``."""
    b = len(without)
    error = np.sqrt((b - 1) / b * ((without - without.mean()) ** 2).sum())
    half = student.ppf((1 + LEVEL) / 2, b - 1) * error
    return float(value - half), float(value + half)


def _fit(asked: Question, regressor: Regressor | None) -> Fit:
    if asked.convention == "disentanglement_lib":
        return _fit_library(asked)
    if regressor in (None, "lasso"):
        return _fit_lasso(asked)
    return _fit_trees(asked, "random_forest" if regressor == "random_forest" else "boosted_trees")


def _batches(asked: Question, most: int) -> Ints:
    groups = int(group_index(len(asked.codes), asked.group).max()) + 1
    return group_folds(
        len(asked.codes), asked.group, min(groups, most), rng=asked.stream("left out")
    )


def _fit_lasso(asked: Question) -> Fit:
    kinds = [asked.kinds[a] for a in asked.usable]
    wanted = targets(asked.values[:, asked.usable], kinds)
    k = len(kinds)
    codes, copies = _without_copies(asked.codes)
    batches = _batches(asked, LEFT_OUT)
    b = int(batches.max()) + 1
    parts = moments(codes, wanted, batches)
    weights = np.vstack([np.ones((1, b)), 1 - np.eye(b)])
    sizes = _share_out(importance(parts, weights, k, PENALTY), copies)
    error, spread = held_out(parts, k, PENALTY)
    null, hits_null = [], []
    for order in asked.orders[:NULLS]:
        moved = wanted._replace(columns=wanted.columns[order], known=wanted.known[order])
        shuffled = moments(codes, moved, batches % FOLDS)
        whole = np.ones((1, len(shuffled[0].n)))
        null.append(_share_out(importance(shuffled, whole, k, PENALTY), copies)[0])
        missed, around = (part.sum(axis=0) for part in held_out(shuffled, k, PENALTY))
        hits_null.append(1 - missed / np.maximum(around, 1e-300))
    # What chance gives shrinks as the codes explain more of the attribute.
    unexplained = np.clip(error.sum(axis=0) / np.maximum(spread.sum(axis=0), 1e-300), 0, 1)
    noise = CHANCE * (np.stack(null) ** 2).mean(axis=(0, 1)) * unexplained
    settled = np.sqrt(np.maximum(sizes**2 - noise, 0))
    return Fit(
        importance=sizes[0],
        centre=settled[0],
        without=settled[1:],
        null=np.stack(null),
        hits=spread - error,
        trials=spread,
        hits_null=np.stack(hits_null),
        method=f"{asked.convention}; lasso, penalty {PENALTY}; held-out share of variation",
    )


def _without_copies(codes: Floats) -> tuple[Floats, Ints]:
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


def _share_out(sizes: Floats, copies: Ints) -> Floats:
    """Give each copy its equal part of the importance of what it is a copy of."""
    return np.asarray(sizes[:, copies] / np.bincount(copies)[copies][None, :, None])


def _fit_trees(asked: Question, how: Trees) -> Fit:
    batches = _batches(asked, LEFT_OUT_TREES)
    b, d, k = int(batches.max()) + 1, asked.codes.shape[1], len(asked.usable)
    state = int(asked.stream("trees").integers(2**31))
    full, without, null = np.zeros((d, k)), np.zeros((b, d, k)), np.zeros((NULLS_TREES, d, k))
    hits, trials = np.zeros((b, k)), np.zeros((b, k))
    hits_null = np.zeros((min(NULLS_TREES, len(asked.orders)), k))
    null = null[: len(hits_null)]
    for i, a in enumerate(asked.usable):
        kind, values = asked.kinds[a], asked.values[:, a]
        known = np.flatnonzero(np.isfinite(values))
        full[:, i] = grow(asked.codes, values, kind, known, known[:0], how, state).importance
        for f in range(b):
            away = batches[known] == f
            part = grow(asked.codes, values, kind, known[~away], known[away], how, state)
            without[f, :, i] = part.importance
            trials[f, i] = part.spread.sum()
            hits[f, i] = trials[f, i] - part.error.sum()
        for r, order in enumerate(asked.orders[: len(hits_null)]):
            moved = values[order]
            there = np.flatnonzero(np.isfinite(moved))
            away = batches[there] == 0
            part = grow(asked.codes, moved, kind, there[~away], there[away], how, state)
            null[r, :, i] = part.importance
            hits_null[r, i] = 1 - part.error.sum() / max(part.spread.sum(), 1e-300)
    method = f"{asked.convention}; {how}; held-out share of variation"
    return Fit(full, full, without, null, hits, trials, hits_null, method)


def _fit_library(asked: Question) -> Fit:
    """Fit as disentanglement_lib: the first 80 % of rows train, the rest test, as they stand."""
    batches = _batches(asked, LEFT_OUT_TREES)
    b, n = int(batches.max()) + 1, len(asked.codes)
    d, k = asked.codes.shape[1], len(asked.usable)
    state = int(asked.stream("trees").integers(2**31))
    first = np.arange(n) < int(np.ceil(0.8 * n))
    full, without, null = np.zeros((d, k)), np.zeros((b, d, k)), np.zeros((1, d, k))
    right, tested, hits_null = np.zeros((n, k)), np.zeros((n, k)), np.zeros((1, k))
    for i in range(k):
        labels = asked.attribute_bins[:, i]
        train, test = np.flatnonzero((labels >= 0) & first), np.flatnonzero((labels >= 0) & ~first)
        full[:, i], guess = library_fit(asked.codes, labels, train, test, state)
        right[test, i] = guess == labels[test]
        tested[test, i] = 1
        for f in range(b):
            kept = train[batches[train] != f]
            without[f, :, i], _ = library_fit(asked.codes, labels, kept, test[:0], state)
        moved = labels[asked.orders[0]]
        train, test = np.flatnonzero((moved >= 0) & first), np.flatnonzero((moved >= 0) & ~first)
        null[0, :, i], guess = library_fit(asked.codes, moved, train, test, state)
        hits_null[0, i] = (guess == moved[test]).mean() if len(test) else 0.0
    return Fit(
        full,
        full,
        without,
        null,
        batch_sums(right, asked.batches),
        batch_sums(tested, asked.batches),
        hits_null,
        "disentanglement_lib; boosted trees, first 80 % of rows train; accuracy",
    )


def _rows(asked: Question) -> int:
    return int(np.isfinite(asked.values[:, asked.usable]).any(axis=1).sum())
