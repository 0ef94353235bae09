"""What a model makes of a collection: run it, read its pictures, hand over to the archive."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from tanaoroshi.archive.classes import QUARTERS, SIXTHS
from tanaoroshi.archive.codes import Space, look_at_codes
from tanaoroshi.archive.made import come_back_worse, made_shares, memory, unlike
from tanaoroshi.audit.dimensions import dimension_states
from tanaoroshi.audit.exhibits import to_bytes
from tanaoroshi.audit.reconstruction import image_errors
from tanaoroshi.engine import decode_codes, encode, prior_codes, read_pictures
from tanaoroshi.errors import InputError
from tanaoroshi.readers import fit_readers
from tanaoroshi.readers.features import describe, learn_basis
from tanaoroshi.readers.measures import background_of
from tanaoroshi.records.attributes import Attribute, Floats, Ints
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.made import Made, MadeShare, Memory
from tanaoroshi.records.stocktake import Exhibit
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.archive.support import Emptiness
    from tanaoroshi.models import Model
    from tanaoroshi.readers import FittedReader
    from tanaoroshi.records.attributes import Attributes
    from tanaoroshi.records.codes import Codes
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.sources import Collection

PICTURES = 3_000
"""Half of them teach readers, half tell how these err; all show who comes back worse."""
MADE = 1_500
REGION = 12
"""Pictures of the emptiest places that are shown, and as many of the others."""
LEVEL = 0.95
MOST_UNLIKE = 0.25
"""Where more of what was made looks like nothing that readers know (0.05 would be usual), no share
of it is told."""
LEAST_SKILL = 0.05
"""A reader that tells less than a twentieth of an attribute says nothing of shares."""


@dataclass(frozen=True, slots=True, eq=False)
class _Classes:
    """How the values of an attribute are counted."""

    spec: Attribute
    names: tuple[str, ...]
    of: Callable[[Floats], Ints]


def make(
    model: Model,
    collection: Collection,
    *,
    held_out: Collection | None = None,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> tuple[Made, Mapping[str, Exhibit]]:
    """Let a model make pictures, and lay them beside the collection.

    Parameters
    ----------
    model
        With an encoder and a decoder.
    collection
        What it was trained on.
    held_out
        Pictures that it was not trained on, if there are any.
    rng
        Source of chance.
    progress
        Called with (done, total, what).

    Returns
    -------
    What was found, and pictures: ``memory/made`` and ``memory/trained``, the nearest pairs in the
    same order; ``made/posterior`` and ``made/prior``, a few made pictures; ``regions/empty`` and
    ``regions/held``, pictures of the emptiest places that were drawn and of those nearest to
    images.

    Raises
    ------
    InputError
        When the model lacks an encoder or a decoder.
    """
    if model.encoder is None or model.decoder is None:
        raise InputError(
            "The model {model} has no {part}: what it makes of a collection takes both an encoder "
            "and a decoder.",
            model=model.name,
            part="encoder" if model.encoder is None else "decoder",
        )
    codes = encode(model, collection, progress=progress)
    rows = np.sort(rng.permutation(len(codes.rows))[:PICTURES])
    known = collection.attributes.take(codes.rows[rows])
    pictures = read_pictures(model.image, collection, codes.rows[rows], progress=progress)
    given_back = to_bytes(decode_codes(model, codes.mean[rows], progress=progress))
    drawn = {"posterior": _of_posterior(codes, rng)}
    of_prior = prior_codes(model, MADE, rng)
    if of_prior is not None:
        drawn["prior"] = of_prior
    made = {name: to_bytes(decode_codes(model, z, progress=progress)) for name, z in drawn.items()}
    # Many small sums: more threads inside of the linear algebra cost more than they bring.
    with threadpool_limits(1, user_api="blas"):
        classes = _classes(known)
        shares, strange = _shares(pictures, given_back, known, classes, made, rng, progress)
        errors = image_errors(
            pictures.astype(np.float32) / 255, given_back.astype(np.float32) / 255
        )
        worse = come_back_worse(
            errors[:, 0],
            [(c.spec.name, c.names, c.of(known.column(c.spec.name))) for c in classes],
            known.group,
            level=LEVEL,
            rng=rng,
        )
        source = made.get("prior", made["posterior"])
        unseen = None if held_out is None else _given_back(model, held_out, rng)
        kept, pairs = _memory(source, given_back, pictures, unseen, rng)
        table = collection.attributes.take(codes.rows)
        space = _space(model, codes, of_prior)
        looked = look_at_codes(space, table, rng=rng, progress=progress)
    coded, places = looked or (None, {})
    exhibits = {f"made/{name}": Exhibit(each[:24], columns=12) for name, each in made.items()}
    exhibits |= _regions(model, codes, of_prior, places)
    found = Made(model.name, model.version, shares, strange, worse, kept, coded)
    return found, {**exhibits, **pairs}


def _space(model: Model, codes: Codes, of_prior: Floats | None) -> Space:
    """Say of which dimensions and in which scale the code is looked at."""
    states = dimension_states(
        codes.mean, None, standard_prior=model.latent.prior == "standard_normal"
    )
    return Space(
        codes.mean.astype(np.float64),
        None if codes.logvar is None else np.exp(0.5 * codes.logvar.astype(np.float64)),
        of_prior,
        np.array([one.index for one in states if one.state == "active"], dtype=np.int64),
    )


def _regions(
    model: Model, codes: Codes, of_prior: Floats | None, places: Mapping[str, Emptiness]
) -> dict[str, Exhibit]:
    """Draw the emptiest places, of the prior if there is one, and those nearest to images."""
    found = places.get("prior", places.get("midway"))
    if found is None:
        return {}
    order = np.argsort(-found.far, kind="stable")
    drawn = {}
    for name, at in (("empty", order[:REGION]), ("held", order[-REGION:])):
        if found.pairs is None:
            assert of_prior is not None  # its codes are what was asked about
            z = of_prior[at]
        else:
            z = codes.mean[found.pairs[at]].mean(axis=1)
        drawn[f"regions/{name}"] = Exhibit(to_bytes(decode_codes(model, z)), columns=12)
    return drawn


def _of_posterior(codes: Codes, rng: np.random.Generator) -> NDArray[np.floating]:
    """Draw codes of the aggregate posterior: of an image each, with its own noise."""
    at = rng.integers(0, len(codes.mean), MADE)
    if codes.logvar is None:
        return codes.mean[at]
    noise = rng.standard_normal((MADE, codes.mean.shape[1]))
    return np.asarray(codes.mean[at] + np.exp(0.5 * codes.logvar[at]) * noise)


def _classes(attributes: Attributes) -> list[_Classes]:
    """Say how each attribute is counted: values, quarters of numbers, sixths of a circle."""
    found = []
    for spec in attributes.specs:
        column = attributes.column(spec.name)
        known = column[np.isfinite(column)]
        if spec.kind in ("nominal", "ordinal"):
            found.append(_Classes(spec, spec.values, _whole))
        elif spec.kind == "continuous" and len(known):
            edges = np.unique(np.quantile(known, np.arange(1, QUARTERS) / QUARTERS))
            ends = [f"{x:.3g}" for x in (known.min(), *edges, known.max())]
            names = tuple(f"{a}–{b}" for a, b in itertools.pairwise(ends))
            found.append(_Classes(spec, names, _between(edges)))
        elif spec.kind == "circular" and len(known):
            step = (spec.period or 2 * np.pi) / SIXTHS
            names = tuple(f"{k * step:.3g}–{(k + 1) * step:.3g}" for k in range(SIXTHS))
            found.append(_Classes(spec, names, _sixth))
    return found


def _whole(values: Floats) -> Ints:
    return np.where(np.isfinite(values), values, -1).astype(np.int64)


def _between(edges: Floats) -> Callable[[Floats], Ints]:
    def of(values: Floats) -> Ints:
        place = np.searchsorted(edges, np.nan_to_num(values), side="left")
        return np.where(np.isfinite(values), place, -1).astype(np.int64)

    return of


def _sixth(values: Floats) -> Ints:
    place = np.minimum(np.nan_to_num(values) * SIXTHS / (2 * np.pi), SIXTHS - 1)
    return np.where(np.isfinite(values), place, -1).astype(np.int64)


def _shares(
    pictures: NDArray[np.uint8],
    given_back: NDArray[np.uint8],
    known: Attributes,
    counted: list[_Classes],
    made: Mapping[str, NDArray[np.uint8]],
    rng: np.random.Generator,
    progress: Progress | None,
) -> tuple[Mapping[str, tuple[MadeShare, ...]], Mapping[str, float]]:
    """Read what was made: shares of all readable attributes by source, and how strange it looks."""
    index = group_index(len(pictures), known.group)
    # Groups as a whole go to the lesson or to the examination.
    lesson = (rng.permutation(int(index.max()) + 1) % 2 == 0)[index]
    at, rest = np.flatnonzero(lesson), np.flatnonzero(~lesson)
    readers = fit_readers(
        pictures[at],
        known.take(at),
        reconstructions=given_back[at],
        rng=rng,
        progress=progress,
    )
    usable = [c for c in counted if _tells(readers[c.spec.name])]
    questions = sum(len(c.names) for c in usable) * len(made)
    # All readers of a collection share their eye: it looks once.
    eye = next(iter(readers.values())).eye if readers else None
    if eye is None:
        return {}, {}
    seen = {name: eye(each) for name, each in made.items()}
    examined = eye(given_back[rest])
    found: dict[str, list[MadeShare]] = {name: [] for name in made}
    learned = eye(given_back[at])[0]
    strange = {name: unlike(looked[0], learned, examined[0]) for name, looked in seen.items()}
    for classes in usable:
        name = classes.spec.name
        reader = readers[name]
        column = known.column(name)
        truth, all_known = classes.of(column[rest]), classes.of(column)
        there = truth >= 0
        said = classes.of(reader.coding.values(reader.say(examined)))
        counts = np.bincount(all_known[all_known >= 0], minlength=len(classes.names))
        for source, looked in seen.items():
            if strange[source] > MOST_UNLIKE:
                continue
            drawn = classes.of(reader.coding.values(reader.say(looked)))
            found[source] += made_shares(
                name,
                classes.names,
                truth[there],
                said[there],
                drawn[drawn >= 0],
                None if known.group is None else known.group[rest][there],
                collection=counts / max(int(counts.sum()), 1),
                questions=questions,
                level=LEVEL,
                rng=rng,
            )
    return {name: tuple(each) for name, each in found.items()}, strange


def _tells(reader: FittedReader) -> bool:
    skill = reader.on_reconstructions
    return reader.usable and isinstance(skill, Estimate) and skill.low > LEAST_SKILL


def _given_back(
    model: Model, collection: Collection, rng: np.random.Generator
) -> NDArray[np.uint8]:
    codes = encode(model, collection)
    at = rng.permutation(len(codes.mean))[:MADE]
    return to_bytes(decode_codes(model, codes.mean[at]))


def _memory(
    made: NDArray[np.uint8],
    given_back: NDArray[np.uint8],
    pictures: NDArray[np.uint8],
    unseen: NDArray[np.uint8] | None,
    rng: np.random.Generator,
) -> tuple[Memory, Mapping[str, Exhibit]]:
    """Compare distances of descriptions; all pictures as the model draws them."""
    background = background_of(pictures)
    described = [describe(x, background) for x in (given_back, made)]
    basis = learn_basis(described[0], rng=rng)
    trained, drawn = (basis(x) for x in described)
    others = None if unseen is None else basis(describe(unseen, background))
    found = memory(drawn, trained, others, level=LEVEL)
    there = [i for i, _, _ in found.pairs], [row for _, row, _ in found.pairs]
    if not found.pairs:
        return found, {}
    return found, {
        "memory/made": Exhibit(made[there[0]], columns=len(there[0])),
        "memory/trained": Exhibit(pictures[there[1]], columns=len(there[1])),
    }
