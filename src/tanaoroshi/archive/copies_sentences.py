"""Copies and odd ones out, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.records.archived import Line
from tanaoroshi.records.stocktake import Finding
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tanaoroshi.records.copies import Copies
    from tanaoroshi.records.stocktake import Severity
    from tanaoroshi.records.words import Message

SHOWN = 6
NAMED = 20
"""So many rows stand in the evidence; the document has all."""


def copies_findings(copies: Copies) -> tuple[Finding, ...]:
    """Tell how many pictures are there more than once, and how many are like no other."""
    found = []
    if copies.exact:
        text = message(
            "{n:,} images are exact copies of others: they count twice in every share, and "
            "a copy in training and test makes a test worthless. Remove or group them.",
            n=len(copies.exact),
        )
        found.append(_finding("copies/exact", "warn", text, [one.rows for one in copies.exact]))
    if copies.near:
        text = message(
            "{n:,} pairs of images are the same but for small edits (cropped, lightened, "
            "compressed, mirrored). Look at them; remove or group them.",
            n=len(copies.near),
        )
        found.append(_finding("copies/near", "warn", text, [one.rows for one in copies.near]))
    if copies.odd:
        text = message(
            "{n:,} images are like no other: look whether they belong here.", n=len(copies.odd)
        )
        found.append(_finding("odd", "info", text, [one.row for one in copies.odd]))
    return tuple(found)


def copies_evidence(copies: Copies) -> Mapping[str, tuple[Line, ...]]:
    """Return images for the same findings."""
    pairs = {"copies/exact": copies.exact, "copies/near": copies.near}
    found = {
        name: (
            Line(
                message("Copies side by side"),
                tuple(row for one in each[: SHOWN // 2] for row in one.rows),
            ),
        )
        for name, each in pairs.items()
        if each
    }
    if copies.odd:
        rows = tuple(one.row for one in copies.odd[:SHOWN])
        found["odd"] = (Line(message("The least alike first"), rows),)
    return found


def _finding(id_: str, severity: Severity, text: Message, rows: Sequence[object]) -> Finding:
    return Finding(id_, severity, "copies", text, {"n": len(rows), "rows": rows[:NAMED]})
