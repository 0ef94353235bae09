"""How often an update that changed nothing is called worse: by the gate, for shelves, dimensions.

An update has a base and a candidate that do not differ in truth: codes of a population with four
attributes (or several times these), the images' own content plus noise of the encoder, drawn anew
for either. ``size`` and ``step`` have a dimension of their own, ``era`` has too and is tied to
``size`` in the collection, four fifths of ``grain`` lie in one dimension and one fifth in another,
so that its status stands on a threshold; one dimension is collapsed.

- *same images*: the candidate's dimensions but the first are permuted, flipped and rescaled.
- *fresh images*: as many from the same population; no image is common.

Every update takes the whole way: shelves, metrics, archive, error of reconstruction, comparison,
verdict. The *usual* policy has margins, as people set them. The *strict* one has none: each of its
bounds is the true value itself, so that its level is put to the test where it is hardest to keep.

    python bench/no_change.py [--updates 500] [--n 600] [--times 1] [--only same fresh]

prints for each variant how often each rule failed, was undecided or passed, what became of
dimensions and shelves, and, per update, every kind of false alarm with its exact binomial interval.
The settings are those of a stocktake but for fewer permutations, folds, knots, landmarks and trees,
for speed.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import binomtest

from tanaoroshi.archive import take_archive
from tanaoroshi.audit.dimensions import dimension_states
from tanaoroshi.audit.reconstruction import reconstruction_error
from tanaoroshi.comparing import compare_stocktakes
from tanaoroshi.gate import judge, read_policy
from tanaoroshi.metrics import measure
from tanaoroshi.records.attributes import Attribute, Attributes, Floats
from tanaoroshi.records.codes import ImageRows
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.stocktake import CollectionRef, ModelRef, Stocktake
from tanaoroshi.records.words import Text
from tanaoroshi.shelves import ShelfSettings, find_shelves
from tanaoroshi.workflows import Audit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tanaoroshi.gate import Policy
    from tanaoroshi.records.attributes import Kind
    from tanaoroshi.records.comparison import Comparison, Verdict

Variant = Literal["same", "fresh"]

BLOCK: tuple[tuple[str, Kind], ...] = (
    ("size", "continuous"),
    ("step", "ordinal"),
    ("era", "continuous"),
    ("grain", "continuous"),
)
WIDTH = 6
"""Dimensions of a block: one each, a second for ``grain``, one that is collapsed."""
TIE = 0.5
NOISE = 0.3
"""Standard deviation of the encoder's noise, that of the content being 1."""
PIXEL_NOISE = 0.1
METRICS = {"mig": 0.1, "sap": 0.1, "modularity": 0.1, "jemmig": 0.3, "total_correlation": 0.15}
"""With the margins of the usual policy."""
LOWER = ("jemmig", "total_correlation")
QUICK = replace(ShelfSettings(), permutations=99, folds=3, knots=6, landmarks=12, trees=1)
MANY = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """What is on n images: attributes, and what an encoder without noise says, (n, d)."""

    attributes: Attributes
    content: Floats
    first: int


def draw_images(n: int, times: int, rng: np.random.Generator, *, first: int = 0) -> Images:
    """Draw images of the population; ``first`` numbers them."""
    columns, content, specs = [], [], []
    for block in range(times):
        size = rng.standard_normal(n)
        step = rng.integers(0, 6, n)
        era = TIE * size + np.sqrt(1 - TIE**2) * rng.standard_normal(n)
        most, rest = rng.standard_normal((2, n))
        grain = np.sqrt(0.8) * most + np.sqrt(0.2) * rest
        columns += [size, step, era, grain]
        nothing = np.zeros(n)
        content += [size, (step - 2.5) / 1.7, era, most, rest, nothing]
        specs += [
            Attribute(f"{name}{block or ''}", kind, Text(name, name), tuple("012345"))
            for name, kind in BLOCK
        ]
    values = np.column_stack(columns).astype(np.float64)
    return Images(Attributes(tuple(specs), values, None), np.column_stack(content), first)


def encode(images: Images, rng: np.random.Generator) -> Floats:
    """Return codes (n, d) with the noise of one training; the collapsed dimension is all noise."""
    codes = images.content + NOISE * rng.standard_normal(images.content.shape)
    codes[:, WIDTH - 1 :: WIDTH] *= 0.03
    return codes


def turned(codes: Floats, rng: np.random.Generator) -> Floats:
    """Permute, flip and rescale all dimensions but the first."""
    d = codes.shape[1]
    order = np.concatenate([[0], 1 + rng.permutation(d - 1)])
    sign = np.concatenate([[1], rng.choice([-1, 1], d - 1)])
    return np.asarray(codes[:, order] * sign * np.exp(rng.uniform(-0.5, 0.5, d)))


def reconstructed(n: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Draw pictures (n, 4, 4, 1) in the middle of the scale, and what a decoder gives back."""
    pictures = rng.uniform(0.4, 0.6, (n, 4, 4, 1))
    return {
        "originals": pictures,
        "reconstructions": pictures + PIXEL_NOISE * rng.standard_normal(pictures.shape),
    }


def take(images: Images, codes: Floats, name: str, rng: np.random.Generator) -> Audit:
    """Take stock of codes, as the real route does."""
    attributes, n = images.attributes, len(codes)
    stocktake = Stocktake(
        model=ModelRef("model", name, name),
        collection=CollectionRef("population", n, str(images.first)),
        settings={},
        attributes=attributes.specs,
        dimensions=dimension_states(codes, None, standard_prior=True),
        shelves=find_shelves(codes, attributes, settings=QUICK, rng=rng),
        metrics=measure(codes, attributes, only=tuple(METRICS), rng=rng).metrics,
        metrics_per_attribute={},
        reconstruction=reconstruction_error(**reconstructed(n, rng), group=None),
        archive=take_archive(attributes, rng=rng),
        readers=(),
        findings=(),
        summary=(),
        left_out=(),
        id=name,
    )
    keys = np.array([b"%032d" % (images.first + i) for i in range(n)], dtype="S32")
    return Audit(stocktake, {}, codes.astype(np.float32), ImageRows(keys, None))


def update(
    variant: Variant, n: int, times: int, rng: np.random.Generator
) -> tuple[Comparison, Audit]:
    """Draw an update that changes nothing; return its comparison, and the candidate."""
    images = draw_images(n, times, rng)
    again = images if variant == "same" else draw_images(n, times, rng, first=n)
    codes = encode(again, rng)
    candidate = take(again, turned(codes, rng) if variant == "same" else codes, "candidate", rng)
    base = take(images, encode(images, rng), "base", rng)
    found = compare_stocktakes(base, candidate, seed=int(rng.integers(2**31)))
    return found.comparison, candidate


def true_numbers(times: int) -> dict[str, float]:
    """Return the metrics on so many rows that chance plays no part in them."""
    rng = np.random.default_rng(99)
    images = draw_images(MANY, times, rng)
    found = measure(encode(images, rng), images.attributes, only=tuple(METRICS), rng=rng).metrics
    return {name: one.value for name, one in found.items() if isinstance(one, Estimate)}


def policies(truth: Mapping[str, float]) -> dict[str, Policy]:
    """Return a policy with margins and one without, each with every kind of rule."""
    shelves = [
        {"shelf": "size", "require": "kept"},
        {"shelf": "step", "require": "kept_or_moved"},
        {"shelf": "era", "require": "kept_or_moved"},
        {"shelf": "grain", "require": "not_broken"},
    ]
    tie, mse = float(6 / np.pi * np.arcsin(TIE / 2)), PIXEL_NOISE**2
    usual = [
        *({"metric": name, "max_drop": drop} for name, drop in METRICS.items()),
        {"metric": "mig", "min": truth["mig"] - 0.1, "id": "mig-min"},
        {"tie": ["size", "era"], "max": tie + 0.15, "max_rise": 0.2},
        {"reconstruction": "mse", "max": 1.1 * mse, "max_rise": 0.1},
    ]
    strict = [
        *({"metric": name, "max_drop": 0} for name in METRICS),
        *({"metric": name, "max": truth[name], "id": f"{name}-max"} for name in LOWER),
        *(
            {"metric": name, "min": truth[name], "id": f"{name}-min"}
            for name in METRICS
            if name not in LOWER
        ),
        {"tie": ["size", "era"], "max_rise": 0},
        {"tie": ["size", "era"], "max": tie, "id": "tie-max"},
        {"reconstruction": "mse", "max_rise": 0},
        {"reconstruction": "mse", "max": mse, "id": "mse-max"},
    ]
    return {
        name: read_policy({"level": 0.95, "rule": [*shelves, *rules]}, f"{name}.toml")
        for name, rules in (("usual", usual), ("strict", strict))
    }


@dataclass(slots=True)
class Tally:
    """What became of some updates."""

    updates: int = 0
    rules: dict[str, Counter[str]] = field(default_factory=dict)
    dimensions: Counter[str] = field(default_factory=Counter)
    shelves: dict[str, Counter[str]] = field(default_factory=dict)
    alarms: Counter[str] = field(default_factory=Counter)

    def add(
        self, comparison: Comparison, verdicts: Mapping[str, Verdict], stayed: tuple[str, ...]
    ) -> None:
        """Count one update; the shelves of ``stayed`` are where they were."""
        self.updates += 1
        for name, verdict in verdicts.items():
            for rule in verdict.rules:
                line = self.rules.setdefault(f"{name}: {rule.id}", Counter())
                line[rule.verdict] += 1
            self.rules.setdefault(f"{name}: **the verdict**", Counter())[verdict.verdict] += 1
            self.alarms[f"the {name} policy fails"] += verdict.verdict == "fail"
        dimensions = [m.status for m in comparison.dimensions if m.base is not None]
        self.dimensions.update(dimensions)
        changes = [move.status for move in comparison.shelves]
        for move in comparison.shelves:
            self.shelves.setdefault(move.attribute, Counter())[move.status] += 1
        named = [f for f in comparison.findings if f.id.startswith("metric-")]
        self.alarms["a shelf is broken or weaker"] += any(
            c in ("broken", "weaker") for c in changes
        )
        self.alarms["a shelf that stayed is called moved"] += any(
            m.status == "moved" and m.attribute.startswith(stayed) for m in comparison.shelves
        )
        self.alarms["a shelf is gained"] += "gained" in changes
        self.alarms["a dimension is lost or mixed"] += any(
            s in ("lost", "mixed") for s in dimensions
        )
        self.alarms["a number is named as changed"] += bool(named)

    def lines(self) -> Iterable[str]:
        """Return the tables, line by line."""
        yield from ("| rule | fail | undecided | pass |", "|---|---|---|---|")
        for name, line in self.rules.items():
            yield f"| {name} | {line['fail']} | {line['undecided']} | {line['pass']} |"
        yield from ("", "| shelf | statuses |", "|---|---|")
        for name, line in self.shelves.items():
            yield f"| {name} | {_said(line)} |"
        yield from ("", f"Dimensions: {_said(self.dimensions)}.", "")
        yield from ("| false alarm in an update | updates | % |", "|---|---|---|")
        for name, count in self.alarms.items():
            yield f"| {name} | {count} of {self.updates} | {rate(count, self.updates)} |"


def _said(line: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in line.most_common())


def rate(count: int, of: int) -> str:
    """Say a rate with its exact 95 % interval, in per cent."""
    interval = binomtest(count, of).proportion_ci()
    return f"{100 * count / of:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def judged(
    tally: Tally, variant: Variant, n: int, times: int, rules: dict[str, Policy], seed: int
) -> None:
    """Draw, compare and judge the next update, and count it."""
    rng = np.random.default_rng([seed, tally.updates, n, variant == "same"])
    comparison, candidate = update(variant, n, times, rng)
    verdicts = {
        name: judge(policy, candidate=candidate.stocktake, comparison=comparison)
        for name, policy in rules.items()
    }
    stayed = ("size",) if variant == "same" else tuple(name for name, _ in BLOCK)
    tally.add(comparison, verdicts, stayed)


def run(variant: Variant, updates: int, n: int, times: int, seed: int) -> Tally:
    """Draw, compare and judge so many updates."""
    tally, rules = Tally(), policies(true_numbers(times))
    for _ in range(updates):
        judged(tally, variant, n, times, rules, seed)
    return tally


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--updates", type=int, default=500)
    parser.add_argument("--n", type=int, default=600)
    parser.add_argument("--times", type=int, default=1, help="so many blocks of four attributes")
    parser.add_argument("--only", nargs="+", default=["same", "fresh"], choices=["same", "fresh"])
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for variant in asked.only:
        start = time.perf_counter()
        tally = run(variant, asked.updates, asked.n, asked.times, asked.seed)
        seconds = (time.perf_counter() - start) / asked.updates
        title = "the same" if variant == "same" else "fresh"
        print(
            f"\n## {title} images, n = {asked.n}, {4 * asked.times} attributes, "
            f"{seconds:.1f} s an update\n"
        )
        print("\n".join(tally.lines()), flush=True)


if __name__ == "__main__":
    main()
