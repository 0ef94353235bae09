"""Importance of each dimension by forests (scikit-learn's) or boosted trees; held-out errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from tanaoroshi.metrics.boosting import Boosted, classify, regress
from tanaoroshi.metrics.intervals import batch_sums
from tanaoroshi.metrics.ranges import range_width, sort_codes
from tanaoroshi.records.attributes import Floats
from tanaoroshi.stats.resample import group_folds, group_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.metrics.question import Question
    from tanaoroshi.metrics.ranges import Sorted
    from tanaoroshi.records.attributes import Ints, Kind

    Ready = Callable[[Ints, Ints], Sorted]

Bools = NDArray[np.bool_]
Trees = Literal["random_forest", "boosted_trees"]

# Batches of groups that are left out in turn; folds for held-out errors.
LEFT_OUT, FOLDS = 40, 5
# Trees are grown anew for each permutation: few; in the library's convention once, on so many rows,
# in ranges of so many: no split is better than others there.
NULLS: dict[str, int] = {"random_forest": 3, "boosted_trees": 1}
NULL_ROWS, NULL_WIDTH = 1000, 5
# Eastwood & Williams' own forests have ten trees.
FOREST = 10


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What the fits of all usable attributes gave.

    Attributes
    ----------
    importance, null
        float64 (d, k), (B, d, k) under permutations.
    without
        float64 (batches, d, k): importances with each batch left out.
    told, told_null
        float64 (k,), (B, k) under permutations: informativeness.
    middle, most
        float64 (k,): what its interval is built around, and what it reaches at least.
    told_without
        float64 (batches, k): informativeness (or what varies alike) with each batch left out.
    absent
        bool (k,): importances no larger than under permutations: their shares say nothing.
    method
        What was fitted.
    """

    importance: Floats
    null: Floats
    without: Floats
    told: Floats
    told_null: Floats
    middle: Floats
    most: Floats
    told_without: Floats
    absent: Bools
    method: str


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """What the trees of one attribute gave.

    Attributes
    ----------
    credit
        float64 (b, d): importances, split by the batches of rows that they come from (forests: all
        in the first line); sums to 1, or 0 where there was nothing to learn.
    error, spread
        float64 (m,): squared errors on rows not trained on, of the trees and of the mean.
    """

    credit: Floats
    error: Floats
    spread: Floats


def left_out(asked: Question) -> Ints:
    """Batches of whole groups that are left out in turn, int64 (n,)."""
    groups = int(group_index(len(asked.codes), asked.group).max()) + 1
    rng = asked.stream("left out")
    return group_folds(len(asked.codes), asked.group, min(groups, LEFT_OUT), rng=rng)


def fit_trees(asked: Question, how: Trees) -> Fit:
    """Fit every attribute on all rows, and on all folds but one in turn for held-out errors."""
    batches, n, k = left_out(asked), len(asked.codes), len(asked.usable)
    state, boosted = int(asked.stream("trees").integers(2**31)), how == "boosted_trees"
    fold, orders = batches % FOLDS, asked.orders[: NULLS[how]]
    full, without, error, spread = [], [], np.zeros((n, k)), np.zeros((n, k))
    null, told_null = np.zeros((len(orders), asked.codes.shape[1], k)), np.zeros((len(orders), k))
    for i, a in enumerate(asked.usable):
        kind, values = asked.kinds[a], asked.values[:, a]
        known = np.flatnonzero(np.isfinite(values))
        whole = grow(asked.codes, values, kind, known, known[:0], how, state, batches)
        left = []
        for f in range(int(fold.max()) + 1):
            away = fold[known] == f
            part = grow(asked.codes, values, kind, known[~away], known[away], how, state)
            error[known[away], i], spread[known[away], i] = part.error, part.spread
            left.append(part.credit.sum(axis=0))
        full.append(whole.credit.sum(axis=0))
        without.append(_rest(whole.credit, int(batches.max()) + 1) if boosted else np.stack(left))
        for r, order in enumerate(orders):
            moved = values[order]
            there = np.flatnonzero(np.isfinite(moved))
            away = fold[there] == 0
            part = grow(asked.codes, moved, kind, there[~away], there[away], how, state)
            null[r, :, i] = part.credit.sum(axis=0)
            told_null[r, i] = 1 - part.error.sum() / max(part.spread.sum(), 1e-300)
    return _of_trees(
        (np.stack(full, axis=1), np.stack(without, axis=2), null),
        (batch_sums(spread - error, batches), batch_sums(spread, batches), told_null),
        f"{asked.convention}; {_words(how, n)}; held-out share of variation",
    )


def fit_library(asked: Question) -> Fit:
    """Fit as disentanglement_lib: the first 80 % of rows train, the rest test, as they stand."""
    batches, n, k = left_out(asked), len(asked.codes), len(asked.usable)
    state = int(asked.stream("trees").integers(2**31))
    first, few = np.arange(n) < int(np.ceil(0.8 * n)), _few(asked)
    ready, ready_null = _remembering(asked.codes), _remembering(asked.codes, NULL_WIDTH)
    full, without = [], []
    null, told_null = np.zeros((1, asked.codes.shape[1], k)), np.zeros((1, k))
    right, tested = np.zeros((n, k)), np.zeros((n, k))
    for i in range(k):
        labels = asked.attribute_bins[:, i]
        train, test = np.flatnonzero((labels >= 0) & first), np.flatnonzero((labels >= 0) & ~first)
        credit, guess = library_fit(ready, labels, train, test, state, batches)
        full.append(credit.sum(axis=0))
        without.append(_rest(credit, int(batches.max()) + 1))
        right[test, i] = guess == labels[test]
        tested[test, i] = 1
        moved = labels[asked.orders[0]]
        there = (moved >= 0) & few
        train, test = np.flatnonzero(there & first), np.flatnonzero(there & ~first)
        credit, guess = library_fit(ready_null, moved, train, test, state, batches)
        null[0, :, i] = credit.sum(axis=0)
        told_null[0, i] = (guess == moved[test]).mean() if len(test) else 0.0
    return _of_trees(
        (np.stack(full, axis=1), np.stack(without, axis=2), null),
        (batch_sums(right, batches), batch_sums(tested, batches), told_null),
        f"disentanglement_lib; {_words('boosted_trees', int(first.sum()))}; "
        f"first 80 % of rows train; accuracy; chance level of {int(few.sum())} rows",
    )


def _words(how: Trees, n: int) -> str:
    """Say how trees were grown on n rows, and where their interval comes from."""
    if how == "random_forest":
        return f"random_forest of {FOREST} trees, interval of {FOLDS} folds"
    width = range_width(n)
    ranges = f", splits by {int(np.ceil(n / width))} ranges first" if width > 1 else ""
    return f"boosted_trees{ranges}, interval of the splits as they are"


def _few(asked: Question) -> Bools:
    """Choose rows for the trees under permutations, whole groups: no more than about NULL_ROWS."""
    batches = asked.batches
    share = min(1.0, NULL_ROWS / len(batches))
    return np.asarray(batches < max(1, round(share * (int(batches.max()) + 1))))


def _rest(credit: Floats, batches: int) -> Floats:
    """Take out each batch in turn: importances (batches, d) from what each gave; sums 1 or 0."""
    full = np.zeros((batches, credit.shape[1]))
    full[: len(credit)] = credit
    rest = full.sum(axis=0) - full
    return np.asarray(np.maximum(rest, 0) / np.maximum(rest.sum(axis=1, keepdims=True), 1e-300))


def _of_trees(
    importances: tuple[Floats, Floats, Floats], told: tuple[Floats, Floats, Floats], method: str
) -> Fit:
    """Gather what trees gave; ``told``: hits, trials of each batch (b, k), under permutations."""
    hits, trials, null = told
    value = hits.sum(axis=0) / np.maximum(trials.sum(axis=0), 1e-300)
    rest = (hits.sum(axis=0) - hits) / np.maximum(trials.sum(axis=0) - trials, 1e-300)
    full, without, noise = importances
    return Fit(
        importance=full,
        null=noise,
        without=without,
        told=value,
        told_null=null,
        middle=value,
        most=value,
        told_without=rest,
        absent=np.zeros(full.shape[1], dtype=np.bool_),
        method=method,
    )


def grow(
    codes: Floats,
    values: Floats,
    kind: Kind,
    train: Ints,
    test: Ints,
    how: Trees,
    state: int,
    batches: Ints | None = None,
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
    batches
        int (n,), from 0: whose credit is kept apart.
    """
    nothing = np.zeros(len(test))
    if len(train) < 2 or np.ptp(values[train]) == 0:
        return Grown(np.zeros((1, codes.shape[1])), nothing, nothing)
    if kind == "nominal":
        names, labels, shares = np.unique(values[train], return_inverse=True, return_counts=True)
        credit, guess = _fit(codes, labels, train, test, how, state, batches)
        # A class that was not seen in training is a point of its own, never hit.
        truth = values[test][:, None] == names
        unseen = ~truth.any(axis=1)
        error = ((guess - truth) ** 2).sum(axis=1) + unseen
        spread = ((shares / shares.sum() - truth) ** 2).sum(axis=1) + unseen
        return Grown(credit, error, spread)
    columns = [np.cos(values), np.sin(values)] if kind == "circular" else [values]
    grown = []
    for column in columns:
        credit, guess = _fit(codes, column[train], train, test, how, state, batches)
        spread = (column[train].mean() - column[test]) ** 2
        grown.append((column[train].var() * credit, (guess - column[test]) ** 2, spread))
    whole, error, spread = (np.sum(part, axis=0) for part in zip(*grown, strict=True))
    return Grown(whole / max(whole.sum(), 1e-300), error, spread)


def library_fit(
    ready: Ready, labels: Ints, train: Ints, test: Ints, state: int, batches: Ints
) -> tuple[Floats, Ints]:
    """Fit as disentanglement_lib does; credit (b, d) and predicted labels of ``test``."""
    names, found = np.unique(labels[train], return_inverse=True)
    if len(names) < 2:
        return np.zeros((1, ready(train, test).dimensions)), np.full(len(test), [*names, -1][0])
    rng = np.random.default_rng(state)
    grown = classify(ready(train, test), found, rng=rng, batches=batches[train])
    return grown.credit, names[grown.predicted.argmax(axis=1)]


def _remembering(codes: Floats, width: int | None = None) -> Ready:
    """Sort codes for some rows; once for all attributes that are known in the same."""
    last: dict[bytes, Sorted] = {}

    def ready(train: Ints, test: Ints) -> Sorted:
        key = train.tobytes() + b"/" + test.tobytes()
        if key not in last:
            last.clear()
            last[key] = sort_codes(codes, train, test, width=width)
        return last[key]

    return ready


def _fit(
    codes: Floats,
    target: Floats | Ints,
    train: Ints,
    test: Ints,
    how: Trees,
    state: int,
    batches: Ints | None,
) -> Boosted:
    """Fit the target of the training rows: whole numbers are classes, others are regressed."""
    classes = target.dtype.kind in "iu"
    if how == "boosted_trees":
        own = None if batches is None else batches[train]
        rows, rng = sort_codes(codes, train, test), np.random.default_rng(state)
        if classes:
            return classify(rows, target.astype(np.int64), rng=rng, batches=own)
        return regress(rows, target.astype(np.float64), rng=rng, batches=own)
    model: Any = (
        RandomForestClassifier(FOREST, random_state=state)
        if classes
        else RandomForestRegressor(FOREST, random_state=state)
    )
    model.fit(codes[train], target)
    guess = np.zeros((0, len(np.unique(target)))) if classes else np.zeros(0)
    if len(test):
        guess = model.predict_proba(codes[test]) if classes else model.predict(codes[test])
    return Boosted(np.asarray(model.feature_importances_)[None], np.asarray(guess))
