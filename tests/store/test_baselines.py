"""Who was accepted when: lines are added, and old stores get the table."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tanaoroshi.errors import InputError, StoreError
from tanaoroshi.store import Baseline, has_store, open_store
from tanaoroshi.store.trouble import is_read_only

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.records.stocktake import Stocktake

OLD = Path(__file__).parents[1] / "archives" / "store-1"
OLDEST = "7338f0ed00698efd"
AS_NOBODY = """
import os, sys
from tanaoroshi.errors import StoreError
from tanaoroshi.store import open_store
warm = open_store(sys.argv[2])  # loads what root alone may load
warm.baselines(), warm.load(sys.argv[3])
if os.getuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
store = open_store(sys.argv[1])
print(len(store.stocktakes()), store.load(sys.argv[3]).stocktake.model.name, store.baseline())
try:
    store.accept(sys.argv[3])
except StoreError as error:
    print(error)
"""


@pytest.fixture(params=["folder", "database"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "a b") if request.param == "folder" else f"sqlite:///{tmp_path}/one.db"


def test_the_last_accepted_is_the_baseline(where: str, another: Callable[[int], Stocktake]) -> None:
    assert not has_store(where)
    store = open_store(where)
    assert has_store(where)
    first, second = (store.record(another(seed), {}, None).id for seed in range(2))
    assert store.baseline() is None
    assert store.baselines() == ()
    line = store.accept(first[:5], "Meeting of 4 May: 承認")
    assert line == Baseline(first, line.accepted_at, "Meeting of 4 May: 承認")
    assert store.baseline() == first
    store.accept(second)
    store.accept(first, "back again")
    again = open_store(where, create=False)
    assert again.baseline() == first
    assert [one.id for one in again.baselines()] == [first, second, first]
    assert [one.note for one in again.baselines()] == ["back again", "", line.note]


def test_only_what_is_recorded_can_be_accepted(where: str, stocktake: Stocktake) -> None:
    store = open_store(where)
    store.record(stocktake, {}, None)
    with pytest.raises(InputError, match="`tanaoroshi stocktakes` lists them"):
        store.accept("feedfeed")
    assert store.baselines() == ()


def test_a_note_of_broken_bytes_is_kept_as_well_as_it_can(where: str, stocktake: Stocktake) -> None:
    store = open_store(where)
    recorded = store.record(stocktake, {}, None)
    assert store.accept(recorded.id, "a\udcff\0b").note == "a?b"
    assert store.baselines()[0].note == "a?b"


def test_an_old_store_gets_the_table(tmp_path: Path) -> None:
    shutil.copytree(OLD, tmp_path / "store")
    store = open_store(tmp_path / "store", create=False)
    assert store.baseline() is None
    store.accept(OLDEST)
    assert store.baseline() == OLDEST
    assert len(store.stocktakes()) == 2


def test_an_old_store_that_may_not_be_written_is_read(tmp_path: Path) -> None:
    # pytest's own folders are closed to others, so nobody could not even read there.
    closed = Path(tempfile.mkdtemp(prefix="tanaoroshi-test-"))
    try:
        closed.chmod(0o755)
        where = shutil.copytree(OLD, closed / "store")
        warm = shutil.copytree(OLD, tmp_path / "warm")
        for path in (where, *where.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        said = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(where), str(warm), OLDEST],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
    finally:
        for path in (closed, *closed.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(closed)
    assert said[0] == "2 emoji-vae None"
    assert said[1].startswith(f"The store {where} may not be written or read by you.")


def test_an_upgrade_that_fails_otherwise_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(OLD, tmp_path / "store")

    def fail(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("x", None, sqlite3.OperationalError("disk I/O error"))

    monkeypatch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", fail)
    with pytest.raises(StoreError, match="disk I/O error"):
        open_store(tmp_path / "store")


def test_which_refusals_mean_read_only() -> None:
    class Refused(Exception):
        sqlstate = "42501"

    assert is_read_only(sa.exc.ProgrammingError("x", None, Refused()))
    assert not is_read_only(sa.exc.ProgrammingError("x", None, ValueError()))


def test_where_there_is_no_store(tmp_path: Path) -> None:
    assert not has_store(tmp_path / "none")
    assert not has_store(f"sqlite:///{tmp_path}/none.db")
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="sqlite:///FILE"):
        has_store("nosuch://x")
