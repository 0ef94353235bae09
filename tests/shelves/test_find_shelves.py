from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.linalg import hadamard

from tanaoroshi.errors import InputError
from tanaoroshi.records.attributes import Attribute, Attributes, Kind
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import Message, Text
from tanaoroshi.shelves import ShelfSettings, find_shelves

if TYPE_CHECKING:
    from tanaoroshi.records.stocktake import Shelf

QUICK = replace(ShelfSettings(), permutations=49, landmarks=40, trees=8)
N = 1200
KINDS: dict[str, Kind] = {
    "kind": "nominal",
    "step": "ordinal",
    "size": "continuous",
    "hue": "circular",
    "place": "continuous",
}


def table(
    columns: dict[str, np.ndarray], kinds: dict[str, Kind], group: np.ndarray | None = None
) -> Attributes:
    specs = tuple(
        Attribute(name, kinds[name], Text(name, name), tuple("0123456789")) for name in columns
    )
    return Attributes(specs, np.column_stack(list(columns.values())).astype(float), group)


def world(seed: int, n: int = N) -> tuple[np.random.Generator, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return rng, {
        "kind": rng.integers(0, 4, n),
        "step": rng.integers(0, 6, n),
        "size": rng.normal(size=n),
        "hue": rng.uniform(0, 2 * np.pi, n),
        "place": rng.uniform(size=n),
    }


def shelves(
    codes: np.ndarray, attributes: Attributes, settings: ShelfSettings = QUICK
) -> dict[str, Shelf]:
    found = find_shelves(codes, attributes, settings=settings, rng=np.random.default_rng(0))
    return {shelf.attribute: shelf for shelf in found}


@pytest.mark.parametrize("seed", range(3))
def test_perfect_codes_in_any_order_sign_and_bend(seed: int) -> None:
    rng, columns = world(seed)
    # Classes have no order: the dimension puts them in an order of its own.
    order = rng.permutation(4)
    codes = np.column_stack(
        [
            order[columns["kind"]],
            np.exp(columns["step"] / 2),
            -(columns["size"] ** 3),
            columns["hue"],
            np.log(columns["place"] + 0.01),
            rng.normal(size=N),
            np.full(N, 0.1),
        ]
    )
    places = rng.permutation(7)
    mixed = np.empty_like(codes)
    mixed[:, places] = codes * rng.choice([-1, 1], 7)
    found = shelves(mixed + 1e-3 * rng.normal(size=mixed.shape), table(columns, KINDS))
    assert [s.status for s in found.values()] == ["own_dimension"] * 5
    assert [s.dimension for s in found.values()] == places[:5].tolist()
    for shelf in found.values():
        assert isinstance(shelf.score, Estimate)
        assert shelf.score.value > 0.9
        assert shelf.score.low <= shelf.score.value <= shelf.score.high
        assert int(np.argmax(shelf.association)) == shelf.dimension
        assert shelf.dimensions[0] == shelf.dimension
        assert shelf.others == ()


def test_turned_codes_have_directions() -> None:
    rng, columns = world(0)
    del columns["hue"]
    factors = np.column_stack([(c - c.mean()) / c.std() for c in columns.values()])
    turn = hadamard(4) / 2 * rng.choice([-1, 1], 4)
    found = shelves(factors @ turn.T, table(columns, KINDS))
    for row, (name, shelf) in enumerate(found.items()):
        assert shelf.status == "own_direction", name
        assert shelf.dimension is None
        assert shelf.direction is not None
        direction = np.array(shelf.direction)
        assert np.linalg.norm(direction) == pytest.approx(1)
        along = direction @ turn[:, row]
        assert abs(along) > 0.98
        assert along > 0 or name == "kind"  # it rises with what has an order


def test_an_attribute_only_in_many_dimensions_is_found() -> None:
    rng = np.random.default_rng(4)
    size = rng.normal(size=400)
    codes = rng.normal(size=(400, 32)) + 0.25 * size[:, None]
    shelf = shelves(codes, table({"size": size}, KINDS))["size"]
    assert shelf.status == "own_direction"
    assert shelf.p_adjusted is not None
    assert shelf.p_adjusted <= 0.05


def test_what_only_several_dimensions_tell_is_spread() -> None:
    rng, columns = world(1)
    x, y, z = rng.normal(size=(3, N))
    columns = {"size": np.sin(2 * x) + np.abs(y) + z**2, "step": (x > 0) ^ (y > 0)}
    found = shelves(np.column_stack([x, y, z]), table(columns, KINDS))
    assert {s.status for s in found.values()} == {"spread"}
    assert set(found["size"].dimensions) == {0, 1, 2}
    for shelf in found.values():
        assert isinstance(shelf.score, Estimate)
        assert shelf.score.value > 0.6
        assert shelf.dimension is None


def test_two_dimensions_that_hold_the_same() -> None:
    rng, columns = world(2)
    size = columns["size"]
    codes = np.column_stack([size, size, rng.normal(size=(N, 2))]) + 0.3 * rng.normal(size=(N, 4))
    shelf = shelves(codes, table({"size": size}, KINDS))["size"]
    assert shelf.status == "spread"
    assert set(shelf.dimensions) == {0, 1}
    assert isinstance(shelf.text, Message)
    assert "more than one dimension" in shelf.text.english()


def test_a_circle_needs_two_dimensions() -> None:
    rng, columns = world(3)
    hue = columns["hue"]
    codes = np.column_stack([rng.normal(size=N), np.cos(hue), rng.normal(size=N), np.sin(hue)])
    shelf = shelves(codes + 0.1 * rng.normal(size=codes.shape), table({"hue": hue}, KINDS))["hue"]
    assert shelf.status == "spread"
    assert set(shelf.dimensions) == {1, 3}
    assert isinstance(shelf.score, Estimate)
    assert shelf.score.value > 0.9
    assert isinstance(shelf.text, Message)
    assert "circle needs two dimensions" in shelf.text.english()


def test_company_of_a_dimension() -> None:
    rng = np.random.default_rng(5)
    size, step, free = rng.normal(size=N), rng.integers(0, 6, N), rng.uniform(size=N)
    rider = 0.8 * size + 0.6 * rng.normal(size=N)
    columns = {"size": size, "step": step, "place": rider}
    kinds: dict[str, Kind] = {"size": "continuous", "step": "ordinal", "place": "continuous"}
    alone = np.column_stack([size, step, free]) + 0.1 * rng.normal(size=(N, 3))
    found = shelves(alone, table(columns, kinds))
    assert (found["size"].status, found["size"].dimension) == ("own_dimension", 0)
    assert (found["step"].status, found["step"].dimension) == ("own_dimension", 1)
    assert (found["place"].status, found["place"].others) == ("tied", ("size",))
    assert isinstance(found["place"].evidence["beyond/size"], Estimate)
    together = np.column_stack([size + 0.8 * step, free]) + 0.05 * rng.normal(size=(N, 2))
    # Two steps of equal weight on one dimension: each tells about half of it.
    found = shelves(together, table(columns, kinds))
    assert found["size"].status == "shared"
    assert found["size"].others == ("step",)


def test_only_rows_with_a_value_count() -> None:
    rng, columns = world(6)
    size = columns["size"].copy()
    missing = rng.random(N) < 0.4
    codes = np.column_stack([size, rng.normal(size=(N, 2))])
    codes[missing, 0] = 50 + rng.normal(size=missing.sum())  # the code knows what is missing
    size[missing] = np.nan
    shelf = shelves(codes, table({"size": size, "step": columns["step"]}, KINDS))["size"]
    assert (shelf.status, shelf.dimension) == ("own_dimension", 0)
    assert isinstance(shelf.score, Estimate)
    assert shelf.score.n == N - missing.sum()


def test_few_images_are_undecided_with_a_number() -> None:
    rng = np.random.default_rng(7)
    size = rng.normal(size=40)
    codes = np.column_stack([0.4 * size + rng.normal(size=40), rng.normal(size=40)])
    shelf = shelves(codes, table({"size": size}, KINDS))["size"]
    assert shelf.status == "undecided"
    assert shelf.n_needed is not None
    assert shelf.n_needed > 40


def test_what_cannot_be_judged_is_undecided_with_its_reason() -> None:
    rng = np.random.default_rng(8)
    columns = {"kind": np.arange(100), "step": np.zeros(100), "size": np.full(100, np.nan)}
    kinds: dict[str, Kind] = {"kind": "nominal", "step": "ordinal", "size": "continuous"}
    for shelf in shelves(rng.normal(size=(100, 3)), table(columns, kinds)).values():
        assert shelf.status == "undecided"
        assert isinstance(shelf.score, Unmeasured)
        assert isinstance(shelf.text, Message)
        assert "cannot be judged" in shelf.text.english()
    one = shelves(np.ones((1, 2)), table({"size": np.ones(1)}, KINDS))["size"]
    assert one.status == "undecided"
    assert shelves(np.ones((5, 2)), table({"t": np.ones(5)}, {"t": "text"})) == {}


def test_one_dimension_is_enough() -> None:
    rng, columns = world(9)
    codes = columns["size"][:, None] + 0.1 * rng.normal(size=(N, 1))
    shelf = shelves(codes, table({"size": columns["size"], "hue": columns["hue"]}, KINDS))["size"]
    assert (shelf.status, shelf.dimension) == ("own_dimension", 0)
    assert isinstance(shelf.evidence["gap"], Unmeasured)


def test_many_images_are_sampled_in_whole_groups() -> None:
    rng = np.random.default_rng(10)
    group = np.repeat(np.arange(400), 3)
    size = rng.normal(size=400)[group]
    codes = np.column_stack([size, rng.normal(size=N)]) + 0.1 * rng.normal(size=(N, 2))
    settings = replace(QUICK, max_rows=300)
    shelf = shelves(codes, table({"size": size}, KINDS, group), settings)["size"]
    assert shelf.status == "own_dimension"
    assert isinstance(shelf.score, Estimate)
    assert shelf.score.n == 300
    association = shelf.evidence["association"]
    assert isinstance(association, Estimate)
    assert association.n == N


def test_the_same_seed_gives_the_same_shelves_and_progress_arrives() -> None:
    rng, columns = world(11, 200)
    codes, attributes = rng.normal(size=(200, 3)), table(columns, KINDS)
    seen: list[tuple[int, int, str]] = []
    first = find_shelves(
        codes,
        attributes,
        settings=QUICK,
        rng=np.random.default_rng(1),
        progress=lambda *a: seen.append(a),
    )
    again = find_shelves(codes, attributes, settings=QUICK, rng=np.random.default_rng(1))
    assert first == again
    assert seen[-1] == (49 + 5, 49 + 5, "shelves")


@pytest.mark.parametrize(
    ("codes", "part"),
    [
        (np.ones((10, 0)), "must be a table"),
        (np.ones(10), "must be a table"),
        (np.ones((9, 2)), "9 codes for 10 rows"),
        (np.where(np.arange(20).reshape(10, 2) == 7, np.nan, 1.0), "first in row 3"),
    ],
)
def test_unfit_codes_are_refused(codes: np.ndarray, part: str) -> None:
    with pytest.raises(InputError, match=part):
        shelves(codes, table({"size": np.arange(10.0)}, KINDS))


@pytest.mark.parametrize("grouped", [False, True])
def test_unrelated_codes_get_no_shelf(*, grouped: bool) -> None:
    # 40 stocktakes at 5 %: more than 6 with any association has a chance of 1 in 70, more than 2
    # with a shelf (bench/false_shelves.py sees hardly any) is as good as impossible.
    rng = np.random.default_rng(12)
    settings = replace(QUICK, permutations=39, landmarks=10, trees=2)
    group = np.repeat(np.arange(70), [1] * 30 + [3] * 40) if grouped else None

    def column() -> np.ndarray:
        if group is None:
            return rng.normal(size=150)
        return rng.normal(size=70)[group] + 0.3 * rng.normal(size=150)

    associated = claimed = 0
    for _ in range(40):
        columns = {
            "kind": np.digitize(column(), [-0.5, 0.5]),
            "step": np.round(column()),
            "size": column(),
        }
        codes = np.column_stack([column() for _ in range(4)])
        found = shelves(codes, table(columns, KINDS, group), settings).values()
        associated += any(s.p_adjusted is not None and s.p_adjusted <= 0.05 for s in found)
        claimed += any(s.status not in ("none", "undecided") for s in found)
    assert associated <= 6
    assert claimed <= 2
