"""Each verb of the user, from left to right: load, encode, measure, judge, record, report."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.archive import take_archive
from tanaoroshi.archive.findings import archive_findings
from tanaoroshi.audit.dimensions import dimension_states
from tanaoroshi.audit.exhibits import examples, side_by_side, to_bytes
from tanaoroshi.audit.findings import stocktake_findings
from tanaoroshi.audit.reconstruction import reconstruction_error
from tanaoroshi.audit.summary import contrast, summarise
from tanaoroshi.engine import decode_codes, encode, read_pictures
from tanaoroshi.metrics import measure
from tanaoroshi.models import load_model
from tanaoroshi.readers import fit_readers
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.stocktake import CollectionRef, ModelRef, Stocktake
from tanaoroshi.records.words import message
from tanaoroshi.report import write_report
from tanaoroshi.shelves import ShelfSettings, find_shelves, unmeasured_shelves
from tanaoroshi.shelves.control import (
    ControlSettings,
    dimension_frames,
    measure_control,
    traversal_frames,
)
from tanaoroshi.sources import load_codes, load_collection, save_codes
from tanaoroshi.store import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from tanaoroshi.metrics import MetricSet
    from tanaoroshi.models import Model
    from tanaoroshi.readers import FittedReader
    from tanaoroshi.records.attributes import Attributes
    from tanaoroshi.records.codes import Codes
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.stocktake import Exhibit, Pictures, Shelf
    from tanaoroshi.records.words import Lang, Message
    from tanaoroshi.sources import Collection
    from tanaoroshi.store import Row

PICTURES_AT_MOST = 4_000
"""Readers, reconstructions and examples need pictures in memory; so many, drawn at random, give a
reader whose skill is known to some percent."""
PICTURE_BYTES_AT_MOST = 256 * 2**20
DEMO_MODELS = ("emoji-v2", "emoji-plain")
DEMO_COLLECTION = "emoji"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that changes the outcome of a stocktake, beside its inputs; recorded with it."""

    seed: int = 0
    pictures: int = PICTURES_AT_MOST
    shelves: ShelfSettings = field(default_factory=ShelfSettings)
    control: ControlSettings = field(default_factory=ControlSettings)


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """A stocktake with its pictures and codes (float32 (n, d)); a notebook shows it as a page."""

    stocktake: Stocktake
    exhibits: Mapping[str, Exhibit]
    codes: NDArray[np.float32] | None

    def _repr_html_(self) -> str:
        from tanaoroshi.views.notebook import stocktake_html  # only notebooks need it

        return stocktake_html(self.stocktake, self.exhibits)


def take(
    model: Model,
    collection: Collection,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Audit one model on one collection.

    Parameters
    ----------
    model, collection
        As :func:`tanaoroshi.load_model` and :func:`tanaoroshi.load_collection` give them.
    settings
        Seed, thresholds and sizes.
    progress
        Called with (done, total, what).

    Returns
    -------
    Audit
        Not recorded yet: see :func:`record`.

    Raises
    ------
    InputError
        When model and collection don't fit together, or no picture can be used.
    """
    settings = settings or Settings()
    if model.encoder is None:
        return _without_encoder(model, collection, settings)
    codes = encode(model, collection, progress=progress, resume=resume)
    attributes = collection.attributes.take(codes.rows)
    latent = codes.mean.astype(np.float64)
    shelves = find_shelves(
        latent, attributes, settings=settings.shelves, rng=_rng(settings, 1), progress=progress
    )
    measured = measure(
        latent, attributes, logvar=codes.logvar, rng=_rng(settings, 2), progress=progress
    )
    seen = _look(model, collection, codes, attributes, settings, progress)
    shelves, traversals = _move(model, codes, shelves, seen, attributes, settings, progress)
    archive = take_archive(attributes, rng=_rng(settings, 5), progress=progress)
    kl = _kl(measured)
    stocktake = Stocktake(
        model=_model_ref(model),
        collection=CollectionRef(collection.name, len(codes.rows), collection.digest),
        settings=asdict(settings) | {"version": __version__},
        attributes=attributes.specs,
        dimensions=dimension_states(
            codes.mean, kl, standard_prior=model.latent.prior == "standard_normal"
        ),
        shelves=shelves,
        metrics=measured.metrics,
        metrics_per_attribute=measured.per_attribute,
        reconstruction=seen.reconstruction,
        archive=archive,
        readers=tuple(reader.spec for reader in seen.readers.values()),
        findings=(),
        summary=(),
        left_out=(*collection.left_out, *codes.left_out, *collection.notes, *codes.notes),
    )
    return Audit(_say(stocktake), {**seen.exhibits, **traversals}, codes.mean)


def _say(stocktake: Stocktake) -> Stocktake:
    """Judge what was measured, and say the most important first."""
    findings = stocktake_findings(stocktake)
    findings += archive_findings(stocktake.archive, stocktake.attributes)
    return replace(stocktake, findings=findings, summary=summarise(stocktake))


def _model_ref(model: Model) -> ModelRef:
    return ModelRef(model.name, model.version, model.digest, model.description)


def _kl(measured: MetricSet) -> tuple[float, ...] | None:
    """Take the KL of each dimension out of the metrics, where the model gives it."""
    return None


def _rng(settings: Settings, stage: int) -> np.random.Generator:
    """Give each stage its own stream, so that one stage's draws never shift another's."""
    return np.random.default_rng([settings.seed, stage])


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What the pictures themselves say."""

    readers: Mapping[str, FittedReader]
    reconstruction: Mapping[str, Measured]
    exhibits: Mapping[str, Exhibit]


def _look(
    model: Model,
    collection: Collection,
    codes: Codes,
    attributes: Attributes,
    settings: Settings,
    progress: Progress | None,
) -> _Seen:
    """Fit readers on the collection's pictures; see what the model gives back of them."""
    rng = _rng(settings, 3)
    each = model.image.height * model.image.width * model.image.channels
    most = min(settings.pictures, max(PICTURE_BYTES_AT_MOST // each, 1))
    rows = np.sort(rng.permutation(len(codes.rows))[:most])
    pictures = read_pictures(model, collection, codes.rows[rows], progress=progress)
    known = attributes.take(rows)
    exhibits = dict(examples(pictures, known, rng=rng))
    reconstruction: Mapping[str, Measured] = {}
    made = None
    if model.decoder is not None:
        made = to_bytes(decode_codes(model, codes.mean[rows], progress=progress))
        exhibits |= side_by_side(pictures, made, rng=rng)
        reconstruction = reconstruction_error(pictures, made, known.group)
    readers = fit_readers(pictures, known, reconstructions=made, rng=rng, progress=progress)
    return _Seen(readers, reconstruction, exhibits)


def _move(
    model: Model,
    codes: Codes,
    shelves: tuple[Shelf, ...],
    seen: _Seen,
    attributes: Attributes,
    settings: Settings,
    progress: Progress | None,
) -> tuple[tuple[Shelf, ...], Mapping[str, Exhibit]]:
    """Move every shelf, look at the pictures, and keep some of them."""
    if model.decoder is None:
        reason = Unmeasured(message("The model has no decoder: nothing can be moved and looked at."))
        return tuple(replace(shelf, control=reason) for shelf in shelves), {}
    rng = _rng(settings, 4)
    latent = codes.mean.astype(np.float64)
    moved = measure_control(
        shelves,
        latent,
        model.decoder,
        seen.readers,
        attributes,
        settings=settings.control,
        rng=rng,
        progress=progress,
    )
    frames: dict[str, Exhibit] = {}
    return moved, frames


def _without_encoder(model: Model, collection: Collection, settings: Settings) -> Audit:
    """Take stock of what can be seen without an encoder: the collection, and what is made."""
    reason = Unmeasured(message("The model has no encoder: it gives no codes of pictures."))
    archive = take_archive(collection.attributes, rng=_rng(settings, 5))
    stocktake = Stocktake(
        model=_model_ref(model),
        collection=CollectionRef(collection.name, len(collection), collection.digest),
        settings=asdict(settings) | {"version": __version__},
        attributes=collection.attributes.specs,
        dimensions=(),
        shelves=unmeasured_shelves(collection.attributes.specs, reason),
        metrics=dict.fromkeys(METRICS, reason),
        metrics_per_attribute={},
        reconstruction={"mse": reason},
        archive=archive,
        readers=(),
        findings=(),
        summary=(),
        left_out=(*collection.left_out, *collection.notes),
    )
    return Audit(_say(stocktake), _dreams(model, settings), None)


def _dreams(model: Model, settings: Settings) -> Mapping[str, Exhibit]:
    """Return pictures of codes drawn from the prior, where the model has one we can draw from."""
    if model.decoder is None or model.latent.prior == "none":
        return {}
    rng = _rng(settings, 6)
    shape = (SAMPLES, model.latent.size)
    codes = rng.normal(size=shape) if model.latent.prior == "standard_normal" else rng.random(shape)
    return {"samples": Exhibit(to_bytes(decode_codes(model, codes)), columns=SAMPLES // 2)}


def take_and_record(
    model: str,
    collection: str,
    *,
    store: str,
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Load, audit and record; see :func:`take`."""
    audit_model = load_model(model)
    pictures = load_collection(collection, limit=limit, seed=seed)
    kept = open_store(store)
    audited = take(
        audit_model, pictures, settings=Settings(seed=seed), progress=progress,
        resume=_unfinished(store),
    )
    return replace(
        audited, stocktake=kept.record(audited.stocktake, audited.exhibits, audited.codes)
    )


def load_recorded(store: str, id_or_prefix: str) -> Audit:
    """Bring a recorded stocktake back."""
    return Audit(*open_store(store, create=False).load(id_or_prefix))


def recorded(store: str) -> tuple[Row, ...]:
    """List what is recorded, newest first."""
    return open_store(store, create=False).stocktakes()


def report(
    audited: Audit, out: Path, *, lang: Lang = "en", single_file: bool = False
) -> Path:
    """Write the report of a stocktake; return its first page."""
    return write_report(
        audited.stocktake, audited.exhibits, out, lang=lang, single_file=single_file
    )


@dataclass(frozen=True, slots=True)
class Encoded:
    """What :func:`encode_to_file` wrote."""

    file: Path
    n: int
    dimensions: int
    left_out: tuple[Message, ...]


def encode_to_file(
    model: str,
    collection: str,
    out: Path,
    *,
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Encoded:
    """Write codes and attributes as an ``.npz`` that :func:`measure_file` reads."""
    pictures = load_collection(collection, limit=limit, seed=seed)
    codes = encode(load_model(model), pictures, progress=progress)
    save_codes(out, codes.mean, pictures.attributes.take(codes.rows), logvar=codes.logvar)
    left_out = (*pictures.left_out, *codes.left_out)
    return Encoded(out, *codes.mean.shape, left_out)


@dataclass(frozen=True, slots=True)
class MeasuredFile:
    """The metrics of a file of codes."""

    metrics: MetricSet
    n: int
    dimensions: int
    names: tuple[str, ...]


def measure_file(
    where: str,
    *,
    only: tuple[str, ...] | None = None,
    convention: Literal["paper", "disentanglement_lib"] = "paper",
    seed: int = 0,
    progress: Progress | None = None,
) -> MeasuredFile:
    """Measure the disentanglement of stored codes."""
    stored = load_codes(where)
    measured = measure(
        stored.codes,
        stored.attributes,
        logvar=stored.logvar,
        only=only,
        convention=convention,
        rng=np.random.default_rng([seed, 2]),
        progress=progress,
    )
    return MeasuredFile(measured, *stored.codes.shape, stored.attributes.names)


@dataclass(frozen=True, slots=True, eq=False)
class Demo:
    """The shipped models on the shipped collection."""

    audits: tuple[Audit, ...]
    pages: tuple[Path, ...]
    contrast: Message
    seconds: float


def demo(
    out: Path,
    *,
    store: str,
    seed: int = 0,
    lang: Lang = "en",
    progress: Progress | None = None,
) -> Demo:
    """Take stock of the shipped models, main and contrast, and write a report of each."""
    start = time.monotonic()
    audits = tuple(
        take_and_record(name, DEMO_COLLECTION, store=store, seed=seed, progress=progress)
        for name in DEMO_MODELS
    )
    pages = tuple(
        report(audited, out / name, lang=lang)
        for name, audited in zip(DEMO_MODELS, audits, strict=True)
    )
    sentence = contrast(audits[0].stocktake, audits[1].stocktake)
    return Demo(audits, pages, sentence, round(time.monotonic() - start, 1))
