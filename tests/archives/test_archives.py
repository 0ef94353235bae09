"""Stores of every released format open, read, and go on."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tanaoroshi.records.stocktake import Control
from tanaoroshi.records.words import Text
from tanaoroshi.store import open_store

ARCHIVES = sorted(p for p in Path(__file__).parent.glob("store-*") if p.is_dir())


def test_there_are_archives() -> None:
    assert ARCHIVES


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda p: p.name)
def test_an_old_store_opens(archive: Path, tmp_path: Path) -> None:
    shutil.copytree(archive, tmp_path / "store")
    store = open_store(tmp_path / "store", create=False)
    newest, oldest = store.stocktakes()
    assert (oldest.id, newest.id) == ("7338f0ed00698efd", "b59583167290731d")
    assert (oldest.model, oldest.model_version, oldest.n) == ("emoji-vae", "2", 2100)

    stocktake, exhibits, codes, _ = store.load(oldest.id)
    shelf = stocktake.shelves[0]
    assert shelf.text == Text("Dimension 1 holds hue.", "色相は次元1にあります。")
    assert isinstance(shelf.control, Control)
    assert shelf.control.response == {"hue": (0.1, 0.2, 0.3)}
    assert stocktake.settings["seed"] == 0
    assert stocktake.findings[0].evidence["rows"] == (1, 2)
    assert codes is not None
    np.testing.assert_allclose(codes[0], [0.34558418, 0.82161814], rtol=1e-6)
    assert exhibits["originals"].captions == ("one", "ふたつ")
    assert exhibits["originals"].frames.shape == (2, 5, 4, 1)
    assert exhibits["traversal/hue"].frames[0, 0, 0].tolist() == [95, 130, 194]
    assert exhibits["samples"].frames.shape == (0, 5, 4, 3)

    store.record(stocktake, exhibits, None)
    assert len(store.stocktakes()) == 3
