"""JSON documents back to records: the reverse of :mod:`tanaoroshi.store.documents`.

Sentences come back as texts in both languages, and sequences in settings and evidence as tuples;
all else comes back equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tanaoroshi.errors import StoreError
from tanaoroshi.records.attributes import Attribute
from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.stocktake import (
    Archive,
    CollectionRef,
    Control,
    Dimension,
    Finding,
    ModelRef,
    Reader,
    Shelf,
    Stocktake,
    Tie,
)
from tanaoroshi.records.words import Text
from tanaoroshi.store.versions import STOCKTAKE

Document = Mapping[str, Any]
T = TypeVar("T")

_ESTIMATE = {"value", "low", "high", "level", "chance", "n", "method"}


def from_document(document: Document) -> Stocktake:
    """Return the stocktake that a document of ``tanaoroshi/stocktake/1`` says.

    Raises
    ------
    StoreError
        When it is of another schema (a newer one, perhaps), or lacks something.
    """
    schema = document.get("schema") if isinstance(document, Mapping) else None
    if schema != STOCKTAKE:
        raise StoreError(
            "This document is of the schema {schema}, but this version reads {known}. "
            "Update tanaoroshi, or check that this is a recorded stocktake.",
            schema=str(schema),
            known=STOCKTAKE,
        )
    try:
        return _stocktake(document)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise StoreError(
            "The document of the stocktake is damaged ({problem}). Restore the file from a copy.",
            problem=f"{type(error).__name__}: {error}",
        ) from error


def _stocktake(d: Document) -> Stocktake:
    return Stocktake(
        model=ModelRef(**_only(d["model"], "name", "version", "digest", "description")),
        collection=CollectionRef(**_only(d["collection"], "name", "n", "digest")),
        settings=_table(d["settings"], _revived),
        attributes=tuple(map(_attribute, d["attributes"])),
        dimensions=tuple(
            Dimension(**_only(one, "index", "state", "kl", "spread")) for one in d["dimensions"]
        ),
        shelves=tuple(map(_shelf, d["shelves"])),
        metrics=_table(d["metrics"], _measured),
        metrics_per_attribute=_tables(d["metrics_per_attribute"], _measured),
        reconstruction=_table(d["reconstruction"], _measured),
        archive=_archive(d["archive"]),
        readers=tuple(
            Reader(one["attribute"], one["how"], _measured(one["skill"])) for one in d["readers"]
        ),
        findings=tuple(map(_finding, d["findings"])),
        summary=tuple(map(_text, d["summary"])),
        left_out=tuple(map(_text, d["left_out"])),
        id=d.get("id", ""),
        recorded_at=d.get("recorded_at", ""),
    )


def _only(d: Document, *keys: str) -> dict[str, Any]:
    """Drop fields that a later version added."""
    return {key: d[key] for key in keys}


def _table(d: Document, of: Callable[[Any], T]) -> dict[str, T]:
    return {key: of(value) for key, value in d.items()}


def _tables(d: Document, of: Callable[[Any], T]) -> dict[str, dict[str, T]]:
    return {key: _table(value, of) for key, value in d.items()}


def _text(d: Document) -> Text:
    return Text(d["en"], d["ja"])


def _measured(d: Document) -> Measured:
    return Unmeasured(_text(d["reason"])) if "unmeasured" in d else _estimate(d)


def _estimate(d: Document) -> Estimate:
    return Estimate(**_only(d, *_ESTIMATE))


def _attribute(d: Document) -> Attribute:
    return Attribute(
        name=d["name"],
        kind=d["kind"],
        label=_text(d["label"]),
        values=tuple(d["values"]),
        value_labels=_table(d["value_labels"], _text),
        period=d["period"],
        unit=d["unit"],
        tier=d["tier"],
        protected=d["protected"],
        factor=d["factor"],
        inferred=d["inferred"],
        description=d["description"],
    )


def _shelf(d: Document) -> Shelf:
    return Shelf(
        attribute=d["attribute"],
        status=d["status"],
        dimension=d["dimension"],
        direction=None if d["direction"] is None else tuple(d["direction"]),
        dimensions=tuple(d["dimensions"]),
        score=_measured(d["score"]),
        evidence=_table(d["evidence"], _measured),
        association=tuple(d["association"]),
        others=tuple(d["others"]),
        p_adjusted=d["p_adjusted"],
        n_needed=d["n_needed"],
        text=_text(d["text"]),
        control=_control(d["control"]),
    )


def _control(d: Document) -> Measured | Control:
    if "steps" not in d:
        return _measured(d)
    return Control(
        effect=_measured(d),
        side_effects=_table(d["side_effects"], _measured),
        steps=tuple(d["steps"]),
        response=_table(d["response"], lambda readings: tuple(readings)),
    )


def _archive(d: Document) -> Archive:
    ties = tuple(
        Tie(one["a"], one["b"], one["measure"], _estimate(one["estimate"]), one["p_adjusted"])
        for one in d["ties"]
    )
    return Archive(_tables(d["shares"], _estimate), dict(d["missing"]), ties)


def _finding(d: Document) -> Finding:
    return Finding(
        d["id"], d["severity"], d["subject"], _text(d["text"]), _table(d["evidence"], _revived)
    )


def _revived(thing: Any) -> object:  # noqa: ANN401  whatever JSON can hold
    """Return settings and evidence: estimates, reasons and sentences are known by their fields."""
    if isinstance(thing, list):
        return tuple(map(_revived, thing))
    if not isinstance(thing, dict):
        return thing
    if thing.keys() == _ESTIMATE:
        return _estimate(thing)
    if thing.keys() == {"unmeasured", "reason"}:
        return _measured(thing)
    if thing.keys() == {"en", "ja"}:
        return _text(thing)
    return _table(thing, _revived)
