from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanaoroshi.archive.agreement import agreement_of, krippendorff_alpha
from tanaoroshi.errors import InputError
from tanaoroshi.records.archive import Agreement
from tanaoroshi.records.attributes import Attribute, Kind
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import Text

N = np.nan
FOUR_OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
).T


@pytest.mark.parametrize(
    ("kind", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("continuous", 0.849)]
)
def test_krippendorffs_own_example(kind: Kind, published: float) -> None:
    # K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, sections C and D.
    assert krippendorff_alpha(FOUR_OBSERVERS, kind) == pytest.approx(published, abs=5e-4)


def test_two_observers() -> None:
    # The same, sections A (binary) and B (five values).
    binary = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]], float).T
    assert krippendorff_alpha(binary, "nominal") == pytest.approx(0.095, abs=5e-4)
    letters = np.array([list(map(ord, word)) for word in ("aabbdcccedda", "babbbccceddd")], float).T
    assert krippendorff_alpha(letters, "nominal") == pytest.approx(0.692, abs=5e-4)


def by_pairs(ratings: np.ndarray, kind: Kind) -> float:
    """The definition: mean disagreement within images over that of all answers."""
    units = [row[np.isfinite(row)] for row in ratings]
    units = [unit for unit in units if len(unit) > 1]
    pool = np.concatenate(units)

    def distance(x: float, y: float) -> float:
        if kind == "nominal":
            return float(x != y)
        if kind == "continuous":
            return (x - y) ** 2
        if kind == "circular":
            return float(np.sin((x - y) / 2) ** 2)
        low, high = min(x, y), max(x, y)
        between = np.sum((pool >= low) & (pool <= high))
        return float(between - (np.sum(pool == low) + np.sum(pool == high)) / 2) ** 2 * (x != y)

    n = len(pool)
    seen = sum(
        2 * sum(distance(x, y) for x, y in combinations(unit, 2)) / (len(unit) - 1)
        for unit in units
    )
    chance = 2 * sum(distance(x, y) for x, y in combinations(pool, 2)) / (n - 1)
    return 1 - seen / chance


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["nominal", "ordinal", "continuous", "circular"]), st.integers(0, 2**32 - 1))
def test_alpha_is_its_definition_whatever_the_order(kind: Kind, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ratings = rng.integers(0, 4, (12, 4)).astype(float)
    ratings[rng.random(ratings.shape) < 0.3] = N
    ratings[:2] = [[0, 1, 2, 0], [3, 3, 3, 2]]
    mine = krippendorff_alpha(ratings, kind)
    assert mine == pytest.approx(by_pairs(ratings, kind), abs=1e-9)
    shuffled = ratings[rng.permutation(12)][:, rng.permutation(4)]
    assert krippendorff_alpha(shuffled, kind) == pytest.approx(mine)
    if kind == "circular":
        assert krippendorff_alpha(ratings + 3.0, kind) == pytest.approx(mine)
    if kind == "nominal":
        renamed = np.where(np.isfinite(ratings), (3 - ratings) * 7, N)
        assert krippendorff_alpha(renamed, kind) == pytest.approx(mine)
    if kind == "ordinal":
        assert krippendorff_alpha(np.exp(ratings), kind) == pytest.approx(mine)


def agreement(ratings: np.ndarray, kind: Kind, group: np.ndarray | None = None) -> Agreement:
    spec = Attribute("a", kind, Text("a", "a"))
    found = agreement_of(ratings, spec, group, rng=np.random.default_rng(0))
    assert isinstance(found, Agreement)
    return found


def test_the_interval_and_the_ceilings_hold_the_truth() -> None:
    # Half of the variance of an answer is the picture's: alpha and the ceiling are 1/2, and the
    # mean of three answers has 3/4.
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(40):
        truth = rng.normal(size=(120, 1))
        found = agreement(truth + rng.normal(size=(120, 3)), "continuous")
        covered += found.alpha.low <= 0.5 <= found.alpha.high
        assert found.ceiling.value == max(found.alpha.value, 0)
    assert covered >= 34
    truth = rng.normal(size=(5000, 1))
    answers = truth + rng.normal(size=(5000, 3))
    found = agreement(answers, "continuous")
    best_of_one = np.corrcoef(truth[:, 0], answers[:, 0])[0, 1] ** 2
    best_of_mean = np.corrcoef(truth[:, 0], answers.mean(axis=1))[0, 1] ** 2
    assert found.ceiling.value == pytest.approx(best_of_one, abs=0.03)
    assert found.ceiling_of_mean.value == pytest.approx(best_of_mean, abs=0.03)


def test_copies_of_an_image_add_no_certainty() -> None:
    rng = np.random.default_rng(2)
    ratings = np.where(rng.random((60, 3)) < 0.7, rng.integers(0, 3, (60, 1)), 1.0)
    once = agreement(ratings, "nominal").alpha
    often = agreement(np.repeat(ratings, 5, axis=0), "nominal", np.repeat(np.arange(60), 5)).alpha
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.2)


def test_what_cannot_be_told_says_why() -> None:
    spec = Attribute("a", "nominal", Text("a", "a"))
    rng = np.random.default_rng(3)
    for ratings in (np.full((20, 3), N), np.ones((20, 3)), np.ones((3, 2))):
        assert isinstance(agreement_of(ratings, spec, None, rng=rng), Unmeasured)
    assert np.isnan(krippendorff_alpha(np.ones((5, 2)), "ordinal"))
    assert np.isnan(krippendorff_alpha(np.full((5, 2), N), "ordinal"))
    with pytest.raises(InputError, match="one column an annotator"):
        krippendorff_alpha(np.ones(5), "nominal")
    with pytest.raises(InputError, match="infinite"):
        krippendorff_alpha(np.array([[np.inf, 1.0]]), "continuous")
