"""How fast codes pass through a stream, against reading the same memory.

``python bench/streams.py [--rows 100000000] [--dimensions 10] [--attributes 5]`` prints a Markdown
table. Some blocks of a million rows, together far larger than the processor's cache, are made once
and passed through again and again; making them is not counted. Reading is ``numpy.add.reduce`` over
the same blocks, in the same run. The first line of streams takes all rows, the others a tenth. The
last two columns count processor time, which other programs on the machine disturb less.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tanaoroshi.metrics import stream
from tanaoroshi.metrics.streamed import compute
from tanaoroshi.stats import sketch
from tanaoroshi.stats.cuts import Cut, edges_of, width_edges
from tanaoroshi.stats.discretize import discretize_codes
from tanaoroshi.stats.information import cross

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Floats

VALUES, BINS, BLOCKS, BLOCK = 8, 20, 6, 1_000_000
LIMIT = 2 << 30


class Block(NamedTuple):
    """A million rows."""

    codes: NDArray[np.float32]
    attributes: NDArray[Any]


class Run(NamedTuple):
    """What came of a run."""

    rows: int
    seconds: float
    busy: float
    size: int


def blocks(dimensions: int, attributes: int) -> list[Block]:
    """Make codes that hold some attributes, with noise."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(BLOCKS):
        v = rng.integers(0, VALUES, (BLOCK, attributes), dtype=np.uint8)
        z = rng.standard_normal((BLOCK, dimensions), dtype=np.float32)
        z[:, : min(dimensions, attributes)] += v[:, :dimensions]
        made.append(Block(z, v))
    return made


def passed(work: Callable[[Block, int], None], table: list[Block], rows: int, threads: int) -> Run:
    """Give blocks in turn to threads, and time it all."""
    count = max(threads, round(rows / BLOCK))

    def share(t: int) -> None:
        for i in range(t, count, threads):
            work(table[i % len(table)], t)

    begin, busy = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(share, range(threads)))
    spent = time.perf_counter() - begin, time.process_time() - busy
    one = table[0].codes.nbytes + table[0].attributes.nbytes
    return Run(count * BLOCK, *spent, count * one)


def read(block: Block, _: int) -> None:
    """Read a block."""
    np.add.reduce(block.codes.ravel())
    np.add.reduce(block.attributes.ravel().view(np.uint64))


def streams(
    edges: tuple[Floats, ...], attributes: int, table: list[Block], rows: int, threads: int
) -> tuple[Run, stream.Stream]:
    """Pass rows through states of their own, one a thread; merging them is part of the time."""
    cuts = [Cut("nominal", np.arange(VALUES, dtype=np.float64))] * attributes
    states = [stream.start(edges, cuts) for _ in range(threads)]

    def work(block: Block, t: int) -> None:
        states[t] = stream.update(states[t], block.codes, block.attributes)

    run = passed(work, table, rows, threads)
    begin = time.perf_counter()
    whole = reduce(stream.merge, states)
    more = time.perf_counter() - begin
    return run._replace(seconds=run.seconds + more, busy=run.busy + more), whole


def sketches(
    dimensions: int, table: list[Block], rows: int, threads: int
) -> tuple[Run, sketch.Sketch]:
    """Pass rows through sketches."""
    states = [sketch.start(dimensions) for _ in range(threads)]

    def work(block: Block, t: int) -> None:
        states[t] = sketch.update(states[t], block.codes)

    run = passed(work, table, rows, threads)
    return run, reduce(sketch.merge, states)


def whole_array(table: list[Block]) -> Run:
    """Count as the metrics of whole arrays do."""

    def work(block: Block, _: int) -> None:
        codes = discretize_codes(block.codes.astype(np.float64), BINS, how="width")
        cross(codes, block.attributes.astype(np.int64)).counts()

    return passed(work, table, BLOCK, 1)


def line(what: str, threads: int, run: Run, reading: Run) -> None:
    """Print a line of the table."""
    share = run.size / run.seconds / (reading.size / reading.seconds)
    busy = run.size / run.busy / (reading.size / reading.busy)
    print(
        f"| {what} | {threads} | {run.rows / 1e6:.0f} | {run.seconds:.1f} "
        f"| {run.rows / run.seconds / 1e6:.1f} | {run.size / run.seconds / 1e9:.2f} | {share:.1%} "
        f"| {run.busy / run.rows * 1e9:.0f} | {busy:.1%} |",
        flush=True,
    )


def machine() -> str:
    """Say what it ran on."""
    cpu = platform.processor() or platform.machine()
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        names = [x for x in listed.read_text().splitlines() if x.startswith("model name")]
        cpu = f"{names[0].split(':')[1].strip()}, {len(names)} cores" if names else cpu
    load = Path("/proc/loadavg")
    busy = f"; load at the start {load.read_text().split()[0]}" if load.exists() else ""
    return f"{cpu}; numpy {np.__version__}, Python {platform.python_version()}{busy}"


def main(rows: int, d: int, k: int) -> None:
    """Print the table."""
    print(f"{machine()}; {d} dimensions float32, {k} attributes of {VALUES} values uint8\n")
    table = blocks(d, k)
    low, high = table[0].codes.min(axis=0), table[0].codes.max(axis=0)
    width = width_edges(low.astype(np.float64), high.astype(np.float64), BINS)
    quantile = edges_of(table[0].codes[:100_000], BINS)
    some = max(rows // 10, BLOCK)
    read_rows = 20 * BLOCK
    print("| what | threads | million rows | s | million rows/s | GB/s | of reading", end="")
    print(" | processor ns a row | of reading |\n|---|---|---|---|---|---|---|---|---|")
    rates = {}
    for threads in (1, 2):
        passed(read, table, read_rows, threads)
        run = passed(read, table, read_rows, threads)
        rates[threads] = run
        line("reading", threads, run, run)
    run, state = streams(width, k, table, rows, 2)
    line("stream, equal width", 2, run, rates[2])
    line("stream, equal width", 1, streams(width, k, table, some, 1)[0], rates[1])
    line("stream, equal counts", 2, streams(quantile, k, table, some, 2)[0], rates[2])
    line("stream, equal counts", 1, streams(quantile, k, table, some, 1)[0], rates[1])
    fewer = [Block(b.codes, b.attributes[:, :1].copy()) for b in table]
    line("stream, one attribute", 1, streams(width, 1, fewer, some, 1)[0], rates[1])
    numbers = [Block(b.codes, b.attributes.astype(np.float64)) for b in table[:2]]
    line("stream, attributes float64", 1, streams(width, k, numbers, some, 1)[0], rates[1])
    run, kept = sketches(d, table, some, 2)
    line("sketch of quantiles", 2, run, rates[2])
    line("sketch of quantiles", 1, sketches(d, table, some, 1)[0], rates[1])
    line("whole array, cut and counted", 1, whole_array(table), rates[1])
    begin = time.perf_counter()
    found = compute(state, rng=np.random.default_rng(0))
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"\n{len(found.metrics)} metrics with intervals from the first: {seconds:.2f} s.")
    print(f"Bound of the sketch's ranks: {sketch.rank_error(kept):.4%} of rows.")
    print(f"Peak memory: {peak / 2**30:.2f} GiB, {'under' if peak < LIMIT else 'OVER'} 2 GiB.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--dimensions", type=int, default=10)
    parser.add_argument("--attributes", type=int, default=5)
    given = parser.parse_args()
    main(given.rows, given.dimensions, given.attributes)
