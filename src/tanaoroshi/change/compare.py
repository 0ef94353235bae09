"""One comparison, from left to right: dimensions, shelves, numbers, directions, words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from tanaoroshi.change.differences import differences
from tanaoroshi.change.directions import migrate
from tanaoroshi.change.matching import match_dimensions, too_few
from tanaoroshi.change.shelves import compare_shelves
from tanaoroshi.change.similarity import similarities
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.comparison import Comparison, Difference, DimensionMatch, Direction
from tanaoroshi.records.estimates import Estimate, Unmeasured
from tanaoroshi.records.words import message
from tanaoroshi.shelves.features import standardise
from tanaoroshi.shelves.moves import line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.change.settings import ChangeSettings
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.records.progress import Progress
    from tanaoroshi.records.stocktake import Stocktake
    from tanaoroshi.records.words import Text, Words


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """The images that base and candidate both have codes of; or pictures that one of them drew.

    Attributes
    ----------
    base, candidate
        float64 (n, d) and (n, e): their codes, row by row.
    rows
        int64 (n,): their rows in the candidate's codes.
    group
        int64 (n,) or ``None``.
    through
        ``pictures``: see :mod:`tanaoroshi.change.pictures`.
    """

    base: Floats
    candidate: Floats
    rows: Ints
    group: Ints | None
    through: Literal["images", "pictures"] = "images"


def compare(
    base: Stocktake,
    candidate: Stocktake,
    common: Common | Words,
    *,
    settings: ChangeSettings,
    rng: np.random.Generator,
    directions: Mapping[str, Floats] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare two stocktakes; the words are made apart (:mod:`tanaoroshi.change.findings`).

    Parameters
    ----------
    base, candidate
        What was recorded of either.
    common
        The images that both have codes of; or why there are none: then nothing is said of
        dimensions, and shelves are compared by the number of their dimension.
    settings
        Margins and levels.
    rng
        Source of chance.
    directions
        Saved directions of the base by name, float (d,) each, beside those of its shelves.
    progress
        Called with (done, total, what).
    """
    labels = {spec.name: spec.label for spec in base.attributes}
    if isinstance(common, Common):
        dimensions = match_dimensions(
            common.base,
            common.candidate,
            base_active=_active(base, common.base),
            candidate_active=_active(candidate, common.candidate),
            group=common.group,
            settings=settings,
            rng=rng,
            progress=progress,
        )
        known: tuple[DimensionMatch, ...] = dimensions
        alike, carried = _as_wholes(base, common, directions or {}, labels, settings, rng)
        images = _moved_most(common, dimensions, settings.moved_images)
        n, through = len(common.rows), common.through
    else:
        reason = Unmeasured(common)
        dimensions = tuple(
            DimensionMatch(d.index, None, "undecided", None, None, reason, reason, reason)
            for d in base.dimensions
        )
        known, alike, carried, images, n = (), {"linear_cka": reason}, (), (), 0
        through = "images"
    shelves = compare_shelves(
        base.shelves,
        candidate.shelves,
        known,
        labels,
        settings,
        spreads=([d.spread for d in base.dimensions], [d.spread for d in candidate.dimensions]),
    )
    metrics, reconstruction = _numbers(base, candidate)
    return Comparison(
        base=base.model,
        candidate=candidate.model,
        base_id=base.id,
        candidate_id=candidate.id,
        collection=candidate.collection,
        n=n,
        settings=asdict(settings),
        attributes=candidate.attributes,
        dimensions=dimensions,
        shelves=shelves,
        subspace=_subspace(known, n, common),
        similarity=alike,
        metrics=metrics,
        reconstruction=reconstruction,
        ties=_ties(base, candidate),
        shares=_shares(base, candidate),
        directions=carried,
        images=images,
        through=through,
        findings=(),
        summary=(),
    )


def _as_wholes(
    base: Stocktake,
    common: Common,
    directions: Mapping[str, Floats],
    labels: Mapping[str, Text],
    settings: ChangeSettings,
    rng: np.random.Generator,
) -> tuple[Mapping[str, Measured], tuple[Direction, ...]]:
    """Compare the codes as wholes, and carry directions over, on images that are enough."""
    few = too_few(len(common.rows), common.group, settings)
    if few is not None:
        return {"linear_cka": few, "procrustes": few}, ()
    codes = common.base, common.candidate, common.group
    saved = {**shelf_directions(base), **directions}
    # As in match_dimensions: many small products.
    with threadpool_limits(1, user_api="blas"):
        alike = similarities(*codes, level=settings.level, rng=rng)
        return alike, migrate(saved, *codes, labels, level=settings.level, rng=rng)


def _active(stocktake: Stocktake, codes: Floats) -> list[bool]:
    """Say which dimensions carry anything: in the stocktake, and in these codes."""
    varies = [bool(spread > 0) for spread in codes.std(axis=0)]
    if not stocktake.dimensions:  # taken without an encoder
        return varies
    return [
        d.state == "active" and moves for d, moves in zip(stocktake.dimensions, varies, strict=True)
    ]


def shelf_directions(stocktake: Stocktake) -> dict[str, Floats]:
    """Return the move along every shelf that has a place: by attribute, unit vectors (d,)."""
    axes = np.eye(len(stocktake.dimensions))
    lines = {shelf.attribute: line_of(shelf) for shelf in stocktake.shelves}
    return {
        name: axes[line[0]] if isinstance(line, tuple) else line
        for name, line in lines.items()
        if line is not None
    }


def _subspace(dimensions: tuple[DimensionMatch, ...], n: int, common: Common | Words) -> Measured:
    """Average what the candidate tells of the base's dimensions that are in use."""
    told = [m.told for m in dimensions if m.base is not None and isinstance(m.told, Estimate)]
    if not told:
        nothing = message("No dimension of the base could be followed.")
        return Unmeasured(nothing if isinstance(common, Common) else common)
    value, low, high = (
        float(np.mean(ends)) for ends in zip(*((t.value, t.low, t.high) for t in told), strict=True)
    )
    method = (
        "mean over the base's dimensions of the held-out share that the candidate's code tells; "
        "interval: mean of theirs, wide rather than narrow"
    )
    return Estimate(value, low, high, 0.0, n, method, told[0].level)


def _moved_most(
    common: Common, dimensions: tuple[DimensionMatch, ...], most: int
) -> tuple[tuple[int, float], ...]:
    """Return the images whose place changed most along the dimensions that were found again."""
    pairs = [m for m in dimensions if m.base is not None and m.candidate is not None]
    if not pairs or common.through != "images":
        return ()
    x = common.base[:, [m.base for m in pairs]]  # type: ignore[index]
    y = common.candidate[:, [m.candidate for m in pairs]]  # type: ignore[index]
    signs = np.array([m.sign or 1 for m in pairs])
    far = np.sqrt(np.mean((standardise(x) - signs * standardise(y)) ** 2, axis=1))
    order = np.argsort(-far, kind="stable")[:most]
    return tuple((int(common.rows[i]), float(far[i])) for i in order)


def _numbers(
    base: Stocktake, candidate: Stocktake
) -> tuple[dict[str, Difference], dict[str, Difference]]:
    """Compare metrics and errors of reconstruction: one family, since all are the model's."""

    def together(stocktake: Stocktake) -> dict[tuple[str, str], Measured]:
        tables = {"metric": stocktake.metrics, "reconstruction": stocktake.reconstruction}
        return {(kind, name): x for kind, table in tables.items() for name, x in table.items()}

    found = differences(together(base), together(candidate))
    metrics, reconstruction = (
        {name: one for (kind, name), one in found.items() if kind == wanted}
        for wanted in ("metric", "reconstruction")
    )
    return metrics, reconstruction


def _shares(base: Stocktake, candidate: Stocktake) -> dict[tuple[str, str], Difference]:
    """Compare the shares of values in the two collections, by attribute and value.

    A value that one of them has never seen has the share 0 there; where both are the same images,
    so are the shares.
    """
    if base.collection.digest == candidate.collection.digest:
        return {}
    before, after = (
        {
            (name, value): share
            for name, values in one.archive.shares.items()
            for value, share in values.items()
        }
        for one in (base, candidate)
    )
    return differences(before, after)


def _ties(base: Stocktake, candidate: Stocktake) -> dict[tuple[str, str], Difference]:
    """Compare the ties of the two collections, by pair of attributes."""
    before = {(t.a, t.b): t.estimate for t in base.archive.ties}
    after = {(t.a, t.b): t.estimate for t in candidate.archive.ties}
    return differences(before, after)
