"""Codes of the same pictures in both models, where there are no common images.

A model that has a decoder draws pictures from its own codes; so of these pictures it has the codes
already. What the other model makes of them:

- it has an encoder: it encodes them;
- it has none: it draws pictures too, and *readers of its dimensions* learn from these what each of
  its numbers looks like (:mod:`tanaoroshi.readers`); they then read the other model's pictures. A
  dimension that they can't read off its own pictures is not known, so nothing is said of it.

Either way the codes are paired row by row, and what follows is the same as with common images.
Where the way through the pictures loses something (a decoder blurs, an encoder errs), all of it is
told less well, which is why :mod:`tanaoroshi.change.matching` judges by the ratio of what one
dimension tells to what all tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.change.compare import Common
from tanaoroshi.readers import fit_readers
from tanaoroshi.records.attributes import Attribute, Attributes, Floats
from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.shelves.moves import Decode, Images, decode_all


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What one of the models can do.

    Attributes
    ----------
    codes
        float (n, d): codes that pictures are drawn from, of the prior or of images.
    decode, encode
        ``None`` where it has no such part. ``encode``: float32 (b, h, w, c) in 0..1 → (b, d).
    """

    codes: Floats
    decode: Decode | None
    encode: Callable[[Images], NDArray[np.float32]] | None


def through_pictures(base: Side, candidate: Side, *, rng: np.random.Generator) -> Common | Words:
    """Pair codes of both models through pictures that one of them draws.

    Parameters
    ----------
    base, candidate
        The models; the pictures that one draws have the size that the other takes.
    rng
        Source of chance, for readers.

    Returns
    -------
    The codes of the same pictures; or why there are none.
    """
    if base.decode is not None and candidate.encode is not None:
        seen = candidate.encode(decode_all(base.codes, base.decode))
        return _common(base.codes, seen)
    if candidate.decode is not None and base.encode is not None:
        seen = base.encode(decode_all(candidate.codes, candidate.decode))
        return _common(seen, candidate.codes)
    if base.decode is not None and candidate.decode is not None:
        drawn = decode_all(candidate.codes, candidate.decode)
        read = _read_dimensions(base.codes, decode_all(base.codes, base.decode), drawn, rng)
        return _common(read, candidate.codes)
    return message(
        "Neither images nor pictures lead from one to the other: one of them must draw pictures."
    )


def _common(base: NDArray[np.floating], candidate: NDArray[np.floating]) -> Common:
    return Common(
        base.astype(np.float64),
        candidate.astype(np.float64),
        np.arange(len(base)),
        None,
        "pictures",
    )


def _read_dimensions(
    codes: Floats, own: Images, others: Images, rng: np.random.Generator
) -> Floats:
    """Learn from a model's own pictures what each dimension looks like; read others, (m, d).

    A dimension that can't be read stands at 0 throughout, as one that carries nothing.
    """
    names = [str(j) for j in range(codes.shape[1])]
    specs = tuple(Attribute(name, "continuous", Text(name, name)) for name in names)
    readers = fit_readers(own, Attributes(specs, codes, None), rng=rng)
    return np.column_stack([np.nan_to_num(readers[name].read(others)) for name in names])
