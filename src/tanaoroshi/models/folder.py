"""A model folder: ``model.toml`` and the ONNX files that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from tanaoroshi.errors import InputError
from tanaoroshi.files import digest_of_files, inside, read_toml
from tanaoroshi.models.model import Condition, ImageSpec, LatentSpec, Layout, Model, Prior
from tanaoroshi.models.onnx import OnnxDecoder, OnnxEncoder, external_paths, open_graph
from tanaoroshi.records.words import Message, message

if TYPE_CHECKING:
    from pathlib import Path

    from tanaoroshi.files import Section

MAX_SIDE = 8192
MAX_CODE = 2**22


def load_folder(folder: Path, *, threads: int | None = None) -> Model:
    """Return the model in a folder.

    Raises
    ------
    InputError
        When ``model.toml`` lacks a key, or disagrees with the ONNX files.
    """
    toml = folder / "model.toml"
    top = read_toml(toml)
    name, version = top.text("name"), top.text("version", "")
    description = top.text("description", "")
    image, latent = _image(_needed(top, "image")), _latent(_needed(top, "latent"))
    conditions = tuple(_condition(n, s) for n, s in top.sections("conditions").items())
    parts = {part: top.section(part) for part in ("encoder", "decoder")}
    files = {part: _file(folder, section) for part, section in parts.items() if section is not None}
    if not files:
        raise InputError("{file} names neither an encoder nor a decoder.", file=str(toml))
    encoder = decoder = None
    if (section := parts["encoder"]) is not None:
        outputs = [section.text("mean")]
        if "logvar" in section:
            outputs.append(section.text("logvar"))
        graph = open_graph(
            files["encoder"],
            main=section.text("input"),
            shape=image.shape,
            outputs=tuple(outputs),
            conditions=conditions,
            threads=threads,
        )
        encoder = OnnxEncoder(graph, image, latent, name)
    if (section := parts["decoder"]) is not None:
        graph = open_graph(
            files["decoder"],
            main=section.text("input"),
            shape=latent.shape,
            outputs=(section.text("output"),),
            conditions=conditions,
            threads=threads,
        )
        decoder = OnnxDecoder(graph, image, latent, name)
    model = Model(
        name=name,
        version=version,
        description=description,
        image=image,
        latent=latent,
        digest=_digest(toml, files),
        encoder=encoder,
        decoder=decoder,
        conditions=conditions,
        notes=tuple(_notes(conditions, top, parts)),
    )
    _try(model)
    return model


def _try(model: Model) -> None:
    """Run both parts once, so that shapes that disagree are found now and not after an hour."""
    import numpy as np

    if model.encoder is not None:
        model.encoder(np.zeros((1, *model.image.size, model.image.channels), np.uint8))
    if model.decoder is not None:
        model.decoder(np.zeros((1, model.latent.size), np.float32))


def _needed(top: Section, key: str) -> Section:
    section = top.section(key)
    if section is None:
        raise InputError(
            "{file}: the table [{key}] is missing. docs/formats.md shows what belongs there.",
            file=top.file,
            key=key,
        )
    return section


def _image(section: Section) -> ImageSpec:
    size = section.wholes("size")
    if len(size) != 2 or max(size) > MAX_SIDE:
        raise section.wrong("size", message("height and width, of at most {n}", n=MAX_SIDE))
    channels = section.whole("channels")
    if channels not in (1, 3, 4):
        raise section.wrong("channels", message("1, 3 or 4"))
    span = section.numbers("range", (0.0, 1.0))
    if len(span) != 2 or span[0] >= span[1]:
        raise section.wrong("range", message("the values of black and white, as in [0.0, 1.0]"))
    layout: Layout = section.choice("layout", get_args(Layout), "NCHW")  # type: ignore[assignment]
    return ImageSpec(size[0], size[1], channels, (span[0], span[1]), layout)


def _latent(section: Section) -> LatentSpec:
    prior: Prior = section.choice("prior", get_args(Prior), "standard_normal")  # type: ignore[assignment]
    latent = LatentSpec(section.wholes("shape"), prior)
    if latent.size > MAX_CODE:
        raise section.wrong("shape", message("at most {n} numbers in all", n=MAX_CODE))
    return latent


def _condition(name: str, section: Section) -> Condition:
    """Return a condition, held at its default: the first class, or a vector of zeros."""
    kind = section.choice("kind", ("class", "vector", "text"))
    if kind == "text":
        raise InputError(
            "{file}: the condition {name} is a text, which is not supported. Export the model "
            "with a fixed text, or with the text's embedding as a vector.",
            file=section.file,
            name=name,
        )
    if kind == "vector":
        if "default" in section:
            return Condition(name, "vector", (), section.numbers("default"))
        return Condition(name, "vector", (), (0.0,) * section.whole("size"))
    values = tuple(str(value) for value in section.items("values"))
    if not values or len(set(values)) != len(values):
        raise section.wrong("values", message("a list of different classes"))
    default = section.choice("default", values, values[0])
    return Condition(name, "class", values, values.index(default))


def _file(folder: Path, section: Section) -> Path:
    name = section.text("file")
    if not name.lower().endswith(".onnx"):
        raise not_onnx(f"{section.file}: {name}")
    path = inside(folder, name, named_in=section.file)
    if not path.is_file():
        raise InputError(
            "{file} names {name}, which does not exist in its folder.",
            file=section.file,
            name=name,
        )
    return path


def not_onnx(file: str) -> InputError:
    """Return the error for a file of weights in another format."""
    return InputError(
        "{file} is not an ONNX file. Other checkpoints can run code when they are opened, so they "
        "never are. Export encoder and decoder to ONNX; docs/export.md shows how.",
        file=file,
    )


def _digest(toml: Path, files: dict[str, Path]) -> str:
    used = {toml, *files.values()}
    for path in files.values():
        used.update(external_paths(path))
    return digest_of_files(sorted(used), root=toml.parent)


def _notes(
    conditions: tuple[Condition, ...], top: Section, parts: dict[str, Section | None]
) -> list[Message]:
    notes = []
    for condition in conditions:
        held = "0" if condition.kind == "vector" else ""
        if isinstance(condition.default, int):
            held = condition.values[condition.default]
        elif any(condition.default):
            held = ", ".join(f"{x:g}" for x in condition.default[:8])
        notes.append(
            message(
                "The model also takes {name}; it is held at {value}.",
                name=condition.name,
                value=held,
            )
        )
    unread = [*top.unread(), *(k for p in parts.values() if p is not None for k in p.unread())]
    if unread:
        notes.append(
            message(
                "{file}: these keys mean nothing here: {keys}.",
                file="model.toml",
                keys=tuple(unread),
            )
        )
    return notes
