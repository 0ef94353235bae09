"""Attributes along which the code moves the same way: by the collection's tie, or beyond it.

*Direction.* In the whitened code, the mean of the images with a value minus that of all others; for
numbers and orders the slope along ranks. Several values that go together with those of another
attribute in the collection bring that one's direction with them. So every pair is asked twice: by
itself (``raw``), and with the columns of both attributes in one regression (``apart``): what is
then alike is not the collection's tie of the two. What is found beyond it is asked once more with
all other attributes in the regression (``held``): a third that both are tied to could bring them
together as well.

*Cosine.* Two directions measured on the same images share their noise. Products are therefore only
taken between different blocks of whole groups: with pseudo-values (J. Tukey 1958) b_k = K b - (K-1)
b₍₋ₖ₎ of K blocks, the product of two directions is the mean of a_k · b_l over k ≠ l (a U-statistic:
W. Hoeffding, Ann. Math. Stat. 19, 1948), which for means is free of bias. Standard errors: the
delete-group jackknife of the cosine.

*Chance.* Two attributes that have nothing to do with each other still lie in some directions, and
in few dimensions these are often alike. The cosine is therefore judged against two random
directions of the whitened code, measured with the same noise: its square follows a beta curve.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from tanaoroshi.archive.counts import LEVEL, deal_blocks
from tanaoroshi.archive.marks import LEAST, Marks, alignment_p, mean_cosine
from tanaoroshi.metrics.intervals import jackknife_error
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.coded import Explained, Pointing, Pointings
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.multiple_tests import benjamini_hochberg
from tanaoroshi.stats.resample import draw_groups

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tanaoroshi.records.progress import Progress

FALSE_DISCOVERIES = 0.05 / 8
"""For pairs with a protected attribute and for the others, each for ``apart`` and for ``raw``, so
that this and the tests of association together call noise a finding in 1 of 20 audits at most."""
MARGIN = 0.3
"""The cosine surely lies beyond this: directions less alike are not worth a sentence."""
LEFT = 0.3
"""A direction of which the other attribute leaves less than this is that attribute's own."""
SEPARABLE = 0.1
"""Where knowing one attribute leaves less than a tenth of the images' weight to tell the other, the
two can't be told apart."""
SURE = 4.0
"""A squared length counts as a direction where it lies so many standard errors above 0."""
VALUES = 6
"""Most frequent values that are asked."""
BLOCKS = 30
LEAST_BLOCKS = 10
"""Fewer blocks with both attributes known tell no interval."""
MOST = 20_000
"""Images (whole groups) that are looked at."""


def find_pointings(
    codes: Floats,
    marks: Sequence[Marks],
    group: Ints | None,
    *,
    decided: Collection[frozenset[str]] = (),
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Pointings:
    """Find attributes along which the code moves the same way.

    Parameters
    ----------
    codes
        float (n, r), whitened: see :func:`~tanaoroshi.archive.marks.whitening`.
    marks
        The attributes; circles are not asked, as they have no direction.
    group
        int64 (n,) or ``None``.
    decided
        Pairs of attributes of which one is a function of the other: they are not asked.
    rng
        Source of chance: which groups are looked at, and which form a block.
    progress
        Told after each pair of attributes.

    Returns
    -------
    Pairs of values or slopes whose directions are surely more alike than random ones and than
    ``MARGIN``.
    """
    rows = draw_groups(len(codes), group, MOST, rng=rng)
    z, index = codes[rows], None if group is None else group[rows]
    asked = [
        replace(one, table=one.table[rows]) for one in marks if one.values or one.scores is not None
    ]
    block = deal_blocks(len(rows), _numbered(index), BLOCKS, rng=rng)
    candidates: list[_Candidate] = []
    inseparable = []
    pairs = list(combinations(asked, 2))
    for done, pair in enumerate(pairs):
        a, b = sorted(pair, key=lambda one: not one.spec.protected)
        found = None
        if frozenset((a.spec.name, b.spec.name)) not in decided:
            found = _pair(z, a, b, block, _numbered(index))
        if found is None:
            inseparable.append((a.spec.name, b.spec.name))
        else:
            candidates += found
        if progress is not None:
            progress(done + 1, len(pairs), "directions that are alike")
    apart = frozenset((*decided, *map(frozenset, inseparable)))
    everything = {one.spec.name: replace(one, table=one.table[rows]) for one in marks}
    told = _judge(candidates, z.shape[1])
    pairs_told = {(one.a, one.b) for one in told if one.explained == "beyond"}
    held = {pair: _hold(z, pair, everything, block, _numbered(index), apart) for pair in pairs_told}
    checked = (
        _checked(one, *held[one.a, one.b], z.shape[1]) if one.explained == "beyond" else one
        for one in told
    )
    return Pointings(tuple(sorted(checked, key=_rank)), len(candidates), tuple(inseparable))


def _numbered(group: Ints | None) -> Ints | None:
    return None if group is None else np.unique(group, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """What is asked of one attribute: linear forms of its columns' effects.

    ``forms`` float (c, p); ``names``: a value each, or empty; ``counts``: images that show it.
    """

    forms: Floats
    names: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Cosines:
    """float (a's forms, b's forms): cosines, their errors, and squared lengths of both."""

    value: Floats
    error: Floats
    a: Floats
    b: Floats
    sure: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Candidate:
    a: Marks
    value_a: str
    n_a: int
    b: Marks
    value_b: str
    n_b: int
    n: int
    raw: tuple[float, float]
    apart: tuple[float, float] | None
    left: float


def _pair(
    z: Floats, a: Marks, b: Marks, block: Ints, index: Ints | None
) -> list[_Candidate] | None:
    """Ask everything of two attributes; ``None`` where they can't be told apart."""
    both = a.known & b.known
    if not both.any():
        return []
    at = None if index is None else index[both]
    sides = [_side(one, one.table[both], at) for one in (a, b)]
    if not all(len(side.names) for side in sides):
        return []
    xx, xz = _left_out(np.hstack([one.table[both] for one in (a, b)]), z[both], block[both])
    if len(xx) <= LEAST_BLOCKS:
        return []
    p = a.table.shape[1]
    own = _effects(xx[:, :p, :p], xz[:, :p]), _effects(xx[:, p:, p:], xz[:, p:])
    joint = _effects(xx, xz)
    left = [
        _separable(side.forms, xx[0], place)
        for side, place in zip(sides, (slice(0, p), slice(p, None)), strict=True)
    ]
    if min(part.max() for part in left) < SEPARABLE:
        return None
    raw = _cosines(*(side.forms @ each for side, each in zip(sides, own, strict=True)))
    apart = _cosines(sides[0].forms @ joint[:, :p], sides[1].forms @ joint[:, p:])
    found = []
    for i, j in np.argwhere(raw.sure):
        told = bool(apart.sure[i, j]) and min(left[0][i], left[1][j]) >= SEPARABLE
        kept = min(apart.a[i] / raw.a[i], apart.b[j] / raw.b[j])
        found.append(
            _Candidate(
                a, sides[0].names[i], sides[0].counts[i], b, sides[1].names[j], sides[1].counts[j],
                int(both.sum()), (float(raw.value[i, j]), float(raw.error[i, j])),
                (float(apart.value[i, j]), float(apart.error[i, j])) if told else None,
                float(np.sqrt(np.clip(kept, 0, 1))),
            )
        )  # fmt: skip
    return found


def _left_out(x: Floats, z: Floats, block: Ints) -> tuple[Floats, Floats]:
    """Return products of columns, and with codes: of all rows, then without each block."""
    found = []
    for k in np.unique(block):
        at = block == k
        found.append((x[at].T @ x[at], x[at].T @ z[at]))
    parts = [np.stack(part) for part in zip(*found, strict=True)]
    xx, xz = (np.concatenate([p.sum(axis=0)[None], p.sum(axis=0) - p]) for p in parts)
    return xx, xz


def _side(marks: Marks, table: Floats, index: Ints | None) -> _Side:
    """Say what is asked: the most frequent values against all others, or the slope."""
    share = table.mean(axis=0)
    if marks.scores is not None:
        off = marks.scores - share @ marks.scores
        spread = float(share @ off**2)
        if spread < 1e-9:
            return _Side(np.zeros((0, len(share))), (), ())
        return _Side((share * off / spread)[None], ("",), (len(table),))
    count = len(marks.values)
    shown = np.array([_groups(table[:, k] > 0, index) for k in range(count)])
    others = np.array([_groups(table[:, k] == 0, index) for k in range(count)])
    kept = np.flatnonzero(np.minimum(shown, others) >= LEAST)
    kept = kept[np.argsort(-share[kept], kind="stable")][:VALUES]
    if len(share) - (share == 0).sum() == 2:
        kept = kept[:1]  # of two values, one is the other's opposite
    forms = np.eye(len(share))[kept] - np.where(
        np.arange(len(share)) == kept[:, None], 0, share / (1 - share[kept, None])
    )
    counts = tuple(int(n) for n in table[:, kept].sum(axis=0))
    return _Side(forms, tuple(marks.values[k] for k in kept), counts)


def _groups(rows: NDArray[np.bool_], index: Ints | None) -> int:
    return int(rows.sum()) if index is None else len(np.unique(index[rows]))


def _effects(xx: Floats, xz: Floats) -> Floats:
    """Return least squares effects (..., p, r); what columns can't tell apart is left at least."""
    p = xx.shape[-1]
    ridge = 1e-6 * np.trace(xx, axis1=-2, axis2=-1)[..., None, None] / p
    return np.asarray(np.linalg.solve(xx + ridge * np.eye(p), xz))


def _separable(forms: Floats, xx: Floats, place: slice) -> Floats:
    """Return for each form how little its variance grows when both attributes are asked, 0 to 1."""
    p = len(xx)
    ridge = 1e-6 * np.trace(xx) / p
    alone = np.linalg.inv(xx[place, place] + ridge * np.eye(forms.shape[1]))
    joint = np.linalg.inv(xx + ridge * np.eye(p))[place, place]
    by = [np.einsum("cp,pq,cq->c", forms, inverse, forms) for inverse in (alone, joint)]
    return np.asarray(by[0] / by[1])


def _cosines(a: Floats, b: Floats) -> _Cosines:
    """Return the cosines of directions from estimates without each block.

    ``a``, ``b`` float (1 + K, c, r): of all rows, then without each block.
    """
    (p, q) = (_pseudo(each) for each in (a, b))
    aa, _ = _lengths(p)
    bb, _ = _lengths(q)
    own = np.einsum("kir,kjr->kij", p, q)
    total_a, total_b = p.sum(axis=0), q.sum(axis=0)
    whole = _mean_product(total_a @ total_b.T, own.sum(axis=0), len(p))
    without = _mean_product(
        np.einsum("kir,kjr->kij", total_a - p, total_b - q), own.sum(axis=0) - own, len(p) - 1
    )
    lengths = [np.sqrt(np.maximum(each, 1e-300)) for each in (aa, bb)]
    value = whole / (lengths[0][0][:, None] * lengths[1][0])
    left_out = without / (lengths[0][1:, :, None] * lengths[1][1:, None, :])
    sure = _sure(aa)[:, None] & _sure(bb)
    value, left_out = (np.where(sure, each, 0.0) for each in (value, left_out))
    error = np.maximum(jackknife_error(left_out), 1e-9)
    return _Cosines(np.clip(value, -1, 1), error, aa[0], bb[0], sure)


def _pseudo(each: Floats) -> Floats:
    k = len(each) - 1
    return np.asarray(k * each[0] - (k - 1) * each[1:])


def _lengths(p: Floats) -> tuple[Floats, int]:
    """Return squared lengths of all, then without each block, float (1 + K, c)."""
    k = len(p)
    own, total = np.sum(p**2, axis=2), p.sum(axis=0)
    whole = _mean_product(np.sum(total**2, axis=1), own.sum(axis=0), k)
    without = _mean_product(np.sum((total - p) ** 2, axis=2), own.sum(axis=0) - own, k - 1)
    return np.concatenate([whole[None], without]), k


def _mean_product(of_sums: Floats, own: Floats, k: int) -> Floats:
    """Return the mean of products of different blocks: all products less those with itself."""
    return np.asarray((of_sums - own) / (k * (k - 1)))


def _sure(lengths: Floats) -> NDArray[np.bool_]:
    """Whether squared lengths (1 + K, c) surely lie above 0."""
    return np.asarray(lengths[0] > SURE * jackknife_error(lengths[1:]))


def _judge(candidates: Sequence[_Candidate], r: int) -> tuple[Pointing, ...]:
    """Keep what surely is more alike than random directions and than the margin."""
    found: list[Pointing] = []
    for protected in (True, False):
        family = [one for one in candidates if one.a.spec.protected == protected]
        if not family:
            continue
        raw = _adjusted([one.raw for one in family], r)
        apart = _adjusted([one.apart for one in family], r)
        for one, p_raw, p_apart in zip(family, raw, apart, strict=True):
            told = _told(one, float(p_raw), float(p_apart), r)
            if told is not None:
                found.append(told)
    return tuple(found)


def _hold(
    z: Floats,
    pair: tuple[str, str],
    marks: Mapping[str, Marks],
    block: Ints,
    index: Ints | None,
    inseparable: frozenset[frozenset[str]],
) -> tuple[list[_Side], _Cosines]:
    """Return the cosines of two attributes' directions with all other attributes held.

    Those that (nearly) decide one of the two, or are decided by it, are left aside.
    """
    two = [marks[name] for name in pair]
    both = two[0].known & two[1].known
    others = [
        np.column_stack([one.table[both], ~one.known[both]])
        for name, one in marks.items()
        if name not in pair and not {frozenset((name, each)) for each in pair} & inseparable
    ]
    tables = [one.table[both] for one in two]
    xx, xz = _left_out(np.hstack([*tables, *others]), z[both], block[both])
    effects = _effects(xx, xz)
    at = None if index is None else index[both]
    sides = [_side(one, table, at) for one, table in zip(two, tables, strict=True)]
    p, q = (table.shape[1] for table in tables)
    return sides, _cosines(sides[0].forms @ effects[:, :p], sides[1].forms @ effects[:, p : p + q])


def _checked(one: Pointing, sides: Sequence[_Side], found: _Cosines, r: int) -> Pointing:
    """Return what is beyond the tie of the two with its third cosine, and what is left of it."""
    i, j = (
        side.names.index(value)
        for side, value in zip(sides, (one.value_a, one.value_b), strict=True)
    )
    if not found.sure[i, j]:
        return replace(one, explained="others")
    measured = (float(found.value[i, j]), float(found.error[i, j]))
    held = _estimate(measured, one.raw.n, r, "all attributes in one regression")
    assert isinstance(one.apart, Estimate)  # else it is not beyond
    alike = held.value * one.apart.value > 0 and _near(held) > MARGIN
    return replace(one, held=held, explained="beyond" if alike else "others")


def _rank(one: Pointing) -> tuple[bool, float]:
    told = one.apart if one.explained == "beyond" else one.raw
    assert isinstance(told, Estimate)  # else it is not beyond
    return one.explained != "beyond", -_near(told)


def _adjusted(measured: Sequence[tuple[float, float] | None], r: int) -> Floats:
    """Return adjusted p-values; what could not be measured counts as asked, with p = 1."""
    value, error = np.array([one or (0.0, 1.0) for one in measured]).T
    p = np.where(value == 0, 1.0, alignment_p(value, error, r, BLOCKS))
    return benjamini_hochberg(p)


def _told(one: _Candidate, p_raw: float, p_apart: float, r: int) -> Pointing | None:
    raw = _estimate(one.raw, one.n, r, "each by itself")
    apart: Measured = Unmeasured(
        message("what the other attribute leaves of it is too little to have a direction")
    )
    explained: Explained | None = None
    if one.apart is not None:
        apart = _estimate(one.apart, one.n, r, "both in one regression")
        if p_apart <= FALSE_DISCOVERIES and _near(apart) > MARGIN and one.left >= LEFT:
            explained = "beyond"
    if explained is None and p_raw <= FALSE_DISCOVERIES and _near(raw) > MARGIN:
        explained = "tie" if _less(apart, raw, one.left) else "undecided"
    if explained is None:
        return None
    return Pointing(
        a=one.a.spec.name,
        value_a=one.value_a,
        b=one.b.spec.name,
        value_b=one.value_b,
        raw=raw,
        apart=apart,
        held=None,
        left=one.left,
        n_a=one.n_a,
        n_b=one.n_b,
        p_adjusted=p_apart if explained == "beyond" else p_raw,
        explained=explained,
    )


def _near(cosine: Estimate) -> float:
    """Return the end of the interval that is nearer to 0; below 0 where it holds 0."""
    return cosine.low if cosine.value >= 0 else -cosine.high


def _less(apart: Measured, raw: Estimate, left: float) -> bool:
    """Whether the tie explains it: little is left, or what is left is surely less alike."""
    if isinstance(apart, Unmeasured) or left < LEFT:
        return True
    far = apart.high if raw.value >= 0 else -apart.low
    return far < abs(raw.value)


def _estimate(measured: tuple[float, float], n: int, r: int, how: str) -> Estimate:
    value, error = measured
    half = float(student.ppf((1 + LEVEL) / 2, BLOCKS - 1)) * error
    low, high = max(value - half, -1.0), min(value + half, 1.0)
    method = (
        f"cosine of directions in {r} whitened dimensions, {how}, products of different blocks "
        f"of groups, jackknife over {BLOCKS} blocks"
    )
    return Estimate(value, low, high, mean_cosine(r), n, method, LEVEL)
