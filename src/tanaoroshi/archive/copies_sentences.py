"""Copies and odd ones out, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.records.stocktake import Finding
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from tanaoroshi.records.copies import Copies


def copies_findings(copies: Copies) -> tuple[Finding, ...]:
    """Tell how many pictures are there more than once, and how many are like no other."""
    found = []
    if copies.exact:
        found.append(
            Finding(
                "copies/exact",
                "warn",
                "copies",
                message(
                    "{n:,} images are exact copies of others: they count twice in every share, and "
                    "a copy in training and test makes a test worthless. Remove or group them.",
                    n=len(copies.exact),
                ),
                {"n": len(copies.exact), "rows": [one.rows for one in copies.exact[:20]]},
            )
        )
    if copies.near:
        found.append(
            Finding(
                "copies/near",
                "warn",
                "copies",
                message(
                    "{n:,} pairs of images are the same but for small edits (cropped, lightened, "
                    "compressed, mirrored). Look at them; remove or group them.",
                    n=len(copies.near),
                ),
                {"n": len(copies.near), "rows": [one.rows for one in copies.near[:20]]},
            )
        )
    if copies.odd:
        found.append(
            Finding(
                "odd",
                "info",
                "copies",
                message(
                    "{n:,} images are like no other: look whether they belong here.",
                    n=len(copies.odd),
                ),
                {"n": len(copies.odd), "rows": [one.row for one in copies.odd[:20]]},
            )
        )
    return tuple(found)
