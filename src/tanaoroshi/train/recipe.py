"""How a model is trained: everything that decides the result, beside the data and the seed.

A recipe is a TOML file (``recipes/`` has those of the shipped models; ``docs/training.md`` says
what each key does). What is missing takes the default below; what is misspelt is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from tanaoroshi.errors import InputError
from tanaoroshi.files import Section, read_toml
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

Method = Literal["beta_vae", "beta_tcvae"]
METHODS: tuple[Method, ...] = ("beta_vae", "beta_tcvae")
PAPERS: Mapping[str, float | None] = {"white": 1.0, "black": 0.0, "none": None}


@dataclass(frozen=True, slots=True)
class NetSettings:
    """Size of the nets.

    Attributes
    ----------
    latent
        Number of latent dimensions.
    encoder_widths, decoder_widths
        Channels at 1/2, 1/4, 1/8 and 1/16 of the pictures' side.
    paper
        Level of the paper that the collection is drawn on (1 white, 0 black); ``None``: no paper.
    """

    latent: int = 10
    encoder_widths: tuple[int, ...] = (32, 64, 96, 128)
    decoder_widths: tuple[int, ...] = (64, 96, 160, 256)
    paper: float | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the terms, see :mod:`tanaoroshi.train.objectives`.

    Attributes
    ----------
    beta
        Of the KL term in nats for each picture value, against an absolute error for each value.
    total_correlation
        How many times ``beta`` the total correlation counts; β-TCVAE only.
    edges
        Of the error of the steps between neighbouring pixels.
    drawn
        Of the error in what is drawn and what is paper.
    tie
        Of the squared distance between tied dimensions and their attributes.
    """

    beta: float = 1.0
    total_correlation: float = 1.0
    edges: float = 0.0
    drawn: float = 0.1
    tie: float = 0.1


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """The training loop.

    Attributes
    ----------
    epochs
        Passes over the pictures.
    batch
        Pictures a step.
    rate
        Highest learning rate (AdamW); reached after ``warmup`` steps, then falls as a half cosine.
    average
        Decay of the running mean of the weights; the mean is what is exported.
    edited
        Share of each batch in which a picture is paired with an edited copy of itself.
    half
        Compute the nets in bfloat16: several times faster where the processor knows it.
    """

    epochs: int = 40
    batch: int = 64
    rate: float = 1e-3
    warmup: int = 200
    weight_decay: float = 1e-3
    average: float = 0.998
    edited: float = 0.0
    half: bool = False


@dataclass(frozen=True, slots=True)
class Tie:
    """An attribute and its place: one dimension, or two for a circle (cosine and sine)."""

    attribute: str
    dimensions: tuple[int, ...]
    period: float | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which rows to use: those where a column lies within bounds, ends included."""

    column: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a training, beside the data and the seed."""

    name: str
    version: str = "1"
    description: str = ""
    method: Method = "beta_vae"
    net: NetSettings = field(default_factory=NetSettings)
    weights: Weights = field(default_factory=Weights)
    loop: LoopSettings = field(default_factory=LoopSettings)
    ties: tuple[Tie, ...] = ()
    rows: tuple[Bounds, ...] = ()

    @property
    def tied(self) -> tuple[int, ...]:
        """All dimensions that are tied to an attribute."""
        return tuple(j for tie in self.ties for j in tie.dimensions)


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises
    ------
    InputError
        With one sentence that names the key, for anything missing, misspelt or out of range.
    """
    top = read_toml(path)
    parts = {
        key: top.section(key) or Section({}, top.file, key) for key in ("net", "weights", "loop")
    }
    recipe = Recipe(
        name=top.text("name"),
        version=top.text("version", "1"),
        description=top.text("description", ""),
        method=cast("Method", top.choice("method", METHODS, "beta_vae")),
        net=_net(parts["net"]),
        weights=_weights(parts["weights"]),
        loop=_loop(parts["loop"]),
        ties=tuple(_tie(name, below) for name, below in top.sections("supervise").items()),
        rows=tuple(_bounds(name, below) for name, below in top.sections("rows").items()),
    )
    unknown = [key for part in (top, *parts.values()) for key in part.unread()]
    if unknown:
        raise InputError(
            "{file}: {keys} is not something a recipe holds. docs/training.md lists the keys.",
            file=top.file,
            keys=", ".join(unknown),
        )
    check_ties(recipe, top.file)
    return recipe


def check_ties(recipe: Recipe, where: str) -> None:
    """Refuse ties that point outside the latent or at one dimension twice."""
    for j in recipe.tied:
        if j >= recipe.net.latent:
            raise InputError(
                "{file}: dimension {j} is tied, but net.latent is {latent}, so that the last "
                "dimension is {last}.",
                file=where,
                j=j,
                latent=recipe.net.latent,
                last=recipe.net.latent - 1,
            )
        if recipe.tied.count(j) > 1:
            raise InputError(
                "{file}: dimension {j} is tied to two attributes. Give each its own.",
                file=where,
                j=j,
            )


def rows_of(recipe: Recipe, columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Say which rows a recipe uses.

    Parameters
    ----------
    recipe
        Its ``rows`` name the columns and their bounds.
    columns
        At least these columns, float (n,) each; a row whose value is missing (NaN) is left out.

    Returns
    -------
    bool (n,).
    """
    n = len(next(iter(columns.values()))) if columns else 0
    keep = np.ones(n, dtype=np.bool_)
    for bounds in recipe.rows:
        if bounds.column not in columns:
            raise InputError(
                "The recipe {name} selects rows by {column}, but the collection has no such "
                "column of numbers.",
                name=recipe.name,
                column=bounds.column,
            )
        values = columns[bounds.column]
        keep &= (values >= bounds.low) & (values <= bounds.high)
    return keep


def _net(section: Section) -> NetSettings:
    default = NetSettings()
    widths = {}
    for key in ("encoder_widths", "decoder_widths"):
        widths[key] = section.wholes(key) if key in section else getattr(default, key)
        if len(widths[key]) != 4:
            raise section.wrong(key, message("a list of four whole numbers"))
    paper = section.choice("paper", tuple(PAPERS), "none")
    return NetSettings(section.whole("latent", default.latent), paper=PAPERS[paper], **widths)


def _weights(section: Section) -> Weights:
    values = {f.name: section.number(f.name, f.default) for f in fields(Weights)}
    for key, value in values.items():
        if value < 0:
            raise section.wrong(key, message("0 or more"))
    return Weights(**values)


def _loop(section: Section) -> LoopSettings:
    default = LoopSettings()
    found = LoopSettings(
        epochs=section.whole("epochs", default.epochs),
        batch=section.whole("batch", default.batch),
        rate=section.number("rate", default.rate),
        warmup=section.whole("warmup", default.warmup),
        weight_decay=section.number("weight_decay", default.weight_decay),
        average=section.number("average", default.average),
        edited=section.number("edited", default.edited),
        half=section.flag("half", default=default.half),
    )
    for key, low, high in (
        ("rate", 1e-8, 1),
        ("average", 0, 0.99999),
        ("edited", 0, 1),
        ("weight_decay", 0, 1),
        ("batch", 2, 65536),
    ):
        if not low <= getattr(found, key) <= high:
            raise section.wrong(key, message("between {low} and {high}", low=low, high=high))
    return found


def _tie(name: str, section: Section) -> Tie:
    circular = "period" in section
    key = "dimensions" if circular else "dimension"
    raw = section.items(key) if circular else (section.values.get(key),)
    if not circular:
        section.number(key)
    good = [j for j in raw if isinstance(j, int) and not isinstance(j, bool) and j >= 0]
    if len(good) != len(raw) or len(good) != (2 if circular else 1):
        wanted = "two whole numbers (cosine and sine)" if circular else "a whole number from 0 on"
        raise section.wrong(key, message(wanted))
    period = section.number("period") if circular else None
    if period is not None and period <= 0:
        raise section.wrong("period", message("above 0"))
    _refuse_unread(section)
    return Tie(name, tuple(good), period)


def _bounds(name: str, section: Section) -> Bounds:
    found = Bounds(
        name,
        section.number("min") if "min" in section else -np.inf,
        section.number("max") if "max" in section else np.inf,
    )
    _refuse_unread(section)
    return found


def _refuse_unread(section: Section) -> None:
    for key in section.unread():
        raise InputError(
            "{file}: {keys} is not something a recipe holds. docs/training.md lists the keys.",
            file=section.file,
            keys=key,
        )
