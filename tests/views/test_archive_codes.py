"""The section of the archive's page about a model's code."""

from __future__ import annotations

import numpy as np

from tanaoroshi.records.attributes import Attribute
from tanaoroshi.records.coded import (
    Association,
    Associations,
    Coded,
    Pointing,
    Pointings,
    Room,
    Rooms,
    Support,
)
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.stocktake import Exhibit
from tanaoroshi.records.words import Text, message
from tanaoroshi.views.archive_codes import codes_view


def number(value: float) -> Estimate:
    return Estimate(value, value - 0.05, value + 0.05, 0.1, 500, "test")


def attribute(name: str, *, protected: bool = False) -> Attribute:
    return Attribute(name, "nominal", Text(name, name), ("x", "y"), protected=protected)


SPECS = {
    "gender": attribute("gender", protected=True),
    "role": attribute("role"),
    "place": attribute("place"),
}
TIED = Pointing(
    "place", "x", "role", "x", number(0.7), Unmeasured(message("too little")), None, 0.1, 40, 50,
    0.01, "tie",
)  # fmt: skip
BEYOND = Pointing(
    "gender", "x", "role", "y", number(0.8), number(0.7), number(0.6), 0.9, 40, 50, 0.001, "beyond"
)
NEARER = Association(
    "gender", "x", "y", "role", "y", "x", number(1.2), number(1.0), 30, 31, 32, 33, 0.001, "beyond"
)
CODED = Coded(
    dimensions=(0, 2),
    rank=2,
    pointings=Pointings((TIED, BEYOND), 17, (("role", "place"),)),
    associations=Associations((NEARER,), 9),
    rooms=Rooms(
        tuple(Room(name, number(0.2), number(0.1), number(1.5)) for name in SPECS), number(0.4)
    ),
    supports=(Support("midway", number(0.3), number(0.1), ((2, 0.7, 0.5), (0, 0.3, 0.5))),),
)


def test_what_is_beyond_the_ties_stands_first_with_its_pictures() -> None:
    exhibits = {
        key: Exhibit(np.zeros((4, 8, 8, 3), np.uint8), 4)
        for key in ("examples/gender/x", "examples/role/y", "regions/empty", "regions/held")
    }
    view = codes_view(CODED, SPECS, exhibits)
    first, second = view.directions
    assert [name.english() for name in first.names] == ["gender = x", "role = y"]  # type: ignore[union-attr]
    assert first.protected
    assert first.figures[1].text == "0.60"  # with all other attributes held
    assert [sheet.key for sheet in first.examples] == ["examples/gender/x", "examples/role/y"]
    assert second.figures[1].unmeasured is not None
    assert view.nearer[0].counts == (30, 32, 31, 33)
    assert view.pictures is not None


def test_protected_attributes_stand_first_and_what_no_attribute_tells_is_said() -> None:
    view = codes_view(CODED, SPECS, {})
    assert [row.label.en for row in view.rooms] == ["gender", "role", "place"]
    assert view.unexplained == "60 % [55 %, 65 %]"
    assert view.pictures is None


def test_a_model_without_a_prior_is_said_to_have_none() -> None:
    view = codes_view(CODED, SPECS, {})
    assert not view.has_prior
    assert view.empty[0].where[0] == (2, "70 %", "50 %")
