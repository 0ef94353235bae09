"""Tables of frames as one picture file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from tanaoroshi.records.stocktake import Exhibit, Pictures

QUALITY = 90
FEW_COLOURS = 512
"""Up to this many colours a picture is a drawing, and smaller without loss."""


def sheet(exhibit: Exhibit) -> Pictures:
    """Lay the frames of an exhibit out as one picture: uint8 (rows · h, columns · w, 3)."""
    frames = exhibit.frames
    m, h, w, c = frames.shape
    rows = -(-m // exhibit.columns)
    padded = np.full((rows * exhibit.columns, h, w, c), 255, np.uint8)
    padded[:m] = frames
    table = padded.reshape(rows, exhibit.columns, h, w, c).transpose(0, 2, 1, 3, 4)
    picture = table.reshape(rows * h, exhibit.columns * w, c)
    return np.broadcast_to(picture, (*picture.shape[:2], 3)) if c == 1 else picture


def webp(exhibit: Exhibit) -> bytes:
    """Return the frames of an exhibit as a WebP picture, without loss where that is small."""
    picture = np.ascontiguousarray(sheet(exhibit))
    packed = picture.astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)
    out = io.BytesIO()
    image = Image.fromarray(picture)
    if len(np.unique(packed)) <= FEW_COLOURS:
        image.save(out, "WEBP", lossless=True, method=4)
    else:
        image.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()
