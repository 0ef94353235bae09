"""Training of small VAEs on a collection; needs the extra ``train`` (torch, onnx).

Importing this package does not import torch: reading a recipe needs none.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from tanaoroshi.errors import MissingExtra
from tanaoroshi.train.recipe import METHODS, Recipe, read_recipe, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["METHODS", "Recipe", "read_recipe", "rows_of", "train"]


def train(
    images: NDArray[np.uint8],
    attributes: Mapping[str, NDArray[np.float64]],
    recipe: Recipe,
    out: Path,
    *,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Train a model and write its folder, as a whole or not at all.

    A run that was killed goes on where it was when called again with the same arguments: its
    checkpoint lies beside ``out``.

    Parameters
    ----------
    images
        uint8 (n, s, s, c), s a multiple of 16, c 1 or 3.
    attributes
        float (n,) each, NaN where missing; circular ones in units of the recipe's period. Those
        that the recipe ties must be there.
    recipe
        All settings. Its ``rows`` are not applied here: see :func:`rows_of`.
    out
        The new folder.
    seed
        The same arguments and seed give the same model on the same machine and thread count.
    progress
        Called with epochs done and epochs in all.

    Returns
    -------
    ``out``, with ``model.toml``, ``encoder.onnx``, ``decoder.onnx`` and the model card.

    Raises
    ------
    MissingExtra
        When torch or onnx is not installed.
    InputError
        When pictures, attributes and recipe don't fit together.
    """
    for needed in ("torch", "onnx"):
        if find_spec(needed) is None:
            raise MissingExtra(
                "Training needs {package}, which is not installed: pip install 'tanaoroshi[train]'",
                package=needed,
            )
    from tanaoroshi.train.build import build

    return build(images, attributes, recipe, out, seed=seed, progress=progress)
