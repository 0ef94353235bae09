"""The metric of FactorVAE (Kim & Mnih 2018, arXiv 1802.05983, section 2 and appendix B)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.draws import (
    Pool,
    Trials,
    active,
    alike,
    columns,
    fixed,
    halves,
    nothing_to_tell,
    pool,
)
from tanaoroshi.metrics.intervals import bounded
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.records.attributes import Floats
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.metrics.draws import Mask
    from tanaoroshi.records.attributes import Ints, Kind
    from tanaoroshi.records.estimates import Measured

# For the interval: splits in halves, votes on each (twice), and as many votes on the whole.
SPLITS, VOTES, WHOLE = 10, 800, 10
# Orders for the chance level.
ORDERS = 6
# Numbers held at a time.
CHUNK = 2_000_000
# Variance below which, beside a dimension's own of 1, there is none but rounding.
NOTHING = 1e-12


def factor_vae(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
    batch: int | None = None,
    votes: int | None = None,
    evaluate: int | None = None,
    least_sd: float | None = None,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """Measure how surely the dimension that varies least tells which attribute is held fixed.

    Parameters
    ----------
    codes
        float (n, d).
    attributes
        (n, k), NaN missing.
    rng
        Source of chance: of the draws, the interval and the chance level.
    kinds
        Of each attribute; ``None``: whole numbers are nominal, others continuous.
    bins, numeric_bins
        Classes of continuous and circular attributes, in which one is held fixed; see
        :class:`~tanaoroshi.metrics.question.Question`.
    batch
        Rows of one value drawn for a vote, with replacement, at least 2. ``None``: 100 (the
        paper), 64 (``disentanglement_lib``).
    votes
        Of which the majority is taken. ``None``: 800, 10,000.
    evaluate
        Other votes, on which that is tried; 0: on the same votes. ``None``: 0, 5,000.
    least_sd
        Dimensions whose standard deviation is below this are left out as collapsed. Constant ones
        always are. ``None``: 0, 0.05.
    convention
        ``paper`` or ``disentanglement_lib``: the numbers above; and there continuous attributes
        are not cut.
    group
        (n,): rows of one group are not independent.
    permutations
        For the chance level; no more than 6 are used.

    Returns
    -------
    Estimate in [0, 1], about 1/k or more; the interval is for endless votes on endless images. Or
    Unmeasured: with one attribute, or when all dimensions are collapsed.

    Raises
    ------
    InputError
        When the arrays do not fit together, or a number makes no sense.

    Notes
    -----
    The paper draws new images with one factor held fixed; here rows of the table are drawn. An
    attribute is drawn (all alike), a value as often as it occurs, rows of that value all alike. A
    value that only one row has can't be held fixed.
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
    return answer_factor_vae(
        asked, batch=batch, votes=votes, evaluate=evaluate, least_sd=least_sd
    ).total


@dataclass(frozen=True, slots=True, eq=False)
class Ballot:
    """What votes are drawn from.

    Attributes
    ----------
    table
        Rows by value.
    moments
        float64 (n, 2d): standard codes and their squares.
    whole
        float64 (d,): variance of each standard dimension over all rows; NaN: none.
    batch
        Rows a vote.
    k
        Attributes.
    """

    table: Pool
    moments: Floats
    whole: Floats
    batch: int
    k: int

    def within(self, kept: Mask) -> Ballot:
        """Return the ballot of the rows that are kept, bool (n,)."""
        spread = _variance(self.moments, kept.astype(np.float64))
        return replace(self, table=self.table.within(kept), whole=spread)

    def draw(self, votes: int, rng: np.random.Generator, *, order: Ints | None = None) -> Ints:
        """Return how often each dimension won when each attribute was held fixed, (k, d).

        ``order``: of the attributes, under the null.
        """
        n, d = len(self.moments), len(self.whole)
        back = None if order is None else np.argsort(order)
        won = np.zeros((self.k, d), dtype=np.int64)
        step = max(1, CHUNK // max(self.batch, 2 * d))
        for start in range(0, votes, step):
            lines = min(step, votes - start)
            attribute, rows = alike(self.table, lines, self.batch, rng)
            drawn = rows if back is None else back[rows]
            bounds = np.arange(0, drawn.size + 1, self.batch)
            pick = csr_array((np.ones(drawn.size), drawn.ravel(), bounds), shape=(lines, n))
            sums = pick @ self.moments
            local = (sums[:, d:] - sums[:, :d] ** 2 / self.batch) / (self.batch - 1) / self.whole
            local = np.where(local < NOTHING, 0, np.where(np.isnan(local), np.inf, local))
            cell = attribute * d + local.argmin(axis=1)
            won += np.bincount(cell, minlength=won.size).reshape(won.shape)
        return won


def answer_factor_vae(
    asked: Question,
    *,
    batch: int | None = None,
    votes: int | None = None,
    evaluate: int | None = None,
    least_sd: float | None = None,
) -> Answer:
    """Answer for all attributes together; it has no value for single ones."""
    nothing = nothing_to_tell(asked)
    if nothing is not None:
        return nothing
    library = asked.convention == "disentanglement_lib"
    batch = (64 if library else 100) if batch is None else batch
    votes = (10_000 if library else 800) if votes is None else votes
    tried = (5_000 if library else 0) if evaluate is None else evaluate
    least = (0.05 if library else 0.0) if least_sd is None else least_sd
    if batch < 2 or votes < 1 or tried < 0 or least < 0:
        raise InputError("batch must be at least 2, votes 1, evaluate and least_sd 0")
    used = active(asked.codes, least)
    if not used.any():
        return Answer(Unmeasured(message("all dimensions are collapsed: none tells anything")))
    ballot = _ballot(asked, used, batch)
    rng = asked.stream("factor_vae")
    value = _score(ballot, votes, tried, rng)
    orders = asked.orders[: max(3, int(ORDERS * _few(ballot)))]
    null = np.array([_score(ballot, votes, tried, rng, order=o) for o in orders])
    low, high = _trials(asked, ballot, value, null).ends(1 / ballot.k)
    rows = int(np.isfinite(asked.values[:, asked.usable]).any(axis=1).sum())
    others = f", tried on {tried} others" if tried else ""
    method = (
        f"factor_vae ({asked.convention}; {votes} votes{others}, {batch} rows a vote, drawn from "
        f"the table; {fixed(asked)}; "
        f"{int(used.sum())} of {len(used)} dimensions; interval for endless votes)"
    )
    chance, units = float(null.mean()), asked.units
    return Answer(bounded(value, low, high, chance=chance, n=rows, method=method, units=units))


def right(learned: Ints, tried: Ints) -> float:
    """Return the share of votes (k, d) that the majority of others, or of the same, gets right."""
    guess = learned.argmax(axis=0)
    return float(tried[guess, np.arange(tried.shape[1])].sum() / tried.sum())


def both(one: Ints, two: Ints) -> float:
    """Return the mean of what either says of the other."""
    return (right(one, two) + right(two, one)) / 2


def _score(
    ballot: Ballot, votes: int, tried: int, rng: np.random.Generator, order: Ints | None = None
) -> float:
    learned = ballot.draw(votes, rng, order=order)
    return right(learned, ballot.draw(tried, rng, order=order) if tried else learned)


def _trials(asked: Question, ballot: Ballot, value: float, null: Floats) -> Trials:
    rng = asked.stream("factor_vae halves")
    votes = max(200, int(_few(ballot) * VOTES), 40 * ballot.k)
    sets = [ballot.draw(votes, rng) for _ in range(WHOLE)]
    one, two = np.sum(sets[::2], axis=0), np.sum(sets[1::2], axis=0)
    full = np.mean([both(x, y) for x, y in zip(sets[::2], sets[1::2], strict=True)])
    own, other = [], []
    for kept in halves(asked, SPLITS, rng):
        sides = [ballot.within(side) for side in kept]
        if min(side.table.attributes for side in sides) < 2:
            continue
        (a, b), (c, d) = ([side.draw(votes, rng) for _ in range(2)] for side in sides)
        own.append([both(a, b), both(c, d)])
        other.append([(right(a, c) + right(b, d)) / 2, (right(c, a) + right(d, b)) / 2])
    return Trials(
        value=value,
        null=null,
        whole=both(one, two),
        full=float(full),
        own=np.array(own),
        other=np.array(other),
        power=0.5,
        doubt=0.5,
        tries=WHOLE * votes,
    )


def _few(ballot: Ballot) -> float:
    """With very many dimensions an interval may take longer than its value, within reason."""
    return min(1.0, 100 / len(ballot.whole))


def _ballot(asked: Question, used: Mask, batch: int) -> Ballot:
    codes = columns(asked.codes, used)
    standard = (codes - codes.mean(axis=0)) / codes.std(axis=0)
    moments = np.hstack([standard, standard**2])
    whole = _variance(moments, np.ones(len(codes)))
    return Ballot(pool(asked.attribute_bins), moments, whole, batch, len(asked.usable))


def _variance(moments: Floats, weights: Floats) -> Floats:
    d, m = moments.shape[1] // 2, weights.sum()
    sums = weights @ moments
    spread = (sums[d:] - sums[:d] ** 2 / m) / max(m - 1, 1)
    return np.asarray(np.where(spread > NOTHING, spread, np.nan))
