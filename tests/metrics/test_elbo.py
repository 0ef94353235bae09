"""The terms of the rate by second routes: closed forms of Gaussians, brute force, integrals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import norm

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.dimension_wise_kl import dimension_wise_kl
from tanaoroshi.metrics.elbo import (
    Aggregate,
    Elbo,
    answer_elbo,
    elbo_decomposition,
    log_weights,
    minibatch_logs,
)
from tanaoroshi.metrics.posteriors import (
    draw_posteriors,
    gaussian_density,
    joint_density,
    marginal_density,
)
from tanaoroshi.metrics.question import question
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.metrics.posteriors import Posteriors
    from tanaoroshi.metrics.question import Question
    from tanaoroshi.records.attributes import Floats, Ints

MIX = np.array([[0.9, 0.3], [0.0, 0.8]])
NOISE = np.array([0.3, 0.25])


def linear(n: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Codes of a linear encoder of Gaussian data: all terms are known."""
    x = np.random.default_rng(seed).normal(size=(n, 2))
    return x @ MIX + 0.2, np.tile(np.log(NOISE), (n, 1))


def known() -> tuple[float, float, Floats]:
    inner = MIX.T @ MIX
    whole = inner + np.diag(NOISE)
    variance = np.diag(whole)
    logdet = np.linalg.slogdet(whole)[1]
    mutual = (logdet - np.log(NOISE).sum()) / 2
    total = (np.log(variance).sum() - logdet) / 2
    return mutual, total, (variance + 0.04 - 1 - np.log(variance)) / 2


def got(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    assert measured.low <= measured.value <= measured.high
    return measured


def asked_of(mean: Floats, logvar: Floats, group: Ints | None = None) -> Question:
    nothing = np.empty((len(mean), 0))
    return question(mean, nothing, logvar=logvar, group=group, rng=np.random.default_rng(0))


def drawn_from(mean: Floats, logvar: Floats, group: Ints | None = None) -> Posteriors:
    drawn = draw_posteriors(asked_of(mean, logvar, group))
    assert not isinstance(drawn, Unmeasured)
    return drawn


def ask(mean: Floats, logvar: Floats, seed: int = 0, **settings: object) -> Elbo:
    rng = np.random.default_rng(seed)
    return elbo_decomposition(mean, logvar, rng=rng, **settings)  # type: ignore[arg-type]


def test_gaussian_populations_by_closed_form() -> None:
    found = ask(*linear(1500))
    mutual, total, away = known()
    assert got(found.index_code_mi.total).value == pytest.approx(mutual, abs=0.07)
    assert got(found.total_correlation.total).value == pytest.approx(total, abs=0.03)
    assert got(found.aggregate_kl.total).value == pytest.approx(away.sum(), abs=0.03)
    for one, expected in zip(found.per_dimension, away, strict=True):
        assert got(one).value == pytest.approx(expected, abs=0.03)


def test_intervals_hold_the_known_terms() -> None:
    mutual, total, away = known()
    held = []
    for seed in range(12):
        found = ask(*linear(150, seed), seed)
        for answer, truth in (
            (found.index_code_mi, mutual),
            (found.total_correlation, total),
            (found.aggregate_kl, away.sum()),
        ):
            e = got(answer.total)
            held.append(e.low <= truth <= e.high)
    assert np.mean(held) > 0.85


def test_the_terms_add_up_to_the_rate() -> None:
    rng = np.random.default_rng(3)
    mean, logvar = rng.normal(size=(300, 3)), rng.normal(size=(300, 3)) - 1
    found = ask(mean, logvar)
    parts = (found.index_code_mi, found.total_correlation, found.aggregate_kl)
    whole = sum(got(part.total).value for part in parts)
    rate = got(dimension_wise_kl(mean, logvar)).value
    assert whole == pytest.approx(rate, abs=0.1)
    assert got(found.aggregate_kl.total).value == pytest.approx(
        sum(got(one).value for one in found.per_dimension), abs=1e-9
    )
    # On the samples themselves the sum is exact.
    drawn = drawn_from(mean, logvar)
    sampled = (drawn.own - drawn.prior).sum(axis=1).mean()
    assert whole == pytest.approx(sampled, abs=1e-4)


@pytest.mark.parametrize("grouped", [False, True])
def test_the_mixture_is_the_mean_of_all_densities(*, grouped: bool) -> None:
    rng = np.random.default_rng(4)
    mean, logvar = rng.normal(size=(40, 3)) + 50, rng.normal(size=(40, 3))
    group = np.arange(40) // 3 if grouped else None
    drawn = drawn_from(mean, logvar, group)
    z = drawn.z + drawn.centre
    logs = norm.logpdf(z[:, None], mean, np.exp(logvar / 2))
    np.testing.assert_allclose(norm.logpdf(z), drawn.prior)
    same = drawn.group[drawn.row][:, None] == drawn.group
    found = [joint_density(drawn), *(marginal_density(drawn, j) for j in range(3))]
    plain = [logs.sum(axis=2), *np.moveaxis(logs, 2, 0)]
    for density, expected in zip(found, plain, strict=True):
        whole = logsumexp(expected, axis=1) - np.log(40)
        np.testing.assert_allclose(density.whole, whole, atol=1e-5)
        other = logsumexp(np.where(same, -np.inf, expected), axis=1)
        other -= np.log((~same).sum(axis=1))
        np.testing.assert_allclose(density.other, other, atol=1e-4)


def test_the_divergence_of_a_dimension_by_an_integral() -> None:
    rng = np.random.default_rng(5)
    mean, logvar = rng.normal(size=(60, 1)) * 1.5, np.full((60, 1), -1.0)

    def density(z: float) -> float:
        return float(norm.pdf(z, mean, np.exp(-0.5)).mean())

    def excess(z: float) -> float:
        return float(density(z) * (np.log(density(z)) - norm.logpdf(z)))

    expected = quad(excess, -8, 8, limit=200)[0]
    drawn = drawn_from(mean, logvar)
    many = drawn._replace(row=np.repeat(np.arange(60), 300), noise=rng.normal(size=(18000, 1)))
    found = (marginal_density(many, 0).whole - many.prior[:, 0]).mean()
    assert found == pytest.approx(expected, abs=0.03)


def test_the_fitted_gaussian_is_the_density_of_the_moments() -> None:
    rng = np.random.default_rng(6)
    mean, logvar = rng.normal(size=(500, 2)) @ [[1, 0.5], [0, 1]], np.full((500, 2), -1.0)
    drawn = drawn_from(mean, logvar)
    joint, single = gaussian_density(drawn)
    covariance = np.cov(mean.T, ddof=0) + np.exp(-1) * np.eye(2)
    z = drawn.z
    exponent = np.einsum("mi,ij,mj->m", z, np.linalg.inv(covariance), z)
    expected = -(exponent + np.linalg.slogdet(2 * np.pi * covariance)[1]) / 2
    np.testing.assert_allclose(joint, expected - 5 / 1000, atol=1e-9)
    plain = norm.logpdf(z, scale=np.sqrt(np.diag(covariance)))
    np.testing.assert_allclose(single, plain - 2 / 1000, atol=1e-9)


def test_codes_that_say_nothing_and_codes_that_say_all() -> None:
    empty = ask(np.zeros((100, 3)), np.zeros((100, 3)))
    for answer in (empty.index_code_mi, empty.total_correlation, empty.aggregate_kl):
        assert got(answer.total).value == pytest.approx(0, abs=1e-6)
        assert got(answer.total).high < 0.05
    mean = np.random.default_rng(0).normal(size=(100, 3)) * 1000
    full = ask(mean, np.full((100, 3), -20.0))
    assert got(full.index_code_mi.total).value == pytest.approx(np.log(100), abs=1e-6)
    assert got(full.index_code_mi.total).high > np.log(100) + 3


def test_too_narrow_posteriors_look_tied_and_the_chance_level_says_so() -> None:
    mean = np.random.default_rng(1).normal(size=(300, 6))
    found = got(ask(mean, np.full((300, 6), -6.0)).total_correlation.total)
    assert found.chance is not None
    assert found.value > 5
    assert found.value == pytest.approx(found.chance, rel=0.05)
    assert found.low < 0.5


def test_orders_signs_and_a_collapsed_dimension_change_little() -> None:
    mean, logvar = linear(800)
    before = ask(mean, logvar)
    dead = np.hstack([np.zeros((800, 1)), mean]), np.hstack([np.zeros((800, 1)), logvar])
    turned = (-mean[::-1, ::-1], logvar[:, ::-1])
    for after in (ask(*dead), ask(*turned)):
        for name in ("index_code_mi", "total_correlation", "aggregate_kl"):
            one, two = (got(getattr(e, name).total).value for e in (before, after))
            assert one == pytest.approx(two, abs=0.06)


def test_repeating_rows_in_a_group_does_not_sharpen_the_interval() -> None:
    mean, logvar = linear(100)
    rows = np.repeat(np.arange(100), 6)
    alone = ask(mean, logvar)
    six = ask(mean[rows], logvar[rows], group=rows)
    one, two = got(alone.aggregate_kl.total), got(six.aggregate_kl.total)
    assert two.high - two.low > 0.7 * (one.high - one.low)
    assert got(six.index_code_mi.total).value == pytest.approx(
        got(alone.index_code_mi.total).value, abs=0.15
    )


def test_large_collections_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tanaoroshi.metrics.posteriors.EVALUATIONS", 20_000)
    mean, logvar = linear(2000)
    found = ask(mean, logvar, group=np.arange(2000) // 2)
    mutual, _, _ = known()
    e = got(found.index_code_mi.total)
    assert "mixture of 300 posteriors, 33 samples" in e.method
    assert e.n == 2000
    assert e.low < mutual < e.high


def test_weights_of_minibatches() -> None:
    for m, n in ((2, 50), (5, 50), (7, 7)):
        plain = np.exp(log_weights(m, n, "minibatch_weighted"))
        np.testing.assert_allclose(plain, 1 / (n * m))
        stratified = np.exp(log_weights(m, n, "minibatch_stratified"))
        np.testing.assert_allclose(stratified.sum(axis=1), 1)
        np.testing.assert_allclose(np.diag(stratified), 1 / n)


def test_stratified_minibatches_are_unbiased_and_weighted_ones_are_not() -> None:
    """Mean density over many minibatches that hold the sample's own posterior."""
    mean, logvar = linear(12)
    drawn = drawn_from(mean, logvar)
    drawn = drawn._replace(row=np.arange(12), noise=np.zeros((12, 2)))
    truth = np.exp(logsumexp(norm.logpdf(mean[:, None], mean, NOISE**0.5).sum(2), axis=1)) / 12
    rng = np.random.default_rng(0)
    found: dict[Aggregate, Floats] = {}
    names: tuple[Aggregate, ...] = ("minibatch_weighted", "minibatch_stratified")
    for name in names:
        draws = []
        for _ in range(1500):
            pieces = np.array_split(rng.permutation(12), 3)
            joint, _ = minibatch_logs(drawn, pieces, [log_weights(4, 12, name)] * 3)
            draws.append(np.exp(joint))
        found[name] = np.mean(draws, axis=0)
    np.testing.assert_allclose(found["minibatch_stratified"], truth, rtol=0.05)
    assert (found["minibatch_weighted"] < 0.5 * truth).all()


@pytest.mark.parametrize("estimator", ["minibatch_weighted", "minibatch_stratified"])
def test_rival_estimators_add_up_too(estimator: Aggregate) -> None:
    mean, logvar = linear(500)
    found = ask(mean, logvar, estimator=estimator, minibatch=50)
    parts = (found.index_code_mi, found.total_correlation, found.aggregate_kl)
    whole = sum(got(part.total).value for part in parts)
    assert whole == pytest.approx(got(dimension_wise_kl(mean, logvar)).value, abs=0.15)
    assert f"{estimator}, minibatches of 50" in got(found.total_correlation.total).method


@pytest.mark.parametrize("n", [1, 2, 9, 10, 25])
def test_small_samples_and_strange_variances_get_a_number_or_a_reason(n: int) -> None:
    rng = np.random.default_rng(n)
    mean = rng.normal(size=(n, 2))
    for logvar in (-800.0, -30.0, 0.0, 30.0, 800.0):
        found = ask(mean, np.full((n, 2), logvar))
        assert isinstance(found.total_correlation.total, Unmeasured) == (n < 10)
    if n >= 10:
        rival = ask(mean, np.zeros((n, 2)), estimator="minibatch_stratified")
        assert isinstance(rival.aggregate_kl.total, Estimate)


def test_without_log_variances_there_is_a_reason() -> None:
    nothing = np.empty((50, 0))
    asked = question(np.ones((50, 2)), nothing, rng=np.random.default_rng(0))
    found = answer_elbo(asked)
    assert isinstance(found.index_code_mi.total, Unmeasured)
    assert "log-variance" in f"{found.index_code_mi.total.reason}"
    assert len(found.per_dimension) == 2
    with pytest.raises(InputError, match="no estimator nope"):
        ask(np.ones((50, 2)), np.ones((50, 2)), estimator="nope")
    assert ask(*linear(50), 3) == ask(*linear(50), 3)
