"""Whether pictures of one value lie nearer to one value of a protected attribute than others do.

A. Caliskan, J. Bryson, A. Narayanan, Semantics derived automatically from language corpora contain
human-like biases, 2017, arXiv 1608.07187 (WEAT); for pictures R. Steed, A. Caliskan, Image
Representations Learned With Unsupervised Pre-Training Contain Human-like Biases, 2021, arXiv
2010.15052 (iEAT). For a picture w, s(w) is its mean cosine with the pictures A minus that with the
pictures B; the effect size d is the mean of s over the pictures X minus that over Y, over the
standard deviation of s over both (that of a sample, n - 1; the papers leave it open).

What is ours. Those sets hold pictures that were chosen; here they are what a collection holds, and

- pictures of one group count once, by their mean, and none is compared with its own group;
- a picture of X may itself show A: then it is near to A for that reason alone. So d is given twice:
  ``raw``, and ``balanced``, between X and Y only among groups that show the same values of the
  protected attribute (a stratum each, weighted by how well it compares: n_x n_y / (n_x + n_y));
- any two sets of pictures that the code tells apart lie apart along *some* direction, and a little
  along every one: p is the larger of the permutation's and of that of random directions in the
  place of that from B to A.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, product
from math import comb, prod
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.stats import norm
from scipy.stats import t as student

from tanaoroshi.archive.classes import Classed
from tanaoroshi.archive.counts import LEVEL, deal_blocks
from tanaoroshi.archive.marks import LEAST, cosine_tail
from tanaoroshi.metrics.intervals import jackknife_error
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.coded import Association, Associations, Explained
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.multiple_tests import benjamini_hochberg
from tanaoroshi.stats.resample import draw_groups, group_index

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from tanaoroshi.records.progress import Progress

    Bools = NDArray[np.bool_]

FALSE_DISCOVERIES = 0.05 / 4
"""Of ``raw`` and of ``balanced`` each; see :mod:`~tanaoroshi.archive.pointing`."""
MARGIN = 0.5
"""Half a standard deviation, a medium effect (J. Cohen, Statistical Power Analysis, 1988)."""
PROTECTED, OTHERS = 3, 4
"""Most frequent values of which every two are asked; of orders and numbers the two ends."""
EXACT = 10_000
"""Up to so many ways to deal out the labels all are counted."""
DIRECTIONS = 100
BLOCKS = 20
MOST = 10_000
"""Images (whole groups) that are looked at."""


def find_associations(
    codes: Floats,
    classes: Sequence[Classed],
    group: Ints | None,
    *,
    decided: Collection[frozenset[str]] = (),
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Associations:
    """Ask of every protected attribute and every other whether pictures lie nearer.

    Parameters
    ----------
    codes
        float (n, r), whitened: see :func:`~tanaoroshi.archive.marks.whitening`.
    classes
        The attributes, n rows each. Every two of the most frequent values are asked (``PROTECTED``
        of a protected attribute, ``OTHERS`` of another); of numbers and orders the lowest and the
        highest; circles are not asked. Each must be shown by ``LEAST`` independent pictures.
    group
        int64 (n,) or ``None``. A group that shows both X and Y is left aside.
    decided
        Pairs of attributes of which one is a function of the other: they are not asked.
    rng
        Source of chance: which groups are looked at, blocks, random directions.
    progress
        Told after each pair of attributes.

    Returns
    -------
    What surely lies nearer, by more than ``MARGIN``, X and Y so named that d is positive.
    """
    rows = draw_groups(len(codes), group, MOST, rng=rng)
    z = codes[rows]
    unit = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-300)
    index = group_index(len(rows), None if group is None else group[rows])
    block = deal_blocks(int(index.max(initial=-1)) + 1, None, BLOCKS, rng=rng)
    drawn = rng.standard_normal((z.shape[1], DIRECTIONS))
    questions = [
        (protected, other)
        for protected, other in product(classes, classes)
        if protected.spec.protected
        and protected is not other
        and frozenset((protected.spec.name, other.spec.name)) not in decided
        and "circular" not in (protected.spec.kind, other.spec.kind)
    ]
    asked: list[_Asked] = []
    for done, (protected, other) in enumerate(questions):
        held = protected.codes[rows]
        ends = [
            (a, b, _near(unit, index, held == a, held == b))
            for a, b in _pairs(protected, PROTECTED, held, index)
        ]
        shown = other.codes[rows]
        for x, y in _pairs(other, OTHERS, shown, index):
            units = _units(unit, index, shown == x, shown == y, held)
            for a, b, near in ends:
                found = _ask(units, near, block, drawn)
                if found is not None:
                    asked.append(_Asked(protected, a, b, other, x, y, near, found))
        if progress is not None:
            progress(done + 1, len(questions), "which pictures lie nearer")
    return Associations(_judge(asked), len(asked))


def _pairs(one: Classed, most: int, codes: Ints, index: Ints) -> Iterator[tuple[int, int]]:
    """Return the values to be laid against each other."""
    shown = np.array([len(np.unique(index[codes == k])) for k in range(len(one.counts))])
    enough = np.flatnonzero(shown >= LEAST)
    if one.spec.kind == "nominal":
        order = enough[np.argsort(-shown[enough], kind="stable")][:most]
        yield from ((int(a), int(b)) for a, b in combinations(np.sort(order), 2))
    elif len(enough) > 1:
        yield int(enough[-1]), int(enough[0])


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """The pictures A and B, one for each group.

    ``mean`` float (groups, r) for each of the two, 0 where a group has none; ``has`` 0 or 1.
    """

    mean: tuple[Floats, Floats]
    has: tuple[Floats, Floats]

    @property
    def length(self) -> float:
        """Distance of the mean of A from that of B."""
        a, b = (m.sum(axis=0) / h.sum() for m, h in zip(self.mean, self.has, strict=True))
        return float(np.linalg.norm(a - b))


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The pictures X and Y, one for each group.

    Attributes
    ----------
    group
        int (u,).
    code
        float (u, r): mean of the group's codes of length 1, each stratum alike.
    first
        bool (u,): X, else Y.
    stratum
        int (u,): which values of the protected attribute the group's pictures show.
    """

    group: Ints
    code: Floats
    first: Bools
    stratum: Ints


def _near(unit: Floats, index: Ints, a: Bools, b: Bools) -> Near:
    groups = int(index.max()) + 1
    mean, has = zip(*(_group_means(unit, index, rows, groups) for rows in (a, b)), strict=True)
    return Near(mean, has)


def _group_means(unit: Floats, index: Ints, rows: Bools, groups: int) -> tuple[Floats, Floats]:
    at = np.flatnonzero(rows)
    count = np.bincount(index[at], minlength=groups).astype(np.float64)
    share = csr_array((1 / count[index[at]], (index[at], at)), shape=(groups, len(unit)))
    return np.asarray(share @ unit), (count > 0).astype(np.float64)


def _units(unit: Floats, index: Ints, x: Bools, y: Bools, held: Ints) -> Units:
    """Make one picture of each group that shows X or Y, not both."""
    both = np.intersect1d(index[x], index[y])
    at = np.flatnonzero((x | y) & ~np.isin(index, both))
    # First the mean of each group and protected value, then of the values of a group.
    cells, cell = np.unique(index[at] * (held.max() + 2) + held[at] + 1, return_inverse=True)
    owner, value = np.divmod(cells, held.max() + 2)
    groups, place = np.unique(owner, return_inverse=True)
    weight = 1 / (np.bincount(cell)[cell] * np.bincount(place)[place[cell]])
    code = csr_array((weight, (place[cell], at)), shape=(len(groups), len(unit))) @ unit
    shown = np.zeros((len(groups), held.max() + 2), dtype=bool)
    shown[place, value] = True
    stratum = np.unique(shown, axis=0, return_inverse=True)[1].reshape(-1)
    return Units(groups, np.asarray(code), np.isin(groups, index[x]), stratum.astype(np.int64))


def scores(units: Units, near: Near, weight: Floats) -> Floats:
    """Return s(w): mean cosine with A less that with B, never with the picture's own group.

    Parameters
    ----------
    units, near
        The pictures.
    weight
        float (k, groups): which groups count among A and B, for each of k answers.

    Returns
    -------
    float64 (k, u).
    """
    out = np.zeros((len(weight), len(units.group)))
    for sign, mean, has in zip((1, -1), near.mean, near.has, strict=True):
        own = np.sum(units.code * mean[units.group], axis=1) * weight[:, units.group]
        count = (weight @ has)[:, None] - weight[:, units.group] * has[units.group]
        out += sign * ((weight @ mean) @ units.code.T - own) / np.maximum(count, 1)
    return out


def effect(score: Floats, first: Bools, stratum: Ints) -> tuple[float, float]:
    """Return how far X lies from Y within strata: the difference of means, and d.

    Parameters
    ----------
    score, first, stratum
        float, bool and int (u,). Strata that show only one of the two count for nothing.

    Returns
    -------
    Both 0 where no stratum shows both. With a single stratum and as many X as Y, d is that of the
    source.
    """
    weight, n = _weights(first, stratum)
    if n == 0:
        return 0.0, 0.0
    signed = np.where(first, weight, -weight)
    gap = float(signed @ score)
    middle = float(weight @ score) / 2
    spread = float(weight @ (score - middle) ** 2) / 2 * n / max(n - 1, 1)
    return gap, gap / float(np.sqrt(max(spread, 1e-300)))


def _weights(first: Bools, stratum: Ints) -> tuple[Floats, int]:
    """Return the weight of each picture (those of X add up to 1, and those of Y), and how many."""
    count = np.stack([np.bincount(stratum, side, len(first) and stratum.max() + 1)
                      for side in (first, ~first)])  # fmt: skip
    top = count.prod(axis=0)
    worth = np.divide(top, count.sum(axis=0), out=np.zeros(len(top)), where=top > 0)
    total = worth.sum()
    if total == 0:
        return np.zeros(len(first)), 0
    of = count[np.where(first, 0, 1), stratum]
    weight = worth[stratum] / total / of
    return np.asarray(weight), int((worth[stratum] > 0).sum())


def permutation_p(score: Floats, first: Bools, stratum: Ints) -> tuple[float, bool]:
    """Return how often labels dealt out anew within strata lie as far apart, two-sided.

    Parameters
    ----------
    score, first, stratum
        As for :func:`effect`; each picture is independent.

    Returns
    -------
    The chance, and whether all ways (up to ``EXACT``) were counted; else it is read off the normal
    curve of the permutations' own mean 0 and variance (W. Hoeffding, A Combinatorial Central Limit
    Theorem, Ann. Math. Stat. 22, 1951).
    """
    gap, _ = effect(score, first, stratum)
    weight, n = _weights(first, stratum)
    if n == 0:
        return 1.0, True
    parts = [np.flatnonzero((stratum == h) & (weight > 0)) for h in np.unique(stratum)]
    parts = [part for part in parts if len(part)]
    sizes = [(len(part), int(first[part].sum())) for part in parts]
    if prod(comb(m, k) for m, k in sizes) <= EXACT:
        far = np.zeros(1)
        for part in parts:
            far = np.add.outer(far, _dealt(score[part], first[part], weight[part])).ravel()
        return float((np.abs(far) >= abs(gap) * (1 - 1e-9)).mean()), True
    variance = 0.0
    for part, (m, k) in zip(parts, sizes, strict=True):
        worth = weight[part][first[part]].sum()
        variance += worth**2 * score[part].var(ddof=1) * (1 / k + 1 / (m - k))
    return float(2 * norm.sf(abs(gap) / np.sqrt(max(variance, 1e-300)))), False


def _dealt(score: Floats, first: Bools, weight: Floats) -> Floats:
    """Return the stratum's part of the difference under every way to deal out its labels."""
    m, k, worth = len(score), int(first.sum()), float(weight[first].sum())
    chosen = np.array(list(combinations(range(m), k)))
    of_first = score[chosen].sum(axis=1)
    return np.asarray(worth * (of_first / k - (score.sum() - of_first) / (m - k)))


@dataclass(frozen=True, slots=True, eq=False)
class _Effect:
    """One effect size, its size along random directions, and its chance.

    ``p``: the larger of two, that labels dealt out anew lie as far apart, and that random
    directions in the place of that from B to A do.
    """

    d: float
    error: float
    usual: float
    p: float
    exact: bool
    n: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    protected: Classed
    a: int
    b: int
    other: Classed
    x: int
    y: int
    near: Near
    found: tuple[_Effect, _Effect | None]


def _ask(
    units: Units, near: Near, block: Ints, drawn: Floats
) -> tuple[_Effect, _Effect | None] | None:
    """Return the raw effect and, where enough pictures compare, the balanced one."""
    if min(units.first.sum(), (~units.first).sum()) < LEAST:
        return None
    strata = [np.zeros(len(units.group), dtype=np.int64)]
    compared = _weights(units.first, units.stratum)[0] > 0
    if min((compared & units.first).sum(), (compared & ~units.first).sum()) >= LEAST:
        strata.append(units.stratum)
    score = scores(units, near, np.ones((1, len(block))))[0]
    found = [_effect(units, near, score, stratum, drawn) for stratum in strata]
    # Errors are for what may be told: at no more than this, adjusted for nothing.
    if min(one.p for one in found) <= FALSE_DISCOVERIES:
        kept = (block != np.arange(BLOCKS)[:, None]).astype(np.float64)
        each = scores(units, near, kept)
        found = [
            replace(one, error=_error(units, each, stratum, block))
            for one, stratum in zip(found, strata, strict=True)
        ]
    return found[0], found[1] if len(found) > 1 else None


def _effect(units: Units, near: Near, score: Floats, stratum: Ints, drawn: Floats) -> _Effect:
    first = units.first
    permuted, exact = permutation_p(score, first, stratum)
    weight, n = _weights(first, stratum)
    signed = np.where(first, weight, -weight)
    along = units.code @ drawn
    spread = weight @ (along - weight @ along / 2) ** 2 / 2 * n / max(n - 1, 1)
    usual = float(np.mean(np.abs(signed @ along) / np.sqrt(np.maximum(spread, 1e-300))))
    gap, d = effect(score, first, stratum)
    longest = float(np.linalg.norm(signed @ units.code)) * near.length
    cosine = np.array(abs(gap) / max(longest, 1e-300))
    directed = float(np.minimum(2 * cosine_tail(cosine, units.code.shape[1]), 1))
    shown = int((first & (weight > 0)).sum()), int((~first & (weight > 0)).sum())
    return _Effect(d, 0.0, usual, max(permuted, directed), exact, shown)


def _error(units: Units, each: Floats, stratum: Ints, block: Ints) -> float:
    """Return the jackknife's standard error of d; ``each`` (BLOCKS, u): scores without a block."""
    at = block[units.group]
    without = [
        effect(each[k, at != k], units.first[at != k], stratum[at != k])[1] for k in range(BLOCKS)
    ]
    return float(jackknife_error(np.array(without)))


def _judge(asked: Sequence[_Asked]) -> tuple[Association, ...]:
    if not asked:
        return ()
    p_raw, p_balanced = (
        benjamini_hochberg([1.0 if e is None else e.p for e in each])
        for each in zip(*(one.found for one in asked), strict=True)
    )
    found = []
    for one, p, q in zip(asked, p_raw, p_balanced, strict=True):
        raw, balanced = one.found
        explained: Explained | None = None
        if balanced is not None and q <= FALSE_DISCOVERIES and _end(balanced) > MARGIN:
            explained = "beyond"
        elif p <= FALSE_DISCOVERIES and _end(raw) > MARGIN:
            less = balanced is not None and _far(balanced, raw.d) < abs(raw.d)
            explained = "tie" if less else "undecided"
        if explained is not None:
            found.append(_association(one, explained, float(q if explained == "beyond" else p)))
    return tuple(sorted(found, key=lambda a: (a.explained != "beyond", -_strength(a))))


def _strength(one: Association) -> float:
    told = one.balanced if one.explained == "beyond" else one.raw
    assert isinstance(told, Estimate)  # else it is not beyond
    return told.low


def _half(one: _Effect) -> float:
    return float(student.ppf((1 + LEVEL) / 2, BLOCKS - 1)) * one.error


def _end(one: _Effect) -> float:
    """Return the end of the interval that is nearer to 0; below 0 where it holds 0."""
    return abs(one.d) - _half(one)


def _far(one: _Effect, raw: float) -> float:
    """Return the end of the interval on the side of the raw effect."""
    return (one.d if raw >= 0 else -one.d) + _half(one)


def _association(one: _Asked, explained: Explained, p: float) -> Association:
    raw, balanced = one.found
    leading = balanced if explained == "beyond" and balanced is not None else raw
    sign = 1 if leading.d >= 0 else -1
    x, y = (one.x, one.y) if sign > 0 else (one.y, one.x)
    n_x, n_y = leading.n if sign > 0 else leading.n[::-1]
    few = Unmeasured(message("too few pictures are alike in the protected attribute"))
    return Association(
        one.protected.spec.name,
        one.protected.names[one.a],
        one.protected.names[one.b],
        one.other.spec.name,
        one.other.names[x],
        one.other.names[y],
        _estimate(raw, sign, "as they are"),
        few if balanced is None else _estimate(balanced, sign, "within protected values"),
        n_x,
        n_y,
        int(one.near.has[0].sum()),
        int(one.near.has[1].sum()),
        p,
        explained,
    )


def _estimate(one: _Effect, sign: int, how: str) -> Estimate:
    value, half = sign * one.d, _half(one)
    test = "all permutations" if one.exact else "normal curve of the permutations"
    method = (
        f"effect size of association, one picture a group, {how}, standard deviation of a sample; "
        f"{test}; jackknife over {BLOCKS} blocks of groups"
    )
    return Estimate(value, value - half, value + half, one.usual, sum(one.n), method, LEVEL)
