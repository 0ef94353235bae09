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
from tanaoroshi.archive.made_sentences import FALSE_DISCOVERIES, made_id
from tanaoroshi.archive.made_ties import Said, made_ties
from tanaoroshi.archive.tables import surplus
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
from tanaoroshi.records.made import Made, MadeShare, MadeTie, Memory, Worse
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
SHOWN = 8
"""Pictures beside a number."""
USUALLY_UNLIKE = 0.05
MOST_UNLIKE_TIED = 0.1
"""Where more than twice as many as usual do, no tie is told."""
LEAST_KNOWN = 0.95
"""An attribute that more images lack is not asked about: of a made picture no reader can say
whether it would have one."""
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
    same order; ``made/posterior`` and ``made/prior``, a few made pictures;
    ``shown/made/{source}/{attribute}/{value}``, made ones that are read as a value whose share
    changed; ``shown/made-tie/{source}/{a}/{b}``, made ones of the combination that is read most
    beyond what no tie would give; ``shown/worse/{attribute}/{value}``, pictures as they are above,
    as they come back below; ``regions/empty`` and ``regions/held``, pictures of the emptiest
    places that were drawn and of those nearest to images.

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
        readings = _readings(pictures, given_back, known, classes, made, rng, progress)
        shares, ties = _shares_and_ties(readings, known, classes, rng)
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
    found = Made(model.name, model.version, shares, ties, readings.unlike, worse, kept, coded)
    exhibits = {
        **{f"made/{name}": Exhibit(each[:24], columns=12) for name, each in made.items()},
        **_shown(found, readings, made, classes),
        **_worse_shown(worse, pictures, given_back, known, classes),
        **pairs,
        **_regions(model, codes, of_prior, places),
    }
    return found, exhibits


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


@dataclass(frozen=True, slots=True, eq=False)
class _Readings:
    """What readers say: of reconstructions of known pictures (``rest``), and of what was made.

    ``drawn``: for each source and attribute the classes said, int64 (k,), -1 where one abstains.
    """

    rest: Ints
    said: Mapping[str, Ints]
    drawn: Mapping[str, Mapping[str, Ints]]
    unlike: Mapping[str, float]


def _readings(
    pictures: NDArray[np.uint8],
    given_back: NDArray[np.uint8],
    known: Attributes,
    counted: list[_Classes],
    made: Mapping[str, NDArray[np.uint8]],
    rng: np.random.Generator,
    progress: Progress | None,
) -> _Readings:
    """Let readers learn from one half, and read the other half's reconstructions and what is made.

    Only readers that tell something take part, of attributes that nearly all images have.
    """
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
    # All readers of a collection share their eye: it looks once.
    eye = next(iter(readers.values())).eye if readers else None
    if eye is None:
        return _Readings(rest, {}, {}, {})
    learned = eye(given_back[at])[0]
    examined = eye(given_back[rest])
    seen = {name: eye(each) for name, each in made.items()}
    usable = [
        c
        for c in counted
        if _tells(readers[c.spec.name])
        and np.isfinite(known.column(c.spec.name)).mean() >= LEAST_KNOWN
    ]

    def classes(looked: tuple[Floats, Floats]) -> dict[str, Ints]:
        told = ((c, readers[c.spec.name]) for c in usable)
        return {c.spec.name: c.of(one.coding.values(one.say(looked))) for c, one in told}

    return _Readings(
        rest,
        classes(examined),
        {name: classes(looked) for name, looked in seen.items()},
        {name: unlike(looked[0], learned, examined[0]) for name, looked in seen.items()},
    )


def _shares_and_ties(
    readings: _Readings, known: Attributes, counted: list[_Classes], rng: np.random.Generator
) -> tuple[Mapping[str, tuple[MadeShare, ...]], Mapping[str, tuple[MadeTie, ...]]]:
    """Return shares and ties of made pictures by source; none where these look like nothing."""
    rest = readings.rest
    group = None if known.group is None else known.group[rest]
    usable = [c for c in counted if c.spec.name in readings.said]
    questions = sum(len(c.names) for c in usable) * len(readings.drawn)
    every = {c.spec.name: c.of(known.column(c.spec.name)) for c in usable}
    shares: dict[str, tuple[MadeShare, ...]] = {}
    ties: dict[str, tuple[MadeTie, ...]] = {}
    for source, drawn in readings.drawn.items():
        if readings.unlike[source] > MOST_UNLIKE:
            shares[source], ties[source] = (), ()
            continue
        found: list[MadeShare] = []
        for c in usable:
            name = c.spec.name
            truth = every[name][rest]
            there = truth >= 0
            counts = np.bincount(every[name][every[name] >= 0], minlength=len(c.names))
            found += made_shares(
                name,
                c.names,
                truth[there],
                readings.said[name][there],
                drawn[name][drawn[name] >= 0],
                None if group is None else group[there],
                collection=counts / max(int(counts.sum()), 1),
                questions=questions,
                level=LEVEL,
                rng=rng,
                unreadable=max(readings.unlike[source] - USUALLY_UNLIKE, 0.0),
            )
        shares[source] = tuple(found)
        if readings.unlike[source] > MOST_UNLIKE_TIED:
            ties[source] = ()
            continue
        said = [
            Said(name, of, of[rest], readings.said[name], drawn[name]) for name, of in every.items()
        ]
        ties[source] = made_ties(said, group, level=LEVEL, rng=rng)
    return shares, ties


def _shown(
    made: Made,
    readings: _Readings,
    drawn: Mapping[str, NDArray[np.uint8]],
    counted: list[_Classes],
) -> Mapping[str, Exhibit]:
    """Return a few made pictures beside each share and each tie that changed."""
    names = {c.spec.name: c.names for c in counted}
    found = {}

    def show(key: str, source: str, read: NDArray[np.bool_]) -> None:
        at = np.flatnonzero(read)[:SHOWN]
        if len(at):
            found[f"shown/{key}"] = Exhibit(drawn[source][at], columns=len(at))

    for source, shares in made.shares.items():
        said = readings.drawn[source]
        for one in shares:
            if one.change in ("more", "fewer"):
                value = names[one.attribute].index(one.value)
                show(made_id(source, one), source, said[one.attribute] == value)
        for tie in made.ties[source]:
            if tie.change in ("stronger", "weaker"):
                i, j = _most_together(said[tie.a], said[tie.b])
                show(made_id(source, tie), source, (said[tie.a] == i) & (said[tie.b] == j))
    return found


def _most_together(a: Ints, b: Ints) -> tuple[int, int]:
    """Return the two classes that are read together most beyond what no tie would give."""
    known = (a >= 0) & (b >= 0)
    table = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(table, (a[known], b[known]), 1)
    i, j = np.unravel_index(int(surplus(table)[0].argmax()), table.shape)
    return int(i), int(j)


def _worse_shown(
    worse: tuple[Worse, ...],
    pictures: NDArray[np.uint8],
    given_back: NDArray[np.uint8],
    known: Attributes,
    counted: list[_Classes],
) -> Mapping[str, Exhibit]:
    """Return pictures of each value that comes back worse: as they are, and as they come back."""
    by_name = {c.spec.name: c for c in counted}
    found = {}
    for one in worse:
        if one.p_adjusted > FALSE_DISCOVERIES or one.ratio.low <= 1:
            continue
        c = by_name[one.attribute]
        here = c.of(known.column(one.attribute)) == c.names.index(one.value)
        at = np.flatnonzero(here)[:SHOWN]
        both = np.concatenate([pictures[at], given_back[at]])
        found[f"shown/worse/{one.attribute}/{one.value}"] = Exhibit(both, columns=len(at))
    return found


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
