from __future__ import annotations

import numpy as np

from tanaoroshi.audit.exhibits import EXAMPLES, examples, side_by_side, to_bytes
from tanaoroshi.records.attributes import Attribute, Attributes
from tanaoroshi.records.words import Text


def collection(group: np.ndarray | None = None) -> tuple[np.ndarray, Attributes]:
    rng = np.random.default_rng(0)
    n = 60
    pictures = np.arange(n, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    values = np.column_stack([np.arange(n) % 2, rng.normal(size=n)]).astype(float)
    values[:5, 1] = np.nan
    specs = (
        Attribute("shape", "nominal", Text("Shape", "形"), values=("round", "square", "never")),
        Attribute("size", "continuous", Text("Size", "大きさ")),
    )
    return pictures, Attributes(specs, values, group)


def test_examples_show_the_value_that_they_say() -> None:
    pictures, attributes = collection()
    shown = examples(pictures.__getitem__, attributes, rng=np.random.default_rng(0))
    assert set(shown) == {"examples/shape/round", "examples/shape/square", "examples/size"}
    assert len(shown["examples/shape/round"].frames) == EXAMPLES
    assert np.all(shown["examples/shape/round"].frames % 2 == 0)
    assert np.all(shown["examples/shape/square"].frames % 2 == 1)
    rows = shown["examples/size"].frames[:, 0, 0, 0]
    sizes = attributes.column("size")[rows]
    assert np.isfinite(sizes).all()
    assert np.all(np.diff(sizes) > 0)


def test_examples_prefer_different_groups() -> None:
    pictures, attributes = collection(np.arange(60) // 10)
    shown = examples(pictures.__getitem__, attributes, rng=np.random.default_rng(0))
    rows = shown["examples/shape/round"].frames[:, 0, 0, 0]
    assert len(set((rows // 10).tolist())) == EXAMPLES


def test_originals_and_reconstructions_stand_in_the_same_order() -> None:
    pictures, _ = collection()
    shown = side_by_side(pictures, pictures + 1, rng=np.random.default_rng(0))
    assert np.array_equal(shown["originals"].frames + 1, shown["reconstructions"].frames)


def test_bytes_are_rounded_and_cut() -> None:
    assert to_bytes(np.array([-0.1, 0.0, 0.5, 1.0, 1.2])).tolist() == [0, 0, 128, 255, 255]
