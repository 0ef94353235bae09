"""From pictures to codes."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.engine.batches import batches, quiet
from tanaoroshi.engine.identity import as_keys, image_keys
from tanaoroshi.engine.resume import Chunk, open_kept
from tanaoroshi.errors import InputError
from tanaoroshi.files import cores
from tanaoroshi.records.codes import Codes
from tanaoroshi.records.progress import Progress
from tanaoroshi.records.words import Message, message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from tanaoroshi.engine.batches import Batch
    from tanaoroshi.models import ImageSpec, Model
    from tanaoroshi.records.attributes import Ints
    from tanaoroshi.records.codes import KnownCodes
    from tanaoroshi.sources import Collection

BATCH = 64
# So many batches are kept in one file of an encoding that can be resumed.
BATCHES_A_CHUNK = 64
_NAMED = 5


def encode(
    model: Model,
    collection: Collection,
    *,
    batch: int = BATCH,
    workers: int | None = None,
    progress: Progress | None = None,
    resume: Path | None = None,
    known: KnownCodes | None = None,
) -> Codes:
    """Return the codes of all images of a collection.

    Pictures are read, decoded and resized by threads while the model works on earlier ones; only
    the codes grow with the collection. Model, collection and ``batch`` fix the result to the bit
    (on one machine), interrupted or not.

    Parameters
    ----------
    batch
        How many pictures the model takes at once.
    workers
        Threads that decode; ``None``: as many as there are cores.
    progress
        Called with (done, total, what).
    resume
        A folder where finished work is kept: a run that was interrupted goes on from there.
    known
        Codes of the same model: a picture whose key is among theirs is not encoded again. All
        pictures are read twice then, once for their keys.

    Raises
    ------
    InputError
        When the model has no encoder, or none of the pictures can be read.
    """
    if model.encoder is None:
        raise InputError("The model {model} has no encoder.", model=model.name)
    if len(collection) == 0:
        raise InputError("The collection {collection} has no images.", collection=collection.name)
    rows, taken = np.arange(len(collection), dtype=np.int64), None
    if known is not None:
        rows, taken = _take_over(known, collection)
    kept = None
    if resume is not None:
        # Which rows are left to encode is part of what the work is, where some are known.
        about = (model.digest, collection.digest, batch, BATCHES_A_CHUNK, model.image)
        left = () if known is None else (hashlib.sha256(rows.tobytes()).hexdigest(),)
        kept = open_kept(resume, *about, *left)
    size = batch * BATCHES_A_CHUNK
    starts = range(0, len(rows), size)
    chunks = [kept.load(i) if kept else None for i in range(len(starts))]
    missing = [i for i, chunk in enumerate(chunks) if chunk is None]
    pieces = [
        rows[at : min(at + batch, start + size)]
        for start in (starts[i] for i in missing)
        for at in range(start, min(start + size, len(rows)), batch)
    ]
    done = len(rows) - sum(map(len, pieces))
    workers = workers or cores()
    meter = _Meter(done, len(rows), progress)
    with (
        quiet(),
        closing(batches(collection.images, model.image, pieces, workers=workers)) as prepared,
    ):
        for i in missing:
            count = -(-min(size, len(rows) - starts[i]) // batch)
            chunk = chunks[i] = _chunk(model, prepared, count, meter)
            if kept is not None:
                kept.save(i, chunk)
    return _join([chunk for chunk in chunks if chunk is not None], taken, model, collection)


def _take_over(known: KnownCodes, collection: Collection) -> tuple[Ints, Chunk]:
    """Return the rows whose pictures are not known, and the codes of those that are."""
    place = {key: at for at, key in enumerate(known.keys.tolist())}
    keys = image_keys(collection, np.arange(len(collection), dtype=np.int64))
    at = np.array([place.get(key, -1) for key in keys.tolist()], dtype=np.int64)
    rows = np.flatnonzero(at >= 0)
    logvar = None if known.logvar is None else known.logvar[at[rows]]
    taken = Chunk(known.mean[at[rows]], logvar, rows, {}, {}, keys[rows])
    return np.flatnonzero(at < 0), taken


def read_pictures(
    image: ImageSpec,
    collection: Collection,
    rows: Ints,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.uint8]:
    """Return some pictures as a model takes them, uint8 (m, h, w, c), all in memory.

    Parameters
    ----------
    image
        The size and channels that they are brought to.
    rows
        int64 (m,): rows of the collection that can be read (:attr:`Codes.rows` holds such).

    Raises
    ------
    InputError
        When one of them can't be read.
    """
    pieces = [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]
    pictures = np.empty((len(rows), *image.size, image.channels), np.uint8)
    at = 0
    prepared = batches(collection.images, image, pieces, workers=workers or cores())
    with quiet(), closing(prepared):
        for batch in prepared:
            for row, reason in batch.broken.items():
                raise InputError(
                    "The picture {place} can't be read any more: {reason}.",
                    place=collection.images.place(row),
                    reason=message(reason),
                )
            pictures[at : at + len(batch.rows)] = batch.pictures
            at += len(batch.rows)
            if progress is not None:
                progress(at, len(rows), "Reading pictures")
    return pictures


@dataclass(slots=True)
class _Meter:
    """Says how far the work is."""

    done: int
    total: int
    progress: Progress | None

    def add(self, batch: Batch) -> None:
        self.done += len(batch.rows) + len(batch.broken)
        if self.progress is not None:
            self.progress(self.done, self.total, "Encoding pictures")


def _chunk(model: Model, prepared: Iterator[Batch], count: int, meter: _Meter) -> Chunk:
    """Encode the next ``count`` batches."""
    assert model.encoder is not None  # looked at before
    means = [np.empty((0, model.latent.size), np.float32)]
    logvars: list[NDArray[np.float32]] = []
    rows = [np.empty(0, np.int64)]
    keys = [as_keys([])]
    broken: dict[int, str] = {}
    changes: Counter[str] = Counter()
    for batch in islice(prepared, count):
        broken |= batch.broken
        changes.update(batch.changes)
        if len(batch.rows):
            mean, logvar = model.encoder(batch.pictures)
            means.append(mean)
            rows.append(batch.rows)
            keys.append(batch.keys)
            if logvar is not None:
                logvars.append(logvar)
        meter.add(batch)
    return Chunk(
        np.concatenate(means),
        np.concatenate(logvars) if logvars else None,
        np.concatenate(rows),
        broken,
        dict(changes),
        np.concatenate(keys),
    )


def _join(chunks: list[Chunk], taken: Chunk | None, model: Model, collection: Collection) -> Codes:
    used = [chunk for chunk in chunks if len(chunk.rows)]
    if taken is not None and len(taken.rows):
        used.append(taken)
    broken = {row: reason for chunk in chunks for row, reason in chunk.broken.items()}
    if not used:
        row, reason = next(iter(broken.items()))
        raise InputError(
            "None of the {n} pictures of {collection} can be read; the first is {place}: {reason}.",
            n=len(broken),
            collection=collection.name,
            place=collection.images.place(row),
            reason=message(reason),
        )
    logvars = [chunk.logvar for chunk in used if chunk.logvar is not None]
    changes: Counter[str] = Counter()
    for chunk in chunks:
        changes.update(chunk.changes)
    rows = np.concatenate([chunk.rows for chunk in used])
    order = np.argsort(rows)  # what was taken over lies between what was encoded
    return Codes(
        mean=np.concatenate([chunk.mean for chunk in used])[order],
        logvar=np.concatenate(logvars)[order] if len(logvars) == len(used) else None,
        rows=rows[order],
        keys=np.concatenate([chunk.keys for chunk in used])[order],
        left_out=tuple(left_out(broken, collection)),
        notes=tuple(_notes(changes, model)),
        taken_over=0 if taken is None else len(taken.rows),
    )


def left_out(broken: dict[int, str], collection: Collection) -> Iterator[Message]:
    """Yield a sentence for each reason, with the first few pictures."""
    for reason in dict.fromkeys(broken.values()):
        rows = [row for row, why in broken.items() if why == reason]
        places = [collection.images.place(row) for row in rows[:_NAMED]]
        if len(rows) > _NAMED:
            places.append("…")
        yield message(
            "Pictures that were left out ({reason}): {n} of {total} ({places}).",
            reason=message(reason),
            n=len(rows),
            total=len(collection),
            places=tuple(places),
        )


def _notes(changes: Counter[str], model: Model) -> Iterator[Message]:
    size = f"{model.image.height} × {model.image.width}"
    words = {
        "RESIZED": message(
            "Pictures that were resized to the {size} pixels of the model: {n}.",
            size=size,
            n=changes["RESIZED"],
        ),
        "STRETCHED": message(
            "Pictures of another shape, which were stretched to {size}: {n}.",
            size=size,
            n=changes["STRETCHED"],
        ),
        "GREYED": message(
            "Coloured pictures that were made grey for the model: {n}.", n=changes["GREYED"]
        ),
        "COLOURED": message(
            "Grey pictures that were given to a model of coloured ones: {n}.", n=changes["COLOURED"]
        ),
        "FLATTENED": message(
            "Transparent pictures that were put on white: {n}.", n=changes["FLATTENED"]
        ),
        "REDUCED": message(
            "Pictures that were reduced from 16 to 8 bits a channel: {n}.", n=changes["REDUCED"]
        ),
    }
    yield from (sentence for name, sentence in words.items() if changes[name])
