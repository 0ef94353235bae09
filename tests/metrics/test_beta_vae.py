"""The metric of β-VAE by new images and by closed form, and what its interval promises."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.beta_vae import beta_vae
from tanaoroshi.metrics.draws import pairs, pool
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints

# The package's own name for it is the function.
module = sys.modules["tanaoroshi.metrics.beta_vae"]
N = 500
RNG = np.random.default_rng(8)
FEW = {"points": 1000, "evaluate": 1000, "batch": 20}


def codes(v: Floats, rng: np.random.Generator) -> Floats:
    """One dimension holds the first attribute, blurred; the next a little of the others."""
    z = rng.normal(size=(len(v), 4))
    z[:, 0] += 1.5 * v[:, 0]
    z[:, 1] += 0.6 * v[:, 1] + 0.3 * v[:, 2]
    return z


def factors(n: int, rng: np.random.Generator) -> Floats:
    return np.stack([rng.integers(0, c, n) for c in (3, 4, 6)], 1).astype(np.float64)


V = factors(N, RNG)
Z = codes(V, RNG)


def estimate(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    return measured


def ask(z: Floats, v: Floats, **more: object) -> Estimate:
    settings = FEW | more
    return estimate(beta_vae(z, v, rng=np.random.default_rng(0), **settings))  # type: ignore[arg-type]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the interval is not asked for, let it be rough."""
    monkeypatch.setattr(module, "SPLITS", 2)
    monkeypatch.setattr(module, "WHOLE", 2)


def new_images(points: int, batch: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Draw as the paper does: each pair two new images with one factor in common."""
    common = rng.integers(0, 3, points)
    one, two = factors(points * batch, rng), factors(points * batch, rng)
    rows, held = np.arange(points * batch), np.repeat(common, batch)
    two[rows, held] = one[rows, held]
    far = np.abs(codes(one, rng) - codes(two, rng))
    return far.reshape(points, batch, 4).mean(axis=1), common


@pytest.mark.parametrize("convention", ["paper", "disentanglement_lib"])
def test_rows_of_a_large_table_tell_what_new_images_tell(convention: str) -> None:
    rng = np.random.default_rng(1)
    learned, tried = new_images(5000, 20, rng), new_images(5000, 20, rng)
    expected = LogisticRegression().fit(*learned).score(*tried)
    v = factors(30_000, rng)
    found = ask(codes(v, rng), v, points=5000, evaluate=5000, convention=convention)
    assert 0.5 < expected < 0.9
    assert found.value == pytest.approx(expected, abs=0.025)
    assert found.low <= expected <= found.high


@pytest.mark.usefixtures("quick")
def test_one_dimension_by_closed_form() -> None:
    """Two attributes, of which one makes up three quarters of the only dimension's variance.

    Differences are half-normal; with 400 pairs their mean is normal, with one mean and one
    standard deviation for each attribute: one threshold tells them apart as best it can.
    """
    rng = np.random.default_rng(2)
    v = rng.integers(0, 400, (20_000, 2)).astype(np.float64)
    place = rng.permutation(norm.ppf((np.arange(400) + 0.5) / 400))
    z = rng.normal(size=20_000) * 0.5 + place[v[:, 0].astype(int)] * 0.75**0.5
    size = np.array([0.5, 1.0])
    mean, sd = size * 2 / np.pi**0.5, size * (2 - 4 / np.pi) ** 0.5 / 3**0.5
    cuts = np.linspace(mean[0], mean[1], 200)
    best = (norm.cdf((cuts - mean[0]) / sd[0]) + norm.sf((cuts - mean[1]) / sd[1])).max() / 2
    found = ask(z, v, batch=3, points=6000, evaluate=6000)
    assert found.value == pytest.approx(best, abs=0.03)
    assert ask(z, v, batch=400).value > 0.99


def test_pairs_are_of_two_rows_of_one_known_value() -> None:
    classes = np.stack([np.r_[np.zeros(5), np.ones(3), 2, -1], np.arange(10) % 2], 1).astype(int)
    attribute, one, two = pairs(pool(classes), 3000, 4, np.random.default_rng(0))
    assert (one != two).all()
    held = attribute[:, None]
    assert (classes[one, held] == classes[two, held]).all()
    assert (classes[one, held] >= 0).all()
    first = attribute == 0
    assert set(np.unique(one[first])) == set(np.unique(two[first])) == set(range(8))
    # All ordered pairs of the five rows of one value are equally frequent.
    five = (one[first] < 5) & (two[first] < 5)
    counts = np.bincount(one[first][five] * 5 + two[first][five])
    assert np.ptp(counts[counts > 0]) < 0.5 * counts.max()
    assert (counts > 0).sum() == 20


def test_perfect_codes_score_one_and_unrelated_codes_chance() -> None:
    assert ask(V * 3 + 1, V).value > 0.99
    for convention in ("paper", "disentanglement_lib"):
        found = ask(RNG.normal(size=(N, 4)), V, convention=convention)
        assert found.chance is not None
        assert found.chance == pytest.approx(1 / 3, abs=0.05)
        assert found.value == pytest.approx(found.chance, abs=0.07)
        assert found.low == pytest.approx(1 / 3)


@pytest.mark.usefixtures("quick")
def test_it_cannot_see_a_rotation() -> None:
    """What Kim & Mnih hold against it: three attributes in a plane are told apart just as well."""
    v = factors(3000, RNG)
    v = (v - v.mean(axis=0)) / v.std(axis=0)
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    assert ask(v @ turn, np.round(v * 100), batch=200).value > 0.98


@pytest.mark.usefixtures("quick")
def test_invariances() -> None:
    base = ask(Z, V).value
    relabelled = V.copy()
    relabelled[:, 0] = (2 * V[:, 0] + 1) % 5
    for z, v in (
        (Z[:, ::-1], V),
        (Z * [1, -1, -1, 1] * [1, 1e6, 1e-6, 3] + 7, V),
        (np.hstack([np.full((N, 1), 3.3), Z]), V),
        (np.hstack([Z, np.full((N, 1), 3.3)]), V),
        (Z, relabelled),
        (np.hstack([Z, -2 * Z]), V),
    ):
        assert ask(z, v).value == pytest.approx(base, abs=0.002)
    # The library's penalty does see the scale.
    faint, library = Z / 100, {"convention": "disentanglement_lib"}
    assert ask(faint, V, **library).value < ask(Z, V, **library).value - 0.05
    scaled = ask(faint, V, standardise=True, **library).value
    assert scaled == pytest.approx(ask(Z, V, standardise=True, **library).value, abs=0.002)


@pytest.mark.usefixtures("quick")
def test_conventions_stand_in_the_method() -> None:
    rng = np.random.default_rng(0)
    paper = estimate(beta_vae(Z, V, rng=rng)).method
    assert "C=1000, standardised; 10000 points, tried on 5000 others; 200 pairs" in paper
    library = estimate(beta_vae(Z, V, convention="disentanglement_lib", rng=rng)).method
    assert "C=1; 10000 points, tried on 5000 others; 64 pairs" in library


@pytest.mark.usefixtures("quick")
def test_missing_values_of_each_kind() -> None:
    v = np.hstack([V, RNG.random((N, 1)) * 6.28])
    z = np.hstack([V, np.cos(v[:, 3:]), np.sin(v[:, 3:])])
    v[RNG.random(v.shape) < 0.2] = np.nan
    found = ask(z, v, kinds=["nominal", "ordinal", "continuous", "circular"])
    assert found.value > 0.9
    assert found.n == int(np.isfinite(v).any(axis=1).sum())


def test_intervals_hold_what_many_images_give() -> None:
    rng = np.random.default_rng(3)
    v = factors(30_000, rng)
    truth = ask(codes(v, rng), v, points=6000, evaluate=6000).value
    held, width = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        v = factors(300, rng)
        found = ask(codes(v, rng), v, points=2000, evaluate=2000)
        held.append(found.low <= truth <= found.high)
        width.append(found.high - found.low)
    assert sum(held) >= 4
    assert np.mean(width) < 0.4


def test_repeating_rows_in_a_group_does_not_sharpen_the_interval() -> None:
    z, v = Z[:150], V[:150]
    rows = np.repeat(np.arange(150), 6)
    alone, six = ask(z, v), ask(z[rows], v[rows], group=rows)
    assert six.high - six.low > 0.6 * (alone.high - alone.low)


@pytest.mark.parametrize(("n", "d"), [(20, 1), (30, 3), (60, 3), (30, 60)])
def test_small_samples_and_many_dimensions(n: int, d: int) -> None:
    v = np.stack([np.arange(n) % 2, np.arange(n) // 2 % (n // 4)], 1).astype(np.float64)
    z = np.random.default_rng(n).normal(size=(n, d))
    for kw in ({}, {"group": np.arange(n) // 2}):
        found = ask(z, v, bins=2, points=200, evaluate=200, **kw)
        assert 0.4 < found.low <= found.value <= found.high <= 1


def test_what_has_no_score_says_why() -> None:
    for z, v, why in ((Z, V[:, :1], "at least two"), (np.ones((N, 2)), V, "constant")):
        found = beta_vae(z, v, rng=RNG)
        assert isinstance(found, Unmeasured)
        assert why in f"{found.reason}"
    assert isinstance(beta_vae(Z[:8], V[:8], rng=RNG), Unmeasured)
    for kw in ({"batch": 0}, {"points": 0}, {"evaluate": 0}, {"strength": 0.0}):
        with pytest.raises(InputError, match="batch, points"):
            beta_vae(Z, V, rng=RNG, **kw)
    # So few points that all show the same attribute.
    assert 0 <= ask(Z, V, points=1).value <= 1
