"""Processor seconds of each metric with interval and chance level, against a peer's estimates.

``python bench/metrics.py path/to/disentanglement_lib [--rows 10000] [--without dci] [--growth]``
times that library's point estimates (a checkout of google-research/disentanglement_lib; see
``reference.py``) and ours in one run, on the same codes, and prints Markdown tables with ratios.
``--growth`` adds how ours (or ``--only`` some of them) grow with rows (10³ to 10⁷) and dimensions
(10 to 1,000). Set ``OMP_NUM_THREADS=1`` to keep both to one thread: then processor time is what the
clock would show if nothing else ran.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from typing import TYPE_CHECKING

import numpy as np

import reference
from tanaoroshi.metrics import METRICS, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from tanaoroshi.metrics import Convention
    from tanaoroshi.records.attributes import Floats, Kind

DIMENSIONS, ATTRIBUTES, VALUES = 10, 5, 8
# What the library measures, and which of ours are the same.
SAME: dict[str, tuple[str, ...]] = {
    "mig": ("mig",),
    "modularity, explicitness": ("modularity", "explicitness"),
    "sap": ("sap",),
    "irs": ("irs",),
    "unsupervised": ("total_correlation", "gaussian_wasserstein_correlation"),
    "beta_vae": ("beta_vae",),
    "factor_vae": ("factor_vae",),
    "dci": ("dci_disentanglement", "dci_completeness", "dci_informativeness"),
}
# Above so many rows the library's other metrics take minutes to hours.
ONLY_FAST = 20_000
# Seconds after which growth is not followed further.
LONG = 20


def sample(n: int, d: int = DIMENSIONS, k: int = ATTRIBUTES) -> tuple[Floats, Floats]:
    """Draw codes of which the first k dimensions hold an attribute each, with noise."""
    rng = np.random.default_rng(0)
    v = rng.integers(0, VALUES, (n, k)).astype(np.float64)
    z = rng.normal(size=(n, d))
    z[:, :k] += v
    return z, v


def peers(lib: Callable[[str], ModuleType]) -> dict[str, Callable[[Floats, Floats], object]]:
    """Return the library's own point estimates, with the settings of its study."""

    def split(compute: Callable[..., object], *more: object) -> Callable[[Floats, Floats], object]:
        def run(z: Floats, v: Floats) -> object:
            cut = int(np.ceil(0.8 * len(z)))
            return compute(z[:cut].T, v[:cut].T, z[cut:].T, v[cut:].T, *more)

        return run

    def explicit(z: Floats, v: Floats, z_test: Floats, v_test: Floats) -> object:
        module, utils = lib("modularity_explicitness"), lib("utils")
        found = utils.discrete_mutual_info(utils.make_discretizer(z), v)
        train, mean, spread = utils.normalize_data(z)
        test, _, _ = utils.normalize_data(z_test, mean, spread)
        fits = [
            module.explicitness_per_factor(train, a, test, b)
            for a, b in zip(v, v_test, strict=True)
        ]
        return module.modularity(found), fits

    def robust(z: Floats, v: Floats) -> object:
        labels = lib("utils").make_discretizer(v.T)
        return lib("irs").scalable_disentanglement_score(labels.T, z, 0.99)

    def unsupervised(z: Floats, v: Floats) -> object:
        module, utils, cov = lib("unsupervised_metrics"), lib("utils"), np.cov(z.T)
        found = utils.make_discretizer(z.T)
        return (
            module.gaussian_total_correlation(cov),
            module.gaussian_wasserstein_correlation(cov),
            utils.discrete_mutual_info(found, found),
        )

    def drawn(compute: Callable[..., object], *more: int) -> Callable[[Floats, Floats], object]:
        def run(z: Floats, v: Floats) -> object:
            table = reference.table(z, v)
            return compute(table, table.encode, np.random.RandomState(0), None, *more)

        return run

    return {
        "mig": lambda z, v: lib("mig")._compute_mig(z.T, v.T),
        "modularity, explicitness": split(explicit),
        "sap": split(lib("sap_score")._compute_sap, 0),
        "irs": robust,
        "unsupervised": unsupervised,
        "beta_vae": drawn(lib("beta_vae").compute_beta_vae_sklearn, 64, 10_000, 5_000),
        "factor_vae": drawn(lib("factor_vae").compute_factor_vae, 64, 10_000, 5_000, 10_000),
        "dci": split(lib("dci")._compute_dci),
    }


def seconds(run: Callable[[], object], repeats: int = 1) -> float:
    """Return the least processor time of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def ours(
    z: Floats, v: Floats, names: Sequence[str] | None, convention: Convention = "paper"
) -> Callable[[], object]:
    """Measure with interval and chance level."""
    kinds: tuple[Kind, ...] = ("nominal",) * v.shape[1]
    rng = np.random.default_rng(0)
    return lambda: measure(z, v, kinds=kinds, only=names, rng=rng, convention=convention)


def compare(path: str, n: int, without: Sequence[str]) -> None:
    """Print the ratios at one number of rows."""
    z, v = sample(n)
    theirs = peers(reference.load(path))
    print(f"\n{n:,} rows, {DIMENSIONS} dimensions, {ATTRIBUTES} attributes of {VALUES} values\n")
    print(
        "| metric | library, point estimate (s) | ours, paper (s) | ratio "
        "| ours, its convention (s) | ratio |"
    )
    print("|---|---|---|---|---|---|")
    sums = np.zeros(3)
    for title, names in SAME.items():
        if title in without:
            continue
        fast = 3 if n <= ONLY_FAST and title in ("mig", "irs", "unsupervised") else 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs
            peer = seconds(lambda run=theirs[title]: run(z, v), fast)  # type: ignore[misc]
        times = [peer] + [
            seconds(ours(z, v, names, convention), 3 if peer < 5 else 1)
            for convention in ("paper", "disentanglement_lib")
        ]
        sums += times
        show(title, times)
    show("**all of these**", list(sums))
    whole = seconds(ours(z, v, None))
    print(f"\nOur whole suite, {len(METRICS)} values, paper: {whole:.2f} s, {sums[0] / whole:.0f}×")


def show(title: str, times: Sequence[float]) -> None:
    """Print a line of seconds and ratios."""
    peer, paper, library = times
    print(
        f"| {title} | {peer:.2f} | {paper:.2f} | {peer / paper:.1f} "
        f"| {library:.2f} | {peer / library:.1f} |",
        flush=True,
    )


def growth(names: Sequence[str]) -> None:
    """Print how the seconds grow, row by row and then dimension by dimension."""
    by_rows = [(n, DIMENSIONS) for n in (10**3, 10**4, 10**5, 10**6, 10**7)]
    by_dimensions = [(10**4, d) for d in (30, 100, 300, 1000)]
    cases = by_rows + by_dimensions
    print("\nSeconds, paper's convention\n")
    print("| metric | " + " | ".join(f"{n:,} × {d}" for n, d in cases) + " |")
    print("|---" * (len(cases) + 1) + "|")
    for name in names:
        cells: list[str] = []
        for series in (by_rows, by_dimensions):
            took = 0.0
            for n, d in series:
                # The next would take three to ten times as long, or more.
                if took > LONG:
                    cells.append("not run")
                    continue
                took = seconds(ours(*sample(n, d), [name]))
                cells.append(f"{took:.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", nargs="?", help="path of a checkout of disentanglement_lib")
    parser.add_argument("--rows", default="10000,100000")
    parser.add_argument("--without", default="")
    parser.add_argument("--growth", action="store_true")
    grown = [name for name, spec in METRICS.items() if spec.needs in ((), ("attributes",))]
    parser.add_argument("--only", default=",".join(grown))
    asked = parser.parse_args()
    if asked.library:
        for n in (int(x) for x in asked.rows.split(",")):
            skip = asked.without.split(",")
            skip += [] if n <= ONLY_FAST else ["dci", "beta_vae", "factor_vae"]
            compare(asked.library, n, skip)
    else:
        print("No path of disentanglement_lib is given: no comparison.", file=sys.stderr)
    if asked.growth:
        growth(asked.only.split(","))


if __name__ == "__main__":
    main()
