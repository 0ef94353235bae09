"""The whole archive audit: what a collection is made of, and what a model makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tanaoroshi.records.archive import Agreement, Examined
from tanaoroshi.records.attributes import Attribute
from tanaoroshi.records.copies import Copies
from tanaoroshi.records.doubts import Doubts
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.made import Made
from tanaoroshi.records.stocktake import Archive, CollectionRef, Finding
from tanaoroshi.records.words import Words


@dataclass(frozen=True, slots=True)
class Line:
    """Some images that show what a finding says; ``caption`` counts all such images."""

    caption: Words
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ArchiveAudit:
    """What a collection is made of, and what a model makes of it.

    Attributes
    ----------
    archive
        Shares and ties.
    examined
        Gaps, trends, diversity, three-way ties.
    copies
        Exact and near copies, and odd ones out; rows are the collection's.
    doubts
        Labels that pictures contradict; rows are the collection's.
    agreement
        Of each attribute that several people annotated.
    evidence
        For each finding that images show: these, in lines. Rows are the collection's.
    made
        ``None`` without a model.
    findings
        The gravest first.
    left_out
        What could not be used, one sentence each.
    """

    collection: CollectionRef
    attributes: tuple[Attribute, ...]
    archive: Archive
    examined: Examined
    copies: Copies
    doubts: Doubts
    agreement: Mapping[str, Agreement | Unmeasured]
    evidence: Mapping[str, tuple[Line, ...]]
    made: Made | None
    findings: tuple[Finding, ...]
    left_out: tuple[Words, ...]
