"""The same store in a real PostgreSQL, started for these tests in a folder of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tanaoroshi.errors import StoreError
from tanaoroshi.store import open_store
from tanaoroshi.store.documents import from_document, to_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from tanaoroshi.records.stocktake import Exhibit, Stocktake

pytest.importorskip("psycopg", reason="needs the extra 'postgres'")


def _binaries() -> Path | None:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    on_path = shutil.which("pg_ctl")
    found = [*debian, *([Path(on_path)] if on_path else [])]
    return found[-1].resolve().parent if found else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a server on the loopback and return its URL; PostgreSQL refuses to run as root."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    data = Path(tempfile.mkdtemp(prefix="tanaoroshi-pg-"))
    user = None
    if os.geteuid() == 0:
        user = "nobody"
        shutil.chown(data, user)

    def run(*command: str | Path) -> None:
        done = subprocess.run(command, user=user, cwd=data, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    port = _free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {data} -c fsync=off"
    try:
        run(binaries / "initdb", "-D", data / "db", "-U", "tester", "-A", "trust", "-E", "UTF8")
        run(
            binaries / "pg_ctl", "-D", data / "db", "-l", data / "log", "-w", "-o", options, "start"
        )
        yield f"postgresql://tester:secret@127.0.0.1:{port}/postgres"
        run(binaries / "pg_ctl", "-D", data / "db", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(data)


def test_several_begin_and_write_at_once(
    server: str, another: Callable[[int], Stocktake], codes: NDArray[np.float32]
) -> None:
    with pytest.raises(StoreError, match="There is no store at") as caught:
        open_store(server, create=False)
    assert "secret" not in str(caught.value)

    def record(k: int) -> str:
        return open_store(server).record(another(k % 4), {}, codes).id

    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(record, range(8)))
    assert len(set(ids)) == 4
    assert {row.id for row in open_store(server, create=False).stocktakes()} == set(ids)


def test_everything_comes_back(
    server: str,
    stocktake: Stocktake,
    exhibits: dict[str, Exhibit],
    codes: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tanaoroshi.store.objects._PART_BYTES", 100)
    recorded = open_store(server).record(stocktake, exhibits, codes + 1)
    back, pictures, numbers, _ = open_store(server).load(recorded.id[:8])
    assert back == from_document(to_document(recorded))
    assert numbers is not None
    np.testing.assert_array_equal(numbers, codes + 1)
    for name, exhibit in exhibits.items():
        np.testing.assert_array_equal(pictures[name].frames, exhibit.frames)


def test_the_last_accepted_is_the_baseline(
    server: str, another: Callable[[int], Stocktake]
) -> None:
    store = open_store(server)
    first, second = (store.record(another(seed), {}, None).id for seed in (11, 12))
    for accepted in (first, second, first):
        store.accept(accepted, "承認")
    again = open_store(server, create=False)
    assert again.baseline() == first
    assert [(line.id, line.note) for line in again.baselines()] == [
        (first, "承認"),
        (second, "承認"),
        (first, "承認"),
    ]


def test_a_server_that_does_not_answer() -> None:
    with pytest.raises(StoreError, match=r"can't be used.*refused") as caught:
        open_store(f"postgresql://tester:secret@127.0.0.1:{_free_port()}/postgres")
    assert "secret" not in str(caught.value)
