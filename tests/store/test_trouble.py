"""Disks that are full and folders that are closed end in one sentence, with nothing half done."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tanaoroshi.errors import MissingExtra, StoreError
from tanaoroshi.store import open_store
from tanaoroshi.store.trouble import told_as_trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from tanaoroshi.records.stocktake import Exhibit, Stocktake

AS_NOBODY = """
import os, sys
sys.path.insert(0, sys.argv[1])
from conftest import make_stocktake
from tanaoroshi.errors import StoreError
from tanaoroshi.store import open_store
open_store(sys.argv[2]).stocktakes()  # loads what root alone may load
if os.getuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
store = open_store(sys.argv[2])
for row in store.stocktakes():
    print("read", store.load(row.id).stocktake.model.name)
try:
    store.record(make_stocktake(7), {}, None)
except StoreError as error:
    print(error)
"""


@pytest.fixture
def closed_to_us() -> Iterator[Path]:
    # pytest's own folders are closed to others, so nobody could not even read there.
    folder = Path(tempfile.mkdtemp(prefix="tanaoroshi-test-"))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_full_disk(
    tmp_path: Path,
    another: Callable[[int], Stocktake],
    codes: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = open_store(tmp_path)
    first = store.record(another(1), {}, codes)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(StoreError, match="is full; nothing of this stocktake was recorded"):
            store.record(another(2), {}, codes + 1)
    assert [row.id for row in store.stocktakes()] == [first.id]
    assert not list(tmp_path.rglob(".*.part"))
    store.record(another(2), {}, codes + 1)


def test_a_full_database(
    tmp_path: Path, another: Callable[[int], Stocktake], exhibits: dict[str, Exhibit]
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/one.db")
    first = store.record(another(1), exhibits, None)

    def small(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes this as: no page more

    event.listen(store._engine, "connect", small)
    with pytest.raises(StoreError, match="is full"):
        store.record(another(2), exhibits, None)
    event.remove(store._engine, "connect", small)
    assert [row.id for row in store.stocktakes()] == [first.id]


def test_a_read_only_store_is_read_and_not_written(
    closed_to_us: Path, stocktake: Stocktake, codes: NDArray[np.float32]
) -> None:
    where = closed_to_us / "store"
    open_store(where).record(stocktake, {}, codes)
    for path in (where, *where.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    here = str(Path(__file__).parent)
    said = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, here, str(where)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert said == [
        "read emoji-vae",
        f"The store {where} may not be written or read by you. Change its permissions, or name "
        "another store with --store.",
    ]


def test_a_busy_store(
    tmp_path: Path, stocktake: Stocktake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tanaoroshi.store.catalogue.BUSY_SECONDS", 0.05)
    store = open_store(tmp_path)
    other = sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="in use by another program"):
        store.record(stocktake, {}, None)
    other.close()
    assert store.record(stocktake, {}, None).id


def test_a_place_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="Not a directory"):
        open_store(tmp_path / "file" / "store")
    with pytest.raises(StoreError, match="unable to open database file"):
        open_store(f"sqlite:///{tmp_path}/no/such/folder/one.db")


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"pip install 'tanaoroshi\[postgres\]'"):
        open_store("postgresql://nobody@localhost/none")


def test_other_faults_of_the_database_keep_their_first_line() -> None:
    with pytest.raises(StoreError, match="no such table: x"), told_as_trouble("here"):
        _ask("SELECT x FROM x")


def _ask(query: str) -> None:
    with sa.create_engine("sqlite://", poolclass=sa.NullPool).connect() as connection:
        connection.exec_driver_sql(query)
