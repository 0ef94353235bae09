"""From trained nets to a model folder: two ONNX files and ``model.toml``.

Weights are stored as half-precision numbers with a cast in front of each, so that files are half as
large and every runtime still computes in single precision.
"""

from __future__ import annotations

import io
import json
import warnings
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor, nn

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tanaoroshi.train.nets import Decoder, Pair
    from tanaoroshi.train.recipe import Recipe

#: Opset of the files: read by every onnxruntime since 1.13 (2022).
OPSET = 17
#: Initialisers of fewer values stay in single precision; there is nothing to save.
SMALL = 256
#: Largest difference between a file and the net, in units of pictures and of codes.
TOLERANCE = 0.02


class _Pictures(nn.Module):  # type: ignore[misc]
    """A decoder that gives pictures only."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, code: Tensor) -> Tensor:
        """Return pictures (n, c, s, s)."""
        picture: Tensor = self.decoder(code).picture
        return picture


def export(pair: Pair, recipe: Recipe, folder: Path) -> None:
    """Write ``encoder.onnx``, ``decoder.onnx`` and ``model.toml`` into an existing folder."""
    decoder = pair.decoder
    picture = torch.rand(2, decoder.channels, decoder.side, decoder.side)
    code = torch.randn(2, recipe.net.latent)
    with torch.no_grad():
        _write(pair.encoder, picture, "image", ("mean", "logvar"), folder / "encoder.onnx")
        _write(_Pictures(decoder), code, "latent", ("image",), folder / "decoder.onnx")
    (folder / "model.toml").write_text(model_toml(pair, recipe), encoding="utf-8")


def model_toml(pair: Pair, recipe: Recipe) -> str:
    """Return the text of ``model.toml``."""
    decoder = pair.decoder
    # A JSON text is a TOML text too, but for characters beyond 16 bits, which stay as they are.
    quoted = {
        key: json.dumps(value, ensure_ascii=False)
        for key, value in (
            ("name", recipe.name),
            ("version", recipe.version),
            ("description", recipe.description),
        )
    }
    return "".join(
        [
            *(f"{key} = {value}\n" for key, value in quoted.items()),
            "\n[image]\n",
            f"size = [{decoder.side}, {decoder.side}]\n",
            f'channels = {decoder.channels}\nrange = [0.0, 1.0]\nlayout = "NCHW"\n',
            f'\n[latent]\nshape = [{recipe.net.latent}]\nprior = "standard_normal"\n',
            '\n[encoder]\nfile = "encoder.onnx"\ninput = "image"\n',
            'mean = "mean"\nlogvar = "logvar"\n',
            '\n[decoder]\nfile = "decoder.onnx"\ninput = "latent"\noutput = "image"\n',
        ]
    )


def _write(
    net: nn.Module, example: Tensor, given: str, results: tuple[str, ...], path: Path
) -> None:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The newer exporter needs one more package and gives these small nets nothing.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            net.eval(),
            (example,),
            buffer,
            input_names=[given],
            output_names=list(results),
            dynamic_axes={name: {0: "n"} for name in (given, *results)},
            opset_version=OPSET,
            dynamo=False,
        )
    content = halved(onnx.load_from_string(buffer.getvalue())).SerializeToString()
    expected = net(example)
    _verify(content, example, expected if isinstance(expected, tuple) else (expected,), path)
    path.write_bytes(content)


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large weights in half precision, each with a cast back; changes the model in place."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALL:
            continue
        stored = f"{tensor.name}.half"
        casts.append(
            onnx.helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT)
        )
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def _verify(content: bytes, example: Tensor, expected: tuple[Tensor, ...], path: Path) -> None:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: example.numpy()}
    results: list[NDArray[np.float32]] = session.run(None, given)
    for mine, theirs in zip(results, expected, strict=True):
        gap = float(np.abs(mine - theirs.numpy()).max())
        if not gap < TOLERANCE * max(1.0, float(theirs.abs().max())):
            msg = f"{path.name} differs from the net by {gap:.3g}"
            raise RuntimeError(msg)
