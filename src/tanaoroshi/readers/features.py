"""Pictures as columns that a reader can learn from; made without looking at any attribute."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from tanaoroshi.readers.measures import (
    CHUNK,
    MEASURES,
    THRESHOLD,
    Background,
    Bytes,
    Colours,
    Images,
    colours_of,
    look,
    to_floats,
)
from tanaoroshi.records.attributes import Floats

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.records.attributes import Ints

# Decoded pictures have a haze where the originals are empty, so each quantity is measured twice.
THRESHOLDS = (THRESHOLD, 0.1)
CELLS = 8
"""Pictures are seen at 8 × 8 cells, and their edges at half of that."""
TURNS = 6
"""Directions of edges that are told apart."""
LEVELS = 17
AT_ONCE = 2
"""Chunks that are looked at side by side: two cores are what any machine has."""
LANDMARKS = 150
"""Pictures to which the others' nearness is a column: what makes the readers nonlinear."""
MEASURED = tuple((name, threshold) for threshold in THRESHOLDS for name in MEASURES)
"""What the first columns of :func:`describe` hold."""


def describe(images: Images | Bytes, background: Background) -> Floats:
    """Describe pictures by numbers.

    Parameters
    ----------
    images
        uint8, or float32 in 0..1, (n, h, w, c) with c 1 or 3.
    background
        Value of an empty pixel.

    Returns
    -------
    float64 (n, q): first the columns of :data:`MEASURED`, NaN where undefined; then mean colours
    of cells, and how much edge of each direction lies in each larger cell (after N. Dalal,
    B. Triggs, Histograms of Oriented Gradients for Human Detection, CVPR 2005; without blocks).
    """
    return _in_chunks(partial(_describe, background), images)


def describe_plainly(images: Images | Bytes) -> Floats:
    """Describe pictures by colours and edges, without measuring: a tenth of the time.

    Parameters
    ----------
    images
        uint8, or float32 in 0..1, (n, h, w, c) with c 1 or 3.

    Returns
    -------
    float64 (n, q): the last columns of :func:`describe`, then how light and how much of each
    colour the pixels are: ``LEVELS`` quantiles over the picture of each.
    """

    def plainly(chunk: Images | Bytes) -> Floats:
        colours = colours_of(to_floats(chunk))
        return np.column_stack([_plain(colours), _levels(colours)])

    return _in_chunks(plainly, images)


def _in_chunks(function: Callable[[Images | Bytes], Floats], images: Images | Bytes) -> Floats:
    chunks = [images[at : at + CHUNK] for at in range(0, len(images), CHUNK)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return np.concatenate(list(pool.map(function, chunks)))


def _describe(background: Background, images: Images | Bytes) -> Floats:
    colours = colours_of(to_floats(images))
    measured = []
    for threshold in THRESHOLDS:
        seen = look(colours, background, threshold)
        measured += [function(seen) for function in MEASURES.values()]
    return np.column_stack([*measured, _plain(colours)])


def _levels(colours: Colours) -> Floats:
    """Quantiles over all pixels; wherever in the picture they lie."""
    n = len(colours.images)
    channels = colours.images.reshape(n, -1, colours.images.shape[3])
    pixels = np.sort(np.concatenate([channels, colours.light.reshape(n, -1, 1) / 100], 2), axis=1)
    at = np.rint(np.linspace(0, pixels.shape[1] - 1, LEVELS)).astype(np.int64)
    return np.asarray(pixels[:, at].reshape(n, -1), dtype=np.float64)


def _plain(colours: Colours) -> Floats:
    cells = _cells(colours.images, CELLS).reshape(len(colours.images), -1)
    return np.column_stack([cells, _edges(colours)])


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """How descriptions become columns of mean 0 and like weight; learned from pictures alone.

    Attributes
    ----------
    mean, scale
        float (p,), of the columns; a constant column has scale 0.
    landmarks
        float (m, p): standardised descriptions of some pictures.
    width
        Median squared distance to them.
    """

    mean: Floats
    scale: Floats
    landmarks: Floats
    width: float

    def __call__(self, described: Floats) -> Floats:
        """Return the columns, float64 (n, p + m), of descriptions (n, q)."""
        plain = _complete(described)
        standard = np.clip((plain - self.mean) * self.scale, -5, 5)
        near = np.exp(-cdist(standard, self.landmarks, "sqeuclidean") / self.width)
        # Nearness varies by some tenths; on the scale of the others it would count for little.
        return np.hstack([standard, 3 * near])


def learn_basis(described: Floats, *, rng: np.random.Generator) -> Basis:
    """Learn the basis from descriptions, float (n, q)."""
    plain = _complete(described)
    spread = plain.std(axis=0)
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 1e-6)
    mean = plain.mean(axis=0)
    chosen: Ints = rng.choice(len(plain), min(LANDMARKS, len(plain)), replace=False)
    landmarks = np.clip((plain[chosen] - mean) * scale, -5, 5)
    width = float(np.median(cdist(landmarks, landmarks, "sqeuclidean")))
    return Basis(mean, scale, landmarks, width or 1.0)


def _complete(described: Floats) -> Floats:
    """Put hue on its circle and 0 for what is undefined, and say that it is."""
    measured = described[:, : len(MEASURED)]
    hues = [i for i, (name, _) in enumerate(MEASURED) if name == "hue"]
    others = np.delete(described, hues, axis=1)
    angles = measured[:, hues]
    return np.hstack(
        [
            np.nan_to_num(others),
            np.nan_to_num(np.cos(angles)),
            np.nan_to_num(np.sin(angles)),
            np.isfinite(angles),
        ]
    )


def _cells(images: Images, count: int) -> Floats:
    """Mean of each of count × count cells; (n, h, w, c) → (n, count, count, c)."""
    n, h, w, c = images.shape
    rows, columns = _borders(h, count), _borders(w, count)
    sums = np.add.reduceat(np.add.reduceat(images, rows[:-1], axis=1), columns[:-1], axis=2)
    area = np.outer(np.diff(rows), np.diff(columns))
    return np.asarray(sums / area[None, :, :, None], dtype=np.float64).reshape(
        n, len(rows) - 1, len(columns) - 1, c
    )


def _edges(colours: Colours) -> Floats:
    along_y, along_x = colours.slopes
    strength = np.hypot(along_y, along_x)
    # An edge has no front: directions are told apart up to half a turn.
    turn = np.floor(np.arctan2(along_y, along_x) / np.pi * TURNS).astype(np.int64) % TURNS
    n, h, w = strength.shape
    count = CELLS // 2
    rows, columns = _borders(h, count), _borders(w, count)
    area = np.outer(np.diff(rows), np.diff(columns))
    row, column = (np.repeat(np.arange(len(b) - 1), np.diff(b)) for b in (rows, columns))
    cell = row[:, None] * len(area[0]) + column
    place = (np.arange(n)[:, None, None] * area.size + cell) * TURNS + turn
    sums = np.bincount(place.ravel(), strength.ravel(), n * area.size * TURNS)
    means: Floats = sums.reshape(n, area.size, TURNS) / area.reshape(-1, 1)
    return np.sqrt(means).reshape(n, -1)


def _borders(length: int, count: int) -> Ints:
    """Cut a side into up to ``count`` parts; int64 (parts + 1,)."""
    return np.linspace(0, length, min(count, length) + 1).astype(np.int64)
