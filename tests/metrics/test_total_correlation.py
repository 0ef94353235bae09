"""Total correlation by second routes: closed forms, the library's formula, other arrangements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.covariance import covariances_without, spread
from tanaoroshi.metrics.elbo import minibatch_logs
from tanaoroshi.metrics.posteriors import draw_posteriors
from tanaoroshi.metrics.question import Convention, question
from tanaoroshi.metrics.total_correlation import (
    answer_total_correlation,
    gaussian_bias,
    gaussian_total,
    total_correlation,
)
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats

MIX = np.random.default_rng(5).normal(size=(4, 4)) * 0.5 + np.eye(4)
Z = np.random.default_rng(0).normal(size=(300, 4)) @ MIX + 3


def ask(z: Floats, seed: int = 0, **settings: object) -> Measured:
    return total_correlation(z, rng=np.random.default_rng(seed), **settings)  # type: ignore[arg-type]


def estimate(z: Floats, seed: int = 0, **settings: object) -> Estimate:
    found = ask(z, seed, **settings)
    assert isinstance(found, Estimate)
    assert found.low <= found.value <= found.high
    assert found.chance is not None
    return found


@pytest.mark.parametrize("convention", ["paper", "disentanglement_lib"])
def test_the_value_is_the_librarys(convention: Convention) -> None:
    c = np.cov(Z.T)
    theirs = 0.5 * (np.sum(np.log(np.diag(c))) - np.linalg.slogdet(c)[1])
    assert estimate(Z, convention=convention).value == pytest.approx(theirs, abs=1e-9)


def test_two_dimensions_by_closed_form() -> None:
    r = np.corrcoef(Z[:, 0], Z[:, 1])[0, 1]
    assert estimate(Z[:, :2]).value == pytest.approx(-np.log(1 - r**2) / 2, abs=1e-9)


def test_row_order_dimension_order_sign_scale_and_constant_columns_change_nothing() -> None:
    value = estimate(Z).value
    order = np.random.default_rng(1).permutation(len(Z))
    constant = np.full((len(Z), 1), 3.3)
    for other in (
        Z[order],
        Z[:, ::-1],
        Z * [-1, 100, -0.01, 1] + 1e4,
        np.hstack([constant, Z]),
        np.hstack([Z[:, :2], constant, Z[:, 2:], constant]),
    ):
        assert estimate(other).value == pytest.approx(value, abs=1e-7)
    assert "1 constant dimensions left out" in estimate(np.hstack([constant, Z])).method


def test_independent_dimensions_give_chance_and_an_interval_from_0() -> None:
    z = np.random.default_rng(2).normal(size=(400, 6))
    found = estimate(z)
    assert found.chance is not None
    assert found.low == 0
    assert found.value == pytest.approx(found.chance, abs=0.03)
    assert found.chance == pytest.approx(6 * 5 / 4 / 400, abs=0.01)
    alone = estimate(z[:, :1])
    assert (alone.value, alone.low, alone.high, alone.chance) == (0, 0, 0, 0)


def test_the_bias_is_that_of_gaussian_samples() -> None:
    rng = np.random.default_rng(3)
    draws = rng.normal(size=(4000, 12, 5)) @ rng.normal(size=(5, 5))
    covariances = np.stack([np.cov(x.T) for x in draws])
    truth = gaussian_total(np.cov(draws.reshape(-1, 5).T))
    bias = gaussian_total(covariances).mean() - truth
    assert gaussian_bias(np.array([12.0]), 5)[0] == pytest.approx(bias, abs=0.03)


def test_the_interval_is_centred_on_the_truth_not_on_the_value() -> None:
    truth = float(gaussian_total(MIX.T @ MIX))
    middle = []
    for seed in range(40):
        z = np.random.default_rng(seed).normal(size=(60, 4)) @ MIX
        found = estimate(z, permutations=1)
        middle.append((found.low + found.high) / 2)
        assert found.low < found.value
    assert np.mean(middle) == pytest.approx(truth, abs=0.1)


def test_leaving_a_batch_out_is_subtraction() -> None:
    batches = np.arange(300) % 7
    z = Z - Z.mean(axis=0)
    without, left = covariances_without(z, batches)
    for b in range(7):
        np.testing.assert_allclose(without[b], np.cov(z[batches != b].T), atol=1e-12)
        assert left[b] == (batches != b).sum()


def test_exact_dependence_is_said_in_words() -> None:
    for z in (np.hstack([Z, Z[:, :1]]), np.hstack([Z, Z @ [[1.0], [2], [0], [1]]])):
        found = ask(z)
        assert isinstance(found, Unmeasured)
        assert "infinite" in f"{found.reason}"
    found = ask(np.random.default_rng(0).normal(size=(20, 20)))
    assert isinstance(found, Unmeasured)
    assert "20" in f"{found.reason}"


def test_repeating_rows_in_a_group_does_not_sharpen_the_interval() -> None:
    z = Z[:120]
    rows = np.repeat(np.arange(120), 6)
    alone, six, blind = (
        estimate(part, group=group) for part, group in ((z, None), (z[rows], rows), (z[rows], None))
    )
    assert six.value == pytest.approx(alone.value, abs=0.01)
    assert six.high - six.low > 0.75 * (alone.high - alone.low)
    assert blind.high - blind.low < 0.75 * (alone.high - alone.low)
    assert six.chance == pytest.approx(alone.chance, abs=0.03)


@pytest.mark.parametrize("n", [1, 2, 9, 10, 12, 20])
@pytest.mark.parametrize("d", [1, 3])
def test_small_samples_get_a_number_or_a_reason(n: int, d: int) -> None:
    found = ask(np.random.default_rng(n).normal(size=(n, d)))
    assert isinstance(found, Unmeasured) == (n < 10)
    assert isinstance(ask(np.ones((30, d))), Unmeasured)


def test_a_dimension_that_varies_in_one_row_only() -> None:
    z = np.hstack([Z, np.eye(300)[:, :1]])
    assert estimate(z).high < 10


def test_many_dimensions() -> None:
    z = np.random.default_rng(4).normal(size=(400, 60))
    found = estimate(z)
    assert found.chance is not None
    assert found.value == pytest.approx(found.chance, rel=0.1)
    assert found.low < 1


def test_the_same_seed_gives_the_same_numbers_and_moments_can_be_shared() -> None:
    assert estimate(Z, 7) == estimate(Z, 7)
    asked = question(Z, np.empty((300, 0)), rng=np.random.default_rng(7))
    assert answer_total_correlation(asked, spread(asked)).total == estimate(Z, 7)


@pytest.mark.parametrize("convention", ["paper", "disentanglement_lib"])
def test_minibatch_weighted_is_the_printed_formula(convention: Convention) -> None:
    """As the paper prints it; without its constants, as the library's training computes it."""
    rng = np.random.default_rng(0)
    mean, logvar = rng.normal(size=(90, 3)), rng.normal(size=(90, 3)) * 0.3 - 1
    nothing = np.empty((90, 0))
    asked = question(mean, nothing, logvar=logvar, rng=rng, convention=convention)
    drawn = draw_posteriors(asked)
    assert not isinstance(drawn, Unmeasured)
    drawn = drawn._replace(row=np.arange(90), noise=rng.normal(size=(90, 3)))
    pieces = np.array_split(rng.permutation(90), 10)
    constant = np.log(90 * 9) if convention == "paper" else 0.0
    joint, marginal = minibatch_logs(drawn, pieces, [np.full((9, 9), -constant)] * 10)
    z = drawn.z + drawn.centre
    expected = []
    for piece in pieces:
        scale = np.exp(logvar[piece] / 2)
        logs = norm.logpdf(z[piece][:, None], mean[piece], scale)
        log_qz = logsumexp(logs.sum(axis=2), axis=1) - constant
        log_product = (logsumexp(logs, axis=1) - constant).sum(axis=1)
        expected.append(log_qz - log_product)
    total = (joint - marginal.sum(axis=1))[np.concatenate(pieces)]
    np.testing.assert_allclose(total, np.concatenate(expected), atol=1e-9)


def test_minibatch_weighted_runs_and_differs_by_the_constants() -> None:
    rng = np.random.default_rng(1)
    mean, logvar = rng.normal(size=(400, 3)), np.full((400, 3), -1.0)
    paper, bare = (
        estimate(
            mean,
            estimator="minibatch_weighted",
            logvar=logvar,
            minibatch=40,
            convention=convention,
        )
        for convention in ("paper", "disentanglement_lib")
    )
    assert paper.value - bare.value == pytest.approx(2 * np.log(400 * 40), abs=1e-9)
    assert "minibatches of 40" in paper.method
    assert paper.chance == pytest.approx(paper.value, abs=0.1)
    assert paper.high - paper.low < 0.5
    missing = ask(mean, estimator="minibatch_weighted")
    assert isinstance(missing, Unmeasured)
    assert "log-variance" in f"{missing.reason}"
    with pytest.raises(InputError, match="no estimator nope"):
        ask(mean, estimator="nope")
