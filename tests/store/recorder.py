"""A child process of the tests: records stocktakes and says the id of each once it is recorded.

``recorder.py STORE FIRST LAST`` records those seeds, one after the other.
``recorder.py STORE --killed SECONDS...`` forks a child for each number, which records without an
end until it is killed after so many seconds.
``recorder.py STORE --killed-at FIRST LAST`` forks a child for each number k, which records one and
dies as it is about to touch a file of the store for the k-th time; with ``{}`` in STORE each has
a store of its own, which it begins.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from conftest import make_codes, make_exhibits, make_stocktake
from tanaoroshi.store import open_store


def record(where: str, seed: int) -> None:
    """Record one stocktake; the line is written only when it is recorded."""
    codes = make_codes() + seed
    recorded = open_store(where).record(make_stocktake(seed), make_exhibits(), codes)
    os.write(1, f"{recorded.id}\n".encode())


def die_at(count: int, folder: str) -> None:
    """Die, as by a power cut, right before the count-th touch of a file below the folder."""
    left = itertools.count(count, -1)

    def hook(_: str, args: tuple[object, ...]) -> None:
        if args and str(args[0]).startswith(folder) and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def killed_after(where: str, seconds: float, first_seed: int) -> None:
    """Let a child record without an end, and kill it."""
    child = os.fork()
    if child == 0:
        for seed in itertools.count(first_seed):
            record(where, seed)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def killed_at(where: str, touch: int) -> bool:
    """Let a child record one stocktake; say whether it was killed."""
    child = os.fork()
    if child == 0:
        die_at(touch, where)
        record(where, touch)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main(where: str, *rest: str) -> None:
    """Run what the arguments ask for."""
    import_module("alembic.command")  # else each child would load it anew
    if rest[0] == "--killed":
        for k, seconds in enumerate(rest[1:]):
            killed_after(where, float(seconds), k * 10_000)
    elif rest[0] == "--killed-at":
        for touch in range(int(rest[1]), int(rest[2])):
            if not killed_at(where.format(touch), touch):
                os.write(1, f"survived {touch}\n".encode())
    else:
        for seed in range(int(rest[0]), int(rest[1])):
            record(where, seed)


if __name__ == "__main__":
    main(*sys.argv[1:])
