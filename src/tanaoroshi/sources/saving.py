"""Codes and attributes into a file that :func:`tanaoroshi.sources.load_codes` reads."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.sources.declared import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tanaoroshi.records.attributes import Attribute, Attributes, Floats
    from tanaoroshi.records.words import Text


def save_codes(
    path: Path,
    codes: NDArray[np.floating],
    attributes: Attributes,
    *,
    logvar: NDArray[np.floating] | None = None,
) -> None:
    """Write codes (n, d) and attributes into an ``.npz``, with ``NAME.toml`` beside it.

    Raises
    ------
    InputError
        When it can't be written, is not called ``.npz``, or a column has a name that codes need.
    """
    if path.suffix != ".npz":
        raise InputError("{file}: codes are written as .npz. Change the name.", file=str(path))
    arrays: dict[str, NDArray[np.generic]] = {
        spec.name: _as_written(spec, column)
        for spec, column in zip(attributes.specs, attributes.values.T, strict=True)
    }
    arrays |= {name: np.array(cells) for name, cells in attributes.identifiers.items()}
    group = "group"
    while group in arrays:
        group += "_"
    toml = _declaration(attributes, path.stem, group)
    if attributes.group is not None:
        arrays[group] = attributes.group
    for name in ("codes", "logvar", "factors", "factor_names"):
        if name in arrays:
            raise InputError(
                "A column is called {name}, which means something else in a file of codes. "
                "Rename it.",
                name=name,
            )
    arrays["codes"] = codes
    if logvar is not None:
        arrays["logvar"] = logvar
    try:
        _write(path, arrays)
        path.with_suffix(".toml").write_text(toml, "utf-8")
    except OSError as error:
        raise InputError(
            "{file} can't be written ({reason}). Choose another place, or make room.",
            file=str(path),
            reason=error.strerror or str(error),
        ) from error


def _write(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    """Write an ``.npz``; numpy's own writer takes names as keywords, and stumbles over "file"."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


def _as_written(spec: Attribute, column: Floats) -> NDArray[np.generic]:
    """Return a column as the collection had it: values by name, angles in its unit."""
    if spec.values:
        known = ~np.isnan(column)
        names = np.full(len(column), "", dtype=f"U{max(map(len, spec.values))}")
        names[known] = np.array(spec.values)[column[known].astype(np.int64)]
        return names
    return column if spec.period is None else column / (2 * np.pi) * spec.period


def _declaration(attributes: Attributes, name: str, group: str) -> str:
    identifiers = ", ".join(map(_quoted, attributes.identifiers))
    lines = [
        f"schema = {_quoted(SCHEMA)}",
        f"name = {_quoted(name)}",
        f"identifiers = [{identifiers}]",
    ]
    if attributes.group is not None:
        lines.append(f"group = {_quoted(group)}")
    for spec in attributes.specs:
        lines += [
            "",
            f"[attributes.{_quoted(spec.name)}]",
            f"kind = {_quoted(spec.kind)}",
            f"label = {_spoken(spec.label)}",
            f"unit = {_quoted(spec.unit)}",
            f"description = {_quoted(spec.description)}",
            f"protected = {str(spec.protected).lower()}",
            f"factor = {str(spec.factor).lower()}",
        ]
        if spec.tier is not None:
            lines.append(f"tier = {_quoted(spec.tier)}")
        if spec.period is not None:
            lines.append(f"period = {float(spec.period)!r}")
        if spec.kind == "ordinal":
            lines.append(f"order = [{', '.join(map(_quoted, spec.values))}]")
        if spec.value_labels:
            lines += ["", f"[attributes.{_quoted(spec.name)}.values]"]
            lines += [f"{_quoted(v)} = {_spoken(t)}" for v, t in spec.value_labels.items()]
    return "\n".join(lines) + "\n"


def _spoken(text: Text) -> str:
    return f"{{ en = {_quoted(text.en)}, ja = {_quoted(text.ja)} }}"


def _quoted(text: str) -> str:
    """Return a TOML string: JSON's rules, but for DEL and for characters beyond 16 bits."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
