"""Disentanglement, completeness, informativeness (Eastwood & Williams 2018, ICLR).

One regressor per attribute gives a matrix of importances, dimensions × attributes. Disentanglement
asks of every dimension whether it serves one attribute alone, completeness of every attribute
whether one dimension holds it alone, informativeness how well the codes predict it at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from scipy.special import xlogy

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.intervals import bounded, jackknife, nothing_usable
from tanaoroshi.metrics.lasso import FOLDS, fit_all, share_out, targets, without_copies
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.metrics.trees import Fit, fit_library, fit_trees, left_out
from tanaoroshi.records.estimates import Measured, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Kind

Regressor = Literal["lasso", "random_forest", "boosted_trees"]

# Eastwood & Williams' own published notebook, on standardised codes and factors: the least penalty.
PENALTY = 0.02
# Permutations for the chance level, at most: sums of products of many dimensions are dear.
NULLS, DEAR = 10, 20_000_000_000
# disentanglement_lib adds this to importances before it takes entropies.
SMOOTHING = 1e-11


@dataclass(frozen=True, slots=True)
class Dci:
    """The three scores."""

    disentanglement: Answer
    completeness: Answer
    informativeness: Answer


def dci(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    regressor: Regressor | None = None,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    penalty: float | None = None,
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
        ``lasso`` (default; on standardised columns; classes as a group of indicators, angles as
        cosine and sine), ``random_forest`` (10 trees), ``boosted_trees``. The same codes give very
        different scores with each.
    convention
        ``paper``, or ``disentanglement_lib``: boosted trees that classify raw values, trained on
        the first 80 % of rows; informativeness is the accuracy on the rest.
    group
        (n,): rows of one group are not independent.
    penalty
        Of the lasso, 0 or more. ``None``: 0.02, or with few rows the larger √(2 log d / n) that
        keeps chance out; n counts independent rows. The scores are those of all images that there
        could be, at this penalty; compare only what has the same (it stands in ``method``).

    Returns
    -------
    Dci, of answers with ``total`` and ``per_attribute``. In the paper's convention
    informativeness is the held-out share of variation explained, at most 1; it can fall a little
    below 0.

    Raises
    ------
    InputError
        When the arrays do not fit together, or for an unknown regressor or a negative penalty.
    """
    asked = question(codes, attributes, rng=rng, kinds=kinds, group=group, convention=convention)
    return answer_dci(asked, regressor=regressor, penalty=penalty)


def answer_dci(
    asked: Question, *, regressor: Regressor | None = None, penalty: float | None = None
) -> Dci:
    """Answer for all attributes and for each."""
    if regressor not in (None, *get_args(Regressor)):
        raise InputError("regressor must be lasso, random_forest or boosted_trees")
    if penalty is not None and not 0 <= penalty < np.inf:
        raise InputError("penalty must be a number, 0 or more")
    if not len(asked.usable):
        nothing = nothing_usable(asked)
        return Dci(Answer(nothing.total), nothing, nothing)
    found = _fit(asked, regressor, penalty)
    return Dci(
        _disentanglement(asked, found), _completeness(asked, found), _informativeness(asked, found)
    )


def disentanglement(importances: Floats, smoothing: float = 0.0) -> Floats:
    """Score matrices of importances (..., d, k): 1 - entropy of each line, weighted by its sum.

    0 where all importances are 0. A line of zeros (a constant dimension) has no weight, wherever
    it stands. ``smoothing`` is added to importances before entropies are taken.
    """
    weight = importances.sum(axis=-1)
    share = weight / np.maximum(weight.sum(axis=-1, keepdims=True), 1e-300)
    return np.asarray((share * _one_sided(importances + smoothing)).sum(axis=-1))


def completeness(importances: Floats, smoothing: float = 0.0) -> Floats:
    """Score each attribute, (..., d, k) → (..., k): 1 - entropy of its column, base d.

    0 for an attribute that no dimension predicts.
    """
    return _one_sided(np.swapaxes(importances, -1, -2) + smoothing)


def _one_sided(lines: Floats) -> Floats:
    total = lines.sum(axis=-1, keepdims=True)
    share = lines / np.maximum(total, 1e-300)
    entropy = -xlogy(share, share).sum(axis=-1) / np.log(lines.shape[-1])
    return np.asarray(np.where(total[..., 0] > 0, 1 - entropy, 0))


def _disentanglement(asked: Question, found: Fit) -> Answer:
    if len(asked.usable) < 2:
        why = message("disentanglement compares attributes: at least two are needed")
        return Answer(Unmeasured(why))
    extra = _smoothing(asked)
    value = float(disentanglement(found.importance, extra))
    low, high = jackknife(np.array(value), disentanglement(found.without, extra))
    if found.absent.all():
        low, high = np.array(0.0), np.array(1.0)
    chance = float(disentanglement(found.null, extra).mean())
    method = f"dci_disentanglement ({found.method})"
    return Answer(
        bounded(
            value,
            float(low),
            float(high),
            chance=chance,
            n=_rows(asked),
            method=method,
            units=asked.units,
        )
    )


def _completeness(asked: Question, found: Fit) -> Answer:
    if asked.codes.shape[1] < 2:
        why = Unmeasured(message("completeness compares dimensions: at least two are needed"))
        return Answer(why, asked.spread_out([why] * len(asked.usable)))
    each, without, null = (
        completeness(m, _smoothing(asked)) for m in (found.importance, found.without, found.null)
    )
    weight = np.ones(len(asked.usable))
    if asked.convention == "disentanglement_lib" and found.importance.sum() > 0:
        weight = found.importance.sum(axis=0)
    weight = weight / weight.sum()
    low, high = jackknife(each, without)
    lows, highs = np.where(found.absent, 0, low), np.where(found.absent, 1, high)
    bottom, top = jackknife(each @ weight, without @ weight)
    # What stands in an attribute's column by chance alone may not be there at all.
    bottom = bottom - (each * found.absent) @ weight
    if found.absent.all():
        top = np.array(1.0)
    values, chances = np.append(each, each @ weight), null.mean(axis=0)
    ends = (np.append(lows, bottom), np.append(highs, top), np.append(chances, chances @ weight))
    return _answer(asked, values, ends, f"dci_completeness ({found.method})", 0.0)


def _informativeness(asked: Question, found: Fit) -> Answer:
    low, high = jackknife(found.middle, found.told_without)
    bottom, top = jackknife(found.middle.mean(), found.told_without.mean(axis=1))
    chances = found.told_null.mean(axis=0)
    ends = (
        np.append(low, bottom),
        np.maximum(np.append(high, top), np.append(found.most, found.most.mean())),
        np.append(chances, chances.mean()),
    )
    values = np.append(found.told, found.told.mean())
    return _answer(asked, values, ends, f"dci_informativeness ({found.method})", None)


def _answer(
    asked: Question,
    values: Floats,
    ends: tuple[Floats, Floats, Floats],
    method: str,
    floor: float | None,
) -> Answer:
    """Make estimates of (k + 1,) values, low ends, high ends and chance levels, the total last."""
    sizes = [*(asked.known(int(a)) for a in asked.usable), _rows(asked)]
    measured: list[Measured] = [
        bounded(
            float(v),
            float(lo),
            float(hi),
            chance=float(c),
            n=n,
            method=method,
            units=asked.units,
            floor=floor,
        )
        for v, lo, hi, c, n in zip(values, *ends, sizes, strict=True)
    ]
    return Answer(measured[-1], asked.spread_out(measured[:-1]))


def _fit(asked: Question, regressor: Regressor | None, penalty: float | None) -> Fit:
    if asked.convention == "disentanglement_lib":
        return fit_library(asked)
    if regressor in (None, "lasso"):
        return _fit_lasso(asked, penalty)
    return fit_trees(asked, "random_forest" if regressor == "random_forest" else "boosted_trees")


def _fit_lasso(asked: Question, penalty: float | None) -> Fit:
    wanted = targets(asked.values[:, asked.usable], [asked.kinds[a] for a in asked.usable])
    codes, copies = without_copies(asked.codes)
    used = _penalty(asked, codes) if penalty is None else float(penalty)
    batches = left_out(asked)
    sizes, inside, told = fit_all(codes, wanted, batches, used, whole=False)
    cost = codes.size * codes.shape[1] * len(wanted.patterns())
    null, told_null = [], []
    for order in asked.orders[: int(np.clip(DEAR // max(cost, 1), 2, NULLS))]:
        moved = wanted._replace(columns=wanted.columns[order], known=wanted.known[order])
        noise, _, luck = fit_all(codes, moved, batches % FOLDS, used, whole=True)
        null.append(noise[0])
        told_null.append(luck)
    chance = np.stack(null)
    sizes, spread_null = share_out(sizes, copies), share_out(chance, copies)
    return Fit(
        importance=sizes[0],
        null=spread_null,
        without=sizes[1:],
        told=told,
        told_null=np.stack(told_null),
        # On the rows that were fitted too much is told, held out too little.
        middle=(told + inside[0]) / 2,
        most=inside[0],
        told_without=inside[1:],
        absent=sizes[0].sum(axis=0) <= chance.sum(axis=1).max(axis=0),
        method=f"{asked.convention}; lasso, penalty {used:g}; held-out share of variation",
    )


def _penalty(asked: Question, codes: Floats) -> float:
    """Return the penalty that chance hardly passes: the largest of d noises among so many rows.

    Rows of one group count as one (Kish's effective number where groups differ in size).
    """
    there = np.isfinite(asked.values[:, asked.usable]).any(axis=1)
    sizes = np.bincount(group_index(len(codes), asked.group)[there])
    rows = sizes.sum() ** 2 / (sizes**2).sum()
    varying = max(int((codes.std(axis=0) > 0).sum()), 2)
    return max(PENALTY, float(np.ceil(1000 * np.sqrt(2 * np.log(varying) / rows)) / 1000))


def _smoothing(asked: Question) -> float:
    return SMOOTHING if asked.convention == "disentanglement_lib" else 0.0


def _rows(asked: Question) -> int:
    return int(np.isfinite(asked.values[:, asked.usable]).any(axis=1).sum())
