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
    n = len(originals)
    if n < 2:
        few = Unmeasured(message("Reconstruction needs at least two images."))
        return {"mse": few, "mae": few}
    axes = (1, 2, 3)
    other = np.roll(reconstructions, n // 2, axis=0)
    results: dict[str, Measured] = {}
    for name, loss in (("mse", np.square), ("mae", np.abs)):
        errors = loss(originals - reconstructions).mean(axis=axes, dtype=np.float64)
        chance = float(loss(originals - other).mean(dtype=np.float64))
        results[name] = _clustered_mean(errors, group, chance, name)
    return results


def _clustered_mean(
    x: NDArray[np.float64], group: NDArray[np.int64] | None, chance: float, name: str
) -> Estimate:
    """Mean of x with a t interval whose standard error is clustered on the groups."""
    n = len(x)
    _, index = np.unique(np.arange(n) if group is None else group, return_inverse=True)
    sums = np.bincount(index, weights=x - x.mean())
    groups = len(sums)
    se = float(np.sqrt(np.square(sums).sum() * groups / max(groups - 1, 1)) / n)
    half = float(stats.t.ppf(0.975, max(groups - 1, 1))) * se
    mean = float(x.mean())
    method = f"{name} per pixel, pictures in [0, 1]; clustered t interval, {groups} groups"
    return Estimate(mean, max(mean - half, 0.0), mean + half, chance, n, method)
