"""Plant gaps, trends and three-way ties; count how often they are found, within their intervals.

Rows are independent, or in groups of 1 to 4 that share all their values. The truth is known: two
unrelated attributes of which one cell is thinned; a value whose share rises evenly over six steps;
two classes that go together within one value of a third only; an attribute of known diversity;
annotators of known agreement. "False" counts draws in which anything else was told.

    python bench/archive_truth.py [--draws 500] [--n 1000 3000]
"""

from __future__ import annotations

import argparse
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from false_shelves import rate
from tanaoroshi.archive.agreement import agreement_of
from tanaoroshi.archive.classes import Classed, classed
from tanaoroshi.archive.diversity import diversity_of
from tanaoroshi.archive.gaps import find_gaps
from tanaoroshi.archive.three_way import find_three_way
from tanaoroshi.archive.trends import find_trends
from tanaoroshi.records.archive import Agreement
from tanaoroshi.records.attributes import Attribute, Attributes, Ints, Kind
from tanaoroshi.records.words import Text
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tanaoroshi.records.estimates import Estimate

    Columns = dict[str, np.ndarray]

VALUES = tuple(map(str, range(40)))
STEPS = 6
CELL = {"a": "1", "b": "2"}


def table(
    columns: Mapping[str, np.ndarray],
    group: np.ndarray | None = None,
    *,
    kinds: Mapping[str, Kind] | None = None,
    protected: Collection[str] = (),
) -> Attributes:
    """Make a table of nominal attributes, but for ``kinds``."""
    of = kinds or {}
    specs = tuple(
        Attribute(
            name, of.get(name, "nominal"), Text(name, name), VALUES, protected=name in protected
        )
        for name in columns
    )
    return Attributes(specs, np.column_stack(list(columns.values())).astype(float), group)


def classes_of(
    attributes: Attributes, aside: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[list[Classed], Ints | None]:
    """Return the classes and the groups of a table."""
    group = attributes.group
    index = None if group is None else group_index(len(attributes), group)
    return classed(attributes, aside or {}), index


def draw_groups(n: int, rng: np.random.Generator, *, grouped: bool) -> np.ndarray:
    """Draw the group of each row, (n,): groups of 1 to 4 rows, or of one."""
    sizes = rng.integers(1, 5, n) if grouped else np.ones(n, dtype=int)
    return np.repeat(np.arange(n), sizes)[:n]


def thinned(
    n: int, rng: np.random.Generator, *, keep: float, grouped: bool
) -> tuple[Columns, np.ndarray | None, float, float]:
    """Draw two unrelated attributes of which one cell is thinned; return its share, and ratio."""
    joint = np.outer([0.4, 0.3, 0.2, 0.1], [0.3, 0.25, 0.2, 0.15, 0.1])
    joint[1, 2] *= keep
    joint /= joint.sum()
    expected = joint[1].sum() * joint[:, 2].sum()
    group = draw_groups(n, rng, grouped=grouped)
    cell = rng.choice(joint.size, n, p=joint.ravel())[group]
    columns = {"a": cell // 5, "b": cell % 5}
    return columns, group if grouped else None, expected, joint[1, 2] / expected


def rising(
    n: int, first: float, last: float, rng: np.random.Generator, *, grouped: bool = False
) -> tuple[Columns, np.ndarray | None]:
    """Draw a value whose share goes evenly from first to last, beside an attribute that stays."""
    group = draw_groups(n, rng, grouped=grouped)
    year = rng.integers(0, STEPS, n)
    hit = rng.random(n) < first + (last - first) * year / (STEPS - 1)
    stays = rng.integers(0, 3, n)
    columns = {"year": year[group], "kind": hit[group], "stays": stays[group]}
    return columns, group if grouped else None


def within(n: int, rng: np.random.Generator, *, grouped: bool) -> tuple[Columns, np.ndarray | None]:
    """Draw two classes that agree in 75 % of images with c = 2, by chance with c = 0 and 1."""
    group = draw_groups(n, rng, grouped=grouped)
    a, c = rng.integers(0, 2, n), rng.integers(0, 3, n)
    b = np.where(rng.random(n) < np.where(c == 2, 0.75, 0.5), a, 1 - a)
    d = rng.integers(0, 4, n)
    columns = {"a": a[group], "b": b[group], "c": c[group], "d": d[group]}
    return columns, group if grouped else None


class Tally:
    """Of each planted thing: whether it was found, its intervals held, anything false was told."""

    def __init__(self) -> None:
        self.found: list[bool] = []
        self.held: dict[str, list[bool]] = {}
        self.false: list[bool] = []

    def add(self, estimates: Mapping[str, tuple[Estimate, float]], *, false: bool) -> None:
        """Count one draw: each interval with its truth, none where it was not found."""
        self.found.append(bool(estimates))
        self.false.append(false)
        for name, (estimate, truth) in estimates.items():
            self.held.setdefault(name, []).append(estimate.low <= truth <= estimate.high)

    def line(self, what: str, rows: str, n: int) -> str:
        """Return the line of the table."""
        held = "; ".join(f"{name} {rate(hits)}" for name, hits in self.held.items())
        return f"| {what} | {rows} | {n:,} | {rate(self.found)} | {held} | {rate(self.false)} |"


def gap(tally: Tally, n: int, rng: np.random.Generator, *, grouped: bool) -> None:
    """Plant one gap: 15 % of the images that there should be."""
    columns, group, share, ratio = thinned(n, rng, keep=0.15, grouped=grouped)
    classes, index = classes_of(table(columns, group))
    found = {tuple(g.cell.items()): g for g in find_gaps(classes, index, rng=rng).found}
    mine = found.pop(tuple(CELL.items()), None)
    held = {"expected": (mine.expected, n * share), "ratio": (mine.ratio, ratio)} if mine else {}
    tally.add(held, false=bool(found))


def trend(tally: Tally, n: int, rng: np.random.Generator, *, grouped: bool) -> None:
    """Plant a share that rises from 5 to 20 %."""
    columns, group = rising(n, 0.05, 0.2, rng, grouped=grouped)
    classes, index = classes_of(table(columns, group, kinds={"year": "ordinal"}))
    found = {(t.attribute, t.value): t for t in find_trends(classes, index, ("year",)).found}
    mine = found.pop(("kind", "1"), None)
    found.pop(("kind", "0"), None)
    tally.add({"change": (mine.change, 0.15)} if mine else {}, false=bool(found))


def three_way(tally: Tally, n: int, rng: np.random.Generator, *, grouped: bool) -> None:
    """Plant a tie of 0.5 within one value of a third attribute."""
    columns, group = within(n, rng, grouped=grouped)
    classes, index = classes_of(table(columns, group))
    found = {
        frozenset((t.a, t.b, t.given)): t for t in find_three_way(classes, index, rng=rng).found
    }
    mine = found.pop(frozenset("abc"), None)
    held = {}
    if mine and (mine.given, mine.strong) == ("c", "2"):
        held = {"strongest": (mine.strongest, 0.5), "difference": (mine.difference, 0.5)}
    tally.add(held, false=bool(found))


def diversity(tally: Tally, n: int, rng: np.random.Generator, *, grouped: bool) -> None:
    """Draw twelve values of shares 1, 1/2, 1/3 and so on."""
    share = 1 / np.arange(1, 13)
    share /= share.sum()
    group = draw_groups(n, rng, grouped=grouped)
    values = rng.choice(12, n, p=share)[group]
    classes, index = classes_of(table({"a": values}, group if grouped else None))
    (found,) = diversity_of(classes, index, rng=rng)
    one, two = np.exp(-(share * np.log(share)).sum()), 1 / (share**2).sum()
    tally.add({"order 1": (found.effective, one), "order 2": (found.dominant, two)}, false=False)


def agreement(tally: Tally, n: int, rng: np.random.Generator, *, grouped: bool) -> None:
    """Draw three annotators half of whose variance is their own, on a tenth of the images."""
    group = draw_groups(n // 10, rng, grouped=grouped)
    truth, own = rng.normal(size=(n // 10, 1)), rng.normal(size=(n // 10, 3))
    ratings = (truth + own)[group]
    spec = Attribute("a", "continuous", Text("a", "a"))
    found = agreement_of(ratings, spec, group if grouped else None, rng=rng)
    if isinstance(found, Agreement):
        held = {"alpha": (found.alpha, 0.5), "ceiling of mean": (found.ceiling_of_mean, 0.75)}
        tally.add(held, false=False)


PLANTED: dict[str, Callable[..., None]] = {
    "gap": gap,
    "trend": trend,
    "three-way tie": three_way,
    "diversity": diversity,
    "agreement": agreement,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--n", type=int, nargs="+", default=[1000, 3000])
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print("| planted | rows | n | found, % | intervals that hold the truth, % | false, % |")
    print("|---|---|---|---|---|---|")
    for (what, draw), n, grouped in product(PLANTED.items(), asked.n, (False, True)):
        rng, tally = np.random.default_rng([asked.seed, n, grouped, len(what)]), Tally()
        for _ in range(asked.draws):
            draw(tally, n, rng, grouped=grouped)
        print(tally.line(what, "grouped" if grouped else "independent", n), flush=True)


if __name__ == "__main__":
    main()
