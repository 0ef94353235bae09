"""Choose the best candidate for a reader by what it says of pictures it never saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import softmax

from tanaoroshi.readers.heads import (
    Head,
    discriminant_scores,
    measured_heads,
    ridge_heads,
    temper,
    tempered,
)
from tanaoroshi.records.attributes import Attribute, Floats, Ints

How = Literal["measure", "classifier", "regressor"]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What there is to learn from: rows are pictures (originals, then reconstructions).

    Attributes
    ----------
    attribute
        What is to be learned.
    x, described
        float (n, p) and (n, q): columns and descriptions of the pictures.
    points
        float (n, m): what should be said of them.
    weights
        float (n,): nominal values count the same, however rare.
    fold
        int (n,): a picture and its reconstruction, and all of its group, lie in one fold.
    """

    attribute: Attribute
    x: Floats
    described: Floats
    points: Floats
    weights: Floats
    fold: Ints

    def without(self, fold: int) -> Lesson:
        """Return the rows of the other folds."""
        rows = self.fold != fold
        return Lesson(
            self.attribute,
            self.x[rows],
            self.described[rows],
            self.points[rows],
            self.weights[rows],
            self.fold[rows],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The candidate that was taken, fitted on all rows.

    Attributes
    ----------
    head
        The reader itself.
    how
        What it is.
    losses, base
        float (n,): held-out squared distance of what is said from the truth, by the candidate
        that the *other* folds chose (so choosing adds no optimism), and by a constant.
    """

    head: Head
    how: How
    losses: Floats
    base: Floats


def choose(lesson: Lesson) -> Chosen:
    """Cross-validate all candidates and fit the best one on everything."""
    said = _held_out(lesson)
    heads = _candidates(lesson)
    if lesson.attribute.kind == "nominal":
        factors = [temper(scores, lesson.points, lesson.weights) for scores in said]
        heads = [tempered(head, factor) for head, factor in zip(heads, factors, strict=True)]
        said = [softmax(scores * f, axis=1) for scores, f in zip(said, factors, strict=True)]
    base = _base(lesson)
    losses = np.stack([_losses(each, lesson.points, base) for each in said])
    weighted = losses * lesson.weights
    folds = np.unique(lesson.fold)
    each_fold = np.stack([weighted[:, lesson.fold == f].sum(axis=1) for f in folds], axis=1)
    by_others = (each_fold.sum(axis=1, keepdims=True) - each_fold).argmin(axis=0)
    picked = losses[by_others[np.searchsorted(folds, lesson.fold)], np.arange(len(base))]
    best = int(each_fold.sum(axis=1).argmin())
    trained: How = "classifier" if lesson.attribute.kind == "nominal" else "regressor"
    how: How = "measure" if best < len(_measured(lesson)) else trained
    return Chosen(heads[best], how, picked, base)


def _measured(lesson: Lesson) -> list[Head]:
    return measured_heads(lesson.attribute, lesson.described, lesson.points)


def _candidates(lesson: Lesson) -> list[Head]:
    if lesson.attribute.kind == "nominal":
        return discriminant_scores(lesson.x, lesson.points)
    return _measured(lesson) + ridge_heads(lesson.x, lesson.points)


def _held_out(lesson: Lesson) -> list[Floats]:
    """Return what each candidate says of each row when fitted without that row's fold."""
    parts: list[list[Floats]] = []
    order: list[Ints] = []
    for fold in np.unique(lesson.fold):
        rows = np.flatnonzero(lesson.fold == fold)
        order.append(rows)
        heads = _candidates(lesson.without(int(fold)))
        parts.append([head(lesson.x[rows], lesson.described[rows]) for head in heads])
    back = np.argsort(np.concatenate(order))
    return [np.concatenate(each)[back] for each in zip(*parts, strict=True)]


def _base(lesson: Lesson) -> Floats:
    """Return the losses of the best constant; for nominal attributes an even guess."""
    out = np.empty(len(lesson.points))
    for fold in np.unique(lesson.fold):
        rows = lesson.fold == fold
        if lesson.attribute.kind == "nominal":
            constant = np.full(lesson.points.shape[1], 1 / lesson.points.shape[1])
        else:
            constant = lesson.points[~rows].mean(axis=0)
        out[rows] = np.sum((lesson.points[rows] - constant) ** 2, axis=1)
    return out


def _losses(said: Floats, points: Floats, base: Floats) -> Floats:
    """Where a reader abstains it counts as having said the constant."""
    squared = np.sum((points - said) ** 2, axis=1)
    return np.where(np.isfinite(squared), squared, base)
