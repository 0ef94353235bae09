"""Directions of the base in the candidate: kept through any turn, lost with what they stood on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanaoroshi.change.directions import migrate, say, status_of
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import Text
from tanaoroshi.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.comparison import Direction

N, D = 800, 5
AXES = {f"axis {j}": row for j, row in enumerate(np.eye(D))}
SLANTED = {"slanted": np.array([0.6, 0.0, -0.8, 0.0, 0.0])}
seeds = st.integers(0, 10**6)


def carried(
    base: Floats,
    candidate: Floats,
    directions: Mapping[str, Floats] = AXES,
    group: Ints | None = None,
) -> list[Direction]:
    found = migrate(
        directions, base, candidate, group, {}, level=0.95, rng=np.random.default_rng(1)
    )
    return list(found)


def fidelity(one: Direction) -> Estimate:
    assert isinstance(one.fidelity, Estimate)
    return one.fidelity


def codes(seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, D)) * rng.uniform(0.3, 3, D)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_a_rotation_keeps_every_direction_and_turns_it_along(seed: int) -> None:
    base = codes(seed)
    turn = np.linalg.qr(np.random.default_rng(seed + 1).standard_normal((D, D)))[0]
    for name, one in zip([*AXES, *SLANTED], carried(base, base @ turn, {**AXES, **SLANTED}),
                         strict=True):  # fmt: skip
        expected = {**AXES, **SLANTED}[name] @ turn
        assert one.status == "kept"
        assert one.name == name
        np.testing.assert_allclose(one.migrated, expected, atol=0.02)
        assert one.scale == pytest.approx(1, abs=0.02)


@settings(max_examples=15, deadline=None)
@given(seeds, st.floats(0.0, 1.5))
def test_order_sign_and_scale_of_the_candidate_do_not_matter(seed: int, noise: float) -> None:
    base, rng = codes(seed), np.random.default_rng(seed + 1)
    candidate = base + noise * base.std(axis=0) * rng.standard_normal((N, D))
    order, sign = rng.permutation(D), rng.choice([-1, 1], D)
    scale, shift = np.exp(rng.uniform(-4, 4, D)), rng.uniform(-9, 9, D)
    plain = carried(base, candidate)
    turned = carried(base, candidate[:, order] * sign * scale + shift)
    for one, other in zip(plain, turned, strict=True):
        assert other.status == one.status
        ends = (fidelity(one).value, fidelity(one).low, fidelity(one).high)
        found = (fidelity(other).value, fidelity(other).low, fidelity(other).high)
        assert found == pytest.approx(ends, abs=1e-6)
        if one.migrated and other.migrated:
            way = np.array(one.migrated)[order] * sign * scale
            np.testing.assert_allclose(other.migrated, way / np.linalg.norm(way), atol=1e-6)


def test_a_dropped_dimension_loses_its_direction_and_no_other() -> None:
    base = codes(0)
    candidate = base.copy()
    candidate[:, 2] = np.random.default_rng(9).standard_normal(N)
    found = carried(base, candidate)
    assert [one.status for one in found] == ["kept", "kept", "lost", "kept", "kept"]
    assert found[2].migrated == ()
    assert carried(base, np.ones((N, 1)))[0].status == "lost"


def test_noise_weakens_a_direction() -> None:
    """Of a dimension with as much noise as content, half comes back by way there and back."""
    base = codes(1)
    noise = np.random.default_rng(2).standard_normal((N, D)) * base.std(axis=0)
    noise[:, 1:] *= 0.05
    found = carried(base, base + noise)
    assert [one.status for one in found] == ["weaker", "kept", "kept", "kept", "kept"]
    assert fidelity(found[0]).value == pytest.approx(np.sqrt(0.5), abs=0.06)


def test_a_direction_across_a_lost_dimension_survives_in_part() -> None:
    base = np.random.default_rng(3).standard_normal((N, D))
    candidate = base[:, [0, 1, 3, 4]]
    (one,) = carried(base, candidate, {"across": np.array([1.0, 0, 1, 0, 0]) / np.sqrt(2)})
    # What comes back points 45 degrees away, and is 1/√2 long: 1/√2 · √(1/√2).
    assert fidelity(one).value == pytest.approx(2**-0.75, abs=0.04)
    assert one.status == "weaker"


def test_groups_widen_the_interval() -> None:
    rng = np.random.default_rng(4)
    base = np.repeat(rng.standard_normal((100, 2)), 8, axis=0)
    candidate = base + np.repeat(rng.standard_normal((100, 2)), 8, axis=0)
    axis = {"axis": np.array([1.0, 0.0])}
    alone = fidelity(carried(base, candidate, axis)[0])
    (one,) = carried(base, candidate, axis, np.repeat(np.arange(100), 8))
    assert fidelity(one).high - fidelity(one).low > 1.5 * (alone.high - alone.low)


def test_the_interval_holds_the_truth() -> None:
    def draw(n: int, rng: np.random.Generator) -> Estimate:
        base = rng.standard_normal((n, 3))
        candidate = base + 0.8 * rng.standard_normal((n, 3))
        (one,) = migrate(
            {"axis": np.array([0.0, 1.0, 0.0])}, base, candidate, None, {}, level=0.95, rng=rng
        )
        return fidelity(one)

    truth = draw(400_000, np.random.default_rng(0)).value
    found = [draw(300, np.random.default_rng(k)) for k in range(1, 201)]
    assert sum(one.low <= truth <= one.high for one in found) >= 0.9 * len(found)


def test_no_direction_is_no_work() -> None:
    assert carried(codes(0), codes(0), {}) == []


@pytest.mark.parametrize(
    ("value", "half", "status"),
    [
        (0.98, 0.02, "kept"),
        (0.92, 0.05, "kept"),  # narrow enough to go by its value
        (0.75, 0.1, "weaker"),
        (0.45, 0.1, "lost"),
        (0.2, 0.1, "lost"),
        (0.7, 0.3, "undecided"),
    ],
)
def test_the_status_by_the_interval(value: float, half: float, status: str) -> None:
    assert status_of(Estimate(value, value - half, value + half, 0.0, 100, "made up")) == status


def test_what_is_not_measured_is_undecided_and_each_status_has_its_sentence() -> None:
    assert status_of(Unmeasured(Text("none", "なし"))) == "undecided"
    said = {
        translate(say(status, Text("Hue", "色相"), "hue"), lang)
        for status in ("kept", "weaker", "lost", "undecided")
        for lang in ("en", "ja")
    }
    assert len(said) == 8
    assert translate(say("kept", None, "mine"), "en").startswith("mine:")
