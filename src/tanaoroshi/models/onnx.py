"""Encoders and decoders that are ONNX files, run by onnxruntime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.errors import InputError
from tanaoroshi.files import cores, inside, read_bytes
from tanaoroshi.models.frames import check_moments, from_tensor, to_tensor
from tanaoroshi.models.model import Condition, ImageSpec, LatentSpec, Moments
from tanaoroshi.models.wire import external_files

if TYPE_CHECKING:
    from pathlib import Path

    from tanaoroshi.models.model import Pictures

MAX_ONNX_BYTES = 2**31 - 1  # protobuf's own limit
_TYPES: dict[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(float16)": np.dtype(np.float16),
    "tensor(double)": np.dtype(np.float64),
    "tensor(uint8)": np.dtype(np.uint8),
    "tensor(int32)": np.dtype(np.int32),
    "tensor(int64)": np.dtype(np.int64),
}


@dataclass(frozen=True, slots=True)
class Graph:
    """An ONNX file in a session.

    Attributes
    ----------
    batch
        How many rows it takes at once; ``None``: any number.
    """

    file: str
    session: Any
    inputs: dict[str, NDArray[Any]]
    main: str
    dtype: np.dtype[Any]
    outputs: tuple[str, ...]
    batch: int | None

    def run(self, tensor: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the outputs for some rows, in pieces if the file takes a fixed number."""
        if self.batch is None:
            return self._run(tensor)
        pieces = []
        for start in range(0, len(tensor), self.batch):
            piece = tensor[start : start + self.batch]
            padding = [(0, self.batch - len(piece))] + [(0, 0)] * (piece.ndim - 1)
            pieces.append([out[: len(piece)] for out in self._run(np.pad(piece, padding))])
        return [np.concatenate(parts) for parts in zip(*pieces, strict=True)]

    def _run(self, tensor: NDArray[Any]) -> list[NDArray[Any]]:
        feed = {self.main: tensor}
        for name, row in self.inputs.items():
            feed[name] = np.repeat(row[None], len(tensor), axis=0)
        try:
            outputs: list[NDArray[Any]] = self.session.run(list(self.outputs), feed)
        except Exception as error:  # onnxruntime's errors share no base but this
            raise InputError(
                "{file} can't be run: {reason}", file=self.file, reason=_first_line(error)
            ) from error
        return outputs


@dataclass(frozen=True, slots=True)
class OnnxEncoder:
    """From pictures to moments."""

    graph: Graph
    image: ImageSpec
    latent: LatentSpec
    model: str

    def __call__(self, pictures: Pictures) -> Moments:
        """Return the moments of pictures (n, h, w, c)."""
        outputs = self.graph.run(to_tensor(pictures, self.image, self.graph.dtype))
        mean, logvar = outputs if len(outputs) == 2 else (outputs[0], None)
        return check_moments(Moments(mean, logvar), len(pictures), self.latent, self.model)


@dataclass(frozen=True, slots=True)
class OnnxDecoder:
    """From codes to pictures."""

    graph: Graph
    image: ImageSpec
    latent: LatentSpec
    model: str

    def __call__(self, codes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the pictures, float32 (n, h, w, c), of codes (n, d)."""
        shaped = codes.reshape(len(codes), *self.latent.shape).astype(self.graph.dtype)
        (tensor,) = self.graph.run(shaped)
        return from_tensor(tensor, len(codes), self.image, self.model)


def open_graph(
    path: Path,
    *,
    main: str,
    shape: tuple[int, ...],
    outputs: tuple[str, ...],
    conditions: tuple[Condition, ...],
    threads: int | None,
) -> Graph:
    """Return an ONNX file, opened and held against what ``model.toml`` says of it.

    Parameters
    ----------
    main
        Name of the input that takes pictures or codes.
    shape
        Its shape without the batch.
    outputs
        Names of the outputs that are wanted.
    conditions
        Inputs beside it, where the file has them.
    threads
        For one inference; ``None``: as many as there are cores.

    Raises
    ------
    InputError
        When it is damaged, names files outside of its folder, or disagrees with ``model.toml``.
    """
    external_paths(path)
    session = _session(path, threads)
    given = {node.name: node for node in session.get_inputs()}
    results = tuple(node.name for node in session.get_outputs())
    _check_name(path, "input", main, tuple(given))
    for name in outputs:
        _check_name(path, "output", name, results)
    node = given.pop(main)
    if node.type not in _TYPES:
        raise InputError(
            "{file}: the input {name} is of the type {kind}, which is not supported.",
            file=str(path),
            name=main,
            kind=node.type,
        )
    _check_shape(path, main, node.shape, shape)
    known = {condition.name: condition for condition in conditions}
    for name in given:
        if name not in known:
            raise InputError(
                "{file} takes another input, {name}. Describe it in model.toml: "
                "[conditions.{name}].",
                file=str(path),
                name=name,
            )
    held = {name: _held(path, other, known[name]) for name, other in given.items()}
    batch = node.shape[0] if isinstance(node.shape[0], int) and node.shape[0] > 0 else None
    return Graph(str(path), session, held, main, _TYPES[node.type], outputs, batch)


def external_paths(path: Path) -> list[Path]:
    """Return the files beside an ONNX file that hold its weights.

    Raises
    ------
    InputError
        When it is no ONNX file, or one of them lies outside of the folder.
    """
    content = read_bytes(path, MAX_ONNX_BYTES)
    try:
        names = external_files(content)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(
            "{file} is no ONNX file, or a damaged one. Export it again (docs/export.md).",
            file=str(path),
        ) from error
    paths = [inside(path.parent, name, named_in=str(path)) for name in sorted(names)]
    for external in paths:
        if not external.is_file():
            raise InputError(
                "{file} keeps weights in {name}, which is missing. Copy it into the folder.",
                file=str(path),
                name=external.name,
            )
    return paths


def _session(path: Path, threads: int | None) -> Any:  # noqa: ANN401 - onnxruntime is untyped
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # its errors reach the user as our sentence
    options.intra_op_num_threads = threads or cores()
    options.inter_op_num_threads = 1
    # Threads that wait give up their core: others decode pictures meanwhile. On a busy machine
    # with two cores this alone is worth 30 % (bench/encode.py).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:  # onnxruntime's errors share no base but this
        reason = _first_line(error)
        if "is not a registered function/op" in reason or "unrecognized domain" in reason.lower():
            raise InputError(
                "{file} uses an operator that onnxruntime does not have: {reason} "
                "Export it with standard operators only.",
                file=str(path),
                reason=reason,
            ) from error
        raise InputError(
            "{file} can't be loaded: {reason} Export it again (docs/export.md).",
            file=str(path),
            reason=reason,
        ) from error


def _check_name(path: Path, what: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise InputError(
            "{file} has no {what} {name}. It has: {names}. Correct model.toml.",
            file=str(path),
            what=what,
            name=name,
            names=names,
        )


def _check_shape(
    path: Path, name: str, got: list[int | str | None], wanted: tuple[int, ...]
) -> None:
    fits = len(got) == len(wanted) + 1 and all(
        not isinstance(g, int) or g <= 0 or g == w for g, w in zip(got[1:], wanted, strict=True)
    )
    if not fits:
        raise InputError(
            "{file}: the input {name} takes the shape {got}, but model.toml says {wanted} for one "
            "image. Correct size, channels, layout or latent shape.",
            file=str(path),
            name=name,
            got=str(got),
            wanted=str(wanted),
        )


def _held(path: Path, node: Any, condition: Condition) -> NDArray[Any]:  # noqa: ANN401
    """Return what one row of a condition's input is held at."""
    dtype = _TYPES.get(node.type)
    width = node.shape[1] if len(node.shape) == 2 else None
    if dtype is None or len(node.shape) not in (1, 2):
        raise InputError(
            "{file}: the input {name} should be a number or a vector for each image, but it is "
            "{kind} of the shape {shape}.",
            file=str(path),
            name=node.name,
            kind=node.type,
            shape=str(node.shape),
        )
    if isinstance(condition.default, int):
        if width is None:
            return np.array(condition.default, dtype)
        if width == 1:
            return np.array([condition.default], dtype)
        row = np.eye(len(condition.values))[condition.default]
    else:
        row = np.array(condition.default)
    if isinstance(width, int) and width != len(row):
        raise InputError(
            "{file}: the input {name} takes {got} numbers, but model.toml says {wanted}.",
            file=str(path),
            name=node.name,
            got=width,
            wanted=len(row),
        )
    held: NDArray[Any] = row.astype(dtype)
    return held


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
