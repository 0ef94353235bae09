"""Where codes go when a shelf is moved, and the pictures of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.records.attributes import Floats
from tanaoroshi.records.stocktake import Exhibit
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Attributes, Ints
    from tanaoroshi.records.stocktake import Shelf

Images = NDArray[np.float32]
Decode = Callable[[NDArray[np.floating]], Images]
"""Codes float32 (b, d) in, pictures float32 (b, h, w, c) in 0..1 out."""

BATCH = 32
"""Codes decoded at once: small enough for what a decoder makes of them to stay in the cache."""
MARGIN = 0.2
PLACED = ("own_dimension", "own_direction", "shared", "spread", "tied")


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """What decides about control; every value stands in the record.

    Attributes
    ----------
    starts
        How many pictures a shelf is moved from, of independent groups where there are so many:
        with 48, a move by a fifth of a standard deviation is told from none.
    steps
        Places that the shelf is set to, evenly between two quantiles of the aggregate posterior.
    outermost
        The lower of these quantiles; the upper lies as far from the other end. Beyond them the
        decoder has seen next to nothing.
    directions
        How many random directions are moved for comparison; all shelves share them.
    reaches
        How far these are moved, in standard deviations of the codes; in between, what is read is
        interpolated to where the picture changes as much as along the shelf.
    draws
        Bootstrap resamples of starting pictures and of random directions.
    margin
        A smaller move, in standard deviations of the attribute, is none that matters: a fifth is
        what statistics calls a small effect (J. Cohen, 1988).
    frame_starts, frame_steps
        Rows and columns of the pictures shown.
    level
        Confidence level of the intervals.
    """

    starts: int = 48
    steps: int = 7
    outermost: float = 0.025
    directions: int = 8
    reaches: tuple[float, ...] = (1.25, 3.0)
    draws: int = 500
    margin: float = MARGIN
    frame_starts: int = 6
    frame_steps: int = 11
    level: float = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Codes along a shelf.

    Attributes
    ----------
    steps
        float (s,): where the shelf was set, in units of the code; radians around a circle.
    codes
        float (b, s, d): each starting code with the shelf set to each step.
    """

    steps: Floats
    codes: Floats


def place_of(shelf: Shelf, attributes: Attributes) -> tuple[int, ...] | Floats | None:
    """Return what can be moved: one dimension, two (a circle), or a direction float (d,).

    ``None`` where the attribute has no place.
    """
    kind = attributes.specs[attributes.names.index(shelf.attribute)].kind
    circle = kind == "circular" and shelf.dimension is None and len(shelf.dimensions) == 2
    if circle and shelf.status in PLACED:
        return shelf.dimensions
    return line_of(shelf)


def line_of(shelf: Shelf) -> tuple[int, ...] | Floats | None:
    """Return the one dimension, or the direction float (d,), along which an attribute is moved."""
    if shelf.status not in PLACED:
        return None
    if shelf.dimension is not None:
        return (shelf.dimension,)
    if shelf.direction is not None:
        return np.asarray(shelf.direction, dtype=np.float64)
    return shelf.dimensions[:1] or None


def path_along(
    place: tuple[int, ...] | Floats,
    starts: Floats,
    codes: Floats,
    count: int,
    settings: ControlSettings,
) -> Path:
    """Set a place to even steps over the range that the codes take there.

    Parameters
    ----------
    place
        See :func:`place_of`. Around a circle the radii are √2 standard deviations, at which a
        point of a circle has the codes' variance.
    starts
        float (b, d).
    codes
        float (n, d): the aggregate posterior, by the means of the posteriors.
    count
        Number of steps.
    settings
        ``outermost``.

    Returns
    -------
    Path with b × count codes.
    """
    if isinstance(place, tuple) and len(place) == 2:
        return _around(place, starts, codes, count)
    along = np.eye(codes.shape[1])[place[0]] if isinstance(place, tuple) else place
    at = codes @ along
    low, high = np.quantile(at, [settings.outermost, 1 - settings.outermost])
    steps = np.linspace(low, high, count)
    moves = steps[None, :] - (starts @ along)[:, None]
    return Path(steps, starts[:, None, :] + moves[:, :, None] * along)


def _around(pair: tuple[int, ...], starts: Floats, codes: Floats, count: int) -> Path:
    angles = 2 * np.pi * np.arange(count) / count
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    j = list(pair)
    moved = np.repeat(starts[:, None, :], count, axis=1)
    moved[:, :, j] = codes[:, j].mean(axis=0) + np.sqrt(2) * codes[:, j].std(axis=0) * circle
    return Path(angles, moved)


def draw_starts(n: int, group: Ints | None, count: int, *, rng: np.random.Generator) -> Ints:
    """Draw rows to start from, of different groups as long as there are any; int64 (≤ count,)."""
    order = rng.permutation(n)
    _, first = np.unique(group_index(n, group)[order], return_index=True)
    independent = order[np.sort(first)]
    rest = np.setdiff1d(order, independent)
    return np.concatenate([independent, rng.permutation(rest)])[:count].astype(np.int64)


def decode_all(codes: Floats, decode: Decode) -> Images:
    """Decode codes (b, d) in batches; float32 (b, h, w, c), clipped to 0..1."""
    parts = [
        decode(np.ascontiguousarray(codes[at : at + BATCH], dtype=np.float32))
        for at in range(0, len(codes), BATCH)
    ]
    return np.clip(np.concatenate(parts), 0, 1)


def traversal_frames(
    shelves: Sequence[Shelf],
    codes: Floats,
    decode: Decode,
    attributes: Attributes,
    *,
    settings: ControlSettings,
    rng: np.random.Generator,
) -> Mapping[str, Exhibit]:
    """Return the pictures along every shelf that has a place.

    Parameters
    ----------
    shelves
        All shelves.
    codes
        float (n, d): posterior means.
    decode
        The decoder.
    attributes
        n rows.
    settings
        ``frame_starts``, ``frame_steps``, ``outermost``.
    rng
        Source of chance: which pictures to start from. The same for all shelves.

    Returns
    -------
    ``traversal/{attribute}``: a row for each starting picture, a column for each step.
    """
    rows = draw_starts(len(codes), attributes.group, settings.frame_starts, rng=rng)
    places = {shelf.attribute: place_of(shelf, attributes) for shelf in shelves}
    return {
        f"traversal/{name}": _frames(place, codes[rows], codes, decode, settings)
        for name, place in places.items()
        if place is not None
    }


def dimension_frames(
    dimensions: Sequence[int],
    codes: Floats,
    decode: Decode,
    attributes: Attributes,
    *,
    settings: ControlSettings,
    rng: np.random.Generator,
) -> Mapping[str, Exhibit]:
    """Return the pictures along dimensions, ``dimension/{j}``; as :func:`traversal_frames`."""
    rows = draw_starts(len(codes), attributes.group, settings.frame_starts, rng=rng)
    return {
        f"dimension/{j}": _frames((int(j),), codes[rows], codes, decode, settings)
        for j in dimensions
    }


def _frames(
    place: tuple[int, ...] | Floats,
    starts: Floats,
    codes: Floats,
    decode: Decode,
    settings: ControlSettings,
) -> Exhibit:
    return drawn(path_along(place, starts, codes, settings.frame_steps, settings).codes, decode)


def drawn(codes: Floats, decode: Decode) -> Exhibit:
    """Return the pictures of codes (b, s, d): a row for each start, a column for each step."""
    pictures = decode_all(codes.reshape(-1, codes.shape[2]), decode)
    return Exhibit(np.round(pictures * 255).astype(np.uint8), codes.shape[1])
