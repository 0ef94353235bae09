"""Logistic regressions by the hundred: one fit for each class, attribute and fold.

Explicitness and InfoE are scores on rows that the fits have not seen.

Newton's method, where all classes share the products of the columns and each fold starts from the
last. For the softmax of all classes Newton's equations are solved by conjugate gradients (Nocedal &
Wright 2006, Numerical Optimization, 7.1) with each class's own block as preconditioner; where
classes lie along a line and the penalty is weak that converges slowly, and a matrix that is not too
large is solved at once. Every fit goes on until the gradient is next to nothing, and says what is
left of it.
Classes against all others in many dimensions are left to scikit-learn's L-BFGS.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from tanaoroshi.metrics.question import Bools
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.resample import group_folds, group_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.metrics.question import Question

    Look = Callable[[Floats], tuple[Floats, Floats]]
    Step = Callable[[Floats, Floats], tuple[Floats, Floats]]
    Solve = Callable[[Floats], Floats]

# Columns (with the constant one) of a Newton matrix: of one class (with and without the products at
# hand), of all classes together.
WIDEST, BLOCKS, LARGEST = 64, 320, 1300
STEPS = 60
# A softmax has converged when no entry of the gradient of the mean loss is larger.
SLOPE = 1e-6
# Conjugate gradients: how far a step is solved, after how many rounds blocks are made anew, and how
# many at most. A whole matrix costs as much as a round for each AS_DEAR of its columns: when so
# many did not do, it is solved instead; a small one at once.
SOLVED, SLOW, ROUNDS, AS_DEAR, SMALL = 0.1, 30, 300, 8, 128
# One class against the others: a step that promises to lower the mean loss by less is the last.
CLOSE = 1e-5
# Keeps the common level of all classes' constants, which nothing else holds, at 0.
LEVEL_RIDGE = 1e-6
# Rows that fits rest on; fewer where there are many dimensions, but not below LEAST.
MOST, LEAST, NUMBERS = 20_000, 2_000, 2_000_000
FOLDS = 5
# Rows whose products are made at a time.
ROWS = 1 << 11
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


class Softmax(NamedTuple):
    """A fit of all classes together.

    ``coefficients`` float64 (classes, d + 1): constants, then weights; -inf as the constant of a
    class without rows. ``slope``: largest entry of the gradient of the mean loss, penalty included;
    the fit has converged where it is at most SLOPE.
    """

    coefficients: Floats
    slope: float


def multinomial(
    rows: Design, labels: Ints, classes: int, penalty: float, start: Floats | None = None
) -> Softmax:
    """Fit all classes together (softmax).

    Parameters
    ----------
    rows, labels, classes, penalty, start
        As for :func:`one_vs_rest`.

    Returns
    -------
    Softmax.
    """
    known = labels >= 0
    seen = np.unique(labels[known])
    found, slope = np.zeros((classes, len(rows.lines))), 0.0
    begin = found[seen] if start is None else np.where(np.isfinite(start), start, 0)[seen]
    found[:, 0] = -np.inf
    if len(seen) == 1:
        found[seen, 0] = 0
    else:
        lines, products = rows.lines, rows.products
        if not known.all():
            lines, products = lines[:, known], products[:, known]
        problem = _Problem(lines, products, rows.fill, labels[known] == seen[:, None], penalty)
        found[seen], slope = problem.solve(begin)
    return Softmax(found, slope)


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


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """The softmax of c classes on m rows: ``lines`` (p, m), ``own`` (c, m), see :class:`Design`."""

    lines: Floats
    products: Floats
    fill: Ints
    own: Bools
    penalty: float

    @property
    def ridge(self) -> Floats:
        return np.concatenate([[LEVEL_RIDGE], np.full(len(self.lines) - 1, self.penalty)])

    def solve(self, place: Floats) -> tuple[Floats, float]:
        """Return the coefficients (c, p) of the least loss, and the gradient that is left."""
        now, chance = self._look(place)
        blocks, rounds, patience = None, ROUNDS, self._patience(place)
        for _ in range(STEPS):
            gradient = (chance - self.own) @ self.lines.T + self.ridge * place
            slope = float(np.abs(gradient).max()) / self.lines.shape[1]
            if slope <= SLOPE:
                break
            move = None
            if patience:
                if blocks is None or rounds > SLOW or len(self.products):
                    blocks = self._blocks(chance)
                goal = min(SOLVED, np.sqrt(slope))
                move, rounds = self._step(gradient, chance, blocks, goal, patience)
            if move is None:
                # Nor will they do for the steps that follow.
                patience, move = 0, self._exactly(gradient, chance)
            size, promised = 1.0, float((move * gradient).sum())
            then, chance = self._look(place - move)
            while then > now - 1e-4 * size * promised + 1e-12 * abs(now) and size > 1e-9:
                size /= 2
                then, chance = self._look(place - size * move)
            place, now = place - size * move, then
        return place, slope

    def _patience(self, place: Floats) -> int:
        """Return how many rounds to wait before the whole matrix is solved."""
        if place.size > LARGEST or not len(self.products):
            return ROUNDS
        return place.size // AS_DEAR if place.size > SMALL else 0

    def _look(self, place: Floats) -> tuple[float, Floats]:
        """Return the loss of all rows, and the probabilities (c, m)."""
        s = place @ self.lines
        s -= s.max(axis=0)
        right = s[self.own].sum()
        chance = np.exp(s, out=s)
        whole = chance.sum(axis=0)
        chance /= whole
        cost = np.log(whole).sum() - right + (place**2 @ self.ridge).sum() / 2
        return float(cost), chance

    def _blocks(self, chance: Floats) -> Floats:
        """Invert each class's block of Newton's matrix, (c, p, p); of many columns a common one."""
        weight, p = chance * (1 - chance), len(self.lines)
        if len(self.products):
            curved = (weight @ self.products.T)[:, self.fill]
        else:
            weight = weight if p <= BLOCKS else weight.mean(axis=0, keepdims=True)
            curved = np.stack([(self.lines * w) @ self.lines.T for w in weight])
        curved[:, np.arange(p), np.arange(p)] += self.ridge + 1e-9 * self.lines.shape[1]
        return np.asarray(np.linalg.inv(curved), dtype=np.float64)

    def _step(
        self, gradient: Floats, chance: Floats, blocks: Floats, solved: float, patience: int
    ) -> tuple[Floats | None, int]:
        """Solve Newton's equations by conjugate gradients as far as ``solved``; and the rounds.

        ``None`` where that takes more patience and the whole matrix is not too large.
        """
        move = np.zeros_like(gradient)
        rest = gradient.copy()
        way = near = self._near(blocks, rest)
        size = first = (rest * near).sum()
        for done in range(1, patience + 1):
            across = self._curved(way, chance)
            far = size / (way * across).sum()
            move += far * way
            rest -= far * across
            near = self._near(blocks, rest)
            size, before = (rest * near).sum(), size
            if size <= solved**2 * first:
                return move, done
            way = near + (size / before) * way
        return (move if patience == ROUNDS else None), patience

    def _near(self, blocks: Floats, rest: Floats) -> Floats:
        return np.asarray(np.matmul(blocks, rest[:, :, None])[:, :, 0])

    def _curved(self, way: Floats, chance: Floats) -> Floats:
        """Multiply Newton's matrix."""
        s = way @ self.lines
        s *= chance
        s -= chance * s.sum(axis=0)
        return np.asarray(s @ self.lines.T + self.ridge * way)

    def _exactly(self, gradient: Floats, chance: Floats) -> Floats:
        """Solve Newton's equations as they stand."""
        (c, p), m = gradient.shape, chance.shape[1]
        left, right = np.triu_indices(c)
        pair = np.zeros((c, c), dtype=np.int64)
        pair[left, right] = pair[right, left] = np.arange(len(left))
        sums = np.zeros((len(left), len(self.products)))
        for begin in range(0, m, ROWS):
            part = chance[:, begin : begin + ROWS]
            both = -part[left] * part[right]
            both[left == right] += part
            sums += both @ self.products[:, begin : begin + ROWS].T
        curved = sums[pair][:, :, self.fill].transpose(0, 2, 1, 3).reshape(p * c, p * c)
        curved[np.diag_indices(p * c)] += np.tile(self.ridge, c) + 1e-9
        return np.asarray(np.linalg.solve(curved, gradient.ravel()).reshape(c, p))


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


def _sklearn(x: Floats, labels: Ints, penalty: float) -> Floats:
    """Fit two classes by L-BFGS; (2, d + 1)."""
    model = LogisticRegression(C=1 / penalty)
    quietly(model, x, labels)
    found = np.hstack([model.intercept_[:, None], model.coef_])
    return np.vstack([-found, found]) / 2


def quietly(model: LogisticRegression, x: Floats, labels: Ints) -> bool:
    """Fit without warnings; return whether it has converged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, labels)
    return bool(model.n_iter_.max() < model.max_iter)
