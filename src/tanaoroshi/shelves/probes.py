"""Held-out prediction of attributes from one dimension, from one direction, from all dimensions.

Everything that is chosen (the dimension, the direction, the strength of the penalty) is chosen
anew for each held-out fold, from the other folds alone.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from tanaoroshi.records.attributes import Floats
from tanaoroshi.shelves.features import hats, knots_of, nonlinear, standardise
from tanaoroshi.shelves.ridge import (
    Nested,
    best_penalty,
    constant_losses,
    fit,
    fold_sums,
    held_out_losses,
    nest,
    row_losses,
    total_of,
)
from tanaoroshi.shelves.targets import embed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.records.attributes import Ints, Kind
    from tanaoroshi.shelves.settings import ShelfSettings

# Fewest images at the end of a branch.
LEAF = 3
# Folds that trees are grown for side by side: two cores are what any machine has.
AT_ONCE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Probed:
    """Held-out squared errors of one attribute, row by row, float64 (n,) each.

    Every probe is smooth (a curve, or ridge regression on curves and nearness to codes); where
    asked for, trees are tried too, and the better of the two counts.

    Attributes
    ----------
    constant
        When the mean is the guess: what there is to tell.
    best, next_best
        From the dimension that the other folds put first, and second.
    best_two
        From both together; circular attributes only.
    direction
        From the direction that the other folds found.
    everything
        From all dimensions, nonlinearly.
    each
        From each dimension, (n, d).
    vector
        The direction that all rows together find, unit length in units of the codes, (d,).
    projection
        Each row's place along the direction that the other folds found.
    trees
        Names of those of these whose errors are those of trees.
    """

    constant: Floats
    best: Floats
    next_best: Floats | None
    best_two: Floats | None
    direction: Floats
    everything: Floats
    each: Floats
    vector: Floats | None
    projection: Floats
    trees: frozenset[str] = frozenset()


def probe(
    codes: Floats,
    values: Floats,
    kinds: list[Kind],
    fold: Ints,
    deep: list[bool],
    *,
    settings: ShelfSettings,
    rng: np.random.Generator,
    tick: Callable[[], None],
) -> list[Probed]:
    """Probe k attributes that are known for the same rows.

    Parameters
    ----------
    codes
        float64 (n, d).
    values
        float64 (n, k), nothing missing.
    kinds
        k kinds.
    fold
        int64 (n,), groups whole.
    deep
        For which attributes to grow trees too.
    settings, rng
        See :class:`~tanaoroshi.shelves.settings.ShelfSettings`.
    tick
        Called after each attribute.

    Returns
    -------
    One :class:`Probed` for each attribute.
    """
    targets = [embed(values[:, a], kind) for a, kind in enumerate(kinds)]
    target = np.hstack(targets)
    ends = np.cumsum([0, *(t.shape[1] for t in targets)])
    curves = [hats(x, knots_of(x, settings.knots)) for x in codes.T]
    singles = [nest(fold_sums(curve, target, fold)) for curve in curves]
    wide = nonlinear(codes, settings.knots, settings.landmarks, rng=rng)
    together = nest(fold_sums(wide, target, fold))
    straight = nest(fold_sums(standardise(codes), target, fold))
    found = []
    for a, kind in enumerate(kinds):
        columns = slice(int(ends[a]), int(ends[a + 1]))
        each = np.column_stack(
            [
                row_losses(curve, target, fold, single, columns, best_penalty(single, columns))
                for curve, single in zip(curves, singles, strict=True)
            ]
        )
        ranking = _ranking(singles, columns)
        everything = row_losses(
            wide, target, fold, together, columns, best_penalty(together, columns)
        )
        projections, vector = _directions(codes, fold, straight, columns)
        best = _by_fold(each, ranking[:, 0], fold)
        second = _by_fold(each, ranking[:, 1], fold) if codes.shape[1] > 1 else None
        along = _along(projections, targets[a], fold, settings.knots)
        smooth = {"everything": everything, "best": best, "direction": along}
        if second is not None:
            smooth["next_best"] = second
        told, trees = smooth, frozenset[str]()
        if deep[a]:
            grow = _Trees(values[:, a], kind, fold, settings.trees, rng)
            features = {
                "everything": [codes] * settings.folds,
                "best": [codes[:, [j]] for j in ranking[:, 0]],
                "direction": [line[:, None] for line in projections],
                "next_best": [codes[:, [j]] for j in ranking[:, 1]] if second is not None else [],
            }
            told = {name: grow.if_better(features[name], losses) for name, losses in smooth.items()}
            trees = frozenset(name for name in told if told[name] is not smooth[name])
        found.append(
            Probed(
                constant=constant_losses(targets[a], fold),
                best=told["best"],
                next_best=told.get("next_best"),
                best_two=_two(curves, ranking, targets[a], fold)
                if kind == "circular" and codes.shape[1] > 1
                else None,
                direction=told["direction"],
                everything=told["everything"],
                each=each,
                vector=vector,
                projection=projections[fold, np.arange(len(codes))],
                trees=trees,
            )
        )
        tick()
    return found


def _ranking(singles: list[Nested], columns: slice) -> Ints:
    """Return for each held-out fold the dimensions, best first by the other folds, (folds, d)."""
    losses = np.stack([s.inner[:, :, columns].sum(axis=2).min(axis=1) for s in singles], axis=1)
    return np.argsort(losses, axis=1, kind="stable")


def _by_fold(each: Floats, chosen: Ints, fold: Ints) -> Floats:
    return each[np.arange(len(each)), chosen[fold]]


def _two(curves: list[Floats], ranking: Ints, target: Floats, fold: Ints) -> Floats:
    out = np.empty(len(target))
    for pair in {tuple(sorted(line[:2])) for line in ranking.tolist()}:
        losses = held_out_losses(np.hstack([curves[j] for j in pair]), target, fold)
        chose = [tuple(sorted(line[:2])) == pair for line in ranking.tolist()]
        rows = np.array(chose)[fold]
        out[rows] = losses[rows]
    return out


class _Trees:
    """Prediction of one attribute by extremely randomised trees, where it beats the smooth probe.

    P. Geurts, D. Ernst, L. Wehenkel, Extremely Randomized Trees, Machine Learning 63, 2006.
    """

    def __init__(
        self, values: Floats, kind: Kind, fold: Ints, trees: int, rng: np.random.Generator
    ) -> None:
        self._target, self._kind, self._fold = embed(values, kind), kind, fold
        self._trees, self._seed = trees, int(rng.integers(2**31))

    def if_better(self, features: list[Floats], smooth: Floats) -> Floats:
        """Return held-out errors, (n,); ``features`` (n, p) may differ from fold to fold."""
        losses = np.empty(len(smooth))
        helds = [self._fold == f for f in range(len(features))]
        # Trees of one fold are grown one by one: threads would sum them in whatever order they
        # finish, so that the last digits differed from run to run.
        with ThreadPoolExecutor(AT_ONCE) as pool:
            guesses = pool.map(
                lambda x, held: tree_guess(
                    x[~held], self._target[~held], x[held], self._kind, self._trees, self._seed
                ),
                features,
                helds,
            )
            for held, guess in zip(helds, guesses, strict=True):
                losses[held] = np.sum((self._target[held] - guess) ** 2, axis=1)
        return losses if losses.sum() < smooth.sum() else smooth


def tree_guess(x: Floats, target: Floats, at: Floats, kind: Kind, trees: int, seed: int) -> Floats:
    """Grow trees on some rows and return what they say of others.

    Parameters
    ----------
    x, target
        float (n, p) and (n, m): what they are grown on.
    at
        float (q, p).
    kind
        Of the attribute.
    trees
        How many; a single column needs fewer, a quarter of them.
    seed
        Of their chance.

    Returns
    -------
    float64 (q, m).
    """
    guess = np.zeros((len(at), target.shape[1]))
    grown: dict[str, Any] = {
        "n_estimators": max(trees // 4, 1) if x.shape[1] == 1 else trees,
        "min_samples_leaf": LEAF,
        "max_features": None,
        "random_state": seed,
    }
    if kind == "nominal":
        # The same squared error as of regression on the columns, at a fraction of the time.
        forest = ExtraTreesClassifier(**grown).fit(x, target.argmax(axis=1))
        guess[:, forest.classes_] = forest.predict_proba(at)
    else:
        forest = ExtraTreesRegressor(**grown).fit(x, target.squeeze())
        guess[:] = forest.predict(at).reshape(guess.shape)
    return guess


def _directions(
    codes: Floats, fold: Ints, straight: Nested, columns: slice
) -> tuple[Floats, Floats | None]:
    """Project all rows for each held-out fold; and the direction that all folds agree on.

    Returns
    -------
    projections
        float64 (folds, n). Line f serves to predict fold f: the rows of another fold g stand
        where a probe puts them that saw neither f nor g, so that no row helped to place itself.
    vector
        Unit vector (d,) in units of the codes, or ``None`` where nothing was found.
    """
    z = standardise(codes)
    chosen = best_penalty(straight, columns)
    folds = len(straight.outer)
    projections = np.empty((folds, len(codes)))
    mean = np.zeros(codes.shape[1])
    for f in range(folds):
        outer = _leading(straight.outer[f].slopes[chosen[f]][:, columns], z)
        if f > 0 and outer @ mean < 0:
            outer = -outer
        mean += outer
        for g in range(folds):
            w = outer
            if g != f:
                w = _leading(straight.pairs[f, g].slopes[chosen[f]][:, columns], z)
                w = -w if w @ outer < 0 else w
            rows = fold == g
            projections[f, rows] = z[rows] @ w
    spread = codes.std(axis=0)
    vector = np.divide(mean, spread, out=np.zeros_like(mean), where=spread > 0)
    length = float(np.linalg.norm(vector))
    if length == 0:
        return projections, None
    # More than one target column: the direction has no sign of its own, so it gets one.
    flip = columns.stop - columns.start > 1 and vector[np.argmax(np.abs(vector))] < 0
    return projections, vector / (-length if flip else length)


def _leading(slopes: Floats, z: Floats) -> Floats:
    """Return the direction (d,) that fits most of a target of m columns (reduced rank one)."""
    fitted = z @ slopes
    _, vectors = np.linalg.eigh(fitted.T @ fitted)
    return np.asarray(slopes @ vectors[:, -1], dtype=np.float64)


def _along(projections: Floats, target: Floats, fold: Ints, knots: int) -> Floats:
    """Predict each fold from the others by a curve along the direction, (n,)."""
    out = np.empty(len(target))
    for f, place in enumerate(projections):
        held = fold == f
        curve = hats(place, knots_of(place[~held], knots))
        sums = fold_sums(curve, target, fold)
        others = [s for g, s in enumerate(sums) if g != f]
        total = total_of(others)
        inner = sum(fit(total - part).losses(part).sum(axis=1) for part in others)
        fitted = fit(total)
        guess = fitted.y0 + (curve[held] - fitted.x0) @ fitted.slopes[np.argmin(inner)]
        out[held] = np.sum((target[held] - guess) ** 2, axis=1)
    return out
