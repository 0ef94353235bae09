"""Count how often the intervals of shelves cover what they speak of.

One attribute is held by one dimension of four to a share of about 0.7, a second by none; rows are
independent or come in groups (of 1, 6 and 26, codes and attributes alike within them). The truth is
what the same estimate gives on average over all draws of this size: the skill of probes trained on
this much data.

    python bench/shelf_intervals.py [--draws 200]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import product

import numpy as np

from false_shelves import draw_groups, rate
from tanaoroshi.records.attributes import Attribute, Attributes
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.words import Text
from tanaoroshi.shelves import ShelfSettings, find_shelves

EVIDENCE = ("best_dimension", "all_dimensions", "gap", "rank_correlation", "association")


def draw(n: int, rows: str, rng: np.random.Generator) -> dict[str, Estimate]:
    """Draw one collection and measure it; the estimates by name."""
    group = draw_groups(n, rows, rng)

    def column() -> np.ndarray:
        within = rng.normal(size=n)
        if group is None:
            return within
        mixed: np.ndarray = 0.8 * rng.normal(size=int(group.max()) + 1)[group] + 0.6 * within
        return mixed

    size = column()
    codes = np.column_stack([size + 0.6 * column(), *(column() for _ in range(3))])
    names = ("held", "free")
    specs = tuple(Attribute(name, "continuous", Text(name, name)) for name in names)
    attributes = Attributes(specs, np.column_stack([size, column()]), group)
    settings = replace(ShelfSettings(), permutations=49, landmarks=40)
    found = find_shelves(codes, attributes, settings=settings, rng=rng)
    return {
        f"{shelf.attribute}: {name}": estimate
        for shelf in found
        for name in EVIDENCE
        if isinstance(estimate := shelf.evidence[name], Estimate)
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--draws", type=int, default=200)
    arguments = parser.parse_args()
    print("| rows | n | estimate | mean | half interval | covered, % |")
    print("|---|---|---|---|---|---|")
    for rows, n in product(("independent", "grouped"), (300, 2000)):
        rng = np.random.default_rng([n, len(rows)])
        drawn = [draw(n, rows, rng) for _ in range(arguments.draws)]
        for name in drawn[0]:
            found = [d[name] for d in drawn]
            truth = float(np.mean([e.value for e in found]))
            half = float(np.mean([(e.high - e.low) / 2 for e in found]))
            covered = rate([e.low <= truth <= e.high for e in found])
            print(f"| {rows} | {n} | {name} | {truth:.3f} | {half:.3f} | {covered} |", flush=True)


if __name__ == "__main__":
    main()
