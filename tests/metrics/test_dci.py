"""DCI by second routes: plain formulas, scikit-learn's fits, brute force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.linear_model import Lasso, MultiTaskLasso
from sklearn.tree import DecisionTreeRegressor

from tanaoroshi.errors import InputError
from tanaoroshi.metrics import boosting, dci, ranges
from tanaoroshi.metrics.boosting import classify, regress
from tanaoroshi.metrics.dci import completeness, disentanglement
from tanaoroshi.metrics.lasso import FOLDS, fit, fit_all, held_out, moments, solve, targets
from tanaoroshi.metrics.ranges import sort_codes
from tanaoroshi.metrics.trees import grow
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.metrics import Dci
    from tanaoroshi.records.attributes import Floats, Ints, Kind

RNG = np.random.default_rng(11)
N = 400
V = np.stack([RNG.integers(0, 4, N), RNG.integers(0, 3, N)], 1).astype(np.float64)
Z = np.hstack([V, V[:, :1] * 0.5, np.zeros((N, 1))]) + RNG.normal(size=(N, 4)) * 0.6


def number(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate), measured
    return measured


def totals(found: Dci) -> list[Estimate]:
    answers = (found.disentanglement, found.completeness, found.informativeness)
    return [number(answer.total) for answer in answers]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_scores_by_their_definition() -> None:
    r = RNG.random((5, 3)) ** 3
    p = r / r.sum(axis=1, keepdims=True)
    d_i = [1 + sum(q * np.log(q) / np.log(3) for q in line) for line in p]
    assert disentanglement(r) == pytest.approx(np.dot(d_i, r.sum(axis=1) / r.sum()))
    columns = r / r.sum(axis=0)
    c_j = [1 + sum(q * np.log(q) / np.log(5) for q in column) for column in columns.T]
    assert completeness(r) == pytest.approx(c_j)
    assert disentanglement(np.eye(4)) == pytest.approx(1)
    assert disentanglement(np.ones((4, 4))) == pytest.approx(0)
    zero_line = np.vstack([np.zeros(4), np.eye(4)])
    assert disentanglement(zero_line) == pytest.approx(disentanglement(zero_line[::-1]))
    assert disentanglement(zero_line) == pytest.approx(1)
    assert disentanglement(np.zeros((3, 2))) == 0


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_the_lasso_is_scikit_learns(seed: int) -> None:
    source = np.random.default_rng(seed)
    x = source.normal(size=(80, 5)) @ source.normal(size=(5, 5))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = source.normal(size=(80, 3)) + x[:, :1]
    y -= y.mean(axis=0)
    gram, cross, starts = (x.T @ x / 80)[None], (x.T @ y / 80)[None], np.array([0, 1, 3])
    single = solve(gram, cross, starts, 0.1)
    kw = {"fit_intercept": False, "tol": 1e-12, "max_iter": 100_000}
    lasso = Lasso(0.1, **kw).fit(x, y[:, 0])
    np.testing.assert_allclose(single[0, :, 0], lasso.coef_, atol=1e-4)
    group = MultiTaskLasso(0.1, **kw).fit(x, y[:, 1:])
    np.testing.assert_allclose(single[0, :, 1:], group.coef_.T, atol=1e-4)
    elsewhere = solve(gram, cross, starts, 0.1, source.normal(size=(1, 5, 3)))
    np.testing.assert_allclose(elsewhere, single, atol=1e-4)


def standard(x: Floats) -> Floats:
    return np.asarray((x - x.mean(axis=0)) / x.std(axis=0))


def test_sums_of_products_give_what_fitting_the_rows_gives() -> None:
    v = V.copy()
    v[::7, 1] = np.nan
    batches = np.arange(N) % 8
    weights = np.vstack([np.ones(8), 1 - np.eye(8)[3]])
    for part in moments(Z, targets(v, ["ordinal", "ordinal"]), batches):
        ours, explained = fit(part, weights, 0.05)
        error, spread = held_out(part, 0.05)
        a = int(part.attributes[0])
        known = ~np.isnan(v[:, a])
        for r, used in enumerate([batches >= 0, batches != 3]):
            x, y = standard(Z[used & known]), standard(v[used & known, a])
            model = Lasso(0.05, tol=1e-10).fit(x, y)
            np.testing.assert_allclose(ours[r, :, 0], np.abs(model.coef_), atol=1e-4)
            assert explained[r, 0] == pytest.approx(model.score(x, y), abs=1e-4)
        for out in range(FOLDS):
            test = (batches % FOLDS == out) & known
            train = (batches % FOLDS != out) & known
            centre, scale = Z[train].mean(axis=0), Z[train].std(axis=0)
            middle, size = v[train, a].mean(), v[train, a].std()
            model = Lasso(0.05, tol=1e-10).fit(standard(Z[train]), standard(v[train, a]))
            guess = middle + size * model.predict((Z[test] - centre) / scale)
            ids = np.unique(batches[test])
            missed = ((guess - v[test, a]) ** 2).sum() / size**2
            around = ((middle - v[test, a]) ** 2).sum() / size**2
            share = error[ids, 0].sum() / spread[ids, 0].sum()
            assert share == pytest.approx(missed / around, abs=1e-4)


def test_dci_by_lasso_is_its_definition_on_scikit_learns_coefficients() -> None:
    v = np.hstack([V, Z[:, :1] ** 2])
    r = np.stack(
        [np.abs(Lasso(0.07, tol=1e-10).fit(standard(Z), standard(a)).coef_) for a in v.T], axis=1
    )
    kinds: list[Kind] = ["ordinal", "ordinal", "continuous"]
    found = dci(Z, v, kinds=kinds, rng=rng(), penalty=0.07)
    d, c, i = totals(found)
    assert d.value == pytest.approx(float(disentanglement(r)), abs=1e-4)
    assert c.value == pytest.approx(completeness(r).mean(), abs=1e-4)
    assert "penalty 0.07;" in d.method
    assert 0 < i.low < i.value < i.high < 1


def test_the_penalty_follows_the_independent_rows() -> None:
    def used(z: Floats, v: Floats, group: Ints | None = None) -> str:
        return totals(dci(z, v, rng=rng(), group=group))[0].method.split("penalty ")[1][:5]

    assert used(Z, V) == "0.084"  # the root of 2 log 4 / 400, rounded up
    assert used(Z, V, np.arange(N) // 4) == "0.167"
    more = np.hstack([np.full((N, 1), 2.0), Z, -3 * Z[:, :1]])
    assert used(more, V) == "0.084"
    many = np.tile(Z, (60, 1))
    assert used(many, np.tile(V, (60, 1))) == "0.02;"
    with pytest.raises(InputError, match="penalty"):
        dci(Z, V, rng=rng(), penalty=-1)
    with pytest.raises(InputError, match="regressor"):
        dci(Z, V, rng=rng(), regressor="ridge")  # type: ignore[arg-type]


def test_sign_scale_order_copies_and_constants_do_not_matter_to_the_lasso() -> None:
    base = [e.value for e in totals(dci(Z, V, rng=rng()))]
    for z in (Z * [-3, 0.1, 50, 1] + 7, Z[:, ::-1]):
        assert [e.value for e in totals(dci(z, V, rng=rng()))] == pytest.approx(base, abs=1e-4)
    for z in (np.hstack([np.ones((N, 1)), Z]), np.hstack([Z, Z[:, :1] * -2])):
        assert totals(dci(z, V, rng=rng()))[0].value == pytest.approx(base[0], abs=1e-4)


def exact(how: str, n: int = 300) -> tuple[Floats, Floats]:
    source = np.random.default_rng(5)
    x = source.normal(size=(n, 4))
    score = x[:, 0] + np.abs(x[:, 1]) + 0.5 * source.normal(size=n)
    cuts = {"two": [1.0], "four": [0.0, 0.8, 1.6], "number": []}[how]
    return x, np.digitize(score, cuts).astype(np.float64) if cuts else score


@pytest.mark.parametrize("how", ["two", "four", "number"])
def test_boosted_trees_are_scikit_learns(how: str) -> None:
    """With no more rows than ranges every split is looked at; ties are broken at random."""
    x, y = exact(how)
    train, test = np.arange(200), np.arange(200, 300)
    rows = sort_codes(x, train, test)
    if how == "number":
        theirs = GradientBoostingRegressor(random_state=0).fit(x[train], y[train])
        ours = regress(rows, y[train], rng=rng())
        gap = ours.predicted - theirs.predict(x[test])
        assert np.sqrt((gap**2).mean()) < 0.1 * y.std()
    else:
        theirs = GradientBoostingClassifier(random_state=0).fit(x[train], y[train])
        ours = classify(rows, y[train].astype(int), rng=rng())
        gap = ours.predicted - theirs.predict_proba(x[test])
        assert np.abs(gap).mean() < 0.03
        np.testing.assert_allclose(ours.predicted.sum(axis=1), 1)
    np.testing.assert_allclose(ours.credit.sum(axis=0), theirs.feature_importances_, atol=0.02)


def test_the_first_stages_are_scikit_learns_to_the_last_digit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(boosting, "STAGES", 3)
    x, y = exact("four", 2000)
    train, test = np.arange(1500), np.arange(1500, 2000)
    theirs = GradientBoostingClassifier(n_estimators=3).fit(x[train], y[train])
    monkeypatch.setattr(ranges, "RANGES", 1500)
    ours = classify(sort_codes(x, train, test), y[train].astype(int), rng=rng())
    np.testing.assert_allclose(ours.credit.sum(axis=0), theirs.feature_importances_, atol=1e-6)
    np.testing.assert_allclose(ours.predicted, theirs.predict_proba(x[test]), atol=1e-6)
    monkeypatch.setattr(ranges, "RANGES", 40)
    coarse = classify(sort_codes(x, train, test), y[train].astype(int), rng=rng())
    np.testing.assert_allclose(coarse.credit.sum(axis=0), ours.credit.sum(axis=0), atol=0.01)


def test_each_batchs_credit_is_how_much_its_squared_error_fell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(boosting, "STAGES", 1)
    monkeypatch.setattr(ranges, "RANGES", 2000)
    x, y = exact("number", 2000)
    rows = np.arange(len(x))
    batches = rows % 7
    tree = DecisionTreeRegressor(max_depth=3).fit(x, y)
    plain = np.zeros((7, 4))
    paths = tree.decision_path(x).toarray().astype(bool)
    left, right = tree.tree_.children_left, tree.tree_.children_right
    for v, feature in enumerate(tree.tree_.feature):
        for child in (left[v], right[v]) if feature >= 0 else ():
            inside = paths[:, child]
            fall = (y - y[paths[:, v]].mean()) ** 2 - (y - y[inside].mean()) ** 2
            plain[:, feature] += np.bincount(batches[inside], fall[inside], minlength=7)
    ours = regress(sort_codes(x, rows, rows[:0]), y, rng=rng(), batches=batches)
    np.testing.assert_allclose(ours.credit, plain / plain.sum(), atol=1e-9)


def test_boosted_trees_share_alike_between_copies_and_know_perfect_codes() -> None:
    v = np.repeat(np.arange(3), 40)
    x = np.stack([np.ones(120), v, RNG.normal(size=120), 5 - v, np.exp(v)], axis=1)
    rows = sort_codes(x, np.arange(120), np.arange(120))
    ours = classify(rows, v, rng=rng())
    np.testing.assert_allclose(ours.credit.sum(axis=0), [0, 1 / 3, 0, 1 / 3, 1 / 3], atol=1e-3)
    assert (ours.predicted.argmax(axis=1) == v).all()
    nothing = sort_codes(np.ones((120, 2)), np.arange(120), np.arange(120))
    blind = classify(nothing, v, rng=rng())
    np.testing.assert_allclose(blind.predicted, 1 / 3)
    assert not blind.credit.any()


@pytest.mark.parametrize("values", [2, 4])
def test_the_library_convention_is_its_boosted_trees(values: int) -> None:
    source = np.random.default_rng(values)
    n, split = 400, 320
    v = source.integers(0, values, (n, 2)).astype(np.float64)
    z = np.hstack([v, v[:, :1]]) + source.normal(size=(n, 3)) * [0.5, 0.9, 1.5]
    r = np.zeros((3, 2))
    right = []
    for a in range(2):
        model = GradientBoostingClassifier(random_state=0).fit(z[:split], v[:split, a])
        r[:, a] = model.feature_importances_
        right.append(np.mean(model.predict(z[split:]) == v[split:, a]))
    d, c, i = totals(dci(z, v, convention="disentanglement_lib", rng=rng()))
    assert d.value == pytest.approx(float(disentanglement(r)), abs=0.01)
    assert c.value == pytest.approx(completeness(r) @ r.sum(axis=0) / r.sum(), abs=0.01)
    assert i.value == pytest.approx(np.mean(right), abs=0.02)
    for e in (d, c, i):
        assert e.low < e.value < e.high
        assert e.method.startswith("dci_")
        assert "disentanglement_lib" in e.method
    assert i.chance == pytest.approx(1 / values, abs=0.12)


def test_trees_agree_where_all_is_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosting, "STAGES", 30)
    v = np.random.default_rng(3).normal(size=(300, 2))
    table = np.stack([v[:, 0], np.round(v[:, 1]).clip(-1, 1) + 1], 1)
    table[::9, 0] = np.nan
    kinds: list[Kind] = ["continuous", "nominal"]
    for regressor in ("random_forest", "boosted_trees"):
        found = dci(v, table, kinds=kinds, regressor=regressor, rng=rng())
        for e in totals(found):
            assert e.value > 0.8
            assert regressor in e.method
            assert e.chance is not None
            assert e.chance < 0.5
    angle = np.arctan2(v[:, 0], v[:, 1])
    circle = dci(v, angle, kinds=["circular"], regressor="random_forest", rng=rng())
    assert number(circle.informativeness.total).value > 0.9
    assert isinstance(circle.disentanglement.total, Unmeasured)


def test_trees_without_anything_to_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosting, "STAGES", 3)
    one = grow(Z, np.ones(N), "nominal", np.arange(300), np.arange(300, N), "boosted_trees", 0)
    assert not one.credit.any()
    assert not one.error.any()
    seen = grow(
        Z, V[:, 0], "nominal", np.flatnonzero(V[:, 0] < 2), np.arange(N), "boosted_trees", 0
    )
    assert (seen.spread[V[:, 0] >= 2] > 1).all()


def test_unrelated_codes_have_no_shares_to_speak_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosting, "STAGES", 20)
    z = np.random.default_rng(2).normal(size=(1000, 6))
    v = np.random.default_rng(3).integers(0, 4, (1000, 3)).astype(np.float64)
    d, c, i = totals(dci(z, v, rng=rng()))
    assert (d.low, d.high) == (c.low, c.high) == (0, 1)
    assert d.chance is not None
    assert abs(i.value) < 0.01
    assert i.low <= 0 <= i.high
    few, _, told = totals(dci(z, v, convention="disentanglement_lib", rng=rng()))
    assert few.value == pytest.approx(0, abs=0.05)
    assert few.chance == pytest.approx(0, abs=0.05)
    assert told.chance == pytest.approx(told.value, abs=0.08)


def test_repeating_rows_in_a_group_does_not_sharpen_the_interval() -> None:
    rows = np.repeat(np.arange(150), 6)
    z = Z @ np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    alone = totals(dci(z[:150], V[:150], rng=rng(), penalty=0.1))
    six = totals(dci(z[rows], V[rows], group=rows, rng=rng(), penalty=0.1))
    blind = totals(dci(z[rows], V[rows], rng=rng(), penalty=0.1))
    for one, many, naive in zip(alone, six, blind, strict=True):
        assert many.high - many.low > 0.7 * (one.high - one.low)
        assert naive.high - naive.low < 0.7 * (one.high - one.low)


def test_intervals_of_the_lasso_hold_the_population() -> None:
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(4, 4)))[0]

    def draw(n: int, seed: int) -> tuple[Floats, Floats]:
        source = np.random.default_rng(seed)
        v = np.stack([source.integers(0, 4, n), source.normal(size=n)], 1)
        return np.hstack([v, np.zeros((n, 2))]) @ turn + source.normal(size=(n, 4)) * 0.5, v

    z, v = draw(100_000, 1)
    kinds: list[Kind] = ["nominal", "continuous"]
    sizes, _, told = fit_all(
        standard(z), targets(v, kinds), np.arange(len(z)) % FOLDS, 0.1, whole=True
    )
    truth = (disentanglement(sizes[0]), completeness(sizes[0]).mean(), told.mean())
    held = np.zeros(3)
    for seed in range(30):
        found = totals(dci(*draw(300, seed + 2), kinds=kinds, rng=rng(), penalty=0.1))
        held += [e.low <= t <= e.high for e, t in zip(found, truth, strict=True)]
    assert (held >= 26).all()


def test_missing_values_leave_out_only_their_own_rows() -> None:
    v = V.copy()
    v[:100, 1] = np.nan
    found = dci(Z, v, kinds=["ordinal", "ordinal"], rng=rng(), penalty=0.05)
    alone = dci(Z[100:], V[100:], kinds=["ordinal", "ordinal"], rng=rng(), penalty=0.05)
    whole = dci(Z, V, kinds=["ordinal", "ordinal"], rng=rng(), penalty=0.05)
    parts = [x.completeness.per_attribute for x in (found, alone, whole)]
    assert parts[0] is not None
    assert parts[1] is not None
    assert parts[2] is not None
    first, second = (number(e) for e in parts[0])
    assert first.value == pytest.approx(number(parts[2][0]).value, abs=1e-4)
    assert second.value == pytest.approx(number(parts[1][1]).value, abs=1e-4)
    assert (first.n, second.n) == (N, N - 100)


@pytest.mark.parametrize("regressor", ["lasso", "random_forest", "boosted_trees"])
@pytest.mark.parametrize("n", [20, 60])
def test_small_samples_and_odd_shapes_get_a_number_or_a_reason(
    n: int, regressor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boosting, "STAGES", 5)
    source = np.random.default_rng(n)
    v = np.stack([source.random(n) * 6, source.integers(0, 2, n)], 1)
    for d in (1, 3):
        z = np.hstack([np.ones((n, 1)), source.normal(size=(n, d))])
        for codes in (z, z[:, 1:2], z[:, :1]):
            found = dci(
                codes,
                v,
                kinds=["circular", "nominal"],
                regressor=regressor,  # type: ignore[arg-type]
                rng=rng(),
            )
            for answer in (found.disentanglement, found.completeness, found.informativeness):
                assert isinstance(answer.total, Estimate | Unmeasured)
