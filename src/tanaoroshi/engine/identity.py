"""Which picture is which, by what is in it: the same in every collection that holds it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Attributes, Ints
    from tanaoroshi.sources import Collection
    from tanaoroshi.sources.collection import Raw

KEY_BYTES = 16
AT_ONCE = 1024


def image_keys(collection: Collection, rows: Ints) -> NDArray[np.bytes_]:
    """Return a key of each stored picture: 32 hexadecimal digits of its BLAKE2b hash.

    Parameters
    ----------
    rows
        int64 (n,), rising: rows of the collection.

    Returns
    -------
    S32 (n,), as :func:`picture_key` makes them.
    """
    return as_keys(
        [
            picture_key(raw)
            for at in range(0, len(rows), AT_ONCE)
            for raw in collection.images.read(rows[at : at + AT_ONCE])
        ]
    )


def picture_key(raw: Raw) -> bytes:
    """Return the key of one stored picture, 32 hexadecimal digits.

    Of a file its bytes, of an array its pixels and shape. The same picture in another format has
    another key.
    """
    if isinstance(raw, bytes):
        content = raw
    else:
        content = repr(raw.shape).encode() + np.ascontiguousarray(raw).tobytes()
    return hashlib.blake2b(content, digest_size=KEY_BYTES).hexdigest().encode()


def as_keys(keys: Sequence[bytes]) -> NDArray[np.bytes_]:
    """Return keys as an array, S32 (n,)."""
    return np.array(keys, dtype=f"S{2 * KEY_BYTES}")


def row_labels(attributes: Attributes) -> NDArray[np.bytes_]:
    """Return a key of all that a table says of each image, S32 (n,).

    Two tables of the same attributes say the same of an image where its keys are the same.
    """
    # One of the many bit patterns of NaN, and no negative zero.
    values = np.where(np.isnan(attributes.values), np.nan, attributes.values + 0.0).astype("<f8")
    return as_keys(
        [
            hashlib.blake2b(row.tobytes(), digest_size=KEY_BYTES).hexdigest().encode()
            for row in values
        ]
    )


def same_images(base: NDArray[np.bytes_], candidate: NDArray[np.bytes_]) -> tuple[Ints, Ints]:
    """Return the rows of either that hold the same picture, in the candidate's order.

    A picture that is there several times is paired first with first, second with second.
    """
    numbered = [_numbered(base), _numbered(candidate)]
    place = {key: row for row, key in enumerate(numbered[0])}
    pairs = [(place[key], row) for row, key in enumerate(numbered[1]) if key in place]
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _numbered(keys: NDArray[np.bytes_]) -> list[tuple[bytes, int]]:
    seen: dict[bytes, int] = {}
    out = []
    for key in keys.tolist():
        seen[key] = seen.get(key, -1) + 1
        out.append((key, seen[key]))
    return out
