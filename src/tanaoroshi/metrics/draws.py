"""Rows of a table in which one attribute is held fixed: what the draws of two metrics share.

The papers make new images with one generative factor held fixed. A table of codes can't; it can
draw its own rows that have the same value. A value that only one row has can't be held fixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from tanaoroshi.metrics.intervals import LEVEL, nothing_usable
from tanaoroshi.metrics.question import Answer
from tanaoroshi.records.attributes import Floats, Ints
from tanaoroshi.records.estimates import Unmeasured
from tanaoroshi.records.words import message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanaoroshi.metrics.question import Question

    Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Rows that share a value with at least one other row, side by side with those of that value.

    Attributes
    ----------
    rows
        int64 (m,): attribute after attribute, value after value.
    value
        int64 (m,): which value (of which attribute) each place of ``rows`` belongs to, rising.
    sizes
        int64 (values,): how many rows have each value; 0, or 2 and more.
    owner
        int64 (values,): the attribute of each value.
    """

    rows: Ints
    value: Ints
    sizes: Ints
    owner: Ints

    @property
    def attributes(self) -> int:
        """How many attributes can be held fixed."""
        return len(np.unique(self.owner[self.sizes > 0]))

    def within(self, kept: Mask) -> Pool:
        """Return the pool of the rows that are kept, bool (n,)."""
        there = kept[self.rows]
        return _shared(self.rows[there], self.value[there], self.owner)


def pool(classes: Ints) -> Pool:
    """Make the pool of a table of classes without gaps, int64 (n, k), -1 missing.

    Values stand in the order in which they first occur, so that other labels for the same classes
    change no draw.
    """
    rows, values, owner, count = [], [], [], 0
    for a, column in enumerate(classes.T):
        known = np.flatnonzero(column >= 0)
        label = column[known]
        many = int(label.max(initial=-1)) + 1
        first = np.empty(many, dtype=np.int64)
        first[label[::-1]] = np.arange(len(label))[::-1]
        label = np.argsort(np.argsort(first))[label]
        order = np.argsort(label, kind="stable")
        rows.append(known[order])
        values.append(label[order] + count)
        owner.append(np.full(many, a, dtype=np.int64))
        count += many
    return _shared(*(np.concatenate(part) for part in (rows, values, owner)))


def _shared(rows: Ints, value: Ints, owner: Ints) -> Pool:
    """Leave out values that one row only has."""
    sizes = np.bincount(value, minlength=len(owner))
    if (sizes == 1).any():
        there = sizes[value] > 1
        rows, value, sizes = rows[there], value[there], np.where(sizes > 1, sizes, 0)
    return Pool(rows, value, sizes, owner)


def anchors(
    table: Pool, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[Ints, Ints, Floats]:
    """Draw for each line an attribute, all alike, and in it places whose value is held fixed.

    Returns
    -------
    int64 (lines,), the attributes; int64 ``shape``, places in ``table.rows``: a value is drawn as
    often as it occurs; float64 ``shape``, what is left of the random numbers, in [0, 1).
    """
    length = np.bincount(table.owner, table.sizes).astype(np.int64)
    begin = np.cumsum(length) - length
    choice = np.flatnonzero(length)
    attribute = choice[rng.integers(len(choice), size=shape[0])]
    line = (slice(None), *(None,) * (len(shape) - 1))
    rest = rng.random(shape) * length[attribute][line]
    place = rest.astype(np.int64)
    rest -= place
    place += begin[attribute][line]
    return attribute, place, rest


def alike(table: Pool, lines: int, batch: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw lines of rows of one value, with replacement: attribute (lines,), (lines, batch)."""
    attribute, place, _ = anchors(table, (lines,), rng)
    value = table.value[place]
    size = table.sizes[value]
    start = np.cumsum(table.sizes)[value] - size
    steps = (rng.random((lines, batch)) * size[:, None]).astype(np.int64)
    return attribute, table.rows[start[:, None] + steps]


def pairs(table: Pool, lines: int, batch: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Draw lines of pairs of two rows of one value: attribute (lines,), and (lines, batch) twice.

    Every pair has a value of its own.
    """
    attribute, place, rest = anchors(table, (lines, batch), rng)
    value = table.value[place]
    size = table.sizes[value]
    rest *= size - 1
    other = place + 1 + rest.astype(np.int64)
    other -= size * (other >= np.cumsum(table.sizes)[value])
    return attribute, table.rows[place], table.rows[other]


def halves(asked: Question, count: int, rng: np.random.Generator) -> list[tuple[Mask, Mask]]:
    """Split the whole groups in two at random, ``count`` times; each side bool (n,)."""
    units = int(asked.batches.max()) + 1
    chosen = []
    for _ in range(count):
        side = np.zeros(units, dtype=np.bool_)
        side[rng.permutation(units)[: units // 2]] = True
        chosen.append((side[asked.batches], ~side[asked.batches]))
    return chosen


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """A score by trial, and what halves of the table say of it.

    A score by trial on a table is wrong twice: what is learned and tried on the same images
    flatters itself, and noise in small tables hides what is there. Halves of the table show both.
    What is learned on one half and tried on the other is not flattered, but hidden, at half the
    size.

    Attributes
    ----------
    value
        The score as published.
    null
        float (B,): the same under permutations.
    whole
        The score on the whole table, tried on other draws than learned from; from many draws.
    full
        The same from as many draws as on the halves.
    own
        float (splits, 2): on each half of each split.
    other
        float (splits, 2): learned on one half, tried on the other.
    power, doubt
        By which power of n flattery falls, and which share of it is uncertain: both found by
        simulation.
    tries
        How many trials the settled score rests on, in effect.
    blur
        Variance of ``own``, in trials, that is no variation of images; 0: take all of it as such.
    """

    value: float
    null: Floats
    whole: float
    full: float
    own: Floats
    other: Floats
    power: float
    doubt: float
    tries: float
    blur: float = 0.0

    def settled(self) -> tuple[float, float]:
        """Estimate the score on endless images by endless draws; and its standard error.

        What is hidden falls as 1/n, flattery by its own power. Half-samples vary about the whole
        as that does about the truth (the delete-half jackknife: Shao & Wu 1989, Ann. Stat. 17).
        """
        flattery = self.own.mean() - self.other.mean()
        shift = self.full - 2 ** (1 - self.power) * flattery - self.other.mean()
        spread = ((self.own - self.own.mean()) ** 2).sum() / (self.own.size - 1)
        # A little more than was seen: all right so far is not all right (Agresti & Coull 1998).
        share = (self.whole * self.tries + 2) / (self.tries + 4)
        trial = share * (1 - share)
        error = max(spread - trial * self.blur, 0) + trial / self.tries
        error += (self.doubt * flattery) ** 2
        return float(self.whole + shift), float(np.sqrt(error))

    def ends(self, least: float) -> tuple[float, float]:
        """Return the interval's ends for a score that is ``least`` or more.

        Where the score does not beat the permutations it may be all chance: the low end is
        ``least``. Without two splits that could be tried nothing is known.
        """
        splits = len(self.own)
        if splits < 2:
            return least, 1.0
        centre, error = self.settled()
        # The halves of one split mirror each other: splits, not halves, are the draws.
        half = float(student.ppf((1 + LEVEL) / 2, splits - 1)) * error
        noise = self.null.std(ddof=min(1, len(self.null) - 1))
        lucky = self.value <= self.null.mean() + 2 * noise
        return least if lucky else max(centre - half, least), max(centre + half, least)


def nothing_to_tell(asked: Question) -> Answer | None:
    """Say why no attribute can be told from another; ``None`` where they can."""
    if not len(asked.usable):
        return Answer(nothing_usable(asked).total)
    if len(asked.usable) < 2:
        why = message("it asks which attribute is held fixed: at least two are needed")
        return Answer(Unmeasured(why))
    return None


def active(codes: Floats, least: float) -> Mask:
    """Say which dimensions vary (standard deviation with n - 1) by ``least`` or more, bool (d,).

    A constant dimension never does: which one varies least must not hang on rounding.
    """
    spread = codes.std(axis=0, ddof=1) if len(codes) > 1 else np.zeros(codes.shape[1])
    return np.asarray((np.ptp(codes, axis=0) > 0) & (spread > 0) & (spread >= least))


def fixed(asked: Question) -> str:
    """Say within what an attribute is held fixed, for ``method``."""
    if asked.convention == "paper":
        return f"values or {asked.cuts} quantile bins held fixed"
    return "raw values held fixed"


def columns(codes: Floats, used: Mask) -> Floats:
    """Return some dimensions, each row in one piece: picked columns would lie side by side."""
    return np.ascontiguousarray(codes[:, used])
