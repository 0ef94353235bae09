"""From stored bytes to the pixels that a model takes; every conversion is named."""

from __future__ import annotations

from enum import Flag, auto
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from tanaoroshi.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.sources.collection import Raw

# A model's input has some hundred pixels a side; an honest photograph has at most some 60 million
# pixels. What is larger costs over 200 MB to unpack and is taken for a decompression bomb.
MAX_PIXELS = 64 * 10**6  # the reasons below name it: they are kept as sentences without places
# Pillow opens many formats, some through outside programs; pictures come in these.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
_ORIENTATION = 0x0112


class Change(Flag):
    """What was done to a picture so that it fits."""

    NONE = 0
    RESIZED = auto()
    STRETCHED = auto()
    GREYED = auto()
    COLOURED = auto()
    FLATTENED = auto()
    REDUCED = auto()


class Decoded(NamedTuple):
    """A picture, uint8 (h, w, c), and what was done to it."""

    picture: NDArray[np.uint8]
    changes: Change


def decode(raw: Raw, size: tuple[int, int], channels: int) -> Decoded:
    """Return a stored picture in a given size and number of channels.

    Transparent pictures are put on white; 16-bit ones are reduced to 8 bits; photographs are
    turned upright; other sizes are resampled (Lanczos), other shapes stretched.

    Parameters
    ----------
    raw
        The bytes of a picture file, or pixels uint8 (h, w) or (h, w, c).
    size
        Height and width.
    channels
        1 (grey), 3 (red, green, blue) or 4 (with alpha).

    Raises
    ------
    InputError
        When it is no picture, broken, empty or too large.
    """
    if isinstance(raw, np.ndarray):
        fitting = raw.reshape(*raw.shape[:2], -1)
        if fitting.shape == (*size, channels):
            return Decoded(fitting, Change.NONE)
        pixels = fitting[..., 0] if fitting.shape[2] == 1 else fitting
        return _fit(Image.fromarray(pixels), Change.NONE, size, channels)
    if not raw:
        raise InputError("there is no picture")
    try:
        with Image.open(BytesIO(raw), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise InputError("more than 64 million pixels")
            upright, changes = _upright(image, size, channels)
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError("more than 64 million pixels") from error
    except Exception as error:  # decoders of foreign bytes raise whatever they like
        raise InputError("no picture, or a broken one") from error
    return _fit(upright, changes, size, channels)


def _upright(
    image: Image.Image, size: tuple[int, int], channels: int
) -> tuple[Image.Image, Change]:
    """Return a loaded picture, the right way up, with 8 bits a channel."""
    # A JPEG can be unpacked at a half, a quarter or an eighth: never below twice what is wanted.
    image.draft("L" if channels == 1 else "RGB", (2 * size[1], 2 * size[0]))
    image.load()
    if image.getexif().get(_ORIENTATION, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        # 16 bits, which Pillow holds as I;16 or as I. Adding a half rounds.
        deep = np.asarray(image).astype(np.float64)
        if deep.size and (deep.min() < 0 or deep.max() > 65535):
            raise InputError("a picture with more than 16 bits a channel")
        return Image.fromarray((deep / 257 + 0.5).astype(np.uint8)), Change.REDUCED
    if image.mode == "F":
        raise InputError("a picture of floating-point numbers, whose white is unknown")
    return image, Change.NONE


def _fit(image: Image.Image, changes: Change, size: tuple[int, int], channels: int) -> Decoded:
    """Bring a picture to a number of channels and a size."""
    if image.has_transparency_data and channels != 4:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image)
            changes |= Change.FLATTENED
        image = image.convert("RGB")
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    grey = image.mode in ("1", "L", "LA") or (image.mode == "P" and _is_grey(image))
    if mode == "L" and not grey:
        image = image.convert("RGB")
        changes |= Change.NONE if _is_grey(image) else Change.GREYED
    elif mode != "L" and grey:
        changes |= Change.COLOURED
    image = image.convert(mode)
    height, width = size
    if image.size != (width, height):
        changes |= Change.RESIZED
        if image.width * height != image.height * width:
            changes |= Change.STRETCHED
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return Decoded(np.asarray(image).reshape(height, width, channels), changes)


def _is_grey(image: Image.Image) -> bool:
    """Say whether a picture shows only greys."""
    red, green, blue = image.convert("RGB").split()
    return red.tobytes() == green.tobytes() == blue.tobytes()


def picture_shape(raw: Raw) -> tuple[int, int, int] | None:
    """Return height, width and channels (1 or 3) of a stored picture; None if it can't be read."""
    if isinstance(raw, np.ndarray):
        return raw.shape[0], raw.shape[1], 1 if raw.ndim == 2 or raw.shape[2] == 1 else 3
    try:
        with Image.open(BytesIO(raw), formats=FORMATS) as image:
            width, height = image.size
            return height, width, 1 if image.mode in ("1", "L", "LA") else 3
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
