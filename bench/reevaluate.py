"""What a re-evaluation costs: a stocktake in full, then one of the same with 1 % new images.

``python bench/reevaluate.py [--model emoji-v2] [--limit N] [--share 0.01] [--truth]`` takes stock
of the shipped emoji without a share of them, drawn at random, then of all of them ``--since`` that.
Each is the command line in a process of its own: imports, loading and recording are in the time.
It prints the seconds of both and their ratio, on the clock and of processor time: where other
programs use the machine too, the latter says more. ``--truth`` also takes stock of all of them in
full, and prints how far the re-evaluation's scores lie from those, and which statuses differ.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from tanaoroshi.data import shipped

COMMAND = [sys.executable, "-c", "from tanaoroshi.cli import main; main()"]


def collection(folder: Path, rows: np.ndarray) -> Path:
    """Write some of the emoji as a collection of its own, with what is declared of them."""
    folder.mkdir()
    table = pq.read_table(shipped("emoji", "emoji.parquet"))
    pq.write_table(table.take(np.sort(rows)), folder / "emoji.parquet")
    shutil.copy(shipped("emoji", "collection.toml"), folder / "collection.toml")
    return folder


def taken(store: Path, *arguments: str) -> tuple[tuple[float, float], dict[str, Any]]:
    """Take stock in a process of its own; return its seconds, of processors too, and document."""
    start, before = time.perf_counter(), _processors()
    done = subprocess.run(
        [*COMMAND, "stocktake", *arguments, "--store", str(store), "--json"],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return (time.perf_counter() - start, _processors() - before), json.loads(done.stdout)


def _processors() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compared(again: dict[str, Any], full: dict[str, Any]) -> None:
    """Print how far two stocktakes of the same images lie apart."""
    pairs = list(zip(again["shelves"], full["shelves"], strict=True))
    alike = [(a, b) for a, b in pairs if a["status"] == b["status"] and _both(a, b)]
    apart = [abs(a["score"]["value"] - b["score"]["value"]) for a, b in alike]
    other = [a["attribute"] for a, b in pairs if a["status"] != b["status"]]
    print(f"| largest difference of a score, same status | {max(apart, default=0):.4f} |")
    print(f"| shelves of another status | {', '.join(other) or 'none'} |")


def _both(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return "value" in a["score"] and "value" in b["score"]


def _said(seconds: tuple[float, float]) -> str:
    return f"{seconds[0]:.1f} s ({seconds[1]:.1f} s of processor time)"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="emoji-v2")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--truth", action="store_true")
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    n = pq.read_metadata(shipped("emoji", "emoji.parquet")).num_rows
    order = rng.permutation(n)[: given.limit]
    new = max(round(given.share * len(order)), 1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        before = collection(folder / "before", order[new:])
        after = collection(folder / "after", order)
        full, first = taken(folder / "store", given.model, str(before))
        again, second = taken(
            folder / "store", given.model, str(after), "--since", str(first["id"])
        )
        images, searched = second["cost"]["encoded"], second["cost"]["searched"]
        print("| what | figure |\n|---|---|")
        print(f"| in full, {len(order) - new:,} images | {_said(full)} |")
        print(f"| since that, {images} new images | {_said(again)} |")
        print(f"| searched for anew | {', '.join(searched) or 'none'} |")
        ratios = [a / b for a, b in zip(again, full, strict=True)]
        print(f"| ratio | {ratios[0]:.1%} ({ratios[1]:.1%} of processor time) |")
        if given.truth:
            seconds, third = taken(folder / "truth", given.model, str(after))
            print(f"| in full, all images | {_said(seconds)} |")
            compared(second, third)


if __name__ == "__main__":
    main()
