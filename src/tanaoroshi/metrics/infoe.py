"""InfoE: linear predictive information (Hsu, Dorrell, Whittington, Wu & Finn 2023, 2305.18378)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from scipy.special import log_softmax
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.intervals import LEVEL, bounded, nothing_usable, sandwich
from tanaoroshi.metrics.logistic import (
    MOST,
    SLOPE,
    columns,
    design,
    drawn,
    multinomial,
    quietly,
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

Scoring = Literal["held_out", "in_sample"]
Splits = list[tuple["Ints", "Ints"]]

# Permutations for the chance level, each with one fold.
NULLS = 1
# From strong to weak.
PENALTIES = (100.0, 10.0, 1.0, 0.01, 0.0001)
# A gain of less is one of rounding.
ROUNDING = 1e-6
# What is left to doubt of the middle between seen and unseen rows, as a share of their distance
# from it; it grows with that distance (simulated: docs/metrics/infomec.md).
DOUBT, GROWTH = 0.25, 4.0


class Known(NamedTuple):
    """What the codes tell of one attribute.

    ``unseen``, ``seen``: share of the entropy on rows that the fits have not seen, and that they
    have. ``rows`` (m,): each row's part in the first, sums to 0. ``shrunk``: the penalty is one
    that shrinks what there is. ``n``: rows scored. ``slope``: the largest gradient that a fit left.
    """

    unseen: float
    seen: float
    rows: Floats
    shrunk: bool
    n: int
    slope: float


def infoe(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
    scoring: Scoring = "held_out",
    penalties: Sequence[float] = PENALTIES,
    most: int = MOST,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """Measure which share of an attribute's entropy a linear model of all dimensions predicts.

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
    scoring
        ``held_out``: losses on rows that the fit has not seen, five folds of whole groups, beside
        those of the shares of the values. ``in_sample``: as the authors' code does it: classes
        weighted to count the same, no penalty, losses on the very rows of the fit, beside those
        of equal shares.
    penalties
        ``held_out``: half of it is what each squared weight costs beside the sum of the losses,
        on standardised codes. The first fold chooses; the shares of the values alone are always
        among the choices, so the value is 0 or more.
    most
        Rows used at most, drawn by whole groups.
    convention
        Says how attributes are cut into classes; ``disentanglement_lib`` has no InfoE.
    group
        (n,): rows of one group are not independent.
    permutations
        For the chance level, of which one is used.

    Returns
    -------
    Estimate in [0, 1], or Unmeasured with the reason.

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
    return answer_infoe(asked, scoring=scoring, penalties=penalties, most=most).total


def answer_infoe(
    asked: Question,
    *,
    scoring: Scoring = "held_out",
    penalties: Sequence[float] = PENALTIES,
    most: int = MOST,
) -> Answer:
    """Answer for all attributes and for each."""
    if most < 1 or not len(penalties) or min(penalties) <= 0:
        raise InputError("penalties must be above 0 and most at least 1")
    if not len(asked.usable):
        return nothing_usable(asked)
    whole, asked = asked, thinned(asked, most)
    if not len(asked.usable):
        return nothing_usable(asked)
    x = standardise(asked.codes, np.arange(len(asked.codes)))
    labels, null, path = columns(asked), shuffled(asked, NULLS), sorted(penalties, reverse=True)
    if scoring == "in_sample":
        how = "no penalty, balanced classes; in-sample losses"
        found = [_in_sample(x, column) for column in labels]
        luck = [[_in_sample(x, column) for column in one] for one in null]
    else:
        parts = splits(asked)
        how = f"penalty out of {', '.join(f'{p:g}' for p in path)}; losses of {len(parts)} folds"
        found = _held_out(x, labels, parts, path)
        luck = [_held_out(x, one, parts[:1], path) for one in null]
    chance = np.array([[0.0 if f is None else max(f.unseen, 0) for f in one] for one in luck])
    library = "" if asked.convention == "paper" else ", which defines no infoe"
    slope = max((f.slope for one in (found, *luck) for f in one if f is not None), default=0.0)
    left = f"; fits not converged, slope of the mean loss {slope:.1g}" if slope > SLOPE else ""
    method = f"infoe ({asked.convention}{library}; {how}{left}{drawn(asked, whole)})"
    return _assemble(asked, found, chance.mean(axis=0), method)


def _held_out(x: Floats, labels: Ints, parts: Splits, path: Sequence[float]) -> list[Known | None]:
    """Score attributes, (q, m), on rows that the fits have not seen."""
    q, m = labels.shape
    lost, whole = np.zeros((q, m)), np.zeros((q, m))
    scored = np.zeros((q, m), dtype=np.bool_)
    seen, chosen, slope = np.zeros((q, 2)), np.zeros(q), np.zeros(q)
    starts: list[Floats | None] = [None] * q
    for turn, (train, test) in enumerate(parts):
        inside, outside = design(x[train]), design(x[test])
        for i, column in enumerate(labels):
            own, other = column[train], column[test]
            shares = np.bincount(own[own >= 0], minlength=int(column.max()) + 1) / max(
                (own >= 0).sum(), 1
            )
            # A value that no row to train on has can't be foreseen, by the codes or without.
            rows = np.flatnonzero((other >= 0) & (shares[other] > 0))
            if not len(rows) or (shares > 0).sum() < 2:
                continue
            choices = path if turn == 0 or not chosen[i] else [chosen[i]]
            best = _choose(inside, own, outside, other, rows, choices, starts[i])
            chosen[i], fitted, left = best
            starts[i], slope[i] = fitted, max(slope[i], left)
            at = test[rows]
            scored[i, at] = True
            lost[i, at] = _losses(outside, fitted, other)[rows]
            whole[i, at] = -np.log(shares[other[rows]])
            known = np.flatnonzero(own >= 0)
            around = -np.log(shares[own[known]]).sum()
            seen[i] += _losses(inside, fitted, own)[known].sum(), around
    return [
        _known(lost[i], whole[i], scored[i], seen[i], shrunk=chosen[i] > 1, slope=slope[i])
        if scored[i].any()
        else None
        for i in range(q)
    ]


def _choose(
    inside: Design,
    own: Ints,
    outside: Design,
    other: Ints,
    rows: Ints,
    path: Sequence[float],
    start: Floats | None,
) -> tuple[float, Floats, float]:
    """Fit with the penalty that foretells the other rows best; with the largest gradient left.

    Starts in the middle and goes on to weaker ones while that helps, else to stronger ones.
    """
    classes, slopes = int(max(own.max(), other.max())) + 1, list[float]()

    def attempt(penalty: float, start: Floats | None) -> tuple[float, float, Floats]:
        fitted, slope = multinomial(inside, own, classes, penalty, start)
        slopes.append(slope)
        return float(_losses(outside, fitted, other)[rows].mean()), penalty, fitted

    middle = len(path) // 2
    best = attempt(path[middle], start)
    for way in (path[middle + 1 :], path[:middle][::-1]):
        found = best
        for penalty in way:
            now = attempt(penalty, found[2])
            if now[0] >= found[0]:
                break
            found = now
        if found is not best:
            best = found
            break
    return best[1], best[2], max(slopes)


def _losses(rows: Design, fitted: Floats, labels: Ints) -> Floats:
    """Return the logarithmic loss of each row, nats; of use where its class was learned."""
    found = scores(rows, fitted)
    return -np.asarray(log_softmax(found, axis=0)[labels, np.arange(len(labels))])


def _known(
    lost: Floats, whole: Floats, scored: Bools, seen: Floats, *, shrunk: bool, slope: float
) -> Known:
    entropy = whole.sum()
    rest = lost.sum() / entropy
    gained = float(1 - rest)
    return Known(
        unseen=0.0 if 0 < gained < ROUNDING else gained,
        seen=float(1 - seen[0] / max(seen[1], 1e-300)),
        rows=-(lost - rest * whole) / entropy,
        shrunk=shrunk,
        n=int(scored.sum()),
        slope=slope,
    )


def _in_sample(x: Floats, labels: Ints) -> Known | None:
    """Score as the authors' code does."""
    used = np.flatnonzero(labels >= 0)
    values, own = np.unique(labels[used], return_inverse=True)
    if len(values) < 2:
        return None
    model = LogisticRegression(C=np.inf, class_weight="balanced", max_iter=100)
    converged = quietly(model, x[used], own)
    lost = np.zeros(len(labels))
    lost[used] = -model.predict_log_proba(x[used])[np.arange(len(used)), own]
    whole = np.where(labels >= 0, np.log(len(values)), 0)
    share = 1 - lost.sum() / whole.sum()
    # On average a fit gains half of this for each of its free numbers, and loses it elsewhere.
    free = (len(values) - 1) * (np.ptp(x[used], axis=0) > 0).sum()
    gained = min(free / whole.sum(), max(share, 0))
    rows = -(lost - (1 - share) * whole) / whole.sum()
    slope = 0.0 if converged else np.inf
    return Known(float(share), float(share - gained), rows, False, len(used), slope)  # noqa: FBT003


def _assemble(asked: Question, found: list[Known | None], null: Floats, method: str) -> Answer:
    def estimate(one: Known, chance: float) -> Measured:
        error = float(sandwich(one.rows, asked.batches))
        low, high = _interval(one, error, int(asked.batches.max()) + 1)
        value, units = max(one.unseen, 0.0), asked.units
        return bounded(value, low, high, chance=chance, n=one.n, method=method, units=units)

    each: list[Measured] = []
    for i, one in enumerate(found):
        if one is None:
            each.append(unlearnable(asked, i))
        else:
            each.append(estimate(one, float(null[i])))
    scored = [i for i, one in enumerate(found) if one is not None]
    parts = [one for one in found if one is not None]
    if not parts:
        return Answer(each[0], asked.spread_out(each))
    rows = (asked.attribute_bins[:, scored] >= 0).any(axis=1).sum()
    total = Known(
        unseen=float(np.mean([max(one.unseen, 0) for one in parts])),
        seen=float(np.mean([one.seen for one in parts])),
        rows=np.mean([one.rows for one in parts], axis=0),
        shrunk=any(one.shrunk for one in parts),
        n=int(rows),
        slope=max(one.slope for one in parts),
    )
    return Answer(estimate(total, float(null[scored].mean())), asked.spread_out(each))


def _interval(one: Known, error: float, units: int) -> tuple[float, float]:
    """Span what many rows would give.

    What learning from few rows takes from the losses on unseen rows it adds on seen ones (Akaike
    1973): the truth lies in the middle. A fit that the penalty holds back can't tell how far off
    it is: then the interval goes from the unseen rows to the seen ones.
    """
    middle, far = (one.unseen + one.seen) / 2, abs(one.seen - one.unseen) / 2
    t = student.ppf((1 + LEVEL) / 2, max(units - 1, 1))
    half = t * np.hypot(error, far * min(DOUBT + GROWTH * far, 1))
    low, high = middle - half, middle + half
    if one.shrunk:
        low, high = min(low, one.unseen - t * error), max(high, one.seen + t * error)
    return float(low), float(high)
