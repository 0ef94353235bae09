"""Two real trainings on the same digits, β-VAE and FactorVAE: no axis is the same, much is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_predict

import tanaoroshi as tn
from digits import BASE, CANDIDATE, compare_digits, draw_digits
from tanaoroshi.records.estimates import Estimate

if TYPE_CHECKING:
    from pathlib import Path

    from tanaoroshi.records.attributes import Floats
    from tanaoroshi.records.comparison import Comparison

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BASE.is_dir() and CANDIDATE.is_dir()),
        reason=f"the trained models {BASE.name} and {CANDIDATE.name} are not in {BASE.parent}",
    ),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("digits")


@pytest.fixture(scope="module")
def digits(home: Path) -> Path:
    return draw_digits(home / "digits.npz", 400)


@pytest.fixture(scope="module")
def found(home: Path, digits: Path) -> Comparison:
    return compare_digits(digits, home / "store")


@pytest.fixture(scope="module")
def codes(digits: Path) -> tuple[Floats, Floats]:
    pictures = tn.load_collection(str(digits))
    base, candidate = (
        tn.encode(tn.load_model(str(folder)), pictures).mean.astype(np.float64)
        for folder in (BASE, CANDIDATE)
    )
    return base, candidate


def value(measured: object) -> float:
    assert isinstance(measured, Estimate)
    return measured.value


def test_what_is_called_whole_agrees_and_nothing_else_does(
    found: Comparison, codes: tuple[Floats, Floats]
) -> None:
    """Held against rank correlations of the codes themselves."""
    base, candidate = codes
    near = np.abs(np.asarray(spearmanr(base, candidate).statistic)[:10, 10:])
    of_base = [m for m in found.dimensions if m.base is not None]
    assert len(of_base) == 10
    for one in of_base:
        assert one.base is not None
        if one.status in ("same", "moved", "rescaled"):
            assert one.candidate is not None
            assert near[one.base, one.candidate] > 0.9
        else:
            assert near[one.base].max() < 0.97
    # Two trainings share no axes: at most a few are found whole by luck, and most are mixed.
    statuses = [m.status for m in of_base]
    assert "same" not in statuses
    assert statuses.count("mixed") >= 7


def test_what_is_told_agrees_with_a_regression(
    found: Comparison, codes: tuple[Floats, Floats]
) -> None:
    base, candidate = codes
    shares = []
    for one in found.dimensions:
        if one.base is None:
            continue
        y = base[:, one.base]
        guess = cross_val_predict(LinearRegression(), candidate, y, cv=5)
        share = 1 - np.mean((y - guess) ** 2) / y.var()
        shares.append(share)
        # Curves and nearness may tell more than a line, never much less.
        assert value(one.told) > share - 0.05
        assert one.status != "lost" or share < 0.25
    assert np.mean(shares) - 0.05 < value(found.subspace) < 0.95


def test_as_wholes_they_are_alike_but_not_the_same(found: Comparison) -> None:
    for name in ("linear_cka", "procrustes"):
        one = found.similarity[name]
        assert isinstance(one, Estimate)
        assert one.chance is not None
        assert one.chance < 0.1 < 0.4 < one.low <= one.high < 0.95


def test_shelves_and_directions_are_judged(found: Comparison) -> None:
    assert {m.attribute for m in found.shelves} == {"maker", "ink", "width", "height", "slant"}
    assert "kept" not in {m.status for m in found.shelves}
    kept = [d for d in found.directions if d.status == "kept"]
    assert kept  # what a rotation mixes can still be moved
    for way in kept:
        assert np.linalg.norm(way.migrated) == pytest.approx(1)


def test_a_training_and_itself_are_the_same(home: Path, digits: Path, found: Comparison) -> None:
    again = compare_digits(digits, home / "store", CANDIDATE)
    assert {m.status for m in again.dimensions} <= {"same", "undecided"}
    assert [m.status for m in again.dimensions].count("same") >= 8
    assert {m.status for m in again.shelves} <= {"kept", "never", "undecided"}
    assert {d.status for d in again.directions} <= {"kept"}
    assert found.candidate == again.base
