"""What the collection's shares and ties mean, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.records.stocktake import Finding
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.stocktake import Archive, Severity, Tie
    from tanaoroshi.records.words import Arg, Message

FALSE_DISCOVERIES = 0.05
SAME_THING = 0.95
"""Strength from which two attributes are two names of one thing (a year and its era)."""
STRONG = 0.5
PROTECTED = 0.3
"""Strength from which a tie is told: 0.3 where a protected attribute is in it, else 0.5 (Cohen
1988 calls correlations of 0.3 medium, of 0.5 large)."""


def archive_findings(archive: Archive, specs: tuple[Attribute, ...]) -> tuple[Finding, ...]:
    """Return the ties worth telling: protected attributes first, then the strongest."""
    by_name = {spec.name: spec for spec in specs}
    protected: list[Finding] = []
    strong: list[Finding] = []
    same: list[Finding] = []
    for tie in archive.ties:
        if tie.p_adjusted > FALSE_DISCOVERIES:
            continue
        a, b = by_name[tie.a], by_name[tie.b]
        if tie.estimate.value >= SAME_THING:
            same.append(_same(tie, a, b))
        elif (a.protected or b.protected) and tie.estimate.low >= PROTECTED:
            protected.append(_tied(tie, a, b))
        elif tie.estimate.low >= STRONG:
            strong.append(_tied(tie, a, b))
    return (*protected, *strong, *same)


def _tied(tie: Tie, a: Attribute, b: Attribute) -> Finding:
    protected = a.protected or b.protected
    if protected:
        sentence = message(
            "{a} and {b} go together in the collection ({value:.2f} [{low:.2f}, {high:.2f}], 0 to "
            "1), and laws or brands care about it: look at the pictures before a model learns it.",
            **_places(tie, a, b),
        )
    else:
        sentence = message(
            "{a} and {b} go together in the collection ({value:.2f} [{low:.2f}, {high:.2f}], 0 to "
            "1): a model that moves one will tend to move the other.",
            **_places(tie, a, b),
        )
    return _finding(tie, "warn" if protected else "info", sentence)


def _same(tie: Tie, a: Attribute, b: Attribute) -> Finding:
    sentence = message(
        "{a} and {b} say nearly the same in this collection ({value:.2f} [{low:.2f}, {high:.2f}], "
        "0 to 1): read their shelves as one.",
        **_places(tie, a, b),
    )
    return _finding(tie, "info", sentence)


def _places(tie: Tie, a: Attribute, b: Attribute) -> dict[str, Arg]:
    e = tie.estimate
    return {"a": a.label, "b": b.label, "value": e.value, "low": e.low, "high": e.high}


def _finding(tie: Tie, severity: Severity, sentence: Message) -> Finding:
    return Finding(
        id=f"tie-{tie.a}-{tie.b}",
        severity=severity,
        subject=tie.a,
        text=sentence,
        evidence={"measure": tie.measure, "p_adjusted": tie.p_adjusted, "sign": tie.sign},
    )
