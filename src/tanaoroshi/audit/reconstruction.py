"""How much of a picture comes back after encoding and decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from numpy.typing import NDArray


def reconstruction_error(
    originals: NDArray[np.floating],
    reconstructions: NDArray[np.floating],
    group: NDArray[np.int64] | None,
) -> dict[str, Measured]:
    """Measure the mean squared and the mean absolute difference per pixel.

    Parameters
    ----------
    originals, reconstructions
        float (n, h, w, c) in [0, 1].
    group
        int (n,): rows of one group are not independent; the interval is clustered on it.

    Returns
    -------
    dict
        ``mse`` and ``mae``, 0 (identical) to 1. ``chance`` is the error against the
        reconstruction of another image, half the collection away in row order.
    """
    return mean_errors(image_errors(originals, reconstructions), group)


def image_errors(
    originals: NDArray[np.floating], reconstructions: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Measure the errors of each image.

    Parameters
    ----------
    originals, reconstructions
        float (n, h, w, c) in [0, 1].

    Returns
    -------
    float64 (n, 4): squared and absolute difference per pixel, and the same two to the
    reconstruction of another image, half the collection away in row order (NaN of one image alone).
    """
    n = len(originals)
    out = np.full((n, 4), np.nan)
    other = np.roll(reconstructions, n // 2, axis=0)
    for k, loss in enumerate((np.square, np.abs)):
        for at, against in ((k, reconstructions), (k + 2, other)):
            if at == k or n > 1:
                out[:, at] = loss(originals - against).mean(axis=(1, 2, 3), dtype=np.float64)
    return out


def mean_errors(
    errors: NDArray[np.floating], group: NDArray[np.int64] | None, how: str = ""
) -> dict[str, Measured]:
    """Return ``mse`` and ``mae`` of images.

    Parameters
    ----------
    errors
        float (n, 4): see :func:`image_errors`.
    group
        As for :func:`reconstruction_error`.
    how
        What else is to be said of the method.
    """
    n = len(errors)
    if n < 2:
        few = Unmeasured(message("Reconstruction needs at least two images."))
        return {"mse": few, "mae": few}
    exact = errors.astype(np.float64)
    return {
        name: _clustered_mean(exact[:, k], group, float(np.nanmean(exact[:, k + 2])), name, how)
        for k, name in enumerate(("mse", "mae"))
    }


def _clustered_mean(
    x: NDArray[np.float64],
    group: NDArray[np.int64] | None,
    chance: float,
    name: str,
    how: str,
) -> Estimate:
    """Mean of x with a t interval whose standard error is clustered on the groups."""
    n = len(x)
    _, index = np.unique(np.arange(n) if group is None else group, return_inverse=True)
    sums = np.bincount(index, weights=x - x.mean())
    groups = len(sums)
    se = float(np.sqrt(np.square(sums).sum() * groups / max(groups - 1, 1)) / n)
    half = float(stats.t.ppf(0.975, max(groups - 1, 1))) * se
    mean = float(x.mean())
    method = f"{name} per pixel, pictures in [0, 1]; clustered t interval, {groups} groups{how}"
    return Estimate(mean, max(mean - half, 0.0), mean + half, chance, n, method)
