"""What a model makes of a collection, in words: protected attributes first, few and short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.made import MadeShare, MadeTie
from tanaoroshi.records.stocktake import Finding
from tanaoroshi.records.words import Text, message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.made import Made, Worse
    from tanaoroshi.records.stocktake import Severity

SHARES, TIES, WORSE = 6, 4, 4
"""Most sentences of each kind."""
FALSE_DISCOVERIES = 0.05
WORSE_MARGIN = 1.1
"""Errors that surely lie less than a tenth above those of others are no news."""


def made_findings(
    made: Made,
    specs: Sequence[Attribute],
    not_applicable: Mapping[str, tuple[str, ...]],
) -> tuple[Finding, ...]:
    """Tell what matters most of what a model makes.

    Parameters
    ----------
    made
        What was found.
    specs
        The attributes.
    not_applicable
        For each attribute the values that say that it does not apply: nothing is said of those.

    Returns
    -------
    Shares and ties that are certainly others than in the collection, from the prior first (it is
    what a user gets); values whose pictures certainly come back worse; whether training pictures
    are copied.
    """
    by_name = {spec.name: spec for spec in specs}
    source = "prior" if made.shares.get("prior") else "posterior"
    moved = [
        one
        for one in made.shares.get(source, ())
        if one.change in ("more", "fewer")
        and one.value not in not_applicable.get(one.attribute, ())
    ]
    moved.sort(key=lambda one: (not by_name[one.attribute].protected, -_far(one)))
    worse = [
        one
        for one in made.worse
        if one.p_adjusted <= FALSE_DISCOVERIES
        and one.ratio.low > WORSE_MARGIN
        and one.value not in not_applicable.get(one.attribute, ())
    ]
    worse.sort(key=lambda one: (not by_name[one.attribute].protected, -one.ratio.value))
    return (
        *_strange(made),
        *(_share(one, by_name[one.attribute], source) for one in moved[:SHARES]),
        *(_tie(one, by_name, source) for one in _moved_ties(made, by_name, source)[:TIES]),
        *(_worse(one, by_name[one.attribute]) for one in worse[:WORSE]),
        *_memory(made),
    )


def _strange(made: Made) -> tuple[Finding, ...]:
    """Say where what is drawn from the prior can't be read."""
    share = made.unlike.get("prior", 0.0)
    if "prior" not in made.shares or made.shares["prior"]:
        return ()
    text = message(
        "{share:.0%} of what the model draws from nothing looks like no image of the collection: "
        "what such pictures show can't be counted.",
        share=share,
    )
    return (Finding("made/unlike", "warn", "made", text, {"unlike": dict(made.unlike)}),)


def _far(one: MadeShare) -> float:
    return abs(one.made.value - one.collection) if isinstance(one.made, Estimate) else 0.0


def _share(one: MadeShare, spec: Attribute, source: str) -> Finding:
    assert isinstance(one.made, Estimate)  # others are undecided
    places: Mapping[str, Text | float] = {
        "attribute": spec.label,
        "value": spec.value_label(one.value),
        "made": one.made.value,
        "low": one.made.low,
        "high": one.made.high,
        "collection": one.collection,
    }
    if one.change == "more":
        text = message(
            "The model makes more of {attribute} = {value} than the collection shows: "
            "{made:.0%} [{low:.0%}, {high:.0%}] of its pictures, {collection:.0%} of the images. "
            "Constrain or filter what it makes, or retrain with other weights.",
            **places,
        )
    else:
        text = message(
            "The model makes less of {attribute} = {value} than the collection shows: "
            "{made:.0%} [{low:.0%}, {high:.0%}] of its pictures, {collection:.0%} of the images. "
            "Collect more such images or give them more weight in training.",
            **places,
        )
    return Finding(
        made_id(source, one),
        "warn" if spec.protected else "info",
        one.attribute,
        text,
        {"source": source, "value": one.value, "change": one.change, "made": one.made},
    )


def _moved_ties(made: Made, by_name: Mapping[str, Attribute], source: str) -> list[MadeTie]:
    moved = [one for one in made.ties.get(source, ()) if one.change in ("stronger", "weaker")]

    def rank(one: MadeTie) -> tuple[bool, float]:
        protected = by_name[one.a].protected or by_name[one.b].protected
        return not protected, -abs(one.made.value - one.collection)

    return sorted(moved, key=rank)


def made_id(source: str, one: MadeShare | MadeTie) -> str:
    """Return the name of a share or tie among made pictures, of its finding and its pictures."""
    if isinstance(one, MadeShare):
        return f"made/{source}/{one.attribute}/{one.value}"
    return f"made-tie/{source}/{one.a}/{one.b}"


def _tie(one: MadeTie, by_name: Mapping[str, Attribute], source: str) -> Finding:
    protected = by_name[one.a].protected or by_name[one.b].protected
    places: Mapping[str, Text | float] = {
        "a": by_name[one.a].label,
        "b": by_name[one.b].label,
        "made": one.made.value,
        "low": one.made.low,
        "high": one.made.high,
        "collection": one.collection,
    }
    if one.change == "stronger":
        text = message(
            "The model ties {a} and {b} more than the collection does: {made:.2f} [{low:.2f}, "
            "{high:.2f}] among its pictures, {collection:.2f} among the images (0: unrelated, 1: "
            "one decides the other). Constrain or reweight, and monitor it.",
            **places,
        )
    else:
        text = message(
            "The model ties {a} and {b} less than the collection does: {made:.2f} [{low:.2f}, "
            "{high:.2f}] among its pictures, {collection:.2f} among the images (0: unrelated, 1: "
            "one decides the other).",
            **places,
        )
    warns = protected and one.change == "stronger"
    evidence = {"source": source, "a": one.a, "b": one.b, "change": one.change, "made": one.made}
    severity: Severity = "warn" if warns else "info"
    return Finding(made_id(source, one), severity, one.a, text, evidence)


def _worse(one: Worse, spec: Attribute) -> Finding:
    return Finding(
        f"worse/{one.attribute}/{one.value}",
        "warn" if spec.protected else "info",
        one.attribute,
        message(
            "Images with {attribute} = {value} ({n:,} looked at) come back worse than others: "
            "{ratio:.1f} [{low:.1f}, {high:.1f}] times the error. Train on more of them.",
            attribute=spec.label,
            value=spec.value_label(one.value),
            n=one.n,
            ratio=one.ratio.value,
            low=one.ratio.low,
            high=one.ratio.high,
        ),
        {"value": one.value, "ratio": one.ratio, "p_adjusted": one.p_adjusted},
    )


def _memory(made: Made) -> tuple[Finding, ...]:
    nearer = made.memory.nearer
    if not isinstance(nearer, Estimate):
        return ()
    if nearer.low > 0.5:
        text = message(
            "The model's pictures lie nearer to what it was trained on than unseen images do: in "
            "{share:.0%} [{low:.0%}, {high:.0%}] of pairs, where 50% would be fair. It may give "
            "training images away; look at the nearest pairs.",
            share=nearer.value,
            low=nearer.low,
            high=nearer.high,
        )
        return (Finding("memory", "fail", "memory", text, {"nearer": nearer}),)
    text = message(
        "No sign that training images are copied: the model's pictures are nearer to them than "
        "unseen images in {share:.0%} [{low:.0%}, {high:.0%}] of pairs, where 50% would be fair.",
        share=nearer.value,
        low=nearer.low,
        high=nearer.high,
    )
    return (Finding("memory", "info", "memory", text, {"nearer": nearer}),)
