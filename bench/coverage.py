"""How often the 95 % intervals of the metrics hold the true value, on populations we made.

``python bench/coverage.py [--runs 100] [--only a,b] [--populations a,b] [--sizes 200,1000]`` prints
a Markdown table. The true value of a metric is its value on a million rows of the population with
the settings that it takes at the size in question (bins, penalties: they stand in ``method``); for
codes that know nothing of the attributes, or hold each one twice, gaps are 0 by definition.

``metric:how`` measures another way: ``mig:disentanglement_lib`` in the library's convention (its
bins lie between the extremes that so many rows have; without the attribute of numbers, since it
takes raw values as classes), ``dci_completeness:random_forest`` and ``:boosted_trees``,
``total_correlation:minibatch_weighted``. ``udr`` has a second training: the same dimensions in
another order, with noise. What hangs on the number of rows (AT_SIZE) has no limit to be held
against: its mean at that size stands for it.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tanaoroshi.metrics import (
    METRICS,
    code_mutual_information,
    dci,
    dci_es,
    elbo_decomposition,
    explicitness,
    measure,
    posteriors,
    udr,
)
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.estimates import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tanaoroshi.metrics.question import Convention
    from tanaoroshi.records.attributes import Kind
    from tanaoroshi.records.estimates import Measured

SIZES = (200, 1000, 4000, 20000)
MANY = 1_000_000
# Runs at each size, as a share of those asked for: large ones are dear.
SHARE = {200: 1.0, 1000: 1.0, 4000: 0.6, 20000: 0.2}
KINDS: tuple[Kind, ...] = ("nominal", "ordinal", "continuous")


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Codes (n, d), their log-variances, attributes (n, 3), groups (n,) or ``None``."""

    codes: Floats
    logvar: Floats
    attributes: Floats
    group: Ints | None = None


def factors(n: int, rng: np.random.Generator) -> Floats:
    """Draw three independent attributes: five values, eight steps, a number."""
    return np.stack([rng.integers(0, 5, n), rng.integers(0, 8, n), rng.normal(size=n)], axis=1)


def with_logvar(codes: Floats, attributes: Floats, group: Ints | None = None) -> Sample:
    """Give each image a posterior variance that depends a little on its code."""
    return Sample(codes, np.tanh(codes) - 2, attributes, group)


def clear(n: int, rng: np.random.Generator) -> Sample:
    """Give each attribute a dimension of its own, with noise; two dimensions know nothing."""
    v = factors(n, rng)
    noise = rng.normal(size=(n, 5))
    z = np.hstack([v * [1, 0.6, 1] + noise[:, :3] * [0.4, 0.8, 0.5], noise[:, 3:]])
    return with_logvar(z, v)


def rotated(n: int, rng: np.random.Generator) -> Sample:
    """Mix the same by a rotation: every attribute lies in several dimensions, unequally."""
    made = clear(n, rng)
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(5, 5)))[0]
    return with_logvar(made.codes @ turn, made.attributes)


def tied(n: int, rng: np.random.Generator) -> Sample:
    """Put every attribute into two dimensions equally well: all gaps are 0, the hardest case."""
    v = factors(n, rng)
    return with_logvar(np.tile(v, 2) + rng.normal(size=(n, 6)), v)


def unrelated(n: int, rng: np.random.Generator) -> Sample:
    """Draw codes that know nothing of the attributes."""
    return with_logvar(rng.normal(size=(n, 5)), factors(n, rng))


def clustered(n: int, rng: np.random.Generator) -> Sample:
    """Draw rows in groups of five that share their attributes and most of their code."""
    made = clear(-(-n // 5), rng)
    rows = np.repeat(np.arange(len(made.codes)), 5)[:n]
    z = made.codes[rows] + 0.3 * rng.normal(size=(n, 5))
    return with_logvar(z, made.attributes[rows], rows)


POPULATIONS: dict[str, Callable[[int, np.random.Generator], Sample]] = {
    "clear": clear,
    "rotated": rotated,
    "tied": tied,
    "unrelated": unrelated,
    "clustered": clustered,
}
ALONE_TELLS = ("modularity", "infom", "infoc")
# By definition; where nothing is told, shares and ratios of it have no true value.
KNOWN: dict[str, dict[str, float]] = {
    # Dimensions that tell of an attribute tell of this one alone.
    "clear": dict.fromkeys(ALONE_TELLS, 1.0),
    "clustered": dict.fromkeys(ALONE_TELLS, 1.0),
    "unrelated": {
        **dict.fromkeys(("mig", "mig_sup", "dcimig", "sap", "dci_informativeness", "infoe"), 0.0),
        "explicitness": 0.5,
        # For endless votes; so many as are cast learn by heart which noise is least.
        "factor_vae": 1 / len(KINDS),
    },
    "tied": {"mig": 0.0, "sap": 0.0, "modularity": 1.0, "infom": 1.0},
}
# Measured by themselves on many rows.
ALONE = {"code_mutual_information", "explicitness", "udr"}
TABLES = {"mig", "mig_sup", "dcimig", "jemmig", "modularity"}
ELBO = {
    "index_code_mi": "index_code_mi",
    "aggregate_total_correlation": "total_correlation",
    "aggregate_kl": "aggregate_kl",
}
LIBRARY = ":disentanglement_lib"
TREES = ("random_forest", "boosted_trees")
# Extremes, trees and minibatches have no value of their own for endless rows.
AT_SIZE = {
    "irs",
    "irs:disentanglement_lib",
    "modularity:disentanglement_lib",
    "total_correlation:minibatch_weighted",
    *(
        f"dci_{part}:{how}"
        for part in ("disentanglement", "completeness", "informativeness")
        for how in (*TREES, "disentanglement_lib")
    ),
}
# Samples × posteriors × dimensions for the true terms of the ELBO, five times the usual.
EVALUATIONS = 600_000_000
# What is dear has its true value from so many rows.
DEAR, FEWER = {"udr", *ELBO}, 100_000
NO_TRUTH = {"modularity", "dci_disentanglement", "dci_completeness", "infom", "infoc"}


def estimates(
    sample: Sample, names: Sequence[str], seed: int, numeric_bins: int | None = None
) -> dict[str, Any]:
    """Measure one sample."""
    found: dict[str, Any] = {}
    for how in dict.fromkeys(name.partition(":")[2] for name in names):
        mine = [name.partition(":")[0] for name in names if name.partition(":")[2] == how]
        rng = np.random.default_rng(seed)
        if how in TREES:
            fits = dci(
                sample.codes,
                sample.attributes,
                kinds=KINDS,
                group=sample.group,
                regressor="random_forest" if how == "random_forest" else "boosted_trees",
                rng=rng,
            )
            got = {name: getattr(fits, name.removeprefix("dci_")).total for name in mine}
        elif how == "minibatch_weighted":
            elbo = elbo_decomposition(
                sample.codes,
                sample.logvar,
                group=sample.group,
                estimator="minibatch_weighted",
                rng=rng,
            )
            got = {"total_correlation": elbo.total_correlation.total}
        else:
            convention: Convention = "disentanglement_lib" if how else "paper"
            classes = 2 if how else len(KINDS)
            got = dict(
                measure(
                    sample.codes,
                    sample.attributes[:, :classes],
                    kinds=KINDS[:classes],
                    group=sample.group,
                    logvar=sample.logvar,
                    others=[retrained(sample, seed)] if "udr" in mine else [],
                    only=mine,
                    convention=convention,
                    rng=rng,
                    numeric_bins=numeric_bins,
                ).metrics
            )
        found |= {f"{name}:{how}" if how else name: got[name] for name in mine}
    return found


def retrained(sample: Sample, seed: int) -> Floats:
    """Return the codes of another training on the same images."""
    noise = np.random.default_rng([seed, 1]).normal(size=sample.codes.shape)
    return np.asarray(sample.codes[:, ::-1] + 0.5 * noise)


def within(many: Sample, samples: Sequence[Sample]) -> Sample:
    """Hold codes between the extremes that samples of a size have, on average."""
    low, high = (
        np.mean([end(s.codes, axis=0) for s in samples], axis=0) for end in (np.min, np.max)
    )
    return Sample(np.clip(many.codes, low, high), many.logvar, many.attributes, many.group)


def truth_of(many: Sample, name: str, method: str, plain: dict[str, Any]) -> float | None:
    """Return a metric's value on many rows, with what it sets by their number held fixed.

    ``plain`` are the values of those that set nothing but bins.
    """
    rng = np.random.default_rng(0)
    if name in DEAR:
        group = None if many.group is None else many.group[:FEWER]
        many = Sample(many.codes[:FEWER], many.logvar[:FEWER], many.attributes[:FEWER], group)
    sample = (many.codes, many.attributes)
    if name in ELBO:
        usual, posteriors.EVALUATIONS = posteriors.EVALUATIONS, EVALUATIONS
        terms = elbo_decomposition(many.codes, many.logvar, group=many.group, rng=rng)
        posteriors.EVALUATIONS = usual
        true = getattr(terms, ELBO[name]).total
    elif name == "udr":
        true = udr([many.codes, retrained(many, 0)], group=many.group, rng=rng)
    elif name.startswith("dci_es"):
        waves = re.search(r"linear \+ ([0-9 ]+) random waves", method)
        capacities = tuple(int(x) for x in waves[1].split()) if waves else None
        both = dci_es(
            *sample, kinds=KINDS, group=many.group, capacities=capacities, most=40_000, rng=rng
        )
        true = (both.size if name == "dci_es_size" else both.explicitness).total
    elif name.startswith("dci_"):
        penalty = re.search(r"penalty ([0-9.]+)", method)
        fixed = float(penalty[1]) if penalty else None
        fits = dci(*sample, kinds=KINDS, group=many.group, penalty=fixed, rng=rng)
        true = getattr(fits, name.removeprefix("dci_")).total
    elif name == "explicitness":
        # By itself it would draw as many rows as the largest sample has.
        true = explicitness(*sample, kinds=KINDS, group=many.group, most=MANY, rng=rng)
    elif name == "code_mutual_information":
        bins = re.search(r"([0-9]+) quantile bins", method)
        cut = int(bins[1]) if bins else 20
        true = code_mutual_information(many.codes, bins=cut, group=many.group, rng=rng)
    else:
        true = plain[name]
    return true.value if isinstance(true, Estimate) else None


def line(population: str, n: int, name: str, truth: float, found: list[Measured]) -> str:
    """Say how often the intervals hold the truth."""
    seen = [e for e in found if isinstance(e, Estimate)]
    if not seen:
        return (
            f"| {population} | {n:,} | {name} | {truth:.3f} | not measured | | | | {len(found)} |"
        )
    below = np.mean([e.high < truth - 1e-9 for e in seen])
    above = np.mean([e.low > truth + 1e-9 for e in seen])
    mean, spread = np.mean([e.value for e in seen]), np.std([e.value for e in seen])
    width = np.mean([e.high - e.low for e in seen])
    return (
        f"| {population} | {n:,} | {name} | {truth:.3f} | {mean:.3f} | {1 - above - below:.0%} "
        f"| {width:.3f} | {3.92 * spread:.3f} | {len(seen)} |"
    )


def plain_truths(
    many: Sample, samples: Sequence[Sample], names: Sequence[str], numeric_bins: int
) -> dict[str, Any]:
    """Measure many rows where nothing but bins has to be set."""
    if not names:
        return {}
    # In tables of endless rows groups make no difference, only work.
    lone = Sample(many.codes, many.logvar, many.attributes)
    library = [name for name in names if name.endswith(LIBRARY)]
    tables = [name for name in names if name in TABLES]
    others = [name for name in names if name not in {*tables, *library}]
    return {
        **estimates(lone, tables, 0, numeric_bins),
        **estimates(many, others, 0, numeric_bins),
        **(estimates(within(lone, samples), library, 0) if library else {}),
    }


def watched(samples: Sequence[Sample], what: str) -> Iterator[tuple[int, Sample]]:
    """Count the samples, where somebody looks on."""
    for r, sample in enumerate(samples):
        if sys.stderr.isatty():
            print(f"\r{what} {r + 1}/{len(samples)}", end="", file=sys.stderr)
        yield r, sample


def mean_of(found: Sequence[Measured]) -> float | None:
    """Return the mean value, ``None`` where nothing was measured."""
    seen = [e.value for e in found if isinstance(e, Estimate)]
    return float(np.mean(seen)) if seen else None


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--only", default=",".join(METRICS))
    parser.add_argument("--populations", default=",".join(POPULATIONS))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    asked = parser.parse_args()
    names = asked.only.split(",")
    own = ALONE | AT_SIZE | set(ELBO)
    unset = [name for name in names if not name.startswith("dci_") and name not in own]
    print("| population | n | metric | true | mean | covered | width | 4 sd of value | runs |")
    print("|---|---|---|---|---|---|---|---|---|")
    for population in asked.populations.split(","):
        draw = POPULATIONS[population]
        many = draw(MANY, np.random.default_rng(1))
        known = KNOWN.get(population, {})
        truths: dict[tuple[str, str, int], float | None] = {}
        for n in (int(x) for x in asked.sizes.split(",")):
            runs = max(10, int(asked.runs * SHARE.get(n, 0.2)))
            samples = [draw(n, np.random.default_rng([7, r, n])) for r in range(runs)]
            rows = [
                estimates(sample, names, r) for r, sample in watched(samples, f"{population} {n}")
            ]
            cut = 5 if (n // 5 if population == "clustered" else n) < 500 else 20
            plain = plain_truths(many, samples, unset, cut)
            for name in names:
                base = name.partition(":")[0]
                if population == "unrelated" and base in NO_TRUTH:
                    continue
                found = [row[name] for row in rows]
                method = next((e.method for e in found if isinstance(e, Estimate)), "")
                key = (
                    name,
                    method.partition("; interval")[0],
                    n if name.endswith(LIBRARY) else cut,
                )
                if name in AT_SIZE:
                    truth = mean_of(found)
                elif base in known:
                    truth = known[base]
                else:
                    if key not in truths:
                        truths[key] = truth_of(many, name, method, plain)
                    truth = truths[key]
                if truth is not None:
                    print(line(population, n, name, truth, found), flush=True)


if __name__ == "__main__":
    main()
