"""The whole report as one page model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tanaoroshi.metrics import METRICS
from tanaoroshi.records.words import Text, Words
from tanaoroshi.views.attribute_views import AttributeView, attribute_views, metric_name
from tanaoroshi.views.charts import Spec, information_chart
from tanaoroshi.views.collection_views import Shares, Ties, shares, ties
from tanaoroshi.views.figures import Figure, common_scale, figure
from tanaoroshi.views.next_steps import NextStep, next_steps
from tanaoroshi.views.shelf_map import ShelfMap, in_order, shelf_map
from tanaoroshi.views.sliders import Evidence, Sheet, Slider, sheet, slider
from tanaoroshi.views.vocabulary import GLOSSARY, RECONSTRUCTION, SEVERITY, StatusWord, Term

if TYPE_CHECKING:
    from tanaoroshi.records.estimates import Measured
    from tanaoroshi.records.stocktake import Exhibit, Finding, Shelf, Stocktake


@dataclass(frozen=True, slots=True)
class Masthead:
    """What was audited."""

    model: str
    version: str
    description: str
    collection: str
    n: int
    attributes: int
    dimensions: int
    active: int
    recorded_at: str
    id: str
    model_digest: str
    collection_digest: str


@dataclass(frozen=True, slots=True)
class DimensionView:
    """One dimension: what it is, what it holds, what it does to a picture."""

    index: int
    anchor: str
    collapsed: bool
    kl: str
    holds: tuple[tuple[Text, str], ...]
    slider: Slider | None


@dataclass(frozen=True, slots=True)
class FindingView:
    """A judged statement."""

    severity: StatusWord
    level: str
    text: Words
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of the stocktake, as recorded."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Everything that the report shows, in the order in which it is shown."""

    masthead: Masthead
    summary: tuple[Words, ...]
    shelf_map: ShelfMap
    next_steps: tuple[NextStep, ...]
    attributes: tuple[AttributeView, ...]
    dimensions: tuple[DimensionView, ...]
    quiet_dimensions: tuple[int, ...]
    information: Spec | None
    shares: tuple[Shares, ...]
    ties: Ties
    findings: tuple[FindingView, ...]
    originals: Sheet | None
    reconstructions: Sheet | None
    samples: Sheet | None
    reconstruction: tuple[Figure, ...]
    metrics: tuple[Figure, ...]
    settings: tuple[Setting, ...]
    left_out: tuple[Words, ...]
    glossary: tuple[Term, ...]


def report_page(stocktake: Stocktake, exhibits: Mapping[str, Exhibit]) -> ReportPage:
    """Make the page model of a stocktake and its pictures."""
    specs = {spec.name: spec for spec in stocktake.attributes}
    known = [s for s in stocktake.shelves if s.attribute in specs]
    anchors = anchors_of(known)
    views = attribute_views(stocktake, exhibits, in_order(known), anchors)
    dimensions, quiet = _dimensions(stocktake, exhibits, anchors)
    return ReportPage(
        masthead=_masthead(stocktake),
        summary=stocktake.summary,
        shelf_map=shelf_map(known, specs, stocktake.dimensions, anchors),
        next_steps=next_steps(stocktake, anchors),
        attributes=views,
        dimensions=dimensions,
        quiet_dimensions=quiet,
        information=_information(stocktake),
        shares=shares(stocktake.archive, specs),
        ties=ties(stocktake.archive, specs),
        findings=finding_views(stocktake.findings),
        originals=_sheet("originals", exhibits),
        reconstructions=_sheet("reconstructions", exhibits),
        samples=_sheet("samples", exhibits),
        reconstruction=_reconstruction(stocktake.reconstruction),
        metrics=_metrics(stocktake.metrics),
        settings=tuple(setting_rows(stocktake.settings)),
        left_out=stocktake.left_out,
        glossary=GLOSSARY,
    )


def anchors_of(shelves: Sequence[Shelf]) -> dict[str, str]:
    """Return where in the page each attribute is: its name may hold what an address may not."""
    return {s.attribute: f"attribute-{i}" for i, s in enumerate(shelves, 1)}


def _masthead(stocktake: Stocktake) -> Masthead:
    model, collection = stocktake.model, stocktake.collection
    return Masthead(
        model.name,
        model.version,
        model.description,
        collection.name,
        collection.n,
        len(stocktake.attributes),
        len(stocktake.dimensions),
        sum(d.state == "active" for d in stocktake.dimensions),
        stocktake.recorded_at[:16].replace("T", " "),
        stocktake.id,
        model.digest,
        collection.digest,
    )


def _dimensions(
    stocktake: Stocktake, exhibits: Mapping[str, Exhibit], anchors: Mapping[str, str]
) -> tuple[tuple[DimensionView, ...], tuple[int, ...]]:
    """Return a view of each dimension that has pictures or a shelf; and the rest, by number."""
    labels = {spec.name: spec.label for spec in stocktake.attributes}
    held: dict[int, list[tuple[Text, str]]] = {}
    for shelf in stocktake.shelves:
        places = (shelf.dimension,) if shelf.dimension is not None else shelf.dimensions[:3]
        if shelf.status not in ("none", "undecided"):
            for j in places:
                held.setdefault(j, []).append((labels[shelf.attribute], anchors[shelf.attribute]))
    views, quiet = [], []
    for d in stocktake.dimensions:
        strip = slider(f"dimension/{d.index}", exhibits)
        if strip is None and d.index not in held and len(stocktake.dimensions) > 1:
            quiet.append(d.index)
            continue
        views.append(
            DimensionView(
                d.index,
                f"dimension-{d.index}",
                d.state == "collapsed",
                "" if d.kl is None else f"{d.kl:.2f}",
                tuple(held.get(d.index, ())),
                strip,
            )
        )
    return tuple(views), tuple(quiet)


def _information(stocktake: Stocktake) -> Spec | None:
    known = [(d.index, d.kl, d.state == "active") for d in stocktake.dimensions if d.kl is not None]
    if len(known) < 2:
        return None
    known.sort(key=lambda row: -row[1])
    return information_chart(known)


def finding_views(
    findings: Sequence[Finding], shown: Callable[[str], Evidence | None] = lambda _: None
) -> tuple[FindingView, ...]:
    """Return findings in the words of the page, the gravest first.

    ``shown`` gives the pictures of a finding by its name.
    """
    rank = {severity: i for i, severity in enumerate(SEVERITY)}
    ordered = sorted(findings, key=lambda f: rank[f.severity])
    return tuple(
        FindingView(SEVERITY[f.severity], f.severity, f.text, shown(f.id)) for f in ordered
    )


def _sheet(key: str, exhibits: Mapping[str, Exhibit]) -> Sheet | None:
    exhibit = exhibits.get(key)
    return sheet(key, exhibit) if exhibit is not None and len(exhibit.frames) else None


def _reconstruction(found: Mapping[str, Measured]) -> tuple[Figure, ...]:
    rows = []
    for name, m in found.items():
        title, plain = RECONSTRUCTION.get(name, (Text(name, name), None))
        rows.append(figure(title, m, plain=plain, scale=common_scale([m], unit=False)))
    return tuple(rows)


def _metrics(found: Mapping[str, Measured]) -> tuple[Figure, ...]:
    rows = []
    for name, m in found.items():
        spec = METRICS.get(name)
        plain = None if spec is None else spec.title
        rows.append(figure(metric_name(name), m, plain=plain, scale=common_scale([m])))
    return tuple(rows)


def setting_rows(settings: Mapping[str, object], prefix: str = "") -> list[Setting]:
    """Return recorded settings line by line; those within others as ``outer.inner``."""
    rows: list[Setting] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            rows += setting_rows(value, f"{prefix}{name}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            rows.append(Setting(prefix + name, ", ".join(str(v) for v in value)))
        else:
            rows.append(Setting(prefix + name, str(value)))
    return rows
