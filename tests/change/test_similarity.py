"""Two codes as wholes, against closed forms and other routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import procrustes

from tanaoroshi.change.similarity import similarities
from tanaoroshi.records.estimates import Estimate

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints

seeds = st.integers(0, 10**6)


def alike(
    base: Floats, candidate: Floats, group: Ints | None = None, seed: int = 0
) -> dict[str, Estimate]:
    found = similarities(base, candidate, group, level=0.95, rng=np.random.default_rng(seed))
    assert all(isinstance(one, Estimate) for one in found.values())
    return {name: one for name, one in found.items() if isinstance(one, Estimate)}


def values(base: Floats, candidate: Floats) -> list[float]:
    return [one.value for one in alike(base, candidate).values()]


def codes(seed: int, n: int = 200, d: int = 4) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    base = rng.standard_normal((n, d)) * rng.uniform(0.3, 3, d) + rng.uniform(-5, 5, d)
    return base, base @ rng.standard_normal((d, d + 1)) + rng.standard_normal((n, d + 1))


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_cka_by_its_definition_on_kernels(seed: int) -> None:
    base, candidate = codes(seed)
    n = len(base)
    centre = np.eye(n) - 1 / n
    k, m = (centre @ (x @ x.T) @ centre for x in (base, candidate))
    expected = np.sum(k * m) / np.sqrt(np.sum(k * k) * np.sum(m * m))
    assert alike(base, candidate)["linear_cka"].value == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_procrustes_agrees_with_scipy(seed: int) -> None:
    base, candidate = codes(seed)
    base = np.column_stack([base, np.zeros(len(base))])  # scipy wants one width
    expected = 1 - procrustes(base, candidate)[2]
    assert alike(base, candidate)["procrustes"].value == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.01, 100))
def test_neither_sees_a_rotation_a_shift_or_a_common_scale(seed: int, scale: float) -> None:
    base, candidate = codes(seed)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((5, 5)))[0]
    turned = scale * candidate @ turn + 3
    assert values(base, turned) == pytest.approx(values(base, candidate), rel=1e-6)
    assert values(candidate, base) == pytest.approx(values(base, candidate))
    assert values(candidate, turned) == pytest.approx([1, 1])


def test_of_two_dimensions_one_is_kept() -> None:
    """Equal variances, one of two kept: CKA is 1/√2, Procrustes 1/2."""
    base = np.random.default_rng(0).standard_normal((50_000, 2))
    found = values(base, base[:, :1])
    assert found == pytest.approx([1 / np.sqrt(2), 0.5], abs=0.01)


def test_independent_codes_are_near_chance() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        found = alike(rng.standard_normal((400, 6)), rng.standard_normal((400, 6)), seed=seed)
        for one in found.values():
            assert one.chance is not None
            assert one.value == pytest.approx(one.chance, abs=0.03)
            assert one.chance < 0.1


def test_a_constant_code_is_like_nothing() -> None:
    base, _ = codes(0)
    assert values(base, np.ones((len(base), 3))) == [0, 0]


def test_intervals_widen_with_groups_and_hold_the_truth() -> None:
    rng = np.random.default_rng(0)
    truth = values(*_noisy(np.random.default_rng(99), 200_000))
    hits = np.zeros(2)
    for k in range(100):
        found = alike(*_noisy(rng, 400), seed=k)
        hits += [one.low <= t <= one.high for one, t in zip(found.values(), truth, strict=True)]
    assert (hits >= 87).all()
    base, candidate = (np.repeat(x, 5, axis=0) for x in _noisy(rng, 100))
    group = np.repeat(np.arange(100), 5)
    alone, grouped = alike(base, candidate), alike(base, candidate, group)
    for name, one in alone.items():
        assert grouped[name].high - grouped[name].low > 1.5 * (one.high - one.low)


def _noisy(rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    base = rng.standard_normal((n, 3)) * [1.0, 0.7, 0.4]
    return base, base + 0.7 * rng.standard_normal((n, 3))
