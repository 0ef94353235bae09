"""A stocktake that holds one of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tanaoroshi.records.attributes import Attribute
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.stocktake import (
    Archive,
    CollectionRef,
    Control,
    Dimension,
    Exhibit,
    Finding,
    ModelRef,
    Reader,
    Shelf,
    Stocktake,
    Tie,
)
from tanaoroshi.records.words import Text, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ESTIMATE = Estimate(0.1 + 0.2, 0.25, 1 / 3, 0.01, 2100, "mig, 20 bins")
UNMEASURED = Unmeasured(Text("no decoder", "デコーダーなし"))


def make_shelf(status: str = "own_dimension", *, control: bool = True) -> Shelf:
    moved = Control(
        effect=ESTIMATE,
        side_effects={"size": UNMEASURED, "year": ESTIMATE},
        steps=(-2.0, 0.0, 2.0),
        response={"hue": (0.1, 0.2, 0.3)},
    )
    return Shelf(
        attribute="hue",
        status=status,  # type: ignore[arg-type]
        dimension=1 if status == "own_dimension" else None,
        direction=(0.6, 0.8),
        dimensions=(1, 0),
        score=ESTIMATE,
        evidence={"gap": ESTIMATE, "best_direction": UNMEASURED},
        association=(0.01, 0.7),
        others=("size",),
        p_adjusted=0.001,
        n_needed=None,
        text=Text("Dimension 1 holds hue.", "色相は次元1にあります。"),
        control=moved if control else UNMEASURED,
    )


def make_stocktake(seed: int = 0) -> Stocktake:
    specs = (
        Attribute("hue", "circular", Text("Hue", "色相"), period=360.0, unit="degree"),
        Attribute(
            "tone",
            "ordinal",
            Text("Skin tone", "肌の色"),
            values=("light", "dark"),
            value_labels={"light": Text("light", "明るい")},
            tier="contextual",
            protected=True,
        ),
    )
    return Stocktake(
        model=ModelRef("emoji-vae", "2", "ab" * 32, "a VAE"),
        collection=CollectionRef("emoji", 2100, "cd" * 32),
        settings={"seed": seed, "shelves": {"level": 0.05, "bins": 20, "names": ("a", "b")}},
        attributes=specs,
        dimensions=(Dimension(0, "collapsed", None, 0.01), Dimension(1, "active", 2.5, 0.9)),
        shelves=(make_shelf(), make_shelf("spread", control=False)),
        metrics={"mig": ESTIMATE, "sap": UNMEASURED},
        metrics_per_attribute={"mig": {"hue": ESTIMATE}},
        reconstruction={"mse": ESTIMATE},
        archive=Archive(
            {"tone": {"light": ESTIMATE, "dark": ESTIMATE}},
            {"tone": 12},
            (Tie("hue", "tone", "correlation ratio", ESTIMATE, 0.02),),
        ),
        readers=(Reader("hue", "measure", ESTIMATE), Reader("tone", "classifier", UNMEASURED)),
        findings=(
            Finding(
                "tied",
                "warn",
                "hue",
                message("{a} goes with {b}.", a=Text("Hue", "色相"), b="x"),
                {"tie": ESTIMATE, "why": UNMEASURED, "rows": (1, 2), "label": Text("a", "い")},
            ),
        ),
        summary=(message("One of {k} attributes.", k=2),),
        left_out=(Text("1 picture could not be read.", "1枚を読めませんでした。"),),
    )


def make_exhibits() -> dict[str, Exhibit]:
    rng = np.random.default_rng(0)
    return {
        "traversal/hue": Exhibit(rng.integers(0, 256, (6, 5, 4, 3), dtype=np.uint8), 3),
        "originals": Exhibit(
            rng.integers(0, 256, (2, 5, 4, 1), dtype=np.uint8), 2, ("one", "ふたつ")
        ),
        "samples": Exhibit(np.zeros((0, 5, 4, 3), np.uint8), 1),
    }


def make_codes() -> NDArray[np.float32]:
    return np.random.default_rng(1).standard_normal((50, 2)).astype(np.float32)


@pytest.fixture
def stocktake() -> Stocktake:
    return make_stocktake()


@pytest.fixture
def another() -> Callable[[int], Stocktake]:
    """Make a stocktake that differs from the first in its seed."""
    return make_stocktake


@pytest.fixture
def exhibits() -> dict[str, Exhibit]:
    return make_exhibits()


@pytest.fixture
def codes() -> NDArray[np.float32]:
    return make_codes()
