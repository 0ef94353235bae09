"""The metric of β-VAE (Higgins et al. 2017, ICLR, openreview.net/forum?id=Sy2fzU9gl)."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.draws import (
    Pool,
    Trials,
    active,
    columns,
    fixed,
    halves,
    nothing_to_tell,
    pairs,
    pool,
)
from tanaoroshi.metrics.intervals import bounded
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from tanaoroshi.metrics.draws import Mask
    from tanaoroshi.records.attributes import Kind
    from tanaoroshi.records.estimates import Measured

    Points = tuple[Floats, Ints]

# For the interval: splits in halves, points on each (twice), and as many points on the whole.
SPLITS, POINTS, WHOLE = 10, 400, 9
# For the chance level: orders, points to learn from and to try. More change nothing: they are not
# tried on the points that they are learned from.
ORDERS, NULL_POINTS = 5, 500
# Weights of the classifier up to which Newton's way is taken.
NEWTON = 150
# Numbers held at a time: what a processor keeps near.
CHUNK = 200_000


def beta_vae(
    codes: ArrayLike,
    attributes: ArrayLike,
    *,
    rng: np.random.Generator,
    kinds: Sequence[Kind] | None = None,
    bins: int = 20,
    numeric_bins: int | None = None,
    batch: int | None = None,
    points: int | None = None,
    evaluate: int | None = None,
    standardise: bool | None = None,
    strength: float | None = None,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """Measure how surely differences of codes tell which attribute two images have in common.

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
        Classes of continuous and circular attributes, within which two images have one in common;
        see :class:`~tanaoroshi.metrics.question.Question`.
    batch
        Pairs of rows whose absolute differences are averaged into a point. ``None``: 200
        (``paper``, as Kim & Mnih 2018 use it), 64 (``disentanglement_lib``).
    points
        From which the linear classifier learns. ``None``: 10,000.
    evaluate
        Other points, on which it is tried. ``None``: 5,000.
    standardise
        Whether the differences are first scaled to mean 0 and variance 1. ``None``: yes
        (``paper``: with so weak a penalty it changes the time only), no (``disentanglement_lib``).
    strength
        How little the weights of the logistic regression are held back (C of scikit-learn).
        ``None``: 1000 (``paper``, which holds nothing back), 1 (``disentanglement_lib``).
    convention
        ``paper`` or ``disentanglement_lib``: the settings above; and there continuous attributes
        are not cut.
    group
        (n,): rows of one group are not independent.
    permutations
        For the chance level; no more than 5 are used.

    Returns
    -------
    Estimate in [0, 1], about 1/k or more; the interval is for endless draws from endless images.
    Or Unmeasured: with one attribute, or when all dimensions are constant.

    Raises
    ------
    InputError
        When the arrays do not fit together, or a number makes no sense.

    Notes
    -----
    The paper makes new images; here rows of the table are drawn. An attribute is drawn (all
    alike); for each pair a value as often as it occurs, then two different rows of that value.
    A value that only one row has gives no pair.
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
    return answer_beta_vae(
        asked,
        batch=batch,
        points=points,
        evaluate=evaluate,
        standardise=standardise,
        strength=strength,
    ).total


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """What points are drawn from, and how they are learned.

    Attributes
    ----------
    table
        Rows by value.
    codes
        float64 (n, d).
    batch
        Pairs a point.
    standardise
        Whether points are scaled before they are learned.
    strength
        C of the logistic regression.
    """

    table: Pool
    codes: Floats
    batch: int
    standardise: bool
    strength: float

    def within(self, kept: Mask) -> Differences:
        """Return the same of the rows that are kept, bool (n,)."""
        return replace(self, table=self.table.within(kept))

    def draw(self, points: int, rng: np.random.Generator, *, order: Ints | None = None) -> Points:
        """Return mean absolute differences, float64 (points, d), and what is common, (points,).

        ``order``: of the attributes, under the null.
        """
        back = None if order is None else np.argsort(order)
        found = np.empty((points, self.codes.shape[1]))
        common = np.empty(points, dtype=np.int64)
        step = min(points, max(1, CHUNK // (self.batch * self.codes.shape[1])))
        # Taken into the same places again and again: new ones cost more than what is put there.
        ones = np.empty((step, self.batch, self.codes.shape[1]))
        twos = np.empty_like(ones)
        for start in range(0, points, step):
            lines = min(step, points - start)
            attribute, one, two = pairs(self.table, lines, self.batch, rng)
            if back is not None:
                one, two = back[one], back[two]
            # Places are in range: "clip" only spares a copy.
            far = np.take(self.codes, one, axis=0, out=ones[:lines], mode="clip")
            far -= np.take(self.codes, two, axis=0, out=twos[:lines], mode="clip")
            np.abs(far, out=far).mean(axis=1, out=found[start : start + lines])
            common[start : start + lines] = attribute
        return found, common

    def tried(self, learned: Points, *others: Points) -> list[float]:
        """Learn from points and return the share of others that is told rightly, for each."""
        x, common = learned
        seen = np.unique(common)
        if len(seen) < 2:
            return [float(np.mean(truth == seen[0])) for _, truth in others]
        spread = x.std(axis=0)
        scale = np.where(spread > 0, spread, 1) if self.standardise else np.ones(x.shape[1])
        middle = x.mean(axis=0) if self.standardise else np.zeros(x.shape[1])
        # Newton's way is the faster where its table of second derivatives is small.
        small = (x.shape[1] + 1) * len(seen) <= NEWTON
        solver = "newton-cholesky" if small else "lbfgs"
        model = LogisticRegression(C=self.strength, solver=solver)
        with warnings.catch_warnings():
            # A hundred steps are the library's limit too; what is missing then is the last digit.
            warnings.simplefilter("ignore", ConvergenceWarning)
            # Dimensions that say the same: either weight will do.
            warnings.simplefilter("ignore", LinAlgWarning)
            model.fit((x - middle) / scale, common)
        return [float(np.mean(model.predict((y - middle) / scale) == t)) for y, t in others]


def answer_beta_vae(
    asked: Question,
    *,
    batch: int | None = None,
    points: int | None = None,
    evaluate: int | None = None,
    standardise: bool | None = None,
    strength: float | None = None,
) -> Answer:
    """Answer for all attributes together; it has no value for single ones."""
    nothing = nothing_to_tell(asked)
    if nothing is not None:
        return nothing
    used = active(asked.codes, 0.0)
    if not used.any():
        return Answer(Unmeasured(message("all dimensions are constant: none tells anything")))
    library = asked.convention == "disentanglement_lib"
    batch = (64 if library else 200) if batch is None else batch
    points = 10_000 if points is None else points
    evaluate = 5_000 if evaluate is None else evaluate
    scaled = not library if standardise is None else standardise
    strength = (1.0 if library else 1000.0) if strength is None else strength
    if min(batch, points, evaluate) < 1 or not strength > 0:
        raise InputError("batch, points and evaluate must be at least 1, strength above 0")
    table = pool(asked.attribute_bins)
    source = Differences(table, columns(asked.codes, used), batch, scaled, strength)
    rng = asked.stream("beta_vae")
    value = source.tried(source.draw(points, rng), source.draw(evaluate, rng))[0]
    null = _null(asked, source, min(NULL_POINTS, points), min(NULL_POINTS, evaluate))
    low, high = _trials(asked, source, value, null, evaluate).ends(1 / len(asked.usable))
    rows = int(np.isfinite(asked.values[:, asked.usable]).any(axis=1).sum())
    method = (
        f"beta_vae ({asked.convention}; logistic regression, C={strength:g}"
        f"{', standardised' if scaled else ''}; {points} points, tried on {evaluate} others; "
        f"{batch} pairs a point, drawn from the table; {fixed(asked)}; "
        "interval for endless draws)"
    )
    chance, units = float(null.mean()), asked.units
    return Answer(bounded(value, low, high, chance=chance, n=rows, method=method, units=units))


def _null(asked: Question, source: Differences, points: int, evaluate: int) -> Floats:
    """Return the score under permutations, (B,)."""
    rng, found = asked.stream("beta_vae null"), []
    for order in asked.orders[:ORDERS]:
        learned, tried = (source.draw(m, rng, order=order) for m in (points, evaluate))
        found += source.tried(learned, tried)
    return np.array(found)


def _trials(
    asked: Question, source: Differences, value: float, null: Floats, evaluate: int
) -> Trials:
    rng = asked.stream("beta_vae halves")
    # With very many dimensions an interval may take longer than its value, within reason.
    few = min(1.0, 100 / source.codes.shape[1])
    points = max(200, int(few * POINTS), 40 * len(asked.usable))
    sets = [source.draw(points, rng) for _ in range(WHOLE)]
    full = np.mean([source.tried(x, y)[0] for x, y in itertools.pairwise(sets)])
    own, other = [], []
    for kept in halves(asked, SPLITS, rng):
        sides = [source.within(side) for side in kept]
        if min(side.table.attributes for side in sides) < 2:
            continue
        one, two = ([side.draw(points, rng) for _ in range(2)] for side in sides)
        first = source.tried(one[0], one[1], *two)
        second = source.tried(two[0], two[1], *one)
        own.append([first[0], second[0]])
        other.append([(first[1] + first[2]) / 2, (second[1] + second[2]) / 2])
    # The settled score is made of three means of so many trials.
    parts = (evaluate, points * (WHOLE - 1), points * max(2 * len(own), 1))
    return Trials(
        value=value,
        null=null,
        whole=value,
        full=float(full),
        own=np.array(own),
        other=np.array(other),
        power=1.0,
        doubt=0.25,
        tries=1 / sum(1 / m for m in parts),
        blur=1 / points,
    )
