"""The store: records stocktakes, lists them, brings them back.

A recorded stocktake is a manifest (a JSON object) that names its document, its codes and its
pictures by their SHA-256. Its id is the beginning of the manifest's own SHA-256, so the same
content has the same id and nothing under an id can change unseen. Objects are written first, one
row in the catalogue last: before that row nothing is recorded, after it everything is.
"""

from __future__ import annotations

import json
import string
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError

from tanaoroshi.errors import InputError, StoreError
from tanaoroshi.records.stocktake import OWN, Exhibit, Stocktake
from tanaoroshi.store.catalogue import (
    baselines,
    connect,
    ensure_tables,
    revision,
    stocktakes,
    writing,
)
from tanaoroshi.store.documents import from_document, to_document
from tanaoroshi.store.objects import FolderObjects, Objects, TableObjects
from tanaoroshi.store.packing import (
    pack_codes,
    pack_exhibit,
    pack_kept,
    pack_rows,
    unpack_codes,
    unpack_exhibit,
    unpack_kept,
    unpack_rows,
)
from tanaoroshi.store.trouble import read_only, told_as_trouble
from tanaoroshi.store.versions import MANIFEST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tanaoroshi.records.codes import ImageRows
    from tanaoroshi.records.kept import Kept

CATALOGUE_FILE = "catalog.sqlite"
OBJECTS_FOLDER = "objects"
ID_LENGTH = 16
SHORTEST_PREFIX = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list of stocktakes.

    ``attributes`` is how many were looked for, ``shelves`` how many have a shelf of their own,
    ``seconds`` how long it took, where that is known.
    """

    id: str
    recorded_at: str
    model: str
    model_version: str
    collection: str
    n: int
    attributes: int
    shelves: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """One line of the list of accepted stocktakes: what later ones are compared with.

    ``accepted_at`` is in UTC, ISO 8601; ``note`` is what the person who accepted it wrote.
    """

    id: str
    accepted_at: str
    note: str


class Recorded(NamedTuple):
    """A stocktake, its pictures (read when looked up), codes, float32 (n, d), and their images."""

    stocktake: Stocktake
    exhibits: Mapping[str, Exhibit]
    codes: NDArray[np.float32] | None
    rows: ImageRows | None


def open_store(where: str | Path, *, create: bool = True) -> Store:
    """Open a store, or begin a new one.

    Parameters
    ----------
    where
        A folder (``catalog.sqlite`` and ``objects/`` in it), or the URL of a database that holds
        both: ``sqlite:///FILE``, ``postgresql://USER@HOST/DATABASE``.
    create
        Begin a new store where there is none; else that is an error.

    Raises
    ------
    InputError
        When ``where`` can't be a store.
    MissingExtra
        When PostgreSQL's driver is not installed.
    StoreError
        When it can't be reached, read or written, or a newer version made it.
    """
    if "://" in str(where):
        return _open_database(str(where), create=create)
    return _open_folder(Path(where), create=create)


def has_store(where: str | Path) -> bool:
    """Say whether a store was begun there; begins none.

    Raises
    ------
    InputError, MissingExtra, StoreError
        As :func:`open_store`, for a database that can't be asked.
    """
    if "://" not in str(where):
        with told_as_trouble(str(where)):
            return (Path(where) / CATALOGUE_FILE).exists()
    url, engine = _database(str(where))
    with told_as_trouble(url.render_as_string(hide_password=True)):
        return _is_begun(engine, url)


def _open_folder(folder: Path, *, create: bool) -> Store:
    name = str(folder)
    catalogue = folder / CATALOGUE_FILE
    with told_as_trouble(name):
        if not catalogue.exists():
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise StoreError(
                    "{where} is not a store: it has no {file}. Name a store, a new folder or an "
                    "empty one with --store.",
                    where=name,
                    file=CATALOGUE_FILE,
                )
            if not create:
                raise _no_store(name)
            folder.mkdir(parents=True, exist_ok=True)
        engine = connect(sa.URL.create("sqlite", database=str(catalogue.absolute())))
        ensure_tables(engine, name)
    return Store(name, engine, FolderObjects(folder / OBJECTS_FOLDER))


def _database(text: str) -> tuple[sa.URL, sa.Engine]:
    try:
        url = sa.make_url(text)
        return url, connect(url)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise InputError(
            "The URL of the store can't be read. Write it as sqlite:///FILE or "
            "postgresql://USER@HOST/DATABASE, or give a folder."
        ) from error


def _open_database(text: str, *, create: bool) -> Store:
    url, engine = _database(text)
    name = url.render_as_string(hide_password=True)
    with told_as_trouble(name):
        if not create and not _is_begun(engine, url):
            raise _no_store(name)
        ensure_tables(engine, name)
    return Store(name, engine, TableObjects(engine))


def _is_begun(engine: sa.Engine, url: sa.URL) -> bool:
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return False  # merely to connect would create the file
    with engine.connect() as connection:
        return revision(connection) is not None


class Store:
    """An open store; see :func:`open_store`. Holds no connection between calls."""

    def __init__(self, where: str, engine: sa.Engine, objects: Objects) -> None:
        self.where = where
        self._engine = engine
        self._objects = objects

    def record(
        self,
        stocktake: Stocktake,
        exhibits: Mapping[str, Exhibit],
        codes: NDArray[np.float32] | None,
        rows: ImageRows | None = None,
        *,
        kept: Kept | None = None,
        seconds: float | None = None,
    ) -> Stocktake:
        """Record a stocktake: all of it or, if anything fails, nothing.

        Parameters
        ----------
        stocktake
            Its ``id`` and ``recorded_at`` are given here.
        exhibits
            Its pictures by name.
        codes
            float32 (n, d), where the model has an encoder.
        rows
            Which images the codes belong to, n of them.
        kept
            What a later stocktake can go on from.
        seconds
            How long it took: told in the list, no part of the content.

        Returns
        -------
        Stocktake
            The same with ``id`` and ``recorded_at``; those of the first time, when the very same
            content was recorded before.

        Raises
        ------
        StoreError
            When the disk is full, the store is read-only or in use.
        """
        with told_as_trouble(self.where):
            content = self._manifest(stocktake, exhibits, codes, rows, kept)
            row = self._enter(self._objects.put(_json(content)), stocktake, seconds)
        return replace(stocktake, id=row.id, recorded_at=row.recorded_at)

    def stocktakes(self) -> tuple[Row, ...]:
        """Return what is recorded, newest first."""
        with told_as_trouble(self.where), self._engine.connect() as connection:
            query = sa.select(*_row_columns(connection)).order_by(stocktakes.c.number.desc())
            return tuple(Row(*found) for found in connection.execute(query))

    def load(self, id_or_prefix: str) -> Recorded:
        """Return a recorded stocktake by its id or the first letters of it.

        Raises
        ------
        InputError
            When no stocktake has this id, or several begin so.
        StoreError
            When something of it is missing, was changed, or a newer version made it.
        """
        with told_as_trouble(self.where):
            row, digest = self._find(id_or_prefix)
            manifest = self._read(digest)
            if manifest.get("schema") != MANIFEST:
                raise StoreError(
                    "The stocktake {id} was recorded by a newer version of tanaoroshi. "
                    "Update tanaoroshi.",
                    id=row.id,
                )
            document = self._read(manifest["document"])
            codes, rows = manifest["codes"], manifest.get("rows")
            return Recorded(
                from_document({**document, "id": row.id, "recorded_at": row.recorded_at}),
                StoredExhibits(self, manifest["exhibits"]),
                None if codes is None else unpack_codes(self._objects.get(codes)),
                None if rows is None else unpack_rows(rows, self._objects.get),
            )

    def row(self, id_or_prefix: str) -> Row:
        """Return the line of one stocktake in the list.

        Raises
        ------
        InputError, StoreError
            As :meth:`load`.
        """
        with told_as_trouble(self.where):
            return self._find(id_or_prefix)[0]

    def kept(self, id_or_prefix: str) -> Kept | None:
        """Return what a stocktake kept for later ones; ``None`` where it kept nothing.

        Raises
        ------
        InputError, StoreError
            As :meth:`load`.
        """
        with told_as_trouble(self.where):
            _, digest = self._find(id_or_prefix)
            entry = self._read(digest).get("kept")
            return None if entry is None else unpack_kept(entry, self._objects.get)

    def accept(self, id_or_prefix: str, note: str = "") -> Baseline:
        """Accept a stocktake: from now on it is the baseline, until another is accepted.

        Earlier lines stay: who was accepted when can always be told.

        Raises
        ------
        InputError
            When no stocktake has this id, or several begin so.
        StoreError
            When the store is full, read-only or in use.
        """
        with told_as_trouble(self.where):
            row, _ = self._find(id_or_prefix)
            # A note from the command line may hold bytes that are no text.
            legible = note.encode("utf-8", "replace").decode().replace("\0", "")
            accepted = Baseline(row.id, _now(), legible)
            with writing(self._engine).begin() as connection:
                if not sa.inspect(connection).has_table(baselines.name):
                    raise read_only(self.where)  # else opening it would have made the table
                connection.execute(sa.insert(baselines).values(**asdict(accepted)))
        return accepted

    def baseline(self) -> str | None:
        """Return the id of the stocktake that was accepted last; ``None`` before the first."""
        accepted = self.baselines()
        return accepted[0].id if accepted else None

    def baselines(self) -> tuple[Baseline, ...]:
        """Return all that were ever accepted, newest first."""
        query = sa.select(baselines.c.id, baselines.c.accepted_at, baselines.c.note)
        with told_as_trouble(self.where), self._engine.connect() as connection:
            if not sa.inspect(connection).has_table(baselines.name):
                return ()  # an old store that may not be written
            newest_first = query.order_by(baselines.c.number.desc())
            return tuple(Baseline(*found) for found in connection.execute(newest_first))

    def _manifest(
        self,
        stocktake: Stocktake,
        exhibits: Mapping[str, Exhibit],
        codes: NDArray[np.float32] | None,
        rows: ImageRows | None,
        kept: Kept | None,
    ) -> dict[str, Any]:
        """Keep document, codes and pictures; return the list of them."""
        document = to_document(stocktake)
        # These two are told by the manifest and the catalogue; they would make the id depend on
        # itself and on the clock.
        del document["id"], document["recorded_at"]
        put = self._objects.put
        content = {
            "schema": MANIFEST,
            "document": put(_json(document)),
            "codes": None if codes is None else put(pack_codes(codes)),
            "rows": None if rows is None else pack_rows(rows, put),
            "exhibits": {name: self._put_exhibit(exhibits, name) for name in sorted(exhibits)},
        }
        # Left out where there is none, so that the ids of what was recorded before stay the same.
        return content if kept is None else content | {"kept": pack_kept(kept, put)}

    def _put_exhibit(self, exhibits: Mapping[str, Exhibit], name: str) -> dict[str, Any]:
        """Keep pictures; those that lie in this store already are only named."""
        if isinstance(exhibits, StoredExhibits) and exhibits.store.where == self.where:
            stored = exhibits.entry(name)
            if stored is not None:
                return dict(stored)
        return pack_exhibit(exhibits[name], self._objects.put)

    def _enter(self, manifest: str, stocktake: Stocktake, seconds: float | None) -> Row:
        """Write the row that makes it recorded, unless it is there."""
        row = Row(
            id=manifest[:ID_LENGTH],
            recorded_at=_now(),
            model=stocktake.model.name,
            model_version=stocktake.model.version,
            collection=stocktake.collection.name,
            n=stocktake.collection.n,
            attributes=len(stocktake.shelves),
            shelves=sum(shelf.status in OWN for shelf in stocktake.shelves),
            seconds=seconds,
        )
        values = {column: getattr(row, column) for column in Row.__slots__}
        try:
            with writing(self._engine).begin() as connection:
                connection.execute(sa.insert(stocktakes).values(manifest=manifest, **values))
        except IntegrityError:
            row, known = self._find(row.id)
            if known != manifest:  # one chance in 2^64 a pair; never overwrite
                raise StoreError(
                    "Another stocktake already has the id {id}. Change the seed and take it again.",
                    id=row.id,
                ) from None
        return row

    def _find(self, prefix: str) -> tuple[Row, str]:
        wanted = prefix.strip().lower()
        legible = len(wanted) >= SHORTEST_PREFIX and set(wanted) <= set(string.hexdigits)
        with self._engine.connect() as connection:
            query = (
                sa.select(*_row_columns(connection), stocktakes.c.manifest)
                .where(stocktakes.c.id.startswith(wanted, autoescape=True))
                .order_by(stocktakes.c.number.desc())
            )
            found = connection.execute(query).all() if legible else []
        if not found:
            raise InputError(
                "The store {where} has no stocktake {id}. Give an id, or at least its first "
                "{least} letters; `tanaoroshi stocktakes` lists them.",
                where=self.where,
                id=prefix[:80],
                least=SHORTEST_PREFIX,
            )
        if len(found) > 1:
            raise InputError(
                "{id} is the beginning of several ids: {ids}. Give more letters.",
                id=prefix,
                ids=tuple(str(one.id) for one in found[:5]),
            )
        *fields, manifest = found[0]
        return Row(*fields), manifest

    def _read(self, digest: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._objects.get(digest))
        return document

    def _exhibit(self, entry: Mapping[str, Any]) -> Exhibit:
        with told_as_trouble(self.where):
            return unpack_exhibit(entry, self._objects.get)


class StoredExhibits(Mapping[str, Exhibit]):
    """Pictures by name, each read and checked when it is looked up; new ones beside them."""

    def __init__(
        self,
        store: Store,
        entries: Mapping[str, Mapping[str, Any]],
        new: Mapping[str, Exhibit] | None = None,
    ) -> None:
        self.store = store
        self._entries = entries
        self._new = new or {}

    def entry(self, name: str) -> Mapping[str, Any] | None:
        """Return what brings a stored one back; ``None`` for a new one."""
        return None if name in self._new else self._entries[name]

    def only(self, names: Collection[str]) -> StoredExhibits:
        """Return some of the stored ones."""
        return StoredExhibits(self.store, {n: e for n, e in self._entries.items() if n in names})

    def beside(self, new: Mapping[str, Exhibit]) -> StoredExhibits:
        """Return the stored ones with new ones, which go first."""
        return StoredExhibits(self.store, self._entries, new)

    def __getitem__(self, name: str) -> Exhibit:
        if name in self._new:
            return self._new[name]
        return self.store._exhibit(self._entries[name])

    def __iter__(self) -> Iterator[str]:
        return iter({**self._entries, **self._new})

    def __len__(self) -> int:
        return len({**self._entries, **self._new})


def _row_columns(connection: sa.Connection) -> list[sa.ColumnElement[Any]]:
    """Return what makes a row; null for what an old table that may not be written lacks."""
    there = {column["name"] for column in sa.inspect(connection).get_columns(stocktakes.name)}
    return [
        stocktakes.c[name] if name in there else sa.null().label(name) for name in Row.__slots__
    ]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _json(document: Mapping[str, Any]) -> bytes:
    """Return strict JSON in UTF-8; the same document gives the same bytes."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")  # file names may hold broken letters


def _no_store(where: str) -> StoreError:
    return StoreError(
        "There is no store at {where} yet. Record a stocktake first, or name the store with "
        "--store.",
        where=where,
    )
