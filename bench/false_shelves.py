"""Count how often a shelf is claimed where there is none.

Codes and attributes are drawn without anything to do with each other: attributes of every kind,
one of them half missing; rows independent, or in groups (of 1, 6 and 26 as in the emoji
collection, or all of different sizes) that codes and attributes both depend on strongly. Each audit
is a whole ``find_shelves``. Printed for each case: the share of audits in which

- any association was found (an adjusted p of at most 5 %): what the permutations promise, and
- any shelf was claimed (a status other than ``none`` and ``undecided``): what a reader sees,

each with its exact binomial interval, and the mean held-out skill (its chance level: 0 or below).

    python bench/false_shelves.py [--audits 400] [--n 200 1000] [--d 2 10] [--rows grouped]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from tanaoroshi.records.attributes import Attribute, Attributes, Floats, Ints, Kind
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.words import Text
from tanaoroshi.shelves import ShelfSettings, find_shelves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.records.stocktake import Shelf

KINDS: tuple[Kind, ...] = (
    "nominal", "nominal", "nominal", "ordinal", "ordinal", "continuous", "continuous", "circular",
)  # fmt: skip
CLASSES = (3, 10, 40, 5, 12)
WITHIN = 0.3  # standard deviation within groups; between groups it is 1


def draw_groups(n: int, rows: str, rng: np.random.Generator) -> Ints | None:
    """Draw the group of each row, (n,), or none."""
    if rows == "independent":
        return None
    if rows == "grouped":
        sizes = rng.choice([1, 6, 26], n, p=[0.785, 0.204, 0.011])
    else:  # "uneven"
        sizes = 1 + rng.geometric(0.1, n)
    return np.repeat(np.arange(n), sizes)[:n]


def draw_audit(n: int, d: int, rows: str, rng: np.random.Generator) -> tuple[Floats, Attributes]:
    """Draw codes (n, d) and attributes that have nothing to do with them."""
    group = draw_groups(n, rows, rng)

    def column() -> Floats:
        within = rng.normal(size=n)
        if group is None:
            return within
        return rng.normal(size=int(group.max()) + 1)[group] + WITHIN * within

    codes = np.column_stack([column() for _ in range(d)])
    codes[:, -1] = np.exp(codes[:, -1])  # a skewed one
    values = np.column_stack([column() for _ in KINDS])
    for a, classes in enumerate(CLASSES):
        cuts = np.quantile(values[:, a], np.linspace(0, 1, classes + 1)[1:-1] ** 1.5)
        values[:, a] = np.searchsorted(cuts, values[:, a])
    values[:, -1] = np.mod(2 * np.pi * values[:, -1], 2 * np.pi)
    values[rng.random(n) < 0.5, -2] = np.nan
    names = tuple(str(v) for v in range(max(CLASSES)))
    specs = tuple(
        Attribute(f"a{a}", kind, Text(f"a{a}", f"a{a}"), names[: CLASSES[a]] if a < 5 else ())
        for a, kind in enumerate(KINDS)
    )
    return codes, Attributes(specs, values, group)


def is_claimed(shelf: Shelf) -> bool:
    """Say whether a shelf is claimed at all."""
    return shelf.status not in ("none", "undecided")


def rate(hits: Sequence[bool]) -> str:
    """Say a rate with its exact 95 % interval, in per cent."""
    found = binomtest(int(np.sum(hits)), len(hits))
    interval = found.proportion_ci()
    return f"{100 * found.statistic:4.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def run(n: int, d: int, rows: str, audits: int, settings: ShelfSettings, seed: int) -> str:
    """Run the audits of one case; return its line of the table."""
    rng = np.random.default_rng([seed, n, d, len(rows)])
    associated, claimed, skills = [], [], []
    start = time.perf_counter()
    for _ in range(audits):
        codes, attributes = draw_audit(n, d, rows, rng)
        shelves = find_shelves(codes, attributes, settings=settings, rng=rng)
        p = [s.p_adjusted for s in shelves if s.p_adjusted is not None]
        associated.append(min(p, default=1.0) <= settings.false_shelves)
        claimed.append(any(is_claimed(s) for s in shelves))
        skills += [
            e.value for s in shelves if isinstance(e := s.evidence.get("all_dimensions"), Estimate)
        ]
    seconds = (time.perf_counter() - start) / audits
    return (
        f"| {rows:11} | {n:5} | {d:2} | {audits:4} | {rate(associated):17} | {rate(claimed):17} "
        f"| {np.mean(skills):6.3f} | {seconds:5.2f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--audits", type=int, default=400)
    parser.add_argument("--n", type=int, nargs="+", default=[200, 1000, 4000])
    parser.add_argument("--d", type=int, nargs="+", default=[2, 10, 32])
    parser.add_argument("--rows", nargs="+", default=["independent", "grouped", "uneven"])
    # Fewer than a stocktake takes, for speed; the promise does not depend on how many there are.
    parser.add_argument("--permutations", type=int, default=99)
    parser.add_argument("--landmarks", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    settings = replace(
        ShelfSettings(), permutations=arguments.permutations, landmarks=arguments.landmarks
    )
    print("| rows        |     n |  d | audits | any association, % | any shelf, % | skill | s |")
    print("|---|---|---|---|---|---|---|---|")
    for rows, n, d in product(arguments.rows, arguments.n, arguments.d):
        print(run(n, d, rows, arguments.audits, settings, arguments.seed), flush=True)


if __name__ == "__main__":
    main()
