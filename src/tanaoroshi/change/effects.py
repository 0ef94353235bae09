"""What a direction that was carried over does to the pictures, beside what it did before.

The same pictures are encoded by both models. Each code is moved along the base's direction, and
along the migrated one as far as that one must go; both are decoded, and the same readers say how
far every attribute moved between the two ends. One model's answer is a vector: for each picture,
the moves of all readable attributes, in standard deviations. With B and C the mean vectors of base
and candidate, the *effect* is B·C / max(B·B, C·C): 1 where the edit does what it did, also to the
attributes that it should leave alone; 0.5 where it does the same half (or twice) as far; 0 where it
does something else; negative where it goes the other way. The products are taken between different
pictures only, so that noise of reading adds nothing to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.change.directions import say, status_of
from tanaoroshi.metrics.intervals import jackknife
from tanaoroshi.readers import FittedReader, read_all
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.stocktake import Exhibit
from tanaoroshi.records.words import message
from tanaoroshi.shelves.moves import ControlSettings, Decode, decode_all, draw_starts, drawn

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.comparison import Direction
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.words import Text

LEAST_STARTS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What it takes to see an edit in both models.

    Attributes
    ----------
    base, candidate
        The decoders; both give pictures of one size.
    readers
        By attribute; those that are not usable are left aside.
    """

    base: Decode
    candidate: Decode
    readers: Mapping[str, FittedReader]


def measure_effects(
    carried: tuple[Direction, ...],
    saved: Mapping[str, Floats],
    codes: tuple[Floats, Floats],
    group: Ints | None,
    sight: Sight,
    labels: Mapping[str, Text],
    *,
    settings: ControlSettings,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> tuple[tuple[Direction, ...], Mapping[str, Exhibit]]:
    """Look at what directions do in both models.

    Parameters
    ----------
    carried
        As :func:`~tanaoroshi.change.directions.migrate` made them.
    saved
        The directions of the base, float (d,) each, by name.
    codes
        float (n, d) and (n, e): the base's and the candidate's, of the same pictures.
    group
        int64 (n,) or ``None``.
    sight
        Decoders and readers.
    labels
        What people call the directions.
    settings
        ``starts``, ``outermost``, ``level``; ``frame_starts``, ``frame_steps``.
    rng
        Source of chance: which pictures are moved.
    progress
        Called with (done, total, what).

    Returns
    -------
    The directions with their effect, and their status by it where it could be measured; and the
    pictures: ``edit/{name}/before`` and ``edit/{name}/after``.
    """
    rows = draw_starts(len(codes[0]), group, settings.starts, rng=rng)
    starts = codes[0][rows], codes[1][rows]
    few = len(rows) < LEAST_STARTS
    found, shown = [], dict[str, Exhibit]()
    for done, one in enumerate(carried):
        steps = _steps(saved[one.name], one, codes[0], settings.outermost)
        if few or steps is None:
            found.append(one)
            continue
        moves = [
            _moves(decode, start, step, sight.readers)
            for decode, start, step in zip(
                (sight.base, sight.candidate), starts, steps, strict=True
            )
        ]
        effect = likeness(moves[0], moves[1], level=settings.level)
        status = one.status if isinstance(effect, Unmeasured) else status_of(effect)
        text = say(status, labels.get(one.name), one.name)
        found.append(replace(one, effect=effect, status=status, text=text))
        sides = (
            ("before", sight.base, starts[0], steps[0]),
            ("after", sight.candidate, starts[1], steps[1]),
        )
        for side, decode, start, step in sides:
            shown[f"edit/{one.name}/{side}"] = _frames(decode, start, step, settings)
        if progress is not None:
            progress(done + 1, len(carried), "Looking at edits")
    return tuple(found), shown


def _steps(
    direction: Floats, one: Direction, base: Floats, outermost: float
) -> tuple[Floats, Floats] | None:
    """Return half the way of the edit in either latent: as far as the base's codes reach."""
    length = float(np.linalg.norm(direction))
    if not one.migrated or length == 0:
        return None
    unit = direction / length
    low, high = np.quantile(base @ unit, [outermost, 1 - outermost])
    far = float(high - low) / 2
    return far * unit, far / length * one.scale * np.asarray(one.migrated)


def _moves(
    decode: Decode, starts: Floats, step: Floats, readers: Mapping[str, FittedReader]
) -> Floats:
    """Return how far each reading moves from one end to the other, float (b, q); NaN: not read."""
    pictures = decode_all(np.concatenate([starts - step, starts + step]), decode)
    usable = {name: reader for name, reader in readers.items() if reader.usable}
    b = len(starts)
    parts = [points[b:] - points[:b] for points in read_all(usable, pictures).values()]
    return np.concatenate(parts, axis=1) if parts else np.empty((len(starts), 0))


def likeness(base: Floats, candidate: Floats, *, level: float) -> Measured:
    """Compare what an edit does before and after.

    Parameters
    ----------
    base, candidate
        float (b, q): for each picture the moves of what is read; NaN where nothing was read.
    level
        Confidence level.

    Returns
    -------
    Estimate
        At most about 1: see the head of the module. Interval: jackknife over pictures.
    Unmeasured
        Where nothing is read, or the edit moves nothing in the base.
    """
    x, y = np.nan_to_num(base), np.nan_to_num(candidate)
    b = len(x)
    nothing = Unmeasured(
        message("Moving this changes nothing in the old model's pictures that can be read off.")
    )
    if not x.shape[1]:
        return Unmeasured(message("No reader can read anything off the pictures."))
    own = _between(x, x)
    low, _ = jackknife(np.array(own), _without(x, x, own), level=level)
    if float(low) <= 0:
        return nothing
    value = _ratio(own, _between(y, y), _between(x, y))
    left = np.array(
        [
            _ratio(*three)
            for three in zip(
                _without(x, x, own),
                _without(y, y, _between(y, y)),
                _without(x, y, _between(x, y)),
                strict=True,
            )
        ]
    )
    ends = jackknife(np.array(value), left, level=level)
    return Estimate(
        value,
        float(ends[0]),
        min(float(ends[1]), max(1.0, value)),
        0.0,
        b,
        "likeness of all readers' moves between the ends of the edit, products between different "
        "pictures, jackknife over pictures",
        level,
    )


def _between(x: Floats, y: Floats) -> float:
    """Average the products of different rows, float (b, q) each."""
    b = len(x)
    total = float(x.sum(axis=0) @ y.sum(axis=0)) - float((x * y).sum())
    return total / (b * (b - 1))


def _without(x: Floats, y: Floats, whole: float) -> Floats:
    """Return :func:`_between` without each row in turn, float (b,)."""
    b = len(x)
    own = (x * y).sum(axis=1)
    gone = x @ y.sum(axis=0) + y @ x.sum(axis=0) - 2 * own
    return np.asarray((whole * b * (b - 1) - gone) / ((b - 1) * (b - 2)))


def _ratio(before: float, after: float, across: float) -> float:
    return across / max(before, after, 1e-12)


def _frames(decode: Decode, starts: Floats, step: Floats, settings: ControlSettings) -> Exhibit:
    places = np.linspace(-1, 1, settings.frame_steps)
    return drawn(starts[: settings.frame_starts, None, :] + places[:, None] * step, decode)
