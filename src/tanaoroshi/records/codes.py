"""What the encoder says of every image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.records.words import Message


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """The posterior q(z|x) of every image: its mean, and its log-variance where the model has one.

    Attributes
    ----------
    mean
        float32 (n, d); a spatial latent is flattened.
    logvar
        float32 (n, d) or ``None``.
    rows
        int64 (n,): the row of the collection that each code belongs to (images that could not be
        read have none).
    keys
        S32 (n,): a hash of each stored picture, see :func:`tanaoroshi.engine.image_keys`.
    taken_over
        How many of them are codes that were known before (see :class:`KnownCodes`).
    left_out
        Which images could not be read, and why.
    notes
        What was done to images so that they fit the model.
    """

    mean: NDArray[np.float32]
    logvar: NDArray[np.float32] | None
    rows: NDArray[np.int64]
    keys: NDArray[np.bytes_]
    left_out: tuple[Message, ...] = ()
    notes: tuple[Message, ...] = ()
    taken_over: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class KnownCodes:
    """Codes that a model gave before, of pictures that are known by their keys.

    Attributes
    ----------
    keys
        S32 (n,): a hash of each stored picture.
    mean, logvar
        float32 (n, d), or ``None`` where the model has no variances.
    """

    keys: NDArray[np.bytes_]
    mean: NDArray[np.float32]
    logvar: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class ImageRows:
    """Which images the codes of a stocktake belong to, so that another one can be laid beside it.

    Attributes
    ----------
    keys
        S32 (n,): a hash of each stored picture, see :func:`tanaoroshi.engine.image_keys`.
    group
        int64 (n,) or ``None``: rows of one group are not independent.
    """

    keys: NDArray[np.bytes_]
    group: NDArray[np.int64] | None
