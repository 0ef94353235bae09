"""One plain sentence for each status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanaoroshi.records.words import Message, message

if TYPE_CHECKING:
    from tanaoroshi.records.estimates import Estimate
    from tanaoroshi.records.words import Text, Words


def percent(estimate: Estimate) -> Message:
    """Say a share with its interval."""
    return message(
        "{value} % [{low}, {high}]",
        value=_whole(estimate.value),
        low=_whole(estimate.low),
        high=_whole(estimate.high),
    )


def own_dimension(label: Text, dimension: int, score: Estimate) -> Message:
    """Say that a dimension holds the attribute."""
    return message(
        "{attribute} has a dimension of its own: dimension {dimension} tells {share} of how "
        "{attribute} varies.",
        attribute=label,
        dimension=dimension,
        share=percent(score),
    )


def own_direction(label: Text, score: Estimate, best: Estimate) -> Message:
    """Say that a direction holds the attribute and no dimension does."""
    return message(
        "{attribute} has no dimension of its own, but one direction tells {share} of how it "
        "varies; the best single dimension tells {best}.",
        attribute=label,
        share=percent(score),
        best=percent(best),
    )


def shared(
    label: Text, dimension: int | None, score: Estimate, others: tuple[Text, ...]
) -> Message:
    """Say that the place carries other attributes too."""
    if dimension is None:
        return message(
            "{attribute} shares its direction with {others}: they change along it together. The "
            "direction tells {share} of how {attribute} varies.",
            attribute=label,
            others=others,
            share=percent(score),
        )
    return message(
        "{attribute} shares dimension {dimension} with {others}: they change along it together. "
        "The dimension tells {share} of how {attribute} varies.",
        attribute=label,
        dimension=dimension,
        others=others,
        share=percent(score),
    )


def tied(label: Text, dimension: int | None, score: Estimate, others: tuple[Text, ...]) -> Message:
    """Say that the collection does not let the two be told apart."""
    if dimension is None:
        return message(
            "{attribute} cannot be told apart from {others}: they go together in the pictures, and "
            "the direction that tells {share} of how {attribute} varies may be theirs.",
            attribute=label,
            others=others,
            share=percent(score),
        )
    return message(
        "{attribute} cannot be told apart from {others}: they go together in the pictures, and "
        "dimension {dimension}, which tells {share} of how {attribute} varies, may be theirs.",
        attribute=label,
        dimension=dimension,
        others=others,
        share=percent(score),
    )


def spread(label: Text, dimensions: tuple[int, ...], score: Estimate, best: Estimate) -> Message:
    """Say that several dimensions hold the attribute."""
    if len(dimensions) < 2:
        return message(
            "{attribute} has no place of its own: all dimensions together tell {share} of how it "
            "varies, the best single one {best}.",
            attribute=label,
            share=percent(score),
            best=percent(best),
        )
    return message(
        "{attribute} is spread over several dimensions ({dimensions}): together they tell {share} "
        "of how it varies, the best single one {best}.",
        attribute=label,
        dimensions=_numbers(dimensions),
        share=percent(score),
        best=percent(best),
    )


def spread_twice(label: Text, dimensions: tuple[int, ...], score: Estimate) -> Message:
    """Say that two dimensions hold the same."""
    return message(
        "{attribute} is held by more than one dimension ({dimensions}), none clearly ahead: the "
        "best one tells {share} of how it varies.",
        attribute=label,
        dimensions=_numbers(dimensions),
        share=percent(score),
    )


def circle(label: Text, dimensions: tuple[int, ...], score: Estimate) -> Message:
    """Say that a circular attribute is held by a pair of dimensions."""
    return message(
        "{attribute} runs in a circle, and a circle needs two dimensions: {dimensions} together "
        "tell {share} of how it varies.",
        attribute=label,
        dimensions=_numbers(dimensions),
        share=percent(score),
    )


def faint(label: Text, score: Estimate) -> Message:
    """Say that something is there, but no place of its own."""
    return message(
        "{attribute} has no shelf, only a weak trace: all dimensions together tell {share} of how "
        "it varies.",
        attribute=label,
        share=percent(score),
    )


def none(label: Text) -> Message:
    """Say that there is nothing."""
    return message(
        "{attribute} has no shelf: nothing in the codes goes with it beyond chance.",
        attribute=label,
    )


def undecided(label: Text, score: Estimate, needed: int) -> Message:
    """Say that there are too few images."""
    return message(
        "{attribute}: too few images to say. All dimensions together tell {share} of how it "
        "varies; about {needed} images would decide.",
        attribute=label,
        share=percent(score),
        needed=needed,
    )


def unjudged(label: Text, reason: Words) -> Message:
    """Say why there is no judgement."""
    return message(
        "{attribute} cannot be judged: {reason}.",
        attribute=label,
        reason=reason,
    )


def _whole(share: float) -> int:
    return round(100 * min(max(share, 0.0), 1.0))


def _numbers(dimensions: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(str(j) for j in dimensions)
