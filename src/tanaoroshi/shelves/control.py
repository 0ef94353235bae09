"""Whether moving a shelf moves its attribute in the picture.

A shelf that predicts an attribute need not move it: the decoder may ignore the dimension. So the
shelf is set to steps over the range that codes take there, the codes are decoded, and readers that
never saw a code say what the pictures show.

*How far an attribute moves* is measured from start to start, without bias: on one half of the
starting pictures we find the two steps whose mean readings lie farthest apart, and which way; on
the other half we measure how far the reading moves that way between these steps; and the halves
change roles. An attribute that does not move gives 0 on average, whatever the reader's noise. What
a reader says of the unmoved code cancels in the difference. From this the same is taken for random
directions, moved until the pictures change as much.

Readings are points whose scale is the collection's (see :mod:`tanaoroshi.readers.coding`), so one
unit is one standard deviation for every kind. A circle's opposite points lie about 2 apart.

A traversal shows what the decoder does, not what the world does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from tanaoroshi.readers import FittedReader, read_all
from tanaoroshi.records.attributes import Floats
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.stocktake import Control
from tanaoroshi.records.words import message
from tanaoroshi.shelves.moves import (
    MARGIN,
    ControlSettings,
    Decode,
    Images,
    Path,
    decode_all,
    dimension_frames,
    draw_starts,
    path_along,
    place_of,
    traversal_frames,
)

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Attributes
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.stocktake import Shelf

__all__ = [
    "ControlSettings",
    "Moves",
    "controls",
    "dimension_frames",
    "measure_control",
    "traversal_frames",
]

Moves = Literal["moves", "does_not_move", "moves_others_more", "unmeasured"]
Points = Mapping[str, Floats]
"""For each readable attribute: what is said of some pictures, in standard deviations."""

LEAST_READ = 12
"""Of fewer starting pictures that the reader can read, no mean is told."""


def controls(shelf: Shelf, margin: float = MARGIN) -> Moves:
    """Say in a word what moving a shelf does.

    Parameters
    ----------
    shelf
        With its control measured or not.
    margin
        See :class:`ControlSettings`.

    Returns
    -------
    ``moves``: the interval of the effect lies above the margin. ``does_not_move``: below it.
    ``moves_others_more``: it may move its attribute, but the interval of a side effect lies above
    the effect. ``unmeasured``: not measured, or the interval does not tell.
    """
    if not isinstance(shelf.control, Control) or isinstance(shelf.control.effect, Unmeasured):
        return "unmeasured"
    effect = shelf.control.effect
    if effect.high < margin:
        return "does_not_move"
    sides = shelf.control.side_effects.values()
    if any(isinstance(s, Estimate) and s.low > max(effect.value, margin) for s in sides):
        return "moves_others_more"
    return "moves" if effect.low > margin else "unmeasured"


def measure_control(
    shelves: tuple[Shelf, ...],
    codes: Floats,
    decode: Decode,
    readers: Mapping[str, FittedReader],
    attributes: Attributes,
    *,
    settings: ControlSettings,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> tuple[Shelf, ...]:
    """Move every shelf and read what the pictures show.

    Parameters
    ----------
    shelves
        As :func:`~tanaoroshi.shelves.judge.find_shelves` made them.
    codes
        float (n, d): posterior means.
    decode
        The decoder: float32 (b, d) → float32 (b, h, w, c) in 0..1.
    readers
        By attribute; those that are not usable are left aside.
    attributes
        n rows.
    settings
        See :class:`ControlSettings`.
    rng
        Source of chance: starting pictures, random directions, intervals.
    progress
        Told after each shelf.

    Returns
    -------
    The same shelves with ``control`` filled: a :class:`Control`, or why there is none.
    """
    usable = {name: reader for name, reader in readers.items() if reader.usable}
    rows = draw_starts(len(codes), attributes.group, settings.starts, rng=rng)
    scene = _Scene(codes, codes[rows], decode, usable, settings)
    placed = [place_of(shelf, attributes) for shelf in shelves]
    movable = [
        p is not None and s.attribute in usable for s, p in zip(shelves, placed, strict=True)
    ]
    if any(movable):
        random = _move_randomly(scene, decode_all(scene.starts, decode), rng)
    found = []
    for done, (shelf, place, can) in enumerate(zip(shelves, placed, movable, strict=True)):
        control: Measured | Control
        if place is None:
            control = Unmeasured(message("The attribute has no place that could be moved."))
        elif not can:
            control = Unmeasured(message("No reader can read this attribute off a picture."))
        else:
            path = path_along(place, scene.starts, codes, settings.steps, settings)
            control = _control(shelf.attribute, path, random, scene, rng)
        found.append(replace(shelf, control=control))
        if progress is not None:
            progress(done + 1, len(shelves), "control")
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    codes: Floats
    starts: Floats
    decode: Decode
    readers: Mapping[str, FittedReader]
    settings: ControlSettings

    def read(self, pictures: Images, shape: tuple[int, ...]) -> Points:
        """Read pictures (prod(shape), ...); points float (*shape, q) for each attribute."""
        said = read_all(self.readers, pictures)
        return {name: points.reshape(*shape, -1) for name, points in said.items()}


@dataclass(frozen=True, slots=True, eq=False)
class _Random:
    """Random directions, moved both ways to each reach.

    Attributes
    ----------
    change
        float (k, r): mean change of the pictures.
    points
        For each attribute float (k, r, 2, b, q): what is read at minus and plus each reach.
    unmoved
        For each attribute float (b, q).
    pictures
        The starting codes, decoded.
    """

    change: Floats
    points: Points
    unmoved: Points
    pictures: Images

    def at(self, name: str, change: float) -> Floats:
        """Return what is read where the pictures change so much; float (k, b, 2, q)."""
        here = self.unmoved[name]
        found = []
        for k, changes in enumerate(self.change):
            line = np.concatenate([[0.0], changes])
            # Beyond the farthest reach the last segment is followed on.
            segment = int(np.clip(np.searchsorted(line, change), 1, len(changes))) - 1
            width = line[segment + 1] - line[segment]
            share = (change - line[segment]) / width if width > 0 else 1.0
            far = self.points[name][k, segment]
            near = self.points[name][k, segment - 1] if segment else np.stack([here, here])
            found.append(np.moveaxis(near + share * (far - near), 0, 1))
        return np.stack(found)


def _move_randomly(scene: _Scene, unmoved: Images, rng: np.random.Generator) -> _Random:
    """Move along random directions of the aggregate posterior; all shelves share them."""
    settings, (b, d) = scene.settings, scene.starts.shape
    # Drawn with the codes' covariance: a direction in which codes do not vary is none.
    centred = scene.codes - scene.codes.mean(axis=0)
    draws = rng.standard_normal((settings.directions, len(centred))) @ centred
    lengths = np.linalg.norm(draws, axis=1, keepdims=True)
    units = draws / np.where(lengths > 0, lengths, 1)
    moves = units * (centred @ units.T).std(axis=0)[:, None]
    reaches = np.array(settings.reaches)
    signed = reaches[:, None] * np.array([-1.0, 1.0])
    shape = (settings.directions, len(reaches), 2, b)
    change = np.empty(shape)
    parts: dict[str, list[Floats]] = {name: [] for name in scene.readers}
    for k, move in enumerate(moves):
        moved = scene.starts + signed[:, :, None, None] * move
        pictures = decode_all(moved.reshape(-1, d), scene.decode)
        change[k] = _change(pictures, unmoved).reshape(shape[1:])
        for name, points in scene.read(pictures, shape[1:]).items():
            parts[name].append(points)
    found = {name: np.stack(each) for name, each in parts.items()}
    return _Random(change.mean(axis=(2, 3)), found, scene.read(unmoved, (b,)), unmoved)


def _change(pictures: Images, unmoved: Images) -> Floats:
    """Root mean square difference of pixels; pictures (m × b), unmoved (b) over and over."""
    there = pictures.reshape(-1, *unmoved.shape)
    squared = (there - unmoved) ** 2
    change: Floats = np.sqrt(squared.reshape(len(pictures), -1).mean(axis=1, dtype=np.float64))
    return change


def _control(
    attribute: str,
    path: Path,
    random: _Random,
    scene: _Scene,
    rng: np.random.Generator,
) -> Control:
    b, s, d = path.codes.shape
    by_step = path.codes.transpose(1, 0, 2).reshape(-1, d)
    pictures = decode_all(by_step, scene.decode)
    changes = _change(pictures, random.pictures).reshape(s, b).mean(axis=1)
    # Along a line the ends count; around a circle, all of it.
    closed = np.allclose(np.diff(path.steps, append=path.steps[0] + 2 * np.pi), 2 * np.pi / s)
    change = float(changes.mean() if closed else changes[[0, -1]].mean())
    half = rng.permutation(b) % 2 == 0
    effects: dict[str, Measured] = {}
    response = {}
    for name, points in scene.read(pictures, (s, b)).items():
        along = points.transpose(1, 0, 2)
        moved = cross_fitted(along, half)
        by_chance = np.stack([cross_fitted(each, half) for each in random.at(name, change)])
        effects[name] = _estimate(moved, by_chance, scene.settings, rng)
        told = _response(along, scene.readers[name])
        if told is not None:
            response[name] = told
    effect = effects.pop(attribute)
    return Control(effect, effects, tuple(float(x) for x in path.steps), response)


def cross_fitted(points: Floats, half: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    """Measure how far a reading moves, in each start's own pictures.

    Parameters
    ----------
    points
        float (b, s, q): readings of each start at each step; NaN where the reader abstains.
    half
        bool (b,): two halves, each of which is measured by the steps that the other chose.

    Returns
    -------
    float64 (b,): mean 0 where nothing moves; NaN where a reading is missing.
    """
    out = np.full(len(points), np.nan)
    for here in (half, ~half):
        known = np.asarray(np.isfinite(points[~here]).all(axis=2))
        counts = known.sum(axis=0)
        total = np.where(known[:, :, None], points[~here], 0).sum(axis=0)
        means = total / np.maximum(counts, 1)[:, None]
        apart = np.linalg.norm(means[:, None] - means[None], axis=2)
        apart *= (counts[:, None] > 0) & (counts[None] > 0)
        one, other = np.unravel_index(int(apart.argmax()), apart.shape)
        length = apart[one, other]
        way = (means[one] - means[other]) / length if length > 0 else np.zeros(points.shape[2])
        out[here] = (points[here, one] - points[here, other]) @ way
    return out


def _estimate(
    moved: Floats, by_chance: Floats, settings: ControlSettings, rng: np.random.Generator
) -> Measured:
    """Subtract the mean of by_chance (k, b) from moved (b,); both are resampled."""
    known = np.isfinite(moved)
    count = int(known.sum())
    if count < LEAST_READ:
        return Unmeasured(
            message(
                "The reader can read only {count} of {starts} moved pictures.",
                count=count,
                starts=len(moved),
            )
        )
    moved, by_chance = moved[known], by_chance[:, known]
    # A start that a reader can't read in a random direction tells nothing of that direction.
    weights = rng.multinomial(count, np.full(count, 1 / count), settings.draws).astype(np.float64)
    read = np.isfinite(by_chance)
    by_chance, read = by_chance[read.any(axis=1)], read[read.any(axis=1)]
    means = (weights @ np.where(read, by_chance, 0).T) / np.maximum(weights @ read.T, 1)
    picks = rng.integers(0, len(by_chance), (settings.draws, len(by_chance)))
    spread = weights @ moved / count - np.take_along_axis(means, picks, axis=1).mean(axis=1)
    random = np.where(read, by_chance, 0).sum(axis=1) / np.maximum(read.sum(axis=1), 1)
    tail = (1 - settings.level) / 2
    low, high = np.quantile(spread, [tail, 1 - tail])
    method = (
        f"shelf {moved.mean():.3f} minus {len(by_chance)} random directions of equal picture "
        f"change {random.mean():.3f}, cross-fitted over starts, in standard deviations"
    )
    value = float(moved.mean() - random.mean())
    return Estimate(value, float(low), float(high), 0.0, count, method, settings.level)


def _response(along: Floats, reader: FittedReader) -> tuple[float, ...] | None:
    """Mean reading at each step, in units of the attribute; ``None`` where a step has none.

    Nominal: how far the mean shares are from those at the first step, towards those at the step
    farthest from it, in standard deviations.
    """
    known = np.asarray(np.isfinite(along).all(axis=2))
    if not known.any(axis=0).all():
        return None
    totals = np.where(known[:, :, None], along, 0).sum(axis=0)
    means = totals / known.sum(axis=0)[:, None] * reader.coding.scale
    kind = reader.coding.kind
    if kind == "ordinal":
        told: Floats = np.interp(means[:, 0], reader.coding.ranks, reader.coding.levels)
    elif kind == "nominal":
        told = _towards_farthest(means) / reader.coding.scale
    else:
        told = reader.coding.values(means)
    return tuple(float(x) for x in told)


def _towards_farthest(means: Floats) -> Floats:
    moved = means - means[0]
    lengths = np.linalg.norm(moved, axis=1)
    way = moved[lengths.argmax()] / max(float(lengths.max()), 1e-12)
    return np.asarray(moved @ way)
