"""Two versions of a model: from stocktakes, models or files of codes to a comparison."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from tanaoroshi.change import ChangeSettings, Common, compare
from tanaoroshi.change.findings import comparison_findings, summarise_comparison
from tanaoroshi.change.history import chain
from tanaoroshi.engine import same_images
from tanaoroshi.errors import InputError, StoreError
from tanaoroshi.files import exists, read_bytes
from tanaoroshi.models import load_model
from tanaoroshi.records.comparison import Comparison
from tanaoroshi.records.stocktake import Exhibit
from tanaoroshi.records.words import message
from tanaoroshi.showing import (
    Versions,
    drawn,
    in_collection,
    look_at_edits,
    moved_images,
    side_by_side,
)
from tanaoroshi.sources import load_collection
from tanaoroshi.sources.directions import load_directions
from tanaoroshi.store import open_store
from tanaoroshi.store.documents import from_document
from tanaoroshi.workflows import Audit, Settings, load_recorded, record_taken, same_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tanaoroshi.models import Model
    from tanaoroshi.records.attributes import Floats
    from tanaoroshi.records.history import History
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.words import Words
    from tanaoroshi.sources import Collection

MAX_DOCUMENT_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A comparison, its pictures, and what it cost.

    Attributes
    ----------
    exhibits
        ``before/traversal/{attribute}`` and ``after/…``: the shelves of both;
        ``edit/{name}/before`` and ``…/after``: directions; ``moved/original``, ``moved/before``
        and ``moved/after``: the images that moved most, in their order.
    """

    comparison: Comparison
    exhibits: Mapping[str, Exhibit]
    seconds: float


def compare_named(
    base: str,
    candidate: str,
    collection: str | None = None,
    *,
    store: str,
    seed: int = 0,
    limit: int | None = None,
    directions: Path | None = None,
    progress: Progress | None = None,
) -> Compared:
    """Compare two recorded stocktakes, or two models on a collection.

    Parameters
    ----------
    base, candidate
        Ids (or their first letters) in the store, files that ``stocktake --json`` wrote; with a
        collection: models. Those are taken stock of and recorded, unless the store already has
        that model on that collection with these settings.
    collection
        As for a stocktake.
    store
        Where stocktakes are recorded.
    seed, limit
        As for a stocktake.
    directions
        File of saved directions of the base: see
        :func:`tanaoroshi.sources.directions.load_directions`.

    Raises
    ------
    InputError
        When one of them can't be found or read.
    """
    start = time.monotonic()
    saved = None if directions is None else load_directions(directions)
    versions = None
    if collection is None:
        before, after = load_audit(base, store), load_audit(candidate, store)
    else:
        models = load_model(base), load_model(candidate)
        pictures = load_collection(collection, limit=limit, seed=seed)
        versions = Versions(*models, pictures)
        before, after = (_of_model(model, pictures, store, seed, progress) for model in models)
    found = compare_stocktakes(
        before, after, seed=seed, directions=saved, versions=versions, progress=progress
    )
    return replace(found, seconds=round(time.monotonic() - start, 1))


def compare_stocktakes(
    base: Audit,
    candidate: Audit,
    *,
    seed: int = 0,
    settings: ChangeSettings | None = None,
    directions: Mapping[str, Floats] | None = None,
    versions: Versions | None = None,
    pictures: bool = True,
    progress: Progress | None = None,
) -> Compared:
    """Say what became of every dimension, shelf, figure and direction.

    Parameters
    ----------
    base, candidate
        As :func:`tanaoroshi.stocktake` or a store gives them.
    seed
        Of all randomness.
    settings
        Margins and levels.
    directions
        Saved directions of the base by name, float (d,) each, beside those of its shelves.
    versions
        Both models and the collection, where they are at hand: then edits are looked at in the
        pictures, and models that have no codes of the same images are compared through pictures.
    pictures
        Also lay the recorded traversals side by side; a gate needs none.

    Raises
    ------
    InputError
        When a direction has another length than the base's codes.
    """
    start = time.monotonic()
    rng, audits = np.random.default_rng([seed, 7]), (base, candidate)
    common = _common(base, candidate)
    if versions is not None and not isinstance(common, Common):
        common = drawn(audits, versions, rng)
    if isinstance(common, Common):
        _check(directions or {}, common.base.shape[1])
    found = compare(
        base.stocktake,
        candidate.stocktake,
        common,
        settings=settings or ChangeSettings(),
        rng=rng,
        directions=directions,
        progress=progress,
    )
    shown: Mapping[str, Exhibit] = {}
    if versions is not None and isinstance(common, Common):
        there = in_collection(audits, versions.collection)
        # As in a stocktake: many small sums, for which more threads cost more than they bring.
        with threadpool_limits(1, user_api="blas"):
            found, shown = look_at_edits(
                found, base, common, versions, there, directions or {}, rng, progress
            )
        shown = {**shown, **moved_images(found, common, versions, there)}
    found = comparison_findings(summarise_comparison(found))
    if pictures:
        shown = {**side_by_side(found, audits), **shown}
    return Compared(found, shown, round(time.monotonic() - start, 1))


def history_of(
    ids: Sequence[str],
    *,
    store: str,
    seed: int = 0,
    directions: Path | None = None,
    progress: Progress | None = None,
) -> History:
    """Follow dimensions, shelves and saved directions through a chain of versions.

    Parameters
    ----------
    ids
        Of recorded stocktakes, oldest first. None: all that were ever accepted as the baseline, in
        that order.
    store
        Where they are recorded.
    seed
        Of all randomness.
    directions
        File of saved directions of the first version; each step carries on what the one before made
        of them, until they are lost.

    Raises
    ------
    InputError
        When there are fewer than two, or one of them can't be found or read.
    """
    audits = [load_audit(each, store) for each in ids or _accepted(store)]
    if len(audits) < 2:
        raise InputError(
            "A history needs at least two stocktakes, here are {n}. Name their ids, oldest "
            "first; or accept baselines with `tanaoroshi accept`.",
            n=len(audits),
        )
    saved = {} if directions is None else load_directions(directions)
    steps, carried = [], saved
    for base, candidate in pairwise(audits):
        found = compare_stocktakes(
            base, candidate, seed=seed, directions=carried, pictures=False, progress=progress
        ).comparison
        steps.append(found)
        carried = {
            one.name: one.scale * np.asarray(one.migrated)
            for one in found.directions
            if one.name in carried and one.migrated
        }
    return chain(steps, tuple(saved))


def _accepted(store: str) -> list[str]:
    """Return the ids of all baselines, the first accepted first, each once."""
    lines = open_store(store, create=False).baselines()
    return list(dict.fromkeys(line.id for line in reversed(lines)))


def _check(directions: Mapping[str, Floats], d: int) -> None:
    for name, direction in directions.items():
        if direction.shape != (d,) or not np.isfinite(direction).all():
            raise InputError(
                "The direction {name} must be {d} finite numbers, one for each dimension of the "
                "base; it is {got}",
                name=name,
                d=d,
                got=str(direction.shape),
            )


def _common(base: Audit, candidate: Audit) -> Common | Words:
    """Find the images that both have codes of; or say why there are none."""
    if base.codes is None or candidate.codes is None:
        return message("One of the two has no codes of images.")
    x, y = base.codes.astype(np.float64), candidate.codes.astype(np.float64)
    if base.rows is not None and candidate.rows is not None:
        ours, theirs = same_images(base.rows.keys, candidate.rows.keys)
        if not len(ours):
            return message("No image is in both collections.")
        group = candidate.rows.group
        return Common(x[ours], y[theirs], theirs, None if group is None else group[theirs])
    # Recorded by a version that did not say which image is which.
    same = base.stocktake.collection.digest == candidate.stocktake.collection.digest
    if not same or len(x) != len(y):
        return message("It is not known which images both collections hold.")
    return Common(x, y, np.arange(len(y)), None)


def load_audit(id_or_file: str, store: str) -> Audit:
    """Return a stocktake by its id in the store, or from a file that ``stocktake --json`` wrote.

    A stocktake from a file has no codes and no pictures.

    Raises
    ------
    InputError, StoreError
        When there is none, or it is not a stocktake.
    """
    path = Path(id_or_file)
    if exists(path) and path.is_dir():
        raise InputError(
            "{what} is a folder. To compare models, name the collection too: `tanaoroshi compare "
            "BASE CANDIDATE COLLECTION`; recorded stocktakes are named by their id.",
            what=id_or_file,
        )
    if not (exists(path) and path.is_file()) and not _is_path(id_or_file):
        return load_recorded(store, id_or_file)
    content = read_bytes(path, MAX_DOCUMENT_BYTES)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(
            "{file} is not JSON ({reason}). Give the id of a stocktake, or a file that "
            "`tanaoroshi stocktake --json` wrote.",
            file=id_or_file,
            reason=str(error)[:200],
        ) from error
    try:
        return Audit(from_document(document), {}, None)
    except StoreError as error:
        raise InputError("{file}: {reason}", file=id_or_file, reason=error.message) from error


def _is_path(text: str) -> bool:
    return text.endswith(".json") or "/" in text or "\\" in text


def _of_model(
    model: Model, collection: Collection, store: str, seed: int, progress: Progress | None
) -> Audit:
    """Return the recorded stocktake of this model on this collection; take it if there is none."""
    known = _recorded_before(model, collection, store, seed)
    if known is not None:
        return known
    return record_taken(
        model, collection, store=store, settings=Settings(seed=seed), progress=progress
    )


def _recorded_before(model: Model, collection: Collection, store: str, seed: int) -> Audit | None:
    kept = open_store(store)
    wanted = Settings(seed=seed).recorded()
    for row in kept.stocktakes():
        if row.model != model.name or row.collection != collection.name:
            continue
        found = Audit(*kept.load(row.id))
        stocktake = found.stocktake
        if (
            stocktake.model.digest == model.digest
            and stocktake.collection.digest == collection.digest
            and same_settings(stocktake.settings, wanted)
        ):
            return found
    return None
