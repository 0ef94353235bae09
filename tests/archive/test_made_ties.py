"""Ties among made pictures: planted ones come out of readers that err, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from archive_labels import audit, cramer, joint
from tanaoroshi.archive.made_ties import Said, made_ties


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("shape", [(2, 2), (3, 4)])
def test_the_readers_errors_are_taken_out(shape: tuple[int, int], *, together: bool) -> None:
    rng = np.random.default_rng(0)
    made = joint(0.5, *shape)
    truth = cramer(made)
    found = [audit(rng, joint(0.2, *shape), made, together=together) for _ in range(30)]
    assert np.mean([one.made.low <= truth <= one.made.high for one in found]) >= 0.8
    assert np.mean([one.made.value for one in found]) == pytest.approx(truth, abs=0.03)
    assert {one.change for one in found} <= {"stronger", "undecided"}
    assert sum(one.change == "stronger" for one in found) >= 20
    there = cramer(joint(0.2, *shape))
    assert np.mean([one.collection for one in found]) == pytest.approx(there, abs=0.02)


@pytest.mark.parametrize("tie", [0.0, 0.6])
def test_a_model_that_keeps_the_tie_is_not_accused(tie: float) -> None:
    rng = np.random.default_rng(1)
    table = joint(tie, 3, 3)
    wrong = sum(audit(rng, table, table, n=600).change in ("stronger", "weaker") for _ in range(60))
    assert wrong <= 3


def test_a_tie_that_the_model_loosens_is_weaker() -> None:
    rng = np.random.default_rng(2)
    changes = [audit(rng, joint(0.6, 2, 2), joint(0.1, 2, 2)).change for _ in range(10)]
    assert changes.count("weaker") >= 8


def test_more_values_than_classes_and_missing_ones_are_borne() -> None:
    rng = np.random.default_rng(3)
    a = rng.integers(0, 9, 1200)
    b = np.where(rng.random(1200) < 0.7, a % 3, rng.integers(0, 3, 1200))
    b[:100] = -1
    said = [Said("a", a, a, a, a), Said("b", b, b, b, b)]
    tie = made_ties(said, np.arange(1200) // 2, level=0.95, rng=rng)[0]
    assert tie.made.n == 1100
    assert tie.made.low <= tie.collection <= tie.made.high
    assert tie.change == "alike"


def test_what_is_shown_too_seldom_is_not_asked() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 2, 400), np.zeros(400, dtype=np.int64)
    b[:10] = 1
    assert (
        made_ties([Said("a", a, a, a, a), Said("b", b, b, b, b)], None, level=0.95, rng=rng) == ()
    )
