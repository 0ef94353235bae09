"""Decoders that draw a disc, so that what each dimension does to the picture is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from tanaoroshi.readers import FittedReader, fit_readers
from tanaoroshi.records.attributes import Attribute, Attributes, Floats
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.stocktake import Control, Shelf, ShelfStatus
from tanaoroshi.records.words import Text, message
from tanaoroshi.shelves.control import ControlSettings, controls, cross_fitted, measure_control
from tanaoroshi.shelves.moves import (
    dimension_frames,
    draw_starts,
    path_along,
    place_of,
    traversal_frames,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Images = NDArray[np.float32]
SIDE = 24
SETTINGS = ControlSettings(starts=32, steps=5, directions=8, draws=200, frame_starts=3)
# What each dimension of a code holds; dimension 4 holds nothing.
LIGHTNESS, SIZE, X, IGNORED, NOISE = range(5)


def discs(codes: NDArray[np.floating], colour: NDArray[np.floating] | None = None) -> Images:
    """Draw a disc on black: lightness, size and horizontal position from dimensions 0, 1, 2."""
    level = 0.55 + 0.15 * np.clip(codes[:, LIGHTNESS], -2.5, 2.5)
    radius = 4.5 + np.clip(codes[:, SIZE], -2.5, 2.5)
    centre = SIDE / 2 + 2 * np.clip(codes[:, X], -2.5, 2.5)
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    distance = np.hypot(x - centre[:, None, None], y - SIDE / 2)
    inside = np.clip(radius[:, None, None] - distance + 0.5, 0, 1)
    tint = np.ones((len(codes), 1)) if colour is None else colour
    return np.asarray(
        (inside * level[:, None, None])[..., None] * tint[:, None, None], dtype=np.float32
    )


def attribute(name: str, **more: object) -> Attribute:
    spec = Attribute(name, "continuous", Text(name, name))
    return replace(spec, **more)  # type: ignore[arg-type]


def shelf(name: str, dimension: int | None, status: ShelfStatus = "own_dimension") -> Shelf:
    unmeasured = Unmeasured(message("not yet"))
    return Shelf(
        attribute=name,
        status=status,
        dimension=dimension,
        direction=None,
        dimensions=() if dimension is None else (dimension,),
        score=unmeasured,
        evidence={},
        association=(),
        others=(),
        p_adjusted=None,
        n_needed=None,
        text=message("text"),
        control=unmeasured,
    )


NAMES = ("lightness", "size", "position_x", "unseen", "big")


@pytest.fixture(scope="module")
def world() -> tuple[Floats, Attributes, Mapping[str, FittedReader]]:
    rng = np.random.default_rng(3)
    codes = rng.standard_normal((500, 5))
    columns = [codes[:, LIGHTNESS], codes[:, SIZE], codes[:, X], codes[:, NOISE]]
    columns.append((codes[:, SIZE] > 0).astype(np.float64))
    specs = (
        *(attribute(name) for name in NAMES[:4]),
        attribute("big", kind="nominal", values=("no", "yes")),
    )
    table = Attributes(specs, np.column_stack(columns))
    return codes, table, fit_readers(discs(codes), table, rng=rng)


def control_of(
    world: tuple[Floats, Attributes, Mapping[str, FittedReader]],
    shelves: tuple[Shelf, ...],
    decode: Callable[[NDArray[np.float32]], Images] = discs,
    seed: int = 0,
) -> dict[str, Shelf]:
    codes, table, readers = world
    found = measure_control(
        shelves,
        codes,
        decode,
        readers,
        table,
        settings=SETTINGS,
        rng=np.random.default_rng(seed),
    )
    return {one.attribute: one for one in found}


def effect(one: Shelf) -> Estimate:
    assert isinstance(one.control, Control)
    assert isinstance(one.control.effect, Estimate)
    return one.control.effect


def test_each_dimension_moves_its_own_attribute_only(
    world: tuple[Floats, Attributes, Mapping[str, FittedReader]],
) -> None:
    shelves = (*tuple(shelf(name, j) for j, name in enumerate(NAMES[:3])), shelf("big", SIZE))
    found = control_of(world, shelves)
    for name in NAMES[:3]:
        assert controls(found[name]) == "moves"
        # From the 2.5 % to the 97.5 % quantile a normal attribute moves by nearly four. A random
        # direction of five dimensions has a part of each, which is taken off.
        assert 1.5 < effect(found[name]).value < 4.0
        control = found[name].control
        assert isinstance(control, Control)
        for other, side in control.side_effects.items():
            assert isinstance(side, Estimate)
            if {name, other} != {"size", "big"}:
                assert side.value < 0.6
        assert len(control.response[name]) == len(control.steps) == SETTINGS.steps
        assert np.all(np.diff(control.response[name]) > 0)
    # A coarse twin of size moves, though size itself moves more.
    assert controls(found["big"]) == "moves_others_more"
    assert effect(found["big"]).low > SETTINGS.margin


def test_a_dimension_that_predicts_but_is_ignored_does_not_move(
    world: tuple[Floats, Attributes, Mapping[str, FittedReader]],
) -> None:
    """The code's fourth dimension is a copy of lightness that the decoder ignores."""
    codes, table, readers = world
    copied = codes.copy()
    copied[:, IGNORED] = copied[:, LIGHTNESS]
    found = control_of((copied, table, readers), (shelf("lightness", IGNORED),))
    assert controls(found["lightness"]) == "does_not_move"
    assert abs(effect(found["lightness"]).value) < 1e-6


def test_an_entangled_dimension_moves_others_more(
    world: tuple[Floats, Attributes, Mapping[str, FittedReader]],
) -> None:
    def entangled(codes: NDArray[np.float32]) -> Images:
        mixed = codes.copy()
        mixed[:, LIGHTNESS] = 0.3 * codes[:, LIGHTNESS]
        mixed[:, X] = codes[:, LIGHTNESS]
        return discs(mixed)

    found = control_of(world, (shelf("lightness", LIGHTNESS),), entangled)
    assert controls(found["lightness"]) == "moves_others_more"


def test_a_direction_moves_like_the_dimension_that_it_is(
    world: tuple[Floats, Attributes, Mapping[str, FittedReader]],
) -> None:
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
    codes, table, readers = world
    turned = replace(
        shelf("size", None, "own_direction"), direction=tuple(float(x) for x in turn[SIZE])
    )
    straight = control_of(world, (shelf("size", SIZE),))
    found = control_of(
        (codes @ turn, table, readers),
        (turned,),
        lambda z: discs(z.astype(np.float64) @ turn.T),
    )
    assert controls(found["size"]) == "moves"
    assert effect(found["size"]).value == pytest.approx(effect(straight["size"]).value, abs=0.5)


def test_a_circle_on_two_dimensions_is_walked_around() -> None:
    rng = np.random.default_rng(5)
    angle = rng.uniform(0, 2 * np.pi, 400)
    codes = np.column_stack([np.cos(angle), np.sin(angle), rng.standard_normal((400, 5))])

    def colours(z: NDArray[np.floating]) -> Images:
        hue = np.arctan2(z[:, 1], z[:, 0])
        tint = 0.5 + 0.5 * np.cos(hue[:, None] - np.array([0, 2, 4]) * np.pi / 3)
        return discs(z[:, 2:], tint)

    table = Attributes((attribute("hue", kind="circular", period=360.0),), angle[:, None])
    readers = fit_readers(colours(codes), table, rng=rng)
    around = replace(shelf("hue", None, "spread"), dimensions=(0, 1))
    found = control_of((codes, table, readers), (around,), colours)["hue"]
    assert controls(found) == "moves"
    assert isinstance(found.control, Control)
    assert found.control.steps[0] == 0
    # Opposite points of the circle lie two standard deviations apart; five steps reach 1.9.
    assert 0.5 < effect(found).value < 2.0
    walked = np.diff(np.unwrap(found.control.response["hue"]))
    assert np.all(np.sign(walked) == np.sign(walked[0]))


def test_what_has_no_place_or_no_reader_says_why(
    world: tuple[Floats, Attributes, Mapping[str, FittedReader]],
) -> None:
    found = control_of(world, (shelf("lightness", None, "none"), shelf("unseen", NOISE)))
    for one in found.values():
        assert isinstance(one.control, Unmeasured)
        assert controls(one) == "unmeasured"
        expected = "no place" if one.attribute == "lightness" else "No reader"
        assert expected in format(one.control.reason)
    texts = {
        n: one.control.reason for n, one in found.items() if isinstance(one.control, Unmeasured)
    }
    assert "no place" in format(texts["lightness"])
    assert "reader" in format(texts["unseen"])


def test_same_seed_same_numbers(
    world: tuple[Floats, Attributes, Mapping[str, FittedReader]],
) -> None:
    shelves = (shelf("lightness", LIGHTNESS),)
    assert control_of(world, shelves) == control_of(world, shelves)


def test_without_movement_the_cross_fitted_distance_has_mean_zero() -> None:
    rng = np.random.default_rng(0)
    means = []
    for _ in range(300):
        noise = rng.standard_normal((30, 5, 2))
        half = rng.permutation(30) % 2 == 0
        means.append(cross_fitted(noise, half).mean())
    assert abs(np.mean(means)) < 4 * np.std(means) / np.sqrt(len(means))


def test_starts_are_of_different_groups_as_long_as_there_are_any() -> None:
    group = np.repeat(np.arange(10), 5)
    rows = draw_starts(50, group, 14, rng=np.random.default_rng(0))
    assert len(np.unique(rows)) == 14
    assert len(np.unique(group[rows[:10]])) == 10


def test_a_path_changes_nothing_but_its_place() -> None:
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((200, 4))
    path = path_along((2,), codes[:6], codes, 5, SETTINGS)
    assert np.allclose(path.codes[:, :, 2], path.steps)
    assert np.allclose(path.codes[:, :, [0, 1, 3]], codes[:6, None][:, :, [0, 1, 3]])
    assert np.allclose(path.steps[[0, -1]], np.quantile(codes[:, 2], [0.025, 0.975]))
    unit = np.array([0.6, 0.8, 0, 0])
    along = path_along(unit, codes[:6], codes, 5, SETTINGS)
    assert np.allclose(along.codes @ unit, along.steps)
    assert np.allclose(along.codes[:, :, 2:], codes[:6, None, 2:])


def test_frames_have_a_row_for_each_start(
    world: tuple[Floats, Attributes, Mapping[str, FittedReader]],
) -> None:
    codes, table, _ = world
    shelves = (shelf("size", SIZE), shelf("lightness", None, "none"))
    rng = np.random.default_rng(0)
    frames = traversal_frames(shelves, codes, discs, table, settings=SETTINGS, rng=rng)
    assert list(frames) == ["traversal/size"]
    exhibit = frames["traversal/size"]
    assert exhibit.columns == SETTINGS.frame_steps
    assert exhibit.frames.shape == (3 * SETTINGS.frame_steps, SIDE, SIDE, 1)
    assert exhibit.frames.dtype == np.uint8
    shown = (exhibit.frames > 20).sum(axis=(1, 2, 3)).reshape(3, -1)
    assert np.all(shown[:, -1] > shown[:, 0])
    assert place_of(shelves[1], table) is None
    both = dimension_frames([0, 1], codes, discs, table, settings=SETTINGS, rng=rng)
    assert list(both) == ["dimension/0", "dimension/1"]
