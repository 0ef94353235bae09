"""The drawn sprites."""

from __future__ import annotations

import numpy as np
import pytest

from tanaoroshi.sources import load_collection
from tanaoroshi.sources.dsprites import COUNT, GRID, POSITIONS, SCALES, draw, load_dsprites

# Areas in pixels of shapes in the published set, as its notebook shows them (shape, scale, area).
PUBLISHED = [
    (0, 1.0, 367),
    (0, 0.8, 235),
    (0, 0.6, 130),
    (0, 0.5, 92),
    (1, 0.9, 235),
    (1, 0.8, 185),
    (1, 0.7, 145),
    (1, 0.6, 105),
    (1, 0.5, 72),
    (2, 0.9, 182),
    (2, 0.8, 145),
    (2, 0.7, 108),
    (2, 0.6, 79),
    (2, 0.5, 54),
]


def test_all_combinations() -> None:
    everything = load_dsprites()
    assert len(everything) == COUNT == 737_280
    assert everything.attributes.kinds == (
        "nominal",
        "continuous",
        "circular",
        "continuous",
        "continuous",
    )
    assert all(spec.factor for spec in everything.attributes.specs)
    assert everything.attributes.values[-1].tolist() == [2, 1, 0, 1, 1]
    row = np.ravel_multi_index((1, 2, 3, 4, 5), GRID)
    (picture,) = everything.images.read(np.array([row]))
    wanted = draw(1, SCALES[2], 3 * 2 * np.pi / 39, POSITIONS[4], POSITIONS[5])
    np.testing.assert_array_equal(picture, wanted)
    assert set(np.unique(wanted)) == {0, 255}


@pytest.mark.parametrize(("shape", "scale", "area"), PUBLISHED)
def test_sizes_of_the_published_set(shape: int, scale: float, area: int) -> None:
    drawn = [(draw(shape, scale, turn, 0.3, 0.7) > 0).sum() for turn in np.linspace(0, 6, 12)]
    assert np.mean(drawn) == pytest.approx(area, rel=0.04)


@pytest.mark.parametrize("shape", [0, 1])
def test_places_of_the_published_set(shape: int) -> None:
    for x, y in ((0.0, 0.0), (1.0, 0.0), (0.5, 1.0)):
        rows, columns = np.nonzero(draw(shape, 1.0, 0.7, x, y))
        assert columns.mean() + 0.5 == pytest.approx(16 + 32 * x, abs=0.1)
        assert rows.mean() + 0.5 == pytest.approx(16 + 32 * y, abs=0.1)


def test_heart_stands_upright_and_turns() -> None:
    upright = draw(2, 1.0, 0.0, 0.5, 0.5) > 0
    np.testing.assert_array_equal(upright, upright[:, ::-1])
    width = upright.sum(axis=1)
    tip, lobes = np.flatnonzero(width)[-1], np.flatnonzero(width)[4]
    assert width[tip] <= 2 < width[lobes]
    upside_down = draw(2, 1.0, np.pi, 0.5, 0.5) > 0
    np.testing.assert_array_equal(upside_down, upright[::-1])


def test_symmetries_that_hide_the_orientation() -> None:
    for shape, turn in ((0, np.pi / 2), (1, np.pi)):
        a, b = draw(shape, 0.8, 0.4, 0.5, 0.5), draw(shape, 0.8, 0.4 + turn, 0.5, 0.5)
        assert (a != b).mean() < 0.001


def test_sample() -> None:
    some = load_collection("dsprites:50")
    assert len(some) == 50
    assert len(load_collection("dsprites")) == 20_000
    assert load_collection("dsprites:50").digest == some.digest
