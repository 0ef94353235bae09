"""How much two thumbnails differ once one is cropped, scaled, lightened and blurred like the other.

1. The frame of one inside the other (scale and shift, along each side for itself) by Gauss-Newton
   steps on the grey picture, first at half the size (B. Lucas and T. Kanade, An Iterative Image
   Registration Technique, 1981; S. Baker and I. Matthews, Lucas-Kanade 20 Years On, 2004), with
   weights that forgive what does not fit. A shift without a scale is no crop, so the frame of one
   must lie inside that of the other.
2. One gain and one offset for all three colours, and one amount of blurring (a multiple of the
   Laplacian), by least squares where nothing is black or white: these clip. One gain for all
   colours, so that another colour is never taken for another brightness.
3. What is left, averaged over 3 × 3 cells (colour over 5 × 5: JPEG halves its resolution), over
   what edits leave: ``LEVELS`` grey levels, and a share of the local slope. The worst place
   counts, so that a clock is not a copy of one with another time.
4. A change of light is added, so that it has to leave less than others do.

Distance 1 is what some 97 in 100 edits stay below; ``bench/copies.py`` measures it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import laplace, uniform_filter

from tanaoroshi.archive.prints import GREY, SIDE, Singles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Floats, Ints

LEVELS = 8.0
"""Grey levels (of 255) that edits leave at the worst place of an even area; no more than the
contrast of a fainter picture, or all faint ones would be copies of one another."""
SLOPE = 0.1
"""How much more they leave for each level by which neighbouring cells differ."""
COLOUR = 0.7
"""How colour differences count beside luminance, which JPEG keeps better."""
SCALES = (0.88, 1.14)
"""Crops of up to 10 % of a side, and a little more."""
SLACK = 0.01
"""How far a frame may lie outside, as a share of the side: resizing rounds."""
GAINS = (0.78, 1.28)
OFFSETS = (-60, 60)
"""Grey levels. Brightness and contrast changed by a fifth, and a little more."""
LIGHT = 0.65
"""What the greatest change of light adds to the distance. Without it, a hand of one skin tone on
white is a hand of another with more contrast."""
FULL_GAIN, FULL_OFFSET = 0.22, 40
"""What counts as the greatest change: of the logarithm of the gain, in grey levels."""
BLURS = (-0.25, 0.3)
STEPS = (8, 10)
"""Gauss-Newton steps at half size and at full size."""
SETTLED = 0.3
"""From here on no better frame is looked for."""
GAINED = 0.05
"""A frame must make this much of a difference."""
HOPELESS = 9.0
"""Pairs that differ so much at half size are given up."""
STILL = np.array([1, 0, 1, 0], dtype=np.float32)
"""The frame of a picture that is not moved."""


class Fit(NamedTuple):
    """How pairs fit; float32 (n,) unless said otherwise.

    Attributes
    ----------
    distance
        The worst place that is left, and the change of light; infinite where given up.
    frame
        (n, 4): scale and shift (in cells) down, scale and shift across.
    gain, offset, blur
        From the first to the second picture; grey levels for the offset.
    """

    distance: Singles
    frame: Singles
    gain: Singles
    offset: Singles
    blur: Singles


def compare(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Fit:
    """Compare n pairs of thumbnails, both uint8 (n, SIDE, SIDE, 3); n may be 0."""
    fit = _given_up(len(first))
    if len(first) == 0:
        return fit
    a, b = first.astype(np.float32), second.astype(np.float32)
    contrast = [x.std(axis=(1, 2)).max(axis=1) for x in (a, b)]
    levels = np.minimum(LEVELS, np.minimum(*contrast) + 1e-3)
    still = np.tile(STILL, (len(a), 1))
    frame, hopeful = _coarse(a @ GREY, b @ GREY)
    if len(hopeful) == 0:
        return fit
    _replace(fit, hopeful, _either_way(a[hopeful], b[hopeful], still[hopeful], levels[hopeful]))
    rows = hopeful[fit.distance[hopeful] > SETTLED]
    if len(rows):
        frame = _aligned(a[rows] @ GREY, b[rows] @ GREY, frame[rows], STEPS[1])
        moved = _either_way(a[rows], b[rows], frame, levels[rows])
        better = moved.distance < fit.distance[rows] - GAINED
        _replace(fit, rows[better], Fit(*(part[better] for part in moved)))
    return fit


def _given_up(n: int) -> Fit:
    """Return the fit of pairs that nothing brings together."""
    one, none = np.ones(n, np.float32), np.zeros(n, np.float32)
    return Fit(np.full(n, np.inf, np.float32), np.tile(STILL, (n, 1)), one, none, none.copy())


def _replace(fit: Fit, rows: Ints, by: Fit) -> None:
    for whole, part in zip(fit, by, strict=True):
        whole[rows] = part


def _either_way(a: Singles, b: Singles, frame: Singles, levels: Singles) -> Fit:
    """Measure a in b's frame and b in a's; the better counts, seen from a to b."""
    fit, back = _measure(a, b, frame, levels), _measure(b, a, _inverse(frame), levels)
    turned = back.distance < fit.distance
    return Fit(
        np.where(turned, back.distance, fit.distance),
        frame.copy(),
        np.where(turned, 1 / back.gain, fit.gain),
        np.where(turned, -back.offset / back.gain, fit.offset),
        np.where(turned, back.blur, fit.blur),
    )


def _inverse(frame: Singles) -> Singles:
    scale, shift = frame[:, 0::2], frame[:, 1::2]
    return np.stack([1 / scale, -shift / scale], axis=2).reshape(len(frame), 4)


def _measure(a: Singles, b: Singles, frame: Singles, levels: Singles) -> Fit:
    """Fit a to b in a given frame, and say what is left."""
    moved, inside = _moved(a, frame)
    fitted, gain, offset, blur = _lit(moved, b, inside)
    left = (fitted - b) * inside[..., None]
    red, green, blue = np.moveaxis(left, -1, 0)
    colour = np.stack([red - green, (red + green) / 2 - blue])
    tints = np.abs(_blurred(colour.reshape(-1, SIDE, SIDE), 5)).reshape(colour.shape).max(axis=0)
    worst = np.maximum(np.abs(_blurred(left @ GREY, 3)), COLOUR * tints)
    down, across = np.gradient(fitted, axis=(1, 2))
    slope = _blurred((np.abs(down) + np.abs(across)).max(axis=3), 3)
    share = worst / (levels[:, None, None] + SLOPE * slope)
    # The outermost cells mix with what lies outside the frame.
    place = np.where(inside, share, 0)[:, 1:-1, 1:-1].max(axis=(1, 2))
    light = np.maximum(np.abs(np.log(gain)) / FULL_GAIN, np.abs(offset) / FULL_OFFSET)
    return Fit(place + LIGHT * np.minimum(light, 1), frame, gain, offset, blur)


def _blurred(x: Floats, size: int) -> Singles:
    return np.asarray(uniform_filter(x, size=(1, size, size), mode="nearest"), np.float32)


def _lit(
    moved: Singles, b: Singles, inside: NDArray[np.bool_]
) -> tuple[Singles, Singles, Singles, Singles]:
    """Give a picture the light and blur of another: the result, gain, offset, blur."""
    n = len(moved)
    edges = np.asarray(laplace(moved, mode="nearest", axes=(1, 2)))
    free = inside[..., None] & (b > 2) & (b < 253)
    terms = np.stack([moved, np.ones_like(moved), edges], axis=-1).reshape(n, -1, 3)
    weighed = terms * free.reshape(n, -1, 1)
    products = np.matmul(weighed.transpose(0, 2, 1), terms)
    # Held lightly to gain 1 and no blur, for pictures that hardly say.
    count = free.reshape(n, -1).sum(axis=1).astype(np.float32)
    products += (
        np.array([4, 1e-3, 4], np.float32)[:, None]
        * np.eye(3, dtype=np.float32)
        * (1 + count[:, None, None])
    )
    rest = np.matmul(weighed.transpose(0, 2, 1), (b - moved).reshape(n, -1, 1))
    gain, offset, blur = np.linalg.solve(products, rest)[:, :, 0].T
    gain, offset = np.clip(1 + gain, *GAINS), np.clip(offset, *OFFSETS)
    blur = np.clip(blur, *BLURS)
    wide = (slice(None), None, None, None)
    return (
        np.clip(gain[wide] * moved + offset[wide] + blur[wide] * edges, 0, 255),
        gain,
        offset,
        blur,
    )


def _coarse(a: Singles, b: Singles) -> tuple[Singles, Ints]:
    """Align grey pictures at half size: their frames at full size, and which to go on with."""
    a, b = _halved(a), _halved(b)
    still = np.tile(STILL, (len(a), 1))
    frame = _aligned(a, b, still, STEPS[0])
    worst = np.minimum(_coarse_worst(a, b, still), _coarse_worst(a, b, frame))
    frame[:, 1::2] *= 2
    return frame, np.flatnonzero(worst < HOPELESS)


def _coarse_worst(a: Singles, b: Singles, frame: Singles) -> Singles:
    moved, inside = _moved(a[..., None], frame)
    lit = _gain(moved[..., 0], b, inside)
    down, across = np.gradient(lit, axis=(1, 2))
    share = np.abs(lit - b) * inside / (LEVELS + SLOPE * (np.abs(down) + np.abs(across)))
    return np.asarray(share[:, 1:-1, 1:-1].max(axis=(1, 2)), np.float32)


def _halved(x: Singles) -> Singles:
    n, m, _ = x.shape
    return np.asarray(x.reshape(n, m // 2, 2, m // 2, 2).mean(axis=(2, 4)))


def _aligned(a: Singles, b: Singles, frame: Singles, steps: int) -> Singles:
    """Improve frames, (n, 4), of grey pictures (n, m, m) by Gauss-Newton steps."""
    n, m, _ = a.shape
    middle = (m - 1) / 2
    place = (np.arange(m) - middle).astype(np.float32)
    hold = np.diag([middle**2, 1, middle**2, 1]).astype(np.float32) * (m * m / 200)
    for _ in range(steps):
        moved, inside = _moved(a[..., None], frame)
        lit = _gain(moved[..., 0], b, inside)
        down, across = np.gradient(lit, axis=(1, 2))
        left = b - lit
        weight = inside / (1 + (left / 20) ** 2)
        slopes = np.stack([down * place[:, None], down, across * place, across], axis=-1)
        slopes = slopes.reshape(n, m * m, 4)
        weighed = (slopes * weight.reshape(n, m * m, 1)).transpose(0, 2, 1)
        step = np.linalg.solve(
            np.matmul(weighed, slopes) + hold, np.matmul(weighed, left.reshape(n, m * m, 1))
        )
        # On the way a shift may come before its scale.
        frame = _nested(frame + step[:, :, 0], m, 4 * SLACK)
    return _nested(frame, m, SLACK)


def _nested(frame: Singles, m: int, slack: float) -> Singles:
    """Keep scales within limits and one frame inside of the other."""
    scale = np.clip(frame[:, 0::2], *SCALES)
    room = np.abs(1 - scale) * m / 2 + slack * m
    shift = np.clip(frame[:, 1::2], -room, room)
    return np.stack([scale, shift], axis=2).reshape(len(frame), 4)


def _gain(moved: Singles, b: Singles, inside: NDArray[np.bool_]) -> Singles:
    """Give grey pictures the gain and offset of others."""
    weight = (inside & (b > 2) & (b < 253)).astype(np.float32)
    count = weight.sum(axis=(1, 2), keepdims=True) + 1e-3
    mean_a = (weight * moved).sum(axis=(1, 2), keepdims=True) / count
    mean_b = (weight * b).sum(axis=(1, 2), keepdims=True) / count
    far = moved - mean_a
    square = (weight * far**2).sum(axis=(1, 2), keepdims=True) / count
    product = (weight * far * (b - mean_b)).sum(axis=(1, 2), keepdims=True) / count
    gain = np.clip((product + 4) / (square + 4), *GAINS)
    return np.asarray(np.clip(gain * far + mean_b, 0, 255))


def _moved(a: Singles, frame: Singles) -> tuple[Singles, NDArray[np.bool_]]:
    """Look at pictures (n, m, m, c) through frames; also say where these lie inside, (n, m, m)."""
    n, m, _, c = a.shape
    down, inside_down = _taps(frame[:, 0], frame[:, 1], m)
    across, inside_across = _taps(frame[:, 2], frame[:, 3], m)
    rows = np.matmul(down, a.reshape(n, m, m * c)).reshape(n, m, m, c)
    moved = np.matmul(across[:, None], rows)
    return moved, inside_down[:, :, None] & inside_across[:, None, :]


def _taps(scale: Singles, shift: Singles, m: int) -> tuple[Singles, NDArray[np.bool_]]:
    """Return what interpolates along one side, (n, m, m), and which places lie inside, (n, m).

    Cubic (R. Keys, Cubic Convolution Interpolation, 1981): linear would blur.
    """
    middle = (m - 1) / 2
    at = scale[:, None] * (np.arange(m, dtype=np.float32) - middle) + middle + shift[:, None]
    inside = (at > -0.6) & (at < m - 0.4)
    far = np.abs(np.clip(at, 0, m - 1)[:, :, None] - np.arange(m, dtype=np.float32))
    near = (1.5 * far - 2.5) * far**2 + 1
    next_ = ((-0.5 * far + 2.5) * far - 4) * far + 2
    taps = np.where(far <= 1, near, np.where(far < 2, next_, 0))
    return taps / taps.sum(axis=2, keepdims=True), inside
