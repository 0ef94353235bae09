"""Arrays in, model folder out."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.train.card import write_card
from tanaoroshi.train.export import export
from tanaoroshi.train.loop import Progress, data_of, fit
from tanaoroshi.train.recipe import check_ties

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from tanaoroshi.train.recipe import Recipe


def build(
    images: NDArray[np.uint8],
    attributes: Mapping[str, NDArray[np.float64]],
    recipe: Recipe,
    out: Path,
    *,
    seed: int,
    progress: Progress | None,
) -> Path:
    """Train, export and describe; see :func:`tanaoroshi.train.train`."""
    _check(images, attributes, recipe, out)
    out.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = out.with_name(f".{out.name}.checkpoint")
    data = data_of(images, attributes, recipe)
    trained = fit(data, recipe, seed=seed, checkpoint=checkpoint, progress=progress)
    # Nobody sees a half-written model: it is made beside its place and moved there as a whole.
    fresh = out.with_name(f".{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    export(trained.pair, recipe, fresh)
    write_card(trained, data, recipe, seed, fresh)
    fresh.rename(out)
    checkpoint.unlink(missing_ok=True)
    return out


def _check(
    images: NDArray[np.uint8],
    attributes: Mapping[str, NDArray[np.float64]],
    recipe: Recipe,
    out: Path,
) -> None:
    if out.exists():
        raise InputError("{folder} exists already. Choose another --out.", folder=str(out))
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise InputError(
            "Training wants pictures as uint8 (n, height, width, 1 or 3), but got {got}.",
            got=f"{images.dtype} {images.shape}",
        )
    n, height, width, channels = images.shape
    if height != width or height % 16 or height < 16:
        raise InputError(
            "Training wants square pictures whose side is a multiple of 16, but they are "
            "{height} × {width}. Resize or pad them.",
            height=height,
            width=width,
        )
    if n < 2:
        raise InputError("Training wants at least 2 pictures, but there are {n}.", n=n)
    for name, values in attributes.items():
        if values.shape != (n,):
            raise InputError(
                "The attribute {name} has the shape {got}, but there are {n} pictures.",
                name=name,
                got=str(values.shape),
                n=n,
            )
    if recipe.loop.edited and (channels != 3 or recipe.net.paper != 1.0):
        raise InputError(
            "loop.edited works with colour pictures on white paper only: set net.paper to "
            '"white", or loop.edited to 0.'
        )
    check_ties(recipe, recipe.name)
