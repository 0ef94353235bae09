"""Count how often a gap, a trend or a three-way tie is told where there is none.

Seven attributes of every kind are drawn without anything to do with one another, one of them an
ordinal that stands for time, one half missing; rows independent, in groups (of 1, 6 and 26 as in
the emoji collection) or in groups that nearly all differ in size. All attributes depend strongly
on the group, so that a whole group shows one combination of values. A second world, ``pairs``,
ties some of them in pairs (a chain), and then no three-way tie and no gap against pairs is true.

Printed for each case: the share of audits that tell anything false, with its exact binomial
interval, for each kind of question and for all three together.

    python bench/archive_nulls.py [--audits 500] [--n 600 2000] [--rows grouped] [--world pairs]
"""

from __future__ import annotations

import argparse
import time
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from false_shelves import WITHIN, draw_groups, rate
from tanaoroshi.archive.classes import classed
from tanaoroshi.archive.gaps import find_gaps
from tanaoroshi.archive.three_way import find_three_way
from tanaoroshi.archive.trends import find_trends
from tanaoroshi.records.attributes import Attribute, Attributes, Floats, Kind
from tanaoroshi.records.words import Text
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Ints

KINDS: tuple[Kind, ...] = (
    "ordinal", "nominal", "nominal", "nominal", "ordinal", "continuous", "circular",
)  # fmt: skip
CLASSES = (8, 2, 4, 12, 5)
NAMES = ("year", "two", "four", "twelve", "five", "number", "angle")
TIE = 0.5  # correlation of neighbours in the chain


def draw_table(n: int, rows: str, world: str, rng: np.random.Generator) -> Attributes:
    """Draw attributes that have nothing to do with one another, or are tied in a chain of pairs."""
    group = draw_groups(n, rows, rng)

    def column() -> Floats:
        within = rng.normal(size=n)
        if group is None:
            return within
        between = rng.normal(size=int(group.max()) + 1)[group]
        return np.asarray((between + WITHIN * within) / np.hypot(1, WITHIN))

    values = np.column_stack([column() for _ in KINDS])
    if world == "pairs":
        for a in range(1, len(KINDS)):
            # By the class of the one before, so that it is a chain of what the audit sees: of any
            # three, the one in the middle separates the others, and no three-way tie is true.
            cuts = _cuts(CLASSES[a - 1]) if a <= len(CLASSES) else norm.ppf([0.25, 0.5, 0.75])
            before = _middles(values[:, a - 1], cuts)
            values[:, a] = TIE * before + np.sqrt(1 - TIE**2) * values[:, a]
    for a, classes in enumerate(CLASSES):
        values[:, a] = np.searchsorted(_cuts(classes), values[:, a])
    values[:, -1] = np.mod(2 * np.pi * norm.cdf(values[:, -1]), 2 * np.pi)
    values[rng.random(n) < 0.5, -2] = np.nan
    names = tuple(str(v) for v in range(max(CLASSES)))
    specs = tuple(
        Attribute(name, kind, Text(name, name), names[: CLASSES[a]] if a < len(CLASSES) else ())
        for a, (name, kind) in enumerate(zip(NAMES, KINDS, strict=True))
    )
    return Attributes(specs, values, group)


def _cuts(classes: int) -> Floats:
    """Cut into classes of unequal shares, the rare ones on one side."""
    return np.asarray(norm.ppf(np.linspace(0, 1, classes + 1)[1:-1] ** 1.5))


def _middles(x: Floats, cuts: Floats) -> Floats:
    """Put each value in the middle of its class; a number's classes are its quarters."""
    edges = np.concatenate([[0], norm.cdf(cuts), [1]])
    return np.asarray(norm.ppf((edges[1:] + edges[:-1]) / 2)[np.searchsorted(cuts, x)])


def told(attributes: Attributes, world: str, rng: np.random.Generator) -> tuple[bool, bool, bool]:
    """Say whether a false gap, trend or three-way tie is told."""
    classes = classed(attributes, {})
    index: Ints | None = None
    if attributes.group is not None:
        index = group_index(len(attributes), attributes.group)
    gaps = find_gaps(classes, index, rng=rng).found
    if world == "pairs":
        gaps = tuple(gap for gap in gaps if gap.against == "pairs")
    trends = () if world == "pairs" else find_trends(classes, index, ("year",)).found
    return bool(gaps), bool(trends), bool(find_three_way(classes, index, rng=rng).found)


def run(n: int, rows: str, world: str, audits: int, seed: int) -> str:
    """Run the audits of one case; return its line of the table."""
    rng = np.random.default_rng([seed, n, len(rows), len(world)])
    start = time.perf_counter()
    found = [told(draw_table(n, rows, world, rng), world, rng) for _ in range(audits)]
    seconds = (time.perf_counter() - start) / audits
    gaps, trends, ties = zip(*found, strict=True)
    trend = "not asked" if world == "pairs" else rate(trends)
    return (
        f"| {world:9} | {rows:11} | {n:5} | {audits} | {rate(gaps)} | {trend} | {rate(ties)} "
        f"| {rate([any(one) for one in found])} | {seconds:.2f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--audits", type=int, default=500)
    parser.add_argument("--n", type=int, nargs="+", default=[600, 2000])
    parser.add_argument("--rows", nargs="+", default=["independent", "grouped", "uneven"])
    parser.add_argument("--world", nargs="+", default=["unrelated", "pairs"])
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print("| world | rows | n | audits | gap, % | trend, % | three-way tie, % | any, % | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for world, rows, n in product(asked.world, asked.rows, asked.n):
        print(run(n, rows, world, asked.audits, asked.seed), flush=True)


if __name__ == "__main__":
    main()
