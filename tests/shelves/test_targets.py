from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tanaoroshi.records.attributes import Attribute, Attributes, Kind
from tanaoroshi.records.words import Message, Text
from tanaoroshi.shelves.features import hats, knots_of, nonlinear, standardise
from tanaoroshi.shelves.settings import ShelfSettings
from tanaoroshi.shelves.targets import embed, make_targets

columns = hnp.arrays(np.float64, st.integers(2, 40), elements=st.floats(-5, 5, width=32))


def one(values: np.ndarray, kind: Kind, group: np.ndarray | None = None) -> Attributes:
    return Attributes((Attribute("a", kind, Text("A", "あ")),), values[:, None], group)


@given(hnp.arrays(np.float64, st.integers(2, 40), elements=st.integers(-9, 9)))
def test_ranks_do_not_see_how_the_scale_bends(values: np.ndarray) -> None:
    assert np.array_equal(embed(values, "continuous"), embed(2 * values**3 + 1, "ordinal"))


def test_targets_of_each_kind() -> None:
    values = np.array([0.0, 2.0, 2.0, 5.0])
    assert np.array_equal(embed(values, "nominal"), np.eye(3)[[0, 1, 1, 2]])
    assert np.allclose(embed(values, "ordinal")[:, 0], [1 / 8, 4 / 8, 4 / 8, 7 / 8])
    assert np.allclose(np.linalg.norm(embed(values, "circular"), axis=1), 1)
    assert np.allclose(embed(np.array([0.0, 2 * np.pi]), "circular")[0], [1, 0])


@pytest.mark.parametrize(
    ("values", "kind", "reason"),
    [
        (np.full(100, np.nan), "continuous", "it has no value for any image"),
        (np.full(100, 3.0), "ordinal", "all images have the same value"),
        (np.arange(100.0), "nominal", "hardly any two images have the same value"),
        (np.arange(1.0), "continuous", "all images have the same value"),
        (
            np.where(np.arange(100) < 20, np.arange(100.0), np.nan),
            "continuous",
            "it is known for only 20 independent images, and at least 30 are needed",
        ),
        (np.repeat([0.0, 1.0], [97, 3]), "ordinal", "all but 3 images have the same value"),
    ],
)
def test_what_cannot_be_judged_says_why(values: np.ndarray, kind: Kind, reason: str) -> None:
    (target,) = make_targets(one(values, kind), ShelfSettings())
    assert isinstance(target.problem, Message)
    assert target.problem.english() == reason


def test_groups_count_not_rows() -> None:
    values, group = np.arange(200.0), np.arange(200) // 10
    (target,) = make_targets(one(values, "continuous", group), ShelfSettings())
    assert isinstance(target.problem, Message)
    assert target.problem.args["count"] == 20


def test_texts_are_passed_over_and_rare_values_made_one() -> None:
    assert make_targets(one(np.arange(100.0), "text"), ShelfSettings()) == []
    values = np.concatenate([np.repeat([0.0, 1.0], 40), np.arange(10.0) + 2, [np.nan]])
    (target,) = make_targets(one(values, "nominal"), ShelfSettings())
    assert set(target.values[~np.isnan(target.values)]) == {-1.0, 0.0, 1.0}
    assert np.isnan(target.values[-1])
    (few,) = make_targets(
        one(np.repeat(np.arange(30.0), 10), "nominal"), ShelfSettings(max_classes=4)
    )
    assert len(np.unique(few.values)) == 5


@given(columns, st.integers(1, 15))
def test_hats_sum_to_one_and_peak_at_their_knots(x: np.ndarray, count: int) -> None:
    knots = knots_of(x, count)
    assert np.allclose(hats(x, knots).sum(axis=1), 1)
    assert np.allclose(hats(knots, knots), np.eye(len(knots)))
    assert np.allclose(hats(np.array([-99.0, 99.0]), knots)[:, [0, -1]].diagonal(), 1)


def test_features_of_constant_codes_are_finite() -> None:
    codes = np.full((50, 3), 0.1)
    assert np.all(standardise(codes) == 0)
    assert np.isfinite(nonlinear(codes, 5, 10, rng=np.random.default_rng(0))).all()


@pytest.mark.parametrize("d", [1, 300, 600])
def test_many_dimensions_do_not_make_endless_features(d: int) -> None:
    codes = np.random.default_rng(0).normal(size=(100, d))
    assert nonlinear(codes, 12, 20, rng=np.random.default_rng(0)).shape[1] <= 512 + 40
