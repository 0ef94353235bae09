"""Trends: how the shares of values change along an attribute that stands for time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata
from scipy.stats import t as student

from tanaoroshi.archive.classes import Classed, pair_size
from tanaoroshi.archive.counts import FALSE_DISCOVERIES, LEVEL
from tanaoroshi.archive.shares import share_of
from tanaoroshi.archive.tables import decides, pair_table
from tanaoroshi.records.archive import Trend, Trends
from tanaoroshi.records.attributes import Ints
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.stats.multiple_tests import benjamini_hochberg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.records.attributes import Attribute

TIME_WORDS = frozenset(
    {
        "year",
        "date",
        "month",
        "day",
        "decade",
        "century",
        "era",
        "epoch",
        "period",
        "season",
        "time",
    }
)
TIME_SIGNS = ("年", "時代", "日付", "時期")
LEAST_HITS = 10.0
"""Independent images with the value, and without it, below which no trend is asked."""
LEAST_STEP = 30
MOST_STEPS = 20
"""Neighbouring times are one step until it has LEAST_STEP images and its part of all."""
CHANGE = 0.02
"""A trend is told where the share surely changes by more than so much from end to end."""


def times_of(attributes: Sequence[Attribute], named: Sequence[str] | None) -> tuple[str, ...]:
    """Say which attributes stand for time.

    Parameters
    ----------
    attributes
        The columns.
    named
        What the caller says; ``None``: dates, and ordinal attributes whose unit, or a word of
        whose name, is one for time (``TIME_WORDS``), or whose Japanese label has such a sign
        (``TIME_SIGNS``); the collection may say otherwise. Dates enter in classes of equal counts.
    """
    if named is not None:
        return tuple(named)
    return tuple(
        spec.name
        for spec in attributes
        if (spec.kind == "ordinal" and _is_time(spec)) or (spec.kind == "continuous" and spec.time)
    )


def find_trends(classes: Sequence[Classed], index: Ints | None, times: Sequence[str]) -> Trends:
    """Ask of each value of each nominal or ordinal attribute whether its share has a trend.

    Parameters
    ----------
    classes
        The attributes, as :func:`~tanaoroshi.archive.classes.classed` makes them; n rows.
    index
        int64 (n,): the group of each row, 0..m-1; ``None``: each stands alone.
    times
        Names of the attributes that stand for time. Of two of which one decides the other (the
        version and its year) the one with fewer values is asked.

    Returns
    -------
    Trends with an adjusted p of at most ``FALSE_DISCOVERIES`` (over all values and times) and a
    change from the first step to the last that surely exceeds ``CHANGE``, protected attributes
    first, then the largest. The test is that of P. Armitage (Biometrics 11, 1955) and W. G.
    Cochran (1954) with mid-ranks as scores; its variance is enlarged by how alike the rows of a
    group are in time *and* value.
    """
    asked = _coarsest([one for one in classes if one.spec.name in times])
    found: list[tuple[Classed, int, Classed, float, float]] = []
    for time in asked:
        for one in classes:
            if one.spec.kind not in ("nominal", "ordinal") or one.spec.name in times:
                continue
            if decides(one, time, pair_table(one, time)):
                continue
            found += [(one, k, time, z, p) for k, z, p in _tests(one, time, index)]
    adjusted = benjamini_hochberg([p for *_, p in found])
    told = [
        trend
        for (one, k, time, z, p), q in zip(found, adjusted, strict=True)
        if q <= FALSE_DISCOVERIES and (trend := _trend(one, k, time, (z, p, float(q)), index))
    ]
    protected = {one.spec.name: one.spec.protected for one in classes}
    told.sort(key=lambda trend: (not protected[trend.attribute], -abs(trend.change.value)))
    return Trends(tuple(told), tuple(one.spec.name for one in asked), len(found))


def _is_time(spec: Attribute) -> bool:
    if spec.time is not None:
        return spec.time
    words = {*re.split(r"[^a-z]+", spec.name.lower()), spec.unit.lower()}
    return bool(words & TIME_WORDS) or any(sign in spec.label.ja for sign in TIME_SIGNS)


def _coarsest(times: list[Classed]) -> list[Classed]:
    """Leave out what decides another; of two that decide each other, keep the first."""
    kept: list[Classed] = []
    for time in sorted(times, key=lambda one: int((one.counts > 0).sum())):
        if not any(decides(time, other, pair_table(time, other)) for other in kept):
            kept.append(time)
    return kept


def _tests(one: Classed, time: Classed, index: Ints | None) -> list[tuple[int, float, float]]:
    """Return class, z and p of each value that enough independent images have, and lack."""
    rows = np.flatnonzero((one.codes >= 0) & (time.codes >= 0))
    n = len(rows)
    if n < 2 * LEAST_HITS or len(np.unique(time.codes[rows])) < 2:
        return []
    codes, score = one.codes[rows], rankdata(time.codes[rows])
    score = (score - score.mean()) / score.std()
    groups = n if index is None else len(np.unique(index[rows]))
    joined = pair_size(rows, index)
    time_alike = 0.0
    if index is not None and joined > 1:
        sums = np.bincount(index[rows], weights=score)
        time_alike = float(np.clip(((sums**2).sum() - n) / (n * (joined - 1)), 0, 1))
    hits = np.bincount(codes, minlength=len(one.counts)).astype(np.float64)
    share = hits / n
    effect = 1 + (joined - 1) * time_alike * np.maximum(one.alike, one.overall)
    moved = np.bincount(codes, weights=score, minlength=len(hits))
    ask = np.flatnonzero(hits * (1 - share) >= LEAST_HITS * effect)
    z = moved[ask] / np.sqrt(hits * (1 - share) * n / (n - 1) * effect)[ask]
    p = 2 * student.sf(np.abs(z), max(groups - 1, 1))
    return list(zip(ask.tolist(), z.tolist(), p.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    rows: Ints


def _steps(time: Classed, rows: Ints) -> list[_Step]:
    """Join neighbouring times until each step has enough images."""
    least = max(LEAST_STEP, len(rows) / MOST_STEPS)
    steps: list[list[int]] = []
    held = least
    counts = np.bincount(time.codes[rows], minlength=len(time.counts))
    for k in np.flatnonzero(counts).tolist():
        if held >= least:
            steps.append([])
            held = 0
        steps[-1].append(k)
        held += counts[k]
    if held < least and len(steps) > 1:
        last = steps.pop()
        steps[-1] += last
    return [
        _Step(
            "–".join(dict.fromkeys((time.names[members[0]], time.names[members[-1]]))),
            rows[np.isin(time.codes[rows], members)],
        )
        for members in steps
    ]


def _trend(
    one: Classed, k: int, time: Classed, test: tuple[float, float, float], index: Ints | None
) -> Trend | None:
    rows = np.flatnonzero((one.codes >= 0) & (time.codes >= 0))
    steps = _steps(time, rows)
    if len(steps) < 2:
        return None
    shares = tuple(
        share_of(one.codes[s.rows] == k, None if index is None else index[s.rows]) for s in steps
    )
    z, p, q = test
    change = difference(shares[-1], shares[0])
    sure = change.low if z > 0 else -change.high
    if sure <= CHANGE:
        return None
    names = tuple(step.name for step in steps)
    return Trend(one.spec.name, one.names[k], time.spec.name, names, shares, change, p, q)


def difference(last: Estimate, first: Estimate) -> Estimate:
    """Return one share minus another, with an interval made of theirs.

    References
    ----------
    R. G. Newcombe, Interval estimation for the difference between independent proportions, Stat.
    Med. 17, 1998, method 10. Groups that lie in both only make it too wide.
    """
    value = last.value - first.value
    down = np.hypot(last.value - last.low, first.high - first.value)
    up = np.hypot(last.high - last.value, first.value - first.low)
    method = "difference of shares, Newcombe's interval of Wilson's at the effective numbers"
    low, high = float(value - down), float(value + up)
    return Estimate(value, low, high, 0.0, last.n + first.n, method, LEVEL)
