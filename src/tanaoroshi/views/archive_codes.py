"""How a model's code lays out a collection, as a section of the archive's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tanaoroshi.archive.codes_sentences import attributes_of, named, values_of
from tanaoroshi.records.estimates import Estimate
from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.views.figures import Figure, Scale, common_scale, figure, number, p_value
from tanaoroshi.views.sliders import Sheet, sheet
from tanaoroshi.views.vocabulary import EXPLAINED, StatusWord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.coded import Association, Coded, Pointing, Rooms, Support
    from tanaoroshi.records.stocktake import Exhibit

MOST = 12
"""Rows of a table; the JSON document has all."""
COSINES = Scale(-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two things that the code lays alike: their names, how much, and pictures of each."""

    names: tuple[Words, ...]
    protected: bool
    explained: StatusWord
    figures: tuple[Figure, ...]
    p: str
    counts: tuple[int, ...]
    examples: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class RoomRow:
    """What an attribute occupies."""

    label: Text
    protected: bool
    share: Figure
    own: Figure
    directions: Figure


@dataclass(frozen=True, slots=True)
class EmptyRow:
    """How much of what is drawn lies where no picture is, and along which dimensions."""

    share: Figure
    void: Figure
    where: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class CodesView:
    """The section."""

    dimensions: int
    directions: tuple[PairRow, ...]
    directions_asked: int
    inseparable: tuple[tuple[Text, Text], ...]
    nearer: tuple[PairRow, ...]
    nearer_asked: int
    rooms: tuple[RoomRow, ...]
    unexplained: str
    empty: tuple[EmptyRow, ...]
    has_prior: bool
    pictures: tuple[Sheet, Sheet] | None


def codes_view(
    coded: Coded, specs: Mapping[str, Attribute], exhibits: Mapping[str, Exhibit]
) -> CodesView:
    """Make the section of what was found and its pictures."""
    keys = "regions/empty", "regions/held"
    two = [sheet(key, exhibits[key]) for key in keys if key in exhibits]

    def rank(one: Pointing | Association) -> tuple[bool, bool, bool]:
        """Put first what is beyond the ties, then what is protected, last what can be seen."""
        two = [specs[name] for name in attributes_of(one)]
        protected = any(spec.protected for spec in two)
        simple = any(spec.tier == "simple" for spec in two)
        return one.explained != "beyond", not protected, simple

    pointings = sorted(coded.pointings.found, key=rank)
    nearer = sorted(coded.associations.found, key=rank)
    return CodesView(
        dimensions=len(coded.dimensions),
        directions=tuple(_pointing(one, specs, exhibits) for one in pointings[:MOST]),
        directions_asked=coded.pointings.asked,
        inseparable=tuple((specs[a].label, specs[b].label) for a, b in coded.pointings.inseparable),
        nearer=tuple(_association(one, specs, exhibits) for one in nearer[:MOST]),
        nearer_asked=coded.associations.asked,
        rooms=_rooms(coded.rooms, specs),
        unexplained=_unexplained(coded.rooms),
        empty=tuple(_empty(one) for one in coded.supports),
        has_prior=any(one.source == "prior" for one in coded.supports),
        pictures=(two[0], two[1]) if len(two) == len(keys) else None,
    )


def _examples(
    values: tuple[tuple[str, str], ...], exhibits: Mapping[str, Exhibit]
) -> tuple[Sheet, ...]:
    keys = [f"examples/{name}/{value}" for name, value in values if value]
    return tuple(sheet(key, exhibits[key]) for key in keys if key in exhibits)


def _pointing(
    one: Pointing, specs: Mapping[str, Attribute], exhibits: Mapping[str, Exhibit]
) -> PairRow:
    told = one.apart if one.held is None else one.held
    titles = (
        message("Cosine as it is; the tick is the size by chance"),
        message("Cosine with ties taken out"),
    )
    return PairRow(
        tuple(named(name, value, specs) for name, value in values_of(one)),
        specs[one.a].protected or specs[one.b].protected,
        EXPLAINED[one.explained],
        tuple(
            figure(title, each, scale=COSINES)
            for title, each in zip(titles, (one.raw, told), strict=True)
        ),
        p_value(one.p_adjusted),
        (one.n_a, one.n_b),
        _examples(values_of(one), exhibits),
    )


def _association(
    one: Association, specs: Mapping[str, Attribute], exhibits: Mapping[str, Exhibit]
) -> PairRow:
    measured = (one.raw, one.balanced)
    scale = common_scale(measured, unit=False)
    titles = (
        message("Effect size as it is; the tick is the size by chance"),
        message("Effect size among images alike in the protected attribute"),
    )
    values = values_of(one)
    return PairRow(
        tuple(named(name, value, specs) for name, value in values),
        specs[one.protected].protected,
        EXPLAINED[one.explained],
        tuple(figure(t, each, scale=scale) for t, each in zip(titles, measured, strict=True)),
        p_value(one.p_adjusted),
        (one.n_x, one.n_a, one.n_y, one.n_b),
        _examples(values, exhibits),
    )


def _rooms(rooms: Rooms | None, specs: Mapping[str, Attribute]) -> tuple[RoomRow, ...]:
    if rooms is None:
        return ()
    ordered = sorted(
        rooms.each, key=lambda one: (not specs[one.attribute].protected, -one.share.value)
    )
    scale = common_scale([one.share for one in rooms.each], unit=False)
    return tuple(
        RoomRow(
            specs[one.attribute].label,
            specs[one.attribute].protected,
            figure(message("Share of the code"), one.share, scale=scale, style="percent"),
            figure(message("Beyond all others"), one.own, scale=scale, style="percent"),
            figure(message("Directions in effect"), one.directions),
        )
        for one in ordered
    )


def _unexplained(rooms: Rooms | None) -> str:
    if rooms is None:
        return ""
    whole = rooms.together
    left = Estimate(1 - whole.value, 1 - whole.high, 1 - whole.low, None, whole.n, whole.method)
    shown = figure(message("Told by no attribute"), left, style="percent")
    return f"{shown.text} {shown.interval}"


def _empty(one: Support) -> EmptyRow:
    title = (
        message("Drawn from nothing (the prior)")
        if one.source == "prior"
        else message("Midway between two images")
    )
    return EmptyRow(
        figure(title, one.empty, style="percent"),
        figure(message("Farther than 99 % of unseen images"), one.void, style="percent"),
        tuple(
            (j, number(part, "percent"), number(usual, "percent"))
            for j, part, usual in one.where[:4]
        ),
    )
