"""Doubts: labels that the pictures contradict.

A reader learns each attribute of classes from the pictures, and says of pictures whose whole group
it never saw how far it prefers another value to the label. A hard picture lies between two values;
a wrong label lies in the middle of another value. So a label is doubted only if both hold:

* the picture lies farther out among those of its label than chance puts any (false discovery rate
  over all labels of all attributes), the tail being that of Student's t fitted to the *middle* of
  the label's own pictures, which a few wrong labels do not move;
* it looks as much like the other value as nine in ten of the pictures that are called so do
  (after the threshold of C. Northcutt, L. Jiang, I. Chuang, Confident Learning, 2019, arXiv
  1911.00068, which is the mean over them).

Whether a picture that looks like another value is a wrong label or a rare picture of its own, no
reader can know: where values overlap, the first condition holds of none. What meets the second
alone is worth a look, in that order, and nothing is claimed of it. Exact copies under different
labels need no reader: one of the labels is wrong, or it says something that is not in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from tanaoroshi.archive.trends import times_of
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.doubts import Doubt, Doubts
from tanaoroshi.stats.multiple_tests import benjamini_hochberg
from tanaoroshi.stats.resample import group_folds, group_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Attribute, Attributes
    from tanaoroshi.records.progress import Progress

    Singles = NDArray[np.float32]

FALSE_DISCOVERIES = 0.05
FOLDS = 5
LEAST_GROUPS = 20
"""A value that fewer independent pictures show is not learned, and its labels are not asked."""
LEAST_TOLD = 0.2
"""A reader that finds less than this of what lies between guessing and knowing does not doubt."""
TYPICAL = 0.1
"""A picture looks like a value when it does so more than this share of those called so."""
MOST = 200
"""Labels that are worth a look, kept of each attribute."""
LANDMARKS = 300
"""Pictures to which the others' nearness is a column: what makes the reader nonlinear."""
COMPONENTS = 200
"""Principal components that are kept of all columns: what is left out hardly tells, and costs."""
SHRINKAGES = (0.01, 0.1, 0.4)
"""Share of the round covariance in the one within values."""
FREEDOMS = (2.0, 10.0)
"""Tails are never taken to be lighter than with ten degrees of freedom, nor heavier than with two:
the middle of some hundred pictures can't tell a normal curve."""


@dataclass(frozen=True, slots=True, eq=False)
class _Doubted:
    """Rows asked of one attribute, how unlikely each label is, and what the picture looks like."""

    attribute: str
    values: tuple[str, ...]
    rows: Ints
    label: Ints
    looks: Ints
    p: Floats
    told: float


def find_doubts(
    seen: Singles,
    attributes: Attributes,
    *,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Doubts:
    """Find labels that are not those of the pictures that look alike.

    Parameters
    ----------
    seen
        float32 (n, p): descriptions of the pictures, made without looking at any attribute.
    attributes
        n rows. Nominal and ordinal attributes are asked, each value as a class; not those that
        stand for time: no picture shows when it was taken in.
    rng
        Source of chance: folds of whole groups, landmarks.
    progress
        Told after each attribute.

    Returns
    -------
    Labels whose pictures look like another value, the least likely first; rows are those of
    ``seen``. Those with an adjusted p of at most ``FALSE_DISCOVERIES`` are doubted, the others
    worth a look.

    Notes
    -----
    The reader is J. H. Friedman's regularized discriminant analysis (JASA 84, 1989) with equal
    covariances and equal priors, on standardised descriptions and their nearness to landmarks; of
    three shrinkages the one that finds most held-out labels. A value that is often mistaken for
    another is thereby often doubted only if its pictures are of two kinds: look before you change
    a label.
    """
    index = group_index(len(seen), attributes.group)
    asked = _of_classes(attributes)
    if not asked or len(np.unique(index)) < 2 * LEAST_GROUPS:
        return Doubts((), 0, 0, {})
    x = _columns(seen, rng)
    fold = group_folds(len(x), attributes.group, FOLDS, rng=rng)
    found = []
    for done, spec in enumerate(asked):
        codes = np.nan_to_num(attributes.column(spec.name), nan=-1).astype(np.int64)
        one = _doubted(spec, x, codes, fold, index)
        if one is not None:
            found.append(one)
        if progress is not None:
            progress(done + 1, len(asked), "labels")
    p = np.concatenate([np.empty(0), *(one.p for one in found)])
    adjusted = benjamini_hochberg(p) if len(p) else p
    doubts, at = [], 0
    for one in found:
        mine = adjusted[at : at + len(one.p)]
        at += len(one.p)
        first = np.argsort(one.p, kind="stable")[:MOST]
        doubts += [(one.p[i], _doubt(one, i, mine[i])) for i in first if one.p[i] < 1]
    doubts.sort(key=lambda pair: pair[0])
    return Doubts(
        tuple(doubt for _, doubt in doubts),
        int((adjusted <= FALSE_DISCOVERIES).sum()),
        len(p),
        {one.attribute: one.told for one in found},
    )


def _doubt(one: _Doubted, i: int, p_adjusted: float) -> Doubt:
    return Doubt(
        one.attribute,
        int(one.rows[i]),
        one.values[one.label[i]],
        one.values[one.looks[i]],
        float(p_adjusted),
    )


def labels_of_copies(
    copies: Sequence[tuple[int, int]], attributes: Attributes
) -> dict[str, tuple[tuple[int, int], ...]]:
    """Find exact copies that are labelled differently.

    Parameters
    ----------
    copies
        Pairs of rows whose pictures are the same.
    attributes
        The table.

    Returns
    -------
    For each attribute that :func:`find_doubts` would ask the pairs whose two labels differ; only
    those that have any.
    """
    pairs = np.array(copies, dtype=np.int64).reshape(-1, 2)
    found = {}
    for spec in _of_classes(attributes):
        first, second = (attributes.column(spec.name)[pairs[:, k]] for k in (0, 1))
        differ = np.isfinite(first) & np.isfinite(second) & (first != second)
        if differ.any():
            found[spec.name] = tuple((int(i), int(j)) for i, j in pairs[differ])
    return found


def _of_classes(attributes: Attributes) -> list[Attribute]:
    times = times_of(attributes.specs, None)
    return [
        spec
        for spec in attributes.specs
        if spec.kind in ("nominal", "ordinal") and spec.name not in times
    ]


def _columns(seen: Singles, rng: np.random.Generator) -> Singles:
    """Return principal components of standardised descriptions and of their nearness to some."""
    spread = seen.std(axis=0)
    kept = spread > 1e-6
    x = np.clip((seen[:, kept] - seen[:, kept].mean(axis=0)) / spread[kept], -5, 5)
    marks = x[rng.choice(len(x), min(LANDMARKS, len(x)), replace=False)]

    def far(a: Singles) -> Singles:
        lengths = (a**2).sum(axis=1)[:, None] + (marks**2).sum(axis=1)
        distances: Singles = np.maximum(lengths - 2 * (a @ marks.T), 0)
        return distances

    width = max(float(np.median(far(marks))), 1e-6)
    # Nearness varies by some tenths; on the scale of the others it would count for little.
    near = 3 * np.exp(-far(x) / np.float32(width))
    columns = np.hstack([x, near])
    columns -= columns.mean(axis=0)
    _, vectors = np.linalg.eigh((columns.T @ columns).astype(np.float64))
    kept_of_all: Singles = columns @ vectors[:, ::-1][:, :COMPONENTS].astype(np.float32)
    return kept_of_all


def _doubted(spec: Attribute, x: Singles, codes: Ints, fold: Ints, index: Ints) -> _Doubted | None:
    """Ask the labels of one attribute; ``None`` where they can't be learned."""
    m = int(codes.max(initial=-1)) + 1
    groups = [len(np.unique(index[codes == v])) for v in range(m)]
    learned = np.flatnonzero(np.array(groups) >= LEAST_GROUPS)
    if len(learned) < 2:
        return None
    rows = np.flatnonzero(np.isin(codes, learned))
    label = np.searchsorted(learned, codes[rows])
    scores = _held_out(x[rows], label, fold[rows], len(learned))
    if scores is None:
        return None
    told = _told(scores, label)
    if (told - 1 / len(learned)) / (1 - 1 / len(learned)) < LEAST_TOLD:
        return None
    at = np.arange(len(rows))
    others = scores.copy()
    others[at, label] = -np.inf
    looks = others.argmax(axis=1)
    margin = others[at, looks] - scores[at, label]
    typical = np.array([np.quantile(-margin[label == v], TYPICAL) for v in range(len(learned))])
    p = np.where(margin > typical[looks], _tail(margin, label, len(learned)), 1.0)
    return _Doubted(spec.name, spec.values, rows, learned[label], learned[looks], p, told)


def _told(scores: Singles, label: Ints) -> float:
    right = scores.argmax(axis=1) == label
    return float(np.mean([right[label == v].mean() for v in np.unique(label)]))


def _held_out(x: Singles, label: Ints, fold: Ints, m: int) -> Singles | None:
    """Return for each row the log likelihood of each value, by a reader that never saw its fold.

    float32 (n, m); ``None`` where a value is missing outside of some fold.
    """
    parts = [np.flatnonzero(fold == f) for f in range(FOLDS)]
    counts = np.stack([np.bincount(label[rows], minlength=m) for rows in parts])
    if (counts.sum(axis=0) - counts == 0).any():
        return None
    squares = np.stack([x[rows].T @ x[rows] for rows in parts])
    sums = np.stack([_sums(x[rows], label[rows], m) for rows in parts])
    scores: Singles = np.empty((len(SHRINKAGES), len(x), m), np.float32)
    for f, rows in enumerate(parts):
        n = (counts.sum(axis=0) - counts[f]).astype(np.float64)
        means = (sums.sum(axis=0) - sums[f]) / n[:, None]
        within = squares.sum(axis=0) - squares[f] - (means.T * n) @ means
        values, vectors = np.linalg.eigh(within / max(n.sum() - m, 1))
        centre = means.mean(axis=0)
        turned = (x[rows] - centre) @ vectors
        away = (means - centre) @ vectors
        level = max(float(values.mean()), 1e-9)
        for s, share in enumerate(SHRINKAGES):
            slopes = away / ((1 - share) * np.maximum(values, 0) + share * level)
            scores[s, rows] = turned @ slopes.T - 0.5 * np.sum(slopes * away, axis=1)
    best: Singles = scores[int(np.argmax([_told(each, label) for each in scores]))]
    return best


def _sums(x: Singles, label: Ints, m: int) -> Floats:
    """Return the sum of each value's rows, float64 (m, p)."""
    return np.stack([x[label == v].sum(axis=0, dtype=np.float64) for v in range(m)])


def _tail(margin: Floats, label: Ints, m: int) -> Floats:
    """Return how likely a margin at least so large is among pictures of the label.

    Above the median of its label, in units of the upper half's quartile; all labels together tell
    how heavy the tail is.
    """
    middle, upper = (
        np.array([np.quantile(margin[label == v], q) for v in range(m)]) for q in (0.5, 0.75)
    )
    out = (margin - middle[label]) / np.maximum(upper - middle, 1e-9)[label]
    freedom = _freedom(out[out > 0])
    p: Floats = student.sf(out * student.ppf(0.75, freedom), freedom)
    return p


def _freedom(out: Floats) -> float:
    """Return the degrees of freedom of a half t curve whose middle is like that of ``out``.

    ``out``: upper halves, in units in which their own median is about 1. Told by how far the upper
    fifth begins (beyond it lie the wrong labels that are looked for), plus the error of that.
    """
    if not len(out):
        return FREEDOMS[0]
    begins = float(np.quantile(out, 0.8))
    # Of a quantile: by the density of a half normal curve there, in the same units.
    error = np.sqrt(0.8 * 0.2 / len(out)) / (2 * norm.pdf(norm.ppf(0.9)) * norm.ppf(0.75))
    grid = np.linspace(*FREEDOMS, 33)
    reach = student.ppf(0.9, grid) / student.ppf(0.75, grid)
    fits = grid[reach >= begins + error]
    return float(fits.max()) if len(fits) else FREEDOMS[0]
