"""Pictures that a collection holds more than once, and pictures that are like no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

CopyKind = Literal["exact", "near"]
Edit = Literal[
    "same", "flipped", "cropped", "brighter", "darker", "more contrast", "less contrast", "blurred"
]


@dataclass(frozen=True, slots=True)
class Copy:
    """Two pictures of which one is a copy of the other.

    Attributes
    ----------
    kind
        ``exact``: the same stored bytes, or the same pixels; ``near``: alike but for small edits.
    rows
        The two rows, the lower first.
    distance
        0: no difference is left after what ``how`` names; 1: at the worst place as much as a
        recompression, a blur or a crop leaves.
    how
        What was seen to be done from the first to the second (blurred and cropped: to either);
        ``same``: none of these, so recompressed at most.
    """

    kind: CopyKind
    rows: tuple[int, int]
    distance: float
    how: tuple[Edit, ...] = ("same",)


@dataclass(frozen=True, slots=True)
class OddOneOut:
    """A picture far from all others.

    Attributes
    ----------
    row
        Which one.
    distance
        Mean distance to its nearest neighbours, between descriptions of length 1: 0 to 2.
    times
        That distance over the usual one of its neighbours.
    """

    row: int
    distance: float
    times: float


@dataclass(frozen=True, slots=True)
class Copies:
    """What :func:`~tanaoroshi.archive.copies.find_copies` found.

    Attributes
    ----------
    n
        How many pictures were looked at.
    exact
        Each exact copy with the first row that holds the same: m pictures alike give m - 1 pairs.
    near
        Near copies among the first rows of each kind, the surest first.
    groups
        Rows that hang together by ``exact`` and ``near``, each rising, the largest first.
    odd
        Pictures like no other, the oddest first.
    settings
        Everything that decided: the settings, and the limit of distance that was used.
    """

    n: int
    exact: tuple[Copy, ...]
    near: tuple[Copy, ...]
    groups: tuple[tuple[int, ...], ...]
    odd: tuple[OddOneOut, ...]
    settings: Mapping[str, object] = field(default_factory=dict)
