"""One section for each attribute: its shelf, its figures, its slider, its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.views.figures import Figure, Scale, common_scale, figure, p_value
from tanaoroshi.views.sliders import ControlView, Sheet, Slider, control_view, sheet, slider
from tanaoroshi.views.vocabulary import EVIDENCE, KINDS, READERS, STATUS, TIERS, StatusWord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.stocktake import Exhibit, Reader, Shelf, Stocktake


@dataclass(frozen=True, slots=True)
class Example:
    """Pictures of one value; ``label`` is ``None`` where they stand in rising order."""

    label: Text | None
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Fact:
    """A technical detail: a name and what is recorded for it."""

    name: Words
    value: Words | str


@dataclass(frozen=True, slots=True)
class Company:
    """Another attribute that the best dimension says something about."""

    label: Text
    anchor: str
    text: str
    percent: float


@dataclass(frozen=True, slots=True)
class AttributeView:
    """The section of one attribute."""

    anchor: str
    label: Text
    name: str
    description: str
    protected: bool
    kind: Words
    tier: Words | None
    status: StatusWord
    sentence: Words
    place: Words | None
    score: Figure
    evidence: tuple[Figure, ...]
    details: tuple[Fact, ...]
    metrics: tuple[Figure, ...]
    company: tuple[Company, ...]
    company_dimension: int | None
    slider: Slider | None
    control: ControlView
    reader: Figure | None
    reader_how: Words | None
    examples: tuple[Example, ...]


def attribute_views(
    stocktake: Stocktake,
    exhibits: Mapping[str, Exhibit],
    shelves: Sequence[Shelf],
    anchors: Mapping[str, str],
) -> tuple[AttributeView, ...]:
    """Return the sections of all attributes, in the order of ``shelves``."""
    attributes = {spec.name: spec for spec in stocktake.attributes}
    readers = {reader.attribute: reader for reader in stocktake.readers}
    return tuple(
        _attribute_view(
            shelf,
            attributes,
            exhibits,
            anchors,
            readers.get(shelf.attribute),
            _company(shelf, stocktake.shelves, attributes, anchors),
            _metrics(shelf.attribute, stocktake),
        )
        for shelf in shelves
    )


def _attribute_view(
    shelf: Shelf,
    attributes: Mapping[str, Attribute],
    exhibits: Mapping[str, Exhibit],
    anchors: Mapping[str, str],
    reader: Reader | None,
    company: tuple[Company, ...],
    metrics: tuple[Figure, ...],
) -> AttributeView:
    spec = attributes[shelf.attribute]
    return AttributeView(
        anchor=anchors[spec.name],
        label=spec.label,
        name=spec.name,
        description=spec.description,
        protected=spec.protected,
        kind=KINDS[spec.kind],
        tier=TIERS[spec.tier] if spec.tier else None,
        status=STATUS[shelf.status],
        sentence=shelf.text,
        place=place(shelf),
        score=figure(
            message("What the shelf tells of the attribute"),
            shelf.score,
            plain=message(
                "Share of the attribute's variation that is predicted on images not used before."
            ),
            style="percent",
        ),
        evidence=_evidence(shelf),
        details=_details(shelf, spec),
        metrics=metrics,
        company=company,
        company_dimension=shelf.dimension,
        slider=slider(f"traversal/{spec.name}", exhibits, shelf.control, spec),
        control=control_view(shelf, attributes),
        reader=None
        if reader is None
        else figure(
            message("How well it can be read off a picture"), reader.skill, style="percent"
        ),
        reader_how=None if reader is None else READERS[reader.how],
        examples=examples_of(spec, exhibits),
    )


def place(shelf: Shelf) -> Words | None:
    """Say where the shelf is."""
    if shelf.status in ("own_dimension", "shared", "tied") and shelf.dimension is not None:
        return message("dimension {j}", j=shelf.dimension)
    if shelf.status == "own_direction":
        return message("a direction through {count} dimensions", count=_used(shelf))
    if shelf.status == "spread" and shelf.dimensions:
        return message("dimensions {list}", list=tuple(str(j) for j in shelf.dimensions[:6]))
    return None


def _used(shelf: Shelf) -> int:
    return len(shelf.dimensions) or len(shelf.direction or ())


def _evidence(shelf: Shelf) -> tuple[Figure, ...]:
    known = {name: shelf.evidence[name] for name in EVIDENCE if name in shelf.evidence}
    scale = common_scale(known.values())
    return tuple(
        figure(EVIDENCE[name][0], m, plain=EVIDENCE[name][1], scale=scale)
        for name, m in known.items()
    )


def _metrics(name: str, stocktake: Stocktake) -> tuple[Figure, ...]:
    found = {
        metric: by_attribute[name]
        for metric, by_attribute in stocktake.metrics_per_attribute.items()
        if name in by_attribute
    }
    scale = common_scale(found.values())
    return tuple(figure(metric_name(metric), m, scale=scale) for metric, m in found.items())


def metric_name(name: str) -> Text:
    """Return the published name of a metric, which is the same in every language."""
    words = [word.upper() if len(word) <= 3 else word for word in name.split("_")]
    shown = " ".join(words)
    return Text(shown, shown)


def _details(shelf: Shelf, spec: Attribute) -> tuple[Fact, ...]:
    facts = [Fact(message("Column"), spec.name)]
    if spec.unit:
        facts.append(Fact(message("Unit"), spec.unit))
    if spec.inferred:
        facts.append(Fact(message("Kind"), message("guessed from the column; nobody declared it")))
    if shelf.dimensions:
        listed = ", ".join(str(j) for j in shelf.dimensions[:12])
        facts.append(Fact(message("Dimensions that hold part of it"), listed))
    if shelf.p_adjusted is not None:
        facts.append(
            Fact(
                message("p-value, adjusted for all attributes and dimensions"),
                p_value(shelf.p_adjusted),
            )
        )
    if shelf.n_needed is not None:
        facts.append(
            Fact(
                message("Images that would decide"),
                message("about {n:,}", n=shelf.n_needed),
            )
        )
    return tuple(facts)


def _company(
    shelf: Shelf,
    shelves: Sequence[Shelf],
    attributes: Mapping[str, Attribute],
    anchors: Mapping[str, str],
) -> tuple[Company, ...]:
    """Return what else the best dimension says something about, the strongest first."""
    j = shelf.dimension
    if j is None:
        return ()
    others = [
        (other.association[j], other.attribute)
        for other in shelves
        if other.attribute != shelf.attribute and j < len(other.association)
    ]
    others.sort(reverse=True)
    return tuple(
        Company(
            attributes[name].label,
            anchors[name],
            f"{value:.2f}",
            Scale(0.0, 1.0).place(value),
        )
        for value, name in others[:4]
        if value >= 0.005
    )


def examples_of(spec: Attribute, exhibits: Mapping[str, Exhibit]) -> tuple[Example, ...]:
    """Return pictures of the values of an attribute, as far as there are any."""
    whole = exhibits.get(f"examples/{spec.name}")
    if whole is not None:
        return (Example(None, sheet(f"examples/{spec.name}", whole)),)
    keys = {value: f"examples/{spec.name}/{value}" for value in spec.values}
    return tuple(
        Example(spec.value_label(value), sheet(key, exhibits[key]))
        for value, key in keys.items()
        if key in exhibits
    )
