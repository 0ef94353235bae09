"""The metric of FactorVAE by closed form and by plain votes, and what its interval promises."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import f as fisher

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.draws import Trials, alike, halves, pool
from tanaoroshi.metrics.factor_vae import both, factor_vae, right
from tanaoroshi.metrics.question import question
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints

# The package's own name for it is the function.
module = sys.modules["tanaoroshi.metrics.factor_vae"]
N = 600
RNG = np.random.default_rng(8)
V = np.stack([RNG.integers(0, c, N) for c in (3, 4, 6)], 1).astype(np.float64)
Z = np.hstack([V * [1, 0.5, 0.3], RNG.normal(size=(N, 1))]) + 0.4 * RNG.normal(size=(N, 4))


def estimate(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    return measured


def ask(z: Floats, v: Floats, **more: object) -> Estimate:
    return estimate(factor_vae(z, v, rng=np.random.default_rng(0), **more))  # type: ignore[arg-type]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the interval is not asked for, let it be rough."""
    monkeypatch.setattr(module, "SPLITS", 2)
    monkeypatch.setattr(module, "WHOLE", 2)


def test_two_dimensions_by_closed_form() -> None:
    """One of two dimensions holds one of two attributes, half of its variance.

    With ten rows a vote that dimension wins by the law of Fisher's F; with the other attribute
    held fixed either wins half the time.
    """
    rng = np.random.default_rng(0)
    v = rng.integers(0, 200, (40_000, 2)).astype(np.float64)
    effect = rng.permutation(200) / 200 - 0.4975
    z = rng.normal(size=v.shape)
    z[:, 0] = z[:, 0] * effect.std() + effect[v[:, 0].astype(int)]
    wins = fisher.cdf(2, 9, 9)
    found = ask(z, v, batch=10, votes=20_000, evaluate=20_000)
    assert found.value == pytest.approx((wins + 0.5) / 2, abs=0.01)
    assert found.low <= (wins + 0.5) / 2 <= found.high


def plain_votes(z: Floats, v: Floats, votes: int, batch: int, rng: np.random.Generator) -> Ints:
    """Draw as the paper says, one vote at a time."""
    won = np.zeros((v.shape[1], z.shape[1]), dtype=np.int64)
    for _ in range(votes):
        a = int(rng.integers(v.shape[1]))
        same = np.flatnonzero(v[:, a] == v[rng.integers(len(v)), a])
        drawn = z[rng.choice(same, batch)]
        won[a, np.argmin(drawn.var(axis=0, ddof=1) / z.var(axis=0, ddof=1))] += 1
    return won


@pytest.mark.usefixtures("quick")
def test_it_is_what_plain_votes_give() -> None:
    z = Z @ np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    plain = plain_votes(z, V, 2000, 30, np.random.default_rng(2))
    again = plain_votes(z, V, 2000, 30, np.random.default_rng(4))
    same = ask(z, V, votes=20_000, batch=30).value
    assert same == pytest.approx(right(plain, plain), abs=0.03)
    others = ask(z, V, votes=20_000, batch=30, evaluate=20_000).value
    assert others == pytest.approx(both(plain, again), abs=0.03)
    assert 0.4 < same < 0.95


def test_the_majority_of_votes() -> None:
    votes = np.array([[8, 1, 0], [2, 5, 0]])
    assert right(votes, votes) == 13 / 16
    assert right(votes, votes[::-1]) == 3 / 16
    assert both(votes, votes[::-1]) == pytest.approx(3 / 16)


def test_only_rows_of_one_known_and_shared_value_are_drawn() -> None:
    classes = np.stack([np.r_[np.zeros(5), np.ones(3), 2, -1], np.arange(10) % 2], 1).astype(int)
    table = pool(classes)
    assert sorted(table.rows[table.value < 2]) == list(range(8))
    attribute, rows = alike(table, 4000, 5, np.random.default_rng(0))
    drawn = classes[rows, attribute[:, None]]
    assert (drawn == drawn[:, :1]).all()
    assert (drawn >= 0).all()
    assert set(np.unique(rows[attribute == 0])) == set(range(8))
    # An attribute is drawn as often as any other, a value as often as it occurs.
    assert np.mean(attribute) == pytest.approx(0.5, abs=0.04)
    assert np.mean(drawn[attribute == 0, 0] == 1) == pytest.approx(3 / 8, abs=0.04)
    part = table.within(np.arange(10) > 3)
    assert sorted(part.rows[part.owner[part.value] == 0]) == [5, 6, 7]
    assert table.within(np.arange(10) < 2).attributes == 1


def test_perfect_codes_score_one_and_unrelated_codes_chance() -> None:
    perfect = ask(V[:, ::-1] * 3, V)
    assert perfect.value == 1
    assert perfect.low > 0.99
    z = RNG.normal(size=(N, 4))
    for kw in ({}, {"convention": "disentanglement_lib"}):
        found = ask(z, V, **kw)
        assert found.chance is not None
        assert found.value == pytest.approx(found.chance, abs=0.08)
        assert found.low == pytest.approx(1 / 3)
        assert found.high < 0.6


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
    ):
        assert ask(z, v).value == pytest.approx(base, abs=1e-9)
    assert ask(np.hstack([Z, -2 * Z]), V).value == pytest.approx(base, abs=1e-9)


@pytest.mark.usefixtures("quick")
def test_conventions_and_collapsed_dimensions() -> None:
    library = ask(Z, V, convention="disentanglement_lib")
    assert "10000 votes, tried on 5000 others, 64 rows" in library.method
    assert "800 votes, 100 rows" in ask(Z, V).method
    faint = Z * [1, 1, 1, 0.001]
    assert "4 of 4" in ask(faint, V).method
    assert "3 of 4" in ask(faint, V, convention="disentanglement_lib").method
    assert "1 of 4" in ask(faint, V, least_sd=0.7).method


@pytest.mark.usefixtures("quick")
def test_missing_values_of_each_kind() -> None:
    v = np.hstack([V, RNG.random((N, 1)) * 6.28])
    v[RNG.random(v.shape) < 0.2] = np.nan
    kinds = ["nominal", "ordinal", "continuous", "circular"]
    z = np.hstack([Z[:, :3], np.cos(v[:, 3:]), np.sin(v[:, 3:])])
    z = np.where(np.isnan(z), 0, z)
    found = ask(z, v, kinds=kinds)
    assert found.value > 0.9
    assert found.n == int(np.isfinite(v).any(axis=1).sum())


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_halves_tell_flattery_and_what_noise_hides(power: float) -> None:
    """Of a score that is 0.6 but for flattery and for noise that hides 5/n, n = 100."""
    own = np.array([[0.6 + 50**-power - 5 / 50] * 2] * 3)
    other = np.array([[0.6 - 5 / 50] * 2] * 3)
    full = 0.6 + 100**-power - 5 / 100

    def trials(value: float, own: Floats = own, other: Floats = other) -> Trials:
        null = np.array([0.5, 0.52])
        return Trials(value, null, full, full, own, other, power=power, doubt=0.5, tries=8000)

    assert trials(full).settled()[0] == pytest.approx(0.6)
    low, high = trials(full).ends(1 / 3)
    assert low < 0.6 < high
    assert trials(0.5).ends(1 / 3)[0] == 1 / 3
    assert trials(0.5, own[:1], other[:1]).ends(0.5) == (0.5, 1.0)
    ones = np.ones((3, 2))
    sure = Trials(1.0, np.array([0.5, 0.52]), 1, 1, ones, ones, power=power, doubt=0.5, tries=1000)
    assert 0.99 < sure.ends(1 / 3)[0] < 1


def test_intervals_hold_what_many_images_give() -> None:
    """One attribute of three is held: two thirds of 0.9, about."""

    def draw(n: int, seed: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng(seed)
        v = rng.integers(0, 5, (n, 3)).astype(np.float64)
        z = rng.normal(size=(n, 4))
        z[:, 0] += 2 * v[:, 0]
        return z, v

    truth = ask(*draw(30_000, 0), votes=8000, evaluate=8000).value
    found = [ask(*draw(200, seed)) for seed in range(1, 9)]
    held = [e.low <= truth <= e.high for e in found]
    assert sum(held) >= 7
    assert np.mean([e.high - e.low for e in found]) < 0.35


def test_repeating_rows_in_a_group_does_not_sharpen_the_interval() -> None:
    z = Z @ np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    z, v = z[:150], V[:150]
    rows = np.repeat(np.arange(150), 6)
    alone, six = ask(z, v), ask(z[rows], v[rows], group=rows)
    assert six.value == pytest.approx(alone.value, abs=0.06)
    assert six.high - six.low > 0.6 * (alone.high - alone.low)
    asked = question(z[rows], v[rows], group=rows, rng=RNG)
    for one, two in halves(asked, 3, RNG):
        assert not set(rows[one]) & set(rows[two])
        assert (one ^ two).all()


@pytest.mark.parametrize("n", [20, 30, 60])
@pytest.mark.parametrize("d", [1, 3])
def test_small_samples(n: int, d: int) -> None:
    v = np.stack([np.arange(n) % 2, np.arange(n) // 2 % (n // 4)], 1).astype(np.float64)
    z = np.random.default_rng(n).normal(size=(n, d))
    for kw in ({}, {"group": np.arange(n) // 2}):
        found = ask(z, v, bins=2, **kw)
        assert 0.49 < found.low <= found.value <= found.high <= 1
        if d == 1:
            assert found.value == pytest.approx(0.5, abs=0.05)


def test_what_has_no_score_says_why() -> None:
    for z, v, why in ((Z, V[:, :1], "at least two"), (np.ones((N, 2)), V, "collapsed")):
        found = factor_vae(z, v, rng=RNG)
        assert isinstance(found, Unmeasured)
        assert why in f"{found.reason}"
    assert isinstance(factor_vae(Z[:8], V[:8], rng=RNG), Unmeasured)
    for kw in ({"batch": 1}, {"votes": 0}, {"evaluate": -1}, {"least_sd": -1.0}):
        with pytest.raises(InputError, match="batch must"):
            factor_vae(Z, V, rng=RNG, **kw)
