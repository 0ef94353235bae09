"""Each verb of the user, from left to right: load, encode, measure, judge, record, report."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from tanaoroshi import __version__
from tanaoroshi.archive import take_archive
from tanaoroshi.archive.findings import archive_findings
from tanaoroshi.audit.dimensions import dimension_states
from tanaoroshi.audit.exhibits import examples, side_by_side, to_bytes
from tanaoroshi.audit.findings import stocktake_findings
from tanaoroshi.audit.reconstruction import image_errors, mean_errors
from tanaoroshi.audit.summary import summarise
from tanaoroshi.engine import decode_codes, encode, prior_codes, read_pictures, row_labels
from tanaoroshi.errors import InputError
from tanaoroshi.metrics import QUICK, Convention, MetricSet, kl_per_dimension, measure
from tanaoroshi.models import ImageSpec, load_model
from tanaoroshi.readers import FittedReader, fit_readers
from tanaoroshi.records.codes import ImageRows
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.kept import Errors, Kept
from tanaoroshi.records.stocktake import CollectionRef, Exhibit, ModelRef, Shelf, Stocktake
from tanaoroshi.records.words import Message, message
from tanaoroshi.shelves import ShelfSettings
from tanaoroshi.shelves.control import ControlSettings, measure_control
from tanaoroshi.shelves.judge import search
from tanaoroshi.shelves.moves import dimension_frames, traversal_frames
from tanaoroshi.sources import load_codes, load_collection
from tanaoroshi.sources.pictures import picture_shape
from tanaoroshi.sources.saving import save_codes
from tanaoroshi.store import open_store
from tanaoroshi.train import METHODS, Recipe, read_recipe, rows_of, train

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tanaoroshi.models import Model
    from tanaoroshi.records.archived import ArchiveAudit
    from tanaoroshi.records.attributes import Attribute, Attributes
    from tanaoroshi.records.codes import Codes
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.stocktake import Dimension
    from tanaoroshi.records.words import Lang
    from tanaoroshi.shelves.moves import Decode
    from tanaoroshi.sources import Collection
    from tanaoroshi.store import Row, Store

PICTURES_AT_MOST = 4_000
"""Readers, reconstructions and examples need pictures in memory; so many, drawn at random, give a
reader whose skill is known to some percent."""
PICTURE_BYTES_AT_MOST = 256 * 2**20
DIMENSIONS_SHOWN = 64
SAMPLES = 24


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that changes the outcome of a stocktake, beside its inputs; recorded with it."""

    seed: int = 0
    pictures: int = PICTURES_AT_MOST
    shelves: ShelfSettings = field(default_factory=ShelfSettings)
    control: ControlSettings = field(default_factory=ControlSettings)

    def recorded(self) -> dict[str, object]:
        """Return what is recorded of them: all, and the version that understands them."""
        return asdict(self) | {"version": __version__}


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """A stocktake with its pictures, codes (float32 (n, d)) and which images these belong to.

    A notebook shows it as a page. ``kept`` is what a later one can go on from.
    """

    stocktake: Stocktake
    exhibits: Mapping[str, Exhibit]
    codes: NDArray[np.float32] | None
    rows: ImageRows | None = None
    kept: Kept | None = None

    def _repr_html_(self) -> str:
        from tanaoroshi.views.notebook import stocktake_html  # only notebooks need it

        return stocktake_html(self.stocktake, self.exhibits)


def take(
    model: Model,
    collection: Collection,
    *,
    settings: Settings | None = None,
    resume: Path | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Audit one model on one collection.

    Parameters
    ----------
    model, collection
        As :func:`tanaoroshi.load_model` and :func:`tanaoroshi.load_collection` give them.
    settings
        Seed, thresholds and sizes.
    resume
        A folder where codes are kept while they are made, so that a killed run goes on from there.
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
    return audit_codes(model, collection, codes, settings, progress)


def audit_codes(
    model: Model,
    collection: Collection,
    codes: Codes,
    settings: Settings,
    progress: Progress | None = None,
) -> Audit:
    """Audit the codes that a model gave of a collection; see :func:`take`."""
    attributes = collection.attributes.take(codes.rows)
    latent = codes.mean.astype(np.float64)
    logvar = None if codes.logvar is None else codes.logvar.astype(np.float64)
    # Two things that don't need one another, side by side. Their sums are small: threads inside of
    # the linear algebra would cost more than they bring.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(1) as beside:
        looking = beside.submit(look, model, collection, codes, attributes, settings, None)
        searched = search(
            latent,
            attributes,
            settings=settings.shelves,
            rng=stream(settings, 1),
            progress=progress,
        )
        measured = measure(
            latent,
            attributes,
            logvar=logvar,
            only=QUICK,
            rng=stream(settings, 2),
            progress=progress,
        )
        archive = take_archive(attributes, rng=stream(settings, 5), progress=progress)
        seen = looking.result()
        dimensions = states(model, codes, attributes)
        shelves, traversals = _move(
            model, codes, searched.shelves, dimensions, seen, attributes, settings, progress
        )
    stocktake = Stocktake(
        model=model_ref(model),
        collection=CollectionRef(collection.name, len(codes.rows), collection.digest),
        settings=settings.recorded(),
        attributes=attributes.specs,
        dimensions=dimensions,
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
    return Audit(
        judged(stocktake),
        {**seen.exhibits, **traversals, **_dreams(model, settings)},
        codes.mean,
        ImageRows(codes.keys, attributes.group),
        Kept(row_labels(attributes), codes.logvar, searched.losses, seen.errors),
    )


def judged(stocktake: Stocktake) -> Stocktake:
    """Judge what was measured, and say the most important first."""
    findings = stocktake_findings(stocktake)
    findings += archive_findings(stocktake.archive, stocktake.attributes)
    return replace(stocktake, findings=findings, summary=summarise(stocktake))


def model_ref(model: Model) -> ModelRef:
    """Say which model it is."""
    return ModelRef(model.name, model.version, model.digest, model.description)


def states(model: Model, codes: Codes, attributes: Attributes) -> tuple[Dimension, ...]:
    """Say of every dimension whether it is in use."""
    standard = model.latent.prior == "standard_normal"
    return dimension_states(codes.mean, _kl(codes, attributes), standard_prior=standard)


def _kl(codes: Codes, attributes: Attributes) -> tuple[float, ...] | None:
    """Return the mean KL of each dimension, in nats, where the encoder gives variances."""
    if codes.logvar is None:
        return None
    measured = kl_per_dimension(codes.mean, codes.logvar, group=attributes.group)
    values = tuple(m.value for m in measured if isinstance(m, Estimate))
    return values if len(values) == len(measured) else None


def stream(settings: Settings, stage: int) -> np.random.Generator:
    """Give each stage its own stream, so that one stage's draws never shift another's."""
    return np.random.default_rng([settings.seed, stage])


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the pictures themselves say."""

    readers: Mapping[str, FittedReader]
    reconstruction: Mapping[str, Measured]
    errors: Errors | None
    exhibits: Mapping[str, Exhibit]


def look(
    model: Model,
    collection: Collection,
    codes: Codes,
    attributes: Attributes,
    settings: Settings,
    progress: Progress | None,
) -> Seen:
    """Fit readers on the collection's pictures; see what the model gives back of them."""
    rng = stream(settings, 3)
    rows = np.sort(rng.permutation(len(codes.rows))[: pictures_at_most(model, settings)])
    pictures = read_pictures(model.image, collection, codes.rows[rows], progress=progress)
    known = attributes.take(rows)
    exhibits = dict(examples(pictures.__getitem__, known, rng=rng))
    reconstruction: Mapping[str, Measured] = {}
    made = errors = None
    if model.decoder is not None:
        made = to_bytes(decode_codes(model, codes.mean[rows], progress=progress))
        exhibits |= side_by_side(pictures, made, rng=rng)
        each = image_errors(pictures.astype(np.float32) / 255, made.astype(np.float32) / 255)
        reconstruction = mean_errors(each, known.group)
        errors = Errors(rows, each.astype(np.float32))
    readers = fit_readers(pictures, known, reconstructions=made, rng=rng, progress=progress)
    return Seen(readers, reconstruction, errors, exhibits)


def pictures_at_most(model: Model, settings: Settings) -> int:
    """Return how many pictures are held in memory."""
    each = model.image.height * model.image.width * model.image.channels
    return min(settings.pictures, max(PICTURE_BYTES_AT_MOST // each, 1))


def _move(
    model: Model,
    codes: Codes,
    shelves: tuple[Shelf, ...],
    dimensions: tuple[Dimension, ...],
    seen: Seen,
    attributes: Attributes,
    settings: Settings,
    progress: Progress | None,
) -> tuple[tuple[Shelf, ...], Mapping[str, Exhibit]]:
    """Move every shelf, look at the pictures, and keep some of them."""
    if model.decoder is None:
        reason = Unmeasured(
            message("The model has no decoder: nothing can be moved and looked at.")
        )
        return tuple(replace(shelf, control=reason) for shelf in shelves), {}
    rng = stream(settings, 4)
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
    frames = pictures_along(
        model.decoder, moved, shown(dimensions), latent, attributes, settings=settings
    )
    return moved, frames


def pictures_along(
    decode: Decode,
    shelves: Sequence[Shelf],
    dimensions: Sequence[int],
    latent: NDArray[np.float64],
    attributes: Attributes,
    *,
    settings: Settings,
) -> dict[str, Exhibit]:
    """Return the pictures along shelves and dimensions.

    From the same pictures for every model, so that versions can be laid side by side.
    """
    return {
        **traversal_frames(
            shelves, latent, decode, attributes, settings=settings.control, rng=stream(settings, 8)
        ),
        **dimension_frames(
            dimensions,
            latent,
            decode,
            attributes,
            settings=settings.control,
            rng=stream(settings, 8),
        ),
    }


def shown(dimensions: tuple[Dimension, ...]) -> list[int]:
    """Return the dimensions whose pictures are kept."""
    return [d.index for d in dimensions if d.state == "active"][:DIMENSIONS_SHOWN]


def _without_encoder(model: Model, collection: Collection, settings: Settings) -> Audit:
    """Take stock of what can be seen without an encoder: the collection, and what is made."""
    reason = Unmeasured(message("The model has no encoder: it gives no codes of pictures."))
    archive = take_archive(collection.attributes, rng=stream(settings, 5))
    stocktake = Stocktake(
        model=model_ref(model),
        collection=CollectionRef(collection.name, len(collection), collection.digest),
        settings=settings.recorded(),
        attributes=collection.attributes.specs,
        dimensions=(),
        shelves=tuple(
            _unmeasured_shelf(spec, reason)
            for spec in collection.attributes.specs
            if spec.kind != "text"
        ),
        metrics=dict.fromkeys(QUICK, reason),
        metrics_per_attribute={},
        reconstruction={"mse": reason},
        archive=archive,
        readers=(),
        findings=(),
        summary=(),
        left_out=(*collection.left_out, *collection.notes),
    )
    return Audit(judged(stocktake), _dreams(model, settings), None)


def _unmeasured_shelf(spec: Attribute, reason: Unmeasured) -> Shelf:
    return Shelf(
        attribute=spec.name,
        status="undecided",
        dimension=None,
        direction=None,
        dimensions=(),
        score=reason,
        evidence={},
        association=(),
        others=(),
        p_adjusted=None,
        n_needed=None,
        text=message(
            "{attribute}: undecided. {reason}", attribute=spec.label, reason=reason.reason
        ),
        control=reason,
    )


def _dreams(model: Model, settings: Settings) -> Mapping[str, Exhibit]:
    """Return pictures of codes drawn from the prior, where the model has one we can draw from."""
    codes = prior_codes(model, SAMPLES, stream(settings, 6))
    if model.decoder is None or codes is None:
        return {}
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
    pictures = load_collection(collection, limit=limit, seed=seed)
    return record_taken(
        load_model(model), pictures, store=store, settings=Settings(seed=seed), progress=progress
    )


def record_taken(
    model: Model,
    collection: Collection,
    *,
    store: str,
    settings: Settings,
    progress: Progress | None = None,
) -> Audit:
    """Audit and record what is loaded already; see :func:`take`."""
    kept = open_store(store)
    start = time.monotonic()
    with unfinished(store) as folder:
        audited = take(model, collection, settings=settings, resume=folder, progress=progress)
    return record(kept, audited, time.monotonic() - start)


def record(store: Store, audited: Audit, seconds: float) -> Audit:
    """Record an audit that took so long; return it with its id."""
    stocktake = store.record(
        audited.stocktake,
        audited.exhibits,
        audited.codes,
        audited.rows,
        kept=audited.kept,
        seconds=round(seconds, 1),
    )
    return replace(audited, stocktake=stocktake)


@contextmanager
def unfinished(store: str) -> Iterator[Path | None]:
    """Give the folder of unfinished work in a store; what is finished is swept away."""
    if "://" in store:
        yield None
        return
    folder = Path(store) / "unfinished"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def load_recorded(store: str, id_or_prefix: str) -> Audit:
    """Bring a recorded stocktake back, without what it keeps for re-evaluations."""
    return Audit(*open_store(store, create=False).load(id_or_prefix))


def same_settings(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Say whether two recorded settings are the same; so are a tuple and a list of the same."""
    return _as_text(one) == _as_text(other)


def _as_text(settings: Mapping[str, object]) -> str:
    return json.dumps(settings, sort_keys=True, default=str)


def recorded(store: str) -> tuple[Row, ...]:
    """List what is recorded, newest first."""
    return open_store(store, create=False).stocktakes()


def report(
    audited: Audit,
    out: Path,
    *,
    lang: Lang = "en",
    single_file: bool = False,
    archive: tuple[ArchiveAudit, Mapping[str, Exhibit]] | None = None,
) -> Path:
    """Write the report of a stocktake, with the archive's page if there is one; return its page."""
    from tanaoroshi.report import write_report  # templates are a third of a second to import

    return write_report(
        audited.stocktake,
        audited.exhibits,
        out,
        lang=lang,
        single_file=single_file,
        archive=archive,
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
    n, d = codes.mean.shape
    return Encoded(out, n, d, left_out)


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
    others: Sequence[str] = (),
    only: tuple[str, ...] | None = None,
    convention: Convention = "paper",
    seed: int = 0,
    progress: Progress | None = None,
) -> MeasuredFile:
    """Measure the disentanglement of stored codes; ``others``: of other trainings, for ``udr``."""
    stored = load_codes(where)
    trainings = [load_codes(other) for other in others]
    for other, training in zip(others, trainings, strict=True):
        if len(training.codes) != len(stored.codes):
            raise InputError(
                "{other} has {m} rows, {file} has {n}: both must hold codes of the same images",
                other=other,
                m=len(training.codes),
                file=where,
                n=len(stored.codes),
            )
    measured = measure(
        stored.codes,
        stored.attributes,
        logvar=stored.logvar,
        others=[training.codes for training in trainings],
        only=only,
        convention=convention,
        rng=np.random.default_rng([seed, 2]),
        progress=progress,
    )
    n, d = stored.codes.shape
    return MeasuredFile(measured, n, d, stored.attributes.names)


def train_model(
    collection: str,
    out: Path,
    *,
    method: str | None = None,
    recipe: Path | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Path:
    """Train a model on a collection; see :func:`tanaoroshi.train.train`."""
    plan = read_recipe(recipe) if recipe is not None else Recipe(name=out.name)
    if method is not None:
        known = next((name for name in METHODS if name == method), None)
        if known is None:
            raise InputError(
                "--method is {got}; it can be one of {methods}.", got=method, methods=METHODS
            )
        plan = replace(plan, method=known)
    pictures = load_collection(collection)
    columns = _natural_columns(pictures.attributes)
    rows = np.flatnonzero(rows_of(plan, columns))
    if not len(rows):
        raise InputError(
            "No image of {collection} is left by the recipe's rows.", collection=collection
        )
    image = _image_of(pictures)
    return train(
        read_pictures(image, pictures, rows, progress=progress),
        {name: column[rows] for name, column in columns.items()},
        plan,
        out,
        seed=seed,
        progress=None if progress is None else lambda done, n: progress(done, n, "epochs"),
    )


def _image_of(collection: Collection) -> ImageSpec:
    """Take size and channels from the first picture that can be read."""
    for row in range(len(collection)):
        shape = picture_shape(collection.images.read(np.array([row]))[0])
        if shape is not None:
            return ImageSpec(*shape)
    raise InputError(
        "None of the pictures of {collection} can be read.", collection=collection.name
    )


def _natural_columns(attributes: Attributes) -> dict[str, NDArray[np.float64]]:
    """Return the attributes that are numbers, in units of the collection; NaN where missing."""
    columns: dict[str, NDArray[np.float64]] = {}
    for spec, column in zip(attributes.specs, attributes.values.T, strict=True):
        if spec.kind == "continuous":
            columns[spec.name] = column
        elif spec.kind == "circular":
            columns[spec.name] = column * ((spec.period or 2 * np.pi) / (2 * np.pi))
        elif spec.kind == "ordinal":
            try:
                levels = np.array([float(value) for value in spec.values])
            except ValueError:  # an order of words has no numbers
                continue
            known = np.isfinite(column)
            columns[spec.name] = np.full(len(column), np.nan)
            columns[spec.name][known] = levels[column[known].astype(np.int64)]
    return columns
