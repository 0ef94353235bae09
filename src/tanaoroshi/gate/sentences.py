"""What is said of each rule: one plain sentence, the figure with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.words import Message, message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.gate.bounds import Outcome
    from tanaoroshi.gate.policy import Require
    from tanaoroshi.records.comparison import ShelfMove
    from tanaoroshi.records.words import Text, Words

REQUIRED: Mapping[Require, Message] = {
    "kept": message("its shelf stays where it is"),
    "kept_or_moved": message("its shelf stays or moves as a whole"),
    "not_broken": message("its shelf does not break"),
}


def shelf(label: Text, require: Require, move: ShelfMove, outcome: Outcome) -> Message:
    """Say what became of a shelf and whether the policy allows it."""
    asked = REQUIRED[require]
    if move.status == "never":
        if outcome == "kept":
            return message(
                "{attribute} had no shelf in the base and has none now: none could break.",
                attribute=label,
            )
        return message(
            "{attribute} had no shelf in the base either, so none can be kept; the policy asks "
            "that {asked}.",
            attribute=label,
            asked=asked,
        )
    told = move.text
    # A weaker shelf's own sentence says by how much.
    if isinstance(move.difference, Estimate) and move.status != "weaker":
        figure = number(move.difference, sign="+", scale=100.0, unit=" %")
        told = message("{move} What it tells changed by {figure}.", move=told, figure=figure)
    if outcome == "kept":
        return message("As asked ({asked}): {move}", asked=asked, move=told)
    if outcome == "violated":
        return message("Not as asked ({asked}): {move}", asked=asked, move=told)
    return message("Undecided whether {asked}: {move}", asked=asked, move=told)


def no_move(label: Text) -> Message:
    """Say that the comparison is silent about a shelf."""
    return message(
        "{attribute} could not be judged: base and candidate do not both have this attribute.",
        attribute=label,
    )


def metric(name: str, *, lower_is_better: bool) -> Words:
    """Return what a metric is called."""
    if lower_is_better:
        return message("{name} (lower is better)", name=name)
    return message("{name}", name=name)


def tie(a: Text, b: Text) -> Words:
    """Return what a tie is called."""
    return message("The tie between {a} and {b}", a=a, b=b)


def reconstruction(name: str) -> Words:
    """Return what an error of reconstruction is called."""
    return message("The error of reconstruction ({name})", name=name)


def within(
    name: Words, found: Estimate, low: float | None, high: float | None, outcome: Outcome
) -> Message:
    """Say whether a number of the candidate keeps to its bounds."""
    if low is None:
        asked = message("at most {high:g}", high=high or 0.0)
    elif high is None:
        asked = message("at least {low:g}", low=low)
    else:
        asked = message("from {low:g} to {high:g}", low=low, high=high)
    figure = number(found)
    if outcome == "kept":
        return message(
            "{name} is {figure}; asked is {asked}.", name=name, figure=figure, asked=asked
        )
    if outcome == "violated":
        return message(
            "{name} is {figure}, but the policy asks for {asked}.",
            name=name,
            figure=figure,
            asked=asked,
        )
    return message(
        "{name} is {figure}: the interval does not tell whether it is {asked}, as the policy asks.",
        name=name,
        figure=figure,
        asked=asked,
    )


def worse(name: Words, change: str, limit: str, outcome: Outcome) -> Message:
    """Say whether a number got worse by more than the policy allows."""
    if outcome == "kept":
        return message(
            "{name} changed by {change}: it did not get worse by more than {limit}.",
            name=name,
            change=change,
            limit=limit,
        )
    if outcome == "violated":
        return message(
            "{name} changed by {change}: it got worse by more than {limit}.",
            name=name,
            change=change,
            limit=limit,
        )
    return message(
        "{name} changed by {change}: the interval does not tell whether it got worse by more than "
        "{limit}.",
        name=name,
        change=change,
        limit=limit,
    )


def unmeasured(name: Words, reason: Words) -> Message:
    """Say why there is no judgement."""
    return message("{name} could not be judged: {reason}", name=name, reason=reason)


def more_images(sentence: Words, images: int) -> Message:
    """Add how many images would decide."""
    return message(
        "{sentence} About {images:,} images would decide.", sentence=sentence, images=images
    )


def joined(first: Words, second: Words) -> Message:
    """Put two sentences one after the other."""
    return message("{first} {second}", first=first, second=second)


def number(found: Estimate, *, sign: str = "", scale: float = 1.0, unit: str = "") -> str:
    """Write a number with its interval, to two digits of the interval's half."""
    half = scale * (found.high - found.low) / 2
    digits = 3 if half <= 0 else min(max(1 - math.floor(math.log10(half)), 0), 8)
    value, low, high = (
        f"{scale * x:{sign}.{digits}f}".replace("-", "−")
        for x in (found.value, found.low, found.high)
    )
    return f"{value}{unit} [{low}, {high}]"
