"""Ties among made pictures: planted ones come out of readers that err, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tanaoroshi.archive.made_ties import Said, made_ties

if TYPE_CHECKING:
    from tanaoroshi.records.made import MadeTie


def joint(tie: float, a: int, b: int) -> np.ndarray:
    """A table of shares: unrelated attributes, mixed with ones that decide each other."""
    together = np.zeros((a, b))
    for k in range(max(a, b)):
        together[k % a, k % b] += 1 / max(a, b)
    table: np.ndarray = (1 - tie) / (a * b) + tie * together
    return table


def cramer(table: np.ndarray) -> float:
    """The square root of φ² over the smaller side less one, by its definition."""
    a, b = table.shape
    phi = 0.0
    for i in range(a):
        for j in range(b):
            apart = table[i].sum() * table[:, j].sum()
            phi += (table[i, j] - apart) ** 2 / apart
    return float(np.sqrt(phi / (min(a, b) - 1)))


def audit(
    rng: np.random.Generator,
    there: np.ndarray,
    made: np.ndarray,
    *,
    together: bool = False,
    n: int = 1500,
) -> MadeTie:
    """Readers that say anything in a quarter of pictures: each for itself, or in the same ones."""

    def draw(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cell = rng.choice(table.size, n, p=table.ravel())
        return cell // table.shape[1], cell % table.shape[1]

    def read(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bad = rng.random((2, n)) < 0.25
        if together:
            bad[1] = bad[0]
        shape = there.shape
        return (
            np.where(bad[0], rng.integers(0, shape[0], n), a),
            np.where(bad[1], rng.integers(0, shape[1], n), b),
        )

    known, drawn = draw(there), draw(made)
    said, of_made = read(*known), read(*drawn)
    both = [Said(name, known[k], known[k], said[k], of_made[k]) for k, name in enumerate("ab")]
    return made_ties(both, None, level=0.95, rng=rng)[0]


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
