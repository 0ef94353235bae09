"""What can be measured on a picture with a formula: colour, place and form.

Pictures are float32 (n, h, w, c) in 0..1 with c 1 (grey) or 3 (sRGB). A pixel is *shown* where a
channel differs from the background by more than a threshold; the background is passed in, since it
is the collection's (white for emoji, black for digits: :func:`background_of` finds it). On white
and at the default threshold the formulas are those by which the shipped emoji collection was
measured (see its ``collection.toml``).

Every function of :data:`MEASURES` takes pictures that were looked at (:func:`look`) and returns
float64 (n,), NaN where the quantity is undefined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from tanaoroshi.records.attributes import Ints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tanaoroshi.records.attributes import Floats

Images = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Background = float | tuple[float, ...]

# A pixel is shown where a channel is more than 5 of 255 steps away from the background.
THRESHOLD = 5 / 255
# No hue prevails below this mean chroma, or below this length of the mean resultant vector.
LEAST_CHROMA = 0.05
LEAST_CONCENTRATION = 0.2
# An edge is a step of L*/100 by more than this.
EDGE = 0.25
# Pictures worked on at a time: bounds the memory of the arrays in between.
CHUNK = 128
# Share of red, green and blue in the luminance Y of sRGB (IEC 61966-2-1).
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def to_floats(images: Images | Bytes) -> Images:
    """Return pictures as float32 in 0..1; bytes are divided by 255."""
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    return np.asarray(images, dtype=np.float32)


def background_of(images: Images | Bytes) -> Background:
    """Find the background of a set of pictures: the most frequent colour of their outermost pixels.

    Parameters
    ----------
    images
        uint8, or float32 in 0..1, (n, h, w, c), n at least 1.

    Returns
    -------
    The colour, one float in 0..1 for each channel (a single float for grey pictures).
    """
    edge = np.concatenate(
        [
            images[:, [0, -1]].reshape(-1, images.shape[-1]),
            images[:, :, [0, -1]].reshape(-1, images.shape[-1]),
        ]
    )
    levels = np.round(to_floats(edge) * 255).astype(np.uint8)
    colours, counts = np.unique(levels, axis=0, return_counts=True)
    colour = tuple(float(v) / 255 for v in colours[np.argmax(counts)])
    return colour if len(colour) > 1 else colour[0]


@dataclass(frozen=True, slots=True, eq=False)
class Colours:
    """What does not depend on the background, of every pixel: float32 (n, h, w) each.

    ``hue`` in radians, ``chroma`` (largest minus smallest channel), ``top`` (largest channel),
    ``light`` (CIE 1976 L*, 0 to 100), ``slopes`` (of L*/100 downwards and rightwards, by Sobel's
    mask; half of the step).
    """

    images: Images
    hue: Images
    chroma: Images
    top: Images
    light: Images
    slopes: tuple[Images, Images]


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """Pictures, which of their pixels are shown (n, h, w), and the boxes around these.

    The ends of the boxes, int64 (n,), are exclusive; an empty picture's are all 0.
    """

    colours: Colours
    shown: Mask
    left: Ints
    right: Ints
    top: Ints
    bottom: Ints


def colours_of(images: Images) -> Colours:
    """Compute what does not depend on the background."""
    hue_, chroma, top = _hsv(images)
    light = luminance(images)
    along_y, along_x = (
        correlate1d(
            correlate1d(light / np.float32(100), [-0.5, 0.0, 0.5], axis=axis, mode="nearest"),
            [0.25, 0.5, 0.25],
            axis=3 - axis,
            mode="nearest",
        )
        for axis in (1, 2)
    )
    return Colours(images, hue_, chroma, top, light, (along_y, along_x))


def look(colours: Colours, background: Background, threshold: float = THRESHOLD) -> Looked:
    """Find the shown pixels and the boxes around them."""
    colour = np.asarray(background, dtype=np.float32)
    # A quarter of a byte's step on top, so that rounding does not decide about 5/255 itself.
    margin = np.float32(threshold + 0.25 / 255)
    shown: Any = _over_channels(np.logical_or, np.abs(colours.images - colour) > margin)
    left, right = _ends(shown.any(axis=1))
    top, bottom = _ends(shown.any(axis=2))
    return Looked(colours, shown, left, right, top, bottom)


def hue(seen: Looked) -> Floats:
    """Prevailing hue: chroma-weighted circular mean of the HSV hue, radians in [0, 2π).

    NaN where the mean chroma is below 0.05 or the concentration (length of the mean resultant
    vector) below 0.2: then no hue prevails.
    """
    shown = seen.shown
    weight = np.where(shown, seen.colours.chroma, np.float32(0))
    total = weight.sum(axis=(1, 2), dtype=np.float64)
    count = shown.sum(axis=(1, 2))
    cosine = (weight * np.cos(seen.colours.hue)).sum(axis=(1, 2), dtype=np.float64)
    sine = (weight * np.sin(seen.colours.hue)).sum(axis=(1, 2), dtype=np.float64)
    mean_chroma = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    concentration = np.hypot(cosine, sine) / np.where(total > 0, total, 1)
    prevails = (mean_chroma >= LEAST_CHROMA) & (concentration >= LEAST_CONCENTRATION)
    angle: Floats = np.where(prevails, np.arctan2(sine, cosine) % (2 * np.pi), np.nan)
    return angle


def saturation(seen: Looked) -> Floats:
    """Mean HSV saturation of the shown pixels, 0 to 1."""
    chroma, top = seen.colours.chroma, seen.colours.top
    of_pixels = np.divide(chroma, top, out=np.zeros_like(chroma), where=top > 0)
    return _mean(of_pixels, seen.shown)


def lightness(seen: Looked) -> Floats:
    """Mean CIE 1976 L* of the shown pixels (sRGB, D65), 0 to 100."""
    return _mean(seen.colours.light, seen.shown)


def coverage(seen: Looked) -> Floats:
    """Share of shown pixels, 0 to 1."""
    share: Floats = seen.shown.mean(axis=(1, 2), dtype=np.float64)
    return share


def aspect(seen: Looked) -> Floats:
    """Width / height of the box around the shown pixels."""
    width, height = seen.right - seen.left, seen.bottom - seen.top
    ratio: Floats = np.divide(width, height, out=np.full(len(width), np.nan), where=height > 0)
    return ratio


def position_x(seen: Looked) -> Floats:
    """Horizontal centre of the shown pixels: 0 at the left edge, 1 at the right edge."""
    shown = seen.shown
    place = (np.arange(shown.shape[2]) + 0.5) / shown.shape[2]
    return _mean(np.broadcast_to(place[None, None, :], shown.shape), shown)


def position_y(seen: Looked) -> Floats:
    """Vertical centre of the shown pixels: 0 at the top edge, 1 at the bottom edge."""
    shown = seen.shown
    place = (np.arange(shown.shape[1]) + 0.5) / shown.shape[1]
    return _mean(np.broadcast_to(place[None, :, None], shown.shape), shown)


def size(seen: Looked) -> Floats:
    """Root mean square distance of the shown pixels from their centre, over the picture's side.

    Unlike the box around them it does not depend on how a form is turned. The side is the square
    root of height × width.
    """
    shown = seen.shown
    h, w = shown.shape[1:]
    squares = np.zeros(len(shown))
    for axis, length in ((1, h), (2, w)):
        place = np.arange(length, dtype=np.float64)
        counts = shown.sum(axis=3 - axis).astype(np.float64)
        total = counts.sum(axis=1)
        total[total == 0] = np.nan
        mean = counts @ place / total
        squares += counts @ place**2 / total - mean**2
    radius: Floats = np.sqrt(np.maximum(squares, 0.0) / (h * w))
    return radius


def symmetry(seen: Looked) -> Floats:
    """Left-right symmetry of the box around the shown pixels, at most 1 (its own mirror image).

    1 minus the mean absolute difference of channels between the box and its mirror image, over
    pixels that are shown in either.
    """
    shown = seen.shown
    place = np.arange(shown.shape[2])
    inside = (place >= seen.left[:, None]) & (place < seen.right[:, None])
    mirror = np.where(inside, (seen.left + seen.right)[:, None] - 1 - place, place)
    images = seen.colours.images
    # One picture at a time: four times as fast as indexing them all.
    mirrored = np.empty_like(images)
    for image, columns, out in zip(images, mirror, mirrored, strict=True):
        np.take(image, columns, axis=1, out=out, mode="clip")
    apart = _over_channels(np.add, np.abs(images - mirrored)) / np.float32(images.shape[-1])
    either = shown | np.take_along_axis(shown, mirror[:, None, :], axis=2)
    return 1.0 - _mean(apart, either)


def detail(seen: Looked) -> Floats:
    """Share of the box's pixels that lie on an edge, 0 to 1.

    An edge is where the Sobel gradient of L*/100 exceeds 0.25; a step of height h counts h.
    """
    along_y, along_x = seen.colours.slopes
    # The slopes are half of the step: a Sobel mask that adds up to 1 on each side.
    edge = np.hypot(along_y, along_x) * 2 > EDGE
    rows, columns = np.arange(edge.shape[1]), np.arange(edge.shape[2])
    inside = ((rows >= seen.top[:, None]) & (rows < seen.bottom[:, None]))[:, :, None]
    inside = (
        inside & ((columns >= seen.left[:, None]) & (columns < seen.right[:, None]))[:, None, :]
    )
    return _mean(edge.astype(np.float32), inside)


MEASURES: Mapping[str, Callable[[Looked], Floats]] = {
    "hue": hue,
    "saturation": saturation,
    "lightness": lightness,
    "coverage": coverage,
    "aspect": aspect,
    "position_x": position_x,
    "position_y": position_y,
    "size": size,
    "symmetry": symmetry,
    "detail": detail,
}


def measure(
    name: str, images: Images | Bytes, background: Background, *, threshold: float = THRESHOLD
) -> Floats:
    """Measure pictures in chunks, so that memory stays bounded.

    Parameters
    ----------
    name
        A key of :data:`MEASURES`.
    images
        uint8, or float32 in 0..1, (n, h, w, c).
    background
        Value of an empty pixel.
    threshold
        How far a channel of a shown pixel differs from it.

    Returns
    -------
    float64 (n,), NaN where undefined.
    """
    function = MEASURES[name]
    parts = [
        function(look(colours_of(to_floats(images[at : at + CHUNK])), background, threshold))
        for at in range(0, len(images), CHUNK)
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def luminance(images: Images) -> Images:
    """CIE 1976 L* of every pixel, float32 (n, h, w), 0 to 100; sRGB with D65 white."""
    linear = np.where(images <= 0.04045, images / 12.92, ((images + 0.055) / 1.055) ** 2.4)
    y = linear[..., 0] if images.shape[-1] == 1 else linear @ LUMINANCE
    root = np.where(y > (6 / 29) ** 3, np.cbrt(y), y * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.asarray(116 * root - 16, dtype=np.float32)


def _ends(line: Mask) -> tuple[Ints, Ints]:
    """Find the first shown place and the one after the last; (n, length) → two of (n,)."""
    some, length = line.any(axis=1), line.shape[1]
    first = np.where(some, line.argmax(axis=1), 0)
    last = np.where(some, length - line[:, ::-1].argmax(axis=1), 0)
    return first.astype(np.int64), last.astype(np.int64)


def _hsv(images: Images) -> tuple[Images, Images, Images]:
    """Return hue in radians, chroma (largest minus smallest channel) and largest channel."""
    top, bottom = _over_channels(np.maximum, images), _over_channels(np.minimum, images)
    chroma = top - bottom
    if images.shape[-1] == 1:
        return chroma, chroma, top
    red, green, blue = images[..., 0], images[..., 1], images[..., 2]
    divisor = np.where(chroma > 0, chroma, 1)
    sector = np.where(
        top == red,
        (green - blue) / divisor,
        np.where(top == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor),
    )
    return np.asarray(sector * np.float32(np.pi / 3)), chroma, top


def _over_channels(fold: np.ufunc, images: NDArray[Any]) -> NDArray[Any]:
    """Fold the last axis, channel by channel: ten times as fast as numpy's own over so few."""
    found = images[..., 0]
    for channel in range(1, images.shape[-1]):
        found = fold(found, images[..., channel])
    return found


def _mean(values: Images | Floats, where: Mask) -> Floats:
    """Mean over the pixels of each picture that are meant; NaN where there are none."""
    count = where.sum(axis=(1, 2))
    total = np.where(where, values, 0).sum(axis=(1, 2), dtype=np.float64)
    mean: Floats = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return mean
