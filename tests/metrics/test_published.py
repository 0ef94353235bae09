"""Each published quantity by a second route: the paper's formula, written out plainly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import balanced_accuracy_score, mutual_info_score
from sklearn.svm import LinearSVC

from tanaoroshi.metrics import dimension_wise_kl, kl_per_dimension, mig, sap
from tanaoroshi.metrics.intervals import leads
from tanaoroshi.records.estimates import Estimate, Measured

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints

RNG = np.random.default_rng(11)
N = 400
V = np.stack([RNG.integers(0, 4, N), RNG.integers(0, 3, N)], 1).astype(np.float64)
Z = np.hstack([V, V[:, :1] * 0.5, np.zeros((N, 1))]) + RNG.normal(size=(N, 4)) * 0.6


def value(measured: Measured) -> float:
    assert isinstance(measured, Estimate)
    return measured.value


def library_bins(x: Floats) -> Ints:
    return np.digitize(x, np.histogram(x, 20)[1][:-1]).astype(np.int64)


def test_mig_in_the_library_convention_is_the_papers_formula_on_histograms() -> None:
    gap = []
    for v in V.T:
        informations = sorted(mutual_info_score(v, library_bins(z)) for z in Z.T)
        gap.append((informations[-1] - informations[-2]) / mutual_info_score(v, v))
    ours = mig(Z, V, convention="disentanglement_lib", rng=RNG)
    assert value(ours) == pytest.approx(np.mean(gap), abs=1e-9)


def test_mig_plug_in_by_code_entropy() -> None:
    ranks = Z.argsort(axis=0).argsort(axis=0) // (N // 20)
    gap = []
    for v in V.T:
        shares = sorted(mutual_info_score(v, z) / np.log(20) for z in ranks.T)
        gap.append(shares[-1] - shares[-2])
    ours = mig(Z, V, normalise="code", bias="none", rng=RNG)
    assert value(ours) == pytest.approx(np.mean(gap), abs=1e-9)


def test_mig_without_bias_approaches_what_it_is_on_many_rows() -> None:
    rng = np.random.default_rng(0)
    many = rng.integers(0, 4, (200_000, 2)).astype(float)
    z = many + rng.normal(size=many.shape) * 0.6
    truth = value(mig(z, many, rng=rng, permutations=1))
    parts = [slice(i * 150, (i + 1) * 150) for i in range(40)]
    corrected = np.mean([value(mig(z[p], many[p], rng=rng, permutations=2)) for p in parts])
    assert corrected == pytest.approx(truth, abs=0.02)


def test_mig_by_closed_form() -> None:
    """A code that is the attribute through a symmetric channel of four values."""
    error = 0.2
    table = np.full((4, 4), error / 3) + np.eye(4) * (1 - error - error / 3)
    rows = np.repeat(np.arange(16), np.rint(table.ravel() * 300).astype(int))
    entropy = -(0.8 * np.log(0.8) + 0.2 * np.log(0.2 / 3))
    ours = mig(rows // 4, rows % 4, bias="none", rng=RNG)
    assert value(ours) == pytest.approx(1 - entropy / np.log(4), abs=1e-9)


def test_sap_of_numbers_is_squared_correlation() -> None:
    v = RNG.normal(size=N)
    angle = RNG.random(N) * 2 * np.pi
    z = np.stack([v + RNG.normal(size=N), v + 2 * RNG.normal(size=N), np.cos(angle)], 1)
    z[:, 2] += RNG.normal(size=N) * 0.3
    r = [np.corrcoef(v, column)[0, 1] ** 2 for column in z.T]
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    turned = [LinearRegression().fit(circle, c).score(circle, c) for c in z.T]
    expected = [np.diff(np.sort(s))[-1] for s in (r, turned)]
    ours = sap(z, np.stack([v, angle], 1), kinds=["continuous", "circular"], rng=RNG)
    assert value(ours) == pytest.approx(np.mean(expected), abs=1e-9)


def test_sap_of_classes_is_balanced_accuracy_between_thresholds() -> None:
    bins = Z.argsort(axis=0).argsort(axis=0) // (N // 20)
    expected = []
    for v in V.T:
        size = np.bincount(v.astype(int))
        scores = []
        for b in bins.T:
            best = [
                (np.bincount(v[b == x].astype(int), minlength=len(size)) / size).argmax()
                for x in range(20)
            ]
            scores.append(balanced_accuracy_score(v, np.array(best)[b]))
        expected.append(np.diff(np.sort(scores))[-1])
    assert value(sap(Z, V, rng=RNG)) == pytest.approx(np.mean(expected), abs=1e-9)


def test_sap_in_the_library_convention_is_its_support_vectors() -> None:
    split = 320
    expected = []
    for v in V.T:
        scores = []
        for z in Z.T[:, :, None]:
            machine = LinearSVC(C=0.01, class_weight="balanced", random_state=0)
            guess = machine.fit(z[:split], v[:split]).predict(z[split:])
            scores.append(np.mean(guess == v[split:]))
        expected.append(np.diff(np.sort(scores))[-1])
    ours = sap(Z, V, convention="disentanglement_lib", rng=RNG)
    assert value(ours) == pytest.approx(np.mean(expected), abs=1e-6)


def test_kl_is_the_closed_form_and_a_monte_carlo_integral() -> None:
    rng = np.random.default_rng(1)
    mean, logvar = rng.normal(size=(40, 2)), rng.normal(size=(40, 2)) * 0.3
    total = dimension_wise_kl(mean, logvar)
    parts = kl_per_dimension(mean, logvar)
    assert value(total) == pytest.approx(sum(value(p) for p in parts))
    z = mean + np.exp(logvar / 2) * rng.normal(size=(20_000, 40, 2))
    log_q = -((z - mean) ** 2) / np.exp(logvar) / 2 - logvar / 2
    integral = (log_q + z**2 / 2).mean(axis=(0, 1))
    for part, expected in zip(parts, integral, strict=True):
        assert value(part) == pytest.approx(expected, abs=0.01)
    assert value(dimension_wise_kl(np.zeros((20, 3)), np.zeros((20, 3)))) == 0


def test_leads() -> None:
    scores = np.array([[0.9, 0.5, 0.1], [0.2, 0.2, 0.0]])
    np.testing.assert_allclose(leads(scores), [0.4, 0.0])
    np.testing.assert_allclose(leads(scores[:, :1]), [0.9, 0.2])
