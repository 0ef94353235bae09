"""Chains of versions: one identity for each dimension, shelf and saved direction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tanaoroshi.change.history import chain
from tanaoroshi.cli import run
from tanaoroshi.comparing import history_of
from tanaoroshi.errors import InputError
from tanaoroshi.workflows import take_and_record
from turned import rotation, signed_permutation, turn_model

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tanaoroshi.records.history import History

TURNS = [
    signed_permutation(5, np.random.default_rng(3), scales=1.0),
    signed_permutation(5, np.random.default_rng(8), scales=1.0),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("history")


@pytest.fixture(scope="module")
def ids(home: Path, disc_model: Path, disc_collection: Path) -> list[str]:
    """Stocktakes of a model, of it turned, and of that turned again."""
    folders = [disc_model, home / "second", home / "third"]
    turn_model(disc_model, folders[1], TURNS[0])
    turn_model(disc_model, folders[2], TURNS[0] @ TURNS[1])
    return [
        take_and_record(str(f), str(disc_collection), store=str(home / "store")).stocktake.id
        for f in folders
    ]


def history(home: Path, ids: Sequence[str], directions: Path | None = None) -> History:
    return history_of(ids, store=str(home / "store"), directions=directions)


def test_each_dimension_keeps_one_identity(home: Path, ids: list[str]) -> None:
    found = history(home, ids)
    threads = {thread.name: thread for thread in found.dimensions}
    for j in range(4):
        second = int(np.flatnonzero(TURNS[0][j])[0])
        third = int(np.flatnonzero(TURNS[1][second])[0])
        assert threads[f"1.{j}"].places == (j, second, third)
    # Nothing stands twice: a place of a version belongs to one thread.
    for k in range(3):
        here = [t.places[k] for t in found.dimensions if t.places[k] is not None]
        assert len(here) == len(set(here))


def test_shelves_are_followed(home: Path, ids: list[str]) -> None:
    found = history(home, ids)
    for thread in found.shelves:
        if thread.attribute in ("across", "down", "brightness", "radius"):
            assert set(thread.changes) <= {"kept", "moved"}
            assert len(thread.shelves) == 3


def test_a_saved_direction_is_carried_through_the_chain(home: Path, ids: list[str]) -> None:
    saved = home / "saved.json"
    vector = np.array([1.0, 0.0, -0.5, 0.0, 0.0])
    saved.write_text(json.dumps({"mine": vector.tolist()}))
    found = history(home, ids, directions=saved)
    (thread,) = found.directions
    assert [one.status for one in thread.steps] == ["kept", "kept"]
    last = thread.steps[-1]
    arrived = last.scale * np.array(last.migrated)
    np.testing.assert_allclose(arrived, vector @ TURNS[0] @ TURNS[1], atol=0.05)


def test_a_dimension_that_is_mixed_ends_and_what_comes_of_it_begins(
    home: Path, ids: list[str], disc_model: Path, disc_collection: Path
) -> None:
    turn_model(disc_model, home / "rotated", rotation(5, (0, 3), np.random.default_rng(0)))
    store = str(home / "store")
    rotated = take_and_record(str(home / "rotated"), str(disc_collection), store=store)
    found = history(home, [ids[0], rotated.stocktake.id, rotated.stocktake.id])
    threads = {thread.name: thread for thread in found.dimensions}
    assert threads["1.0"].statuses == ("mixed", None)
    assert threads["1.0"].places == (0, None, None)
    assert threads["1.1"].places == (1, 1, 1)
    begun = [t for t in found.dimensions if t.places[0] is None and t.places[1] is not None]
    assert {t.places[1] for t in begun} >= {0, 3}


def test_without_ids_the_accepted_baselines_are_the_chain(
    home: Path, ids: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--store", str(home / "store")]
    for each in ids[:2]:
        assert run(["accept", each, *store]) == 0
    capsys.readouterr()
    assert run(["history", *store, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "tanaoroshi/history/1"
    assert [version["id"] for version in document["versions"]] == ids[:2]


@pytest.mark.parametrize("count", [0, 1])
def test_one_version_has_no_history(count: int, home: Path, ids: list[str], tmp_path: Path) -> None:
    store = home / "store" if count else tmp_path
    if count:
        with pytest.raises(InputError, match="at least two"):
            history_of(ids[:1], store=str(store))
    else:
        assert run(["history", "--store", str(store)]) == 2


def test_a_chain_of_one_step_is_its_comparison(home: Path, ids: list[str]) -> None:
    found = history(home, ids[:2])
    again = chain(found.steps, ())
    assert again == found
