"""What a comparison shows: traversals side by side, edits in both models, images that moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from tanaoroshi.audit.exhibits import to_bytes
from tanaoroshi.change.compare import shelf_directions
from tanaoroshi.change.effects import Sight, measure_effects
from tanaoroshi.change.pictures import Side, through_pictures
from tanaoroshi.change.shelves import runs_backwards
from tanaoroshi.engine import drawn_as, image_keys, prior_codes, read_pictures, same_images
from tanaoroshi.models import Model
from tanaoroshi.readers import fit_readers
from tanaoroshi.records.stocktake import Exhibit
from tanaoroshi.shelves.control import ControlSettings
from tanaoroshi.sources import Collection
from tanaoroshi.sources.pictures import picture_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tanaoroshi.change import Common
    from tanaoroshi.readers import FittedReader
    from tanaoroshi.records.attributes import Floats, Ints
    from tanaoroshi.records.comparison import Comparison
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.words import Words
    from tanaoroshi.shelves.moves import Decode, Images
    from tanaoroshi.workflows import Audit

PICTURES = 2_000
"""So many pictures teach the readers of edits, or are drawn where there are no common images."""

MIDDLE = 0.025, 0.975
"""Codes are drawn from the middle 95 % of a standard normal prior."""


@dataclass(frozen=True, slots=True, eq=False)
class Versions:
    """Both models and the collection, where they were named: then edits can be looked at."""

    base: Model
    candidate: Model
    collection: Collection


def drawn(
    audits: tuple[Audit, Audit], versions: Versions, rng: np.random.Generator
) -> Common | Words:
    """Pair codes through pictures that one of the models draws; see :mod:`change.pictures`."""
    base, candidate = (
        _side(model, other, audit, rng)
        for model, other, audit in zip(
            (versions.base, versions.candidate),
            (versions.candidate, versions.base),
            audits,
            strict=True,
        )
    )
    return through_pictures(base, candidate, rng=rng)


def _side(model: Model, other: Model, audit: Audit, rng: np.random.Generator) -> Side:
    # Two models that only draw are laid side by side at the size of the one that is drawn as.
    encode = None if model.encoder is None else _encoding(model)
    decode = None if model.decoder is None else drawn_as(model, other.image)
    if audit.codes is not None:
        codes = rng.permutation(audit.codes)[:PICTURES]
    elif model.latent.prior == "standard_normal":
        # As for traversals: farther out neither decoders nor encoders have seen pictures.
        codes = ndtri(rng.uniform(*MIDDLE, (PICTURES, model.latent.size)))
    else:
        of_prior = prior_codes(model, PICTURES, rng)
        if of_prior is None:  # and no images: nothing says which codes to draw pictures of
            decode = None
        codes = np.empty((0, model.latent.size)) if of_prior is None else of_prior
    return Side(np.asarray(codes, np.float64), decode, encode)


def _encoding(model: Model) -> Decode:
    def encode(pictures: Images) -> NDArray[np.float32]:
        assert model.encoder is not None  # who calls has looked
        parts = [model.encoder(pictures[at : at + 64]).mean for at in range(0, len(pictures), 64)]
        return np.concatenate(parts)

    return encode


def in_collection(audits: tuple[Audit, Audit], collection: Collection) -> Ints:
    """Return rows of the collection that can be read, int64.

    Of common images the one behind each of the candidate's codes; else behind those of the model
    that has an encoder; without any, all that are pictures.
    """
    encoded = [audit for audit in audits[::-1] if audit.rows is not None]
    if not encoded:
        return _readable(collection)
    rows = encoded[0].rows
    assert rows is not None
    keys = image_keys(collection, np.arange(len(collection), dtype=np.int64))
    ours, theirs = same_images(keys, rows.keys)
    found = np.empty(len(rows.keys), np.int64)
    found[theirs] = ours
    return found


def look_at_edits(
    found: Comparison,
    base: Audit,
    common: Common,
    versions: Versions,
    there: Ints,
    directions: Mapping[str, Floats],
    rng: np.random.Generator,
    progress: Progress | None,
) -> tuple[Comparison, Mapping[str, Exhibit]]:
    """Move every direction in both models and read what happens in the pictures.

    Parameters
    ----------
    there
        As :func:`in_collection` gives it.
    directions
        Saved ones of the base, beside those of its shelves.

    Returns
    -------
    The comparison with the effects, and the pictures; as it was, and none, where one of the models
    has no decoder.
    """
    if versions.base.decoder is None or versions.candidate.decoder is None or not found.directions:
        return found, {}
    image = versions.candidate.image
    draw = drawn_as(versions.base, image), drawn_as(versions.candidate, image)
    readers = _readers(common, versions, there, draw, rng, progress)
    carried, shown = measure_effects(
        found.directions,
        {**shelf_directions(base.stocktake), **directions},
        (common.base, common.candidate),
        common.group,
        Sight(*draw, readers),
        {spec.name: spec.label for spec in found.attributes},
        settings=ControlSettings(),
        rng=rng,
        progress=progress,
    )
    return replace(found, directions=carried), shown


def _readers(
    common: Common,
    versions: Versions,
    there: Ints,
    draw: tuple[Decode, Decode],
    rng: np.random.Generator,
    progress: Progress | None,
) -> Mapping[str, FittedReader]:
    """Fit readers that know the collection's pictures and, given codes, what either model draws."""
    collection, image = versions.collection, versions.candidate.image
    made = None
    if common.through == "images":
        at = np.sort(rng.permutation(len(common.rows))[:PICTURES])
        rows = there[common.rows[at]]
        # Half of what readers see drawn is the base's, half the candidate's.
        made = np.concatenate([draw[0](common.base[at[::2]]), draw[1](common.candidate[at[1::2]])])
        order = np.argsort(np.concatenate([np.arange(0, len(at), 2), np.arange(1, len(at), 2)]))
        made = to_bytes(made[order])
    else:
        rows = np.sort(rng.permutation(there)[:PICTURES])
    pictures = read_pictures(image, collection, rows, progress=progress)
    known = collection.attributes.take(rows)
    return fit_readers(pictures, known, reconstructions=made, rng=rng, progress=progress)


def _readable(collection: Collection) -> Ints:
    raws = (collection.images.read(np.array([row]))[0] for row in range(len(collection)))
    return np.flatnonzero([picture_shape(raw) is not None for raw in raws])


def moved_images(
    found: Comparison, common: Common, versions: Versions, there: Ints
) -> Mapping[str, Exhibit]:
    """Return the images that moved most: as they are, and as either model gives them back."""
    rows = np.array([row for row, _ in found.images], dtype=np.int64)
    if not len(rows):
        return {}
    image = versions.candidate.image
    original = read_pictures(image, versions.collection, there[rows])
    shown = {"moved/original": Exhibit(original, columns=len(rows))}
    place = {int(row): i for i, row in enumerate(common.rows)}
    at = np.array([place[int(row)] for row in rows])
    for side, model, codes in (
        ("before", versions.base, common.base),
        ("after", versions.candidate, common.candidate),
    ):
        if model.decoder is not None:
            made = to_bytes(drawn_as(model, image)(codes[at]))
            shown[f"moved/{side}"] = Exhibit(made, columns=len(rows))
    return shown


def side_by_side(found: Comparison, audits: tuple[Audit, Audit]) -> Mapping[str, Exhibit]:
    """Return the traversals of every shelf before and after, both going the same way."""
    shown = {}
    for move in found.shelves:
        key = f"traversal/{move.attribute}"
        backwards = runs_backwards(move, found.dimensions)
        for side, audit in zip(("before", "after"), audits, strict=True):
            exhibit = audit.exhibits.get(key)
            if exhibit is not None:
                turn = side == "after" and backwards
                shown[f"{side}/{key}"] = _turned(exhibit) if turn else exhibit
    return shown


def _turned(exhibit: Exhibit) -> Exhibit:
    """Return a table of frames from right to left."""
    frames = exhibit.frames
    rows = frames.reshape(-1, exhibit.columns, *frames.shape[1:])
    return replace(exhibit, frames=rows[:, ::-1].reshape(frames.shape))
