"""``.npz`` archives of arrays: nothing is unpickled, and no header is believed unchecked."""

from __future__ import annotations

import lzma
import math
import struct
import zipfile
import zlib
from tokenize import TokenError
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from tanaoroshi.errors import InputError
from tanaoroshi.files import digest_of_files, exists
from tanaoroshi.sources.collection import ArrayImages, Collection
from tanaoroshi.sources.columns import make_attributes
from tanaoroshi.sources.declared import read_declared

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# What an archive may take in memory. More pictures than that belong into Parquet, which streams.
MAX_ARRAY_BYTES = 4 * 2**30
# What zipfile, its decompressors and numpy's header parser raise on damaged archives.
_DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    MemoryError,
    RuntimeError,  # an encrypted entry; NotImplementedError for an unknown compression
    SyntaxError,
    TokenError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[np.generic]


def read_npz(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of an ``.npz`` file by name.

    Every header is held against the size of its entry before anything is allocated.

    Raises
    ------
    InputError
        When it is not there, is damaged, holds pickled objects, or takes more memory than it may.
    """
    if not exists(path):
        raise InputError("{file} does not exist, or may not be looked at.", file=str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            size = sum(entry.file_size for entry in entries)
            if size > MAX_ARRAY_BYTES:
                raise InputError(
                    "{file} unpacks to {size} bytes, more than {limit}. Store so many pictures "
                    "as Parquet, which is read in pieces.",
                    file=str(path),
                    size=size,
                    limit=MAX_ARRAY_BYTES,
                )
            return {
                entry.filename.removesuffix(".npy"): _read_entry(archive, entry, path)
                for entry in entries
            }
    except _DAMAGE as error:
        raise InputError(
            "{file} can't be read as .npz; it is damaged or something else. "
            "Write it again with numpy.savez.",
            file=str(path),
        ) from error


def load_npz(path: Path) -> Collection:
    """Return the collection in an ``.npz`` file: ``images``, and one array for each attribute.

    Raises
    ------
    InputError
        When it is damaged, the pictures are not uint8, or an array has another length.
    """
    arrays = read_npz(path)
    if "images" not in arrays:
        raise InputError(
            "{file} has no array images. There are: {names}.",
            file=str(path),
            names=tuple(arrays)[:20],
        )
    pictures = _check_pictures(arrays.pop("images"), path)
    toml = path.with_suffix(".toml")
    declared = read_declared(toml)
    columns = as_columns(arrays, len(pictures), path)
    made = make_attributes(columns, declared, length=len(pictures), where=str(path))
    about = [toml] if toml.exists() else []
    return Collection(
        name=declared.name or path.stem,
        digest=digest_of_files([path, *about], root=path.parent),
        attributes=made.attributes,
        images=ArrayImages(pictures, path.name),
        left_out=made.left_out,
        notes=made.notes,
    )


def as_columns(
    arrays: dict[str, NDArray[np.generic]], length: int, path: Path
) -> dict[str, pa.Array]:
    """Return arrays of one length as columns.

    Raises
    ------
    InputError
        When an array has another length or shape, or holds neither numbers nor text.
    """
    columns = {}
    for name, array in arrays.items():
        if array.shape != (length,):
            raise InputError(
                "{file}: the array {name} has the shape {shape}, but there are {n} images; "
                "an attribute has one value for each.",
                file=str(path),
                name=name,
                shape=str(array.shape),
                n=length,
            )
        if array.dtype.kind not in "biufUS":
            raise InputError(
                "{file}: the array {name} holds {kind}, neither numbers nor text.",
                file=str(path),
                name=name,
                kind=str(array.dtype),
            )
        columns[name] = _column(array, name, path)
    return columns


def _column(array: NDArray[np.generic], name: str, path: Path) -> pa.Array:
    try:
        if array.dtype.kind in "US":
            cells = (
                np.char.decode(array.astype(np.bytes_), "utf-8")
                if array.dtype.kind == "S"
                else array
            )
            return pa.array([str(cell) or None for cell in cells], pa.string())
        return pa.array(array.astype(array.dtype.newbyteorder("=")))
    except (UnicodeError, pa.ArrowException) as error:
        raise InputError(
            "{file}: the array {name} holds text that is not UTF-8.", file=str(path), name=name
        ) from error


def _check_pictures(pictures: NDArray[np.generic], path: Path) -> NDArray[np.uint8]:
    shape = pictures.shape
    if pictures.dtype != np.uint8:
        raise InputError(
            "{file}: images holds {kind}. Store pictures as uint8, 0 (black) to 255 (white).",
            file=str(path),
            kind=str(pictures.dtype),
        )
    if len(shape) == 4 and shape[3] not in (1, 3, 4) and shape[1] in (1, 3, 4):
        raise InputError(
            "{file}: images has the shape {shape}, with the channels before height and width. "
            "Put them last: images.transpose(0, 2, 3, 1).",
            file=str(path),
            shape=str(shape),
        )
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3, 4)):
        raise InputError(
            "{file}: images has the shape {shape}, but should be images × height × width, or "
            "images × height × width × channels (1, 3 or 4).",
            file=str(path),
            shape=str(shape),
        )
    if math.prod(shape) == 0:
        raise InputError("{file} holds no picture.", file=str(path))
    return pictures.astype(np.uint8, copy=False)


def _read_entry(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path
) -> NDArray[np.generic]:
    name = entry.filename.removesuffix(".npy")[:80]
    with archive.open(entry) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise InputError(
                "{file}: the array {name} is neither of numbers nor of text.",
                file=str(path),
                name=name,
            )
        header = _Header(*_HEADERS[version](stream))
        if header.dtype.hasobject:
            raise InputError(
                "{file}: the array {name} holds pickled objects, which could run code and are "
                "never opened. Store it as numbers or text, as in: array.astype(str).",
                file=str(path),
                name=name,
            )
        wanted = math.prod(header.shape) * header.dtype.itemsize
        if min(header.shape, default=0) < 0 or wanted != entry.file_size - stream.tell():
            raise InputError(
                "{file}: the array {name} says that it has the shape {shape}, but its data have "
                "another size. Write it again with numpy.savez.",
                file=str(path),
                name=name,
                shape=str(header.shape)[:80],
            )
        content = stream.read(wanted)
        if len(content) != wanted or stream.read(1):
            raise EOFError
    flat = np.frombuffer(content, header.dtype)
    return flat.reshape(header.shape, order="F" if header.fortran else "C")
