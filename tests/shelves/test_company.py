from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tanaoroshi.shelves.company import Beyond, Relation, keep_company, relate
from tanaoroshi.shelves.settings import ShelfSettings

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Kind


def relation(
    place: np.ndarray, a: np.ndarray, b: np.ndarray, kind: Kind = "continuous"
) -> Relation:
    fold = np.arange(len(place)) % 5
    return keep_company(place, (a, kind), (b, kind), fold, None, settings=ShelfSettings()).relation


def tied_pair(rho: float, n: int = 1500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    a, noise = rng.normal(size=n), 0.2 * rng.normal(size=n)
    return a, rho * a + np.sqrt(1 - rho**2) * rng.normal(size=n), noise


@pytest.mark.parametrize("rho", [0.4, 0.8])
def test_the_collections_tie_is_told_from_the_models(rho: float) -> None:
    a, b, noise = tied_pair(rho)
    assert relation(a + noise, a, b) == "apart"
    assert relation(b + noise, a, b) == "tied"
    assert relation(a + b + noise, a, b) == "shared"


def test_two_names_for_one_thing_are_tied() -> None:
    a, _, noise = tied_pair(0)
    assert relation(a + noise, a, a) == "tied"
    assert relation(a + noise, a, np.exp(a) + 1e-3 * noise) == "tied"


def test_nested_attributes() -> None:
    rng = np.random.default_rng(1)
    fine = rng.integers(0, 12, 2000).astype(float)
    coarse = fine // 4
    noise = 0.1 * rng.normal(size=2000)
    assert relation(coarse + noise, coarse, fine, "nominal") == "apart"
    assert relation(fine + noise, fine, coarse, "nominal") == "apart"
    assert relation(coarse + noise, fine, coarse, "nominal") == "tied"


def test_independent_attributes_on_one_place_share_it() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 3, (2, 2000)).astype(float)
    assert relation(a + b + 0.1 * rng.normal(size=2000), a, b, "ordinal") == "shared"


@pytest.mark.parametrize(
    ("a_beyond_b", "b_beyond_a", "expected"),
    [
        ("yes", "no", "apart"),
        ("yes", "yes", "shared"),
        ("no", "yes", "tied"),
        ("no", "no", "tied"),
        ("unclear", "no", "tied"),
        ("unclear", "unclear", "tied"),
        ("nothing_open", "no", "apart"),
        ("nothing_open", "yes", "tied"),
        ("nothing_open", "nothing_open", "tied"),
        ("yes", "nothing_open", "apart"),
        ("no", "nothing_open", "tied"),
    ],
)
def test_what_follows_from_what(a_beyond_b: Beyond, b_beyond_a: Beyond, expected: Relation) -> None:
    assert relate(a_beyond_b, b_beyond_a) == expected
