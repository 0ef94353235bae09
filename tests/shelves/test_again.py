"""Shelves measured anew where they were, against a search of everything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tanaoroshi.records.attributes import Attribute, Attributes, Kind
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.kept import Losses
from tanaoroshi.records.words import Text
from tanaoroshi.shelves import ShelfSettings
from tanaoroshi.shelves.again import Again, measure_again
from tanaoroshi.shelves.judge import Searched, search

QUICK = replace(ShelfSettings(), permutations=59, landmarks=30, trees=4)
KINDS: dict[str, Kind] = {
    "size": "continuous",
    "kind": "nominal",
    "hue": "circular",
    "mix": "continuous",
    "coin": "nominal",
    "note": "text",
}
N, NEW = 800, 40


def world(*, group: bool) -> tuple[np.ndarray, Attributes]:
    """Codes in which size, kind and a mixture lie on dimensions, the hue on a circle of two."""
    rng = np.random.default_rng(3)
    size, kind = rng.normal(size=N), rng.integers(0, 4, N)
    hue, coin = rng.uniform(0, 2 * np.pi, N), rng.integers(0, 2, N)
    noise = rng.normal(size=(N, 3))
    codes = np.column_stack(
        [size + noise[:, 0] / 4, kind, np.cos(hue), np.sin(hue), noise[:, 1], noise[:, 2]]
    )
    mix = noise[:, 1] + noise[:, 2] ** 3 / 2
    values = np.column_stack([size, kind, hue, mix, coin, np.zeros(N)])
    values[::7, 3] = np.nan
    specs = tuple(
        Attribute(name, k, Text(name, name), tuple("0123"), period=2 * np.pi)
        for name, k in KINDS.items()
    )
    return codes, Attributes(specs, values, np.arange(N) // 3 if group else None)


def searched(codes: np.ndarray, attributes: Attributes, settings: ShelfSettings) -> Searched:
    return search(codes, attributes, settings=settings, rng=np.random.default_rng(0))


def again(
    before: Searched,
    codes: np.ndarray,
    attributes: Attributes,
    fresh: np.ndarray,
    settings: ShelfSettings = QUICK,
) -> Again:
    rng = np.random.default_rng(1)
    return measure_again(
        before.shelves,
        before.losses,
        codes,
        attributes,
        fresh,
        since="feed",
        settings=settings,
        rng=rng,
    )


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize("most", [10_000, 600])
def test_new_images_are_a_fold_of_their_own(*, group: bool, most: int) -> None:
    settings = replace(QUICK, max_rows=most)
    codes, attributes = world(group=group)
    old = np.arange(N - NEW)
    before = searched(codes[old], attributes.take(old), settings)
    assert {s.attribute: s.status for s in before.shelves} == {
        "size": "own_dimension",
        "kind": "own_dimension",
        "hue": "spread",
        "mix": "own_direction",
        "coin": "none",
    }
    fresh = np.arange(N) >= N - NEW
    found = again(before, codes, attributes, fresh, settings)
    assert found.open == frozenset()
    whole = searched(codes, attributes, settings)
    for earlier, now, truth in zip(before.shelves, found.shelves, whole.shelves, strict=True):
        assert isinstance(now.score, Estimate)
        assert isinstance(earlier.score, Estimate)
        assert isinstance(truth.score, Estimate)
        assert (now.status, now.dimension, now.dimensions) == (
            earlier.status,
            earlier.dimension,
            earlier.dimensions,
        )
        assert abs(now.score.value - truth.score.value) < 0.03
        assert earlier.score.n < now.score.n <= earlier.score.n + NEW
        assert now.score.n < earlier.score.n + NEW or most > N
        assert "feed" in now.score.method
        assert now.text != earlier.text or now.score.value == pytest.approx(
            earlier.score.value, abs=0.01
        )


def test_without_new_images_the_figures_are_the_same() -> None:
    codes, attributes = world(group=True)
    before = searched(codes, attributes, QUICK)
    found = again(before, codes, attributes, np.zeros(N, bool))
    assert found.open == frozenset()
    for earlier, now in zip(before.shelves, found.shelves, strict=True):
        assert isinstance(now.score, Estimate)
        assert isinstance(earlier.score, Estimate)
        for a, b in zip(
            (now.score.value, now.score.low, now.score.high),
            (earlier.score.value, earlier.score.low, earlier.score.high),
            strict=True,
        ):
            assert a == pytest.approx(b, abs=1e-6)
        assert now.text == earlier.text
        # Said once, however often it is taken over.
        methods = [e.method for e in now.evidence.values() if isinstance(e, Estimate)]
        assert all(method.count("feed") == 1 for method in methods)


def test_errors_on_new_images_are_kept_for_the_next_time() -> None:
    codes, attributes = world(group=False)
    half = N - NEW // 2
    before = searched(codes[: N - NEW], attributes.take(np.arange(N - NEW)), QUICK)
    first = again(
        before, codes[:half], attributes.take(np.arange(half)), np.arange(half) >= N - NEW
    )
    second = again(Searched(first.shelves, first.losses), codes, attributes, np.arange(N) >= half)
    assert second.losses.rows.tolist() == list(range(N))
    size = second.shelves[0]
    assert isinstance(size.score, Estimate)
    assert size.score.n == N
    assert size.score.method.count("feed") == 1


def test_what_new_images_contradict_is_named() -> None:
    codes, attributes = world(group=False)
    before = searched(codes[: N - NEW], attributes.take(np.arange(N - NEW)), QUICK)
    codes = codes.copy()
    codes[N - NEW :, 0] *= -3
    found = again(before, codes, attributes, np.arange(N) >= N - NEW)
    assert found.open == {"size"}
    anew = search(codes, attributes, settings=QUICK, rng=np.random.default_rng(0), only=found.open)
    (size,) = anew.shelves
    full = searched(codes, attributes, QUICK).shelves[0]
    assert isinstance(size.score, Estimate)
    assert isinstance(full.score, Estimate)
    assert (size.status, size.p_adjusted) == (full.status, full.p_adjusted)
    assert size.score.value == pytest.approx(full.score.value, abs=0.02)


def test_an_attribute_that_can_be_judged_now_is_searched_for_and_one_that_cannot_is_said() -> None:
    codes, attributes = world(group=False)
    few = attributes.values.copy()
    few[25:, 0] = np.nan  # size: too few images
    poor = Attributes(attributes.specs, few, None)
    before = searched(codes, poor, QUICK)
    assert before.shelves[0].p_adjusted is None
    fresh = np.zeros(N, bool)
    fresh[25:] = True
    assert "size" in again(before, codes, attributes, fresh).open
    rich = searched(codes, attributes, QUICK)
    losses = Losses(rich.losses.rows[:25], rich.losses.each[:25], rich.losses.trees)
    now = again(Searched(rich.shelves, losses), codes, poor, fresh)
    assert now.shelves[0].status == "undecided"
    assert "size" not in now.open
