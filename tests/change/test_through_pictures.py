"""Models without common images: matched through the pictures that one of them draws."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tanaoroshi.comparing import Compared, compare_named
from tanaoroshi.engine import drawn_as
from tanaoroshi.models import ImageSpec, load_model
from turned import signed_permutation, turn_model

if TYPE_CHECKING:
    from pathlib import Path

TURN = signed_permutation(5, np.random.default_rng(3), scales=1.0)


def without(model: Path, out: Path, part: str) -> Path:
    """Copy a model without its encoder or decoder."""
    shutil.copytree(model, out)
    text = (out / "model.toml").read_text()
    (out / "model.toml").write_text(re.sub(rf"\[{part}\]\n(?:[^\[].*\n)*", "", text))
    (out / f"{part}.onnx").unlink()
    return out


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, disc_model: Path) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("through")
    turn_model(disc_model, home / "turned", TURN)
    return {
        "whole": disc_model,
        "turned": home / "turned",
        "draws": without(disc_model, home / "draws", "encoder"),
        "turned draws": without(home / "turned", home / "turned-draws", "encoder"),
        "sees": without(disc_model, home / "sees", "decoder"),
        "home": home,
    }


def compare(models: dict[str, Path], base: str, candidate: str, collection: Path) -> Compared:
    return compare_named(
        str(models[base]),
        str(models[candidate]),
        str(collection),
        store=str(models["home"] / "store"),
    )


@pytest.mark.parametrize(
    ("base", "candidate"),
    [("draws", "turned"), ("whole", "turned draws"), ("draws", "turned draws")],
)
def test_dimensions_are_found_again_through_pictures(
    base: str, candidate: str, models: dict[str, Path], disc_collection: Path
) -> None:
    found = compare(models, base, candidate, disc_collection).comparison
    assert found.through == "pictures"
    # The fifth dimension draws nothing, so no picture can tell of it.
    for match in (m for m in found.dimensions if m.base is not None and m.base < 4):
        k = int(np.flatnonzero(TURN[match.base])[0])
        assert match.candidate == k
        assert match.sign == np.sign(TURN[match.base, k])
        assert match.status in ("same", "moved", "rescaled")


def test_what_leads_nowhere_is_said_so(models: dict[str, Path], disc_collection: Path) -> None:
    """A base that only sees and a candidate that only draws share pictures; the reverse is one too.

    Two that only see share the collection's images, so nothing is drawn.
    """
    found = compare(models, "sees", "turned", disc_collection).comparison
    assert found.through == "images"
    assert {m.status for m in found.dimensions if m.base in (0, 1, 2, 3)} <= {"moved", "same"}


@pytest.mark.parametrize("size", [(16, 24), (32, 32), (48, 48)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_brought_to_the_size_of_the_other(
    size: tuple[int, int], channels: int, disc_model: Path
) -> None:
    model = load_model(str(disc_model))
    draw: Any = drawn_as(model, ImageSpec(*size, channels))
    pictures = draw(np.zeros((3, 5), np.float32))
    assert pictures.shape == (3, *size, channels)
    assert pictures.dtype == np.float32
    assert 0 <= pictures.min() <= pictures.max() <= 1
    # The disc is in the middle, whatever the size.
    rows, columns = (np.arange(n) + 0.5 for n in size)
    mass = pictures[0, :, :, 0]
    assert (mass.sum(axis=1) @ rows) / mass.sum() / size[0] == pytest.approx(0.5, abs=0.03)
    assert (mass.sum(axis=0) @ columns) / mass.sum() / size[1] == pytest.approx(0.5, abs=0.03)
