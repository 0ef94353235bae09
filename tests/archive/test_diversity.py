from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import entropy

from archive_truth import classes_of, table
from tanaoroshi.archive.diversity import diversity_of

if TYPE_CHECKING:
    from tanaoroshi.records.archive import Diversity


def diversity(values: np.ndarray, group: np.ndarray | None, seed: int = 0) -> Diversity:
    classes, index = classes_of(table({"a": values}, group))
    (found,) = diversity_of(classes, index, rng=np.random.default_rng(seed))
    return found


def test_equal_shares_count_in_full() -> None:
    found = diversity(np.arange(4000) % 8, None)
    assert found.values == 8
    assert found.effective.value == pytest.approx(8, abs=0.01)
    assert found.evenness.value == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize("copies", [1, 4])
def test_the_intervals_cover_known_numbers(copies: int) -> None:
    shares = 1 / np.arange(1, 13)
    shares /= shares.sum()
    one, two = np.exp(entropy(shares)), 1 / np.sum(shares**2)
    rng = np.random.default_rng(0)
    runs, covered, bias = 150, np.zeros(2), 0.0
    for seed in range(runs):
        values = np.repeat(rng.choice(12, 300, p=shares), copies)
        group = np.repeat(np.arange(300), copies)
        found = diversity(values, group, seed)
        covered += [found.effective.low <= one <= found.effective.high,
                    found.dominant.low <= two <= found.dominant.high]  # fmt: skip
        bias += (found.effective.value - one) / runs
    assert np.all((covered / runs > 0.89) & (covered / runs < 0.995))
    # Of 300 independent images the plain number lies 0.15 too low.
    assert abs(bias) < 0.08


def test_too_few_independent_images_tell_nothing() -> None:
    classes, index = classes_of(table({"a": np.arange(40) % 3}, np.arange(40) % 5))
    assert diversity_of(classes, index, rng=np.random.default_rng(0)) == ()
