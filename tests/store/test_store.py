"""What is recorded stays, whole, under the same id; mistakes get one sentence."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tanaoroshi.errors import InputError, StoreError
from tanaoroshi.records.kept import Errors, Kept, Losses
from tanaoroshi.records.stocktake import Exhibit
from tanaoroshi.store import Row, Store, StoredExhibits, catalogue, open_store
from tanaoroshi.store.documents import from_document, to_document
from tanaoroshi.store.versions import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from tanaoroshi.records.stocktake import Stocktake


@pytest.fixture(params=["folder", "database"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "a%b c") if request.param == "folder" else f"sqlite:///{tmp_path}/one.db"


@pytest.fixture
def store(where: str) -> Store:
    return open_store(where)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_everything_comes_back(
    where: str,
    stocktake: Stocktake,
    exhibits: dict[str, Exhibit],
    codes: NDArray[np.float32],
) -> None:
    recorded = open_store(where).record(stocktake, exhibits, codes)
    back, pictures, numbers, _ = open_store(where, create=False).load(recorded.id)
    assert back == from_document(to_document(recorded))
    assert numbers is not None
    assert numbers.dtype == np.float32
    np.testing.assert_array_equal(numbers, codes)
    assert set(pictures) == set(exhibits)
    for name, exhibit in exhibits.items():
        np.testing.assert_array_equal(pictures[name].frames, exhibit.frames)
        assert pictures[name].columns == exhibit.columns
        assert pictures[name].captions == exhibit.captions


def test_the_list_is_newest_first(store: Store, another: Callable[[int], Stocktake]) -> None:
    ids = [store.record(another(seed), {}, None).id for seed in range(3)]
    rows = store.stocktakes()
    assert [row.id for row in rows] == ids[::-1]
    assert rows[0] == Row(ids[2], rows[0].recorded_at, "emoji-vae", "2", "emoji", 2100, 2, 1)


def test_the_same_content_is_one_stocktake(
    store: Store,
    stocktake: Stocktake,
    exhibits: dict[str, Exhibit],
    codes: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = store.record(stocktake, exhibits, codes)
    again = store.record(
        replace(first, recorded_at="1999"), dict(reversed(exhibits.items())), codes
    )
    assert again == first
    assert len(store.stocktakes()) == 1
    assert store.record(stocktake, exhibits, codes + 1).id != first.id
    assert store.record(stocktake, {}, codes).id != first.id
    assert store.load(first.id).stocktake.recorded_at == first.recorded_at


def test_recording_never_touches_what_is_recorded(
    tmp_path: Path, another: Callable[[int], Stocktake], codes: NDArray[np.float32]
) -> None:
    store = open_store(tmp_path)
    store.record(another(1), {}, codes)
    before = files_of(tmp_path / "objects")
    store.record(another(2), {}, codes)
    after = files_of(tmp_path / "objects")
    assert before.items() <= after.items()
    assert len(after) == len(before) + 2  # a document and a manifest; the codes are the same


def test_large_pictures_are_kept_in_several_strips(
    store: Store, stocktake: Stocktake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tanaoroshi.store.packing._STRIP_PIXELS", 50)
    monkeypatch.setattr("tanaoroshi.store.objects._PART_BYTES", 64)
    frames = np.random.default_rng(0).integers(0, 256, (7, 5, 4, 3), dtype=np.uint8)
    recorded = store.record(stocktake, {"samples": Exhibit(frames, 7)}, None)
    np.testing.assert_array_equal(store.load(recorded.id).exhibits["samples"].frames, frames)


def test_a_prefix_is_enough(store: Store, stocktake: Stocktake) -> None:
    recorded = store.record(stocktake, {}, None)
    assert store.load(recorded.id[:4].upper()).stocktake.id == recorded.id


@pytest.mark.parametrize("wrong", ["", "abc", "zzzzzz", "%%%%", "____", "0" * 16, "é" * 9])
def test_an_unknown_id_says_how_to_list(store: Store, stocktake: Stocktake, wrong: str) -> None:
    store.record(stocktake, {}, None)
    with pytest.raises(InputError, match="`tanaoroshi stocktakes` lists them"):
        store.load(wrong)


def test_an_ambiguous_prefix_names_the_candidates(
    store: Store, another: Callable[[int], Stocktake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tanaoroshi.store.store.SHORTEST_PREFIX", 1)
    ids = sorted(store.record(another(seed), {}, None).id for seed in range(17))
    first = next(a for a, b in pairwise(ids) if a[0] == b[0])
    with pytest.raises(InputError, match=first):
        store.load(first[0])


def test_a_changed_object_is_found_and_named(
    tmp_path: Path, stocktake: Stocktake, exhibits: dict[str, Exhibit], codes: NDArray[np.float32]
) -> None:
    store = open_store(tmp_path)
    recorded = store.record(stocktake, exhibits, codes)
    for name, content in files_of(tmp_path / "objects").items():
        path = tmp_path / "objects" / name
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(StoreError, match=path.name):
            _read_all(store, recorded.id)
        path.unlink()
        with pytest.raises(StoreError, match=f"{path.name} of the store is missing"):
            _read_all(store, recorded.id)
        path.write_bytes(content)
    _read_all(store, recorded.id)


def test_recording_again_heals_a_harmed_object(
    tmp_path: Path, stocktake: Stocktake, codes: NDArray[np.float32]
) -> None:
    store = open_store(tmp_path)
    recorded = store.record(stocktake, {}, codes)
    for name in files_of(tmp_path / "objects"):
        (tmp_path / "objects" / name).write_bytes(b"")
    store.record(stocktake, {}, codes)
    _read_all(store, recorded.id)


def test_a_changed_object_in_a_database_is_found(
    tmp_path: Path, stocktake: Stocktake, codes: NDArray[np.float32]
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/one.db")
    recorded = store.record(stocktake, {}, codes)
    connection = sqlite3.connect(tmp_path / "one.db")
    npy = "substr(data, 2, 5) = CAST('NUMPY' AS BLOB)"
    connection.execute(f"UPDATE tanaoroshi_objects SET data = x'00' WHERE {npy}")
    connection.commit()
    with pytest.raises(StoreError, match="was changed after it was recorded"):
        store.load(recorded.id)
    connection.execute("DELETE FROM tanaoroshi_objects")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="is missing"):
        store.load(recorded.id)


def _read_all(store: Store, id_: str) -> None:
    tuple(store.load(id_).exhibits.values())


def test_another_folder_is_not_a_store(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(StoreError, match=r"is not a store: it has no catalog\.sqlite"):
        open_store(tmp_path)
    with pytest.raises(StoreError, match="is not a store"):
        open_store(tmp_path / "holiday.jpg")
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_catalogue_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_bytes(b"holiday" * 1000)
    with pytest.raises(StoreError, match="damaged or not one of ours"):
        open_store(tmp_path)


def test_no_store_is_begun_unasked(where: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no store at"):
        open_store(where, create=False)
    assert not list(tmp_path.iterdir())


def test_a_store_may_live_beside_other_tables(tmp_path: Path, stocktake: Stocktake) -> None:
    connection = sqlite3.connect(tmp_path / "shared.db")
    connection.execute("CREATE TABLE stocktakes (id TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="There is no store"):
        open_store(f"sqlite:///{tmp_path}/shared.db", create=False)
    assert open_store(f"sqlite:///{tmp_path}/shared.db").record(stocktake, {}, None).id


@pytest.mark.parametrize("url", ["mysql://a@b/c", "sqlite://", "sqlite:///:memory:", "nosuch://x"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="sqlite:///FILE"):
        open_store(url)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(InputError) as caught:
        open_store("oracle://me:secret@host/database")
    assert "secret" not in str(caught.value)


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    open_store(tmp_path)
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute("UPDATE tanaoroshi_version SET version_num = '0999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=r"newer version of tanaoroshi.*0999"):
        open_store(tmp_path)


def test_a_newer_manifest_is_refused(
    tmp_path: Path, stocktake: Stocktake, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("tanaoroshi.store.store.MANIFEST", "tanaoroshi/manifest/2")
        recorded = store.record(stocktake, {}, None)
    with pytest.raises(StoreError, match=f"{recorded.id} was recorded by a newer version"):
        store.load(recorded.id)


def test_the_migrations_make_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    open_store(tmp_path)
    engine = catalogue.connect(sa.make_url(f"sqlite:///{tmp_path}/catalog.sqlite"))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": catalogue.VERSION_TABLE}
        )
        assert compare_metadata(context, catalogue.metadata) == []
    config = Config()
    config.set_main_option("script_location", str(catalogue.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [CATALOGUE]


def test_an_upgrade_that_fails_leaves_nothing_behind(
    tmp_path: Path, stocktake: Stocktake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", fail)
        with pytest.raises(StoreError, match="Input/output error"):
            open_store(tmp_path)
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()
    assert open_store(tmp_path).record(stocktake, {}, None).id


def test_objects_are_what_they_say(
    tmp_path: Path, stocktake: Stocktake, exhibits: dict[str, Exhibit], codes: NDArray[np.float32]
) -> None:
    open_store(tmp_path).record(stocktake, exhibits, codes)
    starts = {content[:6] for content in files_of(tmp_path / "objects").values()}
    assert {b"\x89PNG\r\n", b"\x93NUMPY"} < starts
    documents = [c for c in files_of(tmp_path / "objects").values() if c.startswith(b"{")]
    assert {json.loads(c)["schema"] for c in documents} == {
        "tanaoroshi/stocktake/1",
        "tanaoroshi/manifest/1",
    }


def test_what_is_kept_for_later_comes_back_and_time_is_no_content(
    where: str, stocktake: Stocktake, codes: NDArray[np.float32]
) -> None:
    rng = np.random.default_rng(0)
    losses = rng.normal(size=(7, 2, 6)).astype(np.float32)
    losses[0, 1] = np.nan
    kept = Kept(
        labels=np.array([b"a" * 32, b"b" * 32]),
        logvar=codes - 1,
        losses=Losses(np.arange(7), losses, rng.random((2, 6)) > 0.5),
        errors=Errors(np.arange(3), rng.random((3, 4)).astype(np.float32)),
    )
    store = open_store(where)
    recorded = store.record(stocktake, {}, codes, kept=kept, seconds=2.5)
    assert store.record(stocktake, {}, codes, kept=kept, seconds=9.0) == recorded
    assert store.row(recorded.id).seconds == 2.5
    back = open_store(where).kept(recorded.id[:6])
    assert back is not None
    assert back.errors is not None
    assert back.logvar is not None
    for ours, theirs in (
        (kept.labels, back.labels),
        (codes - 1, back.logvar),
        (losses, back.losses.each),
        (kept.losses.rows, back.losses.rows),
        (kept.losses.trees, back.losses.trees),
        (np.arange(3), back.errors.rows),
    ):
        np.testing.assert_array_equal(ours, theirs)
    without = store.record(stocktake, {}, codes)
    assert without.id != recorded.id
    assert store.kept(without.id) is None
    assert store.row(without.id).seconds is None
    bare = store.record(stocktake, {}, None, kept=replace(kept, logvar=None, errors=None))
    again = store.kept(bare.id)
    assert again is not None
    assert (again.logvar, again.errors) == (None, None)


def test_pictures_that_are_stored_already_are_named_not_written_again(
    where: str, stocktake: Stocktake, exhibits: dict[str, Exhibit], tmp_path: Path
) -> None:
    store = open_store(where)
    first = store.load(store.record(stocktake, exhibits, None).id)
    assert isinstance(first.exhibits, StoredExhibits)
    new = Exhibit(np.ones((1, 5, 4, 3), np.uint8), 1)
    some = first.exhibits.only({"originals", "samples"}).beside({"samples": new})
    assert sorted(some) == ["originals", "samples"]
    assert len(some) == 2
    for place in (store, open_store(tmp_path / "another")):
        back = place.load(place.record(stocktake, some, None).id).exhibits
        assert back["samples"].frames.tobytes() == new.frames.tobytes()
        assert back["originals"].captions == exhibits["originals"].captions
        assert back["originals"].frames.tobytes() == exhibits["originals"].frames.tobytes()
