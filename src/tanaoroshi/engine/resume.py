"""What an encoding has done so far, kept in a folder so that a killed run goes on from there."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.errors import InputError
from tanaoroshi.records.attributes import Ints
from tanaoroshi.sources.npz import read_npz

_FORMAT = "tanaoroshi/chunk/2"


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """The codes of some thousand images in a row, and what happened to those images."""

    mean: NDArray[np.float32]
    logvar: NDArray[np.float32] | None
    rows: Ints
    broken: dict[int, str]
    changes: dict[str, int]
    keys: NDArray[np.bytes_]


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder of chunks that belong to one model, one collection and one way of encoding."""

    folder: Path

    def load(self, index: int) -> Chunk | None:
        """Return a chunk that was done before; None if it wasn't, or is damaged."""
        try:
            arrays: dict[str, NDArray[Any]] = read_npz(self._path(index))
            about = json.loads(str(arrays["about"]))
            return Chunk(
                arrays["mean"],
                arrays.get("logvar"),
                arrays["rows"],
                {int(row): reason for row, reason in about["broken"].items()},
                about["changes"],
                arrays["keys"],
            )
        except (InputError, KeyError, ValueError):
            return None

    def save(self, index: int, chunk: Chunk) -> None:
        """Keep a chunk: after this returns it is there whole, before it is not there at all."""
        about = json.dumps({"broken": chunk.broken, "changes": chunk.changes})
        arrays: dict[str, NDArray[Any]] = {
            "mean": chunk.mean,
            "rows": chunk.rows,
            "keys": chunk.keys,
            "about": np.array(about),
        }
        if chunk.logvar is not None:
            arrays["logvar"] = chunk.logvar
        path = self._path(index)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as stream:
                np.savez(stream, allow_pickle=False, **arrays)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def _path(self, index: int) -> Path:
        return self.folder / f"{index:08d}.npz"


def open_kept(folder: Path, *about: object) -> Kept:
    """Return what was kept in a folder of an encoding that is described by ``about``.

    Raises
    ------
    InputError
        When the folder can't be made.
    """
    key = hashlib.sha256(repr((_FORMAT, *about)).encode()).hexdigest()[:24]
    kept = folder / key
    try:
        kept.mkdir(parents=True, exist_ok=True)
        for unfinished in kept.glob("*.tmp"):
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return Kept(kept)


def _unwritable(folder: Path, error: OSError) -> InputError:
    return InputError(
        "The folder {folder} can't be written ({reason}). Choose another, or make room.",
        folder=str(folder),
        reason=error.strerror or str(error),
    )
