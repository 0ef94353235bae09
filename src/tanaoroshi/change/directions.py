"""Directions of the base, carried over to the candidate.

A direction says: go this way, and the pictures change so. Moving the base's codes along it moves
the candidate's codes of the same pictures too; by a ridge regression of the candidate's codes on
the base's that move is the *migrated* direction. Then the way back is gone, by a regression of the
base's codes on the candidate's. What arrives of the direction that we set out with (its cosine, in
standard deviations of the codes) is the *fidelity* of the codes: 1 where the candidate can express
it, also after a rotation; near 0 where it has forgotten it. What the decoders make of it is
measured apart (:mod:`tanaoroshi.change.effects`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.metrics.intervals import jackknife
from tanaoroshi.records.comparison import Direction
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.stats.resample import deal_groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.comparison import DirectionStatus
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.records.words import Text, Words

BATCHES = 20
PENALTY = 1e-3
"""Of the ridge, in units of the variance of a standardised dimension."""
FAITHFUL, FORGOTTEN = 0.9, 0.5
"""Fidelity from which a direction is kept, and below which it is lost."""


def migrate(
    directions: Mapping[str, Floats],
    base: Floats,
    candidate: Floats,
    group: Ints | None,
    labels: Mapping[str, Text],
    *,
    level: float,
    rng: np.random.Generator,
) -> tuple[Direction, ...]:
    """Carry directions over.

    Parameters
    ----------
    directions
        By name, float (d,) each: of the base's latent.
    base, candidate
        float (n, d) and (n, e): codes of the same images.
    group
        int64 (n,) or ``None``.
    labels
        What people call them; a name that is missing stands for itself.
    level
        Confidence level.
    rng
        Source of chance: which groups are left out together for the intervals (jackknife).
    """
    if not directions:
        return ()
    x, y = base.std(axis=0), candidate.std(axis=0)
    x, y = np.where(x > 0, x, 1.0), np.where(y > 0, y, 1.0)
    place = deal_groups(len(base), group, BATCHES, rng=rng)
    a, b = (base - base.mean(axis=0)) / x, (candidate - candidate.mean(axis=0)) / y
    parts = [_products(a[place == p], b[place == p]) for p in range(BATCHES)]
    total = _products(a, b)
    way = _maps(total)
    without = [_maps(tuple(t - q for t, q in zip(total, p, strict=True))) for p in parts]
    found = []
    for name, direction in directions.items():
        step = np.asarray(direction, np.float64) / x
        there = step @ way[0]
        moved = there * y
        length = float(np.linalg.norm(moved))
        value = _fidelity(step, way)
        left = np.array([_fidelity(step, one) for one in without])
        low, high = jackknife(np.array(value), left, level=level)
        fidelity = Estimate(
            value,
            max(float(low), -1.0),
            min(float(high), 1.0),
            0.0,
            len(base),
            "cosine with the direction after the way there and back, codes alone",
            level,
        )
        status = status_of(fidelity)
        found.append(
            Direction(
                name,
                tuple((moved / length).tolist()) if length > 0 and status != "lost" else (),
                length,
                fidelity,
                status,
                say(status, labels.get(name), name),
                Unmeasured(
                    message(
                        "What it does to the pictures is measured where both models can be run: "
                        "name the models and the collection."
                    )
                ),
            )
        )
    return tuple(found)


def _products(a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    return a.T @ a, b.T @ b, a.T @ b


def _maps(products: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Return the ridge maps there, (d, e), and back, (e, d)."""
    first, second, across = products
    rows = max(float(np.trace(first)) / len(first), 1e-12)
    there = np.linalg.solve(first + PENALTY * rows * np.eye(len(first)), across)
    back = np.linalg.solve(second + PENALTY * rows * np.eye(len(second)), across.T)
    return np.asarray(there, np.float64), np.asarray(back, np.float64)


def _fidelity(step: Floats, way: tuple[Floats, Floats]) -> float:
    """Return how much of a step comes back, -1 to 1; what is missing or added counts against it."""
    returned = step @ way[0] @ way[1]
    length = float(np.linalg.norm(step)) * float(np.linalg.norm(returned))
    if length == 0:
        return 0.0
    cosine = float(step @ returned) / length
    # A step of which next to nothing comes back has a direction by accident only.
    kept = min(float(np.linalg.norm(returned)) / float(np.linalg.norm(step)), 1.0)
    return cosine * float(np.sqrt(kept))


def status_of(fidelity: Measured) -> DirectionStatus:
    """Judge a fidelity by its interval."""
    if isinstance(fidelity, Unmeasured):
        return "undecided"
    if fidelity.low >= FAITHFUL:
        return "kept"
    if fidelity.high < FORGOTTEN:
        return "lost"
    if fidelity.low >= FORGOTTEN and fidelity.high < FAITHFUL:
        return "weaker"
    narrow = fidelity.high - fidelity.low <= FAITHFUL - FORGOTTEN
    if not narrow:
        return "undecided"
    value = fidelity.value
    return "kept" if value >= FAITHFUL else "lost" if value < FORGOTTEN else "weaker"


def say(status: DirectionStatus, label: Text | None, name: str) -> Words:
    """Say what became of a direction."""
    thing = label if label is not None else name
    if status == "kept":
        return message("{name}: what moved it before can be done in the new model.", name=thing)
    if status == "weaker":
        return message("{name}: it can be moved in the new model, but only in part.", name=thing)
    if status == "lost":
        return message(
            "{name}: what moved it before does not survive in the new model.", name=thing
        )
    return message("{name}: the images don't suffice to say whether it survives.", name=thing)
