"""Doubtful labels, in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tanaoroshi.records.archived import Line
from tanaoroshi.records.stocktake import Finding
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.doubts import Doubts
    from tanaoroshi.records.stocktake import Severity
    from tanaoroshi.records.words import Message

AT_MOST = 3
"""Most attributes that are told, of each kind."""
NAMED = 20
SHOWN = 6


def doubts_findings(
    doubts: Doubts, specs: Sequence[Attribute]
) -> tuple[tuple[Finding, ...], Mapping[str, tuple[Line, ...]]]:
    """Tell which labels the pictures contradict.

    Returns
    -------
    Findings, attributes with the most doubtful labels first; and the images that show each.
    """
    by_name = {spec.name: spec for spec in specs}
    doubted = doubts.found[: doubts.doubted]
    found, shown = [], {}
    for name, n in Counter(one.attribute for one in doubted).most_common(AT_MOST):
        mine = [one for one in doubted if one.attribute == name]
        text = message(
            "{n:,} labels of {attribute} do not fit their pictures, as far as a reader can tell: "
            "the most doubtful is called “{label}”, but looks like “{looks}”. Look at them, and "
            "correct what is wrong.",
            n=n,
            attribute=by_name[name].label,
            label=by_name[name].value_label(mine[0].label),
            looks=by_name[name].value_label(mine[0].looks),
        )
        id_ = f"doubts/{name}"
        found.append(_finding(id_, by_name[name], text, [one.row for one in mine]))
        caption = message(
            "Called “{label}”, looks like “{looks}”",
            label=by_name[name].value_label(mine[0].label),
            looks=by_name[name].value_label(mine[0].looks),
        )
        alike = [one for one in mine if (one.label, one.looks) == (mine[0].label, mine[0].looks)]
        shown[id_] = (Line(caption, tuple(one.row for one in alike[:SHOWN])),)
    ranked = sorted(doubts.copies, key=lambda name: -len(doubts.copies[name]))
    for name in ranked[:AT_MOST]:
        pairs = doubts.copies[name]
        text = message(
            "{n:,} pairs of exact copies carry two different labels of {attribute}: one of each "
            "two is wrong, or it says what the picture does not show.",
            n=len(pairs),
            attribute=by_name[name].label,
        )
        id_ = f"doubts/copies/{name}"
        found.append(_finding(id_, by_name[name], text, pairs))
        caption = message("Copies side by side")
        rows = [row for pair in pairs[: SHOWN // 2] for row in pair]
        shown[id_] = (Line(caption, tuple(rows)),)
    if not doubted and doubts.asked:
        text = message(
            "Of {asked:,} labels that were asked, none is one that its picture contradicts beyond "
            "chance.",
            asked=doubts.asked,
        )
        found.append(Finding("doubts", "info", "doubts", text, {"asked": doubts.asked}))
    return tuple(found), shown


def _finding(id_: str, spec: Attribute, text: Message, rows: Sequence[object]) -> Finding:
    severity: Severity = "warn" if spec.protected else "info"
    return Finding(id_, severity, spec.name, text, {"n": len(rows), "rows": rows[:NAMED]})
