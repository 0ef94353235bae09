"""What a model makes of a collection, by what readers say of its pictures.

*Shares.* A reader errs, and it errs alike on all pictures that the model draws. So it first reads
the model's reconstructions of pictures whose value is known and which it never saw: that gives how
often it says r of a picture that is v. The shares among made pictures are those under which what it
says of them is most likely (M. Saerens, P. Latinne, C. Decaestecker, Adjusting the outputs of a
classifier to new a priori probabilities, Neural Computation 14, 2002; for the table of errors:
Z. Lipton, Y.-X. Wang, A. Smola, 2018, arXiv 1802.03916). That holds while pictures of a value look
alike in both. Of made pictures that look like nothing that the reader has seen (:func:`unlike`)
anything may be true, and intervals are as wide as that says (after C. Manski, Nonparametric Bounds
on Treatment Effects, Am. Econ. Rev. 80, 1990); where they are many, no share is told.

*Worse.* The squared error of pictures with a value, over that of all others.

*Memory.* C. Meehan, K. Chaudhuri, S. Dasgupta, A Non-Parametric Test to Detect Data-Copying in
Generative Models, 2020, arXiv 2004.05675: made pictures should lie no nearer to those trained on
than unseen pictures do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from tanaoroshi.metrics.intervals import jackknife, jackknife_error
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.made import MadeShare, Memory, Worse
from tanaoroshi.records.words import message
from tanaoroshi.stats.multiple_tests import benjamini_hochberg
from tanaoroshi.stats.resample import bootstrap_weights, deal_groups, group_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.made import ShareChange

DRAWS = 300
STEPS = 200
MARGIN = 0.05
"""Shares within five percentage points of the collection's are alike."""
LEAST_KNOWN = 20
"""Of a value with fewer independent pictures the reader's errors aren't known."""
BLOCKS = 20


def made_shares(
    attribute: str,
    values: Sequence[str],
    truth: Ints,
    read: Ints,
    made: Ints,
    group: Ints | None,
    *,
    collection: Floats,
    questions: int,
    level: float,
    rng: np.random.Generator,
    unreadable: float = 0.0,
) -> tuple[MadeShare, ...]:
    """Estimate how often each value is among made pictures.

    Parameters
    ----------
    attribute, values
        Its name, and the names of its m classes.
    truth, read
        int64 (n,): class of known pictures, and what the reader says of their reconstructions.
    made
        int64 (k,): what the reader says of made pictures.
    group
        int64 (n,) or ``None``: of the known pictures.
    collection
        float (m,): shares in the collection.
    questions
        How many values are asked about in all; the intervals that decide are widened for them.
    level
        Confidence level.
    rng
        Source of chance: bootstrap of groups and of made pictures.
    unreadable
        Share of the made pictures, 0 to 1, of which the reader may say anything: intervals reach
        from none of them to all having the value.
    """
    m = len(values)
    index = group_index(len(truth), group)
    independent = np.array([len(np.unique(index[truth == v])) for v in range(m)])
    asked = np.flatnonzero(independent >= LEAST_KNOWN)
    few = Unmeasured(
        message("There are too few pictures of this value to know how well it is read.")
    )
    if len(asked) < 2:
        return tuple(
            MadeShare(attribute, value, float(collection[v]), few, "undecided")
            for v, value in enumerate(values)
        )
    # What is rare counts as one class, so that all shares still add up to one.
    place = np.full(m, len(asked))
    place[asked] = np.arange(len(asked))
    c = len(asked) + (len(asked) < m)
    known, said, drawn = place[truth], place[read], place[made]
    counts = np.bincount(drawn, minlength=c).astype(np.float64)
    best = likeliest(_errors(known, said, c, np.ones((1, len(known)))), counts[None])[0]
    weights = bootstrap_weights(len(known), index, DRAWS, rng=rng)
    # Jeffreys' half a picture a class: of what was never read, a few more pictures might show some.
    redrawn = rng.dirichlet(counts + 0.5, size=DRAWS)
    spread = likeliest(_errors(known, said, c, weights), redrawn)
    method = (
        f"reader's errors on {len(known)} known reconstructions corrected by maximum likelihood; "
        f"bootstrap over groups and made pictures, {DRAWS} draws"
        + (f"; {unreadable:.0%} unreadable, for whom all is possible" if unreadable else "")
    )

    def ends(column: Floats, value: float, level: float) -> tuple[float, float]:
        low, high = _ends(column, value, level)
        return low * (1 - unreadable), high * (1 - unreadable) + unreadable

    found = []
    for v, value in enumerate(values):
        share = float(collection[v])
        if place[v] >= len(asked):
            found.append(MadeShare(attribute, value, share, few, "undecided"))
            continue
        column = spread[:, place[v]]
        low, high = ends(column, best[place[v]], level)
        estimate = Estimate(float(best[place[v]]), low, high, share, len(made), method, level)
        strict = ends(column, best[place[v]], 1 - (1 - level) / max(questions, 1))
        found.append(MadeShare(attribute, value, share, estimate, _change(strict, share)))
    return tuple(found)


def unlike(made: Floats, seen: Floats, others: Floats) -> float:
    """Return the share of made pictures that look like none that a reader learned from.

    Parameters
    ----------
    made, seen, others
        float (k, p), (n, p), (u, p): descriptions of made pictures, of those that the reader
        learned from, and of others of their kind.

    Returns
    -------
    Share of ``made`` farther from their nearest in ``seen`` than 95 % of ``others`` are; 0.05 where
    they are of that kind.
    """
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=1).fit(seen)
    far, usual = (nearest.kneighbors(x)[0][:, 0] for x in (made, others))
    return float((far > np.quantile(usual, 0.95)).mean())


def _errors(truth: Ints, read: Ints, c: int, weights: Floats) -> Floats:
    """Return how often a picture that is v is read as r; weights (B, n) → (B, c, c), never 0."""
    cell = np.eye(c * c)[truth * c + read]
    # Jeffreys' half a picture a row: what was never seen is not impossible.
    table = (weights @ cell).reshape(-1, c, c) + 0.5 / c
    return np.asarray(table / table.sum(axis=2, keepdims=True))


def likeliest(errors: Floats, counts: Floats) -> Floats:
    """Return the shares under which readings so often are most likely (EM).

    Parameters
    ----------
    errors
        float (B, c, c): how often a picture that is v (rows) is read as r, never 0.
    counts
        float (B, c): how often each reading occurs, in any unit.

    Returns
    -------
    float (B, c), each line adds up to 1.
    """
    shares = np.full(counts.shape, 1 / counts.shape[1])
    seen = counts / counts.sum(axis=1, keepdims=True)
    for _ in range(STEPS):
        expected = np.einsum("bv,bvr->br", shares, errors)
        updated = shares * np.einsum("bvr,br->bv", errors, seen / expected)
        done = np.abs(updated - shares).max() < 1e-6
        shares = updated
        if done:
            break
    return shares


def _ends(spread: Floats, value: float, level: float) -> tuple[float, float]:
    """Return a normal interval by the bootstrap's spread: quantiles so far out can't be drawn."""
    half = float(norm.ppf((1 + level) / 2)) * float(spread.std(ddof=1))
    return max(float(value) - half, 0.0), min(float(value) + half, 1.0)


def _change(ends: tuple[float, float], share: float) -> ShareChange:
    low, high = ends
    if low > share + MARGIN:
        return "more"
    if high < share - MARGIN:
        return "fewer"
    return "alike" if low >= share - MARGIN and high <= share + MARGIN else "undecided"


def come_back_worse(
    errors: Floats,
    columns: Sequence[tuple[str, Sequence[str], Ints]],
    group: Ints | None,
    *,
    level: float,
    rng: np.random.Generator,
) -> tuple[Worse, ...]:
    """Compare the errors of pictures with each value with those of all others.

    Parameters
    ----------
    errors
        float (n,): mean squared error of each picture's reconstruction.
    columns
        For each attribute its name, its values, and int64 (n,) the class of each picture, -1
        missing.
    group
        int64 (n,) or ``None``.
    level
        Confidence level.
    rng
        Source of chance: which groups are left out together (jackknife on the log ratio).
    """
    blocks = deal_groups(len(errors), group, BLOCKS, rng=rng)
    index = group_index(len(errors), group)
    found: list[tuple[str, str, int, Estimate]] = []
    p = []
    for name, values, classes in columns:
        known = classes >= 0
        for v, value in enumerate(values):
            here = known & (classes == v)
            others = known & ~here
            if min(len(np.unique(index[here])), len(np.unique(index[others]))) < LEAST_KNOWN:
                continue
            sums = [
                np.bincount(blocks, weights=mask * x, minlength=BLOCKS)
                for mask in (here, others)
                for x in (errors, np.ones(len(errors)))
            ]
            log = _log_ratio([float(s.sum()) for s in sums])
            left = np.array(
                [_log_ratio([float(s.sum() - s[b]) for s in sums]) for b in range(BLOCKS)]
            )
            low, high = jackknife(np.array(log), left, level=level)
            error = float(jackknife_error(left))
            p.append(float(2 * student.sf(abs(log) / max(error, 1e-300), BLOCKS - 1)))
            method = (
                f"ratio of mean squared errors, jackknife of its logarithm over {BLOCKS} blocks"
            )
            ends = float(np.exp(low)), float(np.exp(high))
            estimate = Estimate(float(np.exp(log)), *ends, 1.0, int(known.sum()), method, level)
            found.append((name, value, int(here.sum()), estimate))
    adjusted = benjamini_hochberg(np.array(p)) if p else np.empty(0)
    return tuple(Worse(*one, float(q)) for one, q in zip(found, adjusted, strict=True))


def _log_ratio(sums: Sequence[float]) -> float:
    there, n, others, m = sums
    return float(np.log(max(there / max(n, 1), 1e-12)) - np.log(max(others / max(m, 1), 1e-12)))


def memory(
    made: Floats, trained: Floats, unseen: Floats | None, *, level: float, pairs: int = 24
) -> Memory:
    """Say whether made pictures lie nearer to those trained on than unseen ones do.

    Parameters
    ----------
    made, trained, unseen
        float (k, p), (n, p), (u, p): descriptions of pictures, all drawn by the model (unseen and
        trained ones after encoding and decoding, so that all are as blurred). ``unseen`` ``None``:
        there are none, and only the nearest pairs are told.
    level
        Confidence level.
    pairs
        How many of the nearest pairs are returned.
    """
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=1).fit(trained)
    far, rows = (x[:, 0] for x in nearest.kneighbors(made))
    order = np.argsort(far, kind="stable")[:pairs]
    shown = tuple((int(i), int(rows[i]), float(far[i])) for i in order)
    if unseen is None or len(unseen) < LEAST_KNOWN:
        return Memory(
            Unmeasured(
                message(
                    "Whether pictures are copied takes pictures that the model was not trained on: "
                    "name them with --held-out."
                )
            ),
            None,
            shown,
        )
    others = nearest.kneighbors(unseen)[0][:, 0]
    value, error = _nearer(far, others)
    half = float(norm.ppf((1 + level) / 2)) * error
    estimate = Estimate(
        value,
        max(value - half, 0.0),
        min(value + half, 1.0),
        0.5,
        len(made),
        f"share of pairs (made, one of {len(others)} unseen) in which the made one is nearer to "
        "what was trained on; interval by DeLong's variance",
        level,
    )
    k, u = len(far), len(others)
    spread = float(np.sqrt((k + u + 1) / (12 * k * u)))
    return Memory(estimate, (0.5 - value) / spread, shown)


def _nearer(made: Floats, unseen: Floats) -> tuple[float, float]:
    """Return the chance that a made one is nearer, ties by half, and its standard error.

    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44, 1988.
    """
    first, second = np.sort(made), np.sort(unseen)
    of_made = 1 - _below(second, made)
    of_unseen = _below(first, unseen)
    variance = of_made.var(ddof=1) / len(made) + of_unseen.var(ddof=1) / len(unseen)
    return float(of_made.mean()), float(np.sqrt(variance))


def _below(ordered: Floats, x: Floats) -> Floats:
    """Return the share of ``ordered`` that lies below each x, ties by half."""
    low, high = (np.searchsorted(ordered, x, side=side) for side in ("left", "right"))
    return np.asarray((low + high) / (2 * len(ordered)))
