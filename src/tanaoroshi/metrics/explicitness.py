"""Explicitness (Ridgeway & Mozer 2018, arXiv 1802.05312)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from scipy.special import softmax
from scipy.stats import t as student

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.intervals import LEVEL, bounded, nothing_usable, sandwich
from tanaoroshi.metrics.logistic import (
    MOST,
    columns,
    design,
    drawn,
    multinomial,
    one_vs_rest,
    scores,
    shuffled,
    splits,
    standardise,
    thinned,
    unlearnable,
)
from tanaoroshi.metrics.question import Answer, Convention, Question, question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.metrics.logistic import Design
    from tanaoroshi.metrics.question import Bools
    from tanaoroshi.records.attributes import Floats, Ints, Kind
    from tanaoroshi.records.estimates import Measured

Fit = Literal["one_vs_rest", "multinomial"]
Splits = list[tuple["Ints", "Ints"]]

CHANCE = 0.5
# What is left to doubt of the middle between seen and unseen rows, as a share of their distance
# from it (simulated: docs/metrics/explicitness.md).
DOUBT = 0.2
# Permutations for the chance level, each with one fold.
NULLS = 3
# In so many folds the rows that a fit has seen are scored too: they are many, and only compared.
SEEN = 2


class Separation(NamedTuple):
    """How well each value's score tells its rows from the others.

    ``wins``, ``pairs`` (c,): pairs of a row that has the value and one that hasn't; in how many
    the first scores higher (ties count half). ``placed``, ``worth`` (c, m): each row's pairs; in
    how many it stands on the right side.
    """

    wins: Floats
    pairs: Floats
    placed: Floats
    worth: Ints


class Judged(NamedTuple):
    """One attribute: its score on unseen rows, on seen ones, and each row's part in the first."""

    unseen: float
    seen: float
    rows: Floats


def explicitness(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
    fit: Fit | None = None,
    penalty: float = 1.0,
    most: int = MOST,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """Measure how well a linear classifier on all dimensions tells an attribute's values apart.

    For each value, the area under the ROC curve: how often a row that has the value scores higher
    than one that hasn't. Mean over values, then over attributes.

    Parameters
    ----------
    codes
        float (n, d).
    attributes
        (n, k), NaN missing.
    rng
        Source of chance: of folds, rows and chance level.
    kinds
        Of each attribute; ``None``: whole numbers are nominal, others continuous.
    bins, numeric_bins
        See :class:`tanaoroshi.metrics.question.Question`: continuous and circular attributes are
        cut into classes.
    fit
        ``one_vs_rest`` (the paper): each value against all others; ``multinomial``: all together.
        ``None``: the first for ``paper``, the second for ``disentanglement_lib``.
    penalty
        Half of it is what each squared weight costs beside the sum of the losses (scikit-learn's
        1/C), on standardised codes.
    most
        Rows used at most, drawn by whole groups.
    convention
        ``paper``: scored on rows that the fit has not seen, by five folds of whole groups.
        ``disentanglement_lib``: trained on the first 80 % of rows, scored on the rest.
    group
        (n,): rows of one group are not independent.
    permutations
        For the chance level, of which three are used.

    Returns
    -------
    Estimate in [0, 1], 0.5 by chance; or Unmeasured with the reason.

    Raises
    ------
    InputError
        When the arrays do not fit together, or a setting makes no sense.
    """
    asked = question(
        codes,
        attributes,
        rng=rng,
        kinds=kinds,
        group=group,
        convention=convention,
        bins=bins,
        numeric_bins=numeric_bins,
        permutations=permutations,
    )
    return answer_explicitness(asked, fit=fit, penalty=penalty, most=most).total


def answer_explicitness(
    asked: Question, *, fit: Fit | None = None, penalty: float = 1.0, most: int = MOST
) -> Answer:
    """Answer for all attributes and for each."""
    if penalty <= 0 or most < 1:
        raise InputError("penalty must be above 0 and most at least 1")
    if not len(asked.usable):
        return nothing_usable(asked)
    paper = asked.convention == "paper"
    fit = fit or ("one_vs_rest" if paper else "multinomial")
    whole, asked = asked, thinned(asked, most, wide=paper)
    if not len(asked.usable):
        return nothing_usable(asked)
    if paper:
        x, parts = standardise(asked.codes, np.arange(len(asked.codes))), splits(asked)
    else:
        first = np.arange(-(-4 * len(asked.codes) // 5))
        x = standardise(asked.codes, first)
        parts = [(first, np.arange(len(first), len(x)))]
    how = f"{len(parts)} folds" if paper else "first 80 % of rows train"
    method = (
        f"explicitness ({asked.convention}; {fit}, penalty {penalty:g}; {how}{drawn(asked, whole)})"
    )
    judged = judge(x, columns(asked), parts, fit, penalty)
    null = shuffled(asked, NULLS)
    # One fold is enough for a mean.
    luck = judge(x, null.reshape(-1, len(x)), parts[:1], fit, penalty)
    chance = np.array([CHANCE if one is None else one.unseen for one in luck])
    return _assemble(asked, judged, chance.reshape(len(null), -1).mean(axis=0), method)


def judge(x: Floats, labels: Ints, parts: Splits, fit: Fit, penalty: float) -> list[Judged | None]:
    """Fit and score attributes; ``None`` where no value can be both learned and scored.

    Only pairs of rows of one fold are compared. A value that is missing among the rows to train on
    or to score has no pairs there; one without any is left out of the mean.

    Parameters
    ----------
    x
        float (m, d), standardised.
    labels
        int (q, m): q attributes, -1 missing.
    parts
        Rows to train on, rows to score.
    fit, penalty
        See :func:`explicitness`.
    """
    tallies = [_Tally(len(column), int(column.max()) + 1) for column in labels]
    starts: list[Floats | None] = [None] * len(labels)
    for turn, (train, test) in enumerate(parts):
        seen, unseen = design(x[train]), design(x[test])
        for i, (column, tally) in enumerate(zip(labels, tallies, strict=True)):
            learnt = np.bincount(column[train][column[train] >= 0], minlength=len(tally.pairs))
            there = (learnt > 0) & (learnt < learnt.sum())
            if not there.any():
                continue
            fitted = _fitted(seen, column[train], len(tally.pairs), fit, penalty, starts[i])
            starts[i] = fitted
            tally.add(_ranked(unseen, fitted, fit), column, test, there)
            if turn < SEEN:
                tally.add(_ranked(seen, fitted, fit), column, train, there, seen=True)
    return [tally.judged() for tally in tallies]


def separation(found: Floats, labels: Ints) -> Separation:
    """Compare all pairs of rows, value by value.

    Parameters
    ----------
    found
        float (c, m): a score of each value for each row.
    labels
        int (m,), 0..c-1.
    """
    c, m = found.shape
    own = labels == np.arange(c)[:, None]
    order = np.argsort(found, axis=1)
    ranked = np.take_along_axis(found, order, axis=1)
    mine = np.take_along_axis(own, order, axis=1)
    upto = np.cumsum(mine, axis=1)
    differs = np.diff(ranked, axis=1) != 0
    if differs.all():
        # Twice the rows with the value that score lower (ties count half), and twice the place.
        lower, place = 2 * upto - mine, 2 * np.arange(m)
    else:
        edge = np.ones((c, 1), dtype=np.bool_)
        first = np.where(np.hstack([edge, differs]), np.arange(m), 0)
        first = np.maximum.accumulate(first, axis=1)
        last = np.where(np.hstack([differs, edge]), np.arange(m), m - 1)
        last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
        lower = np.take_along_axis(upto - mine, first, 1) + np.take_along_axis(upto, last, 1)
        place = first + last
    size = own.sum(axis=1, keepdims=True)
    right = np.where(mine, (place + 1 - lower) / 2, size - lower / 2)
    placed = np.empty((c, m))
    np.put_along_axis(placed, order, right, axis=1)
    pairs = (size * (m - size))[:, 0].astype(np.float64)
    return Separation((placed * own).sum(axis=1), pairs, placed, np.where(own, m - size, size))


class _Tally:
    """Adds up one attribute's pairs, fold by fold."""

    def __init__(self, m: int, classes: int) -> None:
        self.wins, self.pairs = np.zeros(classes), np.zeros(classes)
        self.wins_seen, self.pairs_seen = np.zeros(classes), np.zeros(classes)
        self.placed, self.worth = np.zeros((classes, m)), np.zeros((classes, m))

    def add(
        self, found: Floats, labels: Ints, rows: Ints, there: Bools, *, seen: bool = False
    ) -> None:
        """Compare the rows (found: their scores) in which the attribute is known."""
        known = labels[rows] >= 0
        if not known.any():
            return
        one = separation(found[:, known], labels[rows[known]])
        if seen:
            self.wins_seen += one.wins * there
            self.pairs_seen += one.pairs * there
            return
        self.wins += one.wins * there
        self.pairs += one.pairs * there
        self.placed[:, rows[known]] = one.placed * there[:, None]
        self.worth[:, rows[known]] = one.worth * there[:, None]

    def judged(self) -> Judged | None:
        """Return the mean over the values that were scored."""
        scored = self.pairs > 0
        if not scored.any():
            return None
        unseen = self.wins[scored] / self.pairs[scored]
        seen = self.wins_seen[scored] / np.maximum(self.pairs_seen[scored], 1)
        rows = self.placed[scored] - unseen[:, None] * self.worth[scored]
        weight = 1 / self.pairs[scored] / len(unseen)
        return Judged(float(unseen.mean()), float(seen.mean()), weight @ rows)


def _fitted(
    rows: Design, labels: Ints, classes: int, fit: Fit, penalty: float, start: Floats | None
) -> Floats:
    if fit == "one_vs_rest":
        return one_vs_rest(rows, labels, classes, penalty, start)
    return multinomial(rows, labels, classes, penalty, start).coefficients


def _ranked(rows: Design, coefficients: Floats, fit: Fit) -> Floats:
    """Return what rows are ordered by: one against the rest the predictor, else the probability."""
    found = scores(rows, coefficients)
    return found if fit == "one_vs_rest" else np.asarray(softmax(found, axis=0))


def _assemble(asked: Question, judged: list[Judged | None], null: Floats, method: str) -> Answer:
    def estimate(found: Judged, chance: float, n: int) -> Measured:
        error = float(sandwich(found.rows, asked.batches))
        low, high = _interval(found, error, int(asked.batches.max()) + 1)
        return bounded(
            found.unseen, low, high, chance=chance, n=n, method=method, units=asked.units
        )

    each: list[Measured] = []
    for i, (a, found) in enumerate(zip(asked.usable, judged, strict=True)):
        if found is None:
            each.append(unlearnable(asked, i))
        else:
            each.append(estimate(found, float(null[i]), asked.known(int(a))))
    scored = [i for i, found in enumerate(judged) if found is not None]
    parts = [found for found in judged if found is not None]
    if not parts:
        return Answer(each[0], asked.spread_out(each))
    whole = Judged(
        float(np.mean([p.unseen for p in parts])),
        float(np.mean([p.seen for p in parts])),
        np.mean([p.rows for p in parts], axis=0),
    )
    rows = int((asked.attribute_bins[:, scored] >= 0).any(axis=1).sum())
    total = estimate(whole, float(null[scored].mean()), rows)
    return Answer(total, asked.spread_out(each))


def _interval(found: Judged, error: float, units: int) -> tuple[float, float]:
    """Span what many rows would give.

    Learning from few rows takes about as much from the score on unseen rows as it adds on seen
    ones; where the codes tell nothing it takes nothing from the first, which lies at chance then.
    The geometric mean of what both have above chance is right at both ends.
    """
    unseen, seen = found.unseen - CHANCE, max(found.seen, found.unseen) - CHANCE
    doubt = DOUBT * (seen - unseen) / 2
    half = student.ppf((1 + LEVEL) / 2, max(units - 1, 1)) * np.hypot(error, doubt)
    low, high = (
        CHANCE + np.sqrt(max(unseen + move, 0) * max(seen + move, 0)) for move in (-half, half)
    )
    return float(low), float(high)
