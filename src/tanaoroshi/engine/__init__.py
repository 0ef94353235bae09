"""Runs models over collections of any size, in constant memory."""

from __future__ import annotations

from tanaoroshi.engine.decoding import decode_codes, drawn_as, prior_codes
from tanaoroshi.engine.encoding import encode, read_pictures
from tanaoroshi.engine.identity import image_keys, row_labels, same_images
from tanaoroshi.engine.prints import read_prints

__all__ = [
    "decode_codes",
    "drawn_as",
    "encode",
    "image_keys",
    "prior_codes",
    "read_pictures",
    "read_prints",
    "row_labels",
    "same_images",
]
