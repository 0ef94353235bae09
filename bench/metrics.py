"""Seconds for each metric with interval and chance level, against plain point estimates.

``python bench/metrics.py [path/to/disentanglement_lib]`` prints a Markdown table. The rival is
scikit-learn's ``mutual_info_score`` in a loop (MIG), ``LinearSVC`` in a loop (SAP) and boosted
trees (DCI, up to 1,000 rows), written out here as that library has them; with its path given, its
own functions are timed (it needs TensorFlow and gin to import).
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import mutual_info_score
from sklearn.svm import LinearSVC

from tanaoroshi.metrics import dci, mig, sap

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.records.attributes import Floats

DIMENSIONS, ATTRIBUTES, VALUES = 10, 5, 8
TREES_UP_TO = 1000


def plain_mig(z: Floats, v: Floats) -> None:
    """Compute the table of mutual informations one pair at a time."""
    bins = [np.digitize(column, np.histogram(column, 20)[1][:-1]) for column in z.T]
    for b in bins:
        for column in v.T:
            mutual_info_score(column, b)


def plain_sap(z: Floats, v: Floats) -> None:
    """Fit a support vector classifier for each pair."""
    split = int(0.8 * len(z))
    for j in range(z.shape[1]):
        for column in v.T:
            machine = LinearSVC(C=0.01, class_weight="balanced")
            machine.fit(z[:split, [j]], column[:split]).predict(z[split:, [j]])


def plain_dci(z: Floats, v: Floats) -> None:
    """Fit boosted trees for each attribute."""
    for column in v.T:
        GradientBoostingClassifier().fit(z, column)


def library(path: str) -> dict[str, Callable[[Floats, Floats], object]]:
    """Return disentanglement_lib's own point estimates."""
    sys.path.insert(0, path)
    where = "disentanglement_lib.evaluation.metrics."
    gin = import_module("gin.tf")
    gin.parse_config_files_and_bindings(
        [],
        [
            "discretizer.discretizer_fn = @histogram_discretizer",
            "discretizer.num_bins = 20",
        ],
    )
    its_mig, its_sap, its_dci = (
        import_module(where + name) for name in ("mig", "sap_score", "dci")
    )

    def split(compute: Callable[..., object], **more: object) -> Callable[[Floats, Floats], object]:
        def run(z: Floats, v: Floats) -> object:
            cut = int(0.8 * len(z))
            labels = v.astype(int)
            return compute(z[:cut].T, labels[:cut].T, z[cut:].T, labels[cut:].T, **more)

        return run

    return {
        "mig": lambda z, v: its_mig._compute_mig(z.T, v.astype(int).T),
        "sap": split(its_sap._compute_sap, continuous_factors=False),
        "dci": split(its_dci._compute_dci),
    }


def seconds(run: Callable[[Floats, Floats], object], z: Floats, v: Floats) -> float:
    """Time one call."""
    start = time.perf_counter()
    run(z, v)
    return time.perf_counter() - start


def main(path: str | None) -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    ours: dict[str, Callable[[Floats, Floats], object]] = {
        "mig": lambda z, v: mig(z, v, rng=rng),
        "sap": lambda z, v: sap(z, v, rng=rng),
        "dci": lambda z, v: dci(z, v, rng=rng),
    }
    plain: dict[str, Callable[[Floats, Floats], object]] = {
        "mig": plain_mig,
        "sap": plain_sap,
        "dci": plain_dci,
    }
    rival = library(path) if path else plain
    print("| n | metric | ours, with interval and chance (s) | point estimates (s) | ratio |")
    print("|---|---|---|---|---|")
    for n in (1_000, 10_000, 100_000):
        v = rng.integers(0, VALUES, (n, ATTRIBUTES)).astype(np.float64)
        z = rng.normal(size=(n, DIMENSIONS))
        z[:, :ATTRIBUTES] += v
        for name, run in ours.items():
            mine = seconds(run, z, v)
            if name == "dci" and n > TREES_UP_TO:
                print(f"| {n} | {name} | {mine:.2f} | not run | |", flush=True)
                continue
            theirs = seconds(rival[name], z, v)
            print(f"| {n} | {name} | {mine:.2f} | {theirs:.2f} | {theirs / mine:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
