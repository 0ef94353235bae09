"""Two versions of a model: from stocktakes, models or files of codes to a comparison."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.change import ChangeSettings, Common, compare
from tanaoroshi.engine import same_images
from tanaoroshi.errors import InputError
from tanaoroshi.models import load_model
from tanaoroshi.records.comparison import Comparison
from tanaoroshi.records.words import message
from tanaoroshi.sources import load_collection
from tanaoroshi.store import open_store
from tanaoroshi.store.documents import from_document
from tanaoroshi.workflows import Audit, Settings, load_recorded, take_and_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.attributes import Floats
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.words import Words

DOCUMENT_AT_MOST = 256 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A comparison with what it compared; ``seconds`` is what it cost."""

    comparison: Comparison
    base: Audit
    candidate: Audit
    seconds: float


def compare_named(
    base: str,
    candidate: str,
    collection: str | None = None,
    *,
    store: str,
    seed: int = 0,
    limit: int | None = None,
    directions: Mapping[str, Floats] | None = None,
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
        Saved directions of the base by name, float (d,) each.

    Raises
    ------
    InputError
        When one of them can't be found or read.
    """
    start = time.monotonic()
    if collection is None:
        before, after = find_stocktake(base, store), find_stocktake(candidate, store)
    else:
        before, after = (
            _of_model(name, collection, store, seed, limit, progress) for name in (base, candidate)
        )
    found = compare_stocktakes(before, after, seed=seed, directions=directions, progress=progress)
    return Compared(found, before, after, round(time.monotonic() - start, 1))


def compare_stocktakes(
    base: Audit,
    candidate: Audit,
    *,
    seed: int = 0,
    settings: ChangeSettings | None = None,
    directions: Mapping[str, Floats] | None = None,
    progress: Progress | None = None,
) -> Comparison:
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

    Raises
    ------
    InputError
        When a direction has another length than the base's codes.
    """
    d = len(base.stocktake.dimensions)
    for name, direction in (directions or {}).items():
        if direction.shape != (d,) or not np.isfinite(direction).all():
            raise InputError(
                "The direction {name} must be {d} finite numbers, one for each dimension of the "
                "base; it is {got}",
                name=name,
                d=d,
                got=str(direction.shape),
            )
    return compare(
        base.stocktake,
        candidate.stocktake,
        _common(base, candidate),
        settings=settings or ChangeSettings(),
        rng=np.random.default_rng([seed, 7]),
        directions=directions,
        progress=progress,
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


def find_stocktake(what: str, store: str) -> Audit:
    """Bring back a stocktake by its id in the store, or from a file that ``--json`` wrote.

    Raises
    ------
    InputError
        When there is none, or the file is something else.
    """
    path = Path(what)
    if path.suffix == ".json" or path.is_file():
        return _from_file(path)
    if path.is_dir():
        raise InputError(
            "{what} is a folder. To compare models, also name the collection: `tanaoroshi compare "
            "BASE CANDIDATE COLLECTION`; recorded stocktakes are named by their id.",
            what=what,
        )
    return load_recorded(store, what)


def _from_file(path: Path) -> Audit:
    try:
        if path.stat().st_size > DOCUMENT_AT_MOST:
            raise InputError(
                "{file} is larger than any stocktake's document. Name the file that "
                "`tanaoroshi stocktake --json` wrote.",
                file=str(path),
            )
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            "{file} can't be read: {reason}", file=str(path), reason=error.strerror or "?"
        ) from error
    except ValueError as error:
        raise InputError(
            "{file} is not JSON. Name the file that `tanaoroshi stocktake --json` wrote, or the id "
            "of a recorded stocktake.",
            file=str(path),
        ) from error
    return Audit(from_document(document), {}, None)


def _of_model(
    name: str,
    collection: str,
    store: str,
    seed: int,
    limit: int | None,
    progress: Progress | None,
) -> Audit:
    """Return the recorded stocktake of this model on this collection; take it if there is none."""
    known = _recorded_before(name, collection, store, seed, limit)
    if known is not None:
        return known
    return take_and_record(name, collection, store=store, seed=seed, limit=limit, progress=progress)


def _recorded_before(
    name: str, collection: str, store: str, seed: int, limit: int | None
) -> Audit | None:
    model = load_model(name)
    pictures = load_collection(collection, limit=limit, seed=seed)
    kept = open_store(store)
    wanted = Settings(seed=seed).recorded()
    for row in kept.stocktakes():
        if row.model != model.name or row.collection != pictures.name:
            continue
        found = Audit(*kept.load(row.id))
        stocktake = found.stocktake
        if (
            stocktake.model.digest == model.digest
            and stocktake.collection.digest == pictures.digest
            and _plain(stocktake.settings) == _plain(wanted)
        ):
            return found
    return None


def _plain(settings: Mapping[str, object]) -> str:
    """Return settings as text; a tuple and a list of the same are the same."""
    return json.dumps(settings, sort_keys=True, default=str)
