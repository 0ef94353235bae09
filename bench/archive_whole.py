"""The whole archive of a collection, as a user asks for it: time and memory by number of images.

Drawn pictures of 64 × 64 as PNG in one Parquet file, a twentieth of them edited copies of earlier
ones (as in bench/copies.py), with fifteen attributes in groups (as in bench/archive_table.py). The
command runs in a process of its own. The limits are 5 minutes and 4 GiB for 100,000 images on 2
cores.

    python bench/archive_whole.py [--n 1000 10000 100000] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from archive_table import draw_table
from copies import BATCH, KINDS, SHARE, draw, edit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Ints

GIB = 2**30
TOML = """schema = "tanaoroshi/collection/1"
name = "drawn"
group = "group"
"""


def write(n: int, path: Path, rng: np.random.Generator) -> None:
    """Write a collection of n images, batch by batch."""
    table = draw_table(n, rng)
    assert table.group is not None
    declared = [TOML]
    columns: dict[str, pa.Array] = {"group": pa.array(table.group)}
    for spec, column in zip(table.specs, table.values.T, strict=True):
        known = np.isfinite(column)
        name = spec.name.replace(" ", "_")
        if spec.values:
            values = np.array([f"v{v:03}" for v in np.nan_to_num(column).astype(int)])
        else:
            values = np.degrees(column) if spec.kind == "circular" else column
        columns[name] = pa.array(values, mask=~known)
        declared.append(f'[attributes.{name}]\nkind = "{spec.kind}"')
        if spec.kind == "circular":
            declared.append("period = 360")
        if spec.kind == "ordinal":
            declared.append(f"order = {[f'v{k:03}' for k in range(len(spec.values))]}")
        if spec.protected:
            declared.append("protected = true")
    path.with_suffix(".toml").write_text("\n".join(declared))
    schema = pa.schema([("image", pa.binary()), *((k, v.type) for k, v in columns.items())])
    with pq.ParquetWriter(path, schema) as writer:
        for at in range(0, n, BATCH):
            rows = np.arange(at, min(at + BATCH, n))
            images = [_png(picture) for picture in _batch(len(rows), rng)]
            part = {name: column.take(pa.array(rows)) for name, column in columns.items()}
            writer.write_table(pa.table({"image": images, **part}, schema=schema))


def _batch(n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    pictures = draw(n, rng)
    copied: Ints = rng.choice(np.arange(n // 2, n), int(SHARE * n), replace=False)
    for row in copied:
        kind = str(rng.choice(KINDS))
        source = pictures[rng.integers(n // 2)]
        pictures[row] = source if kind == "exact" else edit(source, kind, rng)
    return pictures


def _png(picture: NDArray[np.uint8]) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def main() -> None:
    """Write each collection, take its archive, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="*", default=[1000, 10_000, 100_000])
    parser.add_argument("--keep", type=Path, help="folder in which collections are kept")
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores", flush=True)
    print("| images | s | s of processor | peak GiB | findings |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as passing:
        folder = asked.keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        for n in asked.n:
            path = folder / f"drawn-{n}.parquet"
            if not path.exists():
                write(n, path, np.random.default_rng(n))
            print(_line(n, path), flush=True)


def _line(n: int, path: Path) -> str:
    command = "import sys; from tanaoroshi.cli import run; sys.exit(run(sys.argv[1:]))"
    argv = [sys.executable, "-c", command, "archive", str(path), "--json"]
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # The largest child so far: sizes rise, so it is this one.
    peak = after.ru_maxrss * 1024 / GIB
    findings = done.stdout.count('"severity"')
    return f"| {n:,} | {seconds:.1f} | {used:.1f} | {peak:.2f} | {findings} |"


if __name__ == "__main__":
    main()
