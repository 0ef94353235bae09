"""What the collection is made of: shares of values, and ties between attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tanaoroshi.records.words import Text, Words, message
from tanaoroshi.views.figures import Figure, Scale, figure, p_value
from tanaoroshi.views.sliders import Evidence
from tanaoroshi.views.vocabulary import MEASURES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tanaoroshi.records.attributes import Attribute
    from tanaoroshi.records.stocktake import Archive, Tie

FIRST_VALUES = 8
FIRST_TIES = 12


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of the values of one attribute; ``rest`` stands behind a fold."""

    label: Text
    protected: bool
    first: tuple[Figure, ...]
    rest: tuple[Figure, ...]
    missing: Words | None


@dataclass(frozen=True, slots=True)
class TieRow:
    """Two attributes that go together."""

    a: Text
    b: Text
    protected: bool
    figure: Figure
    measure: Words
    p: str
    sure: bool
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Ties:
    """All pairs of attributes, the strongest first; ``rest`` stands behind a fold."""

    first: tuple[TieRow, ...]
    rest: tuple[TieRow, ...]
    asked: int


def shares(archive: Archive, attributes: Mapping[str, Attribute]) -> tuple[Shares, ...]:
    """Return the shares of each attribute's values, protected attributes first."""
    names = [name for name in archive.shares if name in attributes]
    names.sort(key=lambda name: not attributes[name].protected)
    return tuple(_shares(archive, attributes[name]) for name in names)


def _shares(archive: Archive, spec: Attribute) -> Shares:
    values = dict(archive.shares[spec.name])
    longest = max((e.high for e in values.values()), default=1.0)
    scale = Scale(0.0, max(longest, 0.01))
    if spec.kind == "ordinal":
        rank = {value: i for i, value in enumerate(spec.values)}
        order = sorted(values, key=lambda v: rank.get(v, len(rank)))
        cut = len(order) if len(order) <= 2 * FIRST_VALUES else FIRST_VALUES
    else:
        order = sorted(values, key=lambda v: -values[v].value)
        cut = len(order) if len(order) <= FIRST_VALUES + 2 else FIRST_VALUES
    rows = [figure(spec.value_label(v), values[v], scale=scale, style="percent") for v in order]
    missing = archive.missing.get(spec.name, 0)
    return Shares(
        spec.label,
        spec.protected,
        tuple(rows[:cut]),
        tuple(rows[cut:]),
        message("Not known for {n:,} images.", n=missing) if missing else None,
    )


def ties(
    archive: Archive,
    attributes: Mapping[str, Attribute],
    shown: Callable[[Tie], Evidence | None] = lambda _: None,
) -> Ties:
    """Return the ties, those beyond chance first, each sort from strong to weak.

    ``shown`` gives the pictures of a tie.
    """
    known = [t for t in archive.ties if t.a in attributes and t.b in attributes]
    known.sort(key=lambda t: (not _sure(t.p_adjusted), -t.estimate.value))
    rows = [
        TieRow(
            attributes[t.a].label,
            attributes[t.b].label,
            attributes[t.a].protected or attributes[t.b].protected,
            figure(message("Strength of the tie"), t.estimate),
            MEASURES.get(t.measure, Text(t.measure, t.measure)),
            p_value(t.p_adjusted),
            _sure(t.p_adjusted),
            shown(t),
        )
        for t in known
    ]
    sure = [row for row in rows if row.sure][:FIRST_TIES]
    return Ties(tuple(sure), tuple(rows[len(sure) :]), len(rows))


def _sure(p: float) -> bool:
    return p <= 0.05
