"""A stocktake of a collection that grew or changed a little, at the cost of what changed.

Codes of images that the earlier stocktake knows are taken over to the bit. Where little changed,
so is what the collection decides only together: the places of shelves, the readers, and what
moving a shelf does. Each shelf is measured anew where it was (:mod:`tanaoroshi.shelves.again`);
where that contradicts what was found, the attribute is searched for in full.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from tanaoroshi.archive import take_archive
from tanaoroshi.audit.exhibits import SIDE_BY_SIDE, examples, side_by_side, to_bytes
from tanaoroshi.audit.reconstruction import image_errors, mean_errors
from tanaoroshi.engine import decode_codes, encode, read_pictures, row_labels, same_images
from tanaoroshi.errors import InputError
from tanaoroshi.metrics import QUICK, measure
from tanaoroshi.models import Model, load_model
from tanaoroshi.records.attributes import Attributes, Ints
from tanaoroshi.records.codes import Codes, ImageRows, KnownCodes
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.kept import Errors, Kept, Losses
from tanaoroshi.records.stocktake import CollectionRef, Reader, Shelf, Stocktake
from tanaoroshi.records.words import Words, message
from tanaoroshi.shelves.again import measure_again, taken_over
from tanaoroshi.shelves.control import measure_control
from tanaoroshi.shelves.judge import search
from tanaoroshi.shelves.moves import place_of
from tanaoroshi.sources import Collection, load_collection
from tanaoroshi.stats.resample import draw_groups
from tanaoroshi.store import StoredExhibits, open_store
from tanaoroshi.workflows import (
    Audit,
    Settings,
    audit_codes,
    judged,
    load_recorded,
    look,
    model_ref,
    pictures_along,
    pictures_at_most,
    record,
    same_settings,
    shown,
    states,
    stream,
    unfinished,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tanaoroshi.readers import FittedReader
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.stocktake import Dimension, Exhibit
    from tanaoroshi.records.words import Message
    from tanaoroshi.store import Store

MOST_CHANGED = 0.1
"""Up to this share of images new, gone or relabelled since the last search in full, places and
readers are taken over; beyond it they are looked for anew."""
OURS = ("since", "carried", "changed")
"""Settings that only a re-evaluation has."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a re-evaluation cost, beside the stocktake in full that it goes back to.

    Attributes
    ----------
    encoded, taken_over
        Images that went through the encoder, and whose codes were known.
    seconds
        How long it took.
    full_id, full_images, full_seconds
        The stocktake in full; its time is ``None`` where it is not known.
    searched
        Attributes whose shelf was looked for in full; ``None``: all.
    """

    encoded: int
    taken_over: int
    seconds: float
    full_id: str
    full_images: int
    full_seconds: float | None
    searched: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class Reevaluated:
    """A re-evaluation; ``searched`` as in :class:`Cost`."""

    audit: Audit
    encoded: int
    taken_over: int
    searched: tuple[str, ...] | None


def reevaluate_named(
    model: str,
    collection: str,
    *,
    since: str,
    store: str,
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
) -> tuple[Audit, Cost]:
    """Load, re-evaluate and record; see :func:`reevaluate`."""
    before = load_with_kept(store, since)
    kept, loaded = open_store(store), load_model(model)
    pictures = load_collection(collection, limit=limit, seed=seed)
    start = time.monotonic()
    with unfinished(store) as folder:
        found = reevaluate(
            loaded,
            pictures,
            before,
            settings=Settings(seed=seed),
            resume=folder,
            progress=progress,
        )
    seconds = time.monotonic() - start
    audited = record(kept, found.audit, seconds)
    full = kept.row(_in_full(kept, before.stocktake))
    cost = Cost(
        found.encoded,
        found.taken_over,
        round(seconds, 1),
        full.id,
        full.n,
        full.seconds,
        found.searched,
    )
    return audited, cost


def load_with_kept(store: str, id_or_prefix: str) -> Audit:
    """Bring a recorded stocktake back with all that a later one can go on from."""
    kept = open_store(store, create=False)
    return replace(load_recorded(store, id_or_prefix), kept=kept.kept(id_or_prefix))


def _in_full(store: Store, stocktake: Stocktake) -> str:
    """Return the id of the stocktake in full that a chain of re-evaluations goes back to."""
    while "since" in stocktake.settings:
        stocktake = store.load(str(stocktake.settings["since"])).stocktake
    return stocktake.id


def reevaluate(
    model: Model,
    collection: Collection,
    since: Audit,
    *,
    settings: Settings | None = None,
    resume: Path | None = None,
    progress: Progress | None = None,
) -> Reevaluated:
    """Audit a model on a collection, measuring only what is new since an earlier audit.

    Parameters
    ----------
    model, collection
        As for :func:`tanaoroshi.stocktake`.
    since
        A recorded stocktake of the same model with the same settings, on an earlier state of the
        collection.
    settings, resume, progress
        As for :func:`tanaoroshi.stocktake`.

    Returns
    -------
    Reevaluated
        Not recorded yet. Its settings say since which stocktake (``since``), what was taken over
        (``carried``: ``instruments`` or, after a search in full, ``codes``), and what share of
        images changed since the last search in full (``changed``).

    Raises
    ------
    InputError
        When the model or the settings are others, or the stocktake kept too little.
    """
    settings = settings or Settings()
    known, kept = _usable(model, since, settings)
    codes = encode(model, collection, resume=resume, known=known, progress=progress)
    attributes = collection.attributes.take(codes.rows)
    change = _change(since, kept, codes, attributes)
    if change.reason is not None:
        return _in_full_again(model, collection, codes, since, change.reason, settings, progress)
    now = _Now(model, collection, codes, attributes, since, kept, change, settings)
    return _with_instruments(now, progress)


def _usable(model: Model, since: Audit, settings: Settings) -> tuple[KnownCodes, Kept]:
    """Return what can be taken over, or say why nothing can."""
    before = since.stocktake
    if not before.id:
        raise InputError("The stocktake to go on from is not recorded yet: record it first.")
    if before.model.digest != model.digest:
        raise InputError(
            "The model changed since stocktake {id}: all images must be encoded again. Leave "
            "--since out.",
            id=before.id,
        )
    settings_then = {k: v for k, v in before.settings.items() if k not in OURS}
    if not same_settings(settings_then, settings.recorded()):
        now = settings.recorded()
        other = sorted(
            name
            for name in now.keys() | settings_then.keys()
            if not same_settings({"": now.get(name)}, {"": settings_then.get(name)})
        )
        raise InputError(
            "Stocktake {id} was taken with other settings ({names}). Give the same, or leave "
            "--since out.",
            id=before.id,
            names=tuple(other),
        )
    if since.codes is None or since.rows is None or since.kept is None:
        raise InputError(
            "Stocktake {id} keeps too little to go on from: an older version recorded it, or the "
            "model has no encoder. Leave --since out.",
            id=before.id,
        )
    return KnownCodes(since.rows.keys, since.codes, since.kept.logvar), since.kept


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """What became of the images.

    Attributes
    ----------
    place
        int64 (earlier n,): the row that an unchanged image has now, -1 for others.
    fresh
        bool (n,): images that are new or relabelled.
    gone
        Earlier images that are not there any more.
    share
        Of images that changed since the last search in full.
    reason
        Why all must be searched in full; ``None``: it need not.
    """

    place: Ints
    fresh: NDArray[np.bool_]
    gone: int
    share: float
    reason: Words | None


def _change(since: Audit, kept: Kept, codes: Codes, attributes: Attributes) -> _Change:
    assert since.rows is not None  # looked at before
    n = len(since.rows.keys)
    ours, theirs = same_images(since.rows.keys, codes.keys)
    same = kept.labels[ours] == row_labels(attributes)[theirs]
    place = np.full(n, -1, dtype=np.int64)
    place[ours[same]] = theirs[same]
    fresh = np.ones(len(codes.rows), dtype=bool)
    fresh[theirs[same]] = False
    gone = n - len(ours)
    earlier = since.stocktake.settings.get("changed", 0.0)
    share = float(str(earlier)) + (int(fresh.sum()) + gone) / n
    reason: Words | None = None
    if not _same_specs(since.stocktake, attributes):
        reason = message("the attributes or their values are others")
    elif share > MOST_CHANGED:
        reason = message(
            "{share:.0%} of the images are new, gone or relabelled, more than {most:.0%}",
            share=share,
            most=MOST_CHANGED,
        )
    elif not _same_groups(since.rows.group, attributes.group, ours[same], theirs[same]):
        reason = message("the images are grouped in another way")
    return _Change(place, fresh, gone, share, reason)


def _same_specs(before: Stocktake, attributes: Attributes) -> bool:
    return [(s.name, s.kind, s.values) for s in before.attributes] == [
        (s.name, s.kind, s.values) for s in attributes.specs
    ]


def _same_groups(before: Ints | None, now: Ints | None, ours: Ints, theirs: Ints) -> bool:
    """Say whether images are in one group now where they were then."""
    if before is None or now is None:
        return before is None and now is None
    pairs = np.column_stack([before[ours], now[theirs]])
    counts = {len(np.unique(pairs, axis=0)), *(len(np.unique(column)) for column in pairs.T)}
    return len(counts) == 1


def _in_full_again(
    model: Model,
    collection: Collection,
    codes: Codes,
    since: Audit,
    reason: Words,
    settings: Settings,
    progress: Progress | None,
) -> Reevaluated:
    """Search for everything anew; only codes are taken over."""
    audited = audit_codes(model, collection, codes, settings, progress)
    said = message(
        "The codes of {taken:,} images were taken over from stocktake {id}, where it stands what "
        "was done to their pictures; all else was done in full: {reason}.",
        taken=codes.taken_over,
        id=since.stocktake.id,
        reason=reason,
    )
    stocktake = audited.stocktake
    ours = {"since": since.stocktake.id, "carried": "codes", "changed": 0.0}
    stocktake = replace(
        stocktake,
        settings={**stocktake.settings, **ours},
        left_out=(*stocktake.left_out, said),
    )
    encoded = len(codes.rows) - codes.taken_over
    return Reevaluated(replace(audited, stocktake=stocktake), encoded, codes.taken_over, None)


@dataclass(frozen=True, slots=True, eq=False)
class _Now:
    """A collection that hardly changed, with its codes and what they are measured against."""

    model: Model
    collection: Collection
    codes: Codes
    attributes: Attributes
    since: Audit
    kept: Kept
    change: _Change
    settings: Settings

    @property
    def id(self) -> str:
        """The earlier stocktake."""
        return self.since.stocktake.id

    @property
    def latent(self) -> NDArray[np.float64]:
        """The codes, float64 (n, d)."""
        return self.codes.mean.astype(np.float64)


def _with_instruments(now: _Now, progress: Progress | None) -> Reevaluated:
    """Measure what the collection's rows decide; take over what it decides only together."""
    codes, attributes, settings = now.codes, now.attributes, now.settings
    # Two halves of about the same length, side by side.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(1) as beside:
        shelving = beside.submit(
            measure_again,
            now.since.stocktake.shelves,
            _losses_here(now.kept.losses, now.change.place),
            now.latent,
            attributes,
            now.change.fresh,
            since=now.id,
            settings=settings.shelves,
            rng=stream(settings, 1),
        )
        looking = beside.submit(_pictures, now)
        metrics = measure(
            now.latent,
            attributes,
            logvar=None if codes.logvar is None else codes.logvar.astype(np.float64),
            only=QUICK,
            rng=stream(settings, 2),
            progress=progress,
        )
        archive = take_archive(attributes, rng=stream(settings, 5), progress=progress)
        again = shelving.result()
        pictures, reconstruction, errors = looking.result()
        before = now.since.stocktake.readers
        readers = tuple(replace(one, skill=taken_over(one.skill, now.id)) for one in before)
        found = _Found(again.shelves, again.losses, readers)
        if again.open:
            found = _searched(now, found, again.open, progress)
        dimensions = states(now.model, codes, attributes)
        pictures |= _moved_pictures(now, found.shelves, dimensions, again.open)
    collection = now.collection
    ours = {"since": now.id, "carried": "instruments", "changed": now.change.share}
    stocktake = Stocktake(
        model=model_ref(now.model),
        collection=CollectionRef(collection.name, len(codes.rows), collection.digest),
        settings={**settings.recorded(), **ours},
        attributes=attributes.specs,
        dimensions=dimensions,
        shelves=found.shelves,
        metrics=metrics.metrics,
        metrics_per_attribute=metrics.per_attribute,
        reconstruction=reconstruction,
        archive=archive,
        readers=found.readers,
        findings=(),
        summary=(),
        left_out=(
            *(*collection.left_out, *codes.left_out, *collection.notes, *codes.notes),
            *_said(now, again.open),
        ),
    )
    audited = Audit(
        judged(stocktake),
        _joined_exhibits(now, found.shelves, dimensions, pictures),
        codes.mean,
        ImageRows(codes.keys, attributes.group),
        Kept(row_labels(attributes), codes.logvar, found.losses, errors),
    )
    encoded = len(codes.rows) - codes.taken_over
    return Reevaluated(audited, encoded, codes.taken_over, tuple(sorted(again.open)))


def _said(now: _Now, open_: frozenset[str]) -> list[Message]:
    """Say what was taken over, and what was not."""
    said = [
        message(
            "Measured anew since stocktake {id}: {encoded:,} images were encoded, the codes of "
            "{taken:,} taken over, with the places of shelves, the readers, and what moving a "
            "shelf does. What was done to the pictures taken over stands in {id}.",
            id=now.id,
            encoded=len(now.codes.rows) - now.codes.taken_over,
            taken=now.codes.taken_over,
        )
    ]
    if open_:
        labels = tuple(spec.label for spec in now.attributes.specs if spec.name in open_)
        said.append(
            message(
                "Searched for anew, since the new figures no longer bear out what was found: "
                "{names}.",
                names=labels,
            )
        )
    return said


def _losses_here(losses: Losses, place: Ints) -> Losses:
    """Return the errors of images that are unchanged, by the rows that they have now."""
    rows = place[losses.rows]
    there = np.flatnonzero(rows >= 0)
    order = there[np.argsort(rows[there])]
    return Losses(rows[order], losses.each[order], losses.trees)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Shelves, the errors that they rest on, and the readers."""

    shelves: tuple[Shelf, ...]
    losses: Losses
    readers: tuple[Reader, ...]


def _searched(now: _Now, found: _Found, open_: frozenset[str], progress: Progress | None) -> _Found:
    """Search for some attributes in full, and move those that have a place."""
    settings = now.settings
    anew = search(
        now.latent,
        now.attributes,
        settings=settings.shelves,
        rng=stream(settings, 1),
        progress=progress,
        only=open_,
    )
    shelves, readers = anew.shelves, found.readers
    decoder = now.model.decoder
    if decoder is None:
        none = Unmeasured(message("The model has no decoder: nothing can be moved and looked at."))
        shelves = tuple(replace(shelf, control=none) for shelf in shelves)
    else:
        fitted: Mapping[str, FittedReader] = {}
        if any(place_of(shelf, now.attributes) is not None for shelf in shelves):
            seen = look(now.model, now.collection, now.codes, now.attributes, settings, progress)
            fitted = seen.readers
            readers = tuple(reader.spec for reader in fitted.values())
        shelves = measure_control(
            shelves,
            now.latent,
            decoder,
            fitted,
            now.attributes,
            settings=settings.control,
            rng=stream(settings, 4),
            progress=progress,
        )
    by_name = {shelf.attribute: shelf for shelf in shelves}
    names = now.attributes.names
    columns = [names.index(name) for name in open_]
    return _Found(
        tuple(by_name.get(shelf.attribute, shelf) for shelf in found.shelves),
        _replaced(found.losses, anew.losses, columns),
        readers,
    )


def _replaced(losses: Losses, others: Losses, columns: list[int]) -> Losses:
    """Return errors with those of some attributes taken from others."""
    rows = np.union1d(losses.rows, others.rows)
    each = np.full((len(rows), *losses.each.shape[1:]), np.nan, np.float32)
    each[np.searchsorted(rows, losses.rows)] = losses.each
    each[:, columns] = np.nan
    at = np.searchsorted(rows, others.rows)
    trees = losses.trees.copy()
    for column in columns:
        each[at, column] = others.each[:, column]
        trees[column] = others.trees[column]
    return Losses(rows, each, trees)


def _pictures(now: _Now) -> tuple[dict[str, Exhibit], Mapping[str, Measured], Errors | None]:
    """Show pictures of the collection as it is now; measure what comes back of the new ones."""
    model, rng = now.model, stream(now.settings, 3)

    def read(rows: Ints) -> NDArray[np.uint8]:
        return read_pictures(model.image, now.collection, now.codes.rows[rows])

    most = pictures_at_most(model, now.settings)
    rows = np.sort(rng.permutation(len(now.codes.rows))[:most])
    pictures = dict(examples(lambda some: read(rows[some]), now.attributes.take(rows), rng=rng))
    if model.decoder is None or now.kept.errors is None:
        return pictures, {}, None

    def give_back(rows: Ints) -> NDArray[np.uint8]:
        return to_bytes(decode_codes(model, now.codes.mean[rows]))

    some = np.sort(rng.permutation(rows)[:SIDE_BY_SIDE])
    pictures |= side_by_side(read(some), give_back(some), rng=rng)
    before = now.kept.errors
    place = now.change.place[before.rows]
    stayed = np.flatnonzero(place >= 0)
    new = np.flatnonzero(now.change.fresh)
    # Of a large collection only a sample was looked at; of the new images as large a share.
    share = len(stayed) / max(int(np.sum(now.change.place >= 0)), 1)
    group = now.attributes.group
    most = int(np.ceil(len(new) * share))
    if len(new):
        new = new[draw_groups(len(new), None if group is None else group[new], most, rng=rng)]
    each = np.empty((0, 4))
    if len(new):
        originals, made = (part.astype(np.float32) / 255 for part in (read(new), give_back(new)))
        each = image_errors(originals, made)
    at = np.concatenate([place[stayed], new])
    order = np.argsort(at)
    errors = Errors(
        at[order], np.concatenate([before.each[stayed], each])[order].astype(np.float32)
    )
    how = f"; errors of {now.id} and of new images"
    measured = mean_errors(errors.each, None if group is None else group[errors.rows], how)
    return pictures, measured, errors


def _moved_pictures(
    now: _Now, shelves: tuple[Shelf, ...], dimensions: tuple[Dimension, ...], open_: frozenset[str]
) -> dict[str, Exhibit]:
    """Move what has another place now; and all, where a picture it started from may be gone."""
    if now.model.decoder is None:
        return {}
    old = now.since.exhibits
    gone = now.change.gone > 0
    moved = [shelf for shelf in shelves if gone or shelf.attribute in open_]
    wide = [j for j in shown(dimensions) if gone or f"dimension/{j}" not in old]
    return pictures_along(
        now.model.decoder, moved, wide, now.latent, now.attributes, settings=now.settings
    )


def _joined_exhibits(
    now: _Now,
    shelves: tuple[Shelf, ...],
    dimensions: tuple[Dimension, ...],
    pictures: dict[str, Exhibit],
) -> Mapping[str, Exhibit]:
    """Put new pictures beside the earlier ones that still hold."""
    names = {"samples", *(f"dimension/{j}" for j in shown(dimensions))}
    names |= {
        f"traversal/{s.attribute}" for s in shelves if place_of(s, now.attributes) is not None
    }
    old = now.since.exhibits
    if isinstance(old, StoredExhibits):
        return old.only(names - pictures.keys()).beside(pictures)
    return {name: old[name] for name in old if name in names} | pictures
