"""Every kind of change that is known beforehand is found, and nothing else is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanaoroshi.change import ChangeSettings, match_dimensions
from tanaoroshi.errors import InputError
from tanaoroshi.records.estimates import Estimate, Unmeasured

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.comparison import DimensionMatch

N = 600


def match(
    base: Floats,
    candidate: Floats,
    *,
    asleep: tuple[int, ...] = (),
    asleep_after: tuple[int, ...] = (),
    group: Ints | None = None,
) -> tuple[DimensionMatch, ...]:
    return match_dimensions(
        base,
        candidate,
        base_active=[j not in asleep for j in range(base.shape[1])],
        candidate_active=[k not in asleep_after for k in range(candidate.shape[1])],
        group=group,
        settings=ChangeSettings(),
        rng=np.random.default_rng(1),
    )


def codes(seed: int, d: int, n: int = N) -> Floats:
    return np.random.default_rng(seed).standard_normal((n, d))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 9))
def test_signed_permutations_and_scalings_are_found_exactly(seed: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    base = codes(seed, d) * rng.uniform(0.2, 3, d)
    order, sign = rng.permutation(d), rng.choice([-1, 1], d)
    scale = np.exp(rng.uniform(-4, 4, d))
    found = match(base, base[:, order] * sign * scale + rng.uniform(-3, 3, d))
    assert len(found) == d
    for one in found:
        assert one.base is not None
        assert one.candidate is not None
        k = one.candidate
        assert order[k] == one.base
        assert one.sign == sign[k]
        assert one.scale == pytest.approx(scale[k])
        assert one.status in ("moved", "rescaled", "same")
        assert (one.status == "moved") == (k != one.base or sign[k] < 0)
        assert isinstance(one.agreement, Estimate)
        assert one.agreement.low == pytest.approx(1)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.5, np.pi / 2 - 0.5))
def test_a_rotation_mixes_what_it_touches_and_nothing_else(seed: int, angle: float) -> None:
    base = codes(seed, 6)
    turned = base.copy()
    turned[:, 1] = np.cos(angle) * base[:, 1] - np.sin(angle) * base[:, 4]
    turned[:, 4] = np.sin(angle) * base[:, 1] + np.cos(angle) * base[:, 4]
    found = match(base, turned)
    assert [m.status for m in found] == ["same", "mixed", "same", "same", "mixed", "same"]
    assert set(found[1].parts) == {1, 4}
    assert isinstance(found[1].told, Estimate)
    assert found[1].told.value > 0.95


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_a_bent_scale_moves_nothing(seed: int) -> None:
    base = codes(seed, 5)
    bent = base.copy()
    bent[:, 0] = np.exp(base[:, 0])
    bent[:, 3] = -np.arctan(3 * base[:, 3])
    found = match(base, bent)
    assert [m.status for m in found] == ["rescaled", "same", "same", "moved", "same"]
    assert [m.curved for m in found] == [True, False, False, True, False]
    assert found[3].sign == -1


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 0.6))
def test_noise_weakens_the_agreement_and_moves_nothing(seed: int, noise: float) -> None:
    base = codes(seed, 5)
    found = match(base, base + noise * np.random.default_rng(seed + 1).standard_normal(base.shape))
    # An interval at 95 % may leave one in many open; none may be called mixed or lost.
    assert {m.status for m in found} <= {"same", "rescaled", "undecided"}
    assert all(m.candidate in (m.base, None) for m in found)


def test_what_is_dropped_is_lost_and_what_is_added_is_new() -> None:
    base = codes(0, 5)
    candidate = np.column_stack([base[:, [4, 0, 1, 2]], codes(9, 1)])
    found = match(base, candidate)
    assert Counter(m.status for m in found) == {"moved": 4, "lost": 1, "new": 1}
    assert found[3].status == "lost"
    assert found[3].candidate is None
    assert (found[-1].base, found[-1].candidate) == (None, 4)


def test_two_that_are_put_into_one_are_mixed() -> None:
    base = codes(1, 4, 2000)
    candidate = base.copy()
    candidate[:, 0] = base[:, 0] + base[:, 1]
    candidate[:, 1] = codes(8, 1, 2000)[:, 0]
    found = match(base, candidate)
    assert [m.status for m in found[:4]] == ["mixed", "mixed", "same", "same"]
    assert found[0].parts == found[1].parts == (0,)
    assert found[4].status == "new"


def test_one_that_is_split_is_mixed_into_its_parts() -> None:
    base = codes(2, 3, 2000)
    noise = codes(7, 1, 2000)[:, 0]
    candidate = np.column_stack([base[:, 0] + noise, base[:, 1:], base[:, 0] - noise])
    found = match(base, candidate)
    assert found[0].status == "mixed"
    assert set(found[0].parts) == {0, 3}
    assert [m.status for m in found[1:3]] == ["same", "same"]


def test_collapsed_dimensions_are_copied_or_left_open_never_lost() -> None:
    rng = np.random.default_rng(3)
    base = codes(3, 4)
    base[:, 2:] *= 1e-3
    again = base.copy()
    again[:, 2] = 1e-3 * rng.standard_normal(N)  # asleep, and dreams otherwise
    again[:, 3] = base[:, 3]
    found = match(base, again, asleep=(2, 3), asleep_after=(2, 3))
    assert [m.status for m in found] == ["same", "same", "undecided", "same"]
    assert isinstance(found[2].agreement, Unmeasured)


def test_a_collapsed_dimension_is_not_matched_to_an_active_one() -> None:
    base = codes(4, 3)
    awake = base.copy()
    base[:, 2] = 1e-3 * (base[:, 2] + codes(5, 1)[:, 0])
    found = match(base, awake, asleep=(2,))
    assert found[2].status == "undecided"
    assert found[2].candidate is None


def test_constant_dimensions_do_no_harm() -> None:
    base = codes(5, 4)
    base[:, 1] = 3.3
    candidate = base.copy()
    candidate[:, 3] = -7
    found = match(base, candidate, asleep=(1,), asleep_after=(1, 3))
    assert [m.status for m in found] == ["same", "undecided", "same", "lost"]


def test_few_images_decide_nothing() -> None:
    base = codes(6, 3, 20)
    found = match(base, base)
    assert {m.status for m in found} == {"undecided"}
    assert found[0].images_needed == ChangeSettings().min_groups


def test_too_few_images_for_a_map_are_not_a_loss() -> None:
    base, other = codes(6, 40, 120), codes(7, 40, 120)
    found = match(base, other)
    assert {m.status for m in found if m.base is not None} <= {"undecided", "mixed"}


def test_unrelated_codes_have_nothing_in_common() -> None:
    found = match(codes(0, 4, 2000), codes(1, 4, 2000))
    assert Counter(m.status for m in found) == {"lost": 4, "new": 4}
    agreement = found[0].agreement
    assert isinstance(agreement, Estimate)
    assert agreement.chance is not None
    assert agreement.chance == pytest.approx(0.03, abs=0.02)


def test_intervals_widen_with_groups() -> None:
    rng = np.random.default_rng(0)
    base = np.repeat(rng.standard_normal((100, 2)), 6, axis=0)
    candidate = base + np.repeat(0.5 * rng.standard_normal((100, 2)), 6, axis=0)
    alone = match(base, candidate)[0].agreement
    grouped = match(base, candidate, group=np.repeat(np.arange(100), 6))[0].agreement
    assert isinstance(alone, Estimate)
    assert isinstance(grouped, Estimate)
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_codes_of_other_images_are_refused() -> None:
    with pytest.raises(InputError, match="600 images, the candidate of 599"):
        match(codes(0, 2), codes(0, 2)[1:])


def test_agreement_covers_the_truth() -> None:
    """For a normal pair, Spearman's ρ is 6/π · arcsin(r/2) (K. Pearson, 1907)."""
    r, hits, runs = 0.8, 0, 200
    truth = 6 / np.pi * np.arcsin(r / 2)
    rng = np.random.default_rng(0)
    for _ in range(runs):
        x = rng.standard_normal((300, 1))
        y = r * x + np.sqrt(1 - r**2) * rng.standard_normal((300, 1))
        found = match(x, y)[0].agreement
        assert isinstance(found, Estimate)
        hits += found.low <= truth <= found.high
    assert hits >= 0.90 * runs
