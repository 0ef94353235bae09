"""From codes to pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tanaoroshi.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tanaoroshi.models import ImageSpec, Model
    from tanaoroshi.records.progress import Progress


def decode_codes(
    model: Model,
    codes: NDArray[np.floating],
    *,
    batch: int = 64,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return the pictures, float32 (n, h, w, c) in 0 to 1, of codes (n, d).

    Raises
    ------
    InputError
        When the model has no decoder, or it gives numbers that aren't finite.
    """
    if model.decoder is None:
        raise InputError("The model {model} has no decoder.", model=model.name)
    if codes.ndim != 2 or codes.shape[1] != model.latent.size:
        msg = f"codes are {codes.shape}, the model takes (n, {model.latent.size})"
        raise ValueError(msg)
    shape = (len(codes), *model.image.size, model.image.channels)
    pictures = np.empty(shape, np.float32)
    for start in range(0, len(codes), batch):
        piece = codes[start : start + batch]
        pictures[start : start + len(piece)] = model.decoder(piece)
        if progress is not None:
            progress(start + len(piece), len(codes), "Decoding codes")
    return pictures


def prior_codes(model: Model, n: int, rng: np.random.Generator) -> NDArray[np.float64] | None:
    """Draw codes (n, d) from a model's prior; ``None`` where it has none that can be drawn from."""
    shape = (n, model.latent.size)
    if model.latent.prior == "standard_normal":
        return rng.standard_normal(shape)
    return rng.random(shape) if model.latent.prior == "uniform" else None


def drawn_as(model: Model, image: ImageSpec) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """Return a model's decoder that gives its pictures in the size and channels of another.

    Sizes are brought to one another by Lanczos' filter, as when a collection is read; colours to
    grey by their mean.
    """

    def draw(codes: NDArray[Any]) -> NDArray[np.float32]:
        pictures = decode_codes(model, codes)
        if pictures.shape[3] > image.channels:
            pictures = pictures.mean(axis=3, keepdims=True)
        if model.image.size != image.size:
            pictures = _resized(pictures, image.size)
        return np.broadcast_to(pictures, (*pictures.shape[:3], image.channels))

    return draw


def _resized(pictures: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    height, width = size
    planes = pictures.transpose(0, 3, 1, 2)
    out = np.empty((*planes.shape[:2], height, width), np.float32)
    for at in np.ndindex(planes.shape[:2]):
        plane = Image.fromarray(planes[at]).resize((width, height), Image.Resampling.LANCZOS)
        out[at] = np.asarray(plane)
    return np.clip(out.transpose(0, 2, 3, 1), 0.0, 1.0)
