"""Where attributes want their dimensions to be.

A latent's prior is a standard normal, so attributes are brought to that scale: a number by its
rank (normal scores), an angle onto a circle. Both are monotone, so that a rank correlation between
attribute and dimension does not notice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from tanaoroshi.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.train.recipe import Recipe, Tie

Floats = NDArray[np.float64]
Scale = Callable[[Floats], Floats]
#: Scores beyond this are cut: an attribute's rarest value should not sit far outside the prior.
LIMIT = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Normal scores of the values seen, in between linear, beyond constant."""

    values: Floats
    scores: Floats

    def __call__(self, x: Floats) -> Floats:
        """Map values (n,) to scores (n, 1); NaN stays."""
        scores: Floats = np.interp(x, self.values, self.scores)
        return scores[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class Circle:
    """An angle as two coordinates, the first along the collection's mean direction.

    With radius √2 and evenly spread angles each coordinate has variance 1. Turned so that the mean
    direction lies on the first axis, the second is monotone in the angle where most pictures are.
    """

    period: float
    centre: float

    def __call__(self, x: Floats) -> Floats:
        """Map values (n,) to coordinates (n, 2); NaN stays."""
        angle = (x - self.centre) * 2 * np.pi / self.period
        point: Floats = np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return point


def scale_of(tie: Tie, values: Floats) -> Scale:
    """Learn the scale of one attribute from its values (n,)."""
    known = values[np.isfinite(values)]
    if len(np.unique(known)) < 2:
        raise InputError(
            "The recipe ties {attribute} to a dimension, but among these pictures it has fewer "
            "than two values.",
            attribute=tie.attribute,
        )
    if tie.period is not None:
        mean = np.exp(2j * np.pi * known / tie.period).mean()
        return Circle(tie.period, float(np.angle(mean) * tie.period / (2 * np.pi)))
    score = ndtri((rankdata(known) - 0.5) / len(known)).clip(-LIMIT, LIMIT)
    seen, first = np.unique(known, return_index=True)
    return Scores(seen, score[first])


def scales_of(recipe: Recipe, attributes: Mapping[str, Floats]) -> tuple[Scale, ...]:
    """Learn the scales of all tied attributes, in the recipe's order."""
    for tie in recipe.ties:
        if tie.attribute not in attributes:
            raise InputError(
                "The recipe {name} ties {attribute} to a dimension, but the collection has no "
                "such column of numbers.",
                name=recipe.name,
                attribute=tie.attribute,
            )
    return tuple(
        scale_of(tie, np.asarray(attributes[tie.attribute], dtype=np.float64))
        for tie in recipe.ties
    )


def targets_of(
    recipe: Recipe, scales: tuple[Scale, ...], attributes: Mapping[str, Floats], n: int
) -> NDArray[np.float32]:
    """Return where the tied dimensions should be, float32 (n, number of tied dimensions)."""
    columns = [
        scale(np.asarray(attributes[tie.attribute], dtype=np.float64))
        for tie, scale in zip(recipe.ties, scales, strict=True)
    ]
    return np.concatenate([*columns, np.empty((n, 0))], axis=1).astype(np.float32)
