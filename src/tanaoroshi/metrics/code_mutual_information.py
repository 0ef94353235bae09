"""Mean mutual information of each two dimensions (Locatello et al. 2019, arXiv 1811.12359)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from tanaoroshi.metrics.covariance import too_few
from tanaoroshi.metrics.intervals import LEVEL, bounded, sandwich
from tanaoroshi.metrics.question import FEWEST, Answer, Convention, Question, question
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.discretize import discretize_codes
from tanaoroshi.stats.information import Bias, cross
from tanaoroshi.stats.resample import permuted_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.stats.information import Crossing

DRAWS = 5
# With fewer independent images the tables are coarser: 20 × 20 cells are too many for them.
FEW = 2000
# Rows × dimensions × dimensions to be counted, and dimensions in one table: of more dimensions
# some are drawn at random.
COUNTED, WIDEST = 100_000_000, 100


def code_mutual_information(
    codes: ArrayLike,
    *,
    rng: np.random.Generator,
    bins: int = 20,
    bias: Bias | None = None,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """How much each dimension tells of each other one, in nats; the mean over pairs.

    Parameters
    ----------
    codes
        float (n, d).
    rng
        Source of chance: of the chance level; with very many dimensions, of which are taken.
    bins
        For each dimension; a quarter in ``paper``, where there are less than 2,000 independent
        images.
    bias
        ``jackknife`` takes the bias of finite tables off; ``none`` is plug-in. ``None``: the
        first for ``paper``, the second for ``disentanglement_lib``.
    convention
        ``paper``: bins of equal counts, constant dimensions left out. ``disentanglement_lib``:
        bins of equal width between the extremes, pairs with constant dimensions count as 0.
    group
        (n,): rows of one group are not independent.
    permutations
        At most so many give the chance level.

    Returns
    -------
    Estimate, 0 to ln ``bins``; its chance level is what the same dimensions give when the rows of
    one of each two are permuted. Or Unmeasured.

    Raises
    ------
    InputError
        When the arrays do not fit together.
    """
    nothing = np.empty((len(np.asarray(codes)), 0))
    asked = question(
        codes,
        nothing,
        rng=rng,
        group=group,
        convention=convention,
        bins=bins,
        permutations=permutations,
    )
    return answer_code_mutual_information(asked, bias=bias).total


def answer_code_mutual_information(asked: Question, *, bias: Bias | None = None) -> Answer:
    """Answer for all pairs; it has no value for single attributes."""
    n = len(asked.codes)
    groups = asked.units
    if groups < FEWEST:
        return Answer(too_few(groups))
    taken = _taken(asked)
    if len(taken) < 2:
        return Answer(
            Unmeasured(message("no two dimensions of the codes vary: there is nothing to compare"))
        )
    bias = bias or ("jackknife" if asked.convention == "paper" else "none")
    rng = asked.stream("pairs")
    few = asked.convention == "paper" and groups < FEW
    bins = max(asked.bins // 4, 2) if few else asked.bins
    classes = discretize_codes(asked.codes[:, taken], bins, how=asked.how)
    crossing = cross(classes, classes)
    counts = crossing.counts()
    plain, jack = _means(crossing, counts)
    null = []
    for _ in range(min(DRAWS, asked.permutations)):
        order = permuted_rows(n, asked.group, rng=rng)
        null.append(_means(crossing, crossing.counts(order)))
    chance_plain, chance_jack = np.mean(null, axis=0)
    # Rows that depend on one another bias more than the jackknife over rows sees.
    swell = max(chance_plain / max(chance_plain - chance_jack, 1e-12), 1.0)
    swell = swell if asked.group is not None else 1.0
    corrected = plain - (plain - jack) * swell
    left = chance_plain - (chance_plain - chance_jack) * swell
    # What is left of the bias of sparse tables fades as the dimensions tell more (as in mig).
    told = np.clip((corrected - left) / np.log(crossing.bins), 0, 1)
    centre = corrected - left * (1 - told) ** 3
    rows = _tells(crossing, counts)
    error = float(sandwich((rows - rows.mean()) / n, asked.batches))
    half = float(student.ppf((1 + LEVEL) / 2, len(np.unique(asked.batches)) - 1)) * error
    estimate = bounded(
        corrected if bias == "jackknife" else plain,
        centre - half,
        centre + half,
        chance=max(left, 0.0) if bias == "jackknife" else chance_plain,
        n=n,
        method=f"code_mutual_information ({asked.convention}; {bins} {asked.how} bins; "
        f"bias {bias}; nats; {len(taken)} of {asked.codes.shape[1]} dimensions)",
        units=groups,
        top=float(np.log(crossing.bins)),
    )
    return Answer(estimate)


def _taken(asked: Question) -> Ints:
    """Which dimensions are compared, int64 (up to d,)."""
    n, d = asked.codes.shape
    taken = np.arange(d)
    if asked.convention == "paper":
        taken = taken[np.ptp(asked.codes, axis=0) > 0]
    most = max(2, min(WIDEST, int(np.sqrt(COUNTED / n))))
    if len(taken) > most:
        taken = np.sort(asked.stream("dimensions").permutation(taken)[:most])
    return taken


def _means(crossing: Crossing, counts: Floats | Ints) -> tuple[float, float]:
    """Mean over pairs of different dimensions, plug-in and jackknife."""
    plain = crossing.information(counts).mutual
    jack = crossing.information(counts, bias="jackknife").mutual
    pairs = ~np.eye(len(plain), dtype=bool)
    return float(plain[pairs].mean()), float(jack[pairs].mean())


def _tells(crossing: Crossing, counts: Floats | Ints) -> Floats:
    """Give what each row adds to the plug-in mean: ln p(a, b) / p(a) p(b) over pairs; (n,)."""
    d, n = crossing.codes.shape
    rows = np.zeros(n)
    for a, (start, width) in enumerate(zip(crossing.starts, crossing.classes, strict=True)):
        table = counts[start : start + width].astype(np.float64)
        sides = table.sum(axis=-1, keepdims=True) * table.sum(axis=0, keepdims=True)
        tells = np.log(np.maximum(table * n, 1) / np.maximum(sides, 1))
        tells[:, a] = 0
        for told in crossing.rows_of(tells, a):
            rows += told
    return np.asarray(rows / (d * (d - 1)))
