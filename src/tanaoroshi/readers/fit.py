"""Readers: what says of a picture which value an attribute has, without the model's help.

For each attribute there are candidates: the measuring function of that name, and readers trained
on descriptions of the collection's pictures. All are judged on pictures whose whole group they
never saw, and the best is taken. Where a model's reconstructions are given, readers learn from the
originals and from the reconstructions alike (decoded pictures are blurred, and what was trained on
sharp ones misreads them), and their skill is told for both. No reader ever sees a code.

**Skill** is the held-out share of explained variation, 1 - (squared distance of the said points
from the true ones) / (the same for the best constant). For nominal attributes every value counts
the same, so always saying the most frequent one has no skill. Chance level is 0: what the
descriptions can't tell is said by a constant, and an over-fitted reader falls below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.readers.choose import How, Lesson, choose
from tanaoroshi.readers.coding import Coding, coding_of
from tanaoroshi.readers.features import Basis, describe, learn_basis
from tanaoroshi.readers.heads import Head
from tanaoroshi.readers.measures import Background, Bytes, Images, background_of
from tanaoroshi.records.attributes import Attribute, Attributes, Floats, Ints
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.stocktake import Reader
from tanaoroshi.records.words import message
from tanaoroshi.stats.resample import bootstrap_weights, group_folds, group_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.progress import Progress

FOLDS = 4
DRAWS = 400
LEAST_GROUPS = 20
"""With fewer independent pictures, folds would say nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Eye:
    """Describes pictures; one for all readers of a collection.

    Attributes
    ----------
    background
        Value of an empty pixel.
    basis
        How descriptions become columns.
    """

    background: Background
    basis: Basis

    def __call__(self, images: Images | Bytes) -> tuple[Floats, Floats]:
        """Return columns (n, p) and descriptions (n, q) of pictures."""
        described = describe(images, self.background)
        return self.basis(described), described


@dataclass(frozen=True, slots=True, eq=False)
class FittedReader:
    """A reader of one attribute.

    Attributes
    ----------
    spec
        What goes into the record: its kind and its held-out skill on original pictures.
    on_reconstructions
        Held-out skill on the model's reconstructions, against the collection's values.
    usable
        Its skill on originals beats chance: the interval lies above 0. Otherwise it abstains.
    coding
        How its points become values.
    eye
        What it sees; readers of one collection share it.
    """

    spec: Reader
    on_reconstructions: Measured
    usable: bool
    coding: Coding
    eye: Eye
    _head: Head

    def say(self, seen: tuple[Floats, Floats]) -> Floats:
        """Return points (n, q), see ``coding``, for what the eye saw; NaN where it abstains."""
        x, described = seen
        if not self.usable:
            return np.full((len(x), len(self.coding.mean)), np.nan)
        return self._head(x, described)

    def read(self, images: Images | Bytes) -> Floats:
        """Return the values of pictures, float64 (n,), coded as in the table; NaN: abstains.

        Parameters
        ----------
        images
            uint8, or float32 in 0..1, (n, h, w, c).
        """
        return self.coding.values(self.say(self.eye(images)))


def read_all(readers: Mapping[str, FittedReader], images: Images | Bytes) -> dict[str, Floats]:
    """Return what readers say of pictures, by attribute: points (n, q) in standard deviations.

    Readers of one collection share their eye: it looks once. NaN where one abstains.
    """
    looked: dict[int, tuple[Floats, Floats]] = {}
    found = {}
    for name, reader in readers.items():
        key = id(reader.eye)
        if key not in looked:
            looked[key] = reader.eye(images)
        found[name] = reader.say(looked[key]) / reader.coding.scale
    return found


def fit_reader(
    images: Images | Bytes,
    attribute: Attribute,
    values: Floats,
    *,
    group: Ints | None,
    rng: np.random.Generator,
    background: Background | None = None,
    reconstructions: Images | Bytes | None = None,
) -> FittedReader:
    """Fit the reader of one attribute; see :func:`fit_readers`."""
    table = Attributes((attribute,), values[:, None], group)
    readers = fit_readers(
        images, table, rng=rng, background=background, reconstructions=reconstructions
    )
    return readers[attribute.name]


def fit_readers(
    images: Images | Bytes,
    attributes: Attributes,
    *,
    rng: np.random.Generator,
    background: Background | None = None,
    reconstructions: Images | Bytes | None = None,
    progress: Progress | None = None,
) -> Mapping[str, FittedReader]:
    """Fit a reader for every attribute but texts.

    Parameters
    ----------
    images
        uint8, or float32 in 0..1, (n, h, w, c): the collection's pictures.
    attributes
        Their attributes, n rows.
    rng
        Source of chance (folds, landmarks, intervals).
    background
        Value of an empty pixel; found from the pictures' edges when not given.
    reconstructions
        The model's reconstructions of the same pictures, same shape.
    progress
        Told after each attribute.

    Returns
    -------
    A reader for each attribute, by name. One whose attribute can't be learned (too few images, a
    single value) has an ``Unmeasured`` skill and abstains.
    """
    if background is None:
        background = background_of(images)
    described = [describe(images, background)]
    if reconstructions is not None:
        described.append(describe(reconstructions, background))
    both = np.concatenate(described)
    eye = Eye(background, learn_basis(both, rng=rng))
    x = eye.basis(both)
    readers = {}
    measured = [spec for spec in attributes.specs if spec.kind != "text"]
    for done, spec in enumerate(measured):
        task = _Task(spec, attributes.column(spec.name), attributes.group, len(described), x, both)
        readers[spec.name] = _fit(task, eye, rng)
        if progress is not None:
            progress(done + 1, len(measured), "readers")
    return readers


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """One attribute to be learned; ``x`` and ``described`` hold the pictures ``times`` over."""

    attribute: Attribute
    values: Floats
    group: Ints | None
    times: int
    x: Floats
    described: Floats


def _fit(task: _Task, eye: Eye, rng: np.random.Generator) -> FittedReader:
    known = np.flatnonzero(np.isfinite(task.values))
    coding = coding_of(task.values[known], task.attribute.kind)
    index = group_index(len(task.values), task.group)[known]
    groups = len(np.unique(index))
    if not coding.scale > 0 or groups < LEAST_GROUPS:
        return _abstaining(task, coding, groups, eye)
    rows = np.concatenate([known + t * len(task.values) for t in range(task.times)])
    points = np.tile(coding.points(task.values[known]), (task.times, 1))
    fold = np.tile(group_folds(len(known), index, FOLDS, rng=rng), task.times)
    weights = np.ones(len(rows))
    if coding.kind == "nominal":
        weights = points @ (1 / points.sum(axis=0))
    chosen = choose(
        Lesson(task.attribute, task.x[rows], task.described[rows], points, weights, fold)
    )
    draws = bootstrap_weights(len(known), index, DRAWS, rng=rng)
    told, base = chosen.losses * weights, chosen.base * weights
    skills = [
        _skill(told[part], base[part], draws, chosen.how)
        for part in np.split(np.arange(len(rows)), task.times)
    ]
    return FittedReader(
        Reader(task.attribute.name, chosen.how, skills[0]),
        skills[1] if task.times > 1 else Unmeasured(message("There are no reconstructions.")),
        skills[0].low > 0,
        coding,
        eye,
        chosen.head,
    )


def _skill(losses: Floats, base: Floats, draws: Floats, how: str) -> Estimate:
    value = 1 - losses.sum() / base.sum()
    spread = 1 - (draws @ losses) / np.maximum(draws @ base, 1e-300)
    low, high = np.quantile(spread, [0.025, 0.975])
    method = f"held-out share of explained variation, {FOLDS} folds of whole groups, {how}"
    return Estimate(float(value), float(low), float(high), 0.0, len(losses), method)


def _abstaining(task: _Task, coding: Coding, groups: int, eye: Eye) -> FittedReader:
    reason = message("All pictures have the same value.")
    if groups < LEAST_GROUPS:
        reason = message(
            "The value is known for only {count} independent pictures; a reader needs {least}.",
            count=groups,
            least=LEAST_GROUPS,
        )
    none = Unmeasured(reason)
    how: How = "classifier" if task.attribute.kind == "nominal" else "regressor"

    def silent(x: Floats, _: Floats) -> Floats:
        return np.full((len(x), len(coding.mean)), np.nan)

    return FittedReader(
        Reader(task.attribute.name, how, none),
        none,
        usable=False,
        coding=coding,
        eye=eye,
        _head=silent,
    )
