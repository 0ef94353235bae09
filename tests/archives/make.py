"""Record the store that stands for today's format: ``python tests/archives/make.py NAME``.

Run once a format, when it is released; what it wrote is never written again, since the tests open
it for ever.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tanaoroshi.store import open_store

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "store"))


def main(name: str) -> None:
    """Record two stocktakes into a folder that must not exist yet."""
    from conftest import make_codes, make_exhibits, make_stocktake

    folder = HERE / name
    folder.mkdir()
    store = open_store(folder)
    store.record(make_stocktake(0), make_exhibits(), make_codes())
    store.record(make_stocktake(1), {}, None)


if __name__ == "__main__":
    main(sys.argv[1])
