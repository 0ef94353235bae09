"""Edits carried over: what they do in the pictures, in models whose truth is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanaoroshi.change.effects import likeness
from tanaoroshi.comparing import Compared, compare_named
from tanaoroshi.records.estimates import Estimate, Unmeasured
from turned import signed_permutation, turn_model

if TYPE_CHECKING:
    from pathlib import Path

TURN = signed_permutation(5, np.random.default_rng(3), scales=1.0)


def moves(rng: np.random.Generator, mean: np.ndarray, b: int = 60) -> np.ndarray:
    found: np.ndarray = mean + 0.5 * rng.normal(size=(b, len(mean)))
    return found


def test_the_same_edit_is_1_half_of_it_is_half_another_is_0_the_opposite_is_minus_1() -> None:
    rng = np.random.default_rng(0)
    mean = np.array([2.0, 0.0, 1.0])
    base = moves(rng, mean)
    expected = {1.0: mean, 0.5: mean / 2, 0.0: np.array([0, 2.2, 0]), -1.0: -mean}
    for truth, after in expected.items():
        found = likeness(base, moves(rng, after), level=0.95)
        assert isinstance(found, Estimate)
        assert found.low - 0.02 <= truth <= found.high + 0.02
        assert found.value == pytest.approx(truth, abs=0.12)


def test_twice_the_edit_counts_like_half_of_it() -> None:
    rng = np.random.default_rng(1)
    found = likeness(moves(rng, np.ones(3)), moves(rng, 2 * np.ones(3)), level=0.95)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.5, abs=0.12)


def test_an_edit_that_does_nothing_is_not_judged() -> None:
    rng = np.random.default_rng(2)
    found = likeness(moves(rng, np.zeros(3)), moves(rng, np.ones(3)), level=0.95)
    assert isinstance(found, Unmeasured)


def test_noise_of_reading_adds_nothing() -> None:
    """The plain ratio of means would be far below 1 here: noise lengthens both."""
    rng = np.random.default_rng(3)
    values = []
    for _ in range(200):
        pair = [0.3 + rng.normal(size=(48, 20)) for _ in range(2)]
        found = likeness(pair[0], pair[1], level=0.95)
        if isinstance(found, Estimate):
            values.append(found.value)
    # max() of two noisy lengths pulls a little below 1; a ratio with the noise in it gives 0.81.
    assert np.mean(values) > 0.9


def test_the_interval_covers() -> None:
    rng = np.random.default_rng(4)
    before, after = np.array([1.5, 0.5, 0.0]), np.array([1.0, 0.5, 0.4])
    truth = before @ after / max(before @ before, after @ after)
    inside = 0
    for _ in range(400):
        found = likeness(moves(rng, before), moves(rng, after), level=0.95)
        assert isinstance(found, Estimate)
        inside += found.low <= truth <= found.high
    assert 0.92 <= inside / 400 <= 0.98


@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_pictures_and_of_attributes_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = moves(rng, np.ones(4), 20), moves(rng, np.ones(4), 20)
    rows, columns = rng.permutation(20), rng.permutation(4)
    one = likeness(x, y, level=0.95)
    other = likeness(x[rows][:, columns], y[rows][:, columns], level=0.95)
    assert isinstance(one, Estimate)
    assert isinstance(other, Estimate)
    np.testing.assert_allclose(
        (one.value, one.low, one.high), (other.value, other.low, other.high), rtol=1e-9
    )


@pytest.fixture(scope="module")
def compared(
    tmp_path_factory: pytest.TempPathFactory, disc_model: Path, disc_collection: Path
) -> Compared:
    """A model against itself with its dimensions shuffled, with a saved direction."""
    home = tmp_path_factory.mktemp("effects")
    turn_model(disc_model, home / "turned", TURN)
    saved = home / "saved.json"
    saved.write_text(json.dumps({"up and away": [0.0, -1.0, 0.0, -0.5, 0.0]}))
    return compare_named(
        str(disc_model),
        str(home / "turned"),
        str(disc_collection),
        store=str(home / "store"),
        directions=saved,
    )


def test_every_edit_does_in_a_turned_model_what_it_did(compared: Compared) -> None:
    found = {one.name: one for one in compared.comparison.directions}
    assert {"across", "down", "brightness", "radius", "up and away"} <= set(found)
    for one in found.values():
        assert one.status == "kept"
        assert isinstance(one.effect, Estimate)
        assert one.effect.value > 0.97


def test_the_pictures_of_an_edit_are_the_same_in_both(compared: Compared) -> None:
    for name in ("up and away", "radius"):
        before, after = (compared.exhibits[f"edit/{name}/{side}"] for side in ("before", "after"))
        apart = np.abs(before.frames.astype(float) - after.frames).mean()
        assert apart < 2  # of 255: the migrated step is fitted


def test_traversals_go_the_same_way_although_a_dimension_turned_round(compared: Compared) -> None:
    shown = compared.exhibits
    assert (TURN < 0).any()
    for name in ("across", "down", "brightness", "radius"):
        before = shown[f"before/traversal/{name}"].frames
        np.testing.assert_array_equal(before, shown[f"after/traversal/{name}"].frames)


def test_images_that_moved_most_are_shown(compared: Compared) -> None:
    rows = len(compared.comparison.images)
    for side in ("original", "before", "after"):
        assert len(compared.exhibits[f"moved/{side}"].frames) == rows
