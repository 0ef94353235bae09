"""Softmax fits against scikit-learn's, far beyond its own tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from tanaoroshi.metrics import logistic
from tanaoroshi.metrics.infoe import infoe
from tanaoroshi.metrics.logistic import SLOPE, design, multinomial, scores, standardise
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.stats.discretize import discretize

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints


def drawn(n: int, d: int, classes: int, noise: float, seed: int = 0) -> tuple[Floats, Ints]:
    """Draw classes that lie along the first of some dimensions that also know of one another."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, d)) @ (np.eye(d) + 0.3 * rng.normal(size=(d, d)) / np.sqrt(d))
    labels = discretize(z[:, 0] + noise * rng.normal(size=n), "continuous", classes)
    return standardise(z, np.arange(n)), labels


def loss(x: Floats, labels: Ints, found: Floats, penalty: float) -> float:
    """Work out the mean loss, penalty included, by another route."""
    lost = -log_softmax(found[:, :1] + found[:, 1:] @ x.T, axis=0)[labels, np.arange(len(x))]
    return float(lost.mean() + penalty / 2 * (found[:, 1:] ** 2).sum() / len(x))


# Solved at once; by conjugate gradients; by both; too wide for products; with one common block.
@pytest.mark.parametrize(
    ("n", "d", "classes", "noise", "penalty"),
    [
        (400, 3, 4, 1.0, 1.0),
        (400, 5, 3, 0.3, 1e-4),
        (600, 12, 20, 0.3, 1.0),
        (600, 12, 20, 0.0, 1e-2),
        (800, 30, 20, 0.1, 1e-2),
        (800, 10, 60, 0.3, 1e-1),
        (500, 80, 6, 0.5, 1.0),
        (300, 350, 5, 0.5, 1.0),
    ],
)
def test_softmax_is_that_of_scikit_learn(
    n: int, d: int, classes: int, noise: float, penalty: float
) -> None:
    x, labels = drawn(n, d, classes, noise)
    found, slope = multinomial(design(x), labels, classes, penalty)
    assert slope <= SLOPE
    model = LogisticRegression(C=1 / penalty, tol=1e-9, max_iter=50_000).fit(x, labels)
    theirs = np.hstack([model.intercept_[:, None], model.coef_])
    assert loss(x, labels, found, penalty) <= loss(x, labels, theirs, penalty) + 1e-7
    ours = log_softmax(scores(design(x), found), axis=0)
    np.testing.assert_allclose(np.exp(ours).T, model.predict_proba(x), atol=2e-3)


@settings(deadline=None, max_examples=30)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 15),
    st.integers(2, 12),
    st.sampled_from([0.0, 0.1, 1.0]),
    st.sampled_from([1e-4, 1e-2, 1.0, 100.0]),
    st.booleans(),
)
def test_every_fit_ends_where_the_gradient_does(
    seed: int,
    d: int,
    classes: int,
    noise: float,
    penalty: float,
    holes: bool,  # noqa: FBT001
) -> None:
    x, labels = drawn(150, d, classes, noise, seed)
    if holes:
        labels = np.where(np.random.default_rng(seed).random(150) < 0.2, -1, labels)
    rows = design(x)
    found, slope = multinomial(rows, labels, classes, penalty)
    known = labels >= 0
    seen = np.unique(labels[known])
    chance = np.exp(log_softmax(scores(rows, found)[seen][:, known], axis=0))
    gradient = (chance - (labels[known] == seen[:, None])) @ rows.lines[:, known].T
    gradient[:, 1:] += penalty * found[seen][:, 1:]
    assert np.abs(gradient).max() / known.sum() <= 1.01 * SLOPE + 1e-12
    assert slope <= SLOPE
    # From elsewhere it comes to the same.
    start = np.where(np.isfinite(found), found, 0) + 0.5
    again = multinomial(rows, labels, classes, penalty, start).coefficients
    other = np.exp(log_softmax(scores(rows, again)[seen][:, known], axis=0))
    np.testing.assert_allclose(chance, other, atol=0.02)


def test_infoe_says_where_a_fit_was_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(300, 4))
    v = z[:, :1] + 0.1 * rng.normal(size=(300, 1))
    done = infoe(z, v, rng=np.random.default_rng(0))
    monkeypatch.setattr(logistic, "STEPS", 2)
    cut = infoe(z, v, rng=np.random.default_rng(0))
    assert isinstance(done, Estimate)
    assert isinstance(cut, Estimate)
    assert "not converged" not in done.method
    assert "not converged" in cut.method
