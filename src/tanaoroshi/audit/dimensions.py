"""Which dimensions of the latent are in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.records.stocktake import Dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray

ACTIVE_VARIANCE = 0.01
"""A dimension is active when the variance of its posterior mean over the images exceeds this
share of the prior's (Burda, Grosse, Salakhutdinov 2016, arXiv 1509.00519, section 5.2)."""


def dimension_states(
    codes: NDArray[np.floating], kl: tuple[float, ...] | None, *, standard_prior: bool
) -> tuple[Dimension, ...]:
    """Say of every dimension whether it is active or collapsed.

    Parameters
    ----------
    codes
        float (n, d), posterior means.
    kl
        Mean KL(q(z_j|x) ‖ p(z_j)) of each dimension in nats, where it is known.
    standard_prior
        The prior has unit variance. Without it a dimension is compared with the largest variance
        among the dimensions, since the codes then have no scale of their own.
    """
    variance = codes.astype(np.float64).var(axis=0)
    scale = 1.0 if standard_prior else float(variance.max(initial=0.0))
    return tuple(
        Dimension(
            index=j,
            state="active" if v > ACTIVE_VARIANCE * scale else "collapsed",
            kl=None if kl is None else kl[j],
            spread=float(np.sqrt(v)),
        )
        for j, v in enumerate(variance)
    )
