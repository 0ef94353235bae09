"""What is kept of a picture to find its copies: a thumbnail, a key of its pixels, a description.

The description is a perceptual hash that is not cut down to bits (after C. Zauner, Implementation
and Benchmarking of Perceptual Image Hash Functions, 2010): the lowest cosine frequencies of grey
and of two colour differences without the grey mean, scaled to length 1. So brightness and contrast
hardly change it, recompression and blur touch frequencies it does not hold, and the description of
the mirror image is the same numbers with some signs turned.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from tanaoroshi.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

SIDE = 32
"""Pixels a side of a thumbnail: hands of a clock still show, and 100,000 take 0.3 GB."""
GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Weights of red, green and blue in luminance (ITU-R BT.601, as in JPEG)."""
FREQUENCIES = 6
COLOUR_FREQUENCIES = 4
AT_ONCE = 1024

Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Prints:
    """What is kept of n pictures.

    Attributes
    ----------
    thumbs
        uint8 (n, SIDE, SIDE, 3).
    pixels
        S32 (n,): a key of all pixels of the picture as it was given.
    """

    thumbs: NDArray[np.uint8]
    pixels: NDArray[np.bytes_]

    def __len__(self) -> int:
        return len(self.thumbs)


def prints_of(pictures: NDArray[np.uint8] | NDArray[np.float32]) -> Prints:
    """Reduce pictures to what finding copies needs.

    Parameters
    ----------
    pictures
        (n, h, w, c), c 1, 3 or 4 (transparent: put on white): uint8, or float 0 to 1. A batch of
        a collection; :func:`join_prints` puts batches together.

    Raises
    ------
    InputError
        When the array has another shape.
    """
    if pictures.ndim != 4 or pictures.shape[3] not in (1, 3, 4) or 0 in pictures.shape[1:]:
        raise InputError(
            "Pictures have the shape (images, height, width, channels) with 1, 3 or 4 channels, "
            "not {shape}.",
            shape=str(pictures.shape),
        )
    n, height, width, _ = pictures.shape
    down, across = _area(height), _area(width)
    thumbs = np.empty((n, SIDE, SIDE, 3), np.uint8)
    for at in range(0, n, AT_ONCE):
        part = _opaque(pictures[at : at + AT_ONCE])
        rows = np.matmul(down, part.reshape(len(part), height, -1))
        cells = np.matmul(across, rows.reshape(len(part), SIDE, width, -1))
        thumbs[at : at + AT_ONCE] = np.rint(np.clip(cells, 0, 255))
    keys = [hashlib.blake2b(p.tobytes(), digest_size=16).hexdigest() for p in pictures]
    return Prints(thumbs, np.array(keys, dtype="S32"))


def join_prints(parts: Sequence[Prints]) -> Prints:
    """Put the prints of several batches together, in their order."""
    if not parts:
        return Prints(np.empty((0, SIDE, SIDE, 3), np.uint8), np.empty(0, "S32"))
    return Prints(
        np.concatenate([part.thumbs for part in parts]),
        np.concatenate([part.pixels for part in parts]),
    )


def describe(thumbs: NDArray[np.uint8]) -> tuple[Singles, Singles]:
    """Describe thumbnails by numbers that copies share.

    Parameters
    ----------
    thumbs
        uint8 (n, SIDE, SIDE, 3).

    Returns
    -------
    Descriptions, float32 (n, q) of length 1 (0 for a picture that is all grey), and the contrast
    of each, float32 (n,): the standard deviation of that colour which varies most, in levels.
    """
    described = np.empty((len(thumbs), len(mirror_signs())), np.float32)
    contrast = np.empty(len(thumbs), np.float32)
    for at in range(0, len(thumbs), AT_ONCE):
        part = thumbs[at : at + AT_ONCE].astype(np.float32)
        contrast[at : at + AT_ONCE] = np.sqrt(
            part.reshape(len(part), -1, 3).var(axis=1).max(axis=1)
        )
        red, green, blue = np.moveaxis(part, -1, 0)
        described[at : at + AT_ONCE] = np.concatenate(
            [
                _lowest(part @ GREY, FREQUENCIES)[:, 1:],
                _lowest(red - green, COLOUR_FREQUENCIES),
                _lowest((red + green) / 2 - blue, COLOUR_FREQUENCIES),
            ],
            axis=1,
        )
    described /= np.maximum(np.linalg.norm(described, axis=1, keepdims=True), 1e-6)
    return described, contrast


def mirror_signs() -> Singles:
    """Return what turns a description into that of the mirror image, float32 (q,): 1 and -1."""
    grey, colour = (
        np.where(np.arange(k * k) % k % 2, -1, 1) for k in (FREQUENCIES, COLOUR_FREQUENCIES)
    )
    return np.concatenate([grey[1:], colour, colour]).astype(np.float32)


def _lowest(channel: Singles, k: int) -> Singles:
    """Return the k × k lowest frequencies, the higher ones weighted down: crops move them more."""
    waves = dctn(channel, axes=(1, 2), norm="ortho")[:, :k, :k]
    weight = 1 / np.sqrt(1 + np.hypot(*np.mgrid[:k, :k]))
    return np.asarray(waves * weight, np.float32).reshape(len(channel), -1)


def _area(m: int) -> Singles:
    """Return what averages m pixels into SIDE cells, float32 (SIDE, m): each by its overlap."""
    edges = np.arange(SIDE + 1) * m / SIDE
    low = np.maximum(edges[:-1, None], np.arange(m))
    high = np.minimum(edges[1:, None], np.arange(1, m + 1))
    overlap = np.maximum(high - low, 0)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True), np.float32)


def _opaque(pictures: NDArray[np.uint8] | NDArray[np.float32]) -> Singles:
    """Return pictures as float32 (n, h, w, 3), 0 to 255."""
    part: Singles = pictures.astype(np.float32)
    if pictures.dtype != np.uint8:
        part *= 255
    if part.shape[3] == 1:
        return np.repeat(part, 3, axis=3)
    if part.shape[3] == 4:
        alpha = part[..., 3:] / 255
        return np.asarray(part[..., :3] * alpha + 255 * (1 - alpha), np.float32)
    return part
