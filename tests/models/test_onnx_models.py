"""Model folders: what they give, and every way in which they can be wrong."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tanaoroshi.errors import InputError
from tanaoroshi.models import load_model

if TYPE_CHECKING:
    from pathlib import Path

SIDE, SIZE = 4, 3
TOML = f"""
name = "toy"
version = "7"
[image]
size = [{SIDE}, {SIDE}]
channels = 1
range = [-1.0, 1.0]
layout = "NCHW"
[latent]
shape = [{SIZE}]
prior = "standard_normal"
[encoder]
file = "encoder.onnx"
input = "image"
mean = "mean"
logvar = "logvar"
[decoder]
file = "decoder.onnx"
input = "latent"
output = "image"
"""


def linear(
    inputs: list[Any], weight: np.ndarray[Any, Any], outputs: list[Any], nodes: list[Any]
) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "toy", inputs, outputs, [numpy_helper.from_array(weight, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def tensor(name: str, shape: list[Any], kind: int = TensorProto.FLOAT) -> Any:  # noqa: ANN401
    return helper.make_tensor_value_info(name, kind, shape)


def weights() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).standard_normal((SIDE * SIDE, SIZE)).astype(np.float32)


def encoder(batch: Any = "n", kind: int = TensorProto.FLOAT) -> onnx.ModelProto:  # noqa: ANN401
    return linear(
        [tensor("image", [batch, 1, SIDE, SIDE], kind)],
        weights(),
        [tensor("mean", [batch, SIZE]), tensor("logvar", [batch, SIZE])],
        [
            helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", ["float"], ["flat"]),
            helper.make_node("MatMul", ["flat", "w"], ["mean"]),
            helper.make_node("Neg", ["mean"], ["logvar"]),
        ],
    )


def decoder(extra: Any = None) -> onnx.ModelProto:  # noqa: ANN401
    inputs = [tensor("latent", ["n", SIZE])]
    nodes = [
        helper.make_node("MatMul", ["latent", "w"], ["flat"]),
        helper.make_node("Tanh", ["flat"], ["squashed"]),
        helper.make_node(
            "Constant",
            [],
            ["shape"],
            value=numpy_helper.from_array(np.array([-1, 1, SIDE, SIDE])),
        ),
        helper.make_node("Reshape", ["squashed", "shape"], ["plain"]),
    ]
    if extra is None:
        nodes.append(helper.make_node("Identity", ["plain"], ["image"]))
    else:
        inputs.append(extra)
        nodes += [
            helper.make_node("Cast", ["label"], ["number"], to=TensorProto.FLOAT),
            helper.make_node("ReduceSum", ["number"], ["sum"]),
            helper.make_node("Mul", ["plain", "sum"], ["image"]),
        ]
    return linear(inputs, weights().T.copy(), [tensor("image", ["n", 1, SIDE, SIDE])], nodes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.toml").write_text(TOML, "utf-8")
    onnx.save(encoder(), tmp_path / "encoder.onnx")
    onnx.save(decoder(), tmp_path / "decoder.onnx")
    return tmp_path


def edit(folder: Path, old: str, new: str) -> None:
    toml = (folder / "model.toml").read_text("utf-8")
    assert old in toml
    (folder / "model.toml").write_text(toml.replace(old, new, 1), "utf-8")


def fails(where: Path | str, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        load_model(where)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def pictures(n: int = 5) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(0, 256, (n, SIDE, SIDE, 1), np.uint8)


def expected_mean(batch: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray((batch.reshape(len(batch), -1) / 127.5 - 1) @ weights())


def test_encodes_and_decodes(folder: Path) -> None:
    model = load_model(folder)
    assert (model.name, model.version, model.latent.size) == ("toy", "7", SIZE)
    assert model.encoder is not None
    assert model.decoder is not None
    moments = model.encoder(pictures())
    np.testing.assert_allclose(moments.mean, expected_mean(pictures()), atol=1e-4)
    np.testing.assert_array_equal(moments.logvar, -moments.mean)
    np.testing.assert_allclose(
        model.encoder((pictures() / 255).astype(np.float32)).mean, moments.mean, atol=1e-4
    )
    codes = np.random.default_rng(2).standard_normal((5, SIZE))
    wanted = (np.tanh(codes @ weights().T) + 1) / 2
    made = model.decoder(codes)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.reshape(5, -1), wanted, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_fixed_batch(folder: Path, batch: int) -> None:
    onnx.save(encoder(batch), folder / "encoder.onnx")
    model = load_model(folder)
    assert model.encoder is not None
    np.testing.assert_allclose(model.encoder(pictures()).mean, expected_mean(pictures()), atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "span", "near"),
    [
        (TensorProto.FLOAT16, None, 2e-2),
        (TensorProto.DOUBLE, None, 1e-4),
        (TensorProto.UINT8, "[0, 255]", 1e-2),
    ],
)
def test_other_types(folder: Path, kind: int, span: str | None, near: float) -> None:
    onnx.save(encoder(kind=kind), folder / "encoder.onnx")
    wanted = expected_mean(pictures())
    if span is not None:
        edit(folder, "[-1.0, 1.0]", span)
        wanted = pictures().reshape(5, -1).astype(np.float32) @ weights()
    model = load_model(folder)
    assert model.encoder is not None
    np.testing.assert_allclose(model.encoder(pictures()).mean, wanted, atol=near)


def test_channels_last(tmp_path: Path) -> None:
    graph = linear(
        [tensor("image", ["n", SIDE, SIDE, 1])],
        weights(),
        [tensor("mean", ["n", SIZE])],
        [
            helper.make_node("Flatten", ["image"], ["flat"]),
            helper.make_node("MatMul", ["flat", "w"], ["mean"]),
        ],
    )
    onnx.save(graph, tmp_path / "encoder.onnx")
    toml = TOML.split("[decoder]")[0].replace("NCHW", "NHWC").replace('logvar = "logvar"', "")
    (tmp_path / "model.toml").write_text(toml, "utf-8")
    model = load_model(tmp_path)
    assert model.decoder is None
    assert model.encoder is not None
    moments = model.encoder(pictures())
    assert moments.logvar is None
    np.testing.assert_allclose(moments.mean, expected_mean(pictures()), atol=1e-4)


def test_spatial_latent(tmp_path: Path) -> None:
    onnx.save(
        linear(
            [tensor("image", ["n", 1, SIDE, SIDE])],
            weights(),
            [tensor("mean", ["n", 1, SIDE, SIDE])],
            [helper.make_node("Neg", ["image"], ["mean"])],
        ),
        tmp_path / "encoder.onnx",
    )
    toml = TOML.split("[decoder]")[0].replace(f"[{SIZE}]", "[1, 4, 4]")
    (tmp_path / "model.toml").write_text(toml.replace('logvar = "logvar"', ""), "utf-8")
    model = load_model(tmp_path)
    assert model.encoder is not None
    assert model.encoder(pictures()).mean.shape == (5, 16)


def test_digest_follows_every_file(folder: Path) -> None:
    first = load_model(folder).digest
    assert load_model(folder).digest == first
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy)
    assert load_model(copy).digest == first
    edit(copy, '"7"', '"8"')
    assert load_model(copy).digest != first


@pytest.mark.parametrize(
    ("kind", "shape", "toml", "factor", "said"),
    [
        (TensorProto.INT64, ["n"], 'kind = "class"\nvalues = ["a", "b"]\ndefault = "b"', 5, "b"),
        (TensorProto.FLOAT, ["n", 2], 'kind = "class"\nvalues = ["a", "b"]', 5, "a"),
        (TensorProto.FLOAT, ["n", 2], 'kind = "vector"\ndefault = [1, 2]', 15, "1, 2"),
        (TensorProto.FLOAT, ["n", 2], 'kind = "vector"\nsize = 2', 0, "0"),
    ],
)
def test_conditions_are_held(
    folder: Path, kind: int, shape: list[Any], toml: str, factor: float, said: str
) -> None:
    codes = np.full((5, SIZE), 0.001)
    plain = load_model(folder).decoder
    assert plain is not None
    onnx.save(decoder(tensor("label", shape, kind)), folder / "decoder.onnx")
    fails(folder, "label", "[conditions.label]")
    (folder / "model.toml").write_text(f"{TOML}\n[conditions.label]\n{toml}\n", "utf-8")
    model = load_model(folder)
    assert model.notes[0].english() == f"The model also takes label; it is held at {said}."
    assert model.decoder is not None
    np.testing.assert_allclose(model.decoder(codes) - 0.5, factor * (plain(codes) - 0.5), atol=1e-5)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('kind = "text"', ["text", "not supported"]),
        ('kind = "class"\nvalues = []', ["values"]),
        ('kind = "class"\nvalues = ["a"]\ndefault = "z"', ["default"]),
        ('kind = "class"\nvalues = ["a", "b", "c"]', ["label", "2", "3"]),
        ('kind = "vector"', ["size", "missing"]),
    ],
)
def test_bad_conditions(folder: Path, toml: str, words: list[str]) -> None:
    onnx.save(decoder(tensor("label", ["n", 2])), folder / "decoder.onnx")
    (folder / "model.toml").write_text(f"{TOML}\n[conditions.label]\n{toml}\n", "utf-8")
    fails(folder, *words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "toy"', "", ["name", "missing"]),
        ('name = "toy"', "name = 3", ["name", "text"]),
        ("[image]", "[picture]", ["[image]"]),
        ("[latent]", "[code]", ["[latent]"]),
        ("size = [4, 4]", "size = [4]", ["image.size"]),
        ("size = [4, 4]", "size = [4, 0]", ["image.size"]),
        ("size = [4, 4]", "size = [8, 8]", ["encoder.onnx", "image", "8"]),
        ("size = [4, 4]", "size = [99999, 99999]", ["image.size"]),
        ("channels = 1", "channels = 2", ["image.channels"]),
        ("channels = 1", "channels = 3", ["encoder.onnx", "channels"]),
        ("channels = 1", "channels = true", ["image.channels"]),
        ("[-1.0, 1.0]", "[1.0, 1.0]", ["image.range"]),
        ("[-1.0, 1.0]", "[0, nan]", ["image.range"]),
        ('"NCHW"', '"HWCN"', ["image.layout"]),
        ("shape = [3]", "shape = [4]", ["shape"]),
        ("shape = [3]", "shape = []", ["latent.shape"]),
        ("shape = [3]", "shape = [9999999, 9999999]", ["latent.shape"]),
        ('"standard_normal"', '"normal"', ["latent.prior"]),
        ('"encoder.onnx"', '"../encoder.onnx"', ["outside"]),
        ('"encoder.onnx"', '"/tmp/encoder.onnx"', ["outside"]),
        ('"encoder.onnx"', '"nope.onnx"', ["nope.onnx", "does not exist"]),
        ('"encoder.onnx"', '"encoder.pt"', ["encoder.pt", "ONNX", "docs/export.md"]),
        ('input = "image"', 'input = "x"', ["no input x", "image"]),
        ('mean = "mean"', 'mean = "mu"', ["no output mu", "mean, logvar"]),
        ('output = "image"', 'output = "y"', ["no output y", "image"]),
        ('output = "image"', "", ["decoder.output", "missing"]),
        ("[image]", "[image", ["not valid TOML"]),
    ],
)
def test_bad_toml(folder: Path, old: str, new: str, words: list[str]) -> None:
    edit(folder, old, new)
    fails(folder, *words)


def test_neither_part(folder: Path) -> None:
    (folder / "model.toml").write_text(TOML.split("[encoder]")[0], "utf-8")
    fails(folder, "neither an encoder nor a decoder")


def test_links_that_lead_out(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    shutil.copy(folder / "model.toml", inner)
    shutil.copy(folder / "decoder.onnx", inner)
    (inner / "encoder.onnx").symlink_to(folder / "encoder.onnx")
    fails(inner, "outside")


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/hostname", "sub/../../w", ""])
def test_weights_outside_of_the_folder(folder: Path, location: str) -> None:
    model = encoder()
    (folder / "weights.bin").write_bytes(weights().tobytes())
    outside(model.graph.initializer[0], location)
    (folder / "encoder.onnx").write_bytes(model.SerializeToString())
    fails(folder, *(["outside"] if location else []))


def test_weights_hidden_in_a_branch(folder: Path) -> None:
    secret = numpy_helper.from_array(weights(), "hidden")
    outside(secret, "../weights.bin")
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["c"], value=secret)], "b", [], [tensor("c", [16, 3])]
    )
    model = encoder()
    model.graph.node.append(
        helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    )
    (folder / "encoder.onnx").write_bytes(model.SerializeToString())
    fails(folder, "outside")


def outside(proto: onnx.TensorProto, location: str) -> None:
    proto.ClearField("raw_data")
    proto.data_location = TensorProto.EXTERNAL
    proto.external_data.add(key="location", value=location)


def test_weights_beside_the_file(folder: Path) -> None:
    before = load_model(folder)
    onnx.save(
        encoder(),
        folder / "encoder.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    after = load_model(folder)
    assert before.encoder is not None
    assert after.encoder is not None
    np.testing.assert_array_equal(after.encoder(pictures()).mean, before.encoder(pictures()).mean)
    raw = bytearray((folder / "weights.bin").read_bytes())
    raw[0] ^= 1
    (folder / "weights.bin").write_bytes(raw)
    assert load_model(folder).digest != after.digest
    (folder / "weights.bin").unlink()
    fails(folder, "weights.bin", "missing")


def test_operator_that_nobody_has(folder: Path) -> None:
    model = encoder()
    model.graph.node[3].op_type = "Frobnicate"
    model.graph.node[3].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    (folder / "encoder.onnx").write_bytes(model.SerializeToString())
    fails(folder, "operator")


def test_numbers_that_are_not_finite(folder: Path) -> None:
    model = encoder()
    model.graph.node[3].op_type = "Log"  # of negative means
    (folder / "encoder.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=r"toy.*not finite"):
        load_model(folder)


def test_things_that_are_no_model(tmp_path: Path) -> None:
    fails("emoji-v9", "emoji-v2")
    fails("", "no model.toml")
    fails(tmp_path, "no model.toml")
    for name in ("a.pt", "a.pkl", "a.ckpt", "a.npy", "a.safetensors"):
        (tmp_path / name).write_bytes(b"\x80\x04x.")
        fails(tmp_path / name, "ONNX", "docs/export.md")
    (tmp_path / "a.onnx").write_bytes(b"")
    fails(tmp_path / "a.onnx", "folder")
    fails("x\0y")


def test_damaged_files(folder: Path) -> None:
    for content in (b"", b"\xff" * 40, b"hello world", encoder().SerializeToString()[:-30]):
        (folder / "encoder.onnx").write_bytes(content)
        fails(folder, "encoder.onnx")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=5),
    st.sampled_from(["encoder.onnx", "model.toml"]),
)
def test_damage_never_escapes(folder: Path, flips: list[tuple[int, int]], name: str) -> None:
    onnx.save(encoder(), folder / "encoder.onnx")
    (folder / "model.toml").write_text(TOML, "utf-8")
    raw = bytearray((folder / name).read_bytes())
    for place, value in flips:
        raw[place % len(raw)] = value
    (folder / name).write_bytes(raw)
    try:
        load_model(folder)
    except InputError as error:
        sentence = str(error)
    else:
        sentence = "usable"
    assert sentence
    assert "\n" not in sentence
