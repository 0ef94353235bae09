"""Between pictures as we hold them and tensors as a model counts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.models.model import Moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.models.model import ImageSpec, LatentSpec, Pictures


def to_tensor(
    pictures: Pictures, image: ImageSpec, dtype: np.dtype[np.generic]
) -> NDArray[np.generic]:
    """Return pictures (n, h, w, c) in a model's layout, range and type.

    Raises
    ------
    ValueError
        When they have another size or number of channels.
    """
    wanted = (*image.size, image.channels)
    if pictures.shape[1:] != wanted:
        msg = f"pictures are {pictures.shape}, the model takes (n, {wanted})"
        raise ValueError(msg)
    low, high = image.range
    white = 255.0 if pictures.dtype == np.uint8 else 1.0
    ordered = pictures.transpose(0, 3, 1, 2) if image.layout == "NCHW" else pictures
    tensor = np.multiply(ordered, np.float32((high - low) / white), dtype=np.float32, order="C")
    if low:
        tensor += np.float32(low)
    if dtype.kind in "iu":
        np.rint(tensor, out=tensor)
    return tensor.astype(dtype, copy=False)


def from_tensor(
    tensor: NDArray[np.generic], n: int, image: ImageSpec, model: str
) -> NDArray[np.float32]:
    """Return what a decoder gave as pictures, float32 (n, h, w, c), clipped to 0 to 1.

    Raises
    ------
    InputError
        When it has another shape or holds numbers that aren't finite.
    """
    _check_shape(tensor, (n, *image.shape), "pictures", model)
    pictures = tensor.astype(np.float32)
    _check_finite(pictures, "pictures", model)
    if image.layout == "NCHW":
        pictures = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1))
    low, high = image.range
    pictures -= np.float32(low)
    pictures /= np.float32(high - low)
    return np.clip(pictures, 0.0, 1.0, out=pictures)


def check_moments(moments: Moments, n: int, latent: LatentSpec, model: str) -> Moments:
    """Return moments flattened to float32 (n, d).

    Raises
    ------
    InputError
        When they have another size or hold numbers that aren't finite.
    """
    flat: list[NDArray[np.float32] | None] = []
    for name, tensor in zip(moments._fields, moments, strict=True):
        if tensor is None:
            flat.append(None)
            continue
        if len(tensor) != n or tensor.size != n * latent.size:
            _check_shape(tensor, (n, *latent.shape), name, model)
        array = np.ascontiguousarray(tensor.reshape(n, latent.size), dtype=np.float32)
        _check_finite(array, name, model)
        flat.append(array)
    mean, logvar = flat
    assert mean is not None  # a mean came in
    return Moments(mean, logvar)


def _check_shape(
    tensor: NDArray[np.generic], shape: tuple[int, ...], what: str, model: str
) -> None:
    if tensor.shape != shape:
        raise InputError(
            "The model {model} gave {what} of the shape {got}, but it says {wanted}.",
            model=model,
            what=what,
            got=str(tensor.shape),
            wanted=str(shape),
        )


def _check_finite(array: NDArray[np.float32], what: str, model: str) -> None:
    if not np.isfinite(array).all():
        raise InputError(
            "The model {model} gave {what} that are not finite numbers. Check its weights and "
            "the range of its pictures.",
            model=model,
            what=what,
        )
