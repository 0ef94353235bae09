"""Three-way ties: two attributes that go together only within some values of a third."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincc, xlogy
from scipy.stats import t as student

from tanaoroshi.archive.classes import Classed, pair_size
from tanaoroshi.archive.counts import FALSE_DISCOVERIES, LEVEL, deal_blocks
from tanaoroshi.archive.loglinear import pairs_only
from tanaoroshi.archive.moments import strength
from tanaoroshi.archive.tables import decides, frequent, kept_table, pair_table, tables_without
from tanaoroshi.records.archive import ThreeWay, ThreeWays
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.stats.multiple_tests import benjamini_hochberg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.progress import Progress

LEVELS = 6
"""So many most frequent values of each attribute are asked."""
DRAWS = 99
ROUNDS = 30
"""Of the fit to each draw: its statistic need not have more digits than the draws."""
LEAST = 30.0
"""Independent images, of a triple and of each value that is compared."""
BLOCKS = 30
MARGIN = 0.1
"""Ties that surely differ by less do not matter."""
MOST = 50
"""So many are looked at closely, those with the smallest p."""


def find_three_way(
    classes: Sequence[Classed],
    index: Ints | None,
    *,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> ThreeWays:
    """Ask of every three attributes whether the tie of two depends on the third.

    Parameters
    ----------
    classes
        The attributes, as :func:`~tanaoroshi.archive.classes.classed` makes them; n rows.
    index
        int64 (n,): the group of each row, 0..m-1; ``None``: each stands alone.
    rng
        Source of chance: tables drawn without a three-way interaction, blocks of the jackknife.
    progress
        Told after each triple.

    Returns
    -------
    Of the triples whose likelihood ratio against the log-linear model of pairs is beyond chance
    (``FALSE_DISCOVERIES``, Benjamini and Hochberg over all triples), those in which the tie of
    two surely differs by more than ``MARGIN`` between two values of the third, or between one of
    them and all images together. Chance: tables drawn from the fitted model, as many images as
    are independent (n over the design effect), fitted again. Triples that hold a pair of which
    one decides the other are not asked.
    """
    bound = {
        pair
        for pair in combinations(range(len(classes)), 2)
        if decides(a := classes[pair[0]], b := classes[pair[1]], pair_table(a, b))
    }
    triples = [
        triple
        for triple in combinations(range(len(classes)), 3)
        if not bound.intersection(combinations(triple, 2))
    ]
    asked: list[tuple[tuple[int, ...], float]] = []
    for done, triple in enumerate(triples):
        p = _test([classes[i] for i in triple], index, rng)
        if p is not None:
            asked.append((triple, p))
        if progress is not None:
            progress(done + 1, len(triples), "three-way ties")
    adjusted = benjamini_hochberg([p for _, p in asked])
    small = sorted(
        (p, float(q), triple)
        for (triple, p), q in zip(asked, adjusted, strict=True)
        if q <= FALSE_DISCOVERIES
    )
    if not small:
        return ThreeWays((), len(asked))
    block = deal_blocks(len(classes[0].codes), index, BLOCKS, rng=rng)
    told = [
        three
        for p, q, triple in small[:MOST]
        if (three := _closer([classes[i] for i in triple], index, block, (p, q)))
    ]
    protected = {one.spec.name for one in classes if one.spec.protected}
    told.sort(key=lambda x: (not protected & {x.a, x.b, x.given}, -x.difference.value))
    return ThreeWays(tuple(told), len(asked))


def _effect(three: Sequence[Classed], rows: Ints, index: Ints | None) -> float:
    """Return the design effect of a triple; see ``gaps.two_largest`` for why two, not three."""
    first, second = sorted((one.overall for one in three), reverse=True)[:2]
    return 1 + (pair_size(rows, index) - 1) * first * second


def _test(three: Sequence[Classed], index: Ints | None, rng: np.random.Generator) -> float | None:
    """Return the p-value of no three-way interaction; ``None`` where too little is known."""
    table, rows = kept_table(three, [frequent(one, LEVELS) for one in three])
    effect = _effect(three, rows, index)
    size = int(table.sum() / effect)
    if size < LEAST or min(table.shape) < 2:
        return None
    fit = pairs_only(table)
    seen = float(_likelihood_ratio(table, fit)) / effect
    chances = fit.ravel() / fit.sum()
    drawn = rng.multinomial(size, chances, DRAWS).reshape(DRAWS, *table.shape).astype(np.float64)
    null = _likelihood_ratio(drawn, pairs_only(drawn, rounds=ROUNDS))
    return tail_p(seen, null)


def tail_p(seen: float, null: Floats) -> float:
    """Return the chance of at least such a statistic: its draws' gamma curve, by mean and variance.

    Likelihood ratios follow a chi-squared curve where counts are large, and nearly a gamma curve
    where they are not; draws alone could not tell how small a chance is.
    """
    mean, variance = float(null.mean()), float(null.var(ddof=1))
    if mean <= 0 or variance <= 0:
        return 1.0
    return float(np.clip(gammaincc(mean**2 / variance, seen * mean / variance), 1e-300, 1))


def _likelihood_ratio(tables: Floats, fit: Floats) -> Floats:
    terms = xlogy(tables, tables) - xlogy(tables, np.where(fit > 0, fit, 1))
    return np.asarray(2 * terms.sum(axis=(-1, -2, -3)))


def _closer(
    three: Sequence[Classed], index: Ints | None, block: Ints, test: tuple[float, float]
) -> ThreeWay | None:
    """Find the two whose tie depends most surely on the third, and say how much it does."""
    kept = [frequent(one, LEVELS) for one in three]
    _, rows = kept_table(three, kept)
    effect = _effect(three, rows, index)
    tables = tables_without(three, kept, block)
    found = []
    for third in range(3):
        first, second = (i for i in range(3) if i != third)
        order = (0, third + 1, first + 1, second + 1)
        one = _strata(tables.transpose(order), effect, [three[i] for i in (first, second, third)])
        if one is not None:
            strong, weak, estimates = one
            given = three[third]
            inside, outside = (
                given.names[kept[third][k]] if k >= 0 else "" for k in (strong, weak)
            )
            found.append(
                ThreeWay(
                    three[first].spec.name,
                    three[second].spec.name,
                    given.spec.name,
                    inside,
                    outside,
                    *estimates,
                    *test,
                )
            )
    found = [one for one in found if one.difference.low > MARGIN]
    return max(found, key=lambda one: one.difference.low, default=None)


def _strata(
    tables: Floats, effect: float, three: Sequence[Classed]
) -> tuple[int, int, tuple[Estimate, Estimate, Estimate]] | None:
    """Compare the tie within each value of the third, and in all images together (-1).

    Tables float (blocks + 1, values of the third, I, J), the last of all rows.
    """
    n = tables[-1].sum(axis=(1, 2))
    enough = np.flatnonzero(n / effect >= LEAST)
    whole = tables.sum(axis=1)
    ties = np.stack([_v(tables[:, k]) for k in enough] + [_v(whole)], axis=1)
    places = [*enough.tolist(), -1]
    usable = np.flatnonzero(np.isfinite(ties).all(axis=0)).tolist()
    ties, places = ties[:, usable], [places[i] for i in usable]
    if len(places) < 2:
        return None
    last = ties[-1]
    high, low = int(np.argmax(last)), int(np.argmin(last))
    if places[high] < 0:
        return None
    # The two were chosen among all: the interval of the difference holds for every choice.
    choices = len(places) * (len(places) - 1) // 2
    names = tuple(one.spec.name for one in three)
    of_high, of_low = (
        _jackknifed(ties[:, i], int(n.sum() if places[i] < 0 else n[places[i]]), names)
        for i in (high, low)
    )
    between = _jackknifed(ties[:, high] - ties[:, low], int(n.sum()), names, choices, floor=-1.0)
    return places[high], places[low], (of_high, of_low, between)


def _v(tables: Floats) -> Floats:
    return np.sqrt(np.clip(strength("classes", "classes", tables), 0, 1))


def _jackknifed(
    ties: Floats, n: int, names: tuple[str, ...], choices: int = 1, floor: float = 0.0
) -> Estimate:
    left_out, value = ties[:-1], float(ties[-1])
    k = len(left_out)
    spread = float(np.sqrt((k - 1) / k * ((left_out - left_out.mean()) ** 2).sum()))
    half = float(student.ppf(1 - (1 - LEVEL) / 2 / choices, k - 1)) * spread
    method = (
        f"bias-corrected Cramér's V of {names[0]} and {names[1]} given {names[2]}, jackknife over "
        f"{k} blocks of groups, holds for {choices} choices"
    )
    low, high = max(value - half, floor), min(value + half, 1.0)
    return Estimate(value, low, high, None, n, method, LEVEL)
