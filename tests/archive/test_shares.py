from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import binomtest

from tanaoroshi.archive import take_archive
from tanaoroshi.archive.shares import shares_of
from tanaoroshi.records.attributes import Attribute, Attributes
from tanaoroshi.records.words import Text

if TYPE_CHECKING:
    from tanaoroshi.records.estimates import Estimate


def share(hits: np.ndarray, group: np.ndarray) -> Estimate:
    spec = Attribute("hit", "nominal", Text("Hit", "的"), values=("no", "yes"))
    return shares_of(hits.astype(float), spec, group)["yes"]


def test_independent_rows_get_wilsons_interval() -> None:
    hits = np.arange(50) < 12
    mine = share(hits, np.arange(50))
    theirs = binomtest(12, 50).proportion_ci(method="wilson")
    assert (mine.value, mine.low, mine.high) == pytest.approx(
        (0.24, theirs.low, theirs.high),
        rel=0.025,  # ours takes Student's t with 49 degrees of freedom where theirs is normal
    )


def test_copies_of_a_picture_count_once() -> None:
    hits = np.arange(40) < 10
    once = share(hits, np.arange(40))
    often = share(np.repeat(hits, 9), np.repeat(np.arange(40), 9))
    # The only difference is the (m - 1) / m of the variance of group sums.
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.03)


@pytest.mark.parametrize("hits", [np.zeros(12, bool), np.ones(12, bool), np.ones(1, bool)])
def test_a_share_of_nothing_or_all_has_an_interval_inside_0_and_1(hits: np.ndarray) -> None:
    for group in (np.arange(len(hits)), np.zeros(len(hits), np.int64)):
        mine = share(hits, group)
        assert 0 <= mine.low <= mine.value <= mine.high <= 1
        assert mine.high > mine.low


def test_the_interval_covers_with_clustered_rows() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        sizes = rng.integers(1, 8, size=60)
        group = np.repeat(np.arange(60), sizes)
        mine = share(np.repeat(rng.random(60) < 0.3, sizes), group)
        hits += mine.low <= 0.3 <= mine.high
    assert 0.91 <= hits / 400 <= 0.985


def test_shares_are_among_the_known_and_sum_to_one() -> None:
    values = np.array([[0.0, 1.0], [1.0, 2.0], [1.0, 3.0], [np.nan, 4.0]])
    specs = (
        Attribute("shape", "nominal", Text("Shape", "形"), values=("round", "square", "never")),
        Attribute("size", "continuous", Text("Size", "大きさ")),
    )
    shares = take_archive(Attributes(specs, values), rng=np.random.default_rng(0)).shares
    assert set(shares) == {"shape"}
    assert [e.value for e in shares["shape"].values()] == pytest.approx([1 / 3, 2 / 3, 0])
    assert {e.n for e in shares["shape"].values()} == {3}
