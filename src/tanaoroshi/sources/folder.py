"""A folder of pictures with ``attributes.csv`` or ``attributes.parquet``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tanaoroshi.errors import InputError
from tanaoroshi.files import digest_of_files, inside, read_bytes
from tanaoroshi.records.words import Message, message
from tanaoroshi.sources.collection import Collection, Raw
from tanaoroshi.sources.columns import make_attributes
from tanaoroshi.sources.declared import read_declared
from tanaoroshi.sources.tables import open_parquet, read_columns, read_csv

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Ints

TABLES = ("attributes.csv", "attributes.parquet")
MAX_PICTURE_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class FolderImages:
    """Picture files; ``names`` lie inside of ``folder``."""

    folder: Path
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def read(self, rows: Ints) -> list[Raw]:
        """Return the bytes of some files; empty where one went away or can't be read."""
        return [self._read(self.names[row]) for row in rows]

    def place(self, row: int) -> str:
        """Return the file's name in the folder."""
        return self.names[row]

    def _read(self, name: str) -> bytes:
        try:
            return read_bytes(self.folder / name, MAX_PICTURE_BYTES)
        except InputError:
            return b""


def load_folder(folder: Path) -> Collection:
    """Return the collection in a folder.

    Raises
    ------
    InputError
        When the table is unusable, names files outside of the folder, or none of its files exist.
    """
    found = [folder / name for name in TABLES if (folder / name).exists()]
    if len(found) != 1:
        raise InputError(
            "{file} holds two tables: {names}. Keep one.", file=str(folder), names=TABLES
        )
    table = found[0]
    columns, left_out = _read_table(table)
    declared = read_declared(folder / "collection.toml")
    if "file" not in columns:
        raise InputError(
            "{file} has no column file, which names the pictures. There are: {columns}.",
            file=str(table),
            columns=tuple(columns)[:20],
        )
    names = columns.pop("file").to_pylist()
    rows, absent = _usable(folder, table, names, columns)
    columns = {name: column.take(pa.array(rows)) for name, column in columns.items()}
    made = make_attributes(columns, declared, length=len(rows), where=str(table))
    kept = tuple(str(names[row]) for row in rows)
    return Collection(
        name=declared.name or folder.resolve().name,
        digest=_digest(folder, table, kept),
        attributes=made.attributes,
        images=FolderImages(folder, kept),
        left_out=(*left_out, *absent, *made.left_out),
        notes=made.notes,
    )


def _read_table(table: Path) -> tuple[dict[str, pa.Array], list[Message]]:
    if table.suffix == ".parquet":
        file = open_parquet(table)
        return read_columns(file, table, file.schema_arrow.names), []
    columns, empty = read_csv(table)
    if empty:
        return columns, [message("{file}: empty rows were skipped: {n}.", file=table.name, n=empty)]
    return columns, []


def _usable(
    folder: Path, table: Path, names: list[object], columns: dict[str, pa.Array]
) -> tuple[list[int], list[Message]]:
    """Return the rows whose picture exists, each picture once; and what was left out."""
    if not names:
        raise InputError("{file} has no rows, so there is no picture.", file=str(table))
    first: dict[str, int] = {}
    repeated, absent = 0, []
    for row, name in enumerate(names):
        if not isinstance(name, str) or not name:
            raise InputError("{file}, row {row}: no file is named.", file=str(table), row=row + 1)
        if name in first:
            _check_same(table, columns, first[name], row)
            repeated += 1
            continue
        path = inside(folder, name, named_in=f"{table}, row {row + 1}")
        if path.is_file():
            first[name] = row
        else:
            absent.append(name)
    if not first:
        raise InputError(
            "{file}: none of the {n} pictures that it names exists in {folder} (the first is "
            "{name}).",
            file=str(table),
            n=len(names),
            folder=str(folder),
            name=absent[0],
        )
    said = []
    if absent:
        said.append(
            message(
                "Pictures that are named, but don't exist, were left out: {n} ({names}).",
                n=len(absent),
                names=_some(absent),
            )
        )
    if repeated:
        said.append(message("Rows that repeat an earlier one were left out: {n}.", n=repeated))
    return list(first.values()), said


def _check_same(table: Path, columns: dict[str, pa.Array], first: int, again: int) -> None:
    for name, column in columns.items():
        if column[first].as_py() != column[again].as_py():
            raise InputError(
                "{file}: rows {first} and {again} name the same picture, but differ in {name}. "
                "Keep one.",
                file=str(table),
                first=first + 1,
                again=again + 1,
                name=name,
            )


def _some(names: list[str], most: int = 5) -> tuple[str, ...]:
    return (*names[:most], "…") if len(names) > most else tuple(names)


def _digest(folder: Path, table: Path, names: tuple[str, ...]) -> str:
    about = [path for path in (table, folder / "collection.toml") if path.exists()]
    pictures = [folder / name for name in sorted(names)]
    return digest_of_files([*about, *pictures], root=folder)
