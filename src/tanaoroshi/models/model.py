"""What a model is: an encoder, a decoder, or both, and the shapes that they agree on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.records.words import Message

Layout = Literal["NCHW", "NHWC"]
Prior = Literal["standard_normal", "uniform", "none"]
Pictures = NDArray[np.uint8] | NDArray[np.float32]
"""(n, h, w, c): uint8 0 to 255, or float32 0 to 1."""


class Moments(NamedTuple):
    """The posterior q(z|x) of some pictures: float32 (n, d) each; a spatial latent flattened."""

    mean: NDArray[np.float32]
    logvar: NDArray[np.float32] | None


class Encodes(Protocol):
    """From pictures to the moments of their posteriors."""

    def __call__(self, pictures: Pictures) -> Moments:
        """Return the moments; an InputError names a model that gives numbers that aren't finite."""
        ...


class Decodes(Protocol):
    """From codes to pictures."""

    def __call__(self, codes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return pictures, float32 (n, h, w, c) in 0 to 1, of codes (n, d)."""
        ...


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """The pictures that a model takes and gives.

    Attributes
    ----------
    range
        Black and white as the model counts them.
    layout
        Whether channels stand before or after height and width.
    """

    height: int
    width: int
    channels: int
    range: tuple[float, float] = (0.0, 1.0)
    layout: Layout = "NCHW"

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one picture in the model's layout."""
        if self.layout == "NCHW":
            return self.channels, self.height, self.width
        return self.height, self.width, self.channels


@dataclass(frozen=True, slots=True)
class LatentSpec:
    """Shape of one code, and the prior p(z) that the decoder was made for."""

    shape: tuple[int, ...]
    prior: Prior = "standard_normal"

    @property
    def size(self) -> int:
        """How many numbers a code has."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Condition:
    """An input beside the latent, and what it is held at.

    Attributes
    ----------
    values
        Class only: the names of the classes.
    default
        Class: the index of a class. Vector: the vector.
    """

    name: str
    kind: Literal["class", "vector"]
    values: tuple[str, ...]
    default: int | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A model, ready to be used.

    Attributes
    ----------
    digest
        SHA-256 of all its files, hexadecimal (of a Python model: of what it gives on a fixed
        probe).
    encoder, decoder
        One may be absent.
    notes
        What was assumed, one sentence each.
    """

    name: str
    version: str
    digest: str
    image: ImageSpec
    latent: LatentSpec
    encoder: Encodes | None
    decoder: Decodes | None
    description: str = ""
    conditions: tuple[Condition, ...] = ()
    notes: tuple[Message, ...] = ()
