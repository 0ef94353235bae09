"""Explicitness and size by second routes: plain loops, closed forms, the authors' formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge

from tanaoroshi.errors import InputError
from tanaoroshi.metrics import capacity
from tanaoroshi.metrics.capacity import forest_losses, ladder, standard, wave_losses
from tanaoroshi.metrics.dci_es import DciEs, dci_es, explicitness_of
from tanaoroshi.metrics.lasso import targets
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints, Kind

KINDS: tuple[Kind, ...] = ("nominal", "ordinal", "continuous", "circular")
N = 401


def sample(n: int = N, seed: int = 0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    v = np.stack(
        [rng.integers(0, 3, n), rng.integers(0, 5, n), rng.normal(size=n), rng.random(n) * 6.28], 1
    )
    z = np.stack([v[:, 0], v[:, 1] / 2, v[:, 2], np.cos(v[:, 3]), np.sin(v[:, 3])], 1)
    return z + rng.normal(size=z.shape) * 0.4, v


def ask(z: Floats, v: Floats, seed: int = 1, group: Ints | None = None) -> DciEs:
    return dci_es(z, v, kinds=KINDS[: v.shape[1]], group=group, rng=np.random.default_rng(seed))


def number(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate), measured
    return measured


def each(found: DciEs) -> tuple[Measured, ...]:
    assert found.explicitness.per_attribute is not None
    return found.explicitness.per_attribute


def told(measured: Measured) -> str:
    assert isinstance(measured, Unmeasured), measured
    return f"{measured.reason}"


BASE = ask(*sample())


def plainly(losses: Floats, x: Floats, baseline: float, *, zero: bool) -> float:
    """Score one curve as the authors' code does, and in its other mode as the paper does."""
    y = np.array([losses[: i + 1].min() for i in range(len(losses))])
    area = 0.0
    for t in range(len(x) - 1):
        area += (0.5 * (y[t] - y.min()) + 0.5 * (y[t + 1] - y.min())) * (x[t + 1] - x[t])
    whole = (baseline - (0 if zero else y.min())) * (x.max() - x.min())
    return float(1 - 2 * area / whole)


def test_the_score_of_a_curve_is_the_authors_formula() -> None:
    rng = np.random.default_rng(3)
    x = np.cumsum(rng.random(6))
    losses = np.vstack([np.full((1, 5), 1.0), rng.random((6, 5)) * 0.9])
    for zero in (False, True):
        ours = explicitness_of(losses, x, "zero" if zero else "lowest")
        expected = [plainly(curve[1:], x, 1.0, zero=zero) for curve in losses.T]
        np.testing.assert_allclose(ours, expected)


def test_curves_with_a_known_score() -> None:
    x = np.arange(5.0)

    def score(*losses: float) -> float:
        return float(explicitness_of(np.array([losses]).T, x)[0])

    assert score(1, 0.2, 0.2, 0.2, 0.2, 0.2) == 1
    assert score(1, 0.2, 0.4, 0.9, 0.2, 0.3) == 1
    assert score(1, 1, 0.8, 0.6, 0.4, 0.2) == pytest.approx(0)
    assert score(1, 1, 1, 1, 1, 0.2) == pytest.approx(-0.75)
    assert score(1, 3, 3, 3, 3, 0.2) == pytest.approx(-0.75)
    assert score(1, 1, 1, 1, 1, 1) == 0
    assert score(1, 2, 3, 3, 3, 3) == 0
    many = explicitness_of(np.random.default_rng(0).random((1000, 6, 3)), x)
    assert many.min() >= -1
    assert many.max() <= 1


def test_losses_are_those_of_ridge_regressions_on_folds_that_they_did_not_see() -> None:
    z, v = sample(211)
    z, batches = standard(z), np.random.default_rng(0).permutation(211) % 40
    wanted = targets(v, KINDS)
    penalty, waves, wide = 1e-3, (0, 7), 1.5
    found = wave_losses(
        z,
        wanted,
        batches,
        waves=waves,
        bandwidth=wide,
        penalty=penalty,
        draws=2,
        rng=np.random.default_rng(8),
    )
    rng = np.random.default_rng(8)
    frequency = rng.normal(size=(5, 7)) * wide / np.sqrt(5)
    bent = np.sqrt(2) * np.cos(z @ frequency + rng.random(7) * 2 * np.pi)
    y = wanted.columns.toarray()
    for s, x in enumerate((np.zeros((211, 1)), z, np.hstack([z, bent]))):
        seen = y - Ridge(alpha=penalty * 211).fit(x, y).predict(x).reshape(y.shape)
        unseen = np.empty_like(y)
        for f in range(5):
            test = batches % 5 == f
            model = Ridge(alpha=penalty * int((~test).sum())).fit(x[~test], y[~test])
            unseen[test] = y[test] - model.predict(x[test])
        for ours, rows in ((found.held_out, unseen**2), (found.settled, seen * unseen)):
            by_attribute = np.add.reduceat(rows, wanted.starts[:-1], axis=1)
            for b in (0, 17):
                expected = by_attribute[batches == b].sum(axis=0)
                np.testing.assert_allclose(ours[0, b, s], expected, rtol=1e-7)
    np.testing.assert_allclose(found.capacity, np.log([6, 13]))
    np.testing.assert_array_equal(found.counts, np.bincount(batches))


def test_settled_losses_are_what_endless_images_would_give() -> None:
    """Thirty useless dimensions cost an eager probe much; the noise alone is the loss."""
    rng = np.random.default_rng(0)
    settled: list[float] = []
    plain: list[float] = []
    for _ in range(60):
        z = rng.normal(size=(120, 30))
        wanted = targets(z[:, :1] + rng.normal(size=(120, 1)), ["continuous"])
        batches = np.arange(120)
        losses = wave_losses(
            z, wanted, batches, waves=(0,), bandwidth=1, penalty=1e-6, draws=1, rng=rng
        )
        for kept, sums in ((settled, losses.settled), (plain, losses.held_out)):
            by_probe = sums[0].sum(axis=0)[:, 0]
            kept.append(by_probe[1] / by_probe[0])
    assert np.mean(settled) == pytest.approx(0.5, abs=0.03)
    assert np.mean(plain) > 0.65


def test_a_forest_cut_off_at_a_depth_is_the_forest_grown_to_it() -> None:
    z, v = sample(150)
    # Rows that stand in the order of their folds are not sorted anew before they are redrawn.
    batches = np.arange(150) % 30 * 5 + np.arange(150) // 30
    wanted = targets(v[:, [0, 2]], ["nominal", "continuous"])
    depths = (1, 3, 20)
    found = forest_losses(z, wanted, batches, depths=depths, trees=3, state=4)
    y = wanted.columns.toarray()[:, wanted.starts[1] :]
    for s, depth in enumerate(depths):
        error = np.empty(150)
        for f in range(5):
            test = batches % 5 == f
            forest = RandomForestRegressor(3, max_depth=depth, random_state=4)
            error[test] = (forest.fit(z[~test], y[~test, 0]).predict(z[test]) - y[test, 0]) ** 2
        assert found.held_out[0, :, 1 + s, 1].sum() == pytest.approx(error.sum(), rel=1e-9)


def test_lines_score_one_and_what_only_waves_can_read_scores_less() -> None:
    rng = np.random.default_rng(0)
    v = rng.normal(size=(1500, 2))
    z = np.hstack([v, rng.normal(size=(1500, 2))]) + rng.normal(size=(1500, 4)) * 0.3
    line = number(dci_es(z, v, rng=rng).explicitness.total)
    assert line.value > 0.99
    assert line.chance is None
    crossed = (z[:, :1] * z[:, 1:2] > 0).astype(float)
    found = dci_es(z, np.hstack([crossed, v]), rng=np.random.default_rng(0))
    bent, straight, _ = (number(e) for e in each(found))
    assert bent.high < 0.6
    assert straight.low > 0.95
    total = number(found.explicitness.total)
    assert bent.high < total.value < straight.low
    forest = dci_es(
        z, crossed, probe="random_forest", trees=5, most=600, rng=np.random.default_rng(0)
    )
    trees = number(forest.explicitness.total)
    assert trees.value < 0.99
    assert "forests of 5 trees" in trees.method
    assert "600 images drawn" in trees.method


def test_unrelated_codes_have_no_explicitness() -> None:
    _, v = sample()
    z = np.random.default_rng(5).normal(size=(N, 6))
    found = ask(z, v)
    assert "any attribute clearly better" in told(found.explicitness.total)
    assert all("clearly better than its mean" in told(e) for e in each(found))
    mixed = ask(np.hstack([z, v[:, 1:2]]), v)
    told(each(mixed)[0])
    total = number(mixed.explicitness.total)
    assert total.value == number(each(mixed)[1]).value
    assert "1 of 4 attributes" in total.method
    constant = ask(np.ones((N, 2)), v)
    assert "constant" in told(constant.explicitness.total)


def test_small_samples_do_not_flatten_the_curve() -> None:
    """Without the correction a large probe never pays on few images, and all looks linear."""
    rng = np.random.default_rng(2)
    v = rng.integers(0, 4, (6000, 1)).astype(float)
    z = np.hstack([v, rng.normal(size=(6000, 4))]) + rng.normal(size=(6000, 5)) * 0.4
    steps = (0, 6, 18)
    many = number(dci_es(z, v, capacities=steps, rng=rng).explicitness.total)
    few: dict[str, list[float]] = {"cross_fit": [], "none": []}
    for start in range(0, 2000, 200):
        rows = slice(start, start + 200)
        for bias in ("cross_fit", "none"):
            found = dci_es(z[rows], v[rows], capacities=steps, bias=bias, rng=rng)
            few[bias].append(number(found.explicitness.total).value)
    assert np.mean(few["cross_fit"]) == pytest.approx(many.value, abs=0.1)
    assert np.mean(few["none"]) > many.value + 0.1


@pytest.mark.parametrize("what", ["order", "sign", "scale", "constant", "relabelling"])
def test_what_leaves_the_value_as_it_is(what: str) -> None:
    z, v = sample()
    match what:
        case "order":
            z = z[:, [3, 1, 4, 0, 2]]
        case "sign":
            z = z * [-1, 1, -1, -1, 1]
        case "scale":
            z = z * [100, 1, 0.01, 3, 7] + 5
        case "constant":
            z = np.hstack([z[:, :2], np.full((N, 1), 3.3), z[:, 2:]])
        case _:
            v = v.copy()
            v[:, 0] = (2 * v[:, 0] + 1) % 3
    found = ask(z, v)
    for before, after in zip(each(BASE), each(found), strict=True):
        assert number(after).value == pytest.approx(number(before).value, abs=1e-6)
        assert number(after).low == pytest.approx(number(before).low, abs=1e-6)


def test_the_seed_gives_the_numbers_again_and_blocks_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ask(*sample()) == BASE
    monkeypatch.setattr(capacity, "COLUMNS", 2)
    for a, b in zip(each(ask(*sample())), each(BASE), strict=True):
        assert number(a).value == pytest.approx(number(b).value, abs=1e-9)


def test_repeating_rows_in_a_group_does_not_sharpen_the_interval() -> None:
    z, v = sample(150)
    rows = np.repeat(np.arange(150), 6)
    one = number(ask(z, v).explicitness.total)
    six = number(ask(z[rows], v[rows], group=rows).explicitness.total)
    blind = number(ask(z[rows], v[rows]).explicitness.total)
    assert six.high - six.low > 0.75 * (one.high - one.low)
    assert blind.high - blind.low < 0.75 * (one.high - one.low)
    assert six.value == pytest.approx(one.value, abs=0.15)


def test_missing_values_leave_out_rows_of_their_attribute_only() -> None:
    z, v = sample()
    holes = v.copy()
    holes[::9, 1] = np.nan
    found = ask(z, holes)
    for a, (before, after) in enumerate(zip(each(BASE), each(found), strict=True)):
        first, second = number(before), number(after)
        assert second.n == (N if a != 1 else int(np.isfinite(holes[:, 1]).sum()))
        assert (second.value == pytest.approx(first.value, abs=1e-9)) == (a != 1)


@pytest.mark.parametrize("n", [1, 3, 20, 47, 80])
@pytest.mark.parametrize(("d", "k"), [(1, 1), (1, 4), (7, 1), (90, 2)])
def test_small_samples_get_a_number_or_a_reason(n: int, d: int, k: int) -> None:
    rng = np.random.default_rng(n)
    v = rng.random((n, k)) * 3
    z = v[:, :1] + rng.normal(size=(n, d)) * 0.1
    found = dci_es(z, v, kinds=["continuous"] * k, rng=rng)
    if d == 90 and n == 80:
        assert "90 dimensions need at least 728" in told(found.explicitness.total)
    if d == 1 and n == 80:
        assert number(each(found)[0]).value > 0.9


def test_degenerate_codes() -> None:
    v = np.random.default_rng(0).integers(0, 4, (300, 2)).astype(float)
    perfect = dci_es(
        np.hstack([v, v, -2 * v]), v, kinds=["ordinal"] * 2, rng=np.random.default_rng(0)
    )
    assert number(perfect.explicitness.total).value == pytest.approx(1, abs=1e-6)
    classes = number(dci_es(v, v, rng=np.random.default_rng(0)).explicitness.total)
    assert 0 < classes.value < 0.95
    labels = np.repeat(np.arange(150.0), 2)
    many = dci_es(
        np.random.default_rng(0).normal(size=(300, 3)), labels, rng=np.random.default_rng(0)
    )
    told(many.explicitness.total)


def test_size_is_attributes_for_each_dimension() -> None:
    z, v = sample()
    e = number(BASE.size.total)
    assert (e.value, e.low, e.high, e.chance, e.n) == (0.8, 0.8, 0.8, None, N)
    bad = np.hstack([v[:, :2], np.ones((N, 1))])
    some = number(
        dci_es(z[:, :1], bad, kinds=[*KINDS[:2], "nominal"], rng=np.random.default_rng()).size.total
    )
    assert some.value == 2
    assert "2 of 3 attributes / 1 dimensions" in some.method
    nothing = dci_es(z, bad[:, 2], rng=np.random.default_rng(0))
    assert "same value" in told(nothing.size.total)
    assert "same value" in told(nothing.explicitness.total)


def test_the_library_has_none_and_values_are_classes() -> None:
    z, v = sample()
    found = dci_es(
        z, v[:, :2], kinds=KINDS[:2], convention="disentanglement_lib", rng=np.random.default_rng(1)
    )
    nominal = dci_es(z, v[:, :2], kinds=["nominal"] * 2, rng=np.random.default_rng(1))
    e = number(found.explicitness.total)
    assert e.value == pytest.approx(number(nominal.explicitness.total).value, abs=1e-9)
    assert "disentanglement_lib, which has none" in e.method


def test_probes_are_laddered_by_the_images() -> None:
    assert ladder(10, 10_000, None) == (0, 11, 33, 77, 165, 341)
    assert ladder(10, 200, None) == (0, 11, 33)
    assert ladder(10, 50, None) == (0,)
    assert ladder(2, 1000, (0, 5, 500)) == (0, 5)


def test_settings_that_make_no_sense_are_refused() -> None:
    z, v = sample(60)
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="rising"):
        dci_es(z, v, capacities=[5, 5], rng=rng)
    with pytest.raises(InputError, match="rising whole numbers from 1"):
        dci_es(z, v, probe="random_forest", capacities=[0, 5], rng=rng)
    with pytest.raises(InputError, match="draws"):
        dci_es(z, v, draws=1, rng=rng)
    with pytest.raises(InputError, match="most"):
        dci_es(z, v, most=0, rng=rng)
