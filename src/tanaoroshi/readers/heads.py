"""Candidates for a reader: each learns to say points (see ``coding``) of descriptions.

All candidates of one kind are fitted at once, since they share their decomposition, and always in
the same number and order, so that held-out folds can choose among them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from tanaoroshi.readers.features import MEASURED
from tanaoroshi.records.attributes import Floats

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Attribute

Head = Callable[[Floats, Floats], Floats]
"""Columns (n, p) and descriptions (n, q) in, points (n, m) out; NaN where it abstains."""

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
"""Ridge: in units of the mean eigenvalue of the features' covariance."""
SHRINKAGES = (0.01, 0.1, 0.4)
"""Discriminant analysis: share of the round covariance in the one within classes."""
# Names under which collections hold what we can measure.
SAME = {"scale": "size", "x": "position_x", "y": "position_y", "brightness": "lightness"}


def ridge_heads(x: Floats, points: Floats) -> list[Head]:
    """Ridge regression at each penalty; x float (n, p), points float (n, m)."""
    x0, y0 = x.mean(axis=0), points.mean(axis=0)
    centred = x - x0
    values, vectors = np.linalg.eigh(centred.T @ centred)
    turned = vectors.T @ (centred.T @ (points - y0))
    penalties = [p * max(float(values.mean()), 1e-9 * len(x)) for p in PENALTIES]
    return [
        _linear(x0, vectors @ (turned / (np.maximum(values, 0) + p)[:, None]), y0)
        for p in penalties
    ]


def discriminant_scores(x: Floats, points: Floats) -> list[Head]:
    """Linear discriminant analysis at each shrinkage, every class held equally likely.

    Parameters
    ----------
    x
        float (n, p).
    points
        float (n, m), 0 and 1: the class of each row.

    Returns
    -------
    Heads that give the logarithm of the likelihood of each class up to a constant. A class without
    rows is never said.

    References
    ----------
    J. H. Friedman, Regularized Discriminant Analysis, JASA 84, 1989 (with equal covariances).
    """
    counts = points.sum(axis=0)
    means = points.T @ x / np.maximum(counts, 1)[:, None]
    within = x - points @ means
    values, vectors = np.linalg.eigh(within.T @ within / max(len(x) - int((counts > 0).sum()), 1))
    centre = means[counts > 0].mean(axis=0)
    heads = []
    for share in SHRINKAGES:
        level = max(float(values.mean()), 1e-9)
        inverse = 1 / ((1 - share) * np.maximum(values, 0) + share * level)
        slopes = vectors @ (inverse[:, None] * (vectors.T @ (means - centre).T))
        offset = -0.5 * np.sum(slopes * (means - centre).T, axis=0)
        heads.append(_linear(centre, slopes, np.where(counts > 0, offset, -1e6)))
    return heads


def temper(scores: Floats, points: Floats, weights: Floats) -> float:
    """Find the factor on held-out scores that makes their probabilities calibrated.

    Parameters
    ----------
    scores
        float (n, m), held-out logarithms of likelihoods.
    points
        float (n, m), 0 and 1.
    weights
        float (n,).

    Returns
    -------
    The factor, at least 0.001, that minimises the weighted logarithmic loss (temperature scaling:
    C. Guo et al., On Calibration of Modern Neural Networks, 2017, arXiv 1706.04599).
    """

    def loss(log_factor: float) -> float:
        said = np.sum(log_softmax(scores * np.exp(log_factor), axis=1) * points, axis=1)
        # A class that the training folds never held has no likelihood; one such row is no reason.
        return -float(weights @ np.maximum(said, -50))

    found = minimize_scalar(loss, bounds=(np.log(1e-3), np.log(10)), method="bounded")
    return float(np.exp(found.x))


def tempered(head: Head, factor: float) -> Head:
    """Turn scores into calibrated probabilities."""

    def probabilities(x: Floats, described: Floats) -> Floats:
        return np.asarray(softmax(head(x, described) * factor, axis=1), dtype=np.float64)

    return probabilities


def measured_heads(attribute: Attribute, described: Floats, points: Floats) -> list[Head]:
    """Read by the measuring function of the attribute's name, one head for each threshold.

    A continuous quantity is put on the collection's scale by a straight line; an angle is taken as
    it is. Other kinds have no measuring function.
    """
    name = SAME.get(attribute.name, attribute.name)
    if (name == "hue") != (attribute.kind == "circular") or attribute.kind == "nominal":
        return []
    columns = [i for i, (measured, _) in enumerate(MEASURED) if measured == name]
    if name == "hue":
        return [_angle(column) for column in columns]
    return [_line(column, described[:, column], points[:, 0]) for column in columns]


def _linear(x0: Floats, slopes: Floats, y0: Floats) -> Head:
    return lambda x, _: np.asarray(y0 + (x - x0) @ slopes)


def _angle(column: int) -> Head:
    def read(_: Floats, described: Floats) -> Floats:
        angle = described[:, column]
        return np.column_stack([np.cos(angle), np.sin(angle)])

    return read


def _line(column: int, measured: Floats, target: Floats) -> Head:
    known = np.isfinite(measured)
    slope, offset = 0.0, float(target.mean())
    if known.sum() > 2 and np.ptp(measured[known]) > 0:
        slope, offset = np.polyfit(measured[known], target[known], 1)
    return lambda _, described: described[:, [column]] * slope + offset
