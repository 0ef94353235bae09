"""From held-out errors to the estimates that the judgement rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import rankdata

from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.shelves.chance import adjust
from tanaoroshi.shelves.intervals import ratio_estimate

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints, Kind
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.shelves.probes import Probed
    from tanaoroshi.shelves.settings import ShelfSettings

Answer = Literal["yes", "no", "unclear"]


@dataclass(frozen=True, slots=True)
class Skills:
    """What one attribute's probes tell, and whether it is enough.

    Attributes
    ----------
    best, direction, everything
        Held-out share of the variation told by the best dimension, the best direction, all
        dimensions.
    two
        By the two best dimensions; circular attributes only.
    whole
        The largest of these: what is known to be in the codes.
    gap
        Best minus next dimension; ``None`` with one dimension.
    each
        By each dimension, d of them.
    dimension_enough, direction_enough, two_enough
        That share minus ``own_share`` of the whole: above 0 is enough.
    lead_enough
        The gap minus ``own_gap`` of the best dimension's share; ``None`` with one dimension.
    """

    best: Estimate
    direction: Estimate
    everything: Estimate
    two: Estimate | None
    whole: Estimate
    gap: Estimate | None
    each: tuple[Estimate, ...]
    dimension_enough: Estimate
    direction_enough: Estimate
    two_enough: Estimate | None
    lead_enough: Estimate | None


def weigh(probed: Probed, group: Ints | None, settings: ShelfSettings) -> Skills:
    """Turn held-out errors of rows into shares with intervals.

    Parameters
    ----------
    probed
        Errors of n rows.
    group
        int64 (n,) or ``None``.
    settings
        See :class:`~tanaoroshi.shelves.settings.ShelfSettings`.
    """
    constant = probed.constant

    def share(told: Floats, method: str) -> Estimate:
        return ratio_estimate(
            told, constant, group, level=settings.level, method=method, chance=0.0
        )

    def skill(losses: Floats, place: str) -> Estimate:
        return share(constant - losses, f"held-out share of variation, {place}")

    def enough(losses: Floats) -> Estimate:
        return share(constant - losses - settings.own_share * (constant - most), "own share")

    told = [probed.best, probed.direction, probed.everything]
    told += [] if probed.best_two is None else [probed.best_two]
    most = min(told, key=lambda losses: float(losses.sum()))
    lead = None if probed.next_best is None else probed.next_best - probed.best
    return Skills(
        best=skill(probed.best, "best dimension"),
        direction=skill(probed.direction, "best direction"),
        everything=skill(probed.everything, "all dimensions, nonlinear"),
        two=None if probed.best_two is None else skill(probed.best_two, "two best dimensions"),
        whole=skill(most, "best probe"),
        gap=None if lead is None else share(lead, "best dimension minus next, held out"),
        each=tuple(skill(losses, f"dimension {j}") for j, losses in enumerate(probed.each.T)),
        dimension_enough=enough(probed.best),
        direction_enough=enough(probed.direction),
        two_enough=None if probed.best_two is None else enough(probed.best_two),
        lead_enough=None
        if lead is None
        else share(lead - settings.own_gap * (constant - probed.best), "lead"),
    )


def answer(margin: Estimate, settings: ShelfSettings) -> Answer:
    """Say whether a margin is above 0; unclear where a wide interval leaves it open."""
    if margin.low > 0 or margin.high < 0 or half(margin) <= settings.wide:
        return "yes" if margin.value >= 0 else "no"
    return "unclear"


def half(estimate: Estimate) -> float:
    """Return half the width of the interval."""
    return (estimate.high - estimate.low) / 2


def images_needed(estimate: Estimate, distance: float) -> int:
    """Return how many images would shrink the half interval to a distance.

    Intervals shrink with the square root of n; two significant digits are all that this is good
    for.
    """
    needed = estimate.n * (half(estimate) / distance) ** 2
    unit: int = 10 ** max(0, int(np.log10(max(needed, 1))) - 1)
    return max(int(np.ceil(needed / unit)) * unit, estimate.n + 1)


def information_estimate(
    code: Ints,
    attribute: Ints,
    expected: float,
    group: Ints | None,
    settings: ShelfSettings,
) -> Estimate:
    """Estimate normalised mutual information above chance, of one dimension, (n,) classes."""
    table = np.zeros((int(code.max()) + 1, int(attribute.max()) + 1))
    np.add.at(table, (code, attribute), 1)
    shares = table / len(code)
    rows, columns = shares.sum(axis=1)[code], shares.sum(axis=0)[attribute]
    raw = ratio_estimate(
        np.log(shares[code, attribute] / (rows * columns)),
        -np.log(columns),
        group,
        level=settings.level,
        method="normalised mutual information above chance",
    )
    value, low, high = (float(adjust(np.array(x), np.array(expected))) for x in _ends(raw))
    return Estimate(value, low, high, 0.0, raw.n, f"{raw.method}, {table.shape[0]} bins", raw.level)


def rank_correlation(
    code: Floats, values: Floats, kind: Kind, group: Ints | None, settings: ShelfSettings
) -> Measured:
    """Estimate the readable figure: rank correlation, on the circle Mardia's."""
    if kind == "nominal":
        return Unmeasured(message("its values have no order"))
    if np.ptp(code) == 0:
        return Unmeasured(message("the dimension does not vary"))
    u = _standard(rankdata(code))
    if kind == "circular":
        circle = np.column_stack([np.cos(values), np.sin(values), np.ones(len(values))])
        rest = u - circle @ np.linalg.lstsq(circle, u, rcond=None)[0]
        squared = ratio_estimate(
            u**2 - rest**2, u**2, group, level=settings.level, method="circular–linear (ranks)"
        )
        value, low, high = (float(np.sqrt(np.clip(x, 0, 1))) for x in _ends(squared))
        return Estimate(value, low, high, None, squared.n, squared.method, squared.level)
    v = _standard(rankdata(values))
    r = float(np.mean(u * v))
    return ratio_estimate(
        u * v - r * (u**2 + v**2) / 2 + r,
        np.ones(len(u)),
        group,
        level=settings.level,
        method="Spearman",
        chance=0.0,
    )


def _ends(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def _standard(x: Floats) -> Floats:
    return np.asarray((x - x.mean()) / x.std(), dtype=np.float64)
