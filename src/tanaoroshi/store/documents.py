"""Records as JSON documents: the shapes that other programs read.

Strict JSON: no NaN, floats as exact as they are; sentences and labels are said in both languages.
The reverse is :func:`tanaoroshi.store.revival.from_document`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tanaoroshi.records.estimates import Estimate, Measured, Unmeasured
from tanaoroshi.records.stocktake import Control
from tanaoroshi.records.words import Message, Text
from tanaoroshi.store.revival import from_document
from tanaoroshi.store.versions import ARCHIVE, COMPARISON, HISTORY, METRICS, STOCKTAKE, VERDICT
from tanaoroshi.words import both

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed import DataclassInstance

    from tanaoroshi.records.archived import ArchiveAudit
    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.coded import Coded
    from tanaoroshi.records.comparison import (
        Comparison,
        Difference,
        DimensionMatch,
        Direction,
        ShelfMove,
        Verdict,
    )
    from tanaoroshi.records.history import History
    from tanaoroshi.records.made import Made
    from tanaoroshi.records.stocktake import (
        Archive,
        Dimension,
        Finding,
        ModelRef,
        Reader,
        Shelf,
        Stocktake,
        Tie,
    )
    from tanaoroshi.records.words import Words

__all__ = [
    "archive_document",
    "comparison_document",
    "estimate_document",
    "from_document",
    "history_document",
    "metrics_document",
    "to_document",
    "verdict_document",
]

Document = dict[str, Any]


class Metrics(Protocol):
    """Metrics by name, and by name and attribute."""

    @property
    def metrics(self) -> Mapping[str, Measured]:
        """Metrics by name."""

    @property
    def per_attribute(self) -> Mapping[str, Mapping[str, Measured]]:
        """Metrics by name and attribute."""


def to_document(stocktake: Stocktake) -> Document:
    """Return a stocktake as ``tanaoroshi/stocktake/1``.

    Raises
    ------
    TypeError, ValueError
        When settings or evidence hold what JSON can't say (an object, NaN).
    """
    return {
        "schema": STOCKTAKE,
        "id": stocktake.id,
        "recorded_at": stocktake.recorded_at,
        "model": {
            "name": stocktake.model.name,
            "version": stocktake.model.version,
            "digest": stocktake.model.digest,
            "description": stocktake.model.description,
        },
        "collection": {
            "name": stocktake.collection.name,
            "n": stocktake.collection.n,
            "digest": stocktake.collection.digest,
        },
        "summary": _sentences(stocktake.summary),
        "left_out": _sentences(stocktake.left_out),
        "settings": _plain(stocktake.settings),
        "attributes": [_attribute(spec) for spec in stocktake.attributes],
        "dimensions": [_dimension(dimension) for dimension in stocktake.dimensions],
        "shelves": [_shelf(shelf) for shelf in stocktake.shelves],
        "metrics": _estimates(stocktake.metrics),
        "metrics_per_attribute": _estimate_tables(stocktake.metrics_per_attribute),
        "reconstruction": _estimates(stocktake.reconstruction),
        "archive": _archive(stocktake.archive),
        "readers": [_reader(reader) for reader in stocktake.readers],
        "findings": [_finding(finding) for finding in stocktake.findings],
    }


def metrics_document(
    measured: Metrics, n: int, dimensions: int, attributes: Sequence[str]
) -> Document:
    """Return metrics of ``n`` codes as ``tanaoroshi/metrics/1``."""
    return {
        "schema": METRICS,
        "n": n,
        "dimensions": dimensions,
        "attributes": list(attributes),
        "metrics": _estimates(measured.metrics),
        "per_attribute": _estimate_tables(measured.per_attribute),
    }


def archive_document(found: ArchiveAudit) -> Document:
    """Return what a collection is made of as ``tanaoroshi/archive/1``."""
    examined, made = found.examined, found.made
    return {
        "schema": ARCHIVE,
        "collection": {
            "name": found.collection.name,
            "n": found.collection.n,
            "digest": found.collection.digest,
        },
        **_archive(found.archive),
        "gaps": [
            {
                **_record(gap),
                "expected": _finite(gap.expected.value),
                "expected_estimate": estimate_document(gap.expected),
            }
            for gap in examined.gaps.found
        ],
        "gaps_asked": examined.gaps.asked,
        "trends": [_record(one) for one in examined.trends.found],
        "diversity": [_record(one) for one in examined.diversity],
        "common": [_record(one) for one in examined.common],
        "three_way": [_record(one) for one in examined.three_way.found],
        "copies": [_record(one) for one in (*found.copies.exact, *found.copies.near)],
        "odd": [_record(one) for one in found.copies.odd],
        "doubts": {
            "found": [_record(one) for one in found.doubts.found],
            "doubted": found.doubts.doubted,
            "asked": found.doubts.asked,
            "told": _plain(found.doubts.told),
            "copies": _plain(found.doubts.copies),
        },
        "agreement": {
            name: estimate_document(one) if isinstance(one, Unmeasured) else _record(one)
            for name, one in found.agreement.items()
        },
        "evidence": {
            name: [{"caption": _said(line.caption), "rows": list(line.rows)} for line in lines]
            for name, lines in found.evidence.items()
        },
        "made": None if made is None else _made(made),
        "left_out": _sentences(found.left_out),
        "findings": [_finding(finding) for finding in found.findings],
    }


def _made(made: Made) -> Document:
    return {
        "model": {"name": made.model, "version": made.version},
        "shares": {name: [_record(one) for one in each] for name, each in made.shares.items()},
        "ties": {name: [_record(one) for one in each] for name, each in made.ties.items()},
        "unlike": {name: _finite(share) for name, share in made.unlike.items()},
        "worse": [_record(one) for one in made.worse],
        "memory": {
            "nearer": estimate_document(made.memory.nearer),
            "c_t": None if made.memory.c_t is None else _finite(made.memory.c_t),
            "pairs": [
                {"made": i, "row": row, "distance": _finite(far)}
                for i, row, far in made.memory.pairs
            ],
        },
        "code": None if made.coded is None else _coded(made.coded),
    }


def _coded(coded: Coded) -> Document:
    rooms = coded.rooms
    return {
        "dimensions": list(coded.dimensions),
        "rank": coded.rank,
        "directions": [_record(one) for one in coded.pointings.found],
        "directions_asked": coded.pointings.asked,
        "inseparable": [list(pair) for pair in coded.pointings.inseparable],
        "associations": [_record(one) for one in coded.associations.found],
        "associations_asked": coded.associations.asked,
        "occupied": None if rooms is None else [_record(one) for one in rooms.each],
        "explained": None if rooms is None else estimate_document(rooms.together),
        "support": [
            {
                **_record(one),
                "where": [
                    {"dimension": j, "part": _finite(part), "usual": _finite(usual)}
                    for j, part, usual in one.where
                ],
            }
            for one in coded.supports
        ],
    }


def _record(one: DataclassInstance) -> Document:
    """Return a flat record field by field."""
    return {f.name: _plain(getattr(one, f.name)) for f in fields(one)}


def comparison_document(found: Comparison) -> Document:
    """Return what became of a model as ``tanaoroshi/comparison/1``."""
    return {
        "schema": COMPARISON,
        "base": _version(found.base, found.base_id),
        "candidate": _version(found.candidate, found.candidate_id),
        "collection": {
            "name": found.collection.name,
            "n": found.collection.n,
            "digest": found.collection.digest,
        },
        "n": int(found.n),
        "settings": _plain(found.settings),
        "summary": _sentences(found.summary),
        "dimensions": [_match(match) for match in found.dimensions],
        "shelves": [_shelf_move(move) for move in found.shelves],
        "subspace": estimate_document(found.subspace),
        "similarity": _estimates(found.similarity),
        "metrics": {name: _difference(one) for name, one in found.metrics.items()},
        "reconstruction": {name: _difference(one) for name, one in found.reconstruction.items()},
        "ties": [{"a": a, "b": b, **_difference(one)} for (a, b), one in found.ties.items()],
        "shares": [
            {"attribute": name, "value": value, **_difference(one)}
            for (name, value), one in found.shares.items()
        ],
        "through": found.through,
        "directions": [_direction(one) for one in found.directions],
        "images": [{"row": row, "distance": _finite(far)} for row, far in found.images],
        "findings": [_finding(finding) for finding in found.findings],
    }


def history_document(found: History) -> Document:
    """Return what became of a chain of versions as ``tanaoroshi/history/1``."""
    return {
        "schema": HISTORY,
        "versions": [_version(*one) for one in zip(found.versions, found.ids, strict=True)],
        "summary": _sentences(found.summary),
        "dimensions": [
            {"name": t.name, "places": list(t.places), "statuses": list(t.statuses)}
            for t in found.dimensions
        ],
        "shelves": [
            {
                "attribute": t.attribute,
                "changes": list(t.changes),
                "shelves": [_shelf(shelf) for shelf in t.shelves],
            }
            for t in found.shelves
        ],
        "directions": [
            {"name": t.name, "steps": [_direction(one) for one in t.steps]}
            for t in found.directions
        ],
    }


def _version(model: ModelRef, id_: str) -> Document:
    return {
        "id": id_ or None,
        "name": model.name,
        "version": model.version,
        "digest": model.digest,
    }


def _match(match: DimensionMatch) -> Document:
    return {
        "base": _plain(match.base),
        "candidate": _plain(match.candidate),
        "status": match.status,
        "sign": _plain(match.sign),
        "scale": _plain(match.scale),
        "agreement": estimate_document(match.agreement),
        "told": estimate_document(match.told),
        "own": estimate_document(match.own),
        "parts": list(match.parts),
        "curved": match.curved,
        "images_needed": _plain(match.images_needed),
    }


def _shelf_move(move: ShelfMove) -> Document:
    return {
        "attribute": move.attribute,
        "status": move.status,
        "base": _shelf(move.base),
        "candidate": _shelf(move.candidate),
        "difference": estimate_document(move.difference),
        "text": _said(move.text),
        "images_needed": _plain(move.images_needed),
    }


def _difference(one: Difference) -> Document:
    return {
        "base": estimate_document(one.base),
        "candidate": estimate_document(one.candidate),
        "difference": estimate_document(one.difference),
        "p_adjusted": _plain(one.p_adjusted),
    }


def _direction(one: Direction) -> Document:
    return {
        "name": one.name,
        "migrated": _plain(one.migrated),
        "scale": _finite(one.scale),
        "fidelity": estimate_document(one.fidelity),
        "effect": estimate_document(one.effect),
        "status": one.status,
        "text": _said(one.text),
    }


def verdict_document(verdict: Verdict) -> Document:
    """Return whether it may ship, and what each rule says, as ``tanaoroshi/verdict/1``."""
    return {
        "schema": VERDICT,
        "verdict": verdict.verdict,
        "level": _finite(verdict.level),
        "base": verdict.base_id or None,
        "candidate": verdict.candidate_id or None,
        "rules": [
            {
                "id": rule.id,
                "verdict": rule.verdict,
                "severity": rule.severity,
                "text": _said(rule.text),
                "evidence": _plain(rule.evidence),
                "images_needed": _plain(rule.images_needed),
            }
            for rule in verdict.rules
        ],
    }


def estimate_document(measured: Measured) -> Document:
    """Return an estimate, or the reason why there is none."""
    if isinstance(measured, Unmeasured):
        reason = _said(measured.reason)
        return {"unmeasured": reason["en"], "reason": reason}
    return {
        "value": _finite(measured.value),
        "low": _finite(measured.low),
        "high": _finite(measured.high),
        "level": _finite(measured.level),
        "chance": None if measured.chance is None else _finite(measured.chance),
        "n": int(measured.n),
        "method": measured.method,
    }


def _estimates(measured: Mapping[str, Measured]) -> Document:
    return {name: estimate_document(one) for name, one in measured.items()}


def _estimate_tables(tables: Mapping[str, Mapping[str, Measured]]) -> Document:
    return {name: _estimates(table) for name, table in tables.items()}


def _said(words: Words) -> Document:
    text = both(words)
    return {"en": text.en, "ja": text.ja}


def _sentences(sentences: Iterable[Words]) -> list[Document]:
    return [_said(words) for words in sentences]


def _attribute(spec: Attribute) -> Document:
    return {
        "name": spec.name,
        "kind": spec.kind,
        "label": _said(spec.label),
        "values": list(spec.values),
        "value_labels": {value: _said(label) for value, label in spec.value_labels.items()},
        "period": _plain(spec.period),
        "unit": spec.unit,
        "tier": spec.tier,
        "protected": spec.protected,
        "factor": spec.factor,
        "inferred": spec.inferred,
        "description": spec.description,
    }


def _dimension(dimension: Dimension) -> Document:
    return {
        "index": int(dimension.index),
        "state": dimension.state,
        "kl": _plain(dimension.kl),
        "spread": _plain(dimension.spread),
    }


def _shelf(shelf: Shelf) -> Document:
    return {
        "attribute": shelf.attribute,
        "status": shelf.status,
        "dimension": _plain(shelf.dimension),
        "direction": _plain(shelf.direction),
        "dimensions": _plain(shelf.dimensions),
        "score": estimate_document(shelf.score),
        "evidence": _estimates(shelf.evidence),
        "association": _plain(shelf.association),
        "others": list(shelf.others),
        "p_adjusted": _plain(shelf.p_adjusted),
        "n_needed": _plain(shelf.n_needed),
        "text": _said(shelf.text),
        "control": _control(shelf.control),
    }


def _control(control: Measured | Control) -> Document:
    """Return the effect, as any estimate, and beside it what else the move did."""
    if not isinstance(control, Control):
        return estimate_document(control)
    return estimate_document(control.effect) | {
        "side_effects": _estimates(control.side_effects),
        "steps": _plain(control.steps),
        "response": _plain(control.response),
    }


def _archive(archive: Archive) -> Document:
    return {
        "shares": _estimate_tables(archive.shares),
        "missing": _plain(archive.missing),
        "ties": [_tie(tie) for tie in archive.ties],
    }


def _tie(tie: Tie) -> Document:
    return {
        "a": tie.a,
        "b": tie.b,
        "measure": tie.measure,
        "estimate": estimate_document(tie.estimate),
        "p_adjusted": _finite(tie.p_adjusted),
    }


def _reader(reader: Reader) -> Document:
    return {
        "attribute": reader.attribute,
        "how": reader.how,
        "skill": estimate_document(reader.skill),
    }


def _finding(finding: Finding) -> Document:
    return {
        "id": finding.id,
        "severity": finding.severity,
        "subject": finding.subject,
        "text": _said(finding.text),
        "evidence": _plain(finding.evidence),
    }


def _finite(number: float) -> float:
    exact = float(number)
    if not math.isfinite(exact):
        msg = f"JSON has no {exact}"
        raise ValueError(msg)
    return exact


def _plain(thing: object) -> Any:  # noqa: ANN401  whatever JSON can hold
    """Return settings, evidence and arrays as JSON holds them."""
    if thing is None or isinstance(thing, bool | str):
        return thing
    if isinstance(thing, Estimate | Unmeasured):
        return estimate_document(thing)
    if isinstance(thing, Text | Message):
        return _said(thing)
    if isinstance(thing, Mapping):
        return {str(key): _plain(value) for key, value in thing.items()}
    if isinstance(thing, np.generic | np.ndarray):
        return _plain(thing.tolist())
    if isinstance(thing, list | tuple):
        return [_plain(part) for part in thing]
    if isinstance(thing, int):
        return int(thing)
    if isinstance(thing, float):
        return _finite(thing)
    msg = f"a document can't hold {type(thing).__name__}"
    raise TypeError(msg)
