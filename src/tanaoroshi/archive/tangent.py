"""How far one thumbnail is from all that small edits make of another, to first order.

Gain, offset, shifts and stretches move a picture along straight lines, as long as they are small
beside what it shows: on 8 × 8 cells a crop by a tenth is. What these lines do not reach of another
picture is one small regression, a hundredth of the work of an alignment (the tangent distance of
P. Simard, Y. LeCun and J. Denker, Efficient Pattern Recognition Using a New Transformation
Distance, 1993). Near copies stay below 0.38 in 99 of 100 cases; of pairs of different drawings that
a description takes for alike, hardly any does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.archive.prints import SIDE, Singles

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = 8
"""Cells a side, in colour."""
AT_ONCE = 1024


def reduced(thumbs: NDArray[np.uint8]) -> Singles:
    """Average thumbnails, uint8 (n, SIDE, SIDE, 3), to float32 (n, CELLS, CELLS, 3)."""
    size = SIDE // CELLS
    out = np.empty((len(thumbs), CELLS, CELLS, 3), np.float32)
    for at in range(0, len(thumbs), AT_ONCE):
        part = thumbs[at : at + AT_ONCE].astype(np.float32)
        # One side after the other: sums along the last axes are several times as slow.
        down = part.reshape(len(part), CELLS, size, -1).sum(axis=2)
        out[at : at + AT_ONCE] = down.reshape(len(part), CELLS, CELLS, size, 3).sum(axis=3)
    out /= size**2
    return out


def tangent_distance(a: Singles, b: Singles) -> Singles:
    """Return how much of the second is not reached from the first, or the other way: the less.

    Parameters
    ----------
    a, b
        float32 (n, CELLS, CELLS, 3): pairs of reduced thumbnails.

    Returns
    -------
    float32 (n,), in lengths of the picture without its mean colour: 0 (all is reached) to 1.
    """
    return np.minimum(_unreached(a, b), _unreached(b, a))


def _unreached(a: Singles, b: Singles) -> Singles:
    n = len(a)
    place = np.arange(CELLS, dtype=np.float32) - (CELLS - 1) / 2
    down, across = np.gradient(a, axis=(1, 2))
    moves = [down, across, down * place[:, None, None], across * place[:, None]]
    lines = np.stack([a, np.ones_like(a), *moves], axis=-1).reshape(n, -1, 6)
    products = np.matmul(lines.transpose(0, 2, 1), lines)
    # Lines that coincide (an even picture, one that is the same along a side) need a little hold.
    hold = np.trace(products, axis1=1, axis2=2) * 1e-6 + 1e-3
    products += hold[:, None, None] * np.eye(6, dtype=np.float32)
    wanted = b.reshape(n, -1, 1)
    steps = np.linalg.solve(products, np.matmul(lines.transpose(0, 2, 1), wanted))
    left = np.linalg.norm((wanted - np.matmul(lines, steps))[:, :, 0], axis=1)
    whole = np.linalg.norm((b - b.mean(axis=(1, 2), keepdims=True)).reshape(n, -1), axis=1)
    return np.asarray(left / (whole + 1), np.float32)
