"""Killed at any moment, or written by several at once, a store holds all that was recorded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tanaoroshi.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tanaoroshi.records.stocktake import Stocktake

RECORDER = Path(__file__).with_name("recorder.py")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


@pytest.fixture
def quick() -> Iterator[Path]:
    """Use memory where there is such a folder: a killed process leaves it as it leaves a disk."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="tanaoroshi-", dir=memory if memory.is_dir() else None)
    yield Path(folder)
    shutil.rmtree(folder)


def start(*args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", RECORDER, *args],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )


def finish(child: subprocess.Popen[str]) -> list[str]:
    out, _ = child.communicate(timeout=120)
    assert child.returncode == 0
    return out.split("\n")[:-1]


def holds(where: str, told: list[str], another: Stocktake) -> None:
    """Check that all that was told is whole, that all in the list is whole, and that it goes on."""
    store = open_store(where)
    listed = [row.id for row in store.stocktakes()]
    assert set(told) <= set(listed)
    for id_ in listed:
        back = store.load(id_)
        assert back.stocktake.id == id_
        assert back.codes is not None
        assert len(tuple(back.exhibits.values())) == 3
    recorded = store.record(another, {}, None)
    assert store.load(recorded.id).stocktake.id == recorded.id


@pytest.mark.parametrize("kind", ["folder", "database"])
def test_killed_at_random_moments(quick: Path, kind: str, stocktake: Stocktake) -> None:
    where = str(quick / "store") if kind == "folder" else f"sqlite:///{quick}/one.db"
    # From before the store exists to several stocktakes later.
    moments = np.random.default_rng().uniform(0.0, 0.4, 6)
    told = finish(start(where, "--killed", *(f"{seconds:.4f}" for seconds in moments)))
    told += finish(start(where, "900000", "900001"))
    holds(where, told, stocktake)


def test_killed_at_every_touch_while_a_store_is_begun(quick: Path, stocktake: Stocktake) -> None:
    survived = finish(start(str(quick / "store-{}"), "--killed-at", "0", "48"))
    # The last ones ran to their end, so every touch before had its turn of being the last.
    assert "survived 47" in survived
    begun = sorted(quick.iterdir())
    assert len(begun) > 10
    for folder in begun:
        holds(str(folder), [], stocktake)


def test_killed_at_every_touch_while_a_store_goes_on(quick: Path, stocktake: Stocktake) -> None:
    first = finish(start(str(quick), "0", "1"))
    lines = finish(start(str(quick), "--killed-at", "0", "32"))
    assert "survived 31" in lines
    assert "survived 5" not in lines
    told = first + [line for line in lines if not line.startswith("survived")]
    holds(str(quick), told, stocktake)


@pytest.mark.parametrize("kind", ["folder", "database"])
def test_two_write_at_once(quick: Path, kind: str, stocktake: Stocktake) -> None:
    where = str(quick / "store") if kind == "folder" else f"sqlite:///{quick}/one.db"
    # They begin the store at the same time, and half of what they record is the same.
    first, second = start(where, "0", "6"), start(where, "3", "9")
    told = finish(first) + finish(second)
    assert len(told) == 12
    assert len(set(told)) == len(open_store(where).stocktakes()) == 9
    holds(where, told, stocktake)
