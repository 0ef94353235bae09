"""Models: from pictures to codes and back. The format: docs/formats.md."""

from __future__ import annotations

from pathlib import Path

from tanaoroshi.data import shipped
from tanaoroshi.errors import InputError
from tanaoroshi.files import exists
from tanaoroshi.models.callable import model_from_functions
from tanaoroshi.models.folder import load_folder, not_onnx
from tanaoroshi.models.model import (
    Condition,
    Decodes,
    Encodes,
    ImageSpec,
    LatentSpec,
    Model,
    Moments,
)

__all__ = [
    "NAMES",
    "Condition",
    "Decodes",
    "Encodes",
    "ImageSpec",
    "LatentSpec",
    "Model",
    "Moments",
    "load_model",
    "model_from_functions",
]

NAMES = ("emoji-plain", "emoji-v1", "emoji-v2")
"""Models that ship; a folder of such a name is meant by ``./emoji-v2``."""


def load_model(where: str | Path, *, threads: int | None = None) -> Model:
    """Return the model in a folder, or one that ships.

    Parameters
    ----------
    where
        A folder with ``model.toml``, or a name out of :data:`NAMES`.
    threads
        For one inference; ``None``: as many as there are cores.

    Raises
    ------
    InputError
        When there is no such model or it can't be used: one sentence with place and remedy.
    """
    if isinstance(where, str) and where in NAMES:
        return load_folder(shipped("models", where), threads=threads)
    path = Path(where)
    if not exists(path):
        raise InputError(
            "There is no model {where}: no such folder, and none of {names}.",
            where=str(path)[:200],
            names=NAMES,
        )
    if path.is_file():
        if path.suffix.lower() == ".onnx" or path.name == "model.toml":
            raise InputError(
                "{file} is a file of a model. Give its folder, which holds model.toml.",
                file=str(path),
            )
        raise not_onnx(str(path))
    if not exists(path / "model.toml"):
        raise InputError(
            "{file} is no model: it has no model.toml. docs/formats.md shows what belongs there.",
            file=str(path),
        )
    return load_folder(path, threads=threads)
