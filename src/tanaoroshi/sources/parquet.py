"""Parquet files with a column of pictures, as Hugging Face datasets write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tanaoroshi.errors import InputError
from tanaoroshi.files import digest_of_files
from tanaoroshi.records.attributes import Ints
from tanaoroshi.sources.collection import Collection, Raw
from tanaoroshi.sources.columns import make_attributes
from tanaoroshi.sources.declared import Declared, read_declared
from tanaoroshi.sources.tables import class_names, open_parquet, read_columns, reading_parquet

# So many pictures are in memory at once.
_BATCH = 64


@dataclass(slots=True, eq=False)
class _Cursor:
    """Reads one file's pictures forwards, batch after batch; starts anew to go back."""

    path: Path
    file: pq.ParquetFile
    column: str
    starts: Ints
    batch: list[bytes | None] = field(default_factory=list)
    first: int = 0
    batches: Iterator[pa.RecordBatch] | None = None

    def read(self, row: int) -> bytes:
        """Return a picture's bytes; empty where there is none."""
        end = self.first + len(self.batch)
        if not self.first <= row < end:
            group = int(np.searchsorted(self.starts, row, side="right")) - 1
            if self.batches is None or row < self.first or self.starts[group] > end:
                self._start(group)
            while row >= self.first + len(self.batch):
                self._advance()
        return self.batch[row - self.first] or b""

    def _start(self, group: int) -> None:
        with reading_parquet(self.path):
            self.batches = self.file.iter_batches(
                _BATCH,
                row_groups=range(group, len(self.starts)),
                columns=[self.column],
                use_threads=False,
            )
        self.first, self.batch = int(self.starts[group]), []

    def _advance(self) -> None:
        self.first += len(self.batch)
        self.batch = []
        with reading_parquet(self.path):
            pictures = next(self.batches, None) if self.batches else None
            if pictures is None or not len(pictures):
                raise OSError("fewer rows than announced")
            column = pictures.column(0)
            if pa.types.is_struct(column.type):
                column = column.field("bytes")
            self.batch = column.to_pylist()


@dataclass(frozen=True, slots=True, eq=False)
class ParquetImages:
    """Pictures in Parquet files, one after the other; not to be read by two threads at once."""

    cursors: tuple[_Cursor, ...]
    starts: Ints
    length: int

    def __len__(self) -> int:
        return self.length

    def read(self, rows: Ints) -> list[Raw]:
        """Return the bytes of some pictures."""
        found: list[Raw] = []
        for row in rows:
            file, within = self._locate(int(row))
            found.append(self.cursors[file].read(within))
        return found

    def place(self, row: int) -> str:
        """Return the file's name and the row in it."""
        file, within = self._locate(row)
        return f"{self.cursors[file].path.name}[{within}]"

    def _locate(self, row: int) -> tuple[int, int]:
        file = int(np.searchsorted(self.starts, row, side="right")) - 1
        return file, row - int(self.starts[file])


def load_parquet(where: Path) -> Collection:
    """Return the collection in a Parquet file, or in all those of a folder (sorted by path).

    Raises
    ------
    InputError
        When a file is damaged, files disagree, or there is no column of pictures.
    """
    if where.is_dir():
        root, toml = where, where / "collection.toml"
        paths = sorted(path for path in where.rglob("*.parquet") if path.is_file())
    else:
        root, paths = where.parent, [where]
        toml = _declaration_beside(where)
    declared = read_declared(toml)
    files = [open_parquet(path) for path in paths]
    column = _image_column(files[0].schema_arrow, declared, paths[0])
    names = [name for name in files[0].schema_arrow.names if name != column]
    tables = []
    for path, file in zip(paths, files, strict=True):
        _check_schema(file.schema_arrow, files[0].schema_arrow, path, paths[0])
        tables.append(read_columns(file, path, names))
    lengths = np.array([file.metadata.num_rows for file in files])
    if lengths.sum() == 0:
        raise InputError("{file} has no rows, so there is no picture.", file=str(where))
    columns = {name: pa.concat_arrays([table[name] for table in tables]) for name in names}
    made = make_attributes(
        columns,
        declared,
        length=int(lengths.sum()),
        where=str(where),
        class_names=class_names(files[0].schema_arrow),
    )
    about = [toml] if toml.exists() else []
    return Collection(
        name=declared.name or where.resolve().stem,
        digest=digest_of_files([*about, *paths], root=root),
        attributes=made.attributes,
        images=ParquetImages(
            tuple(_cursor(p, f, column) for p, f in zip(paths, files, strict=True)),
            np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
            int(lengths.sum()),
        ),
        left_out=made.left_out,
        notes=made.notes,
    )


def _declaration_beside(path: Path) -> Path:
    """Return ``NAME.toml`` beside ``NAME.parquet``, or ``collection.toml`` in its folder."""
    named = path.with_suffix(".toml")
    return named if named.exists() else path.parent / "collection.toml"


def _cursor(path: Path, file: pq.ParquetFile, column: str) -> _Cursor:
    sizes = [file.metadata.row_group(g).num_rows for g in range(file.metadata.num_row_groups)]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if sizes else np.zeros(1)
    return _Cursor(path, file, column, starts.astype(np.int64))


def _image_column(schema: pa.Schema, declared: Declared, path: Path) -> str:
    name = declared.images or "image"
    if name not in schema.names:
        raise InputError(
            "{file} has no column {name} with pictures. There are: {columns}. "
            'Name the right one in collection.toml: images = "...".',
            file=str(path),
            name=name,
            columns=tuple(schema.names)[:20],
        )
    kind = schema.field(name).type
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        kind = kind.field("bytes").type
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise InputError(
            "{file}: the column {name} should hold the bytes of picture files, but it holds "
            "{kind}.",
            file=str(path),
            name=name,
            kind=str(kind)[:80],
        )
    return name


def _check_schema(schema: pa.Schema, first: pa.Schema, path: Path, first_path: Path) -> None:
    for field_ in first:
        index = schema.get_field_index(field_.name)
        if index < 0 or not schema.field(index).type.equals(field_.type):
            raise InputError(
                "{file}: the column {name} is missing or of another type than in {other}. "
                "All files of a collection have the same columns.",
                file=str(path),
                name=field_.name,
                other=first_path.name,
            )
