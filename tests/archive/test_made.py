"""What a model makes of a collection: planted shares, errors and copies, and their nulls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tanaoroshi.archive.made import come_back_worse, made_shares, memory, unlike
from tanaoroshi.records.estimates import Estimate, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.records.made import MadeShare

VALUES = ("a", "b", "c")
COLLECTION = np.array([0.5, 0.3, 0.2])
READS = np.array([[0.8, 0.15, 0.05], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])
"""How often a picture that is v (rows) is read as r."""


def read(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    found: np.ndarray = (rng.random(len(truth))[:, None] > READS[truth].cumsum(axis=1)).sum(axis=1)
    return found


def audit(
    shares: np.ndarray, rng: np.random.Generator, n: int = 1500, k: int = 1500
) -> tuple[MadeShare, ...]:
    truth = rng.choice(3, n, p=COLLECTION)
    made = rng.choice(3, k, p=shares)
    return made_shares(
        "thing",
        VALUES,
        truth,
        read(truth, rng),
        read(made, rng),
        None,
        collection=COLLECTION,
        questions=3,
        level=0.95,
        rng=rng,
    )


def test_the_readers_errors_are_corrected_for() -> None:
    shares = np.array([0.8, 0.15, 0.05])
    rng = np.random.default_rng(0)
    inside, naive = 0, 0
    for _ in range(60):
        for one, truth in zip(audit(shares, rng), shares, strict=True):
            assert isinstance(one.made, Estimate)
            inside += one.made.low <= truth <= one.made.high
        said = np.bincount(read(rng.choice(3, 1500, p=shares), rng), minlength=3) / 1500
        naive += abs(said[0] - shares[0]) < 0.05
    assert 0.9 <= inside / 180 <= 0.99
    assert naive == 0  # what the reader says, taken at its word, is always wrong


def test_a_value_that_is_made_too_often_is_found() -> None:
    rng = np.random.default_rng(1)
    changes = [[one.change for one in audit(np.array([0.8, 0.15, 0.05]), rng)] for _ in range(20)]
    assert {each[0] for each in changes} == {"more"}
    # The others lie 15 points below the collection's share, a margin of 5 and the interval off.
    assert all(set(each[1:]) <= {"fewer", "undecided"} for each in changes)
    assert sum(each[1:].count("fewer") for each in changes) > 30


def test_a_model_that_keeps_the_shares_is_not_accused() -> None:
    rng = np.random.default_rng(2)
    wrong = sum(
        any(one.change in ("more", "fewer") for one in audit(COLLECTION, rng, 600, 600))
        for _ in range(200)
    )
    assert wrong / 200 <= 0.05


def test_a_rare_value_is_not_told() -> None:
    rng = np.random.default_rng(3)
    truth = np.concatenate([rng.choice(2, 500), np.full(5, 2)])
    found = made_shares(
        "thing",
        VALUES,
        truth,
        truth,
        rng.choice(2, 300),
        None,
        collection=np.bincount(truth) / len(truth),
        questions=3,
        level=0.95,
        rng=rng,
    )
    assert isinstance(found[2].made, Unmeasured)
    assert isinstance(found[0].made, Estimate)


def test_names_of_values_do_not_matter() -> None:
    """Classes in another order give the same shares in that order."""
    rng = np.random.default_rng(4)
    truth, made = rng.choice(3, 800, p=COLLECTION), rng.choice(3, 800)
    said, drawn = read(truth, rng), read(made, rng)
    order = np.array([2, 0, 1])
    kept = made_shares(
        "t", VALUES, truth, said, drawn, None,
        collection=COLLECTION, questions=3, level=0.95, rng=np.random.default_rng(0),
    )  # fmt: skip
    turned = made_shares(
        "t", [VALUES[int(np.flatnonzero(order == v)[0])] for v in range(3)],
        order[truth], order[said], order[drawn], None,
        collection=COLLECTION[np.argsort(order)], questions=3, level=0.95,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    for one in kept:
        same = next(other for other in turned if other.value == one.value)
        assert isinstance(one.made, Estimate)
        assert isinstance(same.made, Estimate)
        assert one.made.value == pytest.approx(same.made.value, abs=1e-5)


def test_who_comes_back_worse_is_found_and_nobody_else() -> None:
    rng = np.random.default_rng(5)
    group = np.repeat(np.arange(400), 3)
    classes, other = rng.choice(3, 400)[group], rng.choice(2, 400)[group]
    errors = rng.gamma(4, 1, 1200) * np.array([1.0, 1.0, 1.5])[classes]
    columns = [("tone", VALUES, classes), ("side", ("l", "r"), other)]
    found = come_back_worse(errors, columns, group, level=0.95, rng=rng)
    worse = [one for one in found if one.p_adjusted <= 0.05 and one.ratio.low > 1]
    assert [(one.attribute, one.value) for one in worse] == [("tone", "c")]
    assert worse[0].ratio.low <= 1.5 <= worse[0].ratio.high


def test_where_all_come_back_alike_at_most_one_audit_in_twenty_says_otherwise() -> None:
    rng = np.random.default_rng(6)
    wrong = 0
    for _ in range(200):
        group = np.repeat(np.arange(150), 4)
        # Pictures of a group come back alike: taken one by one they would look certain.
        errors = rng.gamma(4, 1, 150)[group] * rng.gamma(20, 0.05, 600)
        columns = [("tone", VALUES, rng.choice(3, 150)[group])]
        found = come_back_worse(errors, columns, group, level=0.95, rng=rng)
        wrong += any(one.p_adjusted <= 0.05 for one in found)
    assert wrong / 200 <= 0.08


def test_copies_are_noticed_and_a_model_that_copies_nothing_is_not_accused() -> None:
    rng = np.random.default_rng(7)
    trained, unseen = rng.normal(size=(800, 8)), rng.normal(size=(200, 8))
    copies = trained[:100] + 0.05 * rng.normal(size=(100, 8))
    copying = memory(
        np.concatenate([copies, rng.normal(size=(100, 8))]), trained, unseen, level=0.95
    )
    assert isinstance(copying.nearer, Estimate)
    assert copying.nearer.low > 0.5
    assert copying.c_t is not None
    assert copying.c_t < -3
    assert {i for i, _, _ in copying.pairs} <= set(range(100))
    assert all(i == row for i, row, _ in copying.pairs)
    statistics = []
    for _ in range(200):
        found = memory(rng.normal(size=(150, 8)), trained, rng.normal(size=(150, 8)), level=0.95)
        assert found.c_t is not None
        statistics.append(found.c_t)
    assert abs(np.mean(statistics)) < 0.3
    assert np.mean(np.abs(statistics) > 1.96) <= 0.09


def test_without_unseen_pictures_only_pairs_are_shown() -> None:
    rng = np.random.default_rng(8)
    found = memory(rng.normal(size=(30, 4)), rng.normal(size=(50, 4)), None, level=0.95)
    assert isinstance(found.nearer, Unmeasured)
    assert found.c_t is None
    assert len(found.pairs) == 24


def test_pictures_of_another_kind_are_unlike_and_those_of_the_same_are_not() -> None:
    rng = np.random.default_rng(9)
    seen, others = rng.normal(size=(500, 6)), rng.normal(size=(500, 6))
    assert unlike(rng.normal(size=(500, 6)), seen, others) == pytest.approx(0.05, abs=0.04)
    assert unlike(4 + rng.normal(size=(500, 6)), seen, others) > 0.9


def test_what_was_never_read_is_not_certain_to_be_never_made() -> None:
    rng = np.random.default_rng(10)
    truth = rng.choice(3, 600, p=COLLECTION)
    made = rng.choice(2, 200)
    found = made_shares(
        "thing", VALUES, truth, truth, made, None,
        collection=COLLECTION, questions=3, level=0.95, rng=rng,
    )  # fmt: skip
    assert isinstance(found[2].made, Estimate)
    # Of 200 pictures none: up to about 1.5 % can't be ruled out.
    assert 0.002 < found[2].made.high < 0.03


def test_of_pictures_that_cannot_be_read_anything_may_be_true() -> None:
    truth = np.random.default_rng(11).choice(3, 1500, p=COLLECTION)

    def shares(unreadable: float) -> tuple[MadeShare, ...]:
        return made_shares(
            "thing", VALUES, truth, truth, truth, None,
            collection=COLLECTION, questions=3, level=0.95, rng=np.random.default_rng(0),
            unreadable=unreadable,
        )  # fmt: skip

    for plain, bounded in zip(shares(0.0), shares(0.2), strict=True):
        assert isinstance(plain.made, Estimate)
        assert isinstance(bounded.made, Estimate)
        assert bounded.made.value == plain.made.value
        assert bounded.made.low == pytest.approx(0.8 * plain.made.low)
        assert bounded.made.high == pytest.approx(0.8 * plain.made.high + 0.2)
        assert bounded.change == "undecided"
