"""Doubtful labels and ties among made pictures: what is told where nothing is, what is found.

*Labels.* Three kinds of pictures of 40 numbers each, clearly apart, hardly apart, with heavy tails,
in groups of four variants; all labels right, or 2 % swapped. Then the shipped emoji with 2 % of one
attribute swapped: how many of the 24 labels shown first are swapped ones (2 % by chance).

*Ties.* Readers that say anything in a quarter of pictures; the model keeps the tie, strengthens or
loosens it.

    python bench/archive_labels.py [--audits 200]
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from tanaoroshi.archive.doubts import find_doubts
from tanaoroshi.archive.made_ties import Said, made_ties
from tanaoroshi.engine import read_prints
from tanaoroshi.readers.features import describe_plainly
from tanaoroshi.records.attributes import Attribute, Attributes, Kind
from tanaoroshi.records.words import Text
from tanaoroshi.sources import load_collection

if TYPE_CHECKING:
    from tanaoroshi.records.doubts import Doubts
    from tanaoroshi.records.made import MadeTie

SHOWN = 24
WORLDS = {
    "clearly apart": {"apart": 1.2, "heavy": False},
    "hardly apart": {"apart": 0.3, "heavy": False},
    "heavy tails": {"apart": 1.0, "heavy": True},
}


def table(
    labels: np.ndarray, group: np.ndarray | None = None, name: str = "thing", kind: Kind = "nominal"
) -> Attributes:
    """Return a table of one attribute."""
    values = tuple(str(v) for v in range(int(labels.max()) + 1))
    spec = Attribute(name, kind, Text(name, name), values)
    return Attributes((spec,), labels[:, None].astype(float), group)


def world(
    rng: np.random.Generator, n: int = 800, apart: float = 1.2, *, heavy: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Three kinds of pictures, 40 numbers each; from 0.3 on downwards they overlap."""
    labels = rng.integers(0, 3, n)
    noise = rng.standard_t(4, (n, 40)) if heavy else rng.normal(size=(n, 40))
    seen = rng.normal(size=(3, 40))[labels] * apart + noise
    return seen.astype(np.float32), labels


def swap(labels: np.ndarray, share: float, rng: np.random.Generator) -> tuple[np.ndarray, set[int]]:
    """Return labels of which some are wrong, and the rows of these."""
    wrong = np.flatnonzero(rng.random(len(labels)) < share)
    swapped = labels.copy()
    swapped[wrong] = (labels[wrong] + rng.integers(1, 3, len(wrong))) % 3
    return swapped, {int(row) for row in wrong}


def doubted(found: Doubts) -> set[int]:
    """Return the rows that are beyond chance."""
    return {one.row for one in found.found[: found.doubted]}


def joint(tie: float, a: int, b: int) -> np.ndarray:
    """Return a table of shares: unrelated attributes, mixed with ones that decide each other."""
    together = np.zeros((a, b))
    for k in range(max(a, b)):
        together[k % a, k % b] += 1 / max(a, b)
    table: np.ndarray = (1 - tie) / (a * b) + tie * together
    return table


def cramer(table: np.ndarray) -> float:
    """Return the square root of φ² over the smaller side less one, by its definition."""
    a, b = table.shape
    phi = 0.0
    for i in range(a):
        for j in range(b):
            apart = table[i].sum() * table[:, j].sum()
            phi += (table[i, j] - apart) ** 2 / apart
    return float(np.sqrt(phi / (min(a, b) - 1)))


def audit(
    rng: np.random.Generator,
    there: np.ndarray,
    made: np.ndarray,
    *,
    together: bool = False,
    n: int = 1500,
) -> MadeTie:
    """Readers that say anything in a quarter of pictures: each for itself, or in the same ones."""

    def draw(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cell = rng.choice(table.size, n, p=table.ravel())
        return cell // table.shape[1], cell % table.shape[1]

    def read(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bad = rng.random((2, n)) < 0.25
        if together:
            bad[1] = bad[0]
        shape = there.shape
        return (
            np.where(bad[0], rng.integers(0, shape[0], n), a),
            np.where(bad[1], rng.integers(0, shape[1], n), b),
        )

    known, drawn = draw(there), draw(made)
    said, of_made = read(*known), read(*drawn)
    both = [Said(name, known[k], known[k], said[k], of_made[k]) for k, name in enumerate("ab")]
    return made_ties(both, None, level=0.95, rng=rng)[0]


def share(hits: int, n: int) -> str:
    """Return a percentage with its exact 95 % interval."""
    low, high = binomtest(hits, n).proportion_ci()
    return f"{100 * hits / n:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def labels(audits: int) -> None:
    """Print a line for each world."""
    print("| pictures | audits | told where all are right | swapped found | told ones right |")
    print("|---|---|---|---|---|")
    for name, how in WORLDS.items():
        for variants in (1, 4):
            rng = np.random.default_rng(0)
            told = hits = planted = false = 0
            for k in range(audits):
                seen, right = world(rng, 800 // variants, how["apart"], heavy=bool(how["heavy"]))
                swapped, wrong = swap(right, 0.02, rng)
                group = np.repeat(np.arange(len(right)), variants)
                noise = 0.1 * rng.normal(size=(len(group), 40)) if variants > 1 else 0
                seen = (seen[group] + noise).astype(np.float32)
                told += find_doubts(seen, table(right[group], group), rng=rng).doubted > 0
                if k % 4 == 0:
                    rows = doubted(find_doubts(seen, table(swapped[group], group), rng=rng))
                    mine = {row for row in range(len(group)) if int(group[row]) in wrong}
                    hits, planted = hits + len(rows & mine), planted + len(mine)
                    false += len(rows - mine)
            kind = name if variants == 1 else f"{name}, four variants each"
            right_of = share(hits, hits + false) if hits + false else "none told"
            found = share(hits, planted)
            print(
                f"| {kind} | {audits} | {share(told, audits)} | {found} | {right_of} |", flush=True
            )


def emoji() -> None:
    """Print how many of the labels shown first are swapped ones."""
    collection = load_collection("emoji")
    seen = describe_plainly(read_prints(collection).prints.thumbs).astype(np.float32)
    attributes, rng = collection.attributes, np.random.default_rng(0)
    print(f"\n| attribute of emoji | held-out labels told | swapped among the first {SHOWN} |")
    print("|---|---|---|")
    for name in ("category", "subcategory", "skin_tone", "gender"):
        spec = attributes.specs[attributes.names.index(name)]
        column = attributes.column(name).copy()
        known = np.flatnonzero(np.isfinite(column))
        wrong = rng.choice(known, len(known) // 50, replace=False)
        m = len(spec.values)
        column[wrong] = (column[wrong] + rng.integers(1, m, len(wrong))) % m
        found = find_doubts(seen, _only(spec, column, attributes), rng=rng)
        first = np.array([one.row for one in found.found[:SHOWN]], dtype=np.int64)
        told = found.told.get(name, 0.0)
        print(
            f"| {name} | {told:.0%} | {np.isin(first, wrong).sum()} of {len(first)} |", flush=True
        )


def _only(spec: Attribute, column: np.ndarray, attributes: Attributes) -> Attributes:
    return Attributes((spec,), column[:, None], attributes.group)


def ties(audits: int) -> None:
    """Print a line for each change of a tie."""
    print(
        "\n| tie in the collection | among made | audits | stronger | weaker | interval holds it |"
    )
    print("|---|---|---|---|---|---|")
    for there, made in ((0.0, 0.0), (0.3, 0.3), (0.6, 0.6), (0.2, 0.5), (0.6, 0.2)):
        rng = np.random.default_rng(0)
        of_model = joint(made, 3, 3)
        found = [
            audit(rng, joint(there, 3, 3), of_model, together=k % 2 == 0) for k in range(audits)
        ]
        changes = [one.change for one in found]
        truth = cramer(of_model)
        held = sum(one.made.low <= truth <= one.made.high for one in found)
        print(
            f"| {there} | {made} | {audits} | {share(changes.count('stronger'), audits)} | "
            f"{share(changes.count('weaker'), audits)} | {share(held, audits)} |",
            flush=True,
        )


def main() -> None:
    """Run all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=200)
    asked = parser.parse_args()
    labels(asked.audits)
    emoji()
    ties(asked.audits)


if __name__ == "__main__":
    main()
