"""What a stocktake keeps for the next one, so that little need be measured twice.

None of it is shown. All of it is by image: of an image that is gone it drops out, and what a new
image adds stands beside the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PROBES = ("constant", "best", "next_best", "best_two", "direction", "everything")
"""The probes of :class:`tanaoroshi.shelves.probes.Probed` whose errors are kept, in this order."""


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """Held-out squared errors of the probes of all attributes.

    Attributes
    ----------
    rows
        int64 (m,), rising: the images that a probe was tried on.
    each
        float32 (m, k, 6): of each attribute of the table and each of :data:`PROBES`; NaN where
        the image was not used for the attribute, or there is no such probe.
    trees
        bool (k, 6): the error is that of trees, not of the smooth probe.
    """

    rows: NDArray[np.int64]
    each: NDArray[np.float32]
    trees: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Errors of reconstructions.

    Attributes
    ----------
    rows
        int64 (m,), rising: the images that were looked at.
    each
        float32 (m, 4): squared and absolute error per pixel, and the same two against the
        reconstruction of another image; NaN where no other was at hand.
    """

    rows: NDArray[np.int64]
    each: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What belongs to the n images of a stocktake, beside their codes.

    Attributes
    ----------
    labels
        S32 (n,): a hash of all that the table of attributes says of an image.
    logvar
        float32 (n, d): log-variances of the codes, where the model has them.
    losses
        Of the probes.
    errors
        Of the reconstructions, where the model has a decoder.
    """

    labels: NDArray[np.bytes_]
    logvar: NDArray[np.float32] | None
    losses: Losses
    errors: Errors | None
