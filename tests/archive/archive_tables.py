"""Small tables of attributes for the tests of the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.archive.classes import Classed, classed
from tanaoroshi.records.attributes import Attribute, Attributes, Ints, Kind
from tanaoroshi.records.words import Text
from tanaoroshi.stats.resample import group_index

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

VALUES = tuple(map(str, range(40)))


def table(
    columns: Mapping[str, np.ndarray],
    group: np.ndarray | None = None,
    *,
    kinds: Mapping[str, Kind] | None = None,
    protected: Collection[str] = (),
) -> Attributes:
    """Make a table of nominal attributes, but for ``kinds``."""
    of = kinds or {}
    specs = tuple(
        Attribute(
            name, of.get(name, "nominal"), Text(name, name), VALUES, protected=name in protected
        )
        for name in columns
    )
    return Attributes(specs, np.column_stack(list(columns.values())).astype(float), group)


def classes_of(
    attributes: Attributes, aside: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[list[Classed], Ints | None]:
    """Return the classes and the groups of a table."""
    group = attributes.group
    index = None if group is None else group_index(len(attributes), group)
    return classed(attributes, aside or {}), index
