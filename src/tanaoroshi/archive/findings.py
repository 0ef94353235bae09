"""What of the archive should be told: the ties that matter, protected attributes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.records.stocktake import Archive, Finding, Severity, Tie
from tanaoroshi.records.words import Message, Text, message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.attributes import Attribute

AT_MOST = 8
"""More sentences than that are not read; the table of ties has all."""
MARGIN = 0.1
"""A tie whose interval does not lie above this is too weak to matter."""
STRONG = 0.3
"""From here on, a tie of a protected attribute is a warning."""
FALSE_DISCOVERIES = 0.05


def archive_findings(archive: Archive, specs: tuple[Attribute, ...]) -> tuple[Finding, ...]:
    """Tell the most important ties in sentences.

    Parameters
    ----------
    archive
        As :func:`~tanaoroshi.archive.take_archive` made it.
    specs
        The attributes.

    Returns
    -------
    At most ``AT_MOST`` findings: ties that hold beyond chance and margin, those of protected
    attributes first, then the strongest. That one attribute decides another is told last: it is
    how the table was made.
    """
    by_name = {spec.name: spec for spec in specs}
    ties = [
        tie
        for tie in archive.ties
        if tie.p_adjusted <= FALSE_DISCOVERIES
        and tie.estimate.low > max(MARGIN, tie.estimate.chance or 0.0)
    ]
    ties.sort(key=lambda tie: _rank(tie, by_name))
    return tuple(_finding(tie, by_name) for tie in ties[:AT_MOST])


def tie_id(tie: Tie) -> str:
    """Return the name of a tie, under which its finding and its pictures are known."""
    return f"tie/{tie.a}/{tie.b}"


def _protected(tie: Tie, by_name: Mapping[str, Attribute]) -> bool:
    return by_name[tie.a].protected or by_name[tie.b].protected


def _rank(tie: Tie, by_name: Mapping[str, Attribute]) -> tuple[bool, bool, float]:
    return tie.measure == "function", not _protected(tie, by_name), -tie.estimate.value


def _finding(tie: Tie, by_name: Mapping[str, Attribute]) -> Finding:
    protected = _protected(tie, by_name)
    warns = protected and tie.measure != "function" and tie.estimate.low >= STRONG
    severity: Severity = "warn" if warns else "info"
    return Finding(
        id=tie_id(tie),
        severity=severity,
        subject=tie.a,
        text=_sentence(tie, by_name[tie.a], by_name[tie.b], advised=warns),
        evidence={
            "a": tie.a,
            "b": tie.b,
            "measure": tie.measure,
            "value": tie.estimate.value,
            "low": tie.estimate.low,
            "high": tie.estimate.high,
            "p_adjusted": tie.p_adjusted,
        },
    )


def _sentence(tie: Tie, a: Attribute, b: Attribute, *, advised: bool) -> Message:
    if tie.measure == "function":
        return message(
            "In this collection, {a} and {b} cannot be told apart: one decides the other.",
            a=a.label,
            b=b.label,
        )
    places: Mapping[str, Text | float] = {
        "a": a.label,
        "b": b.label,
        "value": tie.estimate.value,
        "low": tie.estimate.low,
        "high": tie.estimate.high,
    }
    if advised:
        return message(
            "In this collection, {a} and {b} go together: {value:.2f} [{low:.2f}, {high:.2f}] on a "
            "scale from 0 (unrelated) to 1 (one decides the other). Collect or reweight images, or "
            "watch both in what a model makes.",
            **places,
        )
    return message(
        "In this collection, {a} and {b} go together: {value:.2f} [{low:.2f}, {high:.2f}] on a "
        "scale from 0 (unrelated) to 1 (one decides the other).",
        **places,
    )
