"""Logistic regressions by the hundred: one fit for each class, attribute and fold.

Explicitness and InfoE are scores on rows that the fits have not seen.

Newton's method, where all classes and attributes share the products of the columns and each fold
starts from the last: for ten dimensions and eight classes three times as fast, even without that
start, as one ``LogisticRegression`` after the other. Where Newton's matrices would be large,
scikit-learn's L-BFGS takes over; the minimum is the same.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.resample import group_folds, group_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.metrics.question import Bools, Question

    Look = Callable[[Floats], tuple[Floats, Floats]]
    Step = Callable[[Floats, Floats], tuple[Floats, Floats]]

# Columns (with the constant one) of a Newton matrix: of one class, of all classes together.
WIDEST, LARGEST = 64, 260
STEPS = 60
# A step that promises to lower the mean loss by less is the last.
CLOSE = 1e-5
# Keeps the common level of all classes' constants, which nothing else holds, at 0.
LEVEL_RIDGE = 1e-6
# Rows that fits rest on; fewer where there are many dimensions, but not below LEAST.
MOST, LEAST, NUMBERS = 20_000, 2_000, 2_000_000
FOLDS = 5
# Values that an attribute may have: each is fitted.
VALUES = 200


def thinned(asked: Question, most: int, *, wide: bool = True) -> Question:
    """Draw whole groups until there are about so many rows; the question itself, if it has fewer.

    Parameters
    ----------
    asked
        About all rows.
    most
        How many rows.
    wide
        Fewer where there are many dimensions, but not below LEAST.
    """
    n, d = asked.codes.shape
    most = min(most, max(LEAST, NUMBERS // d)) if wide else most
    if n <= most:
        return asked
    index = group_index(n, asked.group)
    sizes = np.bincount(index)
    order = asked.stream("rows").permutation(len(sizes))
    kept = np.zeros(len(sizes), dtype=np.bool_)
    kept[order] = np.cumsum(sizes[order]) - sizes[order] < most
    rows = np.flatnonzero(kept[index])
    return replace(
        asked,
        codes=asked.codes[rows],
        values=asked.values[rows],
        group=None if asked.group is None else asked.group[rows],
        logvar=None,
    )


def drawn(asked: Question, whole: Question) -> str:
    """Say, for ``method``, where rows were left out."""
    n, m = len(whole.codes), len(asked.codes)
    return f"; {m} of {n} rows, drawn by whole groups" if m < n else ""


def columns(asked: Question) -> Ints:
    """Return the classes of the usable attributes, int (usable, n); -1 where there are too many."""
    labels = asked.attribute_bins.T
    return np.where(labels.max(axis=1, keepdims=True) < VALUES, labels, -1)


def unlearnable(asked: Question, i: int) -> Unmeasured:
    """Say why the values of a usable attribute were not learned."""
    name, values = asked.names[asked.usable[i]], int(asked.attribute_bins[:, i].max()) + 1
    if values > VALUES:
        return Unmeasured(
            message(
                "{attribute} has {n} values, too many to learn each of them (at most {most})",
                attribute=name,
                n=values,
                most=VALUES,
            )
        )
    return Unmeasured(
        message(
            "no value of {attribute} is common enough to be learned and then tested",
            attribute=name,
        )
    )


def splits(asked: Question, folds: int = FOLDS) -> list[tuple[Ints, Ints]]:
    """Return rows to train on and rows to score, fold by fold of whole groups."""
    folds = min(folds, asked.units)
    fold = group_folds(len(asked.codes), asked.group, folds, rng=asked.stream("folds"))
    return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(folds)]


def shuffled(asked: Question, most: int) -> Ints:
    """Return the same under some permutations, (B, usable, n)."""
    orders = asked.orders[: most if asked.codes.shape[1] < WIDEST else 1]
    return np.stack([columns(asked)[:, order] for order in orders])


def standardise(codes: Floats, rows: Ints) -> Floats:
    """Give each dimension mean 0 and variance 1 over some rows; 0 where it is constant there."""
    seen = codes[rows]
    mean, scale = seen.mean(axis=0), seen.std(axis=0)
    there = scale > 1e-12 * np.maximum(np.abs(seen).max(axis=0), 1e-300)
    return np.asarray(np.where(there, (codes - mean) / np.where(there, scale, 1), 0))


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """What all fits on the same rows share.

    Attributes
    ----------
    x
        float64 (m, d).
    lines
        float64 (d + 1, m): ones, then ``x`` on its side.
    products
        float64 (pairs, m): of two lines each; empty where d is large.
    fill
        int64 (d + 1, d + 1): which of them stands where in a matrix.
    """

    x: Floats
    lines: Floats
    products: Floats
    fill: Ints


def design(x: Floats) -> Design:
    """Prepare fits on rows (m, d)."""
    lines = np.vstack([np.ones(len(x)), x.T])
    p = len(lines)
    if p > WIDEST:
        return Design(x, lines, np.empty((0, len(x))), np.empty((0, 0), dtype=np.int64))
    fill = np.zeros((p, p), dtype=np.int64)
    left, right = np.triu_indices(p)
    fill[left, right] = fill[right, left] = np.arange(len(left))
    return Design(x, lines, lines[left] * lines[right], fill)


def one_vs_rest(
    rows: Design, labels: Ints, classes: int, penalty: float, start: Floats | None = None
) -> Floats:
    """Fit each class against all others.

    Parameters
    ----------
    rows
        m rows, standardised.
    labels
        int (m,), 0..classes-1, or -1 for rows to leave out; a class without rows, or with all of
        them, gets weights 0.
    classes
        How many.
    penalty
        Half of it is what each squared weight costs beside the sum of the losses (1/C).
    start
        float (classes, d + 1): where to begin; ``None``: at 0.

    Returns
    -------
    float64 (classes, d + 1): constants, then weights.
    """
    sizes = np.bincount(labels[labels >= 0], minlength=classes)
    there = np.flatnonzero((sizes > 0) & (sizes < sizes.sum()))
    found = np.zeros((classes, len(rows.lines)))
    if len(rows.products):
        begin = found if start is None else start
        y = labels == there[:, None]
        found[there] = _newton_each(rows, y, labels >= 0, begin[there], penalty)
        return found
    known = labels >= 0
    for c in there:
        both = _sklearn(rows.x[known], labels[known] == c, penalty)
        found[c] = both[1] - both[0]
    return found


def multinomial(
    rows: Design, labels: Ints, classes: int, penalty: float, start: Floats | None = None
) -> Floats:
    """Fit all classes together (softmax).

    Parameters
    ----------
    rows, labels, classes, penalty, start
        As for :func:`one_vs_rest`.

    Returns
    -------
    float64 (classes, d + 1): constants, then weights; -inf as the constant of a class without rows.
    """
    known = labels >= 0
    seen = np.unique(labels[known])
    found = np.zeros((classes, len(rows.lines)))
    begin = found[seen] if start is None else np.where(np.isfinite(start), start, 0)[seen]
    found[:, 0] = -np.inf
    if len(seen) == 1:
        found[seen, 0] = 0
    elif len(rows.lines) * len(seen) <= LARGEST and len(rows.products):
        found[seen] = _newton_joint(rows, labels == seen[:, None], known, begin, penalty)
    else:
        warm = begin if start is not None and len(seen) > 2 else None
        found[seen] = _sklearn(rows.x[known], labels[known], penalty, warm)
    return found


def scores(rows: Design, coefficients: Floats) -> Floats:
    """Return the linear predictors, (classes, m)."""
    return np.asarray(coefficients[:, 1:] @ rows.lines[1:] + coefficients[:, :1])


def _newton_each(rows: Design, y: Bools, known: Bools, start: Floats, penalty: float) -> Floats:
    """Newton's method for separate targets, (q, m), side by side; (q, d + 1)."""
    ridge = np.concatenate([[0.0], np.full(len(rows.lines) - 1, penalty)])

    def look(place: Floats) -> tuple[Floats, Floats]:
        s = place @ rows.lines
        # log(1 + e^s), safe for large s.
        tail = np.exp(-np.abs(s))
        cost = np.maximum(s, 0) + np.log(1 + tail) - y * s
        chance = np.where(s > 0, 1, tail) / (1 + tail)
        return np.asarray(cost @ known + place**2 @ ridge / 2), np.asarray(chance)

    def step(place: Floats, chance: Floats) -> tuple[Floats, Floats]:
        slope = ((chance - y) * known) @ rows.lines.T + ridge * place
        curved = (chance * (1 - chance) * known @ rows.products.T)[:, rows.fill]
        move = np.linalg.solve(curved + np.diag(ridge + 1e-9), slope[:, :, None])[:, :, 0]
        return np.asarray(move), np.asarray((move * slope).sum(axis=1))

    return _descend(start, look, step, len(known))


def _newton_joint(rows: Design, own: Bools, known: Bools, start: Floats, penalty: float) -> Floats:
    """Newton's method for the softmax of all classes, (c, m); (c, d + 1)."""
    c, p = start.shape
    ridge = np.concatenate([[LEVEL_RIDGE], np.full(p - 1, penalty)])
    left, right = np.triu_indices(c)
    pair = np.zeros((c, c), dtype=np.int64)
    pair[left, right] = pair[right, left] = np.arange(len(left))

    def look(place: Floats) -> tuple[Floats, Floats]:
        s = place @ rows.lines
        top = s.max(axis=0)
        chance = np.exp(s - top)
        whole = chance.sum(axis=0)
        cost = (np.log(whole) + top) @ known - s[own].sum()
        whole_cost = np.asarray(cost + (place**2 @ ridge).sum() / 2)
        return whole_cost, np.asarray(chance / whole * known)

    def step(place: Floats, chance: Floats) -> tuple[Floats, Floats]:
        slope = (chance - own) @ rows.lines.T + ridge * place
        both = -chance[left] * chance[right]
        both[left == right] += chance
        curved = (both @ rows.products.T)[pair][:, :, rows.fill].transpose(0, 2, 1, 3)
        curved = curved.reshape(p * c, p * c)
        curved[np.diag_indices(p * c)] += np.tile(ridge, c) + 1e-9
        move = np.linalg.solve(curved, slope.ravel()).reshape(c, p)
        return np.asarray(move), np.asarray((move * slope).sum())

    return _descend(start, look, step, len(known))


def _descend(place: Floats, look: Look, step: Step, n: int) -> Floats:
    """Take Newton steps, halved where they overshoot, until they promise nothing more."""
    now, chance = look(place)
    for _ in range(STEPS):
        move, promised = step(place, chance)
        if np.max(promised, initial=0) < CLOSE * n:
            return place - move
        size = np.ones((*now.shape, 1))
        for _ in range(STEPS):
            then, chance = look(place - size * move)
            over = then > now + 1e-9 * np.abs(now)
            if not over.any():
                break
            size = np.where(over[..., None], size / 2, size)
        place, now = place - size * move, then
    return place


def _sklearn(x: Floats, labels: Ints, penalty: float, start: Floats | None = None) -> Floats:
    """Fit by L-BFGS; (classes, d + 1), for two classes too."""
    # Many ordered values in few dimensions need large weights, and patience.
    tol = 1e-5 if x.shape[1] < WIDEST else 1e-4
    model = LogisticRegression(C=1 / penalty, tol=tol, warm_start=start is not None)
    if start is not None:
        model.intercept_, model.coef_ = start[:, 0].copy(), start[:, 1:].copy()
    quietly(model, x, labels)
    found = np.hstack([model.intercept_[:, None], model.coef_])
    return np.vstack([-found, found]) / 2 if len(found) == 1 else found


def quietly(model: LogisticRegression, x: Floats, labels: Ints) -> None:
    """Fit, and don't warn: a fit that has not converged is close enough to be scored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, labels)
