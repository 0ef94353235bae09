"""A model out of two Python functions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.models.frames import check_moments, from_tensor, to_tensor
from tanaoroshi.models.model import ImageSpec, LatentSpec, Model, Moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tanaoroshi.models.model import Decodes, Encodes, Pictures

    Given = NDArray[np.floating]
    Encode = Callable[[NDArray[np.float32]], Given | tuple[Given, Given | None]]
    Decode = Callable[[NDArray[np.float32]], Given]

_FLOAT = np.dtype(np.float32)


@dataclass(frozen=True, slots=True)
class _Encoder:
    function: Encode
    image: ImageSpec
    latent: LatentSpec
    name: str

    def __call__(self, pictures: Pictures) -> Moments:
        given = self.function(to_tensor(pictures, self.image, _FLOAT).astype(np.float32))
        mean, logvar = given if isinstance(given, tuple) else (given, None)
        moments = Moments(np.asarray(mean), None if logvar is None else np.asarray(logvar))
        return check_moments(moments, len(pictures), self.latent, self.name)


@dataclass(frozen=True, slots=True)
class _Decoder:
    function: Decode
    image: ImageSpec
    latent: LatentSpec
    name: str

    def __call__(self, codes: NDArray[np.floating]) -> NDArray[np.float32]:
        shaped = codes.astype(np.float32).reshape(len(codes), *self.latent.shape)
        return from_tensor(np.asarray(self.function(shaped)), len(codes), self.image, self.name)


def model_from_functions(
    *,
    encode: Encode | None = None,
    decode: Decode | None = None,
    image: ImageSpec,
    latent: LatentSpec,
    name: str,
    version: str = "1",
    description: str = "",
) -> Model:
    r"""Return a model out of Python functions.

    Parameters
    ----------
    encode
        From pictures, float32 in the layout and range of ``image``, to means (n, \*latent.shape),
        or to a pair of means and log-variances.
    decode
        From codes, float32 (n, \*latent.shape), to pictures in the same layout and range.
    image, latent
        The shapes.
    name, version
        What it is called.

    Raises
    ------
    InputError
        When both functions are absent, or one gives other shapes or numbers that aren't finite.
    """
    if encode is None and decode is None:
        raise InputError("The model {model} has neither encoder nor decoder.", model=name)
    encoder = None if encode is None else _Encoder(encode, image, latent, name)
    decoder = None if decode is None else _Decoder(decode, image, latent, name)
    return Model(
        name=name,
        version=version,
        description=description,
        image=image,
        latent=latent,
        digest=_probe(encoder, decoder, image, latent, f"{name}\0{version}\0{image}\0{latent}"),
        encoder=encoder,
        decoder=decoder,
    )


def _probe(
    encoder: Encodes | None,
    decoder: Decodes | None,
    image: ImageSpec,
    latent: LatentSpec,
    about: str,
) -> str:
    """Return a digest of what the functions do: code has no bytes that could be compared."""
    rng = np.random.default_rng(0)
    digest = hashlib.sha256(about.encode())
    if encoder is not None:
        noise = rng.integers(0, 256, (4, *image.size, image.channels), np.uint8)
        digest.update(encoder(noise).mean.tobytes())
    if decoder is not None:
        digest.update(decoder(rng.standard_normal((4, latent.size))).tobytes())
    return digest.hexdigest()
