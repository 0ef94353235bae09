"""Where an ONNX file keeps its weights, read without loading it.

An ONNX file is a protobuf message, and its tensors may name other files that hold their data. A
runtime opens those while it loads, so they are looked at before. The numbers of the fields are
those of onnx.proto (https://onnx.ai/onnx/), which never change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_DEPTH = 64
# Which fields of which message hold which messages.
_BELOW = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
    "entry": {},
}


class _Field(NamedTuple):
    number: int
    content: memoryview


def external_files(content: bytes) -> set[str]:
    """Return the names of the files in which tensors of an ONNX model lie.

    Raises
    ------
    ValueError
        When the bytes are no protobuf message.
    """
    found: set[str] = set()
    open_messages = [("model", memoryview(content), 0)]
    while open_messages:
        kind, data, depth = open_messages.pop()
        if depth > _MAX_DEPTH:
            msg = "nested too deeply"
            raise ValueError(msg)
        fields = list(_fields(data))
        if kind == "entry":
            entry = {field.number: bytes(field.content) for field in fields}
            if entry.get(1) == b"location":
                found.add(entry.get(2, b"").decode("utf-8"))
        below = _BELOW[kind]
        open_messages += [
            (below[field.number], field.content, depth + 1)
            for field in fields
            if field.number in below
        ]
    return found


def _fields(data: memoryview) -> Iterator[_Field]:
    """Yield the fields of a message that hold bytes; skip numbers."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == _VARINT:
            _, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        elif wire == _BYTES:
            length, at = _varint(data, at)
            if at + length <= end:
                yield _Field(tag >> 3, data[at : at + length])
            at += length
        else:
            msg = f"unknown wire type {wire}"
            raise ValueError(msg)
    if at > end:
        msg = "a field is cut off"
        raise ValueError(msg)


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return the number at a place, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    msg = "a number is cut off"
    raise ValueError(msg)
