"""Load disentanglement_lib's metrics beside ours, without TensorFlow.

Its metrics need gin (hence TensorFlow), absl and six only for settings, logging and Python 2:
stand-ins are put in their place. Nothing of the library is part of this project: give the path of a
checkout of google-research/disentanglement_lib.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from tanaoroshi.records.attributes import Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Callable

BINS = 20


@dataclass(frozen=True, slots=True)
class Factors:
    """A table of codes and factors in the shape of the library's ground-truth data.

    An image is the number of a row; factors are drawn independently, and the row with these values
    is looked up (where there is none, its neighbour's: only seconds are measured). Made by
    :func:`table`.
    """

    codes: Floats
    values: Floats
    # Looked up once: the library draws some ten thousand times.
    order: Ints
    key: Ints

    @property
    def num_factors(self) -> int:
        """Number of factors."""
        return int(self.values.shape[1])

    def sample_factors(self, n: int, random_state: np.random.RandomState) -> Floats:
        """Draw factors."""
        return self.values[random_state.randint(len(self.values), size=n)].copy()

    def sample_observations_from_factors(
        self, factors: Floats, random_state: np.random.RandomState
    ) -> Floats:
        """Draw an image of these factors: the number of one of their rows."""
        wanted = cells(factors, int(self.values.max()) + 1)
        first, last = (np.searchsorted(self.key, wanted, side) for side in ("left", "right"))
        draw = first + (random_state.random_sample(len(factors)) * (last - first)).astype(int)
        return np.asarray(self.order[np.minimum(draw, len(self.order) - 1)], dtype=np.float64)

    def sample_observations(self, n: int, random_state: np.random.RandomState) -> Floats:
        """Draw images."""
        return random_state.randint(len(self.values), size=n).astype(np.float64)

    def encode(self, images: Floats) -> Floats:
        """Return the codes of images."""
        return np.asarray(self.codes[images.astype(int)])


def cells(values: Floats, width: int) -> Ints:
    """Give each combination of values its number."""
    return np.asarray(values.astype(np.int64) @ width ** np.arange(values.shape[1]))


def table(codes: Floats, values: Floats) -> Factors:
    """Make the library's kind of data of a table."""
    key = cells(values, int(values.max()) + 1)
    order = np.argsort(key, kind="stable")
    return Factors(codes, values, order, key[order])


def load(path: str) -> Callable[[str], ModuleType]:
    """Return a function that imports one of the library's metric modules by name."""
    if path not in sys.path:
        sys.path.insert(0, path)
        gin, gin_tf, absl = ModuleType("gin"), ModuleType("gin.tf"), ModuleType("absl")

        def configurable(*_: object, **__: object) -> Callable[[Any], Any]:
            return lambda f: f

        for settings in (gin, gin_tf):
            settings.configurable = configurable  # type: ignore[attr-defined]
            settings.REQUIRED = None  # type: ignore[attr-defined]
        gin.tf = gin_tf  # type: ignore[attr-defined]
        quiet = logging.getLogger("disentanglement_lib")
        quiet.setLevel(logging.WARNING)
        absl.logging = quiet  # type: ignore[attr-defined]
        moves = ModuleType("six.moves")
        moves.range = range  # type: ignore[attr-defined]
        sys.modules |= {"gin": gin, "gin.tf": gin_tf, "absl": absl}
        sys.modules |= {"six": ModuleType("six"), "six.moves": moves}
    utils = import_module("disentanglement_lib.evaluation.metrics.utils")
    cut = utils._histogram_discretize
    utils.make_discretizer = lambda target: cut(target, BINS)  # type: ignore[attr-defined]

    def module(name: str) -> ModuleType:
        return import_module(f"disentanglement_lib.evaluation.metrics.{name}")

    return module
