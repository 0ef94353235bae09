"""The whole archive audit: what a collection is made of, and what a model makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from tanaoroshi.records.archive import Examined
from tanaoroshi.records.attributes import Attribute
from tanaoroshi.records.copies import Copies
from tanaoroshi.records.made import Made
from tanaoroshi.records.stocktake import Archive, CollectionRef, Finding
from tanaoroshi.records.words import Words


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
    made: Made | None
    findings: tuple[Finding, ...]
    left_out: tuple[Words, ...]
