"""Wasserstein distance of the codes from independent dimensions, both taken as Gaussians.

The score of disentanglement_lib (Locatello et al. 2019, arXiv 1811.12359); the distance between
Gaussians is Dowson & Landau 1982 (J. Multivar. Anal. 12).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.metrics.covariance import Spread, centred_jackknife, spread
from tanaoroshi.metrics.intervals import bounded
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.records.estimates import Unmeasured

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats
    from tanaoroshi.records.estimates import Measured


def gaussian_wasserstein_correlation(
    codes: ArrayLike,
    *,
    rng: np.random.Generator,
    normalise: bool = False,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """How far the codes are from codes with the same, but independent, dimensions.

    Parameters
    ----------
    codes
        float (n, d).
    rng
        Source of chance: of interval and chance level, not of the value.
    normalise
        Divide by the trace of the covariance, so that the unit of the codes does not matter.
    convention
        Both are the same.
    group
        (n,): rows of one group are not independent.
    permutations
        At most so many permuted copies give the chance level.

    Returns
    -------
    Estimate: the squared 2-Wasserstein distance between N(0, C) and N(0, diag C), C being the
    covariance of the codes; 0 or more, in squared units of the codes. Normalised: 0 to
    2 (1 - 1/√d). Its chance level is what the same dimensions give when the rows of each are
    permuted on their own. Constant dimensions add nothing. Or Unmeasured.

    Raises
    ------
    InputError
        When the arrays do not fit together.
    """
    asked = question(
        codes,
        np.empty((len(np.asarray(codes)), 0)),
        rng=rng,
        group=group,
        convention=convention,
        permutations=permutations,
    )
    return answer_gaussian_wasserstein_correlation(asked, normalise=normalise).total


def answer_gaussian_wasserstein_correlation(
    asked: Question, moments: Spread | Unmeasured | None = None, *, normalise: bool = False
) -> Answer:
    """Answer for all dimensions; it has no value for single attributes.

    Parameters
    ----------
    asked
        Its attributes take no part.
    moments
        Where another metric has taken them already.
    normalise
        Divide by the trace of the covariance.
    """
    moments = spread(asked) if moments is None else moments
    if isinstance(moments, Unmeasured):
        return Answer(moments)
    units = moments.scale[:, None] * moments.scale
    value, null = (
        _distance(correlation * units, normalise=normalise)
        for correlation in (moments.whole, moments.null)
    )
    without = _distance(moments.without * units, normalise=normalise)
    low, high = centred_jackknife(float(value), without)
    by = "by the trace" if normalise else "as it is"
    estimate = bounded(
        float(value),
        low,
        high,
        chance=float(null.mean()),
        n=moments.n,
        method=f"gaussian_wasserstein_correlation ({asked.convention}; {by}; {moments.settings})",
        units=asked.units,
        top=2.0 if normalise else None,
    )
    return Answer(estimate)


def gaussian_distance(covariance: Floats) -> Floats:
    """Squared 2-Wasserstein distance of N(0, C) from N(0, diag C): (..., d, d) → (...).

    2 tr C - 2 tr (D½ C D½)½ with D = diag C, by the eigenvalues of a symmetric matrix.
    """
    variance = np.maximum(np.einsum("...jj->...j", covariance), 0)
    root = np.sqrt(variance)
    between = covariance * (root[..., :, None] * root[..., None, :])
    roots = np.sqrt(np.maximum(np.linalg.eigvalsh(between), 0)).sum(axis=-1)
    return np.asarray(np.maximum(2 * (variance.sum(axis=-1) - roots), 0))


def _distance(covariance: Floats, *, normalise: bool) -> Floats:
    distance = gaussian_distance(covariance)
    if not normalise:
        return distance
    return np.asarray(distance / np.einsum("...jj->...", covariance))
