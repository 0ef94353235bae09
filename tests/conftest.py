"""A model with a known place for everything: a disc whose encoder measures and decoder draws.

The latent has five dimensions: left to right, top to bottom, brightness, radius, and one that no
picture has anything to do with. Both halves are ONNX graphs written by hand, so every number that
an audit should find is known beforehand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIDE = 32
PLACES = {"across": 0, "down": 1, "brightness": 2, "radius": 3}
# Each factor is uniform on its range; a dimension is (factor - middle) / spread.
RANGES = {"across": (10, 22), "down": (10, 22), "brightness": (0.4, 1.0), "radius": (4, 9)}
TOML = """
name = "discs"
version = "1"
[image]
size = [32, 32]
channels = 1
range = [0.0, 1.0]
layout = "NCHW"
[latent]
shape = [5]
prior = "standard_normal"
[encoder]
file = "encoder.onnx"
input = "image"
mean = "mean"
[decoder]
file = "decoder.onnx"
input = "latent"
output = "image"
"""


def draw_discs(factors: np.ndarray) -> np.ndarray:
    """Pictures uint8 (n, 32, 32) of discs with soft edges, of factors (n, 4)."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    x, y, light, radius = (factors[:, k, None, None] for k in range(4))
    distance = np.sqrt((columns - x) ** 2 + (rows - y) ** 2)
    edge = np.clip(radius - distance + 0.5, 0, 1)
    pictures: np.ndarray = np.rint(255 * light * edge).astype(np.uint8)
    return pictures


@pytest.fixture(scope="session")
def disc_drawer() -> Callable[[np.ndarray], np.ndarray]:
    """What draws discs of factors."""
    return draw_discs


@pytest.fixture(scope="session")
def disc_factors() -> np.ndarray:
    """Independent uniform factors, float64 (600, 4)."""
    rng = np.random.default_rng(0)
    low, high = np.array(list(RANGES.values())).T
    return rng.uniform(low, high, size=(600, 4))


@pytest.fixture(scope="session")
def disc_collection(tmp_path_factory: pytest.TempPathFactory, disc_factors: np.ndarray) -> Path:
    """The discs with their factors as an ``.npz``."""
    path = tmp_path_factory.mktemp("discs") / "discs.npz"
    names = {name: disc_factors[:, k] for name, k in PLACES.items()}
    coin = np.random.default_rng(1).choice(["heads", "tails"], size=len(disc_factors))
    np.savez_compressed(
        path, allow_pickle=False, images=draw_discs(disc_factors), coin=coin, **names
    )
    return path


@pytest.fixture(scope="session")
def disc_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the model."""
    onnx = pytest.importorskip("onnx", reason="the model is written with the package onnx")
    folder = tmp_path_factory.mktemp("disc-model")
    (folder / "model.toml").write_text(TOML)
    onnx.save(_encoder(), folder / "encoder.onnx")
    onnx.save(_decoder(), folder / "decoder.onnx")
    return folder


def _middle_and_spread() -> tuple[np.ndarray, np.ndarray]:
    low, high = np.array(list(RANGES.values()), dtype=np.float32).T
    return (low + high) / 2, (high - low) / np.float32(np.sqrt(12))


def _encoder() -> object:
    """Measure centre, brightness and radius of a disc; the fifth dimension is noise of pixels."""
    from onnx import TensorProto, helper, numpy_helper

    grid = np.arange(SIDE, dtype=np.float32) + 0.5
    middle, spread = _middle_and_spread()
    constants = {
        "columns": grid.reshape(1, 1, 1, SIDE),
        "rows": grid.reshape(1, 1, SIDE, 1),
        "axes": np.array([1, 2, 3], np.int64),
        "tiny": np.array(1e-6, np.float32),
        "pi": np.array(np.pi, np.float32),
        "middle": middle[None],
        "spread": spread[None],
        "seven": np.array(7001.0, np.float32),
    }
    nodes = [
        helper.make_node("ReduceSum", ["image", "axes"], ["mass4"], keepdims=1),
        helper.make_node("Add", ["mass4", "tiny"], ["mass"]),
        helper.make_node("Mul", ["image", "columns"], ["wx"]),
        helper.make_node("ReduceSum", ["wx", "axes"], ["sx"], keepdims=1),
        helper.make_node("Div", ["sx", "mass"], ["x"]),
        helper.make_node("Mul", ["image", "rows"], ["wy"]),
        helper.make_node("ReduceSum", ["wy", "axes"], ["sy"], keepdims=1),
        helper.make_node("Div", ["sy", "mass"], ["y"]),
        helper.make_node("ReduceMax", ["image", "axes"], ["light"], keepdims=1),
        helper.make_node("Add", ["light", "tiny"], ["light1"]),
        helper.make_node("Div", ["mass", "light1"], ["area"]),
        helper.make_node("Div", ["area", "pi"], ["square"]),
        helper.make_node("Sqrt", ["square"], ["radius"]),
        helper.make_node("Concat", ["x", "y", "light", "radius"], ["four4"], axis=1),
        helper.make_node("Flatten", ["four4"], ["four"], axis=1),
        helper.make_node("Sub", ["four", "middle"], ["centred"]),
        helper.make_node("Div", ["centred", "spread"], ["places"]),
        # Far digits of the mass: as good as random, and the same every time.
        helper.make_node("Mul", ["mass", "seven"], ["large"]),
        helper.make_node("Sin", ["large"], ["odd4"]),
        helper.make_node("Flatten", ["odd4"], ["odd"], axis=1),
        helper.make_node("Concat", ["places", "odd"], ["mean"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def _decoder() -> object:
    """Draw the disc that the first four dimensions describe."""
    from onnx import TensorProto, helper, numpy_helper

    grid = np.arange(SIDE, dtype=np.float32) + 0.5
    middle, spread = _middle_and_spread()
    constants = {
        "columns": grid.reshape(1, 1, 1, SIDE),
        "rows": grid.reshape(1, 1, SIDE, 1),
        "middle": middle[None],
        "spread": spread[None],
        "from": np.array([0], np.int64),
        "to": np.array([4], np.int64),
        "axis": np.array([1], np.int64),
        "shape": np.array([-1, 4, 1, 1], np.int64),
        "half": np.array(0.5, np.float32),
        "zero": np.array(0.0, np.float32),
        "one": np.array(1.0, np.float32),
    }
    nodes = [
        helper.make_node("Slice", ["latent", "from", "to", "axis"], ["places"]),
        helper.make_node("Mul", ["places", "spread"], ["wide"]),
        helper.make_node("Add", ["wide", "middle"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["four"]),
        helper.make_node("Split", ["four"], ["x", "y", "light", "radius"], axis=1, num_outputs=4),
        helper.make_node("Sub", ["columns", "x"], ["dx"]),
        helper.make_node("Sub", ["rows", "y"], ["dy"]),
        helper.make_node("Mul", ["dx", "dx"], ["dx2"]),
        helper.make_node("Mul", ["dy", "dy"], ["dy2"]),
        helper.make_node("Add", ["dx2", "dy2"], ["d2"]),
        helper.make_node("Sqrt", ["d2"], ["d"]),
        helper.make_node("Sub", ["radius", "d"], ["inside"]),
        helper.make_node("Add", ["inside", "half"], ["ramp"]),
        helper.make_node("Clip", ["ramp", "zero", "one"], ["edge"]),
        helper.make_node("Mul", ["edge", "light"], ["drawn"]),
        helper.make_node("Clip", ["drawn", "zero", "one"], ["image"]),
    ]
    graph = helper.make_graph(
        nodes,
        "decoder",
        [helper.make_tensor_value_info("latent", TensorProto.FLOAT, ["n", 5])],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, SIDE, SIDE])],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
