"""MIG-sup, DCIMIG, JEMMIG and modularity by second routes, and what their intervals promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from tanaoroshi.metrics import dcimig, jemmig, mig, mig_sup, modularity
from tanaoroshi.metrics.mutual import Entropies
from tanaoroshi.metrics.question import question
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.records.attributes import Floats, Ints

N = 500
RNG = np.random.default_rng(5)
V = np.stack([RNG.integers(0, c, N) for c in (3, 4, 6)], 1).astype(np.float64)
Z = np.hstack([V * [1, 0.5, 0.2], V[:, :1] + V[:, 1:2], np.full((N, 1), 2.5)])
Z = Z + RNG.normal(size=Z.shape) * [0.3, 0.4, 0.5, 0.3, 0]
INFORMATION: tuple[Callable[..., Measured], ...] = (mig, mig_sup, dcimig, jemmig, modularity)


def estimate(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    return measured


def library_bins(x: Floats) -> Ints:
    return np.digitize(x, np.histogram(x, 20)[1][:-1]).astype(np.int64)


def entropy(x: Floats | Ints) -> float:
    share = np.unique(x, return_counts=True)[1] / len(x)
    return float(-(share * np.log(share)).sum())


def informations() -> Floats:
    """Plug-in informations in nats, dimensions × attributes, one pair at a time."""
    return np.array([[mutual_info_score(v, library_bins(z)) for v in V.T] for z in Z.T])


def library(f: Callable[..., Measured], **more: object) -> float:
    found = f(Z, V, convention="disentanglement_lib", rng=np.random.default_rng(0), **more)
    return estimate(found).value


def test_mig_sup_is_its_formula() -> None:
    parts = informations() / [entropy(v) for v in V.T]
    gaps = [np.diff(np.sort(line))[-1] for line in parts[:4]]
    assert library(mig_sup) == pytest.approx(np.mean(gaps), abs=1e-9)
    assert library(mig_sup, dimensions="informative") == pytest.approx(np.mean(gaps), abs=1e-9)


def test_dcimig_is_its_formula() -> None:
    """Each dimension's lead goes to its best attribute, which takes the best of them."""
    given_to = np.zeros(3)
    for line in informations():
        a = int(np.argmax(line))
        given_to[a] = max(given_to[a], np.diff(np.sort(line))[-1])
    expected = given_to.sum() / sum(entropy(v) for v in V.T)
    assert library(dcimig) == pytest.approx(expected, abs=1e-9)


def test_jemmig_is_its_formula_in_each_form() -> None:
    found, nats, parts = informations(), [], []
    for a, v in enumerate(V.T):
        best = int(np.argmax(found[:, a]))
        joint = entropy(library_bins(Z[:, best]) * 100 + v)
        nats.append(joint - np.diff(np.sort(found[:, a]))[-1])
        parts.append(nats[-1] / (entropy(v) + np.log(20)))
    assert library(jemmig) == pytest.approx(np.mean(nats), abs=1e-9)
    assert library(jemmig, form="normalised") == pytest.approx(np.mean(parts), abs=1e-9)
    assert library(jemmig, form="turned") == pytest.approx(1 - np.mean(parts), abs=1e-9)


def test_modularity_is_its_formula() -> None:
    square = informations() ** 2
    each = [1 - (line.sum() - line.max()) / (2 * line.max()) for line in square[:4]]
    # The library gives a constant dimension 0 and counts it; the paper's mean leaves it out.
    assert library(modularity) == pytest.approx(np.mean([*each, 0]), abs=1e-9)
    paper = library(modularity, dimensions="informative")
    assert paper == pytest.approx(np.mean(each), abs=1e-9)


def test_by_closed_form() -> None:
    """Two attributes of four values; a dimension passes the first on through a noisy channel."""
    error = 0.2
    table = np.full((4, 4), error / 3) + np.eye(4) * (1 - error - error / 3)
    rows = np.repeat(np.arange(16), np.rint(table.ravel() * 300).astype(int))
    z = np.repeat(rows // 4, 4).astype(float)
    v = np.stack([np.repeat(rows % 4, 4), np.tile(np.arange(4), len(rows))], 1).astype(float)
    told = np.log(4) + 0.8 * np.log(0.8) + 0.2 * np.log(0.2 / 3)
    expected: dict[Callable[..., Measured], float] = {
        mig_sup: told / np.log(4),
        dcimig: told / np.log(16),
        jemmig: ((2 * np.log(4) - 2 * told) + 2 * np.log(4)) / 2,
        modularity: 1.0,
    }
    for f, value in expected.items():
        assert estimate(f(z, v, bias="none", rng=RNG)).value == pytest.approx(value, abs=1e-9)


def test_perfect_codes_in_any_order_sign_and_scale() -> None:
    v = RNG.integers(0, 4, (1000, 3)).astype(float)
    z = np.hstack([-3 * v[:, [2]], v[:, [0]], np.ones((1000, 1)), 0.1 * v[:, [1]] + 7])
    for f, best in ((mig, 1), (mig_sup, 1), (dcimig, 1), (jemmig, 0), (modularity, 1)):
        e = estimate(f(z, v, rng=RNG))
        assert e.value == pytest.approx(best, abs=0.02)
        assert e.chance is not None
        assert abs(e.chance - best) > 0.2


def test_unrelated_codes_score_like_chance() -> None:
    z = RNG.normal(size=(1000, 4))
    v = RNG.integers(0, 4, (1000, 3)).astype(float)
    for f in (mig, mig_sup, dcimig, jemmig):
        e = estimate(f(z, v, rng=RNG))
        assert e.chance is not None
        assert e.value == pytest.approx(e.chance, abs=0.03)
        assert e.low == 0 or f is jemmig
    nothing = modularity(z, v, rng=np.random.default_rng(1))
    if isinstance(nothing, Estimate):
        assert nothing.high - nothing.low > 0.2
    else:
        assert "no dimension tells" in str(nothing.reason)


def test_two_dimensions_that_tell_the_same_leave_no_sure_gap() -> None:
    v = RNG.integers(0, 5, (2000, 2)).astype(float)
    z = np.tile(v, 2) + 0.5 * RNG.normal(size=(2000, 4))
    assert estimate(mig(z, v, rng=RNG)).low == 0
    assert estimate(mig_sup(z, v, rng=RNG)).low > 0.3
    assert estimate(dcimig(z, v, rng=RNG)).low > 0.3


def test_one_attribute_has_no_next() -> None:
    for f in (mig_sup, dcimig, modularity):
        found = f(Z, V[:, 0], rng=RNG)
        assert isinstance(found, Unmeasured)
        assert "at least two" in str(found.reason)
    assert isinstance(mig(Z, V[:, 0], rng=RNG), Estimate)
    assert isinstance(jemmig(Z[:, 0], V[:, 0], rng=RNG), Estimate)


def test_few_images_get_coarser_bins_and_wider_intervals_that_say_so() -> None:
    v = RNG.normal(size=(240, 2))
    few = estimate(mig(v, v, rng=RNG))
    assert few.value == pytest.approx(1, abs=0.06)
    assert "5 of numeric attributes" in few.method
    assert "of numeric" not in estimate(mig(v, v, numeric_bins=20, rng=RNG)).method


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_entropies_keep_to_their_laws(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d, k = int(rng.integers(60, 200)), int(rng.integers(1, 5)), int(rng.integers(1, 4))
    v = rng.integers(0, 3, (n, k)).astype(float)
    v[rng.random(v.shape) < 0.1] = np.nan
    asked = question(rng.normal(size=(n, d)), v, rng=rng, permutations=5)
    known = asked.knowledge
    for e in (known.plain, known.corrected, *known.centres):
        assert isinstance(e, Entropies)
        assert (e.mutual >= 0).all()
    plain = known.plain
    assert (plain.mutual <= np.minimum(plain.code, plain.attribute) + 1e-9).all()
    assert np.abs(known.deviations.mutual.mean(axis=0)).max() < 0.05


def test_deviations_are_those_of_fresh_samples() -> None:
    """The drawn spread of every entropy is that over independent samples of the population."""

    def sample(seed: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng(seed)
        v = rng.choice(4, 2000, p=[0.1, 0.2, 0.3, 0.4]).astype(float)
        return np.stack([v + 0.5 * rng.normal(size=2000), rng.normal(size=2000)], 1), v

    seen = []
    for seed in range(80):
        asked = question(*sample(seed), rng=np.random.default_rng(0), permutations=1)
        found = asked.information
        seen.append([found.mutual[0, 0], found.attribute[0]])
    known = question(*sample(99), rng=np.random.default_rng(0)).knowledge
    drawn = [known.deviations.mutual[:, 0, 0], known.deviations.attribute[:, 0]]
    for fresh, ours in zip(np.std(seen, axis=0), np.std(drawn, axis=1), strict=True):
        assert ours == pytest.approx(fresh, rel=0.25)


def test_deviations_in_sparse_tables_are_those_of_corrected_informations() -> None:
    """Where cells hold two images each, the correction itself varies, and is counted once."""

    def sample(seed: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng(seed)
        v = rng.normal(size=(600, 2))
        return v + [0.3, 1.5] * rng.normal(size=(600, 2)), v

    corrected, drawn = [], []
    for seed in range(60):
        asked = question(*sample(seed), rng=np.random.default_rng(seed), permutations=20)
        corrected.append(np.diag(asked.knowledge.corrected.mutual))
        drawn.append(np.diag(asked.knowledge.deviations.mutual.std(axis=0)))
    strong, weak = np.mean(drawn, axis=0) / np.std(corrected, axis=0)
    assert 0.75 < strong < 1.3
    assert 0.8 < weak < 1.7


def test_groups_are_left_out_together_to_take_off_the_bias() -> None:
    """Rows that repeat one another have the informations of the images that they are of."""
    rng = np.random.default_rng(8)
    v = rng.integers(0, 4, (150, 2)).astype(float)
    z = v + 0.4 * rng.normal(size=v.shape)
    once = question(z, v, rng=rng, bins=8, permutations=20)
    six = question(z.repeat(6, 0), v.repeat(6, 0), group=np.arange(150).repeat(6), rng=rng, bins=8)
    ours, theirs = six.knowledge, once.knowledge
    np.testing.assert_allclose(ours.corrected.mutual, theirs.corrected.mutual, atol=0.03)
    np.testing.assert_allclose(
        ours.deviations.mutual.std(axis=0), theirs.deviations.mutual.std(axis=0), rtol=0.35
    )


def test_a_method_says_where_images_are_too_few_for_the_interval() -> None:
    few = estimate(mig(Z[:80], V[:80], rng=RNG)).method
    assert "only 80 independent images: below 100 the interval may be too narrow" in few
    assert "independent" not in estimate(mig(Z[:100], V[:100], rng=RNG)).method
    group = np.arange(N) // 10
    assert "only 50 independent" in estimate(mig(Z, V, group=group, rng=RNG)).method
