"""KL divergence of each dimension's posterior from the prior (Kingma & Welling 2014, 1312.6114).

Closed form for a Gaussian posterior and a standard normal prior (their appendix B). The total is
the sum over dimensions: the rate of the autoencoder, in nats an image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from tanaoroshi.metrics.intervals import LEVEL
from tanaoroshi.metrics.question import FEWEST, Answer, Question, question
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tanaoroshi.records.attributes import Floats

METHOD = "dimension_wise_kl (Gaussian posterior, standard normal prior; nats; "


def dimension_wise_kl(
    codes: ArrayLike,
    logvar: ArrayLike,
    *,
    group: ArrayLike | None = None,
) -> Measured:
    """Return the sum over dimensions of the mean KL(q(z_j|x) ‖ N(0, 1)), in nats an image.

    Parameters
    ----------
    codes
        float (n, d), posterior means.
    logvar
        float (n, d), logarithm of the posterior variances.
    group
        (n,): rows of one group are not independent.

    Returns
    -------
    Estimate, 0 or more, without a chance level (no attribute takes part); or Unmeasured.

    Raises
    ------
    InputError
        When the arrays do not fit together.
    """
    return answer_kl(_asked(codes, logvar, group)).total


def kl_per_dimension(
    codes: ArrayLike,
    logvar: ArrayLike,
    *,
    group: ArrayLike | None = None,
) -> tuple[Measured, ...]:
    """Return the same for each dimension; parameters as :func:`dimension_wise_kl`."""
    asked = _asked(codes, logvar, group)
    return tuple(_mean(asked, column, "one dimension)") for column in _divergence(asked).T)


def answer_kl(asked: Question) -> Answer:
    """Answer with the sum; it has no value for single attributes."""
    if asked.logvar is None:
        return Answer(
            Unmeasured(message("the encoder gives no log-variance, only the mean of each code"))
        )
    return Answer(_mean(asked, _divergence(asked).sum(axis=1), "sum over dimensions)"))


def _asked(codes: ArrayLike, logvar: ArrayLike, group: ArrayLike | None) -> Question:
    nothing = np.empty((len(np.asarray(codes)), 0))
    # Nothing here is random: any stream will do.
    rng = np.random.default_rng(0)
    return question(codes, nothing, logvar=logvar, group=group, rng=rng)


def _divergence(asked: Question) -> Floats:
    variance = np.zeros(1) if asked.logvar is None else asked.logvar
    return np.asarray((asked.codes**2 + np.exp(variance) - 1 - variance) / 2)


def _mean(asked: Question, rows: Floats, what: str) -> Measured:
    """Mean over images, with a t interval over groups."""
    groups = group_index(len(rows), asked.group)
    m = int(groups.max()) + 1
    if m < FEWEST:
        return Unmeasured(
            message(
                "there are only {n} independent images; at least {fewest} are needed",
                n=m,
                fewest=FEWEST,
            )
        )
    value = float(rows.mean())
    off = np.bincount(groups, rows - value) / len(rows)
    error = float(np.sqrt(m / (m - 1) * np.sum(off**2)))
    half = float(student.ppf((1 + LEVEL) / 2, m - 1)) * error
    return Estimate(
        value=value,
        low=max(value - half, 0.0),
        high=value + half,
        chance=None,
        n=len(rows),
        method=METHOD + what,
        level=LEVEL,
    )
