"""What is measured of each attribute before anything is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.records.attributes import Attribute, Attributes, Floats, Ints
from tanaoroshi.shelves.chance import Chance, measure_chance
from tanaoroshi.shelves.probes import Probed, probe
from tanaoroshi.shelves.skills import Skills, weigh
from tanaoroshi.shelves.targets import Target
from tanaoroshi.stats.multiple_tests import max_statistic_p
from tanaoroshi.stats.resample import group_folds, group_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.shelves.settings import ShelfSettings


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Attributes that are known for the same rows, and what was measured of them.

    Attributes
    ----------
    targets
        k of them.
    known
        int64 (m,): all rows where they are known.
    chance
        On those rows.
    rows
        int64 (n,): the rows that were used for prediction.
    fold
        int64 (n,).
    probed
        k of them.
    """

    targets: list[Target]
    known: Ints
    chance: Chance
    rows: Ints
    fold: Ints
    probed: list[Probed]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Everything about one attribute that the judgement looks at; p is float64 (d + 2,)."""

    spec: Attribute
    target: Target
    block: Block
    index: int
    skills: Skills
    p: Floats

    @property
    def dimension(self) -> int:
        """The dimension that tells most."""
        return int(np.argmax([e.value for e in self.skills.each]))

    @property
    def probed(self) -> Probed:
        """Its held-out errors."""
        return self.block.probed[self.index]


def measure_block(
    codes: Floats,
    attributes: Attributes,
    members: list[Target],
    settings: ShelfSettings,
    rng: np.random.Generator,
    tick: Callable[[], None],
) -> Block:
    """Measure all that is needed of attributes that are known for the same rows."""
    known = np.flatnonzero(np.isfinite(members[0].values))
    values = np.column_stack([t.values for t in members])
    kinds = [attributes.specs[t.column].kind for t in members]
    group = attributes.group
    chance = measure_chance(
        codes[known],
        values[known],
        kinds,
        None if group is None else group[known],
        settings=settings,
        rng=rng,
        tick=tick,
    )
    rows = known[_sample(len(known), None if group is None else group[known], settings, rng)]
    inside = None if group is None else group[rows]
    fold = group_folds(len(rows), inside, settings.folds, rng=rng)
    probed = probe(codes[rows], values[rows], kinds, fold, settings=settings, rng=rng, tick=tick)
    return Block(members, known, chance, rows, fold, probed)


def _sample(n: int, group: Ints | None, settings: ShelfSettings, rng: np.random.Generator) -> Ints:
    """Draw whole groups until ``max_rows`` is reached, but no fewer than ``min_groups``."""
    if n <= settings.max_rows:
        return np.arange(n)
    index = group_index(n, group)
    place = rng.permutation(int(index.max()) + 1)
    order = np.lexsort((np.arange(n), place[index]))
    last = place[index[order[settings.max_rows]]]
    return np.flatnonzero(place[index] < max(last, settings.min_groups))


def adjust_cases(
    blocks: list[Block], attributes: Attributes, settings: ShelfSettings
) -> dict[int, Case]:
    """Adjust all p-values together, and weigh each attribute's probes."""
    if not blocks:
        return {}
    observed = np.concatenate([b.chance.statistics for b in blocks], axis=1)
    null = np.concatenate([b.chance.null_statistics for b in blocks], axis=2)
    p = max_statistic_p(observed, null, scale=True)
    found, column = {}, 0
    for block in blocks:
        group = None if attributes.group is None else attributes.group[block.rows]
        for index, target in enumerate(block.targets):
            skills = weigh(block.probed[index], group, settings)
            spec = attributes.specs[target.column]
            found[target.column] = Case(spec, target, block, index, skills, p[:, column])
            column += 1
    return found
