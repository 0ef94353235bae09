"""Importance of each dimension by forests or boosted trees, fitted with scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from tanaoroshi.records.attributes import Floats

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Ints, Kind

Trees = Literal["random_forest", "boosted_trees"]

# Eastwood & Williams' own forests have ten trees.
FOREST = 10


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """Importances (d,), and the squared errors on rows not trained on: of trees, of the mean."""

    importance: Floats
    error: Floats
    spread: Floats


def grow(
    codes: Floats, values: Floats, kind: Kind, train: Ints, test: Ints, how: Trees, state: int
) -> Grown:
    """Fit one attribute on some rows, score it on others.

    Parameters
    ----------
    codes
        float64 (n, d).
    values
        float64 (n,), known in all rows of ``train`` and ``test``.
    kind
        Nominal ones are classified, the others are regressed (circular: cosine and sine).
    train, test
        Row numbers.
    how
        ``random_forest`` (10 trees) or ``boosted_trees`` (scikit-learn's defaults).
    state
        Seed of the trees.

    Returns
    -------
    Grown; ``error`` and ``spread`` have one entry for each row of ``test``.
    """
    x = codes[train]
    if kind == "nominal":
        return _classify(codes, values, train, test, how, state)
    target = (
        np.stack([np.cos(values), np.sin(values)], 1) if kind == "circular" else values[:, None]
    )
    sizes, error, spread = np.zeros(codes.shape[1]), np.zeros(len(test)), np.zeros(len(test))
    for column in target.T:
        model: Any = (
            RandomForestRegressor(FOREST, random_state=state)
            if how == "random_forest"
            else GradientBoostingRegressor(random_state=state)
        )
        model.fit(x, column[train])
        sizes += np.abs(model.feature_importances_) * column[train].var()
        if len(test):
            error += (model.predict(codes[test]) - column[test]) ** 2
            spread += (column[train].mean() - column[test]) ** 2
    return Grown(sizes / max(sizes.sum(), 1e-300), error, spread)


def _classify(
    codes: Floats, values: Floats, train: Ints, test: Ints, how: Trees, state: int
) -> Grown:
    model: Any = (
        RandomForestClassifier(FOREST, random_state=state)
        if how == "random_forest"
        else GradientBoostingClassifier(random_state=state)
    )
    names, shares = np.unique(values[train], return_counts=True)
    if len(names) < 2:
        nothing = np.zeros(len(test))
        return Grown(np.zeros(codes.shape[1]), nothing, nothing)
    model.fit(codes[train], values[train])
    if not len(test):
        return Grown(np.abs(model.feature_importances_), np.zeros(0), np.zeros(0))
    # A class that was not seen in training is a point of its own, never hit.
    truth = values[test][:, None] == names
    unseen = ~truth.any(axis=1)
    error = ((model.predict_proba(codes[test]) - truth) ** 2).sum(axis=1) + unseen
    spread = ((shares / shares.sum() - truth) ** 2).sum(axis=1) + unseen
    return Grown(np.abs(model.feature_importances_), error, spread)


def library_fit(
    codes: Floats, labels: Ints, train: Ints, test: Ints, state: int
) -> tuple[Floats, Ints]:
    """Fit as disentanglement_lib does; importances (d,) and predicted labels of ``test``."""
    if len(np.unique(labels[train])) < 2:
        return np.zeros(codes.shape[1]), np.full(len(test), labels[train][0])
    model: Any = GradientBoostingClassifier(random_state=state)
    model.fit(codes[train], labels[train])
    guess = model.predict(codes[test]) if len(test) else np.empty(0, dtype=np.int64)
    return np.abs(model.feature_importances_), np.asarray(guess)
