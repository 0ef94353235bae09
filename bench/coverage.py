"""How often the 95 % intervals of the metrics hold the true value, on populations we made.

``python bench/coverage.py [repetitions [population ...]]`` prints a Markdown table. The true value
of a metric is its value on 150,000 independent rows (the bias of a table of counts is below 0.002
there); for codes that know nothing of the attributes, or hold each one twice, the gaps are 0 by
definition.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.metrics import measure
from tanaoroshi.records.attributes import Attribute, Attributes, Kind
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.words import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.records.attributes import Floats

SIZES = {200: 1.0, 1000: 1.0, 4000: 0.5, 20000: 0.15}
NAMES = ("mig", "sap", "dci_disentanglement", "dci_completeness", "dci_informativeness")
KINDS: tuple[Kind, ...] = ("nominal", "ordinal", "continuous")
Population = tuple["Floats", "Floats"]


def factors(n: int, rng: np.random.Generator) -> Floats:
    """Draw three independent attributes: five values, eight steps, a number."""
    return np.stack([rng.integers(0, 5, n), rng.integers(0, 8, n), rng.normal(size=n)], axis=1)


def clear(n: int, rng: np.random.Generator) -> Population:
    """Give each attribute a dimension of its own, with noise; two dimensions know nothing."""
    v = factors(n, rng)
    noise = rng.normal(size=(n, 5))
    return np.hstack([v * [1, 0.6, 1] + noise[:, :3] * [0.4, 0.8, 0.5], noise[:, 3:]]), v


def rotated(n: int, rng: np.random.Generator) -> Population:
    """Mix the same by a rotation: every attribute lies in several dimensions, unequally."""
    z, v = clear(n, rng)
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(5, 5)))[0]
    return z @ turn, v


def tied(n: int, rng: np.random.Generator) -> Population:
    """Put every attribute into two dimensions equally well: all gaps are 0, the hardest case."""
    v = factors(n, rng)
    return np.tile(v, 2) + rng.normal(size=(n, 6)), v


def unrelated(n: int, rng: np.random.Generator) -> Population:
    """Draw codes that know nothing of the attributes."""
    return rng.normal(size=(n, 5)), factors(n, rng)


def clustered(n: int, rng: np.random.Generator) -> Population:
    """Draw rows in groups of five that share their attributes and most of their code."""
    z, v = clear(-(-n // 5), rng)
    rows = np.repeat(np.arange(len(v)), 5)[:n]
    return z[rows] + 0.3 * rng.normal(size=(n, 5)), v[rows]


POPULATIONS: dict[str, Callable[[int, np.random.Generator], Population]] = {
    "clear": clear,
    "rotated": rotated,
    "tied": tied,
    "unrelated": unrelated,
    "clustered": clustered,
}


def estimates(z: Floats, v: Floats, seed: int, *, grouped: bool = False) -> dict[str, Estimate]:
    """Measure one sample."""
    group = np.arange(len(z)) // 5 if grouped else None
    specs = tuple(Attribute(kind, kind, Text(kind, kind)) for kind in KINDS)
    found = measure(z, Attributes(specs, v, group), only=NAMES, rng=np.random.default_rng(seed))
    return {k: e for k, e in found.metrics.items() if isinstance(e, Estimate)}


def main(repetitions: int, *populations: str) -> None:
    """Print the table."""
    print("| population | n | metric | true | mean estimate | covered | width | runs |")
    print("|---|---|---|---|---|---|---|---|")
    for name in populations or POPULATIONS:
        draw = POPULATIONS[name]
        truth = {
            m: e.value for m, e in estimates(*draw(150_000, np.random.default_rng(1)), 0).items()
        }
        if name in ("unrelated", "tied"):
            truth |= {"mig": 0.0, "sap": 0.0}
        for n, share in SIZES.items():
            runs = max(10, int(repetitions * share))
            rows = [
                estimates(*draw(n, np.random.default_rng([r, n])), r, grouped=name == "clustered")
                for r in range(runs)
            ]
            for metric in NAMES:
                if name == "unrelated" and metric.startswith("dci") and "inf" not in metric:
                    # Shares of nothing: without information there is no true value.
                    continue
                found = [row[metric] for row in rows]
                held = np.mean([e.low - 1e-9 <= truth[metric] <= e.high + 1e-9 for e in found])
                value = np.mean([e.value for e in found])
                width = np.mean([e.high - e.low for e in found])
                print(
                    f"| {name} | {n} | {metric} | {truth[metric]:.3f} | {value:.3f} "
                    f"| {held:.1%} | {width:.3f} | {runs} |",
                    flush=True,
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, *sys.argv[2:])
