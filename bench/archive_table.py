"""Time and memory of a closer look at a table of attributes, by its number of rows.

Fifteen attributes: ten nominal of 2 to 100 values, two ordinal (one of them a year), two
continuous, one circular; Zipf shares, neighbours tied, 20 % of two columns missing; rows in groups
of 1 to 6. Each size runs in a process of its own, so that its peak memory is its own.

    python bench/archive_table.py [--n 1000 10000 100000 1000000]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

from tanaoroshi.archive.examine import examine
from tanaoroshi.records.attributes import Attribute, Attributes, Floats, Kind
from tanaoroshi.records.words import Text

VALUES = (2, 3, 4, 6, 8, 12, 20, 40, 70, 100, 12, 5)
KINDS: tuple[Kind, ...] = (*("nominal",) * 10, *("ordinal",) * 2, *("continuous",) * 2, "circular")
NAMES = (*(f"nominal {m}" for m in VALUES[:10]), "year", "ordinal 5", "size", "weight", "hue")
MIB = 2**20


def draw_table(n: int, rng: np.random.Generator) -> Attributes:
    """Draw the table."""
    sizes = rng.integers(1, 7, n)
    group = np.repeat(np.arange(n), sizes)[:n]
    values = rng.normal(size=(int(group[-1]) + 1, len(KINDS)))[group]
    values = values + 0.5 * rng.normal(size=values.shape)
    for a in range(1, len(KINDS)):
        values[:, a] += 0.4 * values[:, a - 1]
    for a, m in enumerate(VALUES):
        values[:, a] = _classes(values[:, a], m)
    values[:, -1] = np.mod(values[:, -1], 2 * np.pi)
    values[rng.random(n) < 0.2, 3] = np.nan
    values[rng.random(n) < 0.2, -3] = np.nan
    specs = tuple(
        Attribute(
            name,
            kind,
            Text(name, name),
            tuple(map(str, range(VALUES[a]))) if a < len(VALUES) else (),
            protected=a < 2,
        )
        for a, (name, kind) in enumerate(zip(NAMES, KINDS, strict=True))
    )
    return Attributes(specs, values, group)


def _classes(x: Floats, m: int) -> Floats:
    shares = 1 / np.arange(1, m + 1)
    cuts = np.quantile(x, np.cumsum(shares / shares.sum())[:-1])
    return np.searchsorted(cuts, x).astype(np.float64)


def measure(n: int) -> str:
    """Examine one table; return its line."""
    attributes = draw_table(n, np.random.default_rng(0))
    before = resource.getrusage(resource.RUSAGE_SELF)
    start, cpu = time.perf_counter(), before.ru_utime
    found = examine(attributes, rng=np.random.default_rng(1))
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    peak = after.ru_maxrss * 1024 / MIB
    return (
        f"| {n:,} | {seconds:.1f} | {after.ru_utime - cpu:.1f} | {peak:.0f} | {found.gaps.asked:,} "
        f"| {found.gaps.total:,} | {found.trends.asked:,} | {found.three_way.asked} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--n", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--one", type=int, help="this size, in this process")
    asked = parser.parse_args()
    if asked.one:
        print(measure(asked.one))
        return
    print("| rows | s | s of processor | peak MiB | cells | gaps | shares | triples |")
    print("|---|---|---|---|---|---|---|---|")
    for n in asked.n:
        command = [sys.executable, __file__, "--one", str(n)]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="")


if __name__ == "__main__":
    main()
