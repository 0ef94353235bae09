"""A collection: pictures that are read when they are needed, and what is known about them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tanaoroshi.errors import InputError
from tanaoroshi.records.attributes import Attributes, Ints
from tanaoroshi.records.words import Message, Words

Raw = bytes | NDArray[np.uint8]
"""A picture as it is stored: a file's bytes (empty: there is none), or pixels (h, w[, c])."""


class Images(Protocol):
    """Where pictures come from. Reading rows in rising order is cheap; memory stays constant."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def read(self, rows: Ints) -> list[Raw]:
        """Return some pictures as they are stored."""
        ...

    def place(self, row: int) -> str:
        """Return where a picture lies, for people: a file name, or a row of a file."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """Images with a table of attributes.

    Attributes
    ----------
    name
        What the collection is called.
    digest
        SHA-256 of its content, hexadecimal; the same on every machine.
    attributes
        One row an image.
    images
        As many as the table has rows.
    left_out
        What could not be used, one sentence each.
    notes
        What was assumed, one sentence each.
    """

    name: str
    digest: str
    attributes: Attributes
    images: Images
    left_out: tuple[Message, ...] = ()
    notes: tuple[Words, ...] = ()

    def __post_init__(self) -> None:
        if len(self.images) != len(self.attributes):
            msg = f"{len(self.images)} images, but {len(self.attributes)} rows of attributes"
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: Ints) -> Collection:
        """Return the collection of some rows (int64), in that order."""
        digest = hashlib.sha256(self.digest.encode() + rows.astype("<i8").tobytes()).hexdigest()
        return replace(
            self,
            digest=digest,
            attributes=self.attributes.take(rows),
            images=_Some(self.images, rows),
        )

    def sample(self, limit: int, *, rng: np.random.Generator) -> Collection:
        """Return ``limit`` images, drawn without replacement; all if there are fewer.

        Raises
        ------
        InputError
            When ``limit`` is below 1.
        """
        if limit < 1:
            raise InputError(
                "A collection can't be limited to {limit} images. Give 1 or more.", limit=limit
            )
        if limit >= len(self):
            return self
        return self.take(np.sort(rng.choice(len(self), limit, replace=False)))


@dataclass(frozen=True, slots=True, eq=False)
class _Some:
    """Some rows of other images."""

    images: Images
    rows: Ints

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, rows: Ints) -> list[Raw]:
        return self.images.read(self.rows[rows])

    def place(self, row: int) -> str:
        return self.images.place(int(self.rows[row]))


@dataclass(frozen=True, slots=True, eq=False)
class ArrayImages:
    """Pictures in memory, uint8 (n, h, w) or (n, h, w, c)."""

    array: NDArray[np.uint8]
    file: str

    def __len__(self) -> int:
        return len(self.array)

    def read(self, rows: Ints) -> list[Raw]:
        """Return some pictures."""
        return [self.array[row] for row in rows]

    def place(self, row: int) -> str:
        """Return the file and the row."""
        return f"{self.file}[{row}]"
