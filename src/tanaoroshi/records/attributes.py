"""What is known about the images: a table with one row an image, one column an attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.records.words import Text

Kind = Literal["nominal", "ordinal", "continuous", "circular", "text"]
Tier = Literal["simple", "contextual"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Attribute:
    """The meaning of one column.

    Attributes
    ----------
    name
        Name of the column.
    kind
        Decides which statistics are used.
    label
        What people read.
    values
        Nominal and ordinal: the values that occur, as written; ordinal in their order.
    value_labels
        What people read for a value, where the collection says so.
    period
        Circular only: where the circle closes, in units of the column (360 for degrees).
    unit
        Unit of a continuous or circular attribute, for display.
    tier
        ``simple`` can be read off a picture (colour, form); ``contextual`` needs a culture.
    protected
        Laws or brands care about it: shown first.
    factor
        The source declares this a ground-truth factor of variation.
    inferred
        Nobody said what kind this is; we guessed.
    time
        Whether it stands for time; ``None``: nobody said.
    not_applicable
        Values that say that the attribute does not apply to an image.
    """

    name: str
    kind: Kind
    label: Text
    values: tuple[str, ...] = ()
    value_labels: Mapping[str, Text] = field(default_factory=dict)
    period: float | None = None
    unit: str = ""
    tier: Tier | None = None
    protected: bool = False
    factor: bool = False
    inferred: bool = False
    description: str = ""
    time: bool | None = None
    not_applicable: tuple[str, ...] = ()

    def value_label(self, value: str) -> Text:
        """Return what people read for a value."""
        return self.value_labels.get(value, Text(value, value))


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """The table: specs and one float matrix.

    Attributes
    ----------
    specs
        One for each column, k in all.
    values
        float64 (n, k). Nominal and ordinal: index into ``spec.values``; continuous: the value;
        circular: radians in [0, 2π). NaN where missing.
    group
        int64 (n,): rows of one group are not independent. ``None``: all rows are.
    identifiers
        Columns that are kept and shown, not measured.
    answers
        Of attributes that several people annotated: float64 (n, m), one column an annotator, coded
        as the attribute is.
    """

    specs: tuple[Attribute, ...]
    values: Floats
    group: Ints | None = None
    identifiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answers: Mapping[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.specs):
            msg = f"values is {self.values.shape}, but there are {len(self.specs)} attributes"
            raise ValueError(msg)
        if self.group is not None and self.group.shape != (len(self.values),):
            msg = f"group is {self.group.shape}, but there are {len(self.values)} rows"
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(spec.name for spec in self.specs)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Kinds of the columns."""
        return tuple(spec.kind for spec in self.specs)

    def column(self, name: str) -> Floats:
        """Return one column, float64 (n,)."""
        return self.values[:, self.names.index(name)]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Attributes:
        """Return the table of some rows."""
        index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return Attributes(
            self.specs,
            self.values[index],
            None if self.group is None else self.group[index],
            {k: tuple(v[i] for i in index) for k, v in self.identifiers.items()},
            {name: answers[index] for name, answers in self.answers.items()},
        )
