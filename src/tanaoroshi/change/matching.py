"""Where every dimension of a base went in a candidate, from the codes of the same images.

========= ========================================================================================
status    when
========= ========================================================================================
same      one dimension of the candidate tells all that the candidate's code knows of it, at the
          same place, with the same sign, scale and zero
rescaled  the same, with another scale or zero, or along a bent curve
moved     the same, at another place or with the other sign
mixed     the candidate's code knows it, but no single dimension tells nearly all of that (a
          rotation, a split, a merger)
lost      the candidate's code does not tell even a quarter of its variation
new       a dimension of the candidate of which the base's code does not tell a quarter
undecided the images do not suffice, or the dimension carries nothing that could be followed
========= ========================================================================================

"All that the code knows" is a held-out share of variation (ridge regression on all dimensions,
and on curves and nearness where a line does not do); what one dimension tells is the same along a
curve, held out too. Their ratio, not the correlation, decides: noise that was added to every
dimension weakens both and moves no shelf. Dimensions enter by their normal scores (ranks on the
scale of a normal distribution, B. L. van der Waerden, 1952), so that a bent scale moves none
either. Counterparts are assigned one to one, so that the sum of
squared rank correlations is the greatest (H. W. Kuhn, The Hungarian method, 1955).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from threadpoolctl import threadpool_limits

from tanaoroshi.change.pairs import Pair, Told, chance_level, nearness
from tanaoroshi.errors import InputError
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.comparison import DimensionMatch
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.shelves.features import hats, knots_of
from tanaoroshi.shelves.intervals import ratio_estimate
from tanaoroshi.shelves.ridge import held_out_losses
from tanaoroshi.shelves.skills import half, images_needed
from tanaoroshi.stats.resample import draw_groups, group_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.change.settings import ChangeSettings
    from tanaoroshi.records.comparison import DimensionStatus
    from tanaoroshi.records.progress import Progress

Answer = Literal["yes", "no", "unclear"]


def match_dimensions(
    base: Floats,
    candidate: Floats,
    *,
    base_active: Sequence[bool],
    candidate_active: Sequence[bool],
    group: Ints | None,
    settings: ChangeSettings,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> tuple[DimensionMatch, ...]:
    """Find where each dimension went.

    Parameters
    ----------
    base, candidate
        float (n, d) and (n, e), finite: codes of the same images in the same order.
    base_active, candidate_active
        d and e truths: which dimensions are in use.
    group
        int64 (n,) or ``None``: rows of one group are not independent.
    settings
        See :class:`~tanaoroshi.change.settings.ChangeSettings`.
    rng
        Source of chance: which images, folds, the chance level.
    progress
        Called with (done, total, what).

    Returns
    -------
    One :class:`DimensionMatch` for each dimension of the base in its order, then one for each
    dimension of the candidate that none of these names.

    Raises
    ------
    InputError
        When the two sets of codes have different numbers of rows.
    """
    if len(base) != len(candidate):
        raise InputError(
            "The base has codes of {n} images, the candidate of {m}: give codes of the same images "
            "in the same order",
            n=len(base),
            m=len(candidate),
        )
    few = too_few(len(base), group, settings)
    if few is not None:
        return tuple(_open(j, few, settings.min_groups) for j in range(base.shape[1]))
    rows = draw_groups(len(base), group, settings.max_rows, fewest=settings.min_groups, rng=rng)
    here = None if group is None else group[rows]
    # Thousands of small products and decompositions: threads inside of them would spin more than
    # they work, on a busy machine for minutes.
    with threadpool_limits(1, user_api="blas"):
        return _matched(
            Pair.of(base[rows], candidate[rows], here, settings, rng),
            (np.asarray(base_active, bool), np.asarray(candidate_active, bool)),
            rng,
            progress,
        )


def _matched(
    pair: Pair,
    active: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    rng: np.random.Generator,
    progress: Progress | None,
) -> tuple[DimensionMatch, ...]:
    """Follow every dimension of the base, then see which of the candidate's are new."""
    near = nearness(pair)
    chance = chance_level(pair, rng)
    partner = _assign(near, *active, pair.settings)
    turned = pair.turned()
    to = _Side(pair, Told.by(pair, rng), near, chance, active[0])
    back = _Side(turned, Told.by(turned, rng), near.T, chance, active[1])
    found, (d, e) = [], near.shape
    for j in range(d):
        found.append(_follow(j, partner.get(j), to, back))
        if progress is not None:
            progress(j + 1, d, "Following dimensions")
    named = {m.candidate for m in found} | {k for m in found for k in m.parts}
    fresh = [k for k in range(e) if k not in named and active[1][k]]
    return (*found, *(_arrive(k, back) for k in fresh))


def _assign(
    near: Floats,
    base_active: NDArray[np.bool_],
    candidate_active: NDArray[np.bool_],
    settings: ChangeSettings,
) -> dict[int, int]:
    """Pair dimensions one to one; those in use with those in use, or exact copies."""
    exact = np.abs(near) >= settings.exact
    allowed = (base_active[:, None] & candidate_active) | exact
    rows, columns = linear_sum_assignment(np.where(allowed, near**2, -1.0), maximize=True)
    return {
        int(j): int(k)
        for j, k in zip(rows, columns, strict=True)
        if allowed[j, k] and near[j, k] != 0
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One code, followed in the other.

    Attributes
    ----------
    near
        float64 (d, e): rank correlations.
    chance
        Mean of the greatest of a line of ``near`` where the codes have nothing to do with another.
    active
        bool (d,).
    """

    pair: Pair
    told: Told
    near: Floats
    chance: float
    active: NDArray[np.bool_]

    def closest(self, j: int) -> int | None:
        """Return the dimension of the other code that agrees most with j."""
        return int(np.abs(self.near[j]).argmax()) if self.near.shape[1] else None


def _follow(j: int, k: int | None, to: _Side, back: _Side) -> DimensionMatch:
    """Say what became of dimension j, whose counterpart may be k."""
    copied = k is not None and abs(to.near[j, k]) >= to.pair.settings.exact
    if to.pair.spread_x[j] == 0 or not (to.active[j] or copied):
        nothing = Unmeasured(message("It carries nothing that could be followed."))
        return _open(j, nothing)
    shares = _shares(j, k, to)
    status, needed = _rule(shares, to.pair)
    if status == "matched" and k is not None:
        # The counterpart tells all that is known of j. It must also not be told by others: then
        # it is a place where several dimensions were put together.
        reverse = _shares(k, j, back)
        status, needed = _rule(reverse, back.pair)
        if status == "lost":
            status = "mixed"
        shares = _Shares(shares.whole, _lesser(shares.own, reverse.own))
    agreement = _agreement(j, to.closest(j) if k is None else k, to)
    if status != "matched" or k is None:
        parts = _parts(j, to) if status == "mixed" else ()
        word: DimensionStatus = "mixed" if status == "matched" else status
        return DimensionMatch(
            j, None, word, None, None, agreement, shares.whole, shares.own, parts,
            images_needed=needed,
        )  # fmt: skip
    sign = 1 if to.near[j, k] > 0 else -1
    scale = float(to.pair.spread_y[k] / to.pair.spread_x[j])
    curved = _is_curved(j, k, to.pair)
    word = _place(j, k, sign, scale, to.pair, curved=curved)
    return DimensionMatch(
        j, k, word, sign, scale, agreement, shares.whole, shares.own, curved=curved
    )


def _arrive(k: int, back: _Side) -> DimensionMatch:
    """Say where dimension k of the candidate came from; it is nobody's counterpart."""
    closest = back.closest(k)
    shares = _shares(k, closest, back)
    status, needed = _rule(shares, back.pair)
    words: dict[str, DimensionStatus] = {"lost": "new", "undecided": "undecided"}
    word = words.get(status, "mixed")
    parts = _parts(k, back) if word == "mixed" else ()
    return DimensionMatch(
        None, k, word, None, None, _agreement(k, closest, back), shares.whole, shares.own, parts,
        images_needed=needed,
    )  # fmt: skip


def _open(j: int, why: Unmeasured, needed: int | None = None) -> DimensionMatch:
    return DimensionMatch(j, None, "undecided", None, None, why, why, why, images_needed=needed)


def too_few(n: int, group: Ints | None, settings: ChangeSettings) -> Unmeasured | None:
    """Say that n images are too few to compare codes on; ``None`` where they are enough."""
    groups = int(group_index(n, group).max(initial=-1)) + 1
    if groups >= settings.min_groups:
        return None
    return Unmeasured(
        message(
            "There are only {n} independent images in common; at least {least} are needed.",
            n=groups,
            least=settings.min_groups,
        )
    )


@dataclass(frozen=True, slots=True)
class _Shares:
    """What is told of a dimension.

    Attributes
    ----------
    whole
        Share of its variation that all dimensions of the other code tell.
    own
        The part of that which one of them tells.
    """

    whole: Estimate
    own: Measured


def _shares(j: int, k: int | None, side: _Side) -> _Shares:
    """Estimate what all dimensions of the other code tell of j, and what k does."""
    pair, settings = side.pair, side.pair.settings
    rows, together = side.told.of(j, pair)
    x, group = pair.x[rows, j], None if pair.group is None else pair.group[rows]
    constant = x**2
    if k is None or pair.spread_y[k] == 0:
        whole = _share(constant - together, constant, group, settings, "all dimensions")
        return _Shares(whole, Unmeasured(message("No dimension is its counterpart.")))
    y, target, fold = pair.y[rows, k], x[:, None], pair.fold[rows]
    line = held_out_losses(y[:, None], target, fold)
    bent = np.column_stack([y, hats(y, knots_of(y, settings.knots))])
    curve = held_out_losses(bent, target, fold)
    single = min(line, curve, key=lambda losses: float(losses.sum()))
    told = constant - min(together, single, key=lambda losses: float(losses.sum()))
    whole = _share(told, constant, group, settings, "all dimensions")
    if told.sum() <= 0:
        return _Shares(whole, Unmeasured(message("Nothing of it is told.")))
    own = _share(constant - single, told, group, settings, "the counterpart's part of what is told")
    return _Shares(whole, own)


def _share(
    top: Floats, bottom: Floats, group: Ints | None, settings: ChangeSettings, of: str
) -> Estimate:
    """Estimate a share; what is below 0 (worse than the mean) or above 1 is cut off."""
    method = f"held-out share of variation, {of}"
    found = ratio_estimate(top, bottom, group, level=settings.level, method=method, chance=0.0)
    return _cut(found)


def _cut(found: Estimate) -> Estimate:
    value, low, high = (min(max(x, 0.0), 1.0) for x in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.chance, found.n, found.method, found.level)


def _lesser(a: Measured, b: Measured) -> Measured:
    if isinstance(a, Unmeasured) or isinstance(b, Unmeasured):
        return a if isinstance(a, Unmeasured) else b
    return min(a, b, key=lambda estimate: estimate.value)


def _agreement(j: int, k: int | None, side: _Side) -> Measured:
    """Estimate the absolute rank correlation of two dimensions."""
    pair = side.pair
    if k is None or pair.spread_x[j] == 0 or pair.spread_y[k] == 0:
        return Unmeasured(message("There is no dimension to compare it with."))
    u, v = pair.x_ranks[:, j], pair.y_ranks[:, k]
    v = -v if side.near[j, k] < 0 else v
    r = float(np.mean(u * v))
    # The terms are r plus what each row moves it by (the ranks held fast), so that their spread
    # is that of r.
    found = ratio_estimate(
        u * v - r * (u**2 + v**2) / 2 + r,
        np.ones(len(u)),
        pair.group,
        level=pair.settings.level,
        method="absolute rank correlation (Spearman)",
        chance=side.chance,
    )
    return _cut(found)


def _rule(
    shares: _Shares, pair: Pair
) -> tuple[Literal["matched", "mixed", "lost", "undecided"], int | None]:
    """Decide; with ``undecided``, how many images would do."""
    settings = pair.settings
    there = _at_least(shares.whole, settings.kept, settings)
    if there == "unclear":
        return "undecided", _needed(shares.whole, settings.kept, settings)
    if there == "no":
        enough = settings.rows_a_dimension * pair.y.shape[1]
        return ("lost", None) if len(pair.x) >= enough else ("undecided", enough)
    if isinstance(shares.own, Unmeasured):
        return "mixed", None
    alone = _at_least(shares.own, settings.own, settings)
    if alone == "unclear":
        return "undecided", _needed(shares.own, settings.own, settings)
    return ("matched", None) if alone == "yes" else ("mixed", None)


def _at_least(estimate: Estimate, least: float, settings: ChangeSettings) -> Answer:
    if estimate.low >= least:
        return "yes"
    if estimate.high < least:
        return "no"
    if half(estimate) <= settings.wide:
        return "yes" if estimate.value >= least else "no"
    return "unclear"


def _needed(estimate: Estimate, least: float, settings: ChangeSettings) -> int:
    """Return how many images would shrink the interval to its distance, or narrow enough."""
    return images_needed(estimate, max(abs(estimate.value - least), settings.wide))


def _is_curved(j: int, k: int, pair: Pair) -> bool:
    """Say whether the codes lie along a bent curve: their scores agree better than they do."""
    n = len(pair.x)
    straight = float(pair.x_plain[:, j] @ pair.y_plain[:, k] / n) ** 2
    scores = float(pair.x[:, j] @ pair.y[:, k] / n) ** 2
    return scores - straight > pair.settings.curved


def _place(j: int, k: int, sign: int, scale: float, pair: Pair, *, curved: bool) -> DimensionStatus:
    settings = pair.settings
    if j != k or sign < 0:
        return "moved"
    shift = abs(pair.mean_y[k] - pair.mean_x[j]) / pair.spread_x[j]
    alike = 1 / settings.same_scale <= scale <= settings.same_scale
    return "same" if alike and shift <= settings.same_place and not curved else "rescaled"


def _parts(j: int, side: _Side) -> tuple[int, ...]:
    """Return the dimensions that tell a good part of what is told of j, most first."""
    weights = side.told.weights[j]
    total = float(weights.sum())
    order = np.argsort(-weights, kind="stable")
    least = side.pair.settings.part * total
    return tuple(int(k) for k in order if total > 0 and weights[k] >= least)
