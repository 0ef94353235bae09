"""Total correlation: how far the dimensions are from being independent (Watanabe 1960).

Of a Gaussian with the covariance of the codes (as Locatello et al. 2019, arXiv 1811.12359, report
it), or of the aggregate posterior, estimated on minibatches (Chen, Li, Grosse & Duvenaud 2018,
arXiv 1802.04942, appendix C).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import digamma

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.covariance import Spread, centred_jackknife, spread
from tanaoroshi.metrics.elbo import MINIBATCH, answer_minibatch_total
from tanaoroshi.metrics.intervals import bounded
from tanaoroshi.metrics.question import Answer, Convention, Question, question
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats
    from tanaoroshi.records.estimates import Measured

TotalCorrelation = Literal["gaussian", "minibatch_weighted"]

# Smallest eigenvalue of the correlations, a dimension, that is more than rounding.
SINGULAR = 1e-13


def total_correlation(
    codes: ArrayLike,
    *,
    rng: np.random.Generator,
    estimator: TotalCorrelation = "gaussian",
    logvar: ArrayLike | None = None,
    minibatch: int = MINIBATCH,
    convention: Convention = "paper",
    group: ArrayLike | None = None,
    permutations: int = 50,
) -> Measured:
    """How much the dimensions tell of one another, in nats.

    Parameters
    ----------
    codes
        float (n, d); posterior means for ``minibatch_weighted``.
    rng
        Source of chance: of interval and chance level; for ``minibatch_weighted`` of all.
    estimator
        ``gaussian``: (Σ log diag C - log det C) / 2, with C the covariance of the codes.
        ``minibatch_weighted``: of samples of the posteriors, on minibatches; needs ``logvar``.
    logvar
        float (n, d), logarithm of the posterior variances.
    minibatch
        Rows in a minibatch.
    convention
        ``gaussian``: both are the same. ``minibatch_weighted``: ``paper`` with the constants
        that the paper prints, ``disentanglement_lib`` without, as its training does.
    group
        (n,): rows of one group are not independent.
    permutations
        At most so many permuted copies give the chance level.

    Returns
    -------
    Estimate, 0 or more (``minibatch_weighted``: any number); its chance level is what the same
    dimensions give when the rows of each are permuted on their own. Constant dimensions are left
    out. Unmeasured where dimensions depend on one another exactly: it is infinite then.

    Raises
    ------
    InputError
        When the arrays do not fit together.
    """
    if estimator not in ("gaussian", "minibatch_weighted"):
        raise InputError(
            "There is no estimator {name}: use gaussian or minibatch_weighted", name=estimator
        )
    asked = question(
        codes,
        np.empty((len(np.asarray(codes)), 0)),
        rng=rng,
        logvar=logvar,
        group=group,
        convention=convention,
        permutations=permutations,
    )
    if estimator == "minibatch_weighted":
        return answer_minibatch_total(asked, minibatch=minibatch).total
    return answer_total_correlation(asked).total


def answer_total_correlation(asked: Question, moments: Spread | Unmeasured | None = None) -> Answer:
    """Answer with the Gaussian estimate; it has no value for single attributes.

    Parameters
    ----------
    asked
        Its attributes take no part.
    moments
        Where another metric has taken them already.
    """
    moments = spread(asked) if moments is None else moments
    if isinstance(moments, Unmeasured):
        return Answer(moments)
    n, d = moments.n, len(moments.scale)
    if n <= d:
        return Answer(
            Unmeasured(
                message(
                    "there are no more images ({n}) than dimensions ({d}): "
                    "the total correlation would be infinite",
                    n=n,
                    d=d,
                )
            )
        )
    if np.linalg.eigvalsh(moments.whole)[0] < SINGULAR * d:
        return Answer(
            Unmeasured(
                message(
                    "a dimension is an exact linear combination of others: "
                    "the total correlation is infinite"
                )
            )
        )
    value = float(gaussian_total(moments.whole))
    known = gaussian_bias(np.array([n]), d)[0]
    without = gaussian_total(moments.without) - gaussian_bias(moments.left, d)
    low, high = centred_jackknife(value - known, without)
    estimate = bounded(
        value,
        low,
        high,
        chance=float(gaussian_total(moments.null).mean()),
        n=n,
        method=f"total_correlation ({asked.convention}; gaussian; nats; {moments.settings})",
        units=asked.units,
        top=None,
    )
    return Answer(estimate)


def gaussian_total(covariance: Floats) -> Floats:
    """Total correlation of Gaussians with these covariances: (..., d, d) → (...), in nats."""
    d = covariance.shape[-1]
    variance = np.einsum("...jj->...j", covariance)
    # A dimension that does not vary without one batch tells nothing there.
    there = variance > 0
    root = np.sqrt(np.where(there, variance, 1))
    correlation = covariance / (root[..., :, None] * root[..., None, :])
    correlation[..., np.arange(d), np.arange(d)] = 1
    sign, logdet = np.linalg.slogdet(correlation)
    least = d * np.log(SINGULAR)
    logdet = np.where(sign > 0, np.maximum(logdet, least), least)
    return np.asarray(np.maximum(-logdet / 2, 0))


def gaussian_bias(n: Floats, d: int) -> Floats:
    """By how much :func:`gaussian_total` is too large on n rows of a d-dimensional Gaussian.

    Exact, from the moments of a Wishart matrix's log-determinant (Bartlett 1933); about
    d (d - 1) / 4n. It depends on no covariance.

    Parameters
    ----------
    n
        float (...): numbers of rows; above d, or as if it were.
    d
        Number of dimensions.
    """
    freedom = np.maximum(np.asarray(n, dtype=np.float64) - 1, d)[..., None]
    terms = digamma(freedom / 2) - digamma((freedom - np.arange(d)) / 2)
    return np.asarray(terms.sum(axis=-1) / 2)
