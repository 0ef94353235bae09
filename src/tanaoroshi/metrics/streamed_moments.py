"""Metrics of a stream that rest on its moments: SAP, those of the covariance, and the KL.

SAP of nominal attributes rests on the table of counts; it stands here with its sisters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from tanaoroshi.metrics.covariance import DRAWS, NUMBERS, PERMUTED, Spread, too_few
from tanaoroshi.metrics.dimension_wise_kl import METHOD
from tanaoroshi.metrics.intervals import LEVEL, nothing_usable, wider
from tanaoroshi.metrics.question import FEWEST, Answer, class_accuracy
from tanaoroshi.metrics.sap import Part as Scores
from tanaoroshi.metrics.sap import answer_scores
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.moments import Moments, merge_moments, no_moments

if TYPE_CHECKING:
    from tanaoroshi.metrics.streamed import Streamed
    from tanaoroshi.records.attributes import Floats

# Directions of an attribute's numbers with less of the variance are rounding.
FLAT = 1e-10


def answer_streamed_sap(asked: Streamed) -> Answer:
    """Answer as :func:`tanaoroshi.metrics.sap.answer_sap`, in the paper's convention."""
    if not len(asked.usable):
        return nothing_usable(asked)
    if asked.convention != "paper":
        why = message("in this convention it fits classifiers, which need all rows at once")
        return Answer(Unmeasured(why), asked.spread_out([Unmeasured(why)] * len(asked.usable)))
    parts = [
        _thresholds(asked, i) if asked.kinds[a] == "nominal" else _correlation(asked, i)
        for i, a in enumerate(asked.usable)
    ]
    scores = Scores(*(np.stack(x, -1) for x in zip(*parts, strict=True)))
    return answer_scores(
        asked, scores, f"stream, {asked.bins} given bins, {len(asked.parts)} batches"
    )


def answer_streamed_kl(asked: Streamed) -> Answer:
    """Answer with the sum over dimensions, and a t interval over batches."""
    if asked.logvar is None:
        return Answer(
            Unmeasured(message("the encoder gives no log-variance, only the mean of each code"))
        )
    rows = np.array([part.rows for part in asked.parts], dtype=np.float64)
    b, n = len(rows), rows.sum()
    if b < FEWEST:
        return Answer(too_few(b))
    sums = np.array([part.divergence.sum() for part in asked.parts])
    value = float(sums.sum() / n)
    error = float(np.sqrt(b / (b - 1) * ((sums - rows * value) ** 2).sum()) / n)
    half = float(student.ppf((1 + LEVEL) / 2, b - 1)) * error
    return Answer(
        Estimate(
            value=value,
            low=max(value - half, 0.0),
            high=value + half,
            chance=None,
            n=int(n),
            method=f"{METHOD}stream, {b} batches; sum over dimensions)",
            level=LEVEL,
        )
    )


def _thresholds(asked: Streamed, i: int) -> Scores:
    """Balanced accuracy between thresholds, out of the table of counts."""
    crossing = asked.crossing
    start, width = int(crossing.starts[i]), int(crossing.classes[i])
    table = asked.counts[start : start + width]
    of_class = np.maximum(table.sum(axis=-1, keepdims=True), 1)
    value = class_accuracy(crossing, asked.counts)[:, i]
    null = asked.null_accuracy[:, :, i]
    floor = 1 / width
    # Fitted and scored on the same rows: what chance gains by that, a perfect score can't.
    gained = null.mean(axis=0)
    centre = value - (gained - floor) * (1 - value) / np.maximum(1 - gained, 1e-9)
    right = (table / of_class).argmax(axis=0) == np.arange(width)[:, None, None]
    share = (right * table).sum(axis=-1, keepdims=True) / of_class
    effect = (right - share) / (of_class * width)
    tables = asked.batch_counts[:, start : start + width]
    variation = np.einsum("bljm,ljm->bj", tables, effect)
    return Scores(value, centre, null, np.array(floor), wider(len(asked.parts)) * variation)


def _correlation(asked: Streamed, i: int) -> Scores:
    """Squared (multiple) correlation of every dimension with a column of numbers."""
    a = asked.numeric.index(int(asked.usable[i]))
    whole = asked.moments
    n, power = whole.known[a], whole.code_square[a]
    size, turned = np.linalg.eigh(whole.mark_square[a])
    kept = size > FLAT * size[-1]
    q = int(kept.sum())
    inverse = (turned[:, kept] / size[kept]) @ turned[:, kept].T
    slope = inverse @ whole.cross[a]
    there = power > 1e-12 * n
    scale = np.where(there, power, 1)
    value = np.where(there, np.clip((slope * whole.cross[a]).sum(axis=0) / scale, 0, 1), 0)
    centre = np.where(there, 1 - (1 - value) * (n - 1) / max(n - q - 1, 1), 0)
    squares, crosses, marks = _about(asked, a)
    rest = squares - 2 * (slope * crosses).sum(axis=1)
    rest += np.einsum("qd,bqr,rd->bd", slope, marks, slope)
    variation = np.where(there, ((1 - value) * squares - rest) / scale, 0)
    null = _chance(asked, i, n, q)
    return Scores(value, centre, null, np.array(0.0), wider(len(asked.parts)) * variation)


def _about(asked: Streamed, a: int) -> tuple[Floats, Floats, Floats]:
    """Return each batch's sums around the means of all: (b, d), (b, 2, d) and (b, 2, 2)."""
    whole = asked.moments
    squares, crosses, marks = [], [], []
    for part in asked.parts:
        own = part.moments
        n = own.known[a]
        code = own.code_mean[a] - whole.code_mean[a]
        mark = own.mark_mean[a] - whole.mark_mean[a]
        squares.append(own.code_square[a] + n * code**2)
        crosses.append(own.cross[a] + n * mark[:, None] * code)
        marks.append(own.mark_square[a] + n * mark[:, None] * mark)
    return np.stack(squares), np.stack(crosses), np.stack(marks)


def _chance(asked: Streamed, i: int, n: float, q: int) -> Floats:
    """Draw squared multiple correlations of unrelated numbers, (draws, d)."""
    rows = np.maximum(n / asked.design[:, i], q + 3)
    rng = asked.stream(f"correlations {i}")
    shape = (asked.permutations, len(rows))
    return rng.beta(q / 2, (rows - q - 1) / 2, shape) if q else np.zeros(shape)


def streamed_spread(asked: Streamed) -> Spread | Unmeasured:
    """Take the covariances with and without each batch; or say why there is nothing to measure."""
    parts = _fewer([part.moments for part in asked.parts])
    if len(asked.parts) < FEWEST:
        return too_few(len(asked.parts))
    varies = asked.varying
    if not varies.any():
        return Unmeasured(message("no dimension of the codes varies"))
    whole = asked.moments
    n = whole.n
    scale = np.sqrt(np.diagonal(whole.square)[varies] / (n - 1))
    units = scale[:, None] * scale
    block = np.ix_(varies, varies)
    left = np.array([n - part.n for part in parts])
    without = np.stack([_without(whole, part)[block] for part in parts])
    without /= (left - 1)[:, None, None] * units
    return Spread(
        n=int(n),
        constant=int((~varies).sum()),
        scale=scale,
        whole=whole.square[block] / ((n - 1) * units),
        without=without,
        left=left,
        null=_independent(asked, int(varies.sum())),
    )


def _fewer(parts: list[Moments]) -> list[Moments]:
    """Put batches together until their (d, d) tables fit into memory."""
    d = len(parts[0].mean)
    count = max(FEWEST, NUMBERS // max(d * d, 1))
    if count >= len(parts):
        return parts
    together = [no_moments(d, len(parts[0].known))] * count
    for b, part in enumerate(parts):
        together[b % count] = merge_moments(together[b % count], part)
    return together


def _without(whole: Moments, part: Moments) -> Floats:
    """Return sums of products of the rows that are not in a part, (d, d)."""
    off = part.mean - whole.mean
    weight = part.n * whole.n / (whole.n - part.n)
    return whole.square - part.square - np.outer(off, off) * weight


def _independent(asked: Streamed, d: int) -> Floats:
    """Draw covariances of independent Gaussian dimensions (Bartlett 1933), (draws, d, d)."""
    rng = asked.stream("independent")
    free = max(asked.units - 1, 1)
    null = np.empty((max(min(DRAWS, PERMUTED // d**2), 2), d, d))
    for table in null:
        root = np.tril(rng.standard_normal((d, d)), -1)
        root[np.diag_indices(d)] = np.sqrt(rng.chisquare(np.maximum(free - np.arange(d), 1)))
        table[:] = root @ root.T / free
    return null
