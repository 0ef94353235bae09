"""Collections: where pictures and attributes come from. The formats: docs/formats.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tanaoroshi.data import shipped
from tanaoroshi.errors import InputError
from tanaoroshi.files import exists
from tanaoroshi.sources.codes import CodesFile, load_codes
from tanaoroshi.sources.collection import Collection, Images
from tanaoroshi.sources.dsprites import DEFAULT_SAMPLE, load_dsprites
from tanaoroshi.sources.folder import TABLES, load_folder
from tanaoroshi.sources.npz import load_npz
from tanaoroshi.sources.parquet import load_parquet
from tanaoroshi.sources.saving import save_codes

__all__ = [
    "NAMES",
    "CodesFile",
    "Collection",
    "Images",
    "load_codes",
    "load_collection",
    "save_codes",
]

NAMES = ("emoji", "dsprites")
"""Collections that ship or are drawn; a folder of such a name is meant by ``./emoji``."""


def load_collection(where: str | Path, *, limit: int | None = None, seed: int = 0) -> Collection:
    """Return a collection; its pictures are read when they are needed.

    Parameters
    ----------
    where
        A folder, an ``.npz`` or ``.parquet`` file, or a name out of :data:`NAMES`; a name may end
        in a limit, as ``"dsprites:5000"``.
    limit
        Draw so many images without replacement; ``None``: all (of dsprites 20,000).
    seed
        Of that draw.

    Raises
    ------
    InputError
        When there is no such collection or it can't be used: one sentence with place and remedy.
    """
    name, _, rest = str(where).partition(":")
    if isinstance(where, str) and name in NAMES:
        if rest:
            limit = _count(where, rest)
        if name == "dsprites":
            collection, limit = load_dsprites(), limit or DEFAULT_SAMPLE
        else:
            collection = load_parquet(shipped("emoji", "emoji.parquet"))
    else:
        collection = _load_path(Path(where))
    if limit is None:
        return collection
    return collection.sample(limit, rng=np.random.default_rng(seed))


def _count(where: str, rest: str) -> int:
    if not (rest.isascii() and rest.isdigit() and len(rest) < 12 and int(rest) > 0):
        raise InputError(
            "{where}: after the colon stands how many images are drawn, as in dsprites:5000.",
            where=where[:80],
        )
    return int(rest)


def _load_path(path: Path) -> Collection:
    if not exists(path):
        raise InputError(
            "There is no collection {where}: no such file or folder, and none of {names}.",
            where=str(path)[:200],
            names=NAMES,
        )
    if path.is_dir():
        return _load_folder(path)
    if path.suffix == ".npz":
        return load_npz(path)
    if path.suffix == ".parquet":
        return load_parquet(path)
    raise InputError(
        "{file} is no collection: that is a folder, an .npz or a .parquet file.", file=str(path)
    )


def _load_folder(path: Path) -> Collection:
    try:
        if any((path / name).exists() for name in TABLES):
            return load_folder(path)
        if (path / "model.toml").exists():
            raise InputError(
                "{file} is a model (it has model.toml), but a collection is needed here.",
                file=str(path),
            )
        if any(path.rglob("*.parquet")):
            return load_parquet(path)
    except OSError as error:
        raise InputError(
            "{file} can't be read ({reason}). Check its permissions.",
            file=str(path),
            reason=error.strerror or str(error),
        ) from error
    raise InputError(
        "{file} is no collection: it has neither attributes.csv nor attributes.parquet nor other "
        "Parquet files.",
        file=str(path),
    )
