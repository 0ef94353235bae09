"""Explicitness and size, of DCI-ES (Eastwood, Nicolicioiu et al. 2023, arXiv 2210.00364).

Informativeness says how well an attribute can be predicted from the codes; explicitness says how
simple a probe does it. Probes of rising capacity give a loss-capacity curve; what lies between it
and the least loss is the area that explicitness counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from scipy.stats import t as student

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.capacity import (
    ROOM,
    Losses,
    forest_losses,
    ladder,
    predicted,
    standard,
    wave_losses,
)
from tanaoroshi.metrics.intervals import LEVEL, around, bounded, deviations, nothing_usable
from tanaoroshi.metrics.lasso import targets
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import Words, message
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Ints, Kind

Probe = Literal["rff", "random_forest"]
Bias = Literal["cross_fit", "none"]
Normaliser = Literal["lowest", "zero"]

# The authors' waves turn by 2π 0.08 for each unit of ten dimensions.
BANDWIDTH = 2 * np.pi * 0.08 * np.sqrt(10)
# Depths of the authors' forests.
DEPTHS = (1, 2, 3, 4, 8, 10, 12, 14, 16, 18, 20, 32)


@dataclass(frozen=True, slots=True)
class DciEs:
    """Both scores; size has no value for single attributes."""

    explicitness: Answer
    size: Answer


@dataclass(frozen=True, slots=True)
class Probes:
    """How the curves are made; see :func:`dci_es`."""

    probe: Probe = "rff"
    capacities: tuple[int, ...] | None = None
    bias: Bias = "cross_fit"
    normaliser: Normaliser = "lowest"
    bandwidth: float = BANDWIDTH
    penalty: float = 1e-6
    draws: int = 4
    trees: int = 20
    most: int = 5000

    def __post_init__(self) -> None:
        steps = self.capacities
        least = 0 if self.probe == "rff" else 1
        if steps is not None and (len(steps) < 2 or steps[0] < least or min(np.diff(steps)) <= 0):
            raise InputError(
                "capacities must be at least two rising whole numbers from {least} on", least=least
            )
        if min(self.bandwidth, self.penalty) <= 0 or self.draws < 2:
            raise InputError("bandwidth and penalty must be above 0, and draws at least 2")
        if min(self.trees, self.most) < 1:
            raise InputError("trees and most must be at least 1")


class Seen(NamedTuple):
    """Losses of the attributes ``which`` (places among the usable) on the same ``rows``."""

    which: Ints
    rows: Ints
    losses: Losses
    capacities: tuple[int, ...]


class Scored(NamedTuple):
    """One attribute: value, ``drawn`` (1000,) by sampling, ``each`` (draws,) set of waves."""

    value: float
    drawn: Floats
    each: Floats
    rows: Ints
    method: str


def dci_es(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    probe: Probe = "rff",
    capacities: Sequence[int] | None = None,
    bias: Bias = "cross_fit",
    normaliser: Normaliser = "lowest",
    bandwidth: float = BANDWIDTH,
    penalty: float = 1e-6,
    draws: int = 4,
    trees: int = 20,
    most: int = 5000,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
) -> DciEs:
    """Measure explicitness (how simple a probe reads the attributes) and size.

    Parameters
    ----------
    codes
        float (n, d).
    attributes
        (n, k), NaN missing.
    rng
        Source of chance: of rows, folds, waves or trees, and the interval.
    kinds
        Of each attribute; ``None``: whole numbers are nominal, others continuous.
    probe
        ``rff``: ridge regression on the codes and on random waves of them (Fourier features);
        ``random_forest``: one forest, cut off at several depths. Values differ between the two.
    capacities
        Of the probes. ``rff``: how many waves each adds to the linear probe (``None``: each has
        twice the parameters of the one before, five times); what has more than one parameter
        for four independent images is left out. ``random_forest``: depths (``None``: 1 to 32).
    bias
        ``cross_fit``: losses without what learning from few images costs, so that curves do not
        flatten in small collections; ``none``: plain loss on images not fitted on, as the authors
        take it. Forests know the second only.
    normaliser
        ``lowest``: half of (loss of the mean - least loss) × range of capacities; ``zero``: with
        a least loss of 0, as in the authors' code. Areas are the same.
    bandwidth
        Standard deviation of the waves' arguments, on standardised dimensions.
    penalty
        Of the ridge.
    draws
        How often all waves are drawn.
    trees
        In a forest (the authors: 100).
    most
        Images used at most for an attribute, drawn at random. Over 624 dimensions need more.
    convention
        ``disentanglement_lib`` has no such metric: the same with raw values as classes.
    group
        (n,): rows of one group are not independent.

    Returns
    -------
    DciEs. Explicitness lies in [-1, 1]: 1 when the simplest probe is as good as any, 0 for a
    curve that falls evenly from the loss of the mean, below it when only the largest helps. An
    attribute that no probe predicts has none. Size is the number of measured attributes for each
    dimension, above 0.

    Raises
    ------
    InputError
        When the arrays do not fit together, or a setting makes no sense.
    """
    chosen = Probes(
        probe=probe,
        capacities=None if capacities is None else tuple(capacities),
        bias=bias,
        normaliser=normaliser,
        bandwidth=bandwidth,
        penalty=penalty,
        draws=draws,
        trees=trees,
        most=most,
    )
    asked = question(codes, attributes, rng=rng, kinds=kinds, group=group, convention=convention)
    return answer_dci_es(asked, chosen)


def answer_dci_es(asked: Question, chosen: Probes | None = None) -> DciEs:
    """Answer for all attributes, and explicitness for each."""
    if not len(asked.usable):
        nothing = nothing_usable(asked)
        return DciEs(nothing, Answer(nothing.total))
    return DciEs(_explicitness(asked, chosen or Probes()), _size(asked))


def explicitness_of(losses: Floats, capacity: Floats, normaliser: Normaliser = "lowest") -> Floats:
    """Score loss-capacity curves, (..., 1 + s, k) → (..., k).

    Parameters
    ----------
    losses
        Of the mean, then of s probes. A probe counts as no worse than a smaller one.
    capacity
        float (s,), rising.
    normaliser
        See :func:`dci_es`.

    Returns
    -------
    float64 in [-1, 1]; 0 where no probe is better than the mean.
    """
    best = np.minimum.accumulate(losses, axis=-2)
    base, curve, least = best[..., 0, :], best[..., 1:, :], best[..., -1, :]
    above = curve - least[..., None, :]
    steps = np.diff(capacity)[:, None]
    area = (steps * (above[..., 1:, :] + above[..., :-1, :]) / 2).sum(axis=-2)
    gain = base - (least if normaliser == "lowest" else 0)
    half = np.maximum(gain, 1e-300) * (capacity[-1] - capacity[0]) / 2
    return np.asarray(np.where(base > least, 1 - np.minimum(area / half, 2), 0))


def _size(asked: Question) -> Answer:
    d, k = asked.codes.shape[1], len(asked.usable)
    whose = "attributes" if k == len(asked.names) else f"of {len(asked.names)} attributes"
    method = f"dci_es_size ({asked.convention}; {k} {whose} / {d} dimensions; no sampling)"
    value = k / d
    return Answer(Estimate(value, value, value, None, asked.rows, method, LEVEL))


def _explicitness(asked: Question, chosen: Probes) -> Answer:
    reasons: dict[int, Words] = {}
    parts = []
    for which, rows in _same_rows(asked, chosen.most):
        seen = _fit(asked, chosen, which, rows)
        if isinstance(seen, Seen):
            parts.append(seen)
            dim = which[~predicted(seen.losses)]
            reasons |= {int(i): _unclear(asked, int(i)) for i in dim}
        else:
            reasons |= {int(i): seen for i in which}
    scored = _score(asked, chosen, parts)
    each: list[Measured] = [
        Unmeasured(reasons[i]) if i in reasons else _estimate([scored[i]], asked.units)
        for i in range(len(asked.usable))
    ]
    kept = [x for i, x in scored.items() if i not in reasons]
    if kept:
        few = f"{len(kept)} of {len(asked.names)} attributes"
        total: Measured = _estimate(kept, asked.units, few if len(kept) < len(asked.names) else "")
    else:
        total = Unmeasured(_nothing(list(reasons.values())))
    return Answer(total, asked.spread_out(each))


def _nothing(reasons: Sequence[Words]) -> Words:
    if len(reasons) == 1 or all(why == reasons[0] for why in reasons):
        return reasons[0]
    return message("no probe predicts any attribute clearly better than its mean does")


def _same_rows(asked: Question, most: int) -> list[tuple[Ints, Ints]]:
    """Draw rows for each attribute; those that are known in the same rows share them."""
    order = asked.stream("explicitness rows").permutation(len(asked.codes))
    shared: dict[bytes, tuple[list[int], Ints]] = {}
    for i, a in enumerate(asked.usable):
        rows = np.sort(order[np.isfinite(asked.values[order, a])][:most])
        shared.setdefault(rows.tobytes(), ([], rows))[0].append(i)
    return [(np.array(which), rows) for which, rows in shared.values()]


def _fit(asked: Question, chosen: Probes, which: Ints, rows: Ints) -> Seen | Words:
    """Fit probes on the rows of some attributes; or say why it can't be done."""
    codes = standard(asked.codes[rows])
    images = len(np.unique(group_index(len(asked.codes), asked.group)[rows]))
    if chosen.probe == "rff":
        steps = ladder(codes.shape[1], images, chosen.capacities)
    else:
        steps = DEPTHS if chosen.capacities is None else chosen.capacities
    batches = asked.batches[rows]
    if len(steps) < 2 or len(np.unique(batches)) < 2:
        return message(
            "{dimensions} dimensions need at least {fewest} independent images for a probe beyond "
            "the linear one; {n} are used",
            dimensions=codes.shape[1],
            fewest=2 * ROOM * (codes.shape[1] + 1),
            n=images,
        )
    usable = asked.usable[which]
    if asked.convention == "paper":
        wanted = targets(asked.values[rows][:, usable], [asked.kinds[a] for a in usable])
    else:
        wanted = targets(
            asked.attribute_bins[rows][:, which].astype(np.float64), ["nominal"] * len(which)
        )
    rng = asked.stream("explicitness probes")
    if not codes.shape[1]:
        return message("all dimensions are constant: they tell nothing of any attribute")
    if chosen.probe == "random_forest":
        state = int(rng.integers(2**31))
        losses = forest_losses(
            codes, wanted, batches, depths=steps, trees=chosen.trees, state=state
        )
    else:
        losses = wave_losses(
            codes,
            wanted,
            batches,
            waves=steps,
            bandwidth=chosen.bandwidth,
            penalty=chosen.penalty,
            draws=chosen.draws,
            rng=rng,
        )
    return Seen(which, rows, losses, steps)


def _unclear(asked: Question, i: int) -> Words:
    return message(
        "no probe predicts {attribute} clearly better than its mean does: nothing to read",
        attribute=asked.names[asked.usable[i]],
    )


def _score(asked: Question, chosen: Probes, parts: Sequence[Seen]) -> dict[int, Scored]:
    """Score the curves of all attributes, and the same in draws of their sampling variation."""
    curves, variation = [], []
    batches = int(asked.batches.max()) + 1
    for seen in parts:
        losses = seen.losses
        sums = losses.settled if chosen.bias == "cross_fit" else losses.held_out
        n = losses.counts.sum()
        curve = sums.sum(axis=1) / n
        off = sums.mean(axis=0) / n - losses.counts[:, None, None] / n * curve.mean(axis=0)
        padded = np.zeros((batches, off[0].size))
        padded[: len(off)] = off.reshape(len(off), -1)
        curves.append(curve)
        variation.append(padded)
    if not parts:
        return {}
    moved = deviations(np.hstack(variation), asked.stream("explicitness"))
    ends = np.cumsum([v.shape[1] for v in variation])[:-1]
    scored = {}
    for seen, curve, off in zip(parts, curves, np.split(moved, ends, axis=1), strict=True):
        middle = curve.mean(axis=0)
        near = middle + off.reshape(len(off), *middle.shape)
        capacity = seen.losses.capacity
        value, drawn, each = (
            explicitness_of(c, capacity, chosen.normaliser) for c in (middle, near, curve)
        )
        method = _method(asked, chosen, seen)
        for j, i in enumerate(seen.which):
            scored[int(i)] = Scored(float(value[j]), drawn[:, j], each[:, j], seen.rows, method)
    return scored


def _estimate(scored: Sequence[Scored], units: int, few: str = "") -> Estimate:
    """Average attributes; the interval knows of images and of the choice of waves."""
    value = float(np.mean([x.value for x in scored]))
    low, high = around(np.array(value), np.mean([x.drawn for x in scored], axis=0))
    each = np.mean([x.each for x in scored], axis=0)
    luck = each.var(ddof=1) / len(each) if len(each) > 1 else 0.0
    half = _half(float(value - low), float(high - value), float(luck), len(each) - 1)
    method = max(scored, key=lambda x: len(x.rows)).method
    return bounded(
        value,
        value - half,
        value + half,
        chance=None,
        n=len(np.unique(np.concatenate([x.rows for x in scored]))),
        method=method + (f"; {few})" if few else ")"),
        units=units,
        floor=-1.0,
    )


def _half(below: float, above: float, luck: float, freedom: int) -> float:
    """Return half the interval's length from that by sampling and a variance by choice of waves.

    The second is known from few draws: Student's t with Satterthwaite's degrees of freedom.
    """
    normal = float(student.ppf((1 + LEVEL) / 2, np.inf))
    sampling = (max(below, above) / normal) ** 2
    both = sampling + luck
    if luck <= 1e-12 * both:
        return normal * float(np.sqrt(both))
    tail = student.ppf((1 + LEVEL) / 2, freedom * (both / luck) ** 2)
    return float(tail * np.sqrt(both))


def _method(asked: Question, chosen: Probes, seen: Seen) -> str:
    steps = " ".join(str(s) for s in seen.capacities)
    if chosen.probe == "rff":
        draws, width, ridge = chosen.draws, chosen.bandwidth, chosen.penalty
        how = (
            f"linear + {steps} random waves, {draws} draws, bandwidth {width:.3g}, ridge {ridge:g}"
        )
        loss = "cross-fitted" if chosen.bias == "cross_fit" else "held-out"
    else:
        how, loss = f"forests of {chosen.trees} trees, depth {steps}", "held-out"
    least = "" if chosen.normaliser == "lowest" else ", least taken as 0"
    known = asked.known(int(asked.usable[seen.which[0]]))
    size = f"; {len(seen.rows)} images drawn" * (len(seen.rows) < known)
    classes = "" if asked.convention == "paper" else ", which has none; values as classes"
    return (
        f"dci_es_explicitness ({asked.convention}{classes}; {how}; "
        f"{loss} squared error{least}{size}"
    )
