"""CSV and Parquet tables, read with care."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from datetime import date
from io import StringIO
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from tanaoroshi.errors import InputError
from tanaoroshi.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What a table of attributes may take in memory; pictures don't count, they are streamed.
MAX_TABLE_BYTES = 2 * 2**30
_BATCH = 2**16
_MISSING_NUMBERS = frozenset({"", "na", "n/a", "nan", "null"})


def read_csv(path: Path) -> tuple[dict[str, pa.Array], int]:
    """Return the columns of a CSV file, and how many empty rows were skipped.

    A column is a column of numbers if each of its cells is a number or missing (empty, NA, N/A,
    NaN, null); true and false make a column of truth values, dates as 2024-05-31 one of dates; all
    else is text, of which only the empty one is missing.

    Raises
    ------
    InputError
        For another encoding than UTF-8, rows of another length, columns of one name.
    """
    content = read_bytes(path, MAX_TABLE_BYTES)
    try:
        text = content.decode("utf-8-sig")
        if "\0" in text:
            raise UnicodeDecodeError("utf-8", content, 0, 1, "a zero byte")
    except UnicodeDecodeError as error:
        raise InputError(
            "{file} is not UTF-8. Save it as UTF-8 (in a spreadsheet: “CSV UTF-8”).",
            file=str(path),
        ) from error
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, path)
        rows, empty = [], 0
        for row in reader:
            if not any(cell.strip() for cell in row):
                empty += bool(row)
                continue
            if len(row) != len(header):
                raise InputError(
                    "{file}, line {line}: there are {got} cells, but the first line names "
                    "{wanted} columns.",
                    file=str(path),
                    line=reader.line_num,
                    got=len(row),
                    wanted=len(header),
                )
            rows.append(row)
    except csv.Error as error:
        raise InputError(
            "{file}, line {line}: this is not CSV ({reason}).",
            file=str(path),
            line=reader.line_num,
            reason=str(error),
        ) from error
    cells = zip(*rows, strict=True) if rows else ((),) * len(header)
    return {name: _typed(column) for name, column in zip(header, cells, strict=True)}, empty


def _check_header(header: list[str], path: Path) -> None:
    if not any(header):
        raise InputError("{file} is empty. Its first line should name the columns.", file=str(path))
    for name in header:
        if not name:
            raise InputError("{file}: a column has no name.", file=str(path))
        if header.count(name) > 1:
            raise InputError(
                "{file}: two columns are called {name}. Rename one.",
                file=str(path),
                name=name[:80],
            )
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        raise InputError(
            "{file}: cells should be separated by commas, not by semicolons or tabs.",
            file=str(path),
        )


def _typed(cells: tuple[str, ...]) -> pa.Array:
    known = {cell.strip().lower() for cell in cells} - _MISSING_NUMBERS
    if known and known <= {"true", "false"}:
        return pa.array([_truth(cell) for cell in cells], pa.bool_())
    for convert, kind in (
        (int, pa.int64()),
        (float, pa.float64()),
        (date.fromisoformat, pa.date32()),
    ):
        try:
            numbers = [
                None if cell.strip().lower() in _MISSING_NUMBERS else convert(cell.strip())
                for cell in cells
            ]
            return pa.array(numbers, kind)
        except (ValueError, OverflowError):
            continue
    return pa.array([cell or None for cell in cells], pa.string())


def _truth(cell: str) -> bool | None:
    word = cell.strip().lower()
    return None if word in _MISSING_NUMBERS else word == "true"


@contextmanager
def reading_parquet(path: Path) -> Iterator[None]:
    """Turn what pyarrow raises on a broken file into a sentence."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
        raise InputError(
            "{file} can't be read as Parquet; it is damaged or something else. "
            "Write or download it again.",
            file=str(path),
        ) from error


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file; pages are read one after the other, never a whole column at once.

    Raises
    ------
    InputError
        When it is no Parquet file or has two columns of one name.
    """
    if _magic(path) != b"PAR1":
        raise InputError(
            "{file} is not a Parquet file. Write or download it again.", file=str(path)
        )
    with reading_parquet(path):
        file = pq.ParquetFile(path, buffer_size=2**18, pre_buffer=False)
        names = file.schema_arrow.names
        groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
        sizes = [group.num_rows for group in groups]
        if min(sizes, default=0) < 0 or sum(sizes) != file.metadata.num_rows:
            raise ValueError(sizes)
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                "{file}: two columns are called {name}. Rename one.", file=str(path), name=name
            )
    return file


def _magic(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(4)
    except OSError as error:
        raise InputError(
            "{file} can't be read ({reason}). Check its permissions.",
            file=str(path),
            reason=error.strerror or str(error),
        ) from error


def read_columns(file: pq.ParquetFile, path: Path, names: list[str]) -> dict[str, pa.Array]:
    """Return some columns of a Parquet file.

    Raises
    ------
    InputError
        When it is damaged, or the columns take more memory than a table may.
    """
    if not names:
        return {}
    batches, size = [], 0
    # Batch by batch, and without looking at the metadata of columns: on damaged ones the library
    # ends the whole process.
    with reading_parquet(path):
        for batch in file.iter_batches(_BATCH, columns=names, use_threads=False):
            batch.validate(full=True)
            batches.append(batch)
            size += batch.nbytes
            if size > MAX_TABLE_BYTES:
                break
        if not batches:
            return {name: pa.array([], file.schema_arrow.field(name).type) for name in names}
        table = pa.Table.from_batches(batches)
        if size <= MAX_TABLE_BYTES and table.num_rows != file.metadata.num_rows:
            raise ValueError(table.num_rows)
    if size > MAX_TABLE_BYTES:
        raise InputError(
            "{file}: its attributes take more than {limit} bytes. Leave out columns.",
            file=str(path),
            limit=MAX_TABLE_BYTES,
        )
    return {name: table.column(name).combine_chunks() for name in names}


def class_names(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """Return the names of classes that Hugging Face datasets write into a Parquet schema."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        found = {
            name: tuple(map(str, feature["names"]))
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return {name: names for name, names in found.items() if len(set(names)) == len(names)}
