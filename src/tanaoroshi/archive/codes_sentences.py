"""How a code lays out a collection, in words: the strongest of each kind, the rest in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tanaoroshi.archive.evidence import chooser
from tanaoroshi.records.archived import Line
from tanaoroshi.records.coded import Association, Pointing
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.stocktake import Finding
from tanaoroshi.records.words import Message, message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np

    from tanaoroshi.records.attributes import Attribute, Attributes
    from tanaoroshi.records.coded import Coded, Rooms, Support
    from tanaoroshi.records.words import Arg

    Specs = Mapping[str, Attribute]

T = TypeVar("T", Pointing, Association)

BEYOND, TIES, ASSOCIATIONS, ROOMS = 3, 2, 3, 2
"""Most sentences of each kind."""
SIMPLE = 1
"""Of these, most of what can be read off a picture: that dark tones are dark is no news."""
OWN = 0.005
"""A protected attribute that surely has more than this of the code to itself is told."""
EMPTY = 0.1
"""Twice what pictures themselves would show."""


def coded_findings(coded: Coded, specs: Sequence[Attribute]) -> tuple[Finding, ...]:
    """Tell what matters most of how a code lays out a collection.

    Parameters
    ----------
    coded
        What was found.
    specs
        The attributes.

    Returns
    -------
    Directions that are alike beyond the collection's tie, then by it; pictures that lie nearer to
    a value of a protected attribute; what protected attributes occupy, and what no attribute
    explains; where the latent is empty. One sentence for two attributes: their surest.
    """
    by_name = {spec.name: spec for spec in specs}
    of_kind = {
        kind: [one for one in coded.pointings.found if one.explained == kind]
        for kind in ("beyond", "tie")
    }
    nearer = [one for one in coded.associations.found if one.explained == "beyond"]
    same = {b: a for a, b in coded.pointings.inseparable}
    return (
        *(_pointing(one, by_name) for one in _few(of_kind["beyond"], same, by_name, BEYOND)),
        *(_association(one, by_name) for one in _few(nearer, same, by_name, ASSOCIATIONS)),
        *(_pointing(one, by_name) for one in _few(of_kind["tie"], same, by_name, TIES)),
        *_rooms(coded.rooms, same, by_name),
        *(_empty(one) for one in coded.supports if one.empty.low > EMPTY),
    )


def coded_evidence(
    coded: Coded, attributes: Attributes, *, rng: np.random.Generator
) -> Mapping[str, tuple[Line, ...]]:
    """Choose images of the values that lie alike, or nearer to one another.

    Parameters
    ----------
    coded
        What was found.
    attributes
        The table; only images that can be read.
    rng
        Source of chance: which images are shown, of as many groups as possible.

    Returns
    -------
    By the name of the finding: a line of at most ``PER_LINE`` rows for each value.
    """
    choose = chooser(attributes, rng)
    specs = {spec.name: spec for spec in attributes.specs}
    found = {}
    told: list[Pointing | Association] = [*coded.pointings.found, *coded.associations.found]
    for one in told:
        lines = []
        for name, value in values_of(one):
            if value in specs[name].values:
                shown = attributes.column(name) == specs[name].values.index(value)
                caption = message(
                    "{attribute} = {value}: {n:,} images",
                    attribute=specs[name].label,
                    value=specs[name].value_label(value),
                    n=int(shown.sum()),
                )
                lines.append(Line(caption, choose(shown)))
        if lines:
            found[finding_id(one)] = tuple(lines)
    return found


def values_of(one: Pointing | Association) -> tuple[tuple[str, str], ...]:
    """Return the attributes and values that a finding is about; an empty value: as it rises."""
    if isinstance(one, Pointing):
        return (one.a, one.value_a), (one.b, one.value_b)
    return (
        (one.attribute, one.x), (one.protected, one.a), (one.attribute, one.y),
        (one.protected, one.b),
    )  # fmt: skip


def finding_id(one: Pointing | Association) -> str:
    """Return the name of a finding."""
    if isinstance(one, Pointing):
        return f"code/{one.a}/{one.value_a}/{one.b}/{one.value_b}"
    return f"nearer/{one.protected}/{one.a}/{one.b}/{one.attribute}/{one.x}/{one.y}"


def attributes_of(one: Pointing | Association) -> tuple[str, str]:
    """Return the two attributes that a finding is about, a protected one first."""
    return (one.a, one.b) if isinstance(one, Pointing) else (one.protected, one.attribute)


def _few(found: Iterable[T], same: Mapping[str, str], specs: Specs, most: int) -> list[T]:
    """Keep the surest of each two attributes; what needs a culture and protected ones first.

    ``same`` gives one name to attributes that decide one another.
    """

    def rank(one: T) -> tuple[bool, bool]:
        names = attributes_of(one)
        return _simple(one, specs), not any(specs[name].protected for name in names)

    seen: set[frozenset[str]] = set()
    kept: list[T] = []
    for one in sorted(found, key=rank):
        things = frozenset(same.get(name, name) for name in attributes_of(one))
        simple = sum(_simple(other, specs) for other in kept)
        if things not in seen and not (_simple(one, specs) and simple >= SIMPLE):
            seen.add(things)
            kept.append(one)
    return kept[:most]


def _simple(one: Pointing | Association, specs: Specs) -> bool:
    return any(specs[name].tier == "simple" for name in attributes_of(one))


def named(attribute: str, value: str, specs: Specs) -> Message:
    """Name a value of an attribute, or the attribute as it rises."""
    spec = specs[attribute]
    if not value:
        return message("rising {attribute}", attribute=spec.label)
    return message("{attribute} = {value}", attribute=spec.label, value=spec.value_label(value))


def _pointing(one: Pointing, specs: Specs) -> Finding:
    protected = specs[one.a].protected
    places: dict[str, Arg] = {
        "a": named(one.a, one.value_a, specs),
        "b": named(one.b, one.value_b, specs),
        "raw": one.raw.value,
        "n_a": one.n_a,
        "n_b": one.n_b,
    }
    if one.explained == "beyond":
        assert isinstance(one.apart, Estimate)  # else it is not beyond
        places |= {"cosine": one.apart.value, "low": one.apart.low, "high": one.apart.high}
        places["chance"] = one.apart.chance or 0.0
        text = message(
            "In the code, {a} ({n_a:,} images) and {b} ({n_b:,}) point the same way, more than "
            "their tie in the collection explains: cosine {cosine:.2f} [{low:.2f}, {high:.2f}] "
            "with the tie taken out, {raw:.2f} with it, {chance:.2f} for random directions. Look "
            "at the pictures of both; constrain the model, or watch what is moved along either.",
            **places,
        )
        if one.apart.value < 0:
            text = message(
                "In the code, {a} ({n_a:,} images) and {b} ({n_b:,}) point opposite ways, more "
                "than their tie in the collection explains: cosine {cosine:.2f} [{low:.2f}, "
                "{high:.2f}] with the tie taken out, {raw:.2f} with it, {chance:.2f} in size for "
                "random directions. Look at the pictures of both; constrain the model, or watch "
                "what is moved along either.",
                **places,
            )
    else:
        places |= {"low": one.raw.low, "high": one.raw.high}
        text = message(
            "In the code, {a} ({n_a:,} images) and {b} ({n_b:,}) point the same way, no more than "
            "their tie in the collection explains: cosine {raw:.2f} [{low:.2f}, {high:.2f}]. "
            "Collect or reweight images so that the two come apart.",
            **places,
        )
        if one.raw.value < 0:
            text = message(
                "In the code, {a} ({n_a:,} images) and {b} ({n_b:,}) point opposite ways, no more "
                "than their tie in the collection explains: cosine {raw:.2f} [{low:.2f}, "
                "{high:.2f}]. Collect or reweight images so that the two come apart.",
                **places,
            )
    return Finding(
        finding_id(one),
        "warn" if protected and one.explained == "beyond" and not _simple(one, specs) else "info",
        one.a,
        text,
        {
            "raw": one.raw, "apart": one.apart, "left": one.left, "p_adjusted": one.p_adjusted,
            "n_a": one.n_a, "n_b": one.n_b, "explained": one.explained,
        },
    )  # fmt: skip


def _association(one: Association, specs: Specs) -> Finding:
    assert isinstance(one.balanced, Estimate)  # told only where it is beyond the tie
    text = message(
        "In the code, images with {x} ({n_x:,} independent ones) lie nearer to {a}, those with {y} "
        "({n_y:,}) nearer to {b}, even among images alike in {protected}: {d:.1f} [{low:.1f}, "
        "{high:.1f}] standard deviations apart, {chance:.1f} along random directions. Look at the "
        "pictures; collect or reweight, and watch what is made of {x}.",
        x=named(one.attribute, one.x, specs),
        y=named(one.attribute, one.y, specs),
        a=named(one.protected, one.a, specs),
        b=named(one.protected, one.b, specs),
        protected=specs[one.protected].label,
        n_x=one.n_x,
        n_y=one.n_y,
        d=one.balanced.value,
        low=one.balanced.low,
        high=one.balanced.high,
        chance=one.balanced.chance or 0.0,
    )
    return Finding(
        finding_id(one),
        "info" if _simple(one, specs) else "warn",
        one.protected,
        text,
        {
            "raw": one.raw, "balanced": one.balanced, "p_adjusted": one.p_adjusted,
            "n_x": one.n_x, "n_y": one.n_y, "n_a": one.n_a, "n_b": one.n_b,
        },
    )  # fmt: skip


def _rooms(rooms: Rooms | None, same: Mapping[str, str], specs: Specs) -> tuple[Finding, ...]:
    if rooms is None:
        return ()
    told = [one for one in rooms.each if specs[one.attribute].protected and one.own.low > OWN]
    told.sort(key=lambda one: -one.own.value)
    # Of attributes that decide one another, the one with the larger room is told.
    first = {same.get(one.attribute, one.attribute): one for one in reversed(told)}
    found = []
    for one in [one for one in told if one in first.values()][:ROOMS]:
        places: dict[str, Arg] = {
            "attribute": specs[one.attribute].label,
            "share": one.share.value,
            "low": one.share.low,
            "high": one.share.high,
            "own": one.own.value,
        }
        text = message(
            "{attribute} occupies {share:.1%} [{low:.1%}, {high:.1%}] of what the code holds, "
            "{own:.1%} to itself.",
            **places,
        )
        if isinstance(one.directions, Estimate):
            text = message(
                "{attribute} occupies {share:.1%} [{low:.1%}, {high:.1%}] of what the code holds, "
                "{own:.1%} to itself, in about {directions:.1f} directions: so many must be held "
                "still for it to stay as it is.",
                directions=one.directions.value,
                **places,
            )
        evidence = {"share": one.share, "own": one.own, "directions": one.directions}
        found.append(Finding(f"room/{one.attribute}", "info", one.attribute, text, evidence))
    left = rooms.together
    text = message(
        "{share:.0%} [{low:.0%}, {high:.0%}] of what the code holds is told by no attribute of the "
        "collection: nobody watches what lies there. Annotate more, or look along directions that "
        "have no name yet.",
        share=1 - left.value,
        low=1 - left.high,
        high=1 - left.low,
    )
    if 1 - left.high > 0.5:
        found.append(Finding("room", "info", "code", text, {"together": left}))
    return tuple(found)


def _empty(one: Support) -> Finding:
    places: dict[str, Arg] = {
        "share": one.empty.value,
        "low": one.empty.low,
        "high": one.empty.high,
        "dimensions": tuple(str(j) for j, _, _ in one.where[:3]),
    }
    if one.source == "prior":
        text = message(
            "{share:.0%} [{low:.0%}, {high:.0%}] of what the model draws from nothing lies where "
            "no image is: farther from all of them than 95% of unseen images (5% would be usual), "
            "most along dimensions {dimensions}. Reject such codes, or collect images like them.",
            **places,
        )
    else:
        text = message(
            "{share:.0%} [{low:.0%}, {high:.0%}] of the places midway between two images lie "
            "farther from all others than 95% of unseen images (5% would be usual), most along "
            "dimensions {dimensions}: a blend of two images is not safe there.",
            **places,
        )
    return Finding(
        f"empty/{one.source}", "warn", "code", text, {"empty": one.empty, "void": one.void}
    )
