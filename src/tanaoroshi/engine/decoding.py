"""From codes to pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.models import Model
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
