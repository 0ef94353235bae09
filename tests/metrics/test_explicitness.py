"""Explicitness by second routes, and what it promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import MultiLabelBinarizer

from tanaoroshi.errors import InputError
from tanaoroshi.metrics.explicitness import answer_explicitness, explicitness, separation
from tanaoroshi.metrics.logistic import splits
from tanaoroshi.metrics.question import question
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.metrics.question import Question
    from tanaoroshi.records.attributes import Floats, Kind

N = 300
DRAW = np.random.default_rng(5)
V = np.stack([DRAW.integers(0, 4, N), DRAW.integers(0, 2, N)], 1).astype(np.float64)
Z = np.hstack([V + DRAW.normal(size=(N, 2)) * 0.7, DRAW.normal(size=(N, 2))])


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def seen(measured: Measured) -> Estimate:
    assert isinstance(measured, Estimate)
    return measured


def found(z: Floats = Z, v: Floats = V, **settings: Any) -> Estimate:  # noqa: ANN401
    return seen(explicitness(z, v, rng=rng(), **settings))


def asked(z: Floats = Z, v: Floats = V, **settings: Any) -> Question:  # noqa: ANN401
    return question(z, v, rng=rng(), **settings)


def library(z: Floats, v: Floats) -> float:
    """``explicitness_score_test`` as disentanglement_lib computes it."""
    split = int(np.ceil(0.8 * len(z)))
    x = (z - z[:split].mean(axis=0)) / z[:split].std(axis=0)
    scores = []
    for column in v.T:
        model = LogisticRegression().fit(x[:split], column[:split])
        truth = MultiLabelBinarizer().fit_transform(column[split:, None])
        scores.append(roc_auc_score(truth, model.predict_proba(x[split:])))
    return float(np.mean(scores))


@pytest.mark.parametrize(("n", "d", "values"), [(301, 3, 4), (1000, 10, 8), (700, 70, 3)])
def test_the_library_convention_is_its_test_score(n: int, d: int, values: int) -> None:
    draw = np.random.default_rng(n)
    v = draw.integers(0, values, (n, 2)).astype(float)
    z = draw.normal(size=(n, d)) * 3 + 1
    z[:, :2] += v
    ours = found(z, v, convention="disentanglement_lib")
    assert ours.value == pytest.approx(library(z, v), abs=1e-3)
    assert "disentanglement_lib; multinomial" in ours.method


@pytest.mark.parametrize("fit", ["one_vs_rest", "multinomial"])
def test_the_paper_convention_is_scikit_learn_fold_by_fold(fit: str) -> None:
    x = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    scores = []
    for column in V.T:
        wins, pairs = np.zeros(int(column.max()) + 1), np.zeros(int(column.max()) + 1)
        for train, test in splits(asked()):
            joint = LogisticRegression(tol=1e-8).fit(x[train], column[train])
            for c in range(len(wins)):
                own = column == c
                model = LogisticRegression(tol=1e-8).fit(x[train], own[train])
                by = model.decision_function(x[test])
                by = joint.predict_proba(x[test])[:, c] if fit == "multinomial" else by
                size = own[test].sum() * (~own[test]).sum()
                wins[c] += roc_auc_score(own[test], by) * size
                pairs[c] += size
        scores.append((wins / pairs).mean())
    assert found(fit=fit).value == pytest.approx(np.mean(scores), abs=1e-4)


def test_separation_counts_all_pairs_and_half_the_ties() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, 60)
    for scores in (draw.integers(0, 5, (3, 60)).astype(float), draw.normal(size=(3, 60))):
        ours = separation(scores, labels)
        for c in range(3):
            own = labels == c
            area = roc_auc_score(own, scores[c])
            assert ours.wins[c] / ours.pairs[c] == pytest.approx(area)
            ahead = (scores[c][own][:, None] > scores[c][~own]) + 0.5 * (
                scores[c][own][:, None] == scores[c][~own]
            )
            np.testing.assert_allclose(ours.placed[c, own], ahead.sum(axis=1))
            np.testing.assert_allclose(ours.placed[c, ~own], ahead.sum(axis=0))


def test_one_dimension_a_value_is_perfect_and_a_line_of_values_is_not() -> None:
    v = np.random.default_rng(0).integers(0, 5, (400, 1)).astype(float)
    perfect = found(v == np.arange(5), v)
    assert (perfect.value, perfect.high) == (1, 1)
    # No line parts a middle value from both its neighbours; all fits together do.
    assert found(v, v).value < 0.9
    assert found(v, v, fit="multinomial").value > 0.99


def test_unrelated_codes_lie_at_chance() -> None:
    z = np.random.default_rng(4).normal(size=(N, 6))
    for convention in ("paper", "disentanglement_lib"):
        e = found(z, convention=convention)
        assert e.low <= 0.5 <= e.high
        assert e.chance == pytest.approx(0.5, abs=0.08)


def test_what_leaves_it_unchanged() -> None:
    changes = {
        "dimension order": (Z[:, ::-1], V),
        "sign": (Z * [-1, 1, -1, 1], V),
        "scale": (Z * [100, 1, 0.01, 3] + 5, V),
        "constant": (np.hstack([np.full((N, 1), 3.3), Z]), V),
        "relabelling": (Z, np.stack([(2 * V[:, 0] + 1) % 5, 1 - V[:, 1]], 1)),
    }
    for fit in ("one_vs_rest", "multinomial"):
        before = found(fit=fit).value
        for name, (z, v) in changes.items():
            assert found(z, v, fit=fit).value == pytest.approx(before, abs=1e-6), name


def test_copies_of_rows_in_a_group_do_not_sharpen_the_interval() -> None:
    rows = np.repeat(np.arange(N), 6)
    one, six = found(), found(Z[rows], V[rows], group=rows)
    blind = found(Z[rows], V[rows])
    assert six.high - six.low > 0.75 * (one.high - one.low)
    assert blind.high - blind.low < 0.75 * (one.high - one.low)


def test_attributes_with_holes_and_of_all_kinds() -> None:
    draw = np.random.default_rng(2)
    v = np.stack([V[:, 0], V[:, 1], np.round(Z[:, 0]), np.round(draw.random(N) * 6.28, 1)], 1)
    z = np.hstack([Z, np.cos(v[:, 3:]), np.sin(v[:, 3:])])
    v[draw.random(v.shape) < 0.2] = np.nan
    kinds: tuple[Kind, ...] = ("nominal", "ordinal", "continuous", "circular")
    for convention in ("paper", "disentanglement_lib"):
        answer = answer_explicitness(asked(z, v, kinds=kinds, convention=convention))
        assert answer.per_attribute is not None
        each = [seen(e) for e in answer.per_attribute]
        assert [e.n for e in each] == np.isfinite(v).sum(axis=0).tolist()
        assert all(e.low <= e.value <= e.high and e.value > 0.5 for e in each)
        assert seen(answer.total).value == pytest.approx(np.mean([e.value for e in each]))


def test_a_value_that_can_not_be_learned_or_tested_is_left_out() -> None:
    v = V[:, :1].copy()
    v[7] = 9
    assert found(v=v).value == pytest.approx(found(v=V[:, :1]).value, abs=0.02)
    late = np.r_[np.zeros(240), np.ones(60)][:, None]
    never = explicitness(Z, late, rng=rng(), convention="disentanglement_lib")
    assert isinstance(never, Unmeasured)
    assert "common enough" in f"{never.reason}"
    both = np.hstack([late, V])
    total = found(v=both, convention="disentanglement_lib")
    assert total.value == pytest.approx(found(convention="disentanglement_lib").value)
    fixed = np.where(np.arange(N) < 240, 1.0, Z[:, 0])[:, None]
    assert np.isfinite(found(np.hstack([Z, fixed]), convention="disentanglement_lib").value)


def test_too_many_values_are_refused() -> None:
    v = np.repeat(np.arange(210.0), 2)[:, None]
    many = explicitness(v, v, rng=rng())
    assert isinstance(many, Unmeasured)
    assert "210 values" in f"{many.reason}"


@pytest.mark.parametrize("n", [1, 12, 41])
@pytest.mark.parametrize("d", [1, 66])
def test_few_rows_and_many_dimensions(n: int, d: int) -> None:
    draw = np.random.default_rng(n)
    e = explicitness(draw.normal(size=(n, d)), draw.integers(0, 3, (n, 2)), bins=5, rng=draw)
    assert isinstance(e, Estimate if n > 10 else Unmeasured)


def test_rows_are_drawn_by_whole_groups() -> None:
    draw = np.random.default_rng(0)
    v = draw.integers(0, 3, 2600).astype(float)
    z = np.stack([v + draw.normal(size=2600)], 1)
    e = found(z, v[:, None], most=2000, group=np.arange(2600) // 4)
    assert e.n == 2000
    assert "2000 of 2600 rows" in e.method


def test_bad_settings_are_refused() -> None:
    for settings in ({"penalty": 0.0}, {"most": 0}):
        with pytest.raises(InputError, match="penalty"):
            explicitness(Z, V, rng=rng(), **settings)
