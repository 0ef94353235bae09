"""A comparison as one page model: what moved, what broke, what can be carried over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tanaoroshi.change.differences import is_changed
from tanaoroshi.change.shelves import runs_backwards
from tanaoroshi.metrics import METRICS
from tanaoroshi.records.comparison import (
    ShelfChange,
)
from tanaoroshi.records.stocktake import Control
from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.views.attribute_views import metric_name, place
from tanaoroshi.views.figures import Figure, common_scale, figure, number
from tanaoroshi.views.flow import Flow, flow
from tanaoroshi.views.report_page import FindingView, Setting, finding_views, setting_rows
from tanaoroshi.views.sliders import Sheet, Slider, sheet, slider
from tanaoroshi.views.vocabulary import (
    DIRECTION_CHANGE,
    GLOSSARY,
    RECONSTRUCTION,
    SHELF_CHANGE,
    SIMILARITY,
    STATUS,
    StatusWord,
    Term,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.comparison import (
        Comparison,
        Difference,
        Direction,
        ShelfMove,
    )
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.records.stocktake import Exhibit, ModelRef, Shelf

# In the order in which people want to see them: what needs somebody first.
SHELF_ORDER: tuple[ShelfChange, ...] = (
    "broken",
    "weaker",
    "moved",
    "undecided",
    "gained",
    "kept",
    "never",
)


@dataclass(frozen=True, slots=True)
class Version:
    """One of the two."""

    name: str
    version: str
    id: str
    digest: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The same traversal in both versions, moved by one slider; either may be missing."""

    before: Slider | None
    after: Slider | None

    @property
    def together(self) -> bool:
        """Whether both have as many steps, so that one slider moves both."""
        return (
            self.before is not None
            and self.after is not None
            and self.before.sheet.columns == self.after.sheet.columns
        )


@dataclass(frozen=True, slots=True)
class ShelfView:
    """One attribute's shelf before and after."""

    anchor: str
    label: Text
    protected: bool
    change: StatusWord
    status: ShelfChange
    sentence: Words
    before: StatusWord
    after: StatusWord
    before_place: Words | None
    after_place: Words | None
    scores: tuple[Figure, ...]
    difference: Figure
    pair: Pair


@dataclass(frozen=True, slots=True)
class EditView:
    """A direction of the base, carried over."""

    anchor: str
    name: Words | str
    change: StatusWord
    status: str
    sentence: Words
    effect: Figure
    fidelity: Figure
    pair: Pair


@dataclass(frozen=True, slots=True)
class NumberView:
    """A number before and after."""

    title: Words
    plain: Words | None
    before: str
    after: str
    difference: Figure


@dataclass(frozen=True, slots=True)
class MovedImages:
    """The images that moved most, and how far, in standard deviations."""

    sheets: tuple[tuple[Words, Sheet], ...]
    far: tuple[str, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """Everything that the page shows, in the order in which it is shown."""

    base: Version
    candidate: Version
    collection: str
    n: int
    through: str
    counts: tuple[tuple[StatusWord, ShelfChange, int], ...]
    summary: tuple[Words, ...]
    flow: Flow | None
    shelves: tuple[ShelfView, ...]
    quiet: tuple[ShelfView, ...]
    edits: tuple[EditView, ...]
    moved: MovedImages
    metrics: tuple[NumberView, ...]
    ties: tuple[NumberView, ...]
    shares: tuple[NumberView, ...]
    similarity: tuple[Figure, ...]
    findings: tuple[FindingView, ...]
    settings: tuple[Setting, ...]
    glossary: tuple[Term, ...]


def comparison_page(found: Comparison, exhibits: Mapping[str, Exhibit]) -> ComparisonPage:
    """Make the page model of a comparison and its pictures."""
    specs = {spec.name: spec for spec in found.attributes}
    order = {status: i for i, status in enumerate(SHELF_ORDER)}
    known = sorted(
        (move for move in found.shelves if move.attribute in specs),
        key=lambda move: order[move.status],
    )
    anchors = {move.attribute: f"shelf-{i}" for i, move in enumerate(known, 1)}
    views = [_shelf(move, specs, found, exhibits, anchors) for move in known]
    return ComparisonPage(
        base=_version(found.base, found.base_id),
        candidate=_version(found.candidate, found.candidate_id),
        collection=found.collection.name,
        n=found.n,
        through=found.through,
        counts=tuple(
            (SHELF_CHANGE[status], status, count)
            for status in SHELF_ORDER
            if (count := sum(move.status == status for move in known))
        ),
        summary=found.summary,
        flow=flow([found], anchors),
        shelves=tuple(v for v in views if v.status != "never" or v.pair.before or v.pair.after),
        quiet=tuple(
            v for v in views if v.status == "never" and not (v.pair.before or v.pair.after)
        ),
        edits=tuple(_edit(one, specs, exhibits, i) for i, one in enumerate(found.directions, 1)),
        moved=_moved(found, exhibits),
        metrics=_numbers(found),
        ties=_ties(found, specs),
        shares=_shares(found, specs),
        similarity=tuple(
            figure(SIMILARITY[name][0], m, plain=SIMILARITY[name][1])
            for name, m in found.similarity.items()
            if name in SIMILARITY
        ),
        findings=finding_views(found.findings),
        settings=tuple(setting_rows(found.settings)),
        glossary=GLOSSARY,
    )


def _version(model: ModelRef, id_: str) -> Version:
    return Version(model.name, model.version, id_, model.digest)


def _shelf(
    move: ShelfMove,
    specs: Mapping[str, Attribute],
    found: Comparison,
    exhibits: Mapping[str, Exhibit],
    anchors: Mapping[str, str],
) -> ShelfView:
    spec = specs[move.attribute]
    scores = (move.base.score, move.candidate.score)
    titles = (message("Told before"), message("Told after"))
    key = f"traversal/{move.attribute}"
    after = _reversed(move.candidate) if runs_backwards(move, found.dimensions) else move.candidate
    return ShelfView(
        anchor=anchors[move.attribute],
        label=spec.label,
        protected=spec.protected,
        change=SHELF_CHANGE[move.status],
        status=move.status,
        sentence=move.text,
        before=STATUS[move.base.status],
        after=STATUS[move.candidate.status],
        before_place=place(move.base),
        after_place=place(move.candidate),
        scores=tuple(
            figure(title, score, style="percent")
            for title, score in zip(titles, scores, strict=True)
        ),
        difference=_difference(message("Difference"), move.difference),
        pair=Pair(
            slider(f"before/{key}", exhibits, move.base.control, spec),
            slider(f"after/{key}", exhibits, after.control, spec),
        ),
    )


def _reversed(shelf: Shelf) -> Shelf:
    """Return a shelf whose control is told from its other end, as its pictures are laid."""
    if not isinstance(shelf.control, Control):
        return shelf
    control = replace(
        shelf.control,
        steps=shelf.control.steps[::-1],
        response={name: curve[::-1] for name, curve in shelf.control.response.items()},
    )
    return replace(shelf, control=control)


def _difference(title: Words, measured: Measured) -> Figure:
    return figure(title, measured, scale=common_scale([measured], unit=False), signed=True)


def _edit(
    one: Direction, specs: Mapping[str, Attribute], exhibits: Mapping[str, Exhibit], i: int
) -> EditView:
    label = specs[one.name].label if one.name in specs else one.name
    return EditView(
        anchor=f"edit-{i}",
        name=label,
        change=DIRECTION_CHANGE[one.status],
        status=one.status,
        sentence=one.text,
        effect=figure(
            message("Does to the pictures what it did"),
            one.effect,
            plain=message(
                "1: the edit does what it did, also to what it should leave alone; 0: it does "
                "something else."
            ),
        ),
        fidelity=figure(
            message("The new code can express it"),
            one.fidelity,
            plain=message("What comes back of the direction on the way to the new code and back."),
        ),
        pair=Pair(
            slider(f"edit/{one.name}/before", exhibits), slider(f"edit/{one.name}/after", exhibits)
        ),
    )


def _moved(found: Comparison, exhibits: Mapping[str, Exhibit]) -> MovedImages:
    titles: dict[str, Words] = {
        "moved/original": message("The image"),
        "moved/before": message("as the old model gives it back"),
        "moved/after": message("as the new model gives it back"),
    }
    return MovedImages(
        tuple(
            (title, sheet(key, exhibits[key])) for key, title in titles.items() if key in exhibits
        ),
        tuple(number(far) for _, far in found.images),
        tuple(row for row, _ in found.images),
    )


def _numbers(found: Comparison) -> tuple[NumberView, ...]:
    rows = []
    for name, one in found.reconstruction.items():
        title, plain = RECONSTRUCTION.get(name, (Text(name, name), None))
        rows.append(_number(title, plain, one))
    for name, one in found.metrics.items():
        spec = METRICS.get(name)
        rows.append(_number(metric_name(name), None if spec is None else spec.title, one))
    return tuple(rows)


def _ties(found: Comparison, specs: Mapping[str, Attribute]) -> tuple[NumberView, ...]:
    rows = []
    for (a, b), one in found.ties.items():
        if a in specs and b in specs and is_changed(one):
            title = message("{a} ⇄ {b}", a=specs[a].label, b=specs[b].label)
            rows.append(_number(title, None, one))
    return tuple(rows)


def _shares(found: Comparison, specs: Mapping[str, Attribute]) -> tuple[NumberView, ...]:
    rows = []
    for (name, value), one in found.shares.items():
        if name in specs and is_changed(one):
            spec = specs[name]
            title = message(
                "{attribute} = {value}", attribute=spec.label, value=spec.value_label(value)
            )
            rows.append(_number(title, None, one))
    return tuple(rows)


def _number(title: Words, plain: Words | None, one: Difference) -> NumberView:
    before, after = figure(title, one.base), figure(title, one.candidate)
    return NumberView(title, plain, before.text, after.text, _difference(title, one.difference))
