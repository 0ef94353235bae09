"""Saved directions of a latent: names and vectors, from a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.files import read_bytes
from tanaoroshi.sources.npz import read_npz

if TYPE_CHECKING:
    from pathlib import Path

    from tanaoroshi.records.attributes import Floats

MAX_BYTES = 64 * 2**20


def load_directions(path: Path) -> dict[str, Floats]:
    """Return named directions, float64 (d,) each.

    Parameters
    ----------
    path
        A JSON object of lists of numbers, or an ``.npz`` with one vector for each name.

    Raises
    ------
    InputError
        When it is neither, or something in it is no vector of finite numbers.
    """
    found = dict(read_npz(path)) if path.suffix == ".npz" else _from_json(path)
    vectors = {}
    for name, value in found.items():
        try:
            vector = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            vector = np.empty(0)
        if vector.ndim != 1 or not len(vector) or not np.isfinite(vector).all():
            raise InputError(
                "{file}: the direction {name} is not a list of finite numbers.",
                file=str(path),
                name=name,
            )
        vectors[name] = vector
    return vectors


def _from_json(path: Path) -> dict[str, object]:
    try:
        document = json.loads(read_bytes(path, MAX_BYTES))
    except (ValueError, RecursionError) as error:
        raise InputError(
            "{file} is not JSON ({reason}). Write {example}.",
            file=str(path),
            reason=str(error)[:200],
            example='{"smile": [0.1, 0.9, …]}',
        ) from error
    if not isinstance(document, dict):
        raise InputError(
            "{file} must hold one object of names and directions, as {example}.",
            file=str(path),
            example='{"smile": [0.1, 0.9, …]}',
        )
    return document
