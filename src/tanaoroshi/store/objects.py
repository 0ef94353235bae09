"""Content-addressed objects: bytes that are found by their own SHA-256, in a folder or a table.

Writing one that is there already changes nothing, so writers need no order among themselves; one
that no stocktake names (its writer was killed) is harmless.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tanaoroshi.errors import StoreError
from tanaoroshi.store.catalogue import objects, writing

if TYPE_CHECKING:
    from pathlib import Path

_PART_BYTES = 16 * 2**20
"""Databases take a gigabyte at most in one field, and hold it in memory."""


class Objects(Protocol):
    """Where objects lie."""

    def put(self, content: bytes) -> str:
        """Keep ``content`` and return its SHA-256; when this returns, it is on the disk."""

    def get(self, digest: str) -> bytes:
        """Return an object; :class:`StoreError` when it is missing or not what it was."""


class FolderObjects:
    """Objects as files, ``ab/cdef…`` below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Write beside, sync, rename: a file under its final name is always whole."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if _holds(path, digest):
            return digest
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{uuid.uuid4().hex}.part")
        try:
            with beside.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        for folder in (path.parent, self._folder, self._folder.parent):
            _sync_folder(folder)
        return digest

    def get(self, digest: str) -> bytes:
        """Return an object, checked against its name."""
        path = self._path(digest)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise _missing(str(path)) from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise _changed(str(path))
        return content

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest[2:]


class TableObjects:
    """Objects as rows of a table, in parts."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def put(self, content: bytes) -> str:
        """Insert all parts in one transaction."""
        digest = hashlib.sha256(content).hexdigest()
        parts = [
            {"digest": digest, "part": k, "data": content[start : start + _PART_BYTES]}
            for k, start in enumerate(range(0, max(len(content), 1), _PART_BYTES))
        ]
        here = sa.select(objects.c.part).where(objects.c.digest == digest).limit(1)
        try:
            with writing(self._engine).begin() as connection:
                if connection.execute(here).first() is None:
                    connection.execute(sa.insert(objects), parts)
        except IntegrityError:  # another writer has just put the same bytes
            self.get(digest)
        return digest

    def get(self, digest: str) -> bytes:
        """Return an object, checked against its name."""
        query = sa.select(objects.c.data).where(objects.c.digest == digest).order_by(objects.c.part)
        with self._engine.connect() as connection:
            parts = connection.execute(query).scalars().all()
        if not parts:
            raise _missing(digest)
        content = b"".join(parts)
        if hashlib.sha256(content).hexdigest() != digest:
            raise _changed(digest)
        return content


def _holds(path: Path, digest: str) -> bool:
    """Say whether the object lies there unharmed; a harmed one is written again."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut; Windows has no such call and needs none."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _missing(name: str) -> StoreError:
    return StoreError(
        "The object {name} of the store is missing. Restore it from a copy of the store.", name=name
    )


def _changed(name: str) -> StoreError:
    return StoreError(
        "The object {name} of the store was changed after it was recorded: its SHA-256 is no "
        "longer its name. Restore it from a copy of the store.",
        name=name,
    )
