"""What is measured of each attribute before anything is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tanaoroshi.records.attributes import Attribute, Attributes, Floats, Ints, Kind
from tanaoroshi.shelves.chance import Chance, measure_chance
from tanaoroshi.shelves.probes import Probed, probe
from tanaoroshi.shelves.skills import Skills, weigh
from tanaoroshi.shelves.targets import Target
from tanaoroshi.stats.multiple_tests import max_statistic_p
from tanaoroshi.stats.resample import draw_groups, group_folds

if TYPE_CHECKING:
    from tanaoroshi.shelves.settings import ShelfSettings

Progress = Callable[[int, int, str], None] | None


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Attributes that are known for the same rows, and these rows.

    Attributes
    ----------
    targets
        k of them.
    kinds
        k kinds.
    rows
        int64 (n,).
    values
        float64 (n, k).
    group
        int64 (n,) or ``None``.
    """

    targets: list[Target]
    kinds: list[Kind]
    rows: Ints
    values: Floats
    group: Ints | None

    @classmethod
    def of(cls, targets: list[Target], attributes: Attributes) -> Sample:
        """Take all rows where the first of these targets is known."""
        rows = np.flatnonzero(np.isfinite(targets[0].values))
        return cls(
            targets,
            [attributes.specs[t.column].kind for t in targets],
            rows,
            np.column_stack([t.values[rows] for t in targets]),
            None if attributes.group is None else attributes.group[rows],
        )

    def draw(self, settings: ShelfSettings, rng: np.random.Generator) -> Sample:
        """Draw whole groups until ``max_rows`` is reached, but no fewer than ``min_groups``."""
        drawn = draw_groups(
            len(self.rows), self.group, settings.max_rows, fewest=settings.min_groups, rng=rng
        )
        group = None if self.group is None else self.group[drawn]
        return Sample(self.targets, self.kinds, self.rows[drawn], self.values[drawn], group)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What was measured of attributes that are known for the same rows.

    Attributes
    ----------
    sample, chance
        All these rows, and association on them.
    part, fold, probed
        The rows that were used for prediction, their folds int64 (n,), and prediction of those
        attributes that were asked for, by their place in the sample.
    """

    sample: Sample
    chance: Chance
    part: Sample
    fold: Ints
    probed: dict[int, Probed]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """An attribute and the adjusted p-values of its associations, float64 (d + 2,)."""

    spec: Attribute
    target: Target
    p: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Case(Asked):
    """Everything about one attribute that the judgement looks at."""

    block: Block
    index: int
    skills: Skills

    @property
    def dimension(self) -> int:
        """The dimension that tells most."""
        return int(np.argmax([e.value for e in self.skills.each]))

    @property
    def probed(self) -> Probed:
        """Its held-out errors."""
        return self.block.probed[self.index]


def measure_cases(
    codes: Floats,
    attributes: Attributes,
    targets: list[Target],
    *,
    settings: ShelfSettings,
    rng: np.random.Generator,
    progress: Progress,
    only: frozenset[int] | None = None,
) -> tuple[dict[int, Case], dict[int, Asked]]:
    """Measure all that the judgement needs, by column of the table.

    Parameters
    ----------
    codes
        float64 (n, d).
    attributes
        The table.
    targets
        Those attributes that can be judged.
    settings, rng, progress
        See :func:`~tanaoroshi.shelves.judge.find_shelves`.
    only
        Columns to predict; ``None``: all. Association is always asked of all, since the p-values
        are adjusted together.

    Returns
    -------
    Those that were to be predicted, and all.
    """
    masks: dict[bytes, list[Target]] = {}
    for target in targets:
        masks.setdefault(np.isfinite(target.values).tobytes(), []).append(target)
    tick = _Ticker(progress, len(masks) * settings.permutations + len(targets))
    samples = [Sample.of(members, attributes) for members in masks.values()]
    chances = [
        measure_chance(
            codes[s.rows], s.values, s.kinds, s.group, settings=settings, rng=rng, tick=tick
        )
        for s in samples
    ]
    found: dict[int, Case] = {}
    asked: dict[int, Asked] = {}
    column = 0
    p = _adjusted(chances)
    for sample, chance in zip(samples, chances, strict=True):
        here = p[:, column : column + len(sample.targets)]
        column += len(sample.targets)
        wanted = [a for a, t in enumerate(sample.targets) if only is None or t.column in only]
        for index, target in enumerate(sample.targets):
            asked[target.column] = Asked(attributes.specs[target.column], target, here[:, index])
        if not wanted:
            continue
        part = sample.draw(settings, rng)
        fold = group_folds(len(part.rows), part.group, settings.folds, rng=rng)
        deep = here.min(axis=0) <= settings.false_shelves
        probed = probe(
            codes[part.rows],
            part.values[:, wanted],
            [part.kinds[a] for a in wanted],
            fold,
            deep[wanted].tolist(),
            settings=settings,
            rng=rng,
            tick=tick,
        )
        block = Block(sample, chance, part, fold, dict(zip(wanted, probed, strict=True)))
        for index in wanted:
            target = sample.targets[index]
            skills = weigh(block.probed[index], part.group, settings)
            spec = attributes.specs[target.column]
            found[target.column] = Case(spec, target, here[:, index], block, index, skills)
    return found, asked


class _Ticker:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total, "shelves")


def _adjusted(chances: list[Chance]) -> Floats:
    """Adjust all p-values together, (d + 2, k)."""
    if not chances:
        return np.empty((0, 0))
    observed = np.concatenate([c.statistics for c in chances], axis=1)
    null = np.concatenate([c.null_statistics for c in chances], axis=2)
    return max_statistic_p(observed, null, scale=True)
