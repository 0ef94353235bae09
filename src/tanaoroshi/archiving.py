"""The archive as a verb: what a collection is made of, and what a model makes of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from tanaoroshi.archive import take_archive
from tanaoroshi.archive.agreement import agreement_of
from tanaoroshi.archive.codes_sentences import coded_evidence, coded_findings
from tanaoroshi.archive.copies import find_copies
from tanaoroshi.archive.copies_sentences import copies_evidence, copies_findings
from tanaoroshi.archive.doubts import find_doubts, labels_of_copies
from tanaoroshi.archive.doubts_sentences import doubts_findings
from tanaoroshi.archive.evidence import evidence_of
from tanaoroshi.archive.examine import examine
from tanaoroshi.archive.findings import archive_findings
from tanaoroshi.archive.made_sentences import made_findings
from tanaoroshi.archive.sentences import agreement_findings, examined_findings
from tanaoroshi.audit.exhibits import examples
from tanaoroshi.engine import read_pictures, read_prints
from tanaoroshi.errors import InputError
from tanaoroshi.making import make
from tanaoroshi.models import ImageSpec, load_model
from tanaoroshi.readers.features import describe_plainly
from tanaoroshi.records.archived import ArchiveAudit
from tanaoroshi.records.stocktake import CollectionRef, Exhibit
from tanaoroshi.sources import load_collection
from tanaoroshi.views.vocabulary import SEVERITY

if TYPE_CHECKING:
    from tanaoroshi.engine.prints import ReadPrints
    from tanaoroshi.models import Model
    from tanaoroshi.records.archived import Line
    from tanaoroshi.records.attributes import Attributes, Ints
    from tanaoroshi.records.copies import Copies, Copy
    from tanaoroshi.records.doubts import Doubts
    from tanaoroshi.records.made import Made
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.stocktake import Pictures
    from tanaoroshi.sources import Collection

SHOWN = ImageSpec(64, 64, 3)
"""Size of the pictures that stand beside the numbers."""
PAIRS_SHOWN = 24
GRAVITY = tuple(SEVERITY)


@dataclass(frozen=True, slots=True, eq=False)
class Archived:
    """An audit of an archive, its pictures, and what it cost.

    ``exhibits``: ``examples/{attribute}/{value}`` as in a stocktake; ``shown/{finding}``: the lines
    of its evidence; ``copies/near/first`` and ``…/second``, ``copies/exact/…``: the first pairs in
    their order; ``odd``; ``doubts``; with a model also those of :func:`tanaoroshi.making.make`.
    """

    audit: ArchiveAudit
    exhibits: Mapping[str, Exhibit]
    seconds: float


def archive_named(
    collection: str,
    *,
    model: str | None = None,
    held_out: str | None = None,
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Archived:
    """Load and audit; see :func:`archive`.

    Raises
    ------
    InputError
        When something can't be read, or ``held_out`` is named without a model.
    """
    if held_out is not None and model is None:
        raise InputError("--held-out needs --model: unseen pictures are for what a model makes.")
    loaded = None if model is None else load_model(model)
    pictures = load_collection(collection, limit=limit, seed=seed)
    unseen = None if held_out is None else load_collection(held_out, limit=limit, seed=seed)
    return archive(pictures, model=loaded, held_out=unseen, seed=seed, progress=progress)


def archive_beside(
    model: str,
    collection: str,
    *,
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Archived:
    """Load and audit the archive of a stocktake's model and collection; see :func:`archive`.

    A model that lacks a half makes nothing: then only the collection is audited.

    Raises
    ------
    InputError
        When something can't be read.
    """
    loaded = load_model(model)
    makes = loaded.encoder is not None and loaded.decoder is not None
    pictures = load_collection(collection, limit=limit, seed=seed)
    return archive(pictures, model=loaded if makes else None, seed=seed, progress=progress)


def archive(
    collection: Collection,
    *,
    model: Model | None = None,
    held_out: Collection | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Archived:
    """Say what a collection is made of, and what a model makes of it.

    Shares, ties, gaps, trends, copies.

    Parameters
    ----------
    collection
        As :func:`tanaoroshi.load_collection` gives it.
    model
        Trained on it; with encoder and decoder.
    held_out
        Images that it was not trained on, if there are any.
    seed
        Of all randomness.
    progress
        Called with (done, total, what).

    Raises
    ------
    InputError
        When there are no images, or the model lacks an encoder or a decoder.
    """
    start = time.monotonic()
    if len(collection) == 0:
        raise InputError("The collection {collection} has no images.", collection=collection.name)
    attributes = collection.attributes
    found = take_archive(attributes, rng=_rng(seed, 5), progress=progress)
    closer = examine(attributes, rng=_rng(seed, 9), progress=progress)
    agreement = {
        spec.name: agreement_of(
            attributes.answers[spec.name], spec, attributes.group, rng=_rng(seed, 12)
        )
        for spec in attributes.specs
        if spec.name in attributes.answers
    }
    read = read_prints(collection, progress=progress)
    readable = attributes.take(read.rows)
    copies, shown = _copies(read, readable.group, progress)
    doubts = replace(
        _doubts(read, readable, _rng(seed, 13), progress),
        copies=labels_of_copies([one.rows for one in copies.exact], attributes),
    )
    made = None
    if model is not None:
        made, pictures = make(
            model, collection, held_out=held_out, rng=_rng(seed, 10), progress=progress
        )
        shown = {**shown, **pictures}
    doubted, of_doubts = doubts_findings(doubts, attributes.specs)
    evidence = {
        **_lines(evidence_of(readable, found, closer, rng=_rng(seed, 14)), read.rows),
        **_lines(_of_code(made, readable, _rng(seed, 15)), read.rows),
        **of_doubts,
        **copies_evidence(copies),
    }
    findings = (
        *(made_findings(made, attributes.specs, closer.not_applicable) if made else ()),
        *(coded_findings(made.coded, attributes.specs) if made and made.coded else ()),
        *archive_findings(found, attributes.specs),
        *examined_findings(closer, attributes.specs),
        *doubted,
        *agreement_findings(agreement, attributes.specs),
        *copies_findings(copies),
    )
    audit = ArchiveAudit(
        collection=CollectionRef(collection.name, len(collection), collection.digest),
        attributes=attributes.specs,
        archive=found,
        examined=closer,
        copies=copies,
        doubts=doubts,
        agreement=agreement,
        evidence=evidence,
        made=made,
        findings=tuple(sorted(findings, key=lambda f: GRAVITY.index(f.severity))),
        left_out=(*collection.left_out, *collection.notes, *read.left_out),
    )
    exhibits = {**_examples(collection, read.rows, seed), **_shown(collection, audit), **shown}
    return Archived(audit, exhibits, round(time.monotonic() - start, 1))


def _copies(
    read: ReadPrints, group: Ints | None, progress: Progress | None
) -> tuple[Copies, Mapping[str, Exhibit]]:
    """Find copies and odd ones out; rows are the collection's. Show the first of each."""
    prints = read.prints
    found = find_copies(prints, read.keys, group=group, progress=progress)
    shown = {}
    for kind, pairs in (("near", found.near), ("exact", found.exact)):
        ends = np.array([one.rows for one in pairs[:PAIRS_SHOWN]], dtype=np.int64).reshape(-1, 2)
        for k, side in enumerate(("first", "second")):
            if len(ends):
                shown[f"copies/{kind}/{side}"] = Exhibit(prints.thumbs[ends[:, k]], len(ends))
    odd = np.array([one.row for one in found.odd[:PAIRS_SHOWN]], dtype=np.int64)
    if len(odd):
        shown["odd"] = Exhibit(prints.thumbs[odd], len(odd))
    return _in_rows_of(found, read.rows), shown


def _doubts(
    read: ReadPrints, readable: Attributes, rng: np.random.Generator, progress: Progress | None
) -> Doubts:
    """Find doubtful labels; rows are the collection's."""
    with threadpool_limits(1, user_api="blas"):
        seen = describe_plainly(read.prints.thumbs).astype(np.float32)
        found = find_doubts(seen, readable, rng=rng, progress=progress)
    moved = tuple(replace(one, row=int(read.rows[one.row])) for one in found.found)
    return replace(found, found=moved)


def _of_code(
    made: Made | None, readable: Attributes, rng: np.random.Generator
) -> Mapping[str, tuple[Line, ...]]:
    if made is None or made.coded is None:
        return {}
    return coded_evidence(made.coded, readable, rng=rng)


def _lines(found: Mapping[str, tuple[Line, ...]], rows: Ints) -> Mapping[str, tuple[Line, ...]]:
    """Return the same with rows of the collection."""
    return {
        name: tuple(replace(line, rows=tuple(int(rows[i]) for i in line.rows)) for line in lines)
        for name, lines in found.items()
    }


def _shown(collection: Collection, audit: ArchiveAudit) -> Mapping[str, Exhibit]:
    """Return the pictures of all evidence, and of the labels that are most worth a look."""
    worth = audit.doubts.found[:PAIRS_SHOWN]
    tables = {
        **{
            f"shown/{name}": [line.rows for line in lines] for name, lines in audit.evidence.items()
        },
        **({"doubts": [tuple(one.row for one in worth)]} if worth else {}),
    }
    needed = np.unique([row for table in tables.values() for line in table for row in line])
    if not len(needed):
        return {}
    rows = needed.astype(np.int64)
    pictures = read_pictures(SHOWN, collection, rows)
    blank = np.full(pictures.shape[1:], 255, np.uint8)
    found = {}
    for name, table in tables.items():
        width = max(len(line) for line in table)
        frames = [
            pictures[np.searchsorted(rows, line[k])] if k < len(line) else blank
            for line in table
            for k in range(width)
        ]
        if frames:
            found[name] = Exhibit(np.stack(frames), columns=width)
    return found


def _in_rows_of(found: Copies, rows: Ints) -> Copies:
    """Return the same with rows of the collection; unreadable pictures were not looked at."""

    def moved(pairs: tuple[Copy, ...]) -> tuple[Copy, ...]:
        return tuple(
            replace(one, rows=(int(rows[one.rows[0]]), int(rows[one.rows[1]]))) for one in pairs
        )

    return replace(
        found,
        exact=moved(found.exact),
        near=moved(found.near),
        groups=tuple(tuple(int(rows[i]) for i in each) for each in found.groups),
        odd=tuple(replace(one, row=int(rows[one.row])) for one in found.odd),
    )


def _rng(seed: int, stage: int) -> np.random.Generator:
    return np.random.default_rng([seed, stage])


def _examples(collection: Collection, readable: Ints, seed: int) -> Mapping[str, Exhibit]:
    """Return a few pictures of each value, of the rows that can be read."""

    def read(rows: Ints) -> Pictures:
        return read_pictures(SHOWN, collection, readable[rows])

    return examples(read, collection.attributes.take(readable), rng=_rng(seed, 11))
