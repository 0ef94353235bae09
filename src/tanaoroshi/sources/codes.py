"""Codes alone: an ``.npz`` with ``codes`` and attributes, for metrics without a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.files import digest_of_files
from tanaoroshi.records.attributes import Attributes, Floats
from tanaoroshi.records.words import Message
from tanaoroshi.sources.columns import make_attributes
from tanaoroshi.sources.declared import read_declared
from tanaoroshi.sources.npz import as_columns, read_npz

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class CodesFile:
    """Codes that somebody stored, with the attributes of their images.

    Attributes
    ----------
    codes
        float64 (n, d), finite.
    logvar
        float64 (n, d): log-variance of the posterior, where it was stored.
    """

    name: str
    digest: str
    codes: Floats
    logvar: Floats | None
    attributes: Attributes
    left_out: tuple[Message, ...] = ()
    notes: tuple[Message, ...] = ()


def load_codes(where: str | Path) -> CodesFile:
    """Return the codes and attributes in an ``.npz`` file, with ``NAME.toml`` beside it if any.

    Attributes are arrays of length n, or columns of ``factors`` (n, k), named by
    ``factor_names``.

    Raises
    ------
    InputError
        When it is damaged, lacks ``codes``, or holds codes that are not finite.
    """
    path = Path(where)
    arrays = read_npz(path)
    if "codes" not in arrays:
        raise InputError(
            "{file} has no array codes. There are: {names}.",
            file=str(path),
            names=tuple(arrays)[:20],
        )
    codes = _floats(arrays.pop("codes"), "codes", path)
    logvar = _floats(arrays.pop("logvar"), "logvar", path) if "logvar" in arrays else None
    if logvar is not None and logvar.shape != codes.shape:
        raise InputError(
            "{file}: logvar has the shape {got}, but codes has {wanted}.",
            file=str(path),
            got=str(logvar.shape),
            wanted=str(codes.shape),
        )
    _split_factors(arrays, len(codes), path)
    toml = path.with_suffix(".toml")
    declared = read_declared(toml)
    made = make_attributes(
        as_columns(arrays, len(codes), path), declared, length=len(codes), where=str(path)
    )
    about = [toml] if toml.exists() else []
    return CodesFile(
        name=declared.name or path.stem,
        digest=digest_of_files([path, *about], root=path.parent),
        codes=codes,
        logvar=logvar,
        attributes=made.attributes,
        left_out=made.left_out,
        notes=made.notes,
    )


def _floats(array: NDArray[np.generic], name: str, path: Path) -> Floats:
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind not in "iuf":
        raise InputError(
            "{file}: {name} should be numbers, images × dimensions, but it is {kind} of the shape "
            "{shape}.",
            file=str(path),
            name=name,
            kind=str(array.dtype),
            shape=str(array.shape),
        )
    floats = array.astype(np.float64)
    bad = np.argwhere(~np.isfinite(floats))
    if len(bad):
        raise InputError(
            "{file}: {name} is not a finite number in row {row}, dimension {dimension}. "
            "Leave out such images.",
            file=str(path),
            name=name,
            row=int(bad[0, 0]),
            dimension=int(bad[0, 1]),
        )
    return floats


def _split_factors(arrays: dict[str, NDArray[np.generic]], n: int, path: Path) -> None:
    """Replace ``factors`` and ``factor_names`` by one array for each factor."""
    names = arrays.pop("factor_names", None)
    factors = arrays.pop("factors", None)
    if factors is None:
        return
    if factors.ndim != 2 or len(factors) != n:
        raise InputError(
            "{file}: factors has the shape {shape}, but should have a row for each of {n} images.",
            file=str(path),
            shape=str(factors.shape),
            n=n,
        )
    width = factors.shape[1]
    if names is None:
        names = np.array([f"factor_{j}" for j in range(width)])
    written = [
        n.decode("utf-8", "replace") if isinstance(n, bytes) else str(n)
        for n in names.ravel().tolist()
    ]
    if len(written) != width or len(set(written) | set(arrays)) != width + len(arrays):
        raise InputError(
            "{file}: factor_names should hold {n} different names, one for each column of factors.",
            file=str(path),
            n=width,
        )
    arrays.update({name: factors[:, j] for j, name in enumerate(written)})
