"""Labels that pictures contradict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Doubt:
    """An image whose label is not that of the images that look like it.

    Attributes
    ----------
    attribute, row
        Whose label, and the image.
    label
        What the table says.
    looks
        What pictures of that kind are called: by a reader that never saw the image's group.
    p_adjusted
        How far the picture lies outside of its label's own, for the false discovery rate over all
        labels that were asked.
    """

    attribute: str
    row: int
    label: str
    looks: str
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class Doubts:
    """Labels that the pictures contradict.

    Attributes
    ----------
    found
        The least likely first. The first ``doubted`` of them are beyond chance, the others worth
        a look; of each attribute at most
        :data:`~tanaoroshi.archive.doubts.MOST`.
    doubted
        How many are beyond chance.
    asked
        How many labels were asked in all.
    told
        For each attribute that was asked the share of held-out images, each value counted the
        same, whose label the reader says.
    copies
        For each attribute the rows of exact copies whose labels differ.
    """

    found: tuple[Doubt, ...]
    doubted: int
    asked: int
    told: Mapping[str, float]
    copies: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
