"""InfoM, InfoE, InfoC by second routes, and what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, mutual_info_score

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.infoe import answer_infoe, infoe
from tanaoroshi.metrics.infomec import alone, answer_infomec, infoc, infom
from tanaoroshi.metrics.informations import informations, tabled
from tanaoroshi.metrics.logistic import splits
from tanaoroshi.metrics.neighbours import pointwise
from tanaoroshi.metrics.question import question
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.metrics.question import Question
    from tanaoroshi.records.attributes import Floats, Ints, Kind

N = 400
DRAW = np.random.default_rng(5)
V = np.stack([DRAW.integers(0, 4, N), DRAW.integers(0, 3, N)], 1).astype(np.float64)
Z = np.hstack([V[:, ::-1], V[:, :1]]) + DRAW.normal(size=(N, 3)) * 0.5
Z = np.hstack([Z, DRAW.normal(size=(N, 2))])


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def seen(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    return measured


def asked(z: Floats = Z, v: Floats = V, **settings: Any) -> Question:  # noqa: ANN401
    return question(z, v, rng=rng(), permutations=20, **settings)


def brute(x: Floats, labels: Ints, k: int) -> float:
    """Ross's estimator with inclusive counts, one row after the other."""
    sizes = np.bincount(labels)[labels]
    x, labels = x[sizes > 1], labels[sizes > 1]
    parts = []
    for i in range(len(x)):
        distance = np.abs(x - x[i])
        distance[i] = np.inf
        own = distance[labels == labels[i]]
        reach = np.sort(own)[min(k, len(own) - 1) - 1]
        near, all_near = (own <= reach).sum(), (distance <= reach).sum()
        parts.append(digamma(near) - digamma(all_near) - digamma(len(own)))
    return float(np.mean(parts) + digamma(len(x)))


@pytest.mark.parametrize("seed", range(6))
def test_neighbours_are_those_of_brute_force(seed: int) -> None:
    draw = np.random.default_rng(seed)
    for n, values, k in ((12, 2, 1), (60, 4, 10), (150, 9, 3)):
        labels = draw.integers(0, values, n)
        labels[0] = values
        even, odd = draw.normal(size=n) + labels, draw.integers(0, 12, n) / 3 + 5
        flat = np.where(even > 1, even, 0.0)
        ours = np.nanmean(pointwise(np.stack([even, odd, flat, odd * 0], 1), labels, k), axis=0)
        for x, mine in zip((even, odd, flat, odd * 0), ours, strict=True):
            assert mine == pytest.approx(brute(x, labels, k), abs=1e-12)


def test_neighbours_are_those_of_scikit_learn_but_for_its_noise() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 4, 1500)
    z = draw.normal(size=(1500, 3)) * [1, 10, 0.1] + labels[:, None] * [1, 1, 0]
    theirs = mutual_info_classif(z, labels, discrete_features=False, n_neighbors=10)
    ours = np.maximum(np.nanmean(pointwise(z, labels, 10), axis=0), 0)
    np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_missing_classes_and_lone_rows_take_no_part() -> None:
    labels = np.r_[DRAW.integers(0, 3, 50), -1, -1, 7]
    z = DRAW.normal(size=(53, 2))
    rows = pointwise(z, labels, 5)
    assert np.isnan(rows[50:]).all()
    np.testing.assert_allclose(rows[:50], pointwise(z[:50], labels[:50], 5))
    assert np.isnan(pointwise(z, np.full(53, -1), 5)).all()


def test_neighbours_find_the_information_of_two_normals() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 6000)
    z = draw.normal(size=6000) + 2 * labels
    grid = np.linspace(-8, 10, 20_001)
    density = np.exp(-((grid - [[0], [2]]) ** 2) / 2) / np.sqrt(2 * np.pi)
    mixed = density.mean(axis=0)
    exact = (density * np.log(density / mixed)).sum() / 2 * (grid[1] - grid[0])
    assert np.nanmean(pointwise(z[:, None], labels, 10)) == pytest.approx(exact, abs=0.02)


def test_few_values_are_counted_in_tables() -> None:
    classes = np.stack([V[:, 0], (V[:, 1] + DRAW.integers(0, 2, N)) % 3], 1).astype(int)
    labels = V[:, 1].astype(int)
    expected = [mutual_info_score(labels, c) for c in classes.T]
    np.testing.assert_allclose(tabled(classes, labels).mean(axis=0), expected)


def authors(nmi: Floats) -> tuple[float, float]:
    """InfoM and InfoC from a matrix attributes × active dimensions, as printed."""
    k, d = nmi.shape
    m = (np.mean(nmi.max(axis=0) / nmi.sum(axis=0)) - 1 / k) / (1 - 1 / k)
    c = (np.mean(nmi.max(axis=1) / nmi.sum(axis=1)) - 1 / d) / (1 - 1 / d)
    return float(m), float(c)


def test_infom_and_infoc_are_the_authors_on_continuous_codes() -> None:
    z = Z * [1, 1, 1, 1, 0.01]
    nmi = np.array(
        [
            mutual_info_classif(z, v, discrete_features=False, n_neighbors=10)
            / mutual_info_score(v, v)
            for v in V.T
        ]
    )
    m, c = authors(nmi[:, :4])
    for ours, theirs in ((infom, m), (infoc, c)):
        e = seen(ours(z, V, active="range", bias="none", rng=rng()))
        assert e.value == pytest.approx(theirs, abs=1e-3)
        assert "10 neighbours; 4 active (range) dimensions" in e.method


def test_infom_and_infoc_are_the_authors_on_quantised_codes() -> None:
    z = np.round(Z)
    nmi = np.array([[mutual_info_score(v, c) / mutual_info_score(v, v) for c in z.T] for v in V.T])
    for ours, theirs in zip((infom, infoc), authors(nmi), strict=True):
        e = seen(ours(z, V, active="all", bias="none", rng=rng()))
        assert e.value == pytest.approx(theirs, abs=1e-9)


def test_infom_and_infoc_by_closed_form() -> None:
    """Of two attributes, one stands in two dimensions: 1, and the mean of 1/4 and 1."""
    v = np.stack([np.arange(320) % 4, np.arange(320) // 4 % 5], 1).astype(float)
    z = np.stack([v[:, 0], 3 - v[:, 0], 2 * v[:, 1]], 1)
    m = answer_infomec(asked(z, v))
    assert seen(m.infom.total).value == pytest.approx(1)
    assert seen(m.infoc.total).value == pytest.approx((0.25 + 1) / 2)
    assert m.infoc.per_attribute is not None
    assert [seen(e).value for e in m.infoc.per_attribute] == pytest.approx([0.25, 1])
    np.testing.assert_allclose(alone(np.array([[0.0, 0], [1, 1], [0, 2]])), [0, 0, 1])


def test_noise_takes_no_part_unless_it_is_asked_for() -> None:
    few = seen(infom(Z, V, rng=rng()))
    assert "3 active (informative)" in few.method
    assert few.value > 0.9
    assert seen(infom(Z, V, rng=rng(), active="all")).value < 0.8
    none = infom(DRAW.normal(size=(N, 2)), V, rng=np.random.default_rng(3))
    assert isinstance(none, Unmeasured)
    assert "chance" in f"{none.reason}"


def test_infoe_held_out_is_cross_validated_log_loss() -> None:
    x = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    shares = []
    for v in V.T.astype(int):
        lost, whole = 0.0, 0.0
        for train, test in splits(asked()):
            model = LogisticRegression(C=2, tol=1e-8, max_iter=500).fit(x[train], v[train])
            lost += log_loss(v[test], model.predict_proba(x[test])) * len(test)
            whole -= np.log(np.bincount(v[train]) / len(train))[v[test]].sum()
        shares.append(1 - lost / whole)
    e = seen(infoe(Z, V, penalties=[0.5], rng=rng()))
    assert e.value == pytest.approx(np.mean(shares), abs=1e-6)


def test_infoe_in_sample_is_the_authors() -> None:
    x = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    v = np.where(V == 0, 1, V)  # values of unlike size
    shares = []
    for column in v.T:
        model = LogisticRegression(C=np.inf, class_weight="balanced").fit(x, column)
        null = LogisticRegression(C=np.inf, class_weight="balanced").fit(x * 0, column)
        losses = [log_loss(column, m.predict_proba(q)) for m, q in ((model, x), (null, x * 0))]
        shares.append(1 - losses[0] / losses[1])
    e = seen(infoe(Z, v, scoring="in_sample", rng=rng()))
    assert e.value == pytest.approx(np.mean(shares), abs=1e-4)


def test_infoe_of_perfect_and_of_unrelated_codes() -> None:
    perfect = seen(infoe(2 * V + 1, V, rng=rng()))
    assert perfect.value > 0.99
    assert perfect.high > 0.999
    for d in (3, 100):
        z = np.random.default_rng(d).normal(size=(N, d))
        e = seen(infoe(z, V, rng=rng()))
        assert 0 <= e.value < 0.02
        assert e.low == 0
        assert e.chance == pytest.approx(0, abs=0.02)


def values(z: Floats, v: Floats) -> list[float]:
    m = answer_infomec(asked(z, v))
    return [seen(a.total).value for a in (m.infom, m.infoe, m.infoc)]


def test_what_leaves_them_unchanged() -> None:
    changes = {
        "dimension order": (Z[:, ::-1], V),
        "sign": (Z * [-1, 1, -1, 1, 1], V),
        "scale": (Z * [100, 1, 0.01, 3, 0.5] + 5, V),
        "constant": (np.hstack([np.full((N, 1), 3.3), Z]), V),
        "constant last": (np.hstack([Z, np.full((N, 1), 3.3)]), V),
        "relabelling": (Z, np.stack([(2 * V[:, 0] + 1) % 5, 2 - V[:, 1]], 1)),
    }
    before = values(Z, V)
    for name, (z, v) in changes.items():
        assert values(z, v) == pytest.approx(before, abs=1e-6), name
    order = DRAW.permutation(N)
    shuffled = answer_infomec(asked(Z[order], V[order]))
    assert seen(shuffled.infom.total).value == pytest.approx(before[0], abs=1e-9)
    assert seen(shuffled.infoc.total).value == pytest.approx(before[2], abs=1e-9)


def test_copies_of_rows_in_a_group_change_next_to_nothing() -> None:
    rows = np.repeat(np.arange(200), 6)
    for ours in (infom, infoc, infoe):
        one = seen(ours(Z[:200], V[:200], rng=rng()))
        six = seen(ours(Z[rows], V[rows], group=rows, rng=rng()))
        assert six.high - six.low > 0.75 * (one.high - one.low)
        if ours is not infoe:
            assert six.value == pytest.approx(one.value, abs=1e-4)


def test_attributes_with_holes_and_of_all_kinds() -> None:
    draw = np.random.default_rng(2)
    v = np.stack([V[:, 0], V[:, 1], np.round(Z[:, 3], 1), np.round(draw.random(N) * 6.28, 1)], 1)
    z = np.hstack([Z, np.cos(v[:, 3:]), np.round(np.sin(v[:, 3:]), 1)])
    v[draw.random(v.shape) < 0.2] = np.nan
    kinds: tuple[Kind, ...] = ("nominal", "ordinal", "continuous", "circular")
    for convention in ("paper", "disentanglement_lib"):
        m = answer_infomec(asked(z, v, kinds=kinds, convention=convention))
        for answer in (m.infom, m.infoe, m.infoc):
            e = seen(answer.total)
            assert 0 <= e.low <= e.value <= e.high <= 1
            assert ("defines no" in e.method) == (convention != "paper")
        known = np.isfinite(v).sum(axis=0)
        assert m.infoc.per_attribute is not None
        assert [seen(e).n for e in m.infoc.per_attribute] == known.tolist()
        # A value that no row to train on has is not scored.
        assert m.infoe.per_attribute is not None
        assert all(
            0.9 * k < seen(e).n <= k for e, k in zip(m.infoe.per_attribute, known, strict=True)
        )


def test_what_is_not_looked_at_is_not_computed() -> None:
    m = answer_infomec(asked())
    assert m.infoe.total == answer_infoe(asked()).total
    assert "informations" not in vars(m)
    assert m.infom.total == infom(Z, V, rng=rng())
    assert m.infoc.total == infoc(Z, V, rng=rng())


def test_one_of_a_kind_is_no_comparison() -> None:
    one_attribute = answer_infomec(asked(v=V[:, :1]))
    assert isinstance(one_attribute.infom.total, Unmeasured)
    assert isinstance(one_attribute.infoc.total, Estimate)
    one_dimension = answer_infomec(asked(Z[:, :1]))
    assert isinstance(one_dimension.infom.total, Estimate)
    assert isinstance(one_dimension.infoc.total, Unmeasured)
    flat = answer_infomec(asked(np.ones((N, 2))))
    for answer in (flat.infom, flat.infoc):
        assert isinstance(answer.total, Unmeasured)
    assert seen(flat.infoe.total).value == 0
    for active in ("range", "all"):
        why = infoc(np.ones((N, 2)), V, active=active, rng=rng())
        assert isinstance(why, Unmeasured)
        assert "constant" in f"{why.reason}"


@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 66), (12, 1), (12, 66), (41, 1)])
def test_few_rows_and_many_dimensions(n: int, d: int) -> None:
    draw = np.random.default_rng(n)
    z, v = draw.normal(size=(n, d)), draw.integers(0, 3, (n, 2))
    for ours in (infom, infoc, infoe):
        e = ours(z, v, bins=5, rng=draw)
        assert isinstance(e, Unmeasured) or np.isfinite([e.low, e.high]).all()


def test_rows_are_drawn_by_whole_groups() -> None:
    draw = np.random.default_rng(0)
    v = draw.integers(0, 3, (2600, 2)).astype(float)
    z = v + draw.normal(size=v.shape)
    for ours in (infom, infoe):
        e = seen(ours(z, v, most=2000, group=np.arange(2600) // 4, rng=rng()))
        assert e.n == 2000
        assert "2000 of 2600 rows" in e.method


def test_bad_settings_are_refused() -> None:
    with pytest.raises(InputError, match="neighbours"):
        informations(asked(), neighbours=0)
    with pytest.raises(InputError, match="penalties"):
        infoe(Z, V, penalties=[], rng=rng())
