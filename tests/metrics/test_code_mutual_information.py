"""Mean mutual information of dimensions by second routes: scikit-learn's tables, closed forms."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from tanaoroshi.metrics.code_mutual_information import code_mutual_information
from tanaoroshi.records.estimates import Estimate, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats

MIX = np.random.default_rng(5).normal(size=(4, 4)) * 0.5 + np.eye(4)
Z = np.random.default_rng(0).normal(size=(600, 4)) @ MIX


def estimate(z: Floats, seed: int = 0, **settings: object) -> Estimate:
    rng = np.random.default_rng(seed)
    found = code_mutual_information(z, rng=rng, **settings)  # type: ignore[arg-type]
    assert isinstance(found, Estimate)
    assert 0 <= found.low <= found.value <= found.high
    return found


def test_the_value_is_the_librarys() -> None:
    for z in (Z, np.hstack([Z, np.ones((600, 1))])):
        bins = [np.digitize(x, np.histogram(x, 20)[1][:-1]) for x in z.T]
        table = np.array([[mutual_info_score(a, b) for b in bins] for a in bins])
        np.fill_diagonal(table, 0)
        d = len(bins)
        found = estimate(z, convention="disentanglement_lib")
        assert found.value == pytest.approx(table.sum() / (d**2 - d), abs=1e-9)


def test_copies_tell_all() -> None:
    found = estimate(np.repeat(Z[:, :1], 3, axis=1) * [1, -2, 3], bins=20, bias="none")
    assert found.value == pytest.approx(np.log(5), abs=0.01)
    assert found.low > 1.5


def test_a_gaussian_pair_by_closed_form() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40_000, 2))
    x[:, 1] = 0.8 * x[:, 0] + 0.6 * x[:, 1]
    # Cutting into bins loses some.
    assert estimate(x).value == pytest.approx(-np.log(1 - 0.64) / 2, abs=0.05)


def test_what_changes_nothing() -> None:
    value = estimate(Z).value
    constant = np.full((600, 1), 3.3)
    for z in (Z[::-1], Z[:, ::-1], -Z, np.exp(Z) * 7, np.hstack([constant, Z, constant])):
        assert estimate(z).value == pytest.approx(value, abs=1e-9)


def test_independent_dimensions_give_chance_and_an_interval_from_0() -> None:
    z = np.random.default_rng(2).normal(size=(500, 4))
    for convention in ("paper", "disentanglement_lib"):
        found = estimate(z, convention=convention)
        assert found.low == 0
        assert found.value == pytest.approx(found.chance, abs=0.02)


def test_repeating_rows_in_a_group_does_not_sharpen_the_interval() -> None:
    z = Z[:150]
    rows = np.repeat(np.arange(150), 6)
    alone, six = estimate(z), estimate(z[rows], group=rows)
    assert six.high - six.low > 0.75 * (alone.high - alone.low)
    assert six.value == pytest.approx(alone.value, abs=0.04)


@pytest.mark.parametrize("n", [1, 2, 9, 10, 20])
@pytest.mark.parametrize("d", [1, 3, 30])
def test_small_samples_get_a_number_or_a_reason(n: int, d: int) -> None:
    z = np.random.default_rng(n).normal(size=(n, d))
    found = code_mutual_information(z, rng=np.random.default_rng(0))
    assert isinstance(found, Unmeasured) == (n < 10 or d == 1)
    constant = code_mutual_information(np.ones((30, d)), rng=np.random.default_rng(0))
    assert isinstance(constant, Unmeasured)


def test_of_many_dimensions_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    room = import_module("tanaoroshi.metrics.code_mutual_information")
    monkeypatch.setattr(room, "WIDEST", 7)
    found = estimate(np.random.default_rng(0).normal(size=(100, 12)))
    assert "7 of 12 dimensions" in found.method
